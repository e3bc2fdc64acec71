"""The loss of a connection: its requests and responses are notified, in slices if they are many."""

from __future__ import annotations

from typing import Any

from writehead._loop.ticks import in_slices, later
from writehead.errors import ConnectionLostError

#: How many requests that wait for their responses are notified at once that their client has gone.
LOST = 128


def abort(exchange: Any) -> None:
    """Abort the request of an exchange: its client has gone."""
    if exchange.response is not None:
        exchange.response.req._abort()


def give_up(exchange: Any, current: bool) -> None:
    """Notify a response that its client has gone: the `current` one now, a queued one a tick later."""
    response = exchange.response
    connection = exchange.connection
    noted = response is not None and connection.lose_response(exchange, response)
    exchange.drop()
    exchange.connection = exchange.response = None
    if response is None:
        return
    if current:
        response._on_lost(None)
    else:
        exchange.void = True
        later(response._on_lost, ConnectionLostError())
    if noted:
        later(connection.tell_notes, exchange)


def lose_in_slices(exchanges: list[Any]) -> None:
    """Notify the last exchanges of a long queue in slices: other connections are served in between."""
    for exchange in exchanges[:LOST]:
        abort(exchange)
        give_up(exchange, current=False)
    if len(exchanges) > LOST:
        in_slices(lambda: lose_in_slices(exchanges[LOST:]))
