"""The private side of a response: what the connection and the server call and set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from writehead._message.informational import Informing
from writehead._semantics.exchange import Exchange, Sink
from writehead._semantics.outcome import Outcome
from writehead._streams.stages import ALIVE

if TYPE_CHECKING:
    from writehead._message.incoming import IncomingMessage


class ServedResponse(Informing):
    """The private part of `ServerResponse`: its state, and what the server calls."""

    req: Any
    _status_code: Any = 200
    _expects_continue = False
    _ruled = Outcome.FINISHED  # its outcome if it is sent whole

    def _begin(self, req: IncomingMessage, exchange: Exchange, keep: bool, general: bool) -> None:
        """Set up the response to a request of HTTP/1.1, in place of the constructor.

        Sets what is read before it is written: an attribute of an instance is found faster than a default of its class.

        Args:
            keep: whether the client wants the connection kept.
            general: whether the fast path is excluded, by HEAD for example.
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
        """Apply to a response made by its constructor what its request requires."""
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
        """Apply those server options that few programs set."""
        self._general = True
        self._high_water_mark = high_water_mark
        self._reject_body = reject_body
        self._unique_headers = unique_headers
        self._close_after_finish = close_after_finish
        self._lenient = lenient

    def _rule(self, outcome: Outcome) -> None:
        """Decide how the exchange will have ended, if the response is sent."""
        self._ruled = outcome
        exchange = self._exchange
        if exchange.began is not None:
            exchange.outcome = outcome

    def _take_general_way(self) -> None:
        """Exclude the response from the fast path: its connection adds to the head."""
        self._general = True

    def _allow_no_more(self) -> None:
        """Close the connection after it, unless more requests were received already (max_requests_per_socket)."""
        self._exchange.last_allowed = True
        self._general = True

    def _expect_continue(self) -> None:
        """Note that the client waits for 100 Continue before it sends the body (RFC 9110, 10.1.1)."""
        self._expects_continue = True
        self._general = True

    @property
    def _awaits_continue(self) -> bool:
        """Whether the client still waits for 100 Continue."""
        return self._expects_continue and not (self._sent_100 or self._rendered)

    def _get_socket(self, socket: Any, sink: Sink) -> None:
        """Called when it is first in the response queue: emit 'socket', if there are listeners."""
        if self._listeners is not None:
            self._on_socket(socket, sink)

    def _on_socket(self, socket: Any, sink: Sink) -> None:
        """Emit 'socket'; `socket` is set already, and what the listeners write is sent after what is queued."""
        exchange = self._exchange
        exchange.coming = sink
        self._notify("socket", socket)
        exchange.coming = None
