"""The side of a call that its connection and its exchange see: it stands for a request and for its response.

Invariant: none of this raises, and none of it runs the application.
"""

from __future__ import annotations

from typing import Any

from writehead._guests.asgi.extensions import SendingMore
from writehead._guests.asgi.response_start import entries_of
from writehead._guests.asgi.sending import DONE, IDLE
from writehead._message.incoming import IncomingMessage
from writehead._message.no_exchange import SENT
from writehead._message.response import ServerResponse
from writehead._native.choice import LARGE
from writehead._semantics import fields as _fields
from writehead._semantics.outcome import Outcome
from writehead._streams.stages import ALIVE
from writehead.errors import ConnectionLostError


class ServedCall(SendingMore):
    """The part of a call that stands for a message and its response; see `ServedRequest` and `ServedResponse`."""

    req: Any  # the call itself, until its exchange is over
    _raw_trailers: Any = None
    _consumed = _flowing = True  # what is left of it is dropped by `_leave`
    _fate: int = ALIVE.value  # set, with the two below, by the response queue
    _writing = 0
    _outcome: Outcome | None = None  # how its exchange has ended, where that does not follow from its state
    headers_sent = True  # to a connection: no other response is sent in its place

    def take_over(self, request: IncomingMessage, response: ServerResponse) -> None:
        """Take what is known of a request, what has come of its body, and its exchange."""
        self._exchange = response._exchange
        self.version = request._http_version
        self.keeps = response._should_keep_alive
        self.for_head = self.head.method == "HEAD"
        self._general = bool(response._general)
        self._expects = self._may_continue = response._expects_continue
        self._complete = request._complete
        self._mark = request._high_water_mark
        if self._mark < LARGE:
            self._small = self._mark
            self._general = True
        if request._length:
            self._may_continue = False
            self._size = request._length
            self._pieces = [request._take(request._length)]

    def begin(self) -> None:
        """Run the application, unless the client has left already."""
        raise NotImplementedError

    # -- as a request --------------------------------------------------------------

    def _hand_over(self, chunk: bytes) -> bool:
        """Take no piece directly."""
        return False

    def _push_end(self) -> None:
        """Note that the body has come whole."""
        self._complete_body()

    def _look_at_rest(self) -> None:
        """Do nothing: what is not received after the response is dropped."""

    def _notify(self, name: str, *args: Any) -> bool:
        """Return False: it has no listeners."""
        return False

    def _abort(self, with_socket: bool = True) -> None:
        """Called when the connection was lost, or is closed, before the response was sent."""
        self._lose_client()

    def _tell_of_drain(self) -> None:
        """Called in a drain, as the response has no end of its own: `receive` says so, `send` goes on."""
        self._is_told = True
        self._wake_readers()

    def _tell_of_cut(self, error: BaseException) -> None:
        """Do nothing: the connection is cut in the next turn of the loop, and the client is lost."""

    def _abort_signal(self, cause: BaseException | None) -> None:
        """Called when an upgraded connection was lost behind the request."""
        self._lose_client()

    def _lose(self, source: object) -> None:
        """Called when the connection was lost after the response, with body still to come."""
        self.connection = None

    def _leave(self) -> None:
        """Called when the response was sent: drop what still comes of the body."""
        connection = self.connection
        self.connection = self.req = self._pieces = None
        if not self._complete:
            self._size = 0
            if connection is not None:
                connection.want_body(self)

    # -- as a response -------------------------------------------------------------

    @property
    def writable_high_water_mark(self) -> int:
        """How many bytes it may queue behind other responses."""
        return self._mark

    @property
    def writable_length(self) -> int:
        """How many bytes wait for the client."""
        pending: int = self._exchange.pending
        return pending

    @property
    def writable_need_drain(self) -> bool:
        """Whether a call of `send` waits for the client."""
        return bool(self._writers)

    @property
    def _awaits_continue(self) -> bool:
        """Whether the client still waits for 100 Continue."""
        return self._may_continue

    @property
    def _is_endless(self) -> bool:
        """Whether it is an event stream."""
        return self._state is not IDLE and any(
            key == "content-type" and _fields.is_event_stream(value)
            for key, _, value in entries_of(self._fields)
        )

    def _take_general_way(self) -> None:
        """Exclude the response from the fast path: its connection adds to the head."""
        self._general = True

    def _get_socket(self, socket: Any, sink: Any) -> None:
        """Do nothing: it is first in the response queue now, and has no listeners."""

    def _prepare_close(self) -> None:
        """Do nothing: it has no listeners."""

    def _on_flushed(self) -> None:
        """Called when the system has the whole response, if `send` waits for that."""
        self._on_drained()

    def _on_outlived(self) -> None:
        """Called when the socket was ended: nothing more is sent directly."""
        self._gathered = None

    def _on_lost(self, error: BaseException | None) -> None:
        """Called when the connection was lost before the response was sent."""
        self._lose_client()
        self._exchange = SENT
        self._gathered = self.connection = self.req = None

    # -- the loss of the client ----------------------------------------------------

    def _lose_client(self) -> None:
        """Note that the client has left: calls that wait go on, those of `receive` first."""
        if self._is_lost:
            return
        if self._state != DONE:
            self._is_lost = self._is_hindered = True
            self._wake_readers()
            self._on_client_lost()
            if self._waiters is not None:
                self._waiters.fail(ConnectionLostError)
        self._on_drained()

    def _on_client_lost(self) -> None:
        """Called once, when the client has left before the response was done."""

    def _cut(self) -> None:
        """Close the connection: the response is not complete, and will not be."""
        exchange = self._exchange
        if not self._is_lost:
            self._outcome = Outcome.FAILED
        self._lose_client()
        exchange.abort(None)
