"""The packet that a parser has at hand: what of it waits for its end, and the limits on that."""

from __future__ import annotations

from writehead._http1 import limits, strictness
from writehead._http1.parse_events import RequestHead
from writehead.errors import ParseError

# Of a chunked body, what last came to its end.
NO_CHUNK, CHUNK_BEGUN, CHUNK_ENDED = range(3)


class Stopped(Exception):
    """Leaves a callback, and with it llhttp, when a head is refused by us."""


class Packet:
    """What a parser knows of the packet under way, and measures."""

    __slots__ = (
        "_at",
        "_before",
        "_began",
        "_body_left",
        "_check_at",
        "_chunk",
        "_clean",
        "_counting",
        "_fields",
        "_first",
        "_found",
        "_idle",
        "_mark",
        "_max_count",
        "_max_items",
        "_max_size",
        "_message",
        "_packet",
        "_raw",
        "_stripped",
        "_threshold",
        "_urls",
        "error",
    )

    def __init__(self, max_header_size: int, max_headers_count: int) -> None:
        #: Why the bytes were refused. Nothing may be fed any more.
        self.error: ParseError | None = None
        self._max_size = max_header_size
        self._max_count = max_headers_count if max_headers_count > 0 else 1 << 62
        self._max_items = 2 * self._max_count
        self._threshold = min(max_header_size, limits.EXTENSIONS_LIMIT)
        # Under way:
        self._found: list[object] = []
        self._urls: list[bytes] = []
        self._fields: list[bytes] = []  # of the head, then of the trailers
        self._stripped = 0  # bytes of white space taken off the values in `_fields`
        self._idle = [True]  # empty inside a request
        self._message: RequestHead | None = None
        self._body_left: float | None = None  # None: not known, or chunked
        self._chunk = NO_CHUNK
        self._mark = 0  # how much had been found at the last event that was not a piece of body
        # The packet, and how far it is parsed:
        self._packet = b""
        self._before = b""  # raw bytes of the same head, or the same chunk line, before the packet
        self._clean = True  # these, or else the packet, begin with the head that is under way
        self._first: object = None  # that was found in it, once that has been taken
        # Inside what it began: in a body, behind what of a chunk, how much is left, behind a CR.
        self._began: tuple[bool, int, float | None, bool] | None = None
        self._at = 0
        # For the limits:
        self._counting = False  # the packet is large enough to pass one
        self._raw = bytearray()  # what no limit has been applied to, at the most
        self._check_at = self._threshold  # how long it must be to pass one

    def _measure(self, piece: bytes, line: bytes) -> None:
        """Note what of `piece`, fed inside a request, waits for its end; apply the limits to that."""
        if len(line) > limits.EXTENSIONS_LIMIT and len(line) >= self._check_at:
            self._check_line(line, len(line) - len(piece))
        if self._message is None:
            if self._found and not self._raw:  # it begins in this piece, behind the end of another
                body = self._found[-2] if len(self._found) > 1 else None
                piece = limits.head_behind(piece, body, self._began[2] if self._began else None)
            self._raw += piece
            self._check_partial()
        elif len(self._found) > self._mark:  # body
            if self._chunk == NO_CHUNK:
                self._count_down()
            self._mark = len(self._found)
            self._forget_raw()
        elif self._chunk == CHUNK_BEGUN:  # the chunk line ends the piece, or trailers do
            self._raw += piece
            self._check_partial()
        else:
            cut = piece.rfind(b"\n") + 1
            if cut:
                self._forget_raw()
            self._raw += piece[cut:]

    def _in_line(self) -> bool:
        """Tell whether a chunk line is what comes next, or is coming."""
        return self._message is not None and self._chunk != CHUNK_BEGUN and self._body_left is None

    def _count_down(self) -> None:
        assert self._message is not None
        if self._body_left is None:
            length = strictness.body_length(self._message._raw_fields)
            self._body_left = strictness.UNTIL_CLOSE if length is None else length
        for piece in self._found[self._mark :]:
            assert isinstance(piece, bytes)
            self._body_left -= len(piece)

    def _forget_raw(self) -> None:
        self._raw.clear()
        self._check_at = self._threshold

    def _check_fields(self, target: int) -> None:
        """Refuse a complete head, or trailers, over a limit."""
        fields = self._fields
        size = target + sum(map(len, fields)) + self._stripped
        if size >= self._max_size or len(fields) > self._max_items:
            self.error = self._header_overflow()
            raise Stopped

    def _check_partial(self) -> None:
        """Refuse what has come of a head, or of trailers, if it is over a limit."""
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
        """Measure the head or trailers that `raw` ends in; say whether a last field's name is known."""
        in_head = self._message is None
        target = sum(map(len, self._urls))
        last, named = limits.last_field(raw) if target or not in_head else (0, False)
        if in_head and not (last or self._fields):  # in the request line, or just behind it
            target = max(target, limits.target_length(raw))
        return target + sum(map(len, self._fields)) + self._stripped + last, named

    def _check_line(self, line: bytes, before: int) -> None:
        """Refuse a chunk line, complete or not, with too much in its extensions."""
        size, over = limits.extensions_size(line)
        if over < 0 and len(line) >= limits.SLACK * limits.EXTENSIONS_LIMIT:
            over = len(line)
        if over >= 0:
            offset = min(self._at + over - before, len(self._packet))
            self.error = limits.extensions_overflow(offset, self._packet)
        self._check_at = len(line) + limits.EXTENSIONS_LIMIT + 1 - size

    def _header_overflow(self) -> ParseError:
        packet = self._packet
        offset = len(packet)
        if self._clean:
            raw = self._before + packet
            offset = limits.head_offset(raw, self._max_size, self._max_count) - len(self._before)
        return limits.header_overflow(offset, packet)

    def _what_came_before(self) -> bytes:
        """Return bytes that bring a new parser to where the packet began."""
        if self._began is None:
            return b""
        in_body, chunk, left, behind_cr = self._began
        if not in_body:
            return self._before
        if chunk == CHUNK_BEGUN and left is None and not self._before:
            first = self._first or (self._found[0] if self._found else None)
            return strictness.inside_chunk(first, self._packet, behind_cr)
        return strictness.inside_body(left, chunk == CHUNK_BEGUN, self._before)
