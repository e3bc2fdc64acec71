"""The drain of a process: the orderly end of all its servers, by a signal or because its supervisor wants it."""

from __future__ import annotations

import asyncio

from writehead._server import registry
from writehead._server.drain import Terms, drain


async def drain_all(
    *,
    delay: float = 0.0,
    idle_grace: float = 500.0,
    timeout: float = 30_000.0,
    reason: str = "",
    leave_queue: bool = False,
) -> None:
    """Drain every open server that `run()` waits for, and return when all are closed.

    Those that are draining already are joined: what this call wants earlier comes earlier.

    Args:
        delay: milliseconds in which connections are still accepted, and readiness says no.
        idle_grace: milliseconds, behind the delay, in which an idle connection may still bring a request.
        timeout: milliseconds, behind the delay, at which what is left is cut.
        reason: what the log and 'draining' say.
        leave_queue: whether connections that wait in the queue of the system are left to other processes.
    """
    begin(registry.open_servers(), Terms(delay, idle_grace, timeout, reason, leave_queue))
    await until_closed(registry.open_servers())


def begin(servers: list[registry.Open], terms: Terms) -> None:
    """Begin to drain servers of the running loop."""
    drain(servers, terms, asyncio.get_running_loop())


async def until_closed(servers: list[registry.Open]) -> None:
    """Return when servers are closed."""
    changed = asyncio.Event()
    registry.on_change(changed.set)
    try:
        while any(each in registry.every_open_server() for each in servers):
            changed.clear()
            await changed.wait()
    finally:
        registry.forget(changed.set)
