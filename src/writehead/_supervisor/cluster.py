"""The sockets that scripts ask for: `listen` in a worker gets one that the supervisor has bound, as in Node's cluster.

The first worker that asks for an address has it bound, the others get the same. A worker that listens twice at one
address asks for a second one, which is an error of the system, as in a single process, or for port 0 another port.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from writehead._server.bind import bind_here
from writehead._server.doors import Door
from writehead._server.listen_target import Target
from writehead.errors import SystemCallError

#: What of a target makes its socket another's.
WANTED = ("port", "path", "ipv6_only", "readable_all", "writable_all", "reuse_port")


class Cluster:
    """The sockets that were bound for scripts, by what was asked for."""

    def __init__(self) -> None:
        self._doors: dict[tuple[Any, ...], Door] = {}
        self._closed = False

    def bound(self, facts: Mapping[str, Any]) -> socket.socket:
        """Return the socket for what a worker asks for.

        Raises:
            SystemCallError: it cannot be bound.
        """
        key = tuple(sorted(facts.items()))
        door = self._doors.get(key)
        if door is None:
            if self._closed:
                raise SystemCallError("EINVAL", "listen")
            door = self._doors[key] = _bind(facts)
        return door.sock

    def close(self) -> None:
        """Close all of them, and remove their files."""
        self._closed = True
        while self._doors:
            self._doors.popitem()[1].close()


def _bind(facts: Mapping[str, Any]) -> Door:
    target = Target()
    target.deferred = True
    target.backlog = facts["backlog"]
    for name in WANTED:
        setattr(target, name, facts[name])
    return Door(bind_here(target, facts["address"]), target.file, target.backlog)


def failure(error: SystemCallError) -> dict[str, Any]:
    """Return an error as a worker can raise it again."""
    return {"code": error.code, "syscall": error.syscall, "address": error.address, "port": error.port}
