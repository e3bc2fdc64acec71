"""Raw clients over real sockets: what they send is written by the test, and they show every byte that comes.

`RawClient` lives on the loop of the server under test; the functions block, for servers in other processes.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from typing import Any

from tests.kit.loops import TIMEOUT
from tests.kit.stage import dateless


class RawClient:
    """A raw client on a real socket."""

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
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def dial(server: Any) -> RawClient:
    """Connect to a server that listens on a port or on a path."""
    address = server.address()
    if isinstance(address, str):
        return RawClient(*await asyncio.open_unix_connection(address))
    host = "127.0.0.1" if address["address"] in ("::", "0.0.0.0") else address["address"]
    return RawClient(*await asyncio.open_connection(host, address["port"]))


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


def masked(answer: bytes) -> bytes:
    """Return `answer` with `<date>` for each date."""
    return re.sub(rb"(?m)^Date: [^\r\n]+", b"Date: <date>", answer)
