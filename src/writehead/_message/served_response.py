"""What the connection and the server do with a response, and the state that they write into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from writehead._message.informational import Informing
from writehead._semantics.exchange import Exchange, Sink
from writehead._streams.stages import ALIVE

if TYPE_CHECKING:
    from writehead._message.incoming import IncomingMessage


class ServedResponse(Informing):
    """A response, as far as it is served; see `ServerResponse`."""

    req: Any
    _status_code: Any = 200
    _expects_continue = False

    def _begin(self, req: IncomingMessage, exchange: Exchange, keep: bool, general: bool) -> None:
        """Begin the response to a request of HTTP/1.1, in place of the constructor.

        What is read before it is written is set here: an attribute of an instance is found faster than a default
        of its class.

        Args:
            keep: whether the client wants the connection kept.
            general: whether anything asks for the general way: HEAD, say.
        """
        self.req = req
        self._exchange = exchange
        self._listeners = self._store = None
        self._rendered = False
        self._fate = ALIVE
        self._general = general
        self._status_code = 200
        if not keep:
            self._should_keep_alive = False

    def _adapt(self, general: bool, keep: bool) -> None:
        """Note of a response that its constructor has made what its request asks for."""
        if not keep:
            self._should_keep_alive = False
            self._general = True
        elif self._general:
            self._should_keep_alive = True
        if general:
            self._general = True

    def _apply(
        self,
        high_water_mark: int,
        reject_body: bool,
        unique_headers: frozenset[str],
        close_after_finish: bool,
        lenient: bool,
    ) -> None:
        """Apply the options of the server that few servers set."""
        self._general = True
        self._high_water_mark = high_water_mark
        self._reject_body = reject_body
        self._unique_headers = unique_headers
        self._close_after_finish = close_after_finish
        self._lenient = lenient

    def _take_general_way(self) -> None:
        """Leave the way of the ordinary response: its connection has something to say in the head."""
        self._general = True

    def _allow_no_more(self) -> None:
        """The connection ends behind it, unless requests wait already (max_requests_per_socket)."""
        self._exchange.last_allowed = True
        self._general = True

    def _expect_continue(self) -> None:
        """The client waits for 100 Continue before it sends the body (RFC 9110, 10.1.1)."""
        self._expects_continue = True
        self._general = True

    @property
    def _awaits_continue(self) -> bool:
        """Whether the client still waits to be told to go on."""
        return self._expects_continue and not (self._sent_100 or self._rendered)

    def _get_socket(self, socket: Any, sink: Sink) -> None:
        """It is first in its queue: 'socket', if anything listens."""
        if self._listeners is not None:
            self._on_socket(socket, sink)

    def _on_socket(self, socket: Any, sink: Sink) -> None:
        """Tell that there is a socket, which the listeners find here already; what they write is sent in its turn."""
        exchange = self._exchange
        exchange.coming = sink
        self._notify("socket", socket)
        exchange.coming = None
