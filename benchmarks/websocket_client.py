"""The client of the WebSocket workloads: connections that keep some messages in flight, each echoed by the server.

`python -m benchmarks.websocket_client PORT CONNECTIONS DEPTH SECONDS` prints the figures as `load.lua` does. For each
message that comes back another one is sent. The frames are made once, and what comes is only counted, so that the
client costs less than any server.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections import deque
from typing import Any

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop

from benchmarks.servers.payload import MESSAGE

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
MASK = b"\x37\xfa\x21\x3d"


def handshake(host: str) -> bytes:
    """The request that begins a WebSocket."""
    lines = [
        "GET / HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def frame(payload: bytes = MESSAGE) -> bytes:
    """A masked text frame of fewer than 126 bytes."""
    masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(payload))
    return bytes((0x81, 0x80 | len(payload))) + MASK + masked


def reply(payload: bytes = MESSAGE) -> bytes:
    """The same from the server."""
    return bytes((0x81, len(payload))) + payload


class Echo(asyncio.Protocol):
    """One connection."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.frame = frame()
        self.size = len(reply())
        self.received = 0
        self.left = 0
        self.sent: deque[float] = deque()
        self.times: list[float] = []
        self.opened = False
        self.failed = False
        self.head = b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(handshake("127.0.0.1"))

    def data_received(self, data: bytes) -> None:
        if not self.opened:
            self.head += data
            if not self.head.endswith(b"\r\n\r\n"):
                return
            self.opened, data = True, b""
            self.send(self.depth)
        self.left += len(data)
        count = self.left // self.size
        if count:
            self.left -= count * self.size
            self.received += count
            now = time.perf_counter()
            for _ in range(count):
                self.times.append(now - self.sent.popleft())
            self.send(count)

    def send(self, count: int) -> None:
        """Send so many messages."""
        now = time.perf_counter()
        self.sent.extend([now] * count)
        self.transport.write(self.frame * count)

    def connection_lost(self, exc: Exception | None) -> None:
        self.failed = True


async def load(port: int, connections: int, depth: int, seconds: float) -> dict[str, float]:
    """Keep the messages in flight for so many seconds; times are in microseconds, as wrk's."""
    loop = asyncio.get_running_loop()
    made = [
        (await loop.create_connection(lambda: Echo(depth), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    for each in made:
        sock: socket.socket = each.transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    elapsed = time.perf_counter() - began
    times = sorted(each for one in made for each in one.times) or [0.0]
    return {
        "requests": sum(each.received for each in made),
        "seconds": elapsed,
        "p50": times[len(times) // 2] * 1e6,
        "p99": times[len(times) * 99 // 100] * 1e6,
        "max": times[-1] * 1e6,
        "failed": sum(each.failed for each in made),
    }


def main() -> None:
    """Load a server and print the figures."""
    port, connections, depth, seconds = map(int, sys.argv[1:5])
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print("FIGURES", json.dumps(runner.run(load(port, connections, depth, seconds))))


if __name__ == "__main__":
    main()
