"""Accepting beside other processes on one socket: a worker does not take what is another's share.

The system wakes every worker that waits, and the one that is quickest, or was awake, would take all. So a polite one
accepts one connection a turn of its loop, and leaves the queue alone while it has more connections than the others:

    look -> take one                         it has its share or less, or the queue has waited WAITED
         -> leave it for PAUSE, look again   it has more, or its turns are long

Manners cost more than they are worth where connections live short, as then none has a share that would last. So the
quick way of `Acceptor` is taken while most connections that were looked at have ended within SHORT.
"""

from __future__ import annotations

import asyncio
import select
import socket as system
import time
from typing import Any

from writehead._server import acceptor
from writehead._server.acceptor import Acceptor, Factory
from writehead._server.neighbours import Neighbours

#: Seconds for which the queue is left to others,
PAUSE = 0.001

#: after which what is in it has waited too long for manners,
WAITED = 0.005

#: and that a turn of the loop may take in a worker that is not busy.
LONG_TURN = 0.005

#: A connection that has ended within so many seconds is short. So many are looked at together; fewer than FEW are no load.
SHORT = 0.1
LOOKED_AT = 64
FEW = 16

_neighbours: Neighbours | None = None


def join(neighbours: Neighbours) -> None:
    """Let the servers of this process share their sockets with other processes."""
    global _neighbours
    _neighbours = neighbours


def make_acceptor(factory: Factory, sock: system.socket, backlog: int) -> Acceptor:
    """Return an acceptor: a polite one where there are others."""
    if _neighbours is None:
        return Acceptor(factory, sock, backlog)
    return PoliteAcceptor(factory, sock, backlog, _neighbours)


class PoliteAcceptor(Acceptor):
    """Accepts connections on a socket that other processes accept on, too."""

    __slots__ = ("_batch", "_left_at", "_neighbours", "_poll", "_quick", "_turn", "_turn_at")

    def __init__(self, factory: Factory, sock: system.socket, backlog: int, neighbours: Neighbours) -> None:
        super().__init__(factory, sock, backlog)
        self._neighbours = neighbours
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._left_at: float | None = None  # since when the queue has been left alone
        self._turn = self._turn_at = 0.0  # how long a turn took, and when
        self._quick = False
        self._batch: list[Any] = []  # the connections that are looked at

    def start(self) -> None:
        """Begin to accept connections."""
        if self._quick:
            super().start()
        elif self._sock is not None:
            self._sock.setblocking(False)
            self._loop.add_reader(self._sock, self._look_at_queue)

    # -- one a turn --------------------------------------------------------------

    def _look_at_queue(self) -> None:
        now = time.monotonic()
        self._loop.call_soon(self._measure_turn, now)
        overdue = self._left_at is not None and now - self._left_at >= WAITED
        if self._is_anothers(now) and not overdue:
            self._leave(now)
            return
        sock = self._sock
        assert sock is not None
        if self._waits_for_room():
            return
        try:
            connection, _ = sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            self._left_at = None
            return  # another was quicker
        except OSError as error:
            self._on_refused(error)
            return
        self._take(connection)
        if connection.fileno() + acceptor.RESERVE >= acceptor._limit():
            self._pause()
        elif overdue:
            self._leave(now)  # taken out of turn: others may still come
        else:
            self._left_at = None

    def _is_anothers(self, now: float) -> bool:
        """Tell whether others are to take what waits."""
        mine = self._neighbours.publish() + len(self._tasks)
        if self._turn > LONG_TURN and now - self._turn_at < SHORT:
            return True
        return mine >= self._neighbours.fair_share()

    def _measure_turn(self, began: float) -> None:
        self._turn_at = now = time.monotonic()
        self._turn = now - began

    def _leave(self, now: float) -> None:
        """Leave the queue to others for a moment."""
        assert self._sock is not None
        if self._left_at is None:
            self._left_at = now
        self._loop.remove_reader(self._sock)
        self._retry = self._loop.call_later(PAUSE, self._look_again)

    def _look_again(self) -> None:
        self._retry = None
        self.start()
        if self._quick or self._sock is None:
            return
        if self._poll.poll(0):
            self._look_at_queue()
        else:
            self._left_at = None

    # -- short connections ---------------------------------------------------------

    def _make(self) -> asyncio.BaseProtocol:
        made = super()._make()
        self._watch(made)
        return made

    def _take(self, connection: system.socket) -> asyncio.Task[Any]:
        """Make a connection of an accepted socket."""
        connection.setblocking(False)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._make_watched, connection))
        self._keep(task)
        return task

    def _make_watched(self) -> asyncio.BaseProtocol:
        made = self._factory()
        self._watch(made)
        return made

    def _watch(self, made: Any) -> None:
        """Note a new connection; SHORT later it is looked at whether those that were noted have ended."""
        batch = self._batch
        if len(batch) < LOOKED_AT:
            if not batch:
                self._loop.call_later(SHORT, self._judge_batch)
            batch.append(made)

    def _judge_batch(self) -> None:
        batch, self._batch = self._batch, []
        if self._sock is None:
            return
        ended = sum(map(_has_ended, batch))
        quick = len(batch) >= FEW and ended * 2 > len(batch)
        if quick is not self._quick:
            self._change(quick)

    def _change(self, quick: bool) -> None:
        """Change between the quick way and the polite one."""
        sock = self._sock
        assert sock is not None
        self._quick = quick
        self._left_at = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        self._loop.remove_reader(sock)
        self._stop_serving()
        self.start()


def _has_ended(connection: Any) -> bool:
    """Tell whether a connection, or its handshake, is over."""
    channel = getattr(connection, "channel", None)
    transport = getattr(connection, "raw", None) if channel is None else channel.transport
    return transport is None or transport.is_closing()
