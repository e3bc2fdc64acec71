"""The end of a connection whose server closes: when it is idle, or after its last response.

In a drain its responses are told to be the last, those without an end are told, it is ended when it is idle behind the
grace, and cut at the deadline.
"""

from __future__ import annotations

from typing import Any

from writehead._connection.config import DrainStage
from writehead._connection.response_queue import LAST_READ
from writehead._connection.time_limits import TimeLimits
from writehead._http1.exchange import Http1Exchange
from writehead.errors import ServerCutError

#: How long a closing server waits for a request whose first bytes have come, in seconds.
UNREAD_GRACE = 1.0


class Closing(TimeLimits):
    """The part of a connection that ends it when its server closes."""

    __slots__ = ()

    @property
    def is_idle(self) -> bool:
        """Whether a request was served and nothing of another has come."""
        return (
            self.current is None
            and self._queue is None
            and self._incoming is None
            and self._pending_error is None
            and self._start is None
            and self._backlog is None
            and self.channel.owner is self
        )

    @property
    def is_silent(self) -> bool:
        """Whether it has never begun a request."""
        return (
            not self._used
            and self._backlog is None
            and (self._parser is None or not self._parser.mid_message)
        )

    def close_in_order(self) -> None:
        """Close after the responses under way; at once if there are none."""
        if self.is_silent or self.is_idle:
            if not self.channel.has_unread():
                self.socket.destroy()
                return
            self.wait_for_request(UNREAD_GRACE)
        self.end_behind_responses()

    def wait_for_request(self, seconds: float) -> None:
        """Close if no request comes within so many seconds; the response to one is the last."""
        self._keep_alive_set = True
        self.channel.watch_idle(seconds)

    def end_behind_responses(self) -> None:
        """Let the last of the responses under way say that it is, if its head is not fixed."""
        exchanges = self.exchanges()
        for exchange in exchanges:
            exchange.must_close = exchange is exchanges[-1]
            exchange.watched = bool(self._config.drain)
            response: Any = exchange.response
            response._take_general_way()

    # -- in a drain --------------------------------------------------------------

    @property
    def is_endless(self) -> bool:
        """Whether it has a response without an end of its own."""
        return any(_is_endless(each) for each in self.exchanges())

    def tell_endless(self) -> None:
        """Tell the responses without an end that the server is draining."""
        for exchange in self.exchanges():
            self._tell_if_endless(exchange)

    def on_head(self, exchange: Http1Exchange) -> None:
        """Called in a drain when a response has a head."""
        self.ticks.later(self._tell_if_endless, exchange)

    def on_endless(self, request: Any) -> None:
        """Called when the program has said that the response to `request` has no end."""
        if self._config.drain >= DrainStage.GRACE:
            request._tell_of_drain()

    def _tell_if_endless(self, exchange: Http1Exchange) -> None:
        response: Any = exchange.response
        if self._config.drain >= DrainStage.GRACE and _is_endless(exchange) and response.req is not None:
            response.req._tell_of_drain()

    def end_idle(self, now: bool = False) -> None:
        """End it if it is idle, so that no response is lost; a request that has come is served, unless it ends `now`."""
        channel = self.channel
        if channel.fate or not (self.is_silent or self.is_idle):
            return
        if not now and channel.has_unread():
            self.wait_for_request(UNREAD_GRACE)
            return
        self._closed_input = True
        channel.end_gently(LAST_READ)

    def tell_of_cut(self) -> None:
        """Tell the requests under way that the connection is about to be cut."""
        for exchange in self.exchanges():
            response: Any = exchange.response
            if response is not None and response.req is not None:
                response.req._tell_of_cut(ServerCutError())


def _is_endless(exchange: Http1Exchange) -> bool:
    response: Any = exchange.response
    return response is not None and response._is_endless
