"""What the parser, the connection and the server do with a request, and the state that they write into it."""

from __future__ import annotations

from contextvars import Context
from typing import Any, Protocol

from writehead._loop.ticks import later, tick_queue
from writehead._message.abort_signal import AbortSignal
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import FieldBlock
from writehead._semantics.headers import Headers
from writehead._streams.readable import Readable
from writehead._streams.stages import CLOSED, DESTROYED, EMITTED
from writehead.errors import AbortError, ConnectionLostError, PayloadTooLargeError


class Source(Protocol):
    """The connection that a request comes on, and its body from."""

    socket: Any

    def want_body(self, message: Any) -> None: ...
    def fail_request(self, request: Any) -> None: ...
    def refuse_body(self, request: Any, error: PayloadTooLargeError) -> None: ...


class ServedRequest(Readable):
    """A request, as far as it is served; see `IncomingMessage`."""

    _socket: Any
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
    _tells_waiter = True
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
    _has_response_sent = False
    _given_up = False  # what has come of the body since was thrown away

    # -- how it begins and ends -----------------------------------------------------

    def _begin_whole(
        self,
        source: Source,
        method: str,
        target: bytes,
        head: FieldBlock,
        context: Context,
    ) -> None:
        """Begin a request that came whole, in place of the constructor, the parser and the connection.

        What is read before it is written is set here: an attribute of an instance is found faster than a default
        of its class.
        """
        self._listeners = self._flowing = None
        self._consumed = False
        self._length = 0
        self._socket = source.socket
        self._source = source
        self._method = method
        self._target = target
        self._raw_head = head
        self._listener_context = context

    def _take_head(
        self, method: str, target: bytes, version: str, fields: list[bytes] | FieldBlock, keep: bool
    ) -> None:
        """Take what was parsed of its head."""
        self._method = method
        self._target = target
        self._http_version = version
        if type(fields) is list:
            self._raw_fields = fields
        else:
            self._raw_head = fields  # type: ignore[assignment]  # not a list
        self._should_keep_alive = keep

    def _begin(self, source: Source) -> tuple[bool, bool, bool]:
        """Begin a request whose head was parsed; return whether it is of HTTP/1.1, HEAD, and keeps the connection."""
        self._source = source
        return self._http_version == "1.1", self._method == "HEAD", self._should_keep_alive

    def _apply(self, high_water_mark: int, join_duplicates: bool) -> None:
        """Apply the options of the server that few servers set."""
        self._high_water_mark = high_water_mark
        self._join_duplicates = join_duplicates

    def _complete_body(self) -> None:
        """The whole body has come."""
        self._complete = not self._given_up
        self._push_end()

    def _release(self) -> Context | None:
        """An upgrade has its connection, and no body comes; return the context that goes on there."""
        self._complete = True
        self._source = None
        self._push_end()
        return self._listener_context

    def _begin_upgrade(self, source: Source) -> bool:
        """Begin a request that wishes to leave HTTP; tell whether it is CONNECT, which cannot do otherwise."""
        self._source = source
        return self._method == "CONNECT"

    # -- its head -------------------------------------------------------------------

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

    def _host_and_expectation(self) -> tuple[bool, bytes | None]:
        """Return whether there is one Host field, and a good one (RFC 9112, 3.2); and what Expect says."""
        head = self._raw_head
        if head is not None:
            return head.host_is_good, head.expect
        hosts, expects = _hosts_and_expects(self._field_bytes())
        good = len(hosts) == 1 and _fields.is_host(hosts[0].decode("latin-1"))
        return good, b", ".join(expects) if expects else None

    def _has_host(self) -> bool:
        """Tell whether there is a Host field at all."""
        return bool(self._values_of(b"host"))

    def _end_if_empty(self) -> None:
        """Begin as a request that was read to its end, if it has no body (optimize_empty_requests)."""
        if not (self._values_of(b"content-length") or self._values_of(b"transfer-encoding")):
            self._start_ended()

    # -- behind its response ----------------------------------------------------------

    def _start_ended(self) -> None:
        """Begin as a request that was read to its end: no event will come (optimize_empty_requests)."""
        self._end_state = EMITTED
        self._fate = CLOSED
        self._consumed = True

    def _leave(self) -> None:
        """The response is out: a body that nobody has begun to read is thrown away.

        One that was read in part waits for its reader, as long as there is room for it.
        """
        self._has_response_sent = True
        if not (self._consumed or self._resume_scheduled):
            self._discard()
            if not self._complete:
                self._push = _ignore  # type: ignore[method-assign]  # who listens from now on gets no part of it
        else:
            self._look_at_rest()

    def _look_at_rest(self) -> None:
        """Behind the response: see later whether anybody is about to read what fills the buffer."""
        if self._has_response_sent and self._is_full:
            tick_queue().next_round(self._give_up_if_full)  # its end may be in this packet

    def _give_up_if_full(self) -> None:
        """End a request that is answered, if its unread body holds up the connection."""
        if self._is_full and self._left and not self._fate:
            self._given_up = True
            self._break_off()

    @property
    def _is_full(self) -> bool:
        """Whether the body waits to be read before more may come."""
        return not (self._complete or self._has_room())

    # -- its loss -----------------------------------------------------------------------

    def _abort(self, with_socket: bool = True) -> None:
        """The connection was lost, or is given up, before the answer was out."""
        if not with_socket:
            self._socket = None
        lost = ConnectionLostError()
        self.destroy(lost)
        self._abort_signal(lost)

    def _lose(self, source: object) -> None:
        """Its connection was lost after the response, with body still to come from there: 'close' alone."""
        if self._source is source and not self._fate:
            self._fate = DESTROYED
            if self._waiter is not None:  # an iteration is not left to wait for the rest
                self._errored = ConnectionLostError()
            later(self._tell_destroyed, None)

    def _break_off(self) -> None:
        """Iteration was left: the request ends, the connection stays."""
        if not self._fate:
            self._socket = None
            self.destroy(AbortError())
            if self._source is not None and not self._complete:
                self._source.want_body(self)

    def _abort_signal(self, cause: BaseException | None) -> None:
        """Abort the signal, if it was asked for."""
        if self._signal is not None:
            self._signal._abort(cause)


def _hosts_and_expects(fields: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the values of the two fields that each request is asked for, in one walk."""
    hosts = []
    expects = []
    for at in range(0, len(fields), 2):
        size = len(fields[at])
        if size == 4:
            if fields[at].lower() == b"host":
                hosts.append(fields[at + 1])
        elif size == 6 and fields[at].lower() == b"expect":
            expects.append(fields[at + 1])
    return hosts, expects


def _ignore(chunk: bytes) -> bool:
    """Take a piece of a body that nobody wants; there is always room for more."""
    return True
