"""Bytes in; requests, pieces of body and ends out. Alone imports httptools.

Law: what users can override (the message's constructor) never fails inside a callback
of httptools, and nothing else of theirs runs before `feed` has returned its list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from writehead._http1 import reasons
from writehead.errors import ParseError


class RequestHead(Protocol):
    """What the parser writes into a message when its head, or its trailers, are complete."""

    _method: str
    _target: bytes
    _http_version: str
    _raw_fields: list[bytes]
    _raw_trailers: list[bytes]
    _should_keep_alive: bool
    _upgrade: bool


class End:
    """The type of `END`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "END"


END: Final = End()


class RequestParser:
    """One connection's parser."""

    def __init__(
        self,
        make_message: Callable[[], RequestHead],
        max_header_size: int,
        max_headers_count: int,
        lenient: bool,
    ) -> None:
        self._make_message = make_message
        self.lenient = lenient
        self.error: ParseError | None = None
        self.rest = b""
        self.closed = False
        self.head_complete = False
        self._found: list[object] = []
        self._urls: list[bytes] = []
        self._fields: list[bytes] = []
        self._boundary: list[bool] = [True]
        self._message: RequestHead | None = None
        self._failure: BaseException | None = None
        self.on_url = self._urls.append
        self.on_body = self._found.append
        self.on_message_begin = self._boundary.clear
        self._make_llhttp()

    def _make_llhttp(self) -> None:
        self._llhttp = HttpRequestParser(self)
        if self.lenient:
            self._llhttp.set_dangerous_leniencies(*[True] * 10)

    def on_header(self, name: bytes, value: bytes) -> None:
        fields = self._fields
        fields.append(name)
        fields.append(value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        try:
            message = self._make_message()
        except BaseException as error:
            self._failure = error
            raise
        llhttp = self._llhttp
        message._method = llhttp.get_method().decode()
        message._target = b"".join(self._urls)
        message._http_version = llhttp.get_http_version()
        message._raw_fields = self._fields
        message._should_keep_alive = llhttp.should_keep_alive()
        message._upgrade = False
        self._urls.clear()
        self._fields = []
        self._message = message
        self.head_complete = True
        self._found.append(message)

    def on_message_complete(self) -> None:
        if self._fields and self._message is not None:
            self._message._raw_trailers = self._fields
            self._fields = []
        self._found.append(END)
        self._boundary.append(True)
        self.head_complete = False
        if not self._message._should_keep_alive and not self.lenient:
            self.closed = True

    def feed(self, data: bytes) -> list[object]:
        """Parse `data` and return what it held, in order."""
        try:
            self._llhttp.feed_data(data)
        except HttpParserUpgrade as upgrade:
            found = self._found
            found.pop()
            self._message._upgrade = True
            self.rest = data[upgrade.args[0] :]
            self.head_complete = True
            self._boundary.clear()
        except HttpParserCallbackError:
            if self._failure is not None:
                raise self._failure from None
            raise
        except HttpParserError as error:
            reason = str(error)
            self.error = ParseError(reasons.code_of(reason), reason, None, data)
            self.closed = True
        found = self._found[:]
        self._found.clear()
        return found

    @property
    def at_boundary(self) -> bool:
        return bool(self._boundary)

    @property
    def mid_message(self) -> bool:
        return not self._boundary

    def end_of_input(self) -> ParseError | End | None:
        """Say what the peer's FIN means here."""
        if self._boundary or self.error is not None:
            return None
        self.error = ParseError(*reasons.INVALID_EOF_STATE, 0, None)
        return self.error

    def decline_upgrade(self) -> list[object]:
        """Go on behind a head that wished to leave HTTP: it is an ordinary request."""
        raise NotImplementedError
