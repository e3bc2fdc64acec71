"""IncomingMessage: a request; its head read lazily, its body through Readable."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol, Self

from writehead._loop.ticks import later, turns
from writehead._message.abort_signal import AbortSignal
from writehead._node.callbacks import Callback
from writehead._node.event_arguments import MESSAGE_ARGUMENT_COUNTS
from writehead._node.failure_log import log_failure
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import FieldBlock
from writehead._semantics.headers import Headers
from writehead._streams.readable import Readable
from writehead.errors import AbortError, ConnectionLostError, PayloadTooLargeError


class Source(Protocol):
    """Where a request's body comes from."""

    def want_body(self, message: Any) -> None: ...
    def fail_request(self, request: Any) -> None: ...
    def refuse_body(self, request: Any, error: PayloadTooLargeError) -> None: ...


class IncomingMessage(Readable):
    """A request: its head, and its body as a stream.

    Args:
        socket: the Socket that it arrives on.

    Events: 'data' (chunk), 'end', 'close', 'aborted', 'error' (error), 'readable',
    'pause', 'resume', 'timeout' (socket).
    Source: https://nodejs.org/api/http.html#class-httpincomingmessage
    """

    _argument_counts = MESSAGE_ARGUMENT_COUNTS

    # What the parser sets.
    # A message made by hand has no method and no version; those of a server do, and that is what their types say.
    _method: str = None  # type: ignore[assignment]
    _target: bytes = b""
    _http_version: str = "1.1"
    _raw_fields: list[bytes] | None = None
    _raw_head: FieldBlock | None = None
    _raw_trailers: list[bytes] | None = None
    _should_keep_alive = True
    _upgrade = False
    # What the connection sets.
    _exchange: Any = None
    _source: Source | None = None
    _join_duplicates = False
    _tells_taker = True
    _complete = False
    # What is worked out at first use.
    _url: str | None = None
    _raw_headers: list[str] | None = None
    _headers: Headers | None = None
    _headers_distinct: dict[str, list[str]] | None = None
    _trailers: Headers | None = None
    _trailers_distinct: dict[str, list[str]] | None = None
    _signal: AbortSignal | None = None
    _aborted = False
    _is_answered = False
    _given_up = False  # what has come of the body since was thrown away

    def __init__(self, socket: Any = None) -> None:
        self._socket = socket
        self._http_version = None  # type: ignore[assignment]  # until it is parsed

    # -- the request line ------------------------------------------------------

    @property
    def method(self) -> str:
        """The method, as sent: "GET"."""
        return self._method

    @method.setter
    def method(self, value: Any) -> None:
        self._method = value

    @property
    def url(self) -> str:
        """The request target, verbatim: not decoded, query included."""
        url = self._url
        if url is None:
            url = self._target.decode("latin-1")
            if url:
                self._url = url
        return url

    @url.setter
    def url(self, value: Any) -> None:
        self._url = value

    @property
    def http_version(self) -> str:
        """The version as text: "1.1"."""
        return self._http_version

    @http_version.setter
    def http_version(self, value: Any) -> None:
        self._http_version = value

    httpVersion = http_version

    @property
    def http_version_major(self) -> int:
        """The number before the dot of the version."""
        version: str | None = self._http_version
        return None if version is None else int(version.partition(".")[0])  # type: ignore[return-value]

    httpVersionMajor = http_version_major

    @property
    def http_version_minor(self) -> int:
        """The number behind the dot of the version."""
        version: str | None = self._http_version
        return None if version is None else int(version.partition(".")[2] or 0)  # type: ignore[return-value]

    httpVersionMinor = http_version_minor

    # -- headers and trailers --------------------------------------------------

    def _field_bytes(self) -> list[bytes]:
        """Return the fields as sent: name, value, name, value, …"""
        fields = self._raw_fields
        if fields is None:
            head = self._raw_head
            fields = self._raw_fields = [] if head is None else head.fields[:]
        return fields

    def _values_of(self, name: bytes) -> list[bytes]:
        """Return the values of the fields of a lower-case name, in order."""
        fields = self._field_bytes()
        return [fields[at + 1] for at in range(0, len(fields), 2) if fields[at].lower() == name]

    @property
    def raw_headers(self) -> list[str]:
        """Every field as sent, flat: `[name, value, name, value, …]`."""
        headers = self._raw_headers
        if headers is None:
            head = self._raw_head
            text = None if head is None else head.text
            if text is None:
                text = [each.decode("latin-1") for each in self._field_bytes()]
                if head is not None:
                    head.keep_text(text)
            headers = self._raw_headers = text[:]
        return headers

    @raw_headers.setter
    def raw_headers(self, value: list[str]) -> None:
        self._raw_headers = value

    rawHeaders = raw_headers

    @property
    def headers(self) -> Headers:
        """The fields by lower-case name; duplicates joined or dropped by Node's rules.

        'set-cookie' is a list. Made at first use; the same dict each time.
        Source: https://nodejs.org/api/http.html#messageheaders
        """
        headers = self._headers
        if headers is None:
            head = self._raw_head
            if head is None or self._join_duplicates or self._raw_headers is not None:
                headers = _fields.joined(self.raw_headers, self._join_duplicates)
            else:
                joined = head.joined
                if joined is None:
                    joined = _fields.joined(self.raw_headers)
                    head.keep_joined(joined)
                headers = joined.copy()
                if "set-cookie" in headers:  # a list, and the user's to change
                    headers["set-cookie"] = headers["set-cookie"][:]
            self._headers = headers
        return headers

    @headers.setter
    def headers(self, value: Any) -> None:
        self._headers = value

    @property
    def headers_distinct(self) -> dict[str, list[str]]:
        """The fields by lower-case name, each a list of all its values."""
        if self._headers_distinct is None:
            self._headers_distinct = _fields.distinct(self.raw_headers)
        return self._headers_distinct

    @headers_distinct.setter
    def headers_distinct(self, value: Any) -> None:
        self._headers_distinct = value

    headersDistinct = headers_distinct

    @property
    def raw_trailers(self) -> list[str]:
        """The trailers as sent, flat; empty until the message is complete."""
        if not self._complete or not self._raw_trailers:
            return []
        return [each.decode("latin-1") for each in self._raw_trailers]

    rawTrailers = raw_trailers

    @property
    def trailers(self) -> Headers:
        """The trailers by lower-case name; empty until the message is complete."""
        if not self._complete:
            return Headers()
        if self._trailers is None:
            self._trailers = _fields.joined(self.raw_trailers, self._join_duplicates)
        return self._trailers

    @trailers.setter
    def trailers(self, value: Any) -> None:
        self._trailers = value

    @property
    def trailers_distinct(self) -> dict[str, list[str]]:
        """The trailers by lower-case name, each a list of all its values."""
        if not self._complete:
            return {}
        if self._trailers_distinct is None:
            self._trailers_distinct = _fields.distinct(self.raw_trailers)
        return self._trailers_distinct

    trailersDistinct = trailers_distinct

    # -- state -----------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether the whole message was received and parsed."""
        return self._complete

    @property
    def aborted(self) -> bool:
        """Whether it ended before it was received and read to the end."""
        return self._aborted

    @property
    def socket(self) -> Any:
        """The Socket; None once iteration was broken off."""
        return self._socket

    @socket.setter
    def socket(self, value: Any) -> None:
        self._socket = value

    connection = socket

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the client is lost, or the request destroyed, before it is answered."""
        if self._signal is None:
            self._signal = AbortSignal()
            self._signal._listener_context = self._listener_context
            if self._aborted:
                self._signal._abort(self._errored)
        return self._signal

    # -- the body --------------------------------------------------------------

    def _want(self) -> None:
        if not self._complete and self._source is not None:
            self._source.want_body(self)

    @property
    def _is_full(self) -> bool:
        """Whether the body waits to be read before more may come."""
        return not (self._complete or self._has_room())

    def _emit_close(self) -> None:
        super()._emit_close()
        if self._taker is not None:
            self._taker.on_close()

    def _ended(self) -> None:
        if self._taker is not None:
            self._taker.on_end()
        if not self._destroyed:
            self._destroyed = True
            later(later, self._tell_destroyed, None)

    def __aiter__(self) -> AsyncIterator[Any]:
        """Read by `async for`; see Readable."""
        self._consumed = True  # on Python 3.11 an async listener begins to read a turn later
        return super().__aiter__()

    def _start_ended(self) -> None:
        """Begin as a request that was read to its end: no event will come (optimize_empty_requests)."""
        self._eof = self._end_emitted = self._destroyed = self._closed = True
        self._consumed = True

    def _leave(self) -> None:
        """The response is out: a body that nobody has begun to read is thrown away.

        One that was read in part waits for its reader, as long as there is room for it.
        """
        self._is_answered = True
        if not (self._consumed or self._resume_scheduled):
            self._discard()
            if not self._complete:
                self._push = _ignore  # type: ignore[method-assign]  # who listens from now on gets no part of it
        else:
            self._look_at_rest()

    def _look_at_rest(self) -> None:
        """Behind the response: see later whether anybody is about to read what fills the buffer."""
        if self._is_answered and self._is_full:
            turns().next_round(self._give_up_if_full)  # its end may be in this packet

    def _give_up_if_full(self) -> None:
        """End a request that is answered, if its unread body holds up the connection."""
        if self._is_full and self._left and not self._destroyed:
            self._given_up = True
            self._break_off()

    def pause(self) -> Self:
        """Stop the flow at once, with a 'pause' event; data that arrives is buffered.

        After the response it is buffered only as long as there is room; then the request is aborted.
        """
        super().pause()
        self._look_at_rest()
        return self

    def _after_readable_removed(self) -> None:
        super()._after_readable_removed()
        self._look_at_rest()

    def _abort(self, with_socket: bool = True) -> None:
        """The connection was lost, or is given up, before the answer was out."""
        if not with_socket:
            self._socket = None
        lost = ConnectionLostError()
        self.destroy(lost)
        if self._signal is not None:
            self._signal._abort(lost)

    def _lose(self) -> None:
        """The connection was lost after the answer, with body still to come: 'close' alone."""
        if not self._destroyed:
            self._destroyed = True
            if self._taker is not None:  # an iteration is not left to wait for the rest
                self._errored = ConnectionLostError()
            later(self._tell_destroyed, None)

    def _on_destroy(self, error: BaseException | None) -> None:
        due: Callable[..., object] = self._after_destroy
        socket = None
        if not (self._end_emitted and self._complete):
            self._aborted = True
            self._notify("aborted")
            socket = self._socket
        if socket is None or socket.destroyed:
            later(due, error)
        else:
            later(later, due, error)  # before the loop hears of the socket, whose 'close' comes after
            socket.destroy(error)
        if self._signal is not None:
            self._signal._abort(error)

    def _after_destroy(self, error: BaseException | None) -> None:
        later(self._tell_destroyed, error if self._heard("error") else None)

    def _break_off(self) -> None:
        """Iteration was left: the request ends, the connection stays."""
        if not self._destroyed:
            self._socket = None
            self.destroy(AbortError())
            if self._source is not None and not self._complete:
                self._source.want_body(self)

    def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None:
        log_failure(error, event, self, self)
        if self._source is not None:
            self._source.fail_request(self)

    def set_timeout(self, msecs: Any, callback: Callback | None = None) -> Self:
        """Set the socket's idle timeout; `callback` becomes a listener of 'timeout'.

        Args:
            msecs: milliseconds, or a `timedelta`; 0 switches off.

        Raises:
            InvalidArgTypeError, OutOfRangeError.
        """
        if callback is not None:
            self.on("timeout", callback)
        if self._socket is not None:
            self._socket.set_timeout(msecs)
        return self

    setTimeout = set_timeout

    # -- Python's own ----------------------------------------------------------

    async def bytes(self, limit: int | None = None) -> bytes:
        """Return the body, or what is left of it.

        Args:
            limit: the largest number of bytes to accept; if the body is longer the client gets 413.

        Raises:
            PayloadTooLargeError: the body is longer than `limit`.
            ConnectionLostError: the client disconnected.
        """
        parts: list[Any] = []
        size = 0
        async for chunk in self:
            piece = chunk if not isinstance(chunk, str) else chunk.encode()
            size += len(piece)
            if limit is not None and size > limit:
                error = PayloadTooLargeError(limit)
                if self._source is not None:
                    self._source.refuse_body(self, error)
                raise error
            parts.append(piece)
        return b"".join(parts)

    async def text(self, limit: int | None = None) -> str:
        """Return the body as text, decoded as utf-8; broken bytes become U+FFFD.

        Raises: as `bytes`.
        """
        return (await self.bytes(limit)).decode("utf-8", "replace")

    async def json(self, limit: int | None = None) -> Any:
        """Return the body as JSON.

        Raises:
            ValueError: the body is no JSON, or nested too deeply; and as `bytes`.
        """
        body = await self.bytes(limit)
        try:
            return json.loads(body, parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("the body is nested too deeply") from None


def _no_constant(name: str) -> Any:
    """Refuse NaN and the infinities, which Python would take (RFC 8259, 6)."""
    raise ValueError(f"the body is no JSON: {name} is no number there")


def _ignore(chunk: bytes) -> bool:
    """Take a piece of a body that nobody wants; there is always room for more."""
    return True
