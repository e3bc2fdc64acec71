"""Raw clients over real sockets: what they send is written by the test, and they show every byte that comes.

`RawClient` and `SocketClient` live on the loop of the server under test; the functions block, for servers in
other processes, and for threads. Those in memory are `writehead.testing.Client` and `tls_client.MemoryClient`;
`tests/conformance` has one of its own, which notes at which step of a scenario each byte came and how the
connection ended, and so has to read whatever is there at the moment it is asked.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from typing import Any

from tests.kit.loops import TIMEOUT
from tests.kit.masks import dateless, masked


class RawClient:
    """A client that takes all that comes, and waits for what it is asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.received = b""

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def end(self) -> None:
        self.writer.write_eof()

    async def until(self, mark: bytes) -> bytes:
        """Read on until `mark` has come; return all received, without dates."""
        while mark not in self.received:
            data = await self.reader.read(65536)
            assert data, f"closed after {self.received!r}"
            self.received += data
        return dateless(self.received)

    async def rest(self) -> bytes:
        """Read to the end; return all received, without dates."""
        try:
            while data := await self.reader.read(1 << 20):
                self.received += data
        except ConnectionResetError:
            self.received += b"<reset>"
        self.writer.close()
        return dateless(self.received)

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        """Reset the connection."""
        reset_on_close(self.writer.get_extra_info("socket"))
        self.writer.transport.abort()

    def pause_reading(self) -> None:
        """Leave what comes in the buffers of the system."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def resume_reading(self) -> None:
        self.writer.transport.resume_reading()  # type: ignore[attr-defined]


async def dial(where: Any, context: ssl.SSLContext | None = None) -> RawClient:
    """Connect to a server, or to a port or path; with a context, over TLS."""
    address = where if isinstance(where, (int, str)) else where.address()
    if isinstance(address, str):
        return RawClient(*await asyncio.open_unix_connection(address))
    host, port = "127.0.0.1", address
    if not isinstance(address, int):
        port = address["port"]
        if address["address"] not in ("::", "0.0.0.0"):
            host = address["address"]
    name = None if context is None else "localhost"
    return RawClient(*await asyncio.open_connection(host, port, ssl=context, server_hostname=name))


class SocketClient:
    """A client that reads only when asked: what it has not read lies with the system.

    Each `send` reaches the system before it returns; the socket serves while the loop is blocked, too, and may be
    given to who speaks TLS over it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""
        sock.setblocking(False)

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def receive(self, size: int = 65536) -> bytes:
        """Return what is there, or comes next; nothing at the end."""
        try:
            return await asyncio.get_running_loop().sock_recv(self.sock, size)
        except ConnectionResetError:
            return b""

    async def until(self, mark: bytes) -> bytes:
        """Read on until `mark` has come, or the end; return all received."""
        while mark not in self.received and (data := await self.receive(1 << 20)):
            self.received += data
        return self.received

    async def read_all(self) -> bytes:
        """Read to the end; return what came, without dates."""
        parts = []
        while data := await self.receive():
            parts.append(data)
        return dateless(b"".join(parts))

    async def read(self, expected: bytes) -> None:
        """Read so many bytes as are expected, which they are."""
        got = b""
        while len(dateless(got)) < len(expected) and (data := await self.receive()):
            got += data
        assert dateless(got) == expected

    def end(self) -> None:
        """Send FIN; go on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.sock.close()


async def dial_socket(where: Any) -> SocketClient:
    """Connect to a server, or to a port; each `send` is a segment of its own."""
    port = where if isinstance(where, int) else where.address()["port"]
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return SocketClient(sock)


def reset_on_close(sock: socket.socket) -> None:
    """Let `close` send RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset(sock: socket.socket) -> None:
    """Close with RST."""
    reset_on_close(sock)
    sock.close()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the other side ends."""
    parts = []
    while part := client.recv(65536):
        parts.append(part)
    return b"".join(parts)


def read_until(client: socket.socket, end: bytes, piece: int = 65536) -> bytes:
    """Return what comes up to and including `end`; with pieces of one byte, nothing behind it is taken."""
    got = b""
    while not got.endswith(end):
        part = client.recv(piece)
        assert part, f"the server ended the connection after {got!r}"
        got += part
    return got


def talk(port: int, request: bytes) -> bytes:
    """Send `request` on a new connection and return all that comes, the Date masked."""
    with connect(port) as client:
        client.sendall(request)
        return masked(read_all(client))


def request(path: str, *lines: str, method: str = "GET", body: bytes = b"") -> bytes:
    """Return a request whose connection ends with it."""
    head = [f"{method} {path} HTTP/1.1", "Host: a", *lines, "Connection: close", "", ""]
    return "\r\n".join(head).encode("latin-1") + body
