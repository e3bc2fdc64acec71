"""What a transport talks to while no HTTP is parsed: upgraded sockets, and large bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from writehead._loop.buffered_reader import Feed
from writehead._loop.selector import once_taken, untie
from writehead._net.socket import Socket
from writehead.errors import ConnectionLostError

if TYPE_CHECKING:
    from writehead._connection.config import ConnectionConfig
    from writehead._connection.response_queue import Line


class Raw(asyncio.Protocol):
    """Feeds a socket that HTTP has given up."""

    __slots__ = ("config", "socket")

    def __init__(self, socket: Socket, config: ConnectionConfig) -> None:
        self.socket = socket
        self.config = config

    def data_received(self, data: bytes) -> None:
        self._in_turn(self.socket.data_received, data)

    def eof_received(self) -> bool:
        self._in_turn(self.socket.eof_received)
        return True

    def pause_writing(self) -> None:
        self.socket.pause_writing()

    def resume_writing(self) -> None:
        once_taken(self.socket._transport, self.socket._turns, self._resume_writing)

    def _resume_writing(self) -> None:
        self._in_turn(self.socket.resume_writing)

    def connection_lost(self, exc: BaseException | None) -> None:
        untie(self.socket._transport)
        self.config.on_socket_gone()
        self._in_turn(self.socket.connection_lost, exc)

    def _in_turn(self, function: Callable[..., object], *args: Any) -> None:
        turns = self.socket._turns
        mine = turns.hold()
        try:
            function(*args)
        finally:
            if mine:
                turns.run()


class BodyFeed(Feed):
    """Reads for a connection whose client sends large packets, which may be kept: each is copied."""

    __slots__ = ()

    def __init__(self, connection: Line) -> None:
        super().__init__(connection, connection.turns.buffer)

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.data_received(bytes(self._buffer[:nbytes]))


class Leftovers:
    """Owns what is left of HTTP on an upgraded socket: responses of earlier requests."""

    __slots__ = ("connection",)

    _waits_for_turn = False

    def __init__(self, connection: Line) -> None:
        self.connection = connection

    def _on_socket_drain(self) -> None:
        self.connection._on_socket_drain()

    def _on_timeout_asked(self) -> None:
        """The clock is the user's already."""

    def _on_socket_timeout(self) -> bool:
        return True

    def _on_socket_error(self, error: BaseException) -> None:
        """The user owns the errors now."""

    def _on_socket_close(self) -> int:
        """Tell no request, as in Node: each was read whole before the upgrade, and its response is told."""
        current = self.connection._current
        for exchange in self.connection._exchanges():
            response: Any = exchange.response
            if response is not None and response.req._signal is not None:
                response.req._signal._abort(ConnectionLostError())
        return 0 if current is None else current.after_listeners

    def _close_responses(self) -> None:
        self.connection._close_responses()

    def _on_socket_resume(self) -> None:
        self.connection.socket._resume_transport()
