"""Lingering: the last answer reaches a client that still sends, within bounds."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.raw_client import connect, read_all
from tests.kit.stage import GET
from tests.kit.tls_client import connect as connect_tls
from writehead import http, https
from writehead._net import linger as _linger

SIZE = 3_000_000
UPLOAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n"

both_wires = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])


@asynccontextmanager
async def listening(handler: Callable[..., Any], tls: bool = False, **options: Any) -> AsyncIterator[Any]:
    """Run a server, and close it when all connections have ended."""
    made = (
        https.create_server(authority().options() | options, handler)
        if tls
        else http.create_server(options, handler)
    )
    server: Any = await made.listen(0, "localhost" if tls else "127.0.0.1")
    try:
        yield server
    finally:
        if server.listening:
            server.close()
        server.close_all_connections()
        await server


def dial(server: Any, tls: bool = False) -> socket.socket:
    port = server.address()["port"]
    if tls:
        return connect_tls(port)
    sock = connect(port)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def answer_large(req: Any, res: Any) -> None:
    res.set_header("Connection", "close")
    res.end(SIZE * b"b")


def talk(server: Any, tls: bool, head: bytes, count: int, piece: int = 20_000) -> bytes:
    """Send `head`, then by turns a piece of an upload and read a piece of the answer; return all read."""
    received = []
    with dial(server, tls) as sock:
        sock.sendall(head)
        for _ in range(count):
            sock.sendall(piece * b"x")
            received.append(sock.recv(1 << 16))
            if not received[-1]:
                break
        received.append(read_all(sock))
    return b"".join(received)


@both_wires
@on_both_loops
async def test_a_large_last_answer_arrives_whole_though_the_client_uploads(tls: bool) -> None:
    """It has one ending, and the events of the connection do not wait for the client."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        for emitter, names in ((res, "finish close"), (req, "close"), (req.socket, "close")):
            for name in names.split():
                emitter.on(name, lambda *_, what=f"{type(emitter).__name__} {name}": log.append(what))
        answer_large(req, res)

    async with listening(handle, tls) as server:
        received = await asyncio.to_thread(talk, server, tls, UPLOAD, 30)
        assert received.endswith(b"\r\n\r\n" + SIZE * b"b")
        assert sorted(log) == ["IncomingMessage close", "ServerResponse finish", "Socket close"]


@both_wires
@on_both_loops
async def test_a_last_answer_arrives_whole_though_more_requests_come(tls: bool) -> None:
    """Those behind it are not served."""
    async with listening(answer_large, tls) as server:
        received = await asyncio.to_thread(talk, server, tls, GET, 30, 0)
        assert received.count(b"HTTP/1.1") == 1

        def pipeline() -> bytes:
            with dial(server, tls) as sock:
                for _ in range(20):
                    sock.sendall(100 * GET)
                return read_all(sock)

        received = await asyncio.to_thread(pipeline)
        assert received.endswith(b"\r\n\r\n" + SIZE * b"b")
        assert received.count(b"HTTP/1.1") == 1


def send_all_then_read(server: Any, tls: bool, head: bytes) -> bytes:
    with dial(server, tls) as sock:
        for _ in range(200):
            sock.sendall(head or 20_000 * b"x")
            head = b""
        return read_all(sock)


@both_wires
@pytest.mark.parametrize(
    ("head", "status"),
    [
        (UPLOAD, 413),
        (UPLOAD[:-2] + b"Transfer-Encoding: chunked\r\n\r\n", 400),
        (UPLOAD[:-2] + b"X: " + 17_000 * b"x", 431),
        (UPLOAD.replace(b"Content-Length: 8000000", b"Transfer-Encoding: chunked") + b"nonsense\r\n", 400),
    ],
)
@on_both_loops
async def test_a_refusal_in_mid_upload_reaches_who_sends_all_before_reading(
    tls: bool, head: bytes, status: int
) -> None:
    """413 by `limit`, and the default answers to what is broken."""

    async def handle(req: Any, res: Any) -> None:
        res.end(await req.bytes(limit=1000))

    async with listening(handle, tls) as server:
        received = await asyncio.to_thread(send_all_then_read, server, tls, head)
        assert received.startswith(b"HTTP/1.1 %d " % status)


@both_wires
@on_both_loops
async def test_what_an_upgraded_socket_said_last_arrives(tls: bool) -> None:
    """`destroy_soon` leaves nothing out that was written, though the client sends on."""

    def upgrade(req: Any, sock: Any, head: bytes) -> None:
        sock.pause()
        sock.write(SIZE * b"b")
        sock.destroy_soon()

    async with listening(answer_large, tls) as server:
        server.on("upgrade", upgrade)
        head = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        assert await asyncio.to_thread(talk, server, tls, head, 30) == SIZE * b"b"


async def until_gone(server: Any) -> None:
    while server._config.lingering:
        await asyncio.sleep(0.01)


async def lingering(server: Any) -> socket.socket:
    """Return a client whose connection lingers."""
    sock = await asyncio.to_thread(dial, server)
    sock.sendall(UPLOAD)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_recv(sock, 1 << 16)
    while not server._config.lingering:
        await asyncio.sleep(0.01)
    return sock


def answer_close(req: Any, res: Any) -> None:
    res.set_header("Connection", "close")
    res.end("done")


@on_both_loops
async def test_who_neither_sends_nor_closes_has_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without progress the connection is closed."""
    monkeypatch.setattr(_linger, "PATIENCE", 0.05)
    monkeypatch.setattr(_linger, "LOOK", 0.02)
    async with listening(answer_close) as server:
        with await lingering(server):
            assert server._connection_count == 1
            await until_gone(server)
            assert server._connection_count == 0


@pytest.mark.parametrize(("name", "value"), [("MOST_BYTES", 500_000), ("LONGEST", 0.05)])
@on_both_loops
async def test_who_sends_on_and_on_is_cut(monkeypatch: pytest.MonkeyPatch, name: str, value: float) -> None:
    """So much is thrown away, and for so long, and no more."""
    monkeypatch.setattr(_linger, name, value)
    monkeypatch.setattr(_linger, "LOOK", 0.02)
    async with listening(answer_close) as server:
        with await lingering(server) as sock:
            with pytest.raises(ConnectionError):
                while True:
                    await asyncio.get_running_loop().sock_sendall(sock, 10_000 * b"x")
            await until_gone(server)


@on_both_loops
async def test_a_client_that_closes_is_forgotten_at_once() -> None:
    """Nothing waits for a clock."""
    async with listening(answer_close) as server:
        (await lingering(server)).close()
        await until_gone(server)


@on_both_loops
async def test_too_many_do_not_linger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond are closed at once."""
    monkeypatch.setattr(_linger, "MOST_LINGERING", 1)
    async with listening(answer_close) as server:
        with await lingering(server), await asyncio.to_thread(dial, server) as sock:
            sock.sendall(UPLOAD)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_recv(sock, 1 << 16)
            while server._connection_count > 1:
                await asyncio.sleep(0.01)
            assert len(server._config.lingering) == 1


@pytest.mark.parametrize("cut", [False, True])
@on_both_loops
async def test_a_server_that_closes_does_not_wait_for_an_upload(
    monkeypatch: pytest.MonkeyPatch, cut: bool
) -> None:
    """It ends when its answer has arrived; `close_all_connections` ends it at once."""
    if cut:
        monkeypatch.setattr(_linger, "LOOK", 1000.0)
    async with listening(answer_close) as server:
        with await lingering(server):
            server.close()
            if cut:
                server.close_all_connections()
            await server
            assert not server._config.lingering
