"""IncomingMessage: a request, whose head is decoded at first use and whose body is a `Readable`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from writehead._loop.ticks import later
from writehead._message.abort_signal import AbortSignal
from writehead._message.client import Client, client_of, host_of, scheme_of
from writehead._message.served_request import ServedRequest
from writehead._node.callbacks import Callback
from writehead._node.event_arguments import MESSAGE_ARGUMENT_COUNTS
from writehead._node.failure_log import log_failure
from writehead._semantics import fields as _fields
from writehead._semantics.headers import Headers
from writehead._streams.stages import DESTROYED, EMITTED
from writehead.errors import DrainingError, PayloadTooLargeError

if TYPE_CHECKING:
    from writehead._message.incoming_emitter import IncomingEmitter
    from writehead._net.socket import Socket
    from writehead._node.argument_types import Duration
else:  # the same, without the types of its events
    IncomingEmitter = ServedRequest


class IncomingMessage(IncomingEmitter):
    """A request: its head, and its body as a stream.

    Args:
        socket: the Socket that it arrives on.

    Events: 'data' (chunk), 'end', 'close', 'aborted', 'error' (error), 'readable',
    'pause', 'resume', 'timeout' (socket).
    Source: https://nodejs.org/api/http.html#class-httpincomingmessage
    """

    _argument_counts = MESSAGE_ARGUMENT_COUNTS

    def __init__(self, socket: Any = None) -> None:
        self._socket = socket

    # -- the request line ------------------------------------------------------

    @property
    def method(self) -> str:
        """The method, as sent: "GET"."""
        return self._method

    @method.setter
    def method(self, value: str) -> None:
        self._method = value

    @property
    def url(self) -> str:
        """The request target, verbatim: not decoded, query included."""
        url = self._url
        if url is None:
            if self._head is None:
                return ""
            url = self._url = self._head.url
        return url

    @url.setter
    def url(self, value: str) -> None:
        self._url = value

    @property
    def http_version(self) -> str:
        """The version as text: "1.1"."""
        return self._http_version

    @http_version.setter
    def http_version(self, value: str) -> None:
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
        """The number after the dot of the version."""
        version: str | None = self._http_version
        return None if version is None else int(version.partition(".")[2] or 0)  # type: ignore[return-value]

    httpVersionMinor = http_version_minor

    # -- the client --------------------------------------------------------------

    @cached_property
    def client(self) -> Client:
        """The address and the port of the client: those of the socket, unless a proxy that is trusted says others."""
        return client_of(self)

    @cached_property
    def scheme(self) -> str:
        """The scheme that the client has used: "http" or "https"."""
        return scheme_of(self)

    @cached_property
    def host(self) -> str:
        """The host that the client has asked for, with the port if it has named one; empty if it has named none."""
        return host_of(self)

    # -- headers and trailers --------------------------------------------------

    @property
    def raw_headers(self) -> list[str]:
        """Every field as sent, flat: `[name, value, name, value, …]`."""
        headers = self._raw_headers
        if headers is None:
            headers = self._raw_headers = [] if self._head is None else self._head.text()
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
            if self._raw_headers is None and self._head is not None:
                headers = self._head.joined(self._join_duplicates)
            else:  # the program may have changed them
                headers = _fields.joined(self.raw_headers, self._join_duplicates)
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
        """Whether it was destroyed before it was received and read to the end."""
        return self._aborted

    @property
    def socket(self) -> Socket:
        """The Socket; None after an `async for` was left early."""
        return self._socket  # type: ignore[no-any-return]  # or what the program has given

    @socket.setter
    def socket(self, value: Any) -> None:
        self._socket = value

    connection = socket

    @property
    def signal(self) -> AbortSignal:
        """Aborted when the client disconnects, or the request is destroyed, before the response is complete.

        In a drain of the server also when the response has no end of its own, with DrainingError as its reason, and with
        ServerCutError when the connection is about to be cut.
        """
        if self._signal is None:
            self._signal = AbortSignal()
            self._signal._listener_context = self._listener_context
            if self._aborted:
                self._abort_signal(self._errored)
        return self._signal

    def _tell_of_drain(self) -> None:
        """Called in a drain if its response, or the socket that its client was given, has no end of its own."""
        self.signal._abort(DrainingError())

    # -- the body --------------------------------------------------------------

    def _want(self) -> None:
        if not self._complete and self._source is not None:
            self._source.want_body(self)

    def _emit_close(self) -> None:
        super()._emit_close()
        if self._waiter is not None:
            self._waiter.on_close()

    def _ended(self) -> None:
        if self._waiter is not None:
            self._waiter.on_end()
        if not self._fate:
            self._fate = DESTROYED
            later(later, self._tell_destroyed, None)

    def __aiter__(self) -> AsyncIterator[Any]:
        """Read by `async for`; see Readable."""
        self._consumed = True  # on Python 3.11 an async listener begins to read a tick later
        return super().__aiter__()

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

    def _on_destroy(self, error: BaseException | None) -> None:
        due: Callable[..., object] = self._after_destroy
        socket = None
        if self._end_state is not EMITTED or not self._complete:
            self._aborted = True
            self._notify("aborted")
            socket = self._socket
        if socket is None or socket.destroyed:
            later(due, error)
        else:
            later(later, due, error)  # so that the socket's 'close' comes after it
            socket.destroy(error)
        self._abort_signal(error)

    def _after_destroy(self, error: BaseException | None) -> None:
        later(self._tell_destroyed, error if self._heard("error") else None)

    def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None:
        log_failure(error, event, self, self)
        if self._source is not None:
            self._source.fail_request(self)

    def set_timeout(self, msecs: Duration, callback: Callback | None = None) -> Self:
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
            limit: how many bytes to accept; the response to a longer body is 413.

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
            ValueError: the body is not JSON, or nested too deeply; and as `bytes`.
        """
        import json  # slow to import, and a program that parses JSON has done it

        body = await self.bytes(limit)
        try:
            return json.loads(body, parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("the body is nested too deeply") from None


def _no_constant(name: str) -> Any:
    """Refuse NaN and the infinities, which Python's parser accepts (RFC 8259, 6)."""
    raise ValueError(f"the body is not JSON: {name} is not a JSON number")
