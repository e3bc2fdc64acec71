"""An honest client in a process of its own: `python -m endurance.load PORT SECONDS` prints what it got."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time

_REQUEST = b"GET /hello HTTP/1.1\r\nHost: a\r\nUser-Agent: honest\r\nAccept: */*\r\n\r\n"
_CONNECTIONS = 16


class _Client(asyncio.Protocol):
    """One request after the other on one connection."""

    def __init__(self) -> None:
        self.answers = 0
        self.latest = 0.0
        self.worst = 0.0
        self.lost = False
        self._transport: asyncio.Transport | None = None
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports are of another class
        self._ask()

    def _ask(self) -> None:
        assert self._transport is not None
        self.latest = time.perf_counter()
        self._transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-13:]
        if self._tail == b"Hello, world!":
            self._tail = b""
            self.answers += 1
            self.worst = max(self.worst, time.perf_counter() - self.latest)
            self._ask()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.lost = True


async def measure(port: int, seconds: float) -> dict[str, float]:
    """Return requests per second (the median of half seconds), the longest wait in ms and the connections lost."""
    loop = asyncio.get_running_loop()
    clients = [_Client() for _ in range(_CONNECTIONS)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.sleep(0.5)
    rates = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        before, begun = sum(client.answers for client in clients), time.perf_counter()
        await asyncio.sleep(0.5)
        answers = sum(client.answers for client in clients) - before
        rates.append(answers / (time.perf_counter() - begun))
    return {
        "rate": statistics.median(rates),
        "worst_ms": max(client.worst for client in clients) * 1000,
        "lost": sum(client.lost for client in clients),
    }


def main() -> None:
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    try:
        import uvloop

        result = uvloop.run(measure(port, seconds))
    except ImportError:
        result = asyncio.run(measure(port, seconds))
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
