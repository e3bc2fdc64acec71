"""The protocols of a transport while no HTTP is parsed: for upgraded sockets, and for large bodies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from writehead._loop.buffered_reader import Feed
from writehead._loop.selector import once_taken, untie
from writehead._message.incoming import IncomingMessage
from writehead._net.socket import Socket, channel_of
from writehead.errors import ConnectionLostError

if TYPE_CHECKING:
    from writehead._connection.config import ConnectionConfig
    from writehead._connection.response_queue import ResponseQueue


class Upgraded(asyncio.Protocol):
    """The protocol of a connection whose socket HTTP has let go of; a subclass says what becomes of its data."""

    __slots__ = ("channel", "config", "socket")

    def __init__(self, socket: Socket, config: ConnectionConfig) -> None:
        self.socket = socket
        self.channel = channel_of(socket)
        self.config = config

    def pause_writing(self) -> None:
        self.channel.pause_writing()

    def resume_writing(self) -> None:
        once_taken(self.channel.transport, self.channel.ticks, self._resume_writing)

    def _resume_writing(self) -> None:
        self._in_tick(self.channel.resume_writing)

    def connection_lost(self, exc: BaseException | None) -> None:
        untie(self.channel.transport)
        self.config.on_socket_gone()
        self._in_tick(self.channel.connection_lost, exc)

    def _in_tick(self, function: Callable[..., object], *args: Any) -> None:
        ticks = self.channel.ticks
        holds = ticks.hold()
        try:
            function(*args)
        finally:
            if holds:
                ticks.run()


class Raw(Upgraded):
    """The protocol of a connection whose socket was handed to the program.

    Args:
        socket: the program's.
        config: of the server.
        request: what the socket was asked for by.
    """

    __slots__ = ("request",)

    def __init__(self, socket: Socket, config: ConnectionConfig, request: IncomingMessage) -> None:
        super().__init__(socket, config)
        self.request = request

    def connection_lost(self, exc: BaseException | None) -> None:
        self.config.upgraded.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._in_tick(self.channel.data_received, data)

    def eof_received(self) -> bool:
        self._in_tick(self.channel.eof_received)
        return True


class BodyFeed(Feed):
    """Reads large bodies into the shared buffer, and copies each read, as it may be kept."""

    __slots__ = ()

    def __init__(self, connection: ResponseQueue) -> None:
        super().__init__(connection, connection.ticks.buffer)

    def buffer_updated(self, nbytes: int) -> None:
        self._protocol.data_received(bytes(self._buffer[:nbytes]))


def behind_responses(socket: Socket, callback: Callable[[], object]) -> None:
    """Call `callback` when the responses to requests before an upgrade are sent: now, if there are none."""
    leftovers: Any = channel_of(socket).owner
    exchanges = [] if leftovers is None else leftovers.connection.exchanges()
    if exchanges:
        exchanges[-1].response._own_waiters().call_at("finish", lambda: behind_responses(socket, callback))
    else:
        callback()


class QueuedResponses:
    """The owner of an upgraded socket while responses to earlier requests are not sent."""

    __slots__ = ("connection",)

    waits_for_slice = False
    reads_request = False
    has_response = False

    def __init__(self, connection: ResponseQueue) -> None:
        self.connection = connection

    def count_close_listener(self, change: int, place: int) -> None:
        """Do nothing: all the listeners are the program's."""

    def fail_socket(self, error: BaseException) -> bool:
        return False

    def on_written_end(self) -> None:
        """Do nothing: what responses still write is refused."""

    def on_socket_drain(self) -> None:
        self.connection.on_socket_drain()

    def on_timeout_asked(self) -> None:
        """Do nothing: the idle time is the program's already."""

    def on_socket_timeout(self) -> bool:
        return True

    def on_socket_error(self, error: BaseException) -> None:
        """Do nothing: errors are the program's to handle."""

    def on_socket_close(self) -> int:
        """Abort no request, as in Node: each was complete before the upgrade; its response is notified."""
        current = self.connection.current
        for exchange in self.connection.exchanges():
            response: Any = exchange.response
            if response is not None:
                response.req._abort_signal(ConnectionLostError())
        return 0 if current is None else current.after_listeners

    def close_responses(self) -> None:
        self.connection.close_responses()

    def on_socket_resume(self) -> None:
        self.connection.channel.resume_reading()
