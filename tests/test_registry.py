"""Which servers are open: what the loop of `run` waits for."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.kit.loops import on_both_loops
from writehead import http
from writehead._server import registry as _open
from writehead.errors import SystemCallError


def holding(server: Any) -> bool:
    return server in _open.open_servers()


@on_both_loops
async def test_a_server_holds_the_loop_from_listen_to_close() -> None:
    """And whoever waits is told when one lets go."""
    told: list[str] = []

    def tell() -> None:
        told.append("all closed")

    server = http.create_server()
    assert not holding(server)
    server.listen(0, "127.0.0.1")
    assert holding(server)
    await server
    _open.on_change(tell)
    try:
        await server.close()
        server.listen(0)
        await server.close()
    finally:
        _open._watchers.remove(tell)
    assert not holding(server)
    assert "all closed" in told


@on_both_loops
async def test_an_unreferenced_server_is_open_but_holds_nothing() -> None:
    """`ref` takes it back."""
    server = http.create_server()
    await server.listen(0)
    server.unref()
    assert not holding(server)
    assert server in _open.every_open_server()
    server.ref()
    assert holding(server)
    await server.close()
    assert server not in _open.every_open_server()


@on_both_loops
async def test_a_server_that_could_not_listen_lets_go() -> None:
    """Its error is kept for `run` if that is there and nobody heard it, and given out once."""
    async with http.create_server() as first:
        await first.listen(0, "127.0.0.1")
        second = http.create_server()
        _open.gather_unheard()
        try:
            second.listen(first.address()["port"], "127.0.0.1")
            while holding(second):
                await asyncio.sleep(0)
        finally:
            errors = _open.take_unheard()
    (error,) = errors
    assert isinstance(error, SystemCallError)
    assert error.code == "EADDRINUSE"
    assert _open.take_unheard() == []
    assert not _open.note_unheard(error)
