"""Large bodies between slow clients and slow applications: the memory of the server is bounded by the marks."""

from __future__ import annotations

import socket
import time

import pytest

from tests.kit.programs import python
from tests.kit.raw_client import connect, read_all, read_until

PROGRAM = """
import asyncio, resource
from writehead import asgi, http

def peak():
    try:  # `ru_maxrss` begins with the memory of the process that has started this one
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # macOS counts bytes

PIECE = bytes(65536)

async def app(scope, receive, send):
    size = int(scope["query_string"] or 0)
    headers = []
    piece, last = PIECE, b""
    if scope["path"] == "/upload":
        size, total, more = 0, 0, True
        await asyncio.sleep(0.3)  # the client sends all that it can
        while more:
            message = await receive()
            total += len(message["body"])
            more = message["more_body"]
        last = b"%d\\n" % total
    elif scope["path"] == "/small":
        piece = PIECE[:1000]
    elif scope["path"] == "/length":
        headers = [(b"content-length", b"%d" % size)]
    elif scope["path"] == "/memory":
        last = b"%d" % peak()
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(size // len(piece)):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": last})

server = asgi.create_server(app, lifespan="off")
server.listen(0, "127.0.0.1", lambda: print(server.address()["port"]))
http.run()
"""

ALLOWED = 4 * 1024
"""KiB that a server may grow by: some dozen marks."""


def memory(port: int) -> int:
    """Return the most memory that the server has used, in KiB."""
    with connect(port) as client:
        client.sendall(b"GET /memory HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return int(read_all(client).rpartition(b"\r\n\r\n")[2])


def get(port: int, target: str) -> socket.socket:
    client = connect(port)
    client.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    return client


def drain(client: socket.socket) -> int:
    """Read to the end after a pause; return how many bytes came."""
    time.sleep(0.3)  # the application gives all that it can
    room = bytearray(1 << 20)
    total = 0
    with client:
        while count := client.recv_into(room):
            total += count
    return total


@pytest.mark.parametrize(
    "size", [64 << 20, pytest.param(1 << 30, marks=pytest.mark.slow)], ids=["64 MiB", "1 GiB"]
)
def test_memory_is_bounded(size: int) -> None:
    """A slow reader of large and of small pieces, and an application that receives slowly."""
    with python("-c", PROGRAM) as program:
        port = program.port()
        for target in ("/download?65536", "/small?65536", "/length?65536"):
            drain(get(port, target))
        before = memory(port)
        assert drain(get(port, f"/download?{size}")) > size
        assert drain(get(port, f"/length?{size}")) > size
        assert drain(get(port, f"/small?{size // 16}")) > size // 16 - 1000
        with connect(port) as client:
            head = f"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
            client.sendall(head.encode())
            piece = bytes(1 << 20)
            for _ in range(size >> 20):
                client.sendall(piece)
            assert read_until(client, b"\n").endswith(b"\r\n\r\n%d\n" % size)
        assert memory(port) - before < ALLOWED
