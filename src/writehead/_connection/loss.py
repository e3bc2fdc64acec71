"""The loss of a connection: its requests and responses are told, some in a turn."""

from __future__ import annotations

from typing import Any

from writehead._loop.ticks import in_slices, later
from writehead.errors import ConnectionLostError

#: So many requests that wait for their responses are told at once that their client has gone.
LOST = 128


def abort(exchange: Any) -> None:
    """Tell a request that its client has gone."""
    if exchange.response is not None:
        exchange.response.req._abort()


def give_up(exchange: Any, current: bool) -> None:
    """Tell a response that its client has gone: the `current` one now, one that waited a turn later."""
    response = exchange.response
    exchange.drop()
    exchange.connection = exchange.response = None
    if response is None:
        return
    if current:
        response._on_lost(None)
    else:
        exchange.void = True
        later(response._on_lost, ConnectionLostError())


def lose_in_slices(exchanges: list[Any]) -> None:
    """Tell those far behind in a line, some in a turn: others are served between."""
    for exchange in exchanges[:LOST]:
        abort(exchange)
        give_up(exchange, current=False)
    if len(exchanges) > LOST:
        in_slices(lambda: lose_in_slices(exchanges[LOST:]))
