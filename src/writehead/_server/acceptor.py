"""Accepting connections, and pausing while file descriptors run out.

Invariant: open connections come first. Near the limit of descriptors new clients wait in the
system's queue. Left alone, uvloop accepts and closes them, and asyncio tries again without
end; neither logs anything useful.

    plenty   uvloop accepts by itself: fastest, but between two checks it accepts all that wait
    few      the acceptor calls accept(), and checks the number of each descriptor
    none     accepting is paused, and checked every RETRY seconds
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import select
import socket as system
import sys
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("writehead")

#: Descriptors kept free for open connections and the files that are sent to them.
RESERVE = 24

#: How many connections are accepted between two checks of the descriptors.
UNSEEN = 16

#: Under load uvloop gets this many descriptors of the listening socket. It accepts one connection a round on
#: each; with one descriptor a busy server alternates between accepting and responding, and a short connection
#: costs a sixth more. Without load most of them find nothing to accept: a single connection costs a quarter more.
AT_ONCE = 8

#: Load begins when RUSH connections wait in the system's queue, and ends when fewer than CALM do on average.
RUSH = 16
CALM = 4

#: Seconds after which a paused acceptor checks again,
RETRY = 0.1

#: and one that has no room for more connections.
FULL = 0.01

_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Factory = Callable[[], asyncio.BaseProtocol]


class Acceptor:
    """Accepts connections on one listening socket, and closes it."""

    __slots__ = (
        "_backlog",
        "_factory",
        "_loop",
        "_pressure",
        "_has_room",
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
        self._pressure = 0.0  # moving average of how many connections wait in the queue
        self._warned = False
        self._has_room: Callable[[int], bool] | None = None

    def ask_for_room(self, has_room: Callable[[int], bool]) -> None:
        """Accept a connection only where there is room for it, beside so many that are being accepted."""
        self._has_room = has_room

    def start(self) -> None:
        """Begin to accept connections."""
        sock = self._sock
        if sock is None:
            return
        sock.setblocking(False)
        # asyncio accepts in Python too, and when stopped drops connections that it has half accepted.
        by_itself = type(self._loop).__module__.startswith("uvloop") and self._has_room is None
        if by_itself and self._has_plenty():
            self._keep(self._loop.create_task(self._let_loop_accept(sock)))
        else:
            self._loop.add_reader(sock, self._accept)

    def close(self) -> None:
        """Stop accepting and close the socket."""
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
            return  # descriptors ran low meanwhile
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
        """Check whether descriptors run out, and whether load begins or ends."""
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
        # Between two checks all connections that wait in the queue may be accepted at once.
        return self._room() > self._backlog + 2 * UNSEEN + RESERVE

    # -- few -------------------------------------------------------------------

    def _accept(self) -> None:
        """Accept waiting connections while there are descriptors."""
        limit = _limit()
        for _ in range(UNSEEN):
            if self._sock is None or self._waits_for_room():
                return
            try:
                connection, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._on_refused(error)
                return
            self._take(connection)
            if connection.fileno() + RESERVE >= limit:
                self._pause()
                return
        self._unseen += 1
        if self._unseen >= UNSEEN:
            self._unseen = 0
            self._go_on()

    def _on_refused(self, error: OSError) -> None:
        """Pause: the system refuses to accept."""
        if error.errno not in _EXHAUSTED:
            logger.error("a connection could not be accepted", exc_info=error)
        self._pause()

    def _take(self, connection: system.socket) -> asyncio.Task[Any]:
        """Make a connection of an accepted socket."""
        connection.setblocking(False)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._factory, connection))
        self._keep(task)
        return task

    def take_waiting(self) -> list[asyncio.Task[Any]]:
        """Accept the connections that wait in the system's queue, which closing the socket would reset.

        At most as many as the queue holds: a flood of new clients must not delay a stop.
        """
        self._stop_serving()  # first: a connection that arrives after the last accept() is reset
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
        """Choose again whether uvloop or the acceptor accepts."""
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

    def _waits_for_room(self) -> bool:
        """Tell whether there is no room for a connection; then it is looked for again in a moment."""
        if self._has_room is None or self._sock is None:
            return False
        if not _has_waiting(self._sock) or self._has_room(len(self._tasks)):
            return False
        self._loop.remove_reader(self._sock)
        self._retry = self._loop.call_later(FULL, self._try_again)
        return True

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


def _has_waiting(sock: system.socket) -> bool:
    """Tell whether a connection waits in the queue of a listening socket."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _waiting(sock: system.socket) -> int:
    """Return how many connections wait in the queue of a listening socket; 0 where that is unknown."""
    if sys.platform != "linux":
        return 0
    try:
        info = sock.getsockopt(system.IPPROTO_TCP, system.TCP_INFO, 28)
    except OSError:  # not TCP
        return 0
    return int.from_bytes(info[24:28], sys.byteorder)  # tcpi_unacked: here, the queue length


def _limit() -> int:
    """Return how many descriptors this process may have."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    soft: int = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
