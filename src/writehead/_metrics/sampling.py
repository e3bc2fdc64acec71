"""Sampling: what the connections of a process do as of now, and the bytes that they have carried.

Bytes are counted by each connection; nothing is added up per request. A connection that has ended is added to a sum at
the next look.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from writehead._connection.http1 import Connection
from writehead._http1.exchange import HEAD_SENT
from writehead._metrics.layout import (
    ACCEPTED,
    ACTIVE,
    CONNECTIONS,
    DROPPED,
    METHODS,
    RECEIVED,
    SCHEMES,
    SENT,
    STATES,
)
from writehead._net.channel import Channel
from writehead._semantics.record import Notes
from writehead._semantics.targets import split_target
from writehead._streams.stages import CLOSED

#: How many of the slowest are named.
SLOWEST = 10

IDLE, READING, WAITING, WRITING, UPGRADED, ENDLESS = range(len(STATES))
_METHODS = {method: number for number, method in enumerate(METHODS)}
_OTHER = _METHODS["_OTHER"]
_OF_TLS = len(METHODS)


class Sampler:
    """Knows the connections of the servers that it watches."""

    def __init__(self) -> None:
        self._channels: list[Channel] = []
        self._received = 0  # of connections that have ended, as the next
        self._sent = 0
        self.accepted = 0  #: connections
        self.in_flight = 0  #: requests under way at the last look
        self.dropped = 0  #: of these, those that were closed at once

    def watch(self, server: Any) -> None:
        """Count the connections of a server from now on."""
        config = server._config
        handshakes = getattr(server, "_handshake", None)  # of https
        counted = config if handshakes is None else handshakes
        self._count_accepted(counted)
        self._keep_channels(config)

    def _count_accepted(self, config: Any) -> None:
        before = config.on_accept

        def on_accept(connection: Any) -> bool:
            self.accepted += 1
            if before(connection):
                return True
            self.dropped += 1
            return False

        config.on_accept = on_accept

    def _keep_channels(self, config: Any) -> None:
        before = config.on_accept

        def on_accept(connection: Any) -> bool:
            self._channels.append(connection.channel)
            return bool(before(connection))

        config.on_accept = on_accept

    def flush(self, area: memoryview) -> None:
        """Look at all connections, and write what they do and have carried."""
        states = [0] * len(STATES)
        active = [0] * (len(METHODS) * len(SCHEMES))
        received, sent = self._received, self._sent
        open_ones = []
        for channel in self._channels:
            if channel.fate is CLOSED:
                self._received += channel.bytes_read
                self._sent += channel.bytes_passed
                received += channel.bytes_read
                sent += channel.bytes_passed
                continue
            open_ones.append(channel)
            received += channel.bytes_read
            sent += channel.bytes_passed
            owner: Any = channel.owner
            if channel.fate:
                continue  # it is ending
            if type(owner) is not Connection:
                states[UPGRADED] += 1
            elif owner.current is None:
                states[READING if _has_begun(owner) else IDLE] += 1
            else:
                states[_state(owner)] += 1
                for method in _methods(owner):
                    scheme = 0 if channel.transport.get_extra_info("ssl_object") is None else _OF_TLS
                    active[scheme + _METHODS.get(method, _OTHER)] += 1
        self._channels = open_ones
        self.in_flight = sum(active)
        words: memoryview[int] = area.cast("q")
        words[RECEIVED], words[SENT] = received, sent
        words[ACCEPTED], words[DROPPED] = self.accepted, self.dropped
        for at, count in enumerate(states, CONNECTIONS):
            words[at] = count
        for at, count in enumerate(active, ACTIVE):
            words[at] = count

    def slowest(self) -> list[Slow]:
        """Return the exchanges under way that take longest, the longest first."""
        found = []
        for channel in self._channels:
            owner: Any = channel.owner
            if type(owner) is Connection and not channel.fate:
                now = owner._config.record_clock()
                found += [(now - each.began, each) for each in owner.exchanges() if each.began is not None]
        found.sort(key=lambda pair: pair[0], reverse=True)
        return [_slow(age, notes) for age, notes in found[:SLOWEST]]


class Slow(NamedTuple):
    """An exchange under way: `path` is without the query, `age` is seconds."""

    method: str
    path: str
    age: float
    client: str


def _slow(age: float, notes: Notes) -> Slow:
    head = notes.head
    method = "" if head is None else head.method
    path = b"" if head is None else split_target(head.target)[0]
    return Slow(method, path.decode("latin-1"), round(age, 3), notes.peer.address or "")


def _has_begun(connection: Connection) -> bool:
    """Tell whether a request has begun to come on a connection without a response under way."""
    if connection._used:
        return connection._start is not None
    parser = connection._parser
    return parser is not None and parser.mid_message


def _state(connection: Connection) -> int:
    """Return what a connection with a response under way does."""
    exchange = connection.current
    assert exchange is not None
    if exchange.stage >= HEAD_SENT:
        return ENDLESS if getattr(exchange.response, "_is_endless", False) else WRITING
    return READING if connection._incoming is not None else WAITING


def _methods(connection: Connection) -> Iterator[str]:
    """Yield the methods of the requests under way."""
    for exchange in connection.exchanges():
        response: Any = exchange.response
        request = None if response is None else response.req
        if request is not None:
            yield request.method
