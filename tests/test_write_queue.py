"""The flow of a socket: marks, corks, callbacks, drain, idleness."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.stage import GET, Stage, events, silent
from writehead import testing
from writehead.testing import settle

UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


def owned(**options: Any) -> tuple[testing.Client, Any, list[Any]]:
    """Return a client, its socket while HTTP owns it, and the log of the stage."""
    stage = Stage(silent, **options)
    client = stage.send(GET)
    stage.log.clear()
    return client, client.socket, stage.log


def free(head: bytes = b"", **options: Any) -> tuple[testing.Client, Any, list[Any]]:
    """Return a client, its socket after an upgrade, and a log."""
    stage = Stage(silent, **options)
    stage.server.on("upgrade", lambda req, socket, head: None)
    client = stage.send(UPGRADE + head)
    return client, client.socket, stage.log


def test_a_full_socket_asks_to_wait() -> None:
    """False from the mark on, 'drain' when all has been taken."""
    client, socket, log = free()
    events(log, socket, "drain")
    client.stall()
    assert socket.write(65_535 * b"x") is True
    assert socket.write(b"y") is False
    settle()
    assert (socket.writable_length, socket.writable_need_drain, log) == (65_536, True, [])
    client.take(60_000)
    assert (socket.writable_length, log) == (5536, [])
    client.take()
    assert (socket.writable_length, socket.writable_need_drain, log) == (0, False, ["drain"])
    assert (socket.writable_high_water_mark, socket.bytes_written) == (65_536, 65_536)


def test_callbacks_come_when_the_bytes_have_been_taken() -> None:
    """In order, each for its own."""
    client, socket, log = free()
    client.stall()
    socket.write(b"1", lambda: log.append(1))
    socket.write(b"2", lambda: log.append(2))
    settle()
    assert log == []
    client.take()
    assert log == [1, 2]


def test_writes_can_be_corked() -> None:
    """They are counted at once, and leave together behind the last `uncork`."""
    client, socket, _ = free()
    assert socket.cork() is None
    socket.cork()
    socket.write(b"a")
    socket.write(b"b")
    settle()
    assert (client.received, socket.writable_length, socket.bytes_written) == (b"", 2, 2)
    assert socket.writable_corked == 2
    assert socket.uncork() is None
    settle()
    assert client.received == b""
    socket.uncork()
    socket.uncork()
    settle()
    assert (client.received, socket.writable_length) == (b"ab", 0)


async def test_draining_can_be_awaited() -> None:
    """`await socket.drain()` returns when everything is with the system."""
    client, socket, _ = free()
    await socket.drain()
    client.stall()
    socket.write(100_000 * b"x")
    waiting = asyncio.ensure_future(socket.drain())
    await asyncio.sleep(0)
    assert not waiting.done()
    client.take()
    await waiting
    client.stall()
    socket.write(100_000 * b"x")
    waiting = asyncio.ensure_future(socket.drain())
    await asyncio.sleep(0)
    client.reset()
    with pytest.raises(OSError, match="ECONNRESET"):
        await waiting


def test_a_large_write_that_moves_is_not_idle() -> None:
    """Only one that stands still is."""
    stage = Stage(lambda req, res: res.end(100_000 * b"x"), timeout=1000)
    client = stage.connect()
    client.stall()
    client.send(GET)
    for _ in range(5):
        stage.clock.advance(900)
        client.take(100)
        assert not client.closed
    stage.clock.advance(2500)
    assert client.closed
