"""The state of a connection that speaks HTTP/1: what it keeps between one read and the next."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from writehead._connection.backlog import Backlog
from writehead._connection.config import ConnectionConfig
from writehead._http1.exchange import Http1Exchange
from writehead._http1.parser import RequestParser
from writehead._http1.parser_pool import ParserPool
from writehead._loop.ticks import TickQueue
from writehead._message.incoming import IncomingMessage
from writehead._net.channel import Channel
from writehead._net.socket import Socket
from writehead._semantics.record import Notes, Peer


class ConnectionReadState(asyncio.Protocol):
    """What every read needs of a connection, side by side in memory (see `channel_state.ChannelReadState`)."""

    __slots__ = (
        "_backlog",
        "_closed_input",
        "_config",
        "_incoming",
        "_keep_alive_set",
        "_parser",
        "_parsers",
        "_queue",
        "_start",
        "_used",
        "channel",
        "current",
        "socket",
        "ticks",
    )

    channel: Channel
    socket: Socket
    ticks: TickQueue
    _parsers: ParserPool


class Progress:
    """How far a body and a response had come when they last made progress, and when that was."""

    __slots__ = ("received", "received_since", "unsent", "unsent_since")

    def __init__(self) -> None:
        self.received = -1  # bytes; -1: none is awaited
        self.received_since = 0.0
        self.unsent = -1
        self.unsent_since = 0.0


class ConnectionState(ConnectionReadState):
    """The state of a connection that speaks HTTP/1; see `Connection`."""

    __slots__ = (
        "__weakref__",
        "_body_size",
        "_counted_requests",
        "_error_told",
        "_feeding",
        "_first_at",
        "_head_complete",
        "_pending_error",
        "_queued_bytes",
        "_progress",
        "_read_paused",
        "_reading",
        "_refused",
        "peer",
        "place",
    )

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._backlog: Backlog | None = None  # the part of a read that waits for its slice
        self._parser: RequestParser | None = None
        self.current: Http1Exchange | None = None
        self._queue: deque[Http1Exchange] | None = None
        self._incoming: IncomingMessage | None = None
        self._queued_bytes = 0  # bytes that wait in queued exchanges
        self._used = False  # a request has begun
        self._start: float | None = None  # when the message under way began; None: idle
        self._head_complete = False
        self._keep_alive_set = False
        self._read_paused = False
        self._closed_input = False  # what still comes is ignored
        self._error_told = False
        self._feeding = False  # reads come by a BodyFeed
        self._pending_error: tuple[bytes, BaseException] | None = None
        self._progress: Progress | None = None  # at the last look, if there was one
        self._body_size = 0  # bytes of the body under way, if there is a limit
        self._counted_requests = 0  # of HTTP/1.1, for max_requests_per_socket
        # Of notes, where anybody takes records; see `Recording`.
        self.peer: Peer | None = None
        self._first_at: float | None = None  # when the first byte of the message under way came; None: now
        self._reading: Notes | None = None  # those of the request whose body comes
        self._refused: Notes | None = (
            None  # those of a request without an exchange, whose error response is due
        )
        self.place: Any = None  # what a guest of the server knows of the connection

    def exchanges(self) -> list[Http1Exchange]:
        exchanges = [] if self.current is None else [self.current]
        return exchanges + list(self._queue or ())
