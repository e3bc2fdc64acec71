"""The end of a connection whose server closes: when it is idle, or after its last response."""

from __future__ import annotations

from typing import Any

from writehead._connection.time_limits import TimeLimits

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

    def close_in_order(self, grace: float = 0.0) -> None:
        """Close after the responses under way; at once if there are none.

        With `grace` (seconds) an idle connection may still bring a request that is on its way; the
        response to that is its last.
        """
        if self.is_silent or self.is_idle:
            if not grace and not self.channel.has_unread():
                self.socket.destroy()
                return
            self._keep_alive_set = True
            self.channel.watch_idle(grace or UNREAD_GRACE)
        exchanges = self.exchanges()
        for exchange in exchanges:
            exchange.must_close = exchange is exchanges[-1]
            response: Any = exchange.response
            response._take_general_way()
