"""The private side of a request: what the parser, the connection and the server call and set."""

from __future__ import annotations

from contextvars import Context
from typing import Any, Protocol

from writehead._loop.ticks import later, tick_queue
from writehead._message.abort_signal import AbortSignal
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import RequestHead
from writehead._semantics.headers import Headers
from writehead._streams.readable import Readable
from writehead._streams.stages import CLOSED, DESTROYED, EMITTED
from writehead.errors import AbortError, ConnectionLostError, PayloadTooLargeError


class Source(Protocol):
    """The connection from which a request and its body are read."""

    socket: Any

    def want_body(self, message: Any) -> None: ...
    def fail_request(self, request: Any) -> None: ...
    def refuse_body(self, request: Any, error: PayloadTooLargeError) -> None: ...
    def on_endless(self, request: Any) -> None: ...


class ServedRequest(Readable):
    """The private part of `IncomingMessage`: its state, and what the server calls."""

    _socket: Any
    # Set by the connection. A message that a program makes has no method and no version; those of a server
    # do, and that is what their types say.
    _method: str = None  # type: ignore[assignment]
    _http_version: str = None  # type: ignore[assignment]
    _head: RequestHead | None = None
    _raw_trailers: list[bytes] | None = None
    _exchange: Any = None
    _source: Source | None = None
    _join_duplicates = False
    _tells_waiter = True
    _complete = False
    # Computed at first use.
    _url: str | None = None
    _raw_headers: list[str] | None = None
    _headers: Headers | None = None
    _headers_distinct: dict[str, list[str]] | None = None
    _trailers: Headers | None = None
    _trailers_distinct: dict[str, list[str]] | None = None
    _signal: AbortSignal | None = None
    _aborted = False
    _has_response_sent = False
    _given_up = False  # the rest of the body is dropped

    # -- its beginning and end -----------------------------------------------------

    def _begin(self, source: Source, head: RequestHead, version: str, context: Context) -> None:
        """Begin a request: its head has come."""
        self._source = source
        self._head = head
        self._method = head.method
        self._http_version = version
        self._listener_context = context

    def _apply(self, high_water_mark: int, join_duplicates: bool) -> None:
        """Apply those server options that few programs set."""
        self._high_water_mark = high_water_mark
        self._join_duplicates = join_duplicates

    def _complete_body(self, trailers: list[bytes]) -> None:
        """Called when the whole body has been received."""
        self._raw_trailers = trailers
        self._complete = not self._given_up
        self._push_end()

    def _release(self) -> Context | None:
        """Complete a request whose connection was upgraded; return its context, in which the connection continues."""
        self._complete = True
        self._source = None
        self._push_end()
        return self._listener_context

    # -- its head -------------------------------------------------------------------

    def _values_of(self, name: bytes) -> list[bytes]:
        """Return the values of the fields of a lower-case name, in order."""
        return [] if self._head is None else [value for key, value in self._head.pairs() if key == name]

    def _host_and_expectation(self) -> tuple[bool, bytes | None]:
        """Return whether there is one valid Host field (RFC 9112, 3.2), and the value of Expect."""
        hosts, expects = self._values_of(b"host"), self._values_of(b"expect")
        good = len(hosts) == 1 and _fields.is_host(hosts[0].decode("latin-1"))
        return good, b", ".join(expects) if expects else None

    def _has_host(self) -> bool:
        """Return whether there is any Host field."""
        return bool(self._values_of(b"host"))

    def _end_if_empty(self) -> None:
        """Mark a request without body as read to its end (optimize_empty_requests)."""
        if not (self._values_of(b"content-length") or self._values_of(b"transfer-encoding")):
            self._start_ended()

    # -- after its response -----------------------------------------------------------

    def _start_ended(self) -> None:
        """Mark it as read to its end and closed: no event will come (optimize_empty_requests)."""
        self._end_state = EMITTED
        self._fate = CLOSED
        self._consumed = True

    def _leave(self) -> None:
        """Called when the response was sent: drop a body of which nothing was read.

        One that was read in part waits for its reader, as long as its buffer has room.
        """
        self._has_response_sent = True
        if not (self._consumed or self._resume_scheduled):
            self._discard()
            if not self._complete:
                self._push = _ignore  # type: ignore[method-assign]  # a listener added later gets no part of it
        else:
            self._look_at_rest()

    def _look_at_rest(self) -> None:
        """After the response: check in the next round whether a full buffer has a reader."""
        if self._has_response_sent and self._is_full:
            tick_queue().next_round(self._give_up_if_full)  # its end may be in the current read

    def _give_up_if_full(self) -> None:
        """End a request after its response if its unread body blocks the connection."""
        if self._is_full and self._left and not self._fate:
            self._given_up = True
            self._break_off()

    @property
    def _is_full(self) -> bool:
        """Whether the body must be read before more of it is received."""
        return not (self._complete or self._has_room())

    # -- the loss of its connection ----------------------------------------------------

    def _abort(self, with_socket: bool = True) -> None:
        """Called when the connection was lost, or is closed, before the response was sent."""
        if not with_socket:
            self._socket = None
        lost = ConnectionLostError()
        self.destroy(lost)
        self._abort_signal(lost)

    def _lose(self, source: object) -> None:
        """Called when the connection was lost after the response, with body still to come: emit only 'close'."""
        if self._source is source and not self._fate:
            self._fate = DESTROYED
            if self._waiter is not None:  # an iteration must not wait for the rest
                self._errored = ConnectionLostError()
            later(self._tell_destroyed, None)

    def _break_off(self) -> None:
        """End the request after iteration was left early; the connection stays open."""
        if not self._fate:
            self._socket = None
            self.destroy(AbortError())
            if self._source is not None and not self._complete:
                self._source.want_body(self)

    def _tell_of_cut(self, error: BaseException) -> None:
        """Called when its connection is about to be cut."""
        self._abort_signal(error)

    def _abort_signal(self, cause: BaseException | None) -> None:
        """Abort the signal, if the program has used it."""
        if self._signal is not None:
            self._signal._abort(cause)


def _ignore(chunk: bytes) -> bool:
    """Drop a piece of body; there is always room for more."""
    return True
