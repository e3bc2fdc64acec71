"""`listen` of a script: the supervisor binds, the worker accepts."""

from __future__ import annotations

import socket

from writehead._server.listen_target import Target
from writehead._shared.channel import Channel
from writehead._supervisor.cluster import WANTED
from writehead.errors import SystemCallError


class Shared:
    """Asks the supervisor for sockets, and waits for them: `listen` has bound when it returns."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._bound: dict[tuple[object, ...], list[socket.socket]] = {}

    def bind(self, target: Target, address: str | None) -> socket.socket:
        """Return a socket for a target.

        Raises:
            SystemCallError: the supervisor cannot bind it.
        """
        wanted = {name: getattr(target, name) for name in WANTED}
        key = (address, *wanted.values())
        bound = [each for each in self._bound.get(key, ()) if each.fileno() >= 0]
        self._channel.send("bind", address=address, backlog=target.backlog, place=len(bound), **wanted)
        reply = self._channel.wait("bound")
        if reply is None:
            raise SystemCallError("EINVAL", "listen")
        if not reply.descriptors:
            raise SystemCallError(*(reply.facts[each] for each in ("code", "syscall", "address", "port")))
        sock = socket.socket(fileno=reply.descriptors[0])
        sock.setblocking(False)
        self._bound[key] = [*bound, sock]
        return sock
