"""The sockets that the supervisor binds once, and all workers inherit: the queue of the system is common to them."""

from __future__ import annotations

import socket

from writehead._server.socket_file import SocketFile


class Door:
    """A listening address.

    Args:
        sock: its socket, bound.
        file: the file of a Unix socket, if it was made here.
    """

    def __init__(self, sock: socket.socket, file: SocketFile | None = None) -> None:
        self.sock = sock
        self.file = file

    def close(self) -> None:
        """Close our copy, and remove the file if it is still ours: new clients are refused once no worker listens."""
        self.sock.close()
        if self.file is not None:
            self.file.remove()


class Doors:
    """All of them."""

    def __init__(self, doors: list[Door]) -> None:
        self._doors = doors

    @property
    def sockets(self) -> list[socket.socket]:
        """The sockets that every worker gets."""
        return [each.sock for each in self._doors]

    def close(self) -> None:
        """Close all."""
        while self._doors:
            self._doors.pop().close()
