"""Clocks that fire after a stall of the loop: what had come in time is served."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.raw_client import SocketClient
from tests.kit.stage import GET
from writehead import http, https
from writehead._loop.readiness import READ, is_ready
from writehead.testing import MemoryTransport

STALL = 0.25  # seconds; all clocks below are shorter


class Peer(SocketClient):
    """A client that acts while the server's loop is blocked."""

    async def stall(self, meanwhile: Callable[[], object] = bool) -> None:
        """Let the server block the loop inside a read: a loop that looks at its timers next is late with them."""
        loop = asyncio.get_running_loop()
        stalled = asyncio.Event()

        reader, writer = socket.socketpair()

        def block() -> None:
            reader.recv(1)
            meanwhile()
            time.sleep(STALL)
            stalled.set()

        with reader, writer:
            loop.add_reader(reader, block)
            writer.send(b"x")
            await stalled.wait()
            loop.remove_reader(reader)

    def take(self) -> int:
        """Read all that the system still hands over, without the loop; return how much that was."""
        size = 0
        while select.select([self.sock], [], [], 0.02)[0]:  # what it had queued follows in its own time
            size += len(self.sock.recv(1 << 20))
        return size


@asynccontextmanager
async def connected(server: Any) -> AsyncIterator[Peer]:
    """Let `server` listen, and a client be connected to it."""
    await server.listen(0, "127.0.0.1")
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    sock.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.address()["port"]))
        yield Peer(sock)
    finally:
        sock.close()
        server.close()
        server.close_all_connections()
        await server


@pytest.mark.parametrize(
    "options", [{"keep_alive_timeout": 100, "keep_alive_timeout_buffer": 0}, {"timeout": 100}]
)
@on_both_loops
async def test_a_request_that_came_during_a_stall_is_served(options: dict[str, Any]) -> None:
    """The idle timers fire before the loop reads; the connection is not reset."""
    async with connected(http.create_server(lambda req, res: res.end(req.url), **options)) as peer:
        peer.sock.send(GET)
        await peer.until(b"\r\n\r\n/")
        await peer.stall(lambda: peer.sock.send(GET.replace(b"/", b"/2", 1)))
        assert (await peer.until(b"/2")).endswith(b"\r\n\r\n/2")


@on_both_loops
async def test_who_sent_nothing_during_a_stall_is_late_all_the_same() -> None:
    """The idle connection ends."""
    server = http.create_server(
        lambda req, res: res.end("1"), keep_alive_timeout=100, keep_alive_timeout_buffer=0
    )
    async with connected(server) as peer:
        peer.sock.send(GET)
        await peer.until(b"\r\n\r\n1")
        await peer.stall()
        assert not (await peer.until(b"nothing")).endswith(b"nothing")


@on_both_loops
async def test_the_rest_of_a_head_that_came_during_a_stall_is_no_408() -> None:
    """`headers_timeout` and `request_timeout` count what lies unread as come."""
    server = http.create_server(
        lambda req, res: res.end("1"),
        headers_timeout=100,
        request_timeout=120,
        connections_checking_interval=20,
    )
    async with connected(server) as peer:
        peer.sock.send(GET[:10])
        await asyncio.sleep(0.01)
        await peer.stall(lambda: peer.sock.send(GET[10:]))
        assert (await peer.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


@on_both_loops
async def test_a_head_that_is_not_complete_behind_a_stall_is_408() -> None:
    """What had come is read, and does not suffice."""
    server = http.create_server(
        lambda req, res: res.end("1"), headers_timeout=100, connections_checking_interval=20
    )
    async with connected(server) as peer:
        peer.sock.send(GET[:10])
        await asyncio.sleep(0.01)
        await peer.stall(lambda: peer.sock.send(GET[10:-2]))
        assert (await peer.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 408")


@on_both_loops
async def test_a_body_that_came_during_a_stall_has_made_progress() -> None:
    """`body_timeout` lets it be read first."""
    begun = asyncio.Event()

    async def handle(req: Any, res: Any) -> None:
        begun.set()
        res.end(await req.bytes())

    server = http.create_server(handle, body_timeout=100)
    async with connected(server) as peer:
        peer.sock.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1")
        await begun.wait()
        await asyncio.sleep(0.06)  # a look has seen the first byte
        await peer.stall(lambda: peer.sock.send(b"2"))
        assert (await peer.until(b"\r\n\r\n12")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("options", [{"write_timeout": 100}, {"timeout": 100}])
@on_both_loops
async def test_an_answer_that_was_read_during_a_stall_has_made_progress(options: dict[str, Any]) -> None:
    """Where the system has room for more, more is written before a verdict."""
    size = 20_000_000
    server = http.create_server(lambda req, res: res.end(bytes(size)), **options)
    async with connected(server) as peer:
        peer.sock.send(GET)
        await peer.until(b"\r\n\r\n")
        await asyncio.sleep(0.06)  # a look has seen what is left
        sizes = [len(peer.received)]
        for _ in range(4):
            await peer.stall(lambda: sizes.append(peer.take()))
            await asyncio.sleep(0.03)
        taken = sum(sizes)
        while taken < size:
            data = await asyncio.get_running_loop().sock_recv(peer.sock, 1 << 20)
            assert data, f"cut after {taken}"
            taken += len(data)


@on_both_loops
async def test_a_handshake_that_went_on_during_a_stall_is_not_late() -> None:
    """`handshake_timeout` lets the client's last flight be read."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = authority().context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    server = https.create_server(authority().options(), lambda req, res: res.end("1"), handshake_timeout=100)
    async with connected(server) as peer:
        loop = asyncio.get_running_loop()
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        peer.sock.send(outgoing.read())
        while True:
            incoming.write(await loop.sock_recv(peer.sock, 1 << 16))
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                continue
            break
        tls.write(GET)
        await peer.stall(lambda: peer.sock.send(outgoing.read()))
        plain = b""
        while not plain.endswith(b"\r\n\r\n1"):
            data = await loop.sock_recv(peer.sock, 1 << 16)
            assert data
            incoming.write(data)
            try:
                while part := tls.read(1 << 14):
                    plain += part
            except ssl.SSLWantReadError:
                pass


def test_what_has_no_socket_is_never_ready() -> None:
    """In memory all that has come was told, and a verdict needs no second look."""
    assert not is_ready(None, READ)
    assert not is_ready(MemoryTransport(asyncio.Protocol(), ("127.0.0.1", 1)), READ)
