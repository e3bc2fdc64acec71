"""The drain of a process: the orderly end of all its servers, by a signal or because its supervisor wants it."""

from __future__ import annotations

import asyncio

from writehead._server import registry


async def drain_all(
    *,
    delay: float = 0.0,
    idle_grace: float = 500.0,
    timeout: float = 30_000.0,
    reason: str = "",
    leave_queue: bool = False,
) -> None:
    """Drain every open server that `run()` waits for, and return when all are closed.

    Args:
        delay: milliseconds in which connections are still accepted, and readiness says no.
        idle_grace: milliseconds in which an idle connection may still bring a request.
        timeout: milliseconds after the delay at which what is left is cut.
        reason: what the log and 'draining' say.
        leave_queue: whether connections that wait in the queue of the system are left to other processes.
    """
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    registry.on_all_closed(closed.set)
    try:
        if delay:
            await asyncio.sleep(delay / 1000)
        servers = registry.open_servers()
        for server in servers:
            server._stop(min(idle_grace, timeout / 2) / 1000)
        cut = loop.call_later(timeout / 1000, _cut, servers)
        while registry.open_servers():
            closed.clear()
            await closed.wait()
        cut.cancel()
    finally:
        registry.forget(closed.set)


def _cut(servers: list[registry.Open]) -> None:
    for server in servers:
        server.close_all_connections()
