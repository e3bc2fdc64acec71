"""The parser of requests: bytes in; requests, pieces of body and ends out. Only this module imports httptools.

It parses what `scan_head` (`_native/heads.py`) leaves to it, from the first byte of a request on.

Invariant: inside a callback of httptools no code of the program runs; it runs after `feed` has returned.
"""

from __future__ import annotations

from types import SimpleNamespace

from httptools import (
    HttpParserCallbackError,
    HttpParserError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from writehead._http1 import limits, strictness
from writehead._http1.llhttp_errors import error_of, fault_in
from writehead._http1.parse_events import END, End, ParsedHead, without_seams
from writehead._http1.parser_state import CHUNK_BEGUN, CHUNK_ENDED, NO_CHUNK, ParserState, Stopped
from writehead._semantics.exchange import RequestHead
from writehead.errors import ParseError

__all__ = ["END", "End", "ParsedHead", "RequestParser"]

# With a number `in` is 13 times as fast as with bytes.
_HASH = ord("#")
_SLASH = ord("/")

# llhttp knows a few dozen; each is decoded once.
_methods: dict[bytes, str] = {}

#: Parsing of large data stops when so many items were found, so that other connections are served.
MOST_FOUND = 128


class RequestParser(ParserState):
    """Parses the requests of one connection.

    Between two requests it holds nothing of the connection, unless it is `closed`, and may
    serve another. `max_header_size` is in bytes, `max_headers_count` in fields (0: any
    number).
    """

    __slots__ = (
        "_failure",
        "_inside",
        "_lines",
        "_llhttp",
        "_replaying",
        "_seam",
        "_skipped",
        "_tabbed",
        "closed",
        "head_complete",
        "lenient",
        "mid_message",
        "more",
        "poolable",
        "rest",
        "upgrade",
    )

    def __init__(self, max_header_size: int, max_headers_count: int, lenient: bool) -> None:
        super().__init__(max_header_size, max_headers_count)
        #: A request for an upgrade or CONNECT that was neither accepted nor declined yet.
        self.upgrade: ParsedHead | None = None
        #: The bytes behind its head, unparsed.
        self.rest = b""
        #: Part of the data that was fed last waits for `feed_more`.
        self.more = False
        #: The last request said `Connection: close`, or the parser has failed.
        self.closed = False
        #: The first byte of a request has come, but not its last; empty lines do not count.
        self.mid_message = False
        #: The whole head of the current request has come.
        self.head_complete = False
        #: Holds nothing of this connection, and may serve another.
        self.poolable = True
        self.lenient = lenient
        self._tabbed = False  # a tab follows the transfer coding of the current request
        self._skipped = False  # llhttp was not fed all of the current body
        self._inside = False  # llhttp was fed the current head
        self._replaying = False
        self._failure: BaseException | None = None
        self._seam = 0  # the index in `_found` of a piece of body that may continue the one before; 0: none
        self._lines: strictness.RequestLines | None = None  # of the data, once they are needed
        self._llhttp = self._make_llhttp()

    def feed(self, data: bytes) -> list[object]:
        """Parse `data` and return what it held: heads, the body in pieces, an `End` after each.

        Stops at a request for an upgrade or CONNECT (it is in `upgrade`, not in the list), and where
        the bytes are refused (`error`); then nothing more may be fed. Stops also when much was
        found in large data (`more`); then `feed_more` must be called next.
        """
        if self.take_body(len(data)):
            return [data]
        if self._skipped:
            assert self._body_left is not None
            return self._end_body(data, int(self._body_left))
        return self._feed_any(data)

    def begin_body(self, head: RequestHead, length: int, left: int) -> None:
        """Begin inside a body of `length` bytes, of which `left` are to come: `scan_head` has read its head."""
        fields = [b"content-length", b"%d" % length]
        self._message = ParsedHead(head.method, head.target, "1.1", fields, head.keep_alive)
        self._idle.clear()
        self._body_left = left
        self._skipped = True
        self._inside = self._clean = self.poolable = False
        self.mid_message = self.head_complete = True

    def feed_more(self) -> list[object]:
        """Continue where `feed` stopped."""
        return self._feed_read()

    def take_body(self, size: int) -> bool:
        """Return whether the next `size` bytes are body and do not end it; then they need not be fed.

        A body with Content-Length needs no parsing, and llhttp would copy it.
        """
        left = self._body_left
        if (
            left
            and size < left
            and self._chunk == NO_CHUNK
            and left != strictness.UNTIL_CLOSE
            and not self.closed
        ):
            self._body_left = left - size
            self._skipped = True
            return True
        return False

    def _end_body(self, data: bytes, left: int) -> list[object]:
        """End a body of which llhttp was not fed all."""
        self._skipped = False
        if self._inside:
            self._llhttp = self._make_llhttp()  # httptools cannot reset one
        self._found.append(data if len(data) == left else data[:left])
        self._on_message_complete()
        found = self.take_found()
        self._forget_raw()
        if len(data) > left:
            found += self._feed_any(data[left:])
        return found

    def take_found(self) -> list[object]:
        """Return what was found, also after `feed` has raised."""
        found = self._found[:]
        self._found.clear()
        self._take_state()
        if self.more:
            if self._first is None:
                self._first = found[0]
            if self._seam:  # the next piece of body continues this one, so it is kept back
                self._found.append(found.pop())
                self._mark = self._seam = 1
        return found

    def abandon(self) -> None:
        """Make it unusable, and break the reference cycle between httptools' parser and this one."""
        self.closed = True
        self.poolable = False
        del self._llhttp

    def end_of_input(self) -> ParseError | End | None:
        """Handle the client's FIN: return an error inside a request, None between two.

        END if the FIN ends the current body, which is possible with leniency only.
        """
        if not self.mid_message or self.error is not None:
            return None
        self.closed = True
        self.mid_message = False
        if self.lenient and self.head_complete and self._chunk == NO_CHUNK:
            assert self._message is not None
            if self._tabbed or strictness.body_length(self._message.fields) == strictness.UNTIL_CLOSE:
                self.head_complete = False
                return END
        self.error = ParseError("HPE_INVALID_EOF_STATE", "Invalid EOF state", 0)
        return self.error

    def decline_upgrade(self) -> list[object]:
        """Treat `upgrade` as an ordinary request, and parse what follows its head.

        Returns what `rest` holds, as `feed` does: its body, `END`, and all that follows.
        """
        head = self.upgrade
        assert head is not None
        self.upgrade = None
        rest, self.rest = self.rest, b""
        if strictness.body_length(head.fields) == 0:
            self._on_message_complete()
        else:
            # httptools has skipped the body and cannot go back: a new parser gets a head with the same framing.
            self._replay(head)
        found = self.take_found()
        if rest and self.error is None:
            found += self._feed_any(rest)
        return found

    def _feed_any(self, data: bytes) -> list[object]:
        if self.closed:
            return self._feed_closed(data)
        behind_cr = self._data.endswith(b"\r")
        self._data = data
        self._at = 0
        self._lines = None
        if self.mid_message:
            self._before = bytes(self._raw)
            self._clean = not self.head_complete
            if self._message is not None and self._body_left is None and self._chunk == NO_CHUNK:
                self._body_left = strictness.body_length(self._message.fields)
            self._began = (self.head_complete, self._chunk, self._body_left, behind_cr)
        else:
            self._before = b""
            self._began = None
            self._clean = True
        self._first = None
        self._seam = 0
        self._counting = len(self._raw) + len(data) >= self._threshold
        return self._feed_read()

    def _feed_read(self) -> list[object]:
        if self._counting:
            self._feed_in_pieces(self._data)
        else:
            self._feed_piece(self._data)
        if self._failure is not None:
            self._close()
            raise self._failure
        return self.take_found()

    def _close(self) -> None:
        self.closed = True
        self.poolable = False

    def _take_state(self) -> None:
        self._mark = 0
        self.mid_message = not self._idle
        self.head_complete = self.mid_message and self._message is not None
        self.closed = self.closed or self.error is not None
        self.poolable = not (self.mid_message or self.closed or self.more)
        if self.poolable:  # or the last data would be kept in memory until the next
            self._data, self._before, self._lines = b"", b"", None

    def _feed_closed(self, data: bytes) -> list[object]:
        junk = data.lstrip(b"\r\n")
        if junk and self.error is None:
            self.error = error_of("Data after `Connection: close`", data, fault=len(data) - len(junk))
        return []

    def _feed_piece(self, piece: bytes) -> bool:
        """Feed llhttp, apply the limits, and return whether more may be fed."""
        line = bytes(self._raw + piece) if self._counting and self._in_line() else b""
        try:
            self._llhttp.feed_data(piece)
        except HttpParserUpgrade as stop:
            self._on_upgrade(self._data[self._at + stop.args[0] :])
        except HttpParserCallbackError as stop:
            if self.error is None and self._failure is None:  # an interrupt, say
                self._failure = stop.__context__
        except HttpParserError as refused:
            self._on_refused(str(refused))
        else:
            if not self._idle:
                self._measure(piece, line)
        return self.error is None and self._failure is None and self.upgrade is None

    def _feed_in_pieces(self, data: bytes) -> None:
        """Feed `data` in pieces so small that no chunk line escapes its limit, and stop when much was found."""
        found = self._found
        seams: list[int] = []
        self.more = False
        while self._at < len(data) and not self._take_rest(data):
            if len(found) >= MOST_FOUND:
                self.more = True
                break
            end = self._at + self._piece_length(data)
            going = self._feed_piece(data[self._at : end])
            if 0 < self._seam < len(found) and type(found[self._seam]) is bytes:
                seams.append(self._seam)
            if not going:
                break
            self._at = end
            # At the end of a chunk, and of a chunk line, no piece of body is split.
            inside = bool(found) and type(found[-1]) is bytes and self._chunk != CHUNK_ENDED and not self._raw
            self._seam = len(found) if inside else 0
        if seams:
            found[:] = without_seams(found, set(seams))
        if self._seam:
            self._seam = len(found)

    def _take_rest(self, data: bytes) -> bool:
        """Take the rest of the data, if it follows a head and is body that does not end in it."""
        message = self._message
        if message is None or self._found[-1:] != [message]:
            return False
        length = strictness.body_length(message.fields)
        if length is None or length == strictness.UNTIL_CLOSE:
            return False
        self._body_left = length  # if it ends in this data, the next piece ends there
        if not self.take_body(len(data) - self._at):
            return False
        self._found.append(data[self._at :])
        self._mark = len(self._found)
        return True

    def _piece_length(self, data: bytes) -> int:
        if self._body_left:
            return int(min(self._body_left, len(data) - self._at))
        if self._idle and data[self._at] in b"\r\n":  # a run of empty lines is one piece
            run = data[self._at : self._at + limits.EXTENSIONS_LIMIT]
            return len(run) - len(run.lstrip(b"\r\n"))
        if self._message is None:
            end = data.find(b"\r\n\r\n", self._at, self._at + limits.EXTENSIONS_LIMIT)
            if end >= 0:
                return end + 4 - self._at
        if self._raw and self._in_line():
            end = data.find(b"\n", self._at, self._at + limits.EXTENSIONS_LIMIT)
            if end >= 0:
                return end + 1 - self._at
        return limits.EXTENSIONS_LIMIT

    def _make_llhttp(self) -> HttpRequestParser:
        events = SimpleNamespace(
            on_message_begin=self._idle.clear,
            on_url=self._urls.append,
            on_header=self._on_header,
            on_headers_complete=self._on_headers_complete,
            on_body=self._found.append,
            on_chunk_header=self._on_chunk_header,
            on_chunk_complete=self._on_chunk_complete,
            on_message_complete=self._on_message_complete,
        )
        return _llhttp(events, self.lenient)

    # Callbacks of httptools. They raise only `Stopped`, after setting `error` or `_failure`.

    def _on_header(self, name: bytes, value: bytes) -> None:
        fields = self._fields
        fields.append(name)
        bare = value.rstrip(b" \t")
        fields.append(bare)
        if bare is not value:
            self._stripped += len(value) - len(bare)
            if self.lenient and b"\t" in value[len(bare) :] and name.lower() == b"transfer-encoding":
                self._tabbed = True  # llhttp does not strip the tab, so the coding is not "chunked" to it

    def _on_headers_complete(self) -> None:
        if self._replaying:
            return
        llhttp = self._llhttp
        urls = self._urls
        target = urls[0] if len(urls) == 1 else b"".join(urls)
        method = llhttp.get_method()
        version = llhttp.get_http_version()
        fields = self._fields
        if self._counting or len(fields) > self._max_items:
            self._check_fields(len(target))
        if not self.lenient and (version != "1.1" or _HASH in target or target[0] != _SLASH):
            self._check_syntax(method, target, version)
        name = _methods.get(method) or _methods.setdefault(method, method.decode("ascii"))
        head = ParsedHead(name, target, version, fields, llhttp.should_keep_alive())
        self._message = head
        self._inside = True
        self._clean = False
        self._fields = []
        urls.clear()
        self._stripped = 0
        self._found.append(head)
        self._mark = len(self._found)
        if self._raw:
            self._forget_raw()

    def _on_chunk_header(self) -> None:
        self._chunk = CHUNK_BEGUN
        self._mark = len(self._found)
        if self._raw:
            self._forget_raw()

    def _on_chunk_complete(self) -> None:
        self._chunk = CHUNK_ENDED
        if self._seam == len(self._found):
            self._seam = 0  # the data was split exactly at its end
        self._mark = len(self._found)
        if self._raw:
            self._forget_raw()
        if self._fields and (self._counting or len(self._fields) > self._max_items):
            self._check_fields(0)

    def _on_message_complete(self) -> None:
        head = self._message
        assert head is not None
        stays = head.keep_alive
        end = END
        if self._fields:
            end = End(self._fields)
            self._fields = []
            self._stripped = 0
            stays = stays and self._llhttp.should_keep_alive()  # a trailer may say `Connection: close`
        self._found.append(end)
        self._message = None
        self._idle.append(True)
        self._chunk = NO_CHUNK
        self._body_left = None
        if not self.lenient and not stays:
            self.closed = True

    # Refusals.

    def _check_syntax(self, method: bytes, target: bytes, version: str) -> None:
        refused = None
        if version != "1.1":
            if self._lines is None:
                self._lines = strictness.RequestLines(self._before + self._data)
            refused = strictness.refusal(method, target, version, self._fields, self._lines)
        if refused is None:
            refused = strictness.refusal_of_target(target)
        if refused is not None:
            at = max(self._data.find(target), 0)
            self.error = ParseError(refused.code, refused.reason, at, self._data)
            self.error.status = refused.status
            raise Stopped

    def _on_refused(self, reason: str) -> None:
        before = self._what_came_before()
        fault = fault_in(
            self._data, before, lambda: _llhttp(SimpleNamespace(), self.lenient), HttpParserError
        )
        raw = self._before + self._data[:fault]
        name = limits.name_begun(raw, len(self._before) + self._at)
        size, named = self._size(raw.removesuffix(name))
        size += len(name)
        count = len(self._fields) // 2 + named
        if size >= self._max_size or count > self._max_count:  # exceeded before the fault
            self.error = self._header_overflow()
        else:
            self.error = error_of(reason, self._data, before, fault)

    # Upgrades.

    def _on_upgrade(self, rest: bytes) -> None:
        # httptools takes the request to be complete, and skips its body.
        self._found.pop()
        head = self._found.pop()
        assert type(head) is ParsedHead
        self.upgrade = self._message = head
        head.upgrade = True
        self.rest = rest
        self.closed = False
        self._idle.clear()

    def _replay(self, head: ParsedHead) -> None:
        """Bring a new llhttp to the end of a head with the framing of `head`, but no upgrade."""
        self._llhttp = self._make_llhttp()
        self._replaying = True
        try:
            self._llhttp.feed_data(strictness.replayed_head(head.version, head.fields, head.keep_alive))
        except HttpParserError as refused:  # e.g. a Transfer-Encoding that does not end in chunked
            self.error = error_of(str(refused), self._data)
            self.closed = True
        self._replaying = False
        self._fields = []
        self._stripped = 0
        self._urls.clear()


def _llhttp(events: SimpleNamespace, lenient: bool) -> HttpRequestParser:
    parser = HttpRequestParser(events)
    if lenient:
        parser.set_dangerous_leniencies(*[True] * 10)
    return parser
