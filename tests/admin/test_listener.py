"""The admin listener and the control socket: real sockets, with small limits."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.operated import Noted
from writehead import http
from writehead._admin import listener
from writehead._admin.listener import MOST_CONNECTIONS, listen
from writehead._server import registry
from writehead.errors import SystemCallError

POST = b"POST /api/stop HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"


async def talk(opened: tuple[asyncio.StreamReader, asyncio.StreamWriter], sent: bytes) -> bytes:
    reader, writer = opened
    try:
        writer.write(sent)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def get(path: str, host: str = "localhost") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


@on_both_loops
async def test_on_a_port() -> None:
    """What this machine alone reaches shows all; orders need a token."""
    operated = Noted()
    server = await listen(("127.0.0.1", 0), operated)
    port = server.address()["port"]
    assert b"main:app" in await talk(await asyncio.open_connection("127.0.0.1", port), get("/api/status"))
    answer = await talk(
        await asyncio.open_connection("127.0.0.1", port), POST.replace(b": x", b": 127.0.0.1")
    )
    assert answer.startswith(b"HTTP/1.1 403 ") and operated.told == []
    await server.close()


@on_both_loops
async def test_on_every_address() -> None:
    """Without a token it shows health and metrics alone, to neighbours on this machine too."""
    server = await listen(("0.0.0.0", 0), Noted())
    port = server.address()["port"]
    for path, status in (("/metrics", b"200"), ("/readyz", b"200"), ("/api/status", b"403")):
        answer = await talk(await asyncio.open_connection("127.0.0.1", port), get(path))
        assert answer.split()[1] == status
    await server.close()


@on_both_loops
async def test_on_a_unix_socket(tmp_path: Path) -> None:
    """Its owner alone can use it, from its first moment on, and gives orders without a token."""
    operated = Noted()
    path = str(tmp_path / "control.sock")
    before = os.umask(0)
    try:
        server = await listen(path, operated)
    finally:
        assert os.umask(before) == 0, "the umask is as it was"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    answer = await talk(await asyncio.open_unix_connection(path), POST)
    assert answer.startswith(b"HTTP/1.1 200 ") and operated.told == [("stop",)]
    await server.close()
    assert not os.path.exists(path)


@on_both_loops
async def test_on_an_abstract_name() -> None:
    """It has no file, so anybody may connect; orders are for our user."""
    operated = Noted()
    server = await listen(f"@writehead-test-{os.getpid()}", operated)
    sock = socket.socket(socket.AF_UNIX)  # uvloop does not connect to such a name itself
    sock.connect(f"\0writehead-test-{os.getpid()}")
    opened = await asyncio.open_unix_connection(sock=sock)
    assert (await talk(opened, POST)).startswith(b"HTTP/1.1 200 ")
    await server.close()


async def test_another_user_gives_no_orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system tells who has connected."""
    operated = Noted()
    server = await listen(str(tmp_path / "control.sock"), operated)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)  # as if the server were of another
    answer = await talk(await asyncio.open_unix_connection(str(tmp_path / "control.sock")), POST)
    assert answer.startswith(b"HTTP/1.1 200 " if user == 0 else b"HTTP/1.1 403 ")
    await server.close()


async def test_a_port_that_is_taken() -> None:
    """The error of the system is raised."""
    server = await listen(("127.0.0.1", 0), Noted())
    with pytest.raises(SystemCallError) as caught:
        await listen(("127.0.0.1", server.address()["port"]), Noted())
    assert caught.value.code == "EADDRINUSE"
    await server.close()


async def test_run_does_not_wait_for_it() -> None:
    """Nor is it drained with the servers of the program: it answers until the end."""
    server = await listen(("127.0.0.1", 0), Noted())
    assert server in registry.every_open_server() and server not in registry.open_servers()
    await server.close()


async def test_connections_have_an_end() -> None:
    """The 33rd is closed at once; those that are there are served."""
    server = await listen(("127.0.0.1", 0), Noted())
    port = server.address()["port"]
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS)]
    assert await talk(await asyncio.open_connection("127.0.0.1", port), get("/healthz")) == b""
    assert b"ok\n" in await talk(opened[0], get("/healthz"))
    for _, writer in opened:
        writer.close()
    await server.close()


async def test_slow_heads_and_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head has 5 s, a request 10, a response that is not read 10."""
    made = http.create_server
    seen: list[http.Server] = []
    monkeypatch.setattr(listener.http, "create_server", lambda *a, **k: seen.append(made(*a, **k)) or seen[0])
    server = await listen(("127.0.0.1", 0), Noted())
    assert server is seen[0]
    assert (server.headers_timeout, server.request_timeout) == (5_000, 10_000)
    assert (server.write_timeout, server.body_timeout) == (10_000, 10_000)
    await server.close()
