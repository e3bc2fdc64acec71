"""The sockets that the supervisor binds once, and all workers inherit: the queue of the system is common to them."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from writehead._server.doors import Door


class Doors:
    """All of them."""

    def __init__(self, doors: Sequence[Door]) -> None:
        self._doors = list(doors)

    @property
    def sockets(self) -> list[socket.socket]:
        """The sockets that every worker gets."""
        return [each.sock for each in self._doors]

    def close(self) -> None:
        """Close our copies, and remove the files that are still ours: clients are refused once no worker listens."""
        while self._doors:
            self._doors.pop().close()
