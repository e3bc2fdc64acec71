"""Out of descriptors, or out of patience with a slow client: who is there goes on, and the log says it once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.raw_client import RawClient, dial
from writehead import http
from writehead._server import acceptor as _accepting
from writehead._server.acceptor import Acceptor

_REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

_PROGRAM = """
import logging, os, resource, sys
from writehead import http
logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s")
server = http.create_server(lambda req, res: res.end("served"))
def ready():
    used = len(os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 44, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    print(server.address()["port"], flush=True)
server.listen(0, "127.0.0.1", ready)
"""


@contextlib.asynccontextmanager
async def _poor_server(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Run a server that may open forty descriptors more than it has."""
    script = folder / "poor.py"
    script.write_text(_PROGRAM)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "writehead",
        script,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process, int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ask(client: RawClient) -> bytes:
    client.received = b""
    client.send(_REQUEST)
    received = await client.until(b"\r\n\r\nserved")
    return received[:12] + received[-6:]


@pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="descriptors cannot be counted here")
async def test_out_of_descriptors_accepting_pauses_and_recovers(tmp_path: Path) -> None:
    """Who is connected is served, who comes waits, and is served once descriptors return; one warning."""
    async with _poor_server(tmp_path) as (process, port):
        links = [await dial(port) for _ in range(80)]
        assert await _ask(links[0]) == b"HTTP/1.1 200served"
        last = asyncio.ensure_future(_ask(links[-1]))
        for _ in range(50):
            assert await _ask(links[0]) == b"HTTP/1.1 200served"
        assert not last.done()
        for link in links[1:60]:
            link.close()
        assert await last == b"HTTP/1.1 200served"
        assert await _ask(links[0]) == b"HTTP/1.1 200served"
        for link in links:
            link.close()
        process.terminate()
        assert process.stderr is not None
        said = (await process.stderr.read()).decode()
        assert await process.wait() == 0
    lines = [line for line in said.splitlines() if line.startswith(("WARNING", "ERROR", "CRITICAL"))]
    assert len(lines) == 1, said
    assert "descriptors" in lines[0] or "open files" in lines[0], said


async def _deaf_client(server: Any) -> RawClient:
    """Return a client that asks and does not read."""
    client = await dial(server)
    client.pause_reading()
    client.send(_REQUEST)
    return client


async def test_a_handler_that_heeds_write_keeps_memory_bounded() -> None:
    """With a client that reads nothing, no more waits than the high-water mark and one chunk."""
    lengths: list[int] = []
    full = asyncio.Event()

    async def handle(_req: Any, res: Any) -> None:
        while not res.destroyed:
            heard = res.write(b"x" * 16384)
            lengths.append(res.writable_length)
            if not heard:
                if sum(lengths[-2:]) > 0 and len(lengths) > 3:
                    full.set()
                await res.drain()

    server = http.create_server(handle)
    await server.listen(0, "127.0.0.1")
    client = await _deaf_client(server)
    await full.wait()
    assert max(lengths) <= 65536 + 16384 + 512
    client.abort()
    server.close_all_connections()
    await server.close()


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "writehead"]


async def test_a_handler_that_floods_is_named_in_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that ignores `write`'s False is warned of once for each connection, not once a write."""
    done = asyncio.Event()

    def handle(_req: Any, res: Any) -> None:
        for _ in range(512):
            res.write(b"x" * 65536)
        done.set()

    server = http.create_server(handle)
    await server.listen(0, "127.0.0.1")
    try:
        for connections in (1, 2):
            done.clear()
            client = await _deaf_client(server)
            await done.wait()
            client.abort()
            told = _told(caplog)
            assert len(told) == connections
            assert "drain" in told[-1]
    finally:
        server.close_all_connections()
        await server.close()


async def test_one_large_write_is_no_flood(caplog: pytest.LogCaptureFixture) -> None:
    """However much is written at once, nobody has ignored anything yet."""
    done = asyncio.Event()

    def handle(_req: Any, res: Any) -> None:
        res.write(b"x" * (16 << 20))
        done.set()

    server = http.create_server(handle)
    await server.listen(0, "127.0.0.1")
    try:
        client = await _deaf_client(server)
        await done.wait()
        client.abort()
        assert _told(caplog) == []
    finally:
        server.close_all_connections()
        await server.close()


async def test_a_stop_accepts_no_more_than_its_queue_holds() -> None:
    """Who comes while it accepts those that wait is not waited for."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=16)
    sock.setblocking(False)
    made: list[asyncio.Protocol] = []

    def make() -> asyncio.Protocol:
        made.append(asyncio.Protocol())
        return made[-1]

    acceptor = Acceptor(make, sock, 2)
    clients = [socket.create_connection(sock.getsockname()) for _ in range(5)]
    taken = acceptor.take_waiting()
    connections = [await task for task in taken]
    acceptor.close()
    for transport, _ in connections:
        transport.abort()
    for client in clients:
        client.close()
    await asyncio.sleep(0)
    assert (len(taken), len(made)) == (3, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how many wait")
async def test_in_a_rush_more_descriptors_accept() -> None:
    """As many clients as come at once are served; when it is over one descriptor is left."""
    if "uvloop" not in type(asyncio.get_running_loop()).__module__:
        pytest.skip("asyncio accepts many at once by itself")
    accepting: set[int] = set()

    def handler(req: Any, res: Any) -> None:
        accepting.add(len(server._acceptor._serving))  # type: ignore[union-attr]  # it listens
        res.end("served")

    async with http.create_server(handler) as server:
        await server.listen(0, "127.0.0.1")
        await asyncio.sleep(0)
        acceptor = server._acceptor
        assert acceptor is not None
        where = ("127.0.0.1", server.address()["port"])
        crowd = []
        for _ in range(3 * _accepting.RUSH):  # the loop sees none of them before all have connected
            client = socket.create_connection(where)
            client.sendall(_REQUEST)
            client.setblocking(False)
            crowd.append(client)
        loop = asyncio.get_running_loop()
        for client in crowd:
            assert (await loop.sock_recv(client, 12)).startswith(b"HTTP/1.1 200")
            client.close()
        assert accepting == {1, _accepting.AT_ONCE}
        accepting.clear()
        for _ in range(16 * _accepting.UNSEEN):
            link = await dial(server)
            assert await _ask(link) == b"HTTP/1.1 200served"
            link.close()
            if len(acceptor._serving) == 1:
                break
        assert len(acceptor._serving) == 1
        link = await dial(server)
        assert await _ask(link) == b"HTTP/1.1 200served"
        link.close()


@contextlib.asynccontextmanager
async def _in_a_rush(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Any, Acceptor, list[int]]]:
    """Serve on all descriptors; the list's last number is how many are said to wait."""
    if "uvloop" not in type(asyncio.get_running_loop()).__module__:
        pytest.skip("asyncio accepts many at once by itself")
    waiting = [_accepting.RUSH]
    monkeypatch.setattr(_accepting, "_waiting", lambda sock: waiting[-1])
    async with http.create_server(lambda req, res: res.end("served")) as server:
        await server.listen(0, "127.0.0.1")
        await asyncio.sleep(0)
        acceptor = server._acceptor
        assert acceptor is not None
        acceptor._look()
        await asyncio.sleep(0)
        assert len(acceptor._serving) == _accepting.AT_ONCE
        yield server, acceptor, waiting


async def test_a_rush_outlives_a_moment_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is how many have waited at the last few looks."""
    async with _in_a_rush(monkeypatch) as (_, acceptor, waiting):
        waiting.append(0)
        acceptor._look()
        assert len(acceptor._serving) == _accepting.AT_ONCE
        for _ in range(10):
            acceptor._look()
        assert len(acceptor._serving) == 1
        waiting.append(_accepting.RUSH - 1)
        acceptor._look()
        await asyncio.sleep(0)
        assert len(acceptor._serving) == 1


async def test_a_rush_ends_where_descriptors_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then we accept ourselves, and no descriptor of the rush is left."""
    async with _in_a_rush(monkeypatch) as (server, acceptor, _):
        monkeypatch.setattr(Acceptor, "_has_plenty", lambda self: False)
        acceptor._look()
        assert acceptor._serving == []
        link = await dial(server)
        assert await _ask(link) == b"HTTP/1.1 200served"
        link.close()


async def test_a_rush_that_is_over_before_it_began_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Descriptors have become few meanwhile."""
    async with _in_a_rush(monkeypatch) as (_, acceptor, waiting):
        waiting.append(0)
        for _ in range(10):
            acceptor._look()
        waiting.append(_accepting.RUSH)
        acceptor._look()
        monkeypatch.setattr(Acceptor, "_has_plenty", lambda self: False)
        acceptor._look()
        await asyncio.sleep(0)
        assert acceptor._serving == []


async def test_a_stop_in_a_rush_looks_at_the_queue_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other descriptors are closed first: who comes after the last look is refused."""
    async with _in_a_rush(monkeypatch) as (_, acceptor, _):
        assert acceptor.take_waiting() == []
        assert acceptor._serving == []


async def test_a_listener_of_a_unix_socket_has_no_rush(tmp_path: Path) -> None:
    """Its queue cannot be asked for its length."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "a.sock"))
        listener.listen()
        assert _accepting._waiting(listener) == 0
