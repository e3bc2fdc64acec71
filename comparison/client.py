"""A client that shows every byte: its requests are written by the probes."""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import time
import uuid
from dataclasses import dataclass
from typing import Any

from comparison.servers import PATIENCE


@dataclass(frozen=True)
class Response:
    """A response, as far as it has come."""

    raw: bytes

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[0]

    @property
    def status(self) -> int:
        """The code; 0 if there is no response."""
        words = self.raw.split(b" ", 2)
        return int(words[1]) if len(words) > 2 and words[0].startswith(b"HTTP/") else 0

    def field(self, name: str) -> str | None:
        """Return the value of a field."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.encode():
                return value.strip().decode("latin-1")
        return None

    @property
    def body(self) -> bytes:
        """The body, without chunk framing."""
        body = self.raw.partition(b"\r\n\r\n")[2]
        return dechunked(body)[0] if self.is_chunked else body

    @property
    def is_chunked(self) -> bool:
        return "chunked" in (self.field("transfer-encoding") or "")

    @property
    def is_complete(self) -> bool:
        """Whether its last chunk, or as many bytes as it announces, have come."""
        body = self.raw.partition(b"\r\n\r\n")[2]
        if self.is_chunked:
            return dechunked(body)[1]
        length = self.field("content-length")
        return length is not None and len(body) == int(length)

    def json(self) -> Any:
        return json.loads(self.body)


def dechunked(body: bytes) -> tuple[bytes, bool]:
    """Return the data of chunks, and whether the last one is there."""
    data = b""
    while b"\r\n" in body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if length == 0:
            return data, True
        data += body[:length]
        body = body[length + 2 :]
    return data, False


class Client:
    """Makes connections to one server."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.port = port
        self.host = host

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), PATIENCE)

    def talk(self, data: bytes, seconds: float = PATIENCE) -> bytes:
        """Send bytes; return all that comes until the connection ends, or nothing comes for a while."""
        with self.connect() as sock:
            sock.sendall(data)
            return read_all(sock, seconds)

    def get(
        self,
        target: str,
        *fields: str,
        method: str = "GET",
        body: bytes = b"",
        tls: ssl.SSLContext | None = None,
    ) -> Response:
        """Make one request on a connection of its own."""
        data = request(target, *fields, method=method, body=body)
        with self.connect() as plain:
            if tls is None:
                plain.sendall(data)
                return Response(read_all(plain))
            with tls.wrap_socket(plain, server_hostname="localhost") as sock:
                sock.sendall(data)
                return Response(read_all(sock))

    def seen(self, key: str) -> Any:
        """Return what the application has noted under a key."""
        return self.get(f"/seen?key={key}").json()

    def tell(self, key: str) -> None:
        """Let the application go on."""
        self.get(f"/tell?key={key}")


def request(
    target: str,
    *fields: str,
    method: str = "GET",
    body: bytes = b"",
    version: str = "1.1",
    close: bool = True,
) -> bytes:
    """Return the bytes of a request."""
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def read_all(sock: socket.socket, seconds: float = PATIENCE) -> bytes:
    """Return what comes until the end of the connection, or until nothing comes for a while."""
    sock.settimeout(seconds)
    data = b""
    try:
        while piece := sock.recv(1 << 20):
            data += piece
    except (TimeoutError, ConnectionError):
        pass
    return data


def read_until(sock: socket.socket, mark: bytes, seconds: float = PATIENCE) -> bytes:
    """Return what comes, up to where `mark` is in it, or the end."""
    end = time.monotonic() + seconds
    data = b""
    try:
        while mark not in data and (left := end - time.monotonic()) > 0:
            sock.settimeout(left)
            piece = sock.recv(65536)
            if not piece:
                break
            data += piece
    except (TimeoutError, ConnectionError):
        pass
    return data


def send_until_blocked(sock: socket.socket, size: int) -> int:
    """Send up to `size` bytes until the system takes no more for a second; return how many it took."""
    sock.setblocking(False)
    sent = 0
    try:
        while sent < size and select.select([], [sock], [], 1)[1]:
            sent += sock.send(b"x" * min(1 << 18, size - sent))
    except ConnectionError:
        pass
    return sent


def reset(sock: socket.socket) -> None:
    """End a connection by RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def key() -> str:
    """Return a key that no other probe has."""
    return uuid.uuid4().hex
