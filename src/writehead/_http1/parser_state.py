"""The data of one read in a parser: how far it is parsed, and the limits on what is incomplete."""

from __future__ import annotations

from writehead._http1 import limits, strictness
from writehead._http1.parse_events import ParsedHead
from writehead.errors import ParseError

# The position in a chunked body: which part of a chunk was parsed last.
NO_CHUNK, CHUNK_BEGUN, CHUNK_ENDED = range(3)


class Stopped(Exception):
    """Raised in a callback to stop llhttp when this package refuses a head."""


class ParserState:
    """The state of a parser while it parses the data of one read, and its limits."""

    __slots__ = (
        "_at",
        "_before",
        "_began",
        "_body_left",
        "_check_at",
        "_chunk",
        "_clean",
        "_counting",
        "_data",
        "_fields",
        "_first",
        "_found",
        "_idle",
        "_mark",
        "_max_count",
        "_max_items",
        "_max_size",
        "_message",
        "_raw",
        "_stripped",
        "_threshold",
        "_urls",
        "error",
    )

    def __init__(self, max_header_size: int, max_headers_count: int) -> None:
        #: Why the bytes were refused; then nothing more may be fed.
        self.error: ParseError | None = None
        self._max_size = max_header_size
        self._max_count = max_headers_count if max_headers_count > 0 else 1 << 62
        self._max_items = 2 * self._max_count
        self._threshold = min(max_header_size, limits.EXTENSIONS_LIMIT)
        # The request that is being parsed:
        self._found: list[object] = []
        self._urls: list[bytes] = []
        self._fields: list[bytes] = []  # of the head, then of the trailers
        self._stripped = 0  # bytes of white space removed from the values in `_fields`
        self._idle = [True]  # empty inside a request
        self._message: ParsedHead | None = None
        self._body_left: float | None = None  # None: not known, or chunked
        self._chunk = NO_CHUNK
        self._mark = 0  # the length of `_found` after the last event that was not a piece of body
        # The data, and how far it is parsed:
        self._data = b""
        self._before = b""  # raw bytes of the same head, or the same chunk line, before the data
        self._clean = True  # `_before`, or else the data, starts with the head that is being parsed
        self._first: object = None  # the first item found in the data, once it was taken
        # Where the data began inside a request: in a body?, `_chunk`, `_body_left`, behind a CR?
        self._began: tuple[bool, int, float | None, bool] | None = None
        self._at = 0
        # For the limits:
        self._counting = False  # the data is large enough to exceed one
        self._raw = bytearray()  # at most the raw bytes to which no limit was applied yet
        self._check_at = self._threshold  # the length of `_raw` at which it may exceed one

    def _measure(self, piece: bytes, line: bytes) -> None:
        """Keep what of `piece`, fed inside a request, is incomplete, and apply the limits to it."""
        if len(line) > limits.EXTENSIONS_LIMIT and len(line) >= self._check_at:
            self._check_line(line, len(line) - len(piece))
        if self._message is None:
            if self._found and not self._raw:  # it begins in this piece, behind another message
                body = self._found[-2] if len(self._found) > 1 else None
                piece = limits.head_behind(piece, body, self._began[2] if self._began else None)
            self._raw += piece
            self._check_partial()
        elif len(self._found) > self._mark:  # body
            if self._chunk == NO_CHUNK:
                self._count_down()
            self._mark = len(self._found)
            self._forget_raw()
        elif self._chunk == CHUNK_BEGUN:  # the piece ends with the chunk line, or in trailers
            self._raw += piece
            self._check_partial()
        else:
            cut = piece.rfind(b"\n") + 1
            if cut:
                self._forget_raw()
            self._raw += piece[cut:]

    def _in_line(self) -> bool:
        """Return whether the next byte is expected to be part of a chunk line."""
        return self._message is not None and self._chunk != CHUNK_BEGUN and self._body_left is None

    def _count_down(self) -> None:
        assert self._message is not None
        if self._body_left is None:
            length = strictness.body_length(self._message.fields)
            self._body_left = strictness.UNTIL_CLOSE if length is None else length
        for piece in self._found[self._mark :]:
            assert isinstance(piece, bytes)
            self._body_left -= len(piece)

    def _forget_raw(self) -> None:
        self._raw.clear()
        self._check_at = self._threshold

    def _check_fields(self, target: int) -> None:
        """Refuse a complete head, or trailers, if over a limit."""
        fields = self._fields
        size = target + sum(map(len, fields)) + self._stripped
        if size >= self._max_size or len(fields) > self._max_items:
            self.error = self._header_overflow()
            raise Stopped

    def _check_partial(self) -> None:
        """Refuse an incomplete head, or trailers, if over a limit."""
        length = len(self._raw)
        fields = self._fields
        if length < self._check_at and len(fields) < self._max_items:
            return
        size, named = self._size(self._raw)
        if (
            size >= self._max_size
            or len(fields) // 2 + named > self._max_count
            or length >= limits.SLACK * self._max_size
        ):
            self.error = self._header_overflow()
        self._check_at = length + self._max_size - size

    def _size(self, raw: bytes | bytearray) -> tuple[int, bool]:
        """Return the size of the head or trailers at the end of `raw`, and whether its last name is complete."""
        in_head = self._message is None
        target = sum(map(len, self._urls))
        last, named = limits.last_field(raw) if target or not in_head else (0, False)
        if in_head and not (last or self._fields):  # in the request line, or right behind it
            target = max(target, limits.target_length(raw))
        return target + sum(map(len, self._fields)) + self._stripped + last, named

    def _check_line(self, line: bytes, before: int) -> None:
        """Refuse a chunk line, complete or not, whose extensions are over the limit."""
        size, over = limits.extensions_size(line)
        if over < 0 and len(line) >= limits.SLACK * limits.EXTENSIONS_LIMIT:
            over = len(line)
        if over >= 0:
            offset = min(self._at + over - before, len(self._data))
            self.error = limits.extensions_overflow(offset, self._data)
        self._check_at = len(line) + limits.EXTENSIONS_LIMIT + 1 - size

    def _header_overflow(self) -> ParseError:
        data = self._data
        offset = len(data)
        if self._clean:
            raw = self._before + data
            offset = limits.head_offset(raw, self._max_size, self._max_count) - len(self._before)
        return limits.header_overflow(offset, data)

    def _what_came_before(self) -> bytes:
        """Return bytes that bring a new parser into the state in which the data began."""
        if self._began is None:
            return b""
        in_body, chunk, left, behind_cr = self._began
        if not in_body:
            return self._before
        if chunk == CHUNK_BEGUN and left is None and not self._before:
            first = self._first or (self._found[0] if self._found else None)
            return strictness.inside_chunk(first, self._data, behind_cr)
        return strictness.inside_body(left, chunk == CHUNK_BEGUN, self._before)
