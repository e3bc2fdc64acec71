"""Connections that the program gives to a server: `server.emit("connection", stream)`.

    socket.socket   the loop makes a transport of it -> served like an accepted connection
    a transport     gets the library's protocol      -> served like an accepted connection
    Socket          from 'upgrade' or 'connect': data that was read from it already comes first

Invariant: a stream has one reader. From now on that is the server; otherwise the stream is refused at once.
"""

from __future__ import annotations

import asyncio
import logging
import socket as system
import ssl
from collections.abc import Callable
from typing import Any, Protocol

from writehead._connection.config import ConnectionConfig
from writehead._connection.http1 import Connection
from writehead._connection.upgraded import Raw, behind_responses
from writehead._loop.buffered_reader import Feed
from writehead._loop.ticks import later, tick_queue
from writehead._net.channel import Channel
from writehead._net.linger import Linger
from writehead._net.socket import Socket
from writehead._tls.handshake import Handshake, HandshakeConfig
from writehead._tls.transport import TLSTransport
from writehead.errors import InvalidArgTypeError, InvalidArgValueError

logger = logging.getLogger("writehead")

_SERVED = "is served already: a Socket can be given only after 'upgrade' or 'connect' has passed it on"

#: The attributes by which a transport is recognized: those of uvloop are no `asyncio.Transport`.
_TRANSPORT = ("get_protocol", "is_closing", "resume_reading", "set_protocol", "write")


class Given(Protocol):
    """A protocol that can also begin on a Socket."""

    def begin_on(self, socket: Socket, raw: Raw) -> None: ...


class GivenConnection(Connection):
    """An HTTP connection on a given stream; `max_connections` does not apply to it (Node)."""

    __slots__ = ("_end_waits", "_in_tick")

    given = True

    def __init__(self, config: ConnectionConfig) -> None:
        super().__init__(config)
        self._end_waits = False  # the peer's FIN was read before, and comes after the data that waits
        self._in_tick = False  # data that was read before is served in one tick (Node)

    def begin_on(self, socket: Socket, raw: Raw) -> None:
        """Begin on a Socket that another server has passed on."""
        rest = socket._take_unread()
        channel = raw.channel
        channel.pause_reading()
        transport = socket.transport
        transport.set_protocol(self)
        _open(self._config, channel)
        channel.pass_to(self._config, self)
        self.connection_made(transport, socket)
        raw.config.upgraded.discard(raw)
        raw.config.on_socket_gone()
        self.ticks.later(self._begin_reading, rest)

    def _begin_reading(self, rest: bytes) -> None:
        socket, channel = self.socket, self.channel
        if channel.fate:
            return
        channel.resume_reading()
        if not socket._let_http_end():  # the client can send no request
            self._closed_input = True
            self._end_behind_input()
            return
        self._end_waits = channel.peer_ended
        if rest:
            channel.bytes_read -= len(rest)  # they were counted when they were read
            self._in_tick = True
            try:
                self.data_received(rest)
            finally:
                self._in_tick = False
        self._look_at_end()

    def _run_ticks(self) -> None:
        if not self._in_tick:
            super()._run_ticks()

    def _read_on(self) -> None:
        super()._read_on()
        if self._end_waits:
            self.ticks.later(self._look_at_end)

    def _look_at_end(self) -> None:
        if self._end_waits and self._backlog is None and not self.channel.reading_paused:
            self._end_waits = False
            self.eof_received()


class GivenHandshake(Handshake):
    """The TLS handshake on a given stream."""

    __slots__ = ("_connections",)

    given = True

    def __init__(self, config: HandshakeConfig, connections: ConnectionConfig) -> None:
        super().__init__(config)
        self._connections = connections

    def begin_on(self, socket: Socket, raw: Raw) -> None:
        """Begin when all plain data that was written has been sent."""
        socket.write(b"", callback=lambda error=None: None if error else self._begin_on(socket, raw))

    def _begin_on(self, socket: Socket, raw: Raw) -> None:
        channel = raw.channel
        if channel.fate:
            return
        rest = socket._take_unread()
        transport = socket.transport
        self.raw_channel = channel
        _open(self._connections, channel)
        transport.set_protocol(self)
        self.connection_made(transport)
        raw.config.upgraded.discard(raw)
        raw.config.on_socket_gone()
        channel.resume_reading()
        if rest:
            self.data_received(rest)
        if channel.peer_ended and not self.eof_received():
            transport.close()


def give(config: ConnectionConfig, stream: Any, make: Callable[[], Any]) -> None:
    """Serve `stream` with the protocol that `make` returns: a `GivenConnection`, or a `GivenHandshake`.

    Raises:
        InvalidArgTypeError: `stream` is of a type that cannot be served.
        InvalidArgValueError: it listens, or is served or read already.
    """
    raw = _checked(stream)
    if isinstance(stream, Socket) and stream.destroyed:
        return  # a client may leave at any time
    if raw is not None:
        behind_responses(raw.socket, lambda: _begin_on(raw, make))
        return
    begin = _accept if isinstance(stream, system.socket) else _take
    if tick_queue().loop is None:
        config.hold()  # `run()` must not end before it is served
        later(begin, config, stream, make)
    else:
        begin(config, stream, make)


def _checked(stream: Any) -> Raw | None:
    """Return the upgraded connection of `stream` if that is a Socket or the transport of one; check any other."""
    if isinstance(stream, Socket):
        transport: Any = stream.transport
        if transport is None:
            raise InvalidArgValueError("stream", stream, "has no connection")
        protocol = transport.get_protocol()
        if not isinstance(protocol, Raw) and not stream.destroyed:
            raise InvalidArgValueError("stream", stream, _SERVED)
    elif isinstance(stream, system.socket):
        if stream.fileno() < 0:
            raise InvalidArgValueError("stream", stream, "is closed")
        if isinstance(stream, ssl.SSLSocket) or stream.type != system.SOCK_STREAM:
            raise InvalidArgTypeError("stream", "a plain socket of type SOCK_STREAM", stream)
        if _listens(stream):
            raise InvalidArgValueError(
                "stream", stream, "listens: give it to listen(), or one that it accepts"
            )
        return None
    elif all(hasattr(stream, each) for each in _TRANSPORT):
        protocol = stream.get_protocol()
        if isinstance(protocol, (Connection, Handshake, Feed, Linger, TLSTransport)):
            raise InvalidArgValueError("stream", stream, _SERVED)
    else:
        expected = "an instance of Socket, socket.socket or asyncio.Transport"
        if isinstance(stream, asyncio.StreamWriter):
            expected += (
                " (such as the `transport` of the StreamWriter, before anything was read from its reader)"
            )
        raise InvalidArgTypeError("stream", expected, stream)
    if not isinstance(protocol, Raw):
        return None
    if protocol.socket._waiter is not None:
        raise InvalidArgValueError("stream", stream, "is read by `async for`")
    return protocol


def _listens(stream: system.socket) -> bool:
    try:
        return bool(stream.getsockopt(system.SOL_SOCKET, system.SO_ACCEPTCONN))
    except OSError:  # the system has no SO_ACCEPTCONN
        return False


def _begin_on(raw: Raw, make: Callable[[], Given]) -> None:
    if not raw.channel.fate:
        make().begin_on(raw.socket, raw)


def _accept(
    config: ConnectionConfig, stream: system.socket, make: Callable[[], asyncio.BaseProtocol]
) -> None:
    loop = asyncio.get_running_loop()
    config.open_by_hand(None)
    stream.setblocking(False)
    task = tick_queue().outside(loop.create_task, loop.connect_accepted_socket(make, stream))
    config.arriving.add(task)

    def done(task: asyncio.Task[Any]) -> None:
        config.arriving.discard(task)
        if not task.cancelled() and task.exception() is not None:
            stream.close()
            logger.debug("a connection was lost before it could be served", exc_info=task.exception())
        config.close_if_drained()

    task.add_done_callback(done)


def _take(config: ConnectionConfig, transport: Any, make: Callable[[], Any]) -> None:
    config.open_by_hand(None)
    if transport.is_closing():
        config.close_if_drained()
        return
    protocol = make()
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    if not transport.is_reading():
        tick_queue().outside(transport.resume_reading)


def _open(config: ConnectionConfig, channel: Channel) -> None:
    """Open the server for a Socket, whose clock the server follows if it has none."""
    timers = channel.timers
    config.open_by_hand(None if timers is None else timers.clock)
