"""What a socket needs of the server that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any

from writehead._loop.timers import IdleTimers
from writehead._semantics.forwarded import Trust

if TYPE_CHECKING:
    from writehead._net.linger import Linger
    from writehead._server.server import Server


class SocketConfig:
    """What the sockets of one server share; written by the server alone.

    - `server`: the server, for `Socket.server` alone.
    - `timers`: its idle timers, and its clock; set once it listens.
    - `copy_context`: returns a new context for a request or a connection.
    - `closing`: whether it is closing, and waits for connections to end.
    - `end_upgrade(channel)`: tell the notes of a connection that was handed over, and ends.
    - `high_water_mark`: bytes from which `write` returns False.
    - `lingering`: connections that HTTP has let go of, whose clients still send.
    - `on_linger()`: a connection begins to linger; it still counts as open.
    - `trust`: the proxies that are believed; None: none.
    - `on_socket_gone()`: an open connection has ended.
    """

    __slots__ = (
        "closing",
        "copy_context",
        "end_upgrade",
        "high_water_mark",
        "lingering",
        "on_linger",
        "on_socket_gone",
        "server",
        "timers",
        "trust",
    )

    server: Server
    timers: IdleTimers
    copy_context: Callable[[], Context]
    closing: bool
    high_water_mark: int
    end_upgrade: Callable[[Any], object]  # of a `Channel`
    on_linger: Callable[[], object]
    on_socket_gone: Callable[[], object]

    def __init__(self, server: Server) -> None:
        self.server = server
        self.closing = False
        self.trust: Trust | None = None
        self.lingering: set[Linger] = set()
