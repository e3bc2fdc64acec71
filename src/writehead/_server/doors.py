"""More than one address: the sockets that a server accepts on beside its first."""

from __future__ import annotations

import asyncio
import socket as system
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from writehead._server.acceptor import Acceptor, Factory
from writehead._server.listen_target import BACKLOG
from writehead._server.polite import make_acceptor
from writehead._server.socket_file import SocketFile


class Door(NamedTuple):
    """A socket that is bound."""

    sock: system.socket
    file: SocketFile | None = None  # that of a Unix socket, if it was made for the server
    backlog: int = BACKLOG

    def close(self) -> None:
        """Close the socket, and remove its file."""
        self.sock.close()
        if self.file is not None:
            self.file.remove()


class Acceptors:
    """The acceptors of all addresses, which start and stop as one."""

    __slots__ = ("_acceptors",)

    def __init__(self, acceptors: Sequence[Acceptor]) -> None:
        self._acceptors = acceptors

    def ask_for_room(self, has_room: Callable[[int], bool]) -> None:
        """Accept a connection only where there is room for it."""
        for each in self._acceptors:
            each.ask_for_room(has_room)

    def start(self) -> None:
        """Begin to accept connections."""
        for each in self._acceptors:
            each.start()

    def close(self) -> None:
        """Stop accepting, and close the sockets."""
        for each in self._acceptors:
            each.close()

    def take_waiting(self) -> list[asyncio.Task[Any]]:
        """Accept the connections that wait in the system's queues."""
        return [task for each in self._acceptors for task in each.take_waiting()]


def accept_on(
    factory: Factory, sock: system.socket, backlog: int, more: Sequence[Door]
) -> Acceptor | Acceptors:
    """Return what accepts on a socket, and on more of them.

    Args:
        factory: makes the protocol of a connection.
        sock: the first.
        backlog: its backlog.
        more: the others.
    """
    first = make_acceptor(factory, sock, backlog)
    if not more:
        return first
    return Acceptors([first, *(make_acceptor(factory, each.sock, each.backlog) for each in more)])
