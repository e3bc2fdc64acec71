"""Accepting connections, and not accepting them while descriptors run out.

Law: who is connected comes first. Near the limit of descriptors new clients wait in the
system's queue. Left alone, uvloop accepts and cuts them, and asyncio tries again without
end; both say nothing that a reader of the log could use.

    plenty   uvloop accepts by itself: the fastest way, but as many between two looks as wait
    few      we accept, and look at the number of each descriptor
    none     nobody accepts; a look now and then
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket as system
import sys
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("writehead")

#: Descriptors that are left to those who are connected, and to the files they ask for.
RESERVE = 24

#: How many connections are accepted between two looks at the descriptors.
UNSEEN = 16

#: In a rush uvloop is given so many descriptors of the listening socket. It accepts one connection a turn on
#: each; with one alone a busy server goes to and fro between accepting and answering, and a short connection
#: costs it a sixth more. Outside a rush most would find nobody, which costs a lonely connection a quarter.
AT_ONCE = 8

#: It is a rush when so many wait in the system's queue, and over when on average fewer than so many do.
RUSH = 16
CALM = 4

#: Seconds after which a paused acceptor looks again.
RETRY = 0.1

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Factory = Callable[[], asyncio.BaseProtocol]


class Acceptor:
    """Accepts on one listening socket, and closes it."""

    __slots__ = (
        "_backlog",
        "_factory",
        "_loop",
        "_pressure",
        "_retry",
        "_serving",
        "_sock",
        "_tasks",
        "_unseen",
        "_warned",
    )

    def __init__(self, factory: Factory, sock: system.socket, backlog: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._factory = factory
        self._sock: system.socket | None = sock
        self._backlog = backlog
        self._serving: list[asyncio.AbstractServer] = []
        self._retry: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._unseen = 0
        self._pressure = 0.0  # how many have waited in the queue at the last looks
        self._warned = False

    def start(self) -> None:
        """Accept from now on."""
        sock = self._sock
        if sock is None:
            return
        sock.setblocking(False)
        # asyncio accepts in Python too, and drops what it has half accepted when it is stopped.
        if type(self._loop).__module__.startswith("uvloop") and self._has_plenty():
            self._keep(self._loop.create_task(self._let_loop_accept(sock)))
        else:
            self._loop.add_reader(sock, self._accept)

    def close(self) -> None:
        """Accept no more and give up the socket."""
        sock, self._sock = self._sock, None
        if self._retry is not None:
            self._retry.cancel()
        self._stop_serving()
        if sock is not None:
            self._loop.remove_reader(sock)
            sock.close()

    # -- plenty ----------------------------------------------------------------

    async def _let_loop_accept(self, sock: system.socket, descriptors: int = 1) -> None:
        if descriptors > 1 and not self._serving:
            return  # descriptors have become few meanwhile
        while self._sock is sock and len(self._serving) < descriptors:
            serving = await self._loop.create_server(self._make, sock=sock.dup(), backlog=self._backlog)
            self._serving.append(serving)
        if self._sock is None:
            self._stop_serving()

    def _stop_serving(self, but: int = 0) -> None:
        while len(self._serving) > but:
            self._serving.pop().close()

    def _make(self) -> asyncio.BaseProtocol:
        self._unseen += 1
        if self._unseen >= UNSEEN:
            self._unseen = 0
            self._loop.call_soon(self._look)
        return self._factory()

    def _look(self) -> None:
        """See whether descriptors run out, and whether there is a rush."""
        sock = self._sock
        if sock is None or not self._serving:
            return
        if not self._has_plenty():
            self._stop_serving()
            self.start()
            return
        waiting = _waiting(sock)
        self._pressure += (waiting - self._pressure) / 4
        if len(self._serving) > 1:
            if self._pressure < CALM:
                self._stop_serving(but=1)
        elif waiting >= RUSH:
            self._pressure = waiting
            self._keep(self._loop.create_task(self._let_loop_accept(sock, AT_ONCE)))

    def _has_plenty(self) -> bool:
        # Between two looks as many as wait in the queue may be accepted at once.
        return self._room() > self._backlog + 2 * UNSEEN + RESERVE

    # -- few -------------------------------------------------------------------

    def _accept(self) -> None:
        """Accept what waits, as long as there are descriptors."""
        limit = _limit()
        for _ in range(UNSEEN):
            if self._sock is None:
                return
            try:
                connection, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    logger.exception("a connection could not be accepted")
                self._pause()
                return
            self._take(connection)
            if connection.fileno() + RESERVE >= limit:
                self._pause()
                return
        self._unseen += 1
        if self._unseen >= UNSEEN:
            self._unseen = 0
            self._go_on()

    def _take(self, connection: system.socket) -> asyncio.Task[Any]:
        """Make a connection of an accepted socket."""
        connection.setblocking(False)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._factory, connection))
        self._keep(task)
        return task

    def take_waiting(self) -> list[asyncio.Task[Any]]:
        """Accept now those that wait in the system's queue: to close the socket would cut them.

        No more than the queue holds: a flood of new ones must not keep a stop waiting.
        """
        self._stop_serving()  # before the last look, for after it every moment counts
        taken: list[asyncio.Task[Any]] = []
        while self._sock is not None and len(taken) <= self._backlog and self._room() > RESERVE:
            try:
                connection, _ = self._sock.accept()
            except OSError:
                break
            taken.append(self._take(connection))
        return taken

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.debug("a connection was lost while it was accepted", exc_info=task.exception())

    def _go_on(self) -> None:
        """Choose again between the two ways of accepting."""
        if self._sock is not None:
            self._loop.remove_reader(self._sock)
            self.start()

    # -- none ------------------------------------------------------------------

    def _pause(self) -> None:
        assert self._sock is not None
        self._loop.remove_reader(self._sock)
        self._retry = self._loop.call_later(RETRY, self._try_again)
        if not self._warned:
            self._warned = True
            logger.warning(
                "almost out of file descriptors: new connections wait until some are free (see `ulimit -n`)"
            )

    def _try_again(self) -> None:
        if self._room() > RESERVE:
            self._retry = None
            self.start()
        else:
            self._retry = self._loop.call_later(RETRY, self._try_again)

    def _room(self) -> int:
        """Return how many descriptors are left above the lowest free one."""
        if self._sock is None:
            return 0
        try:
            lowest = os.dup(self._sock.fileno())
        except OSError:
            return 0
        os.close(lowest)
        return _limit() - lowest


def _waiting(sock: system.socket) -> int:
    """Return how many connections wait in the queue of a listening socket; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    try:
        info = sock.getsockopt(system.IPPROTO_TCP, system.TCP_INFO, 28)
    except OSError:  # not TCP
        return 0
    return int.from_bytes(info[24:28], sys.byteorder)  # tcpi_unacked; of a listening socket, its queue


def _limit() -> int:
    """Return how many descriptors this process may have."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    soft: int = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
