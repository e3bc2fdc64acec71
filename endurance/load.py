"""An honest client in a process of its own, turn about with two servers: `python -m endurance.load TURNS SECONDS A B`.

A and B are PORT:PID. For each turn it prints a JSON line: requests per second and processor time of the server
per request, of A and then of B. What else the machine does befalls both alike, which two long measurements
one after the other cannot say of themselves.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path

_REQUEST = b"GET /hello HTTP/1.1\r\nHost: a\r\nUser-Agent: honest\r\nAccept: */*\r\n\r\n"
_CONNECTIONS = 16


class _Client(asyncio.Protocol):
    """One request after the other on one connection, while it is its turn."""

    def __init__(self, lane: _Lane) -> None:
        self._lane = lane
        self._asked = 0.0
        self._transport: asyncio.Transport | None = None
        self._tail = b""
        self._waits = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's transports are of another class

    def ask(self) -> None:
        """Ask, unless an answer is still to come."""
        if not self._waits:
            assert self._transport is not None
            self._waits = True
            self._asked = time.perf_counter()
            self._transport.write(_REQUEST)

    def data_received(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-13:]
        if self._tail == b"Hello, world!":
            self._tail = b""
            self._waits = False
            self._lane.answered(time.perf_counter() - self._asked)
            if self._lane.active:
                self.ask()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._lane.lost += 1


class _Lane:
    """All connections to one server."""

    def __init__(self, port: int, pid: int) -> None:
        self.active = False
        self.lost = 0
        self.answers = 0
        self.worst = 0.0
        self._port = port
        self._pid = pid
        self._clients: list[_Client] = []

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(_CONNECTIONS):
            client = _Client(self)
            await loop.create_connection(lambda client=client: client, "127.0.0.1", self._port)  # type: ignore[misc]
            self._clients.append(client)

    def answered(self, seconds: float) -> None:
        self.answers += 1
        self.worst = max(self.worst, seconds)

    async def turn(self, seconds: float) -> dict[str, float]:
        """Load the server for so long; leave it at rest."""
        self.worst = 0.0
        before, busy, begun = self.answers, processor_seconds(self._pid), time.perf_counter()
        self.active = True
        for client in self._clients:
            client.ask()
        await asyncio.sleep(seconds)
        self.active = False
        count = max(1, self.answers - before)
        spent = time.perf_counter() - begun
        return {
            "rate": (self.answers - before) / spent,
            "cpu_us": (processor_seconds(self._pid) - busy) / count * 1e6,
            "worst_ms": self.worst * 1000,
            "lost": self.lost,
        }


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process of one thread has used (Linux; elsewhere 0)."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


async def measure(turns: int, seconds: float, servers: list[tuple[int, int]]) -> None:
    """Take turns with the servers, the order changing each time, and print what came of each turn."""
    lanes = [_Lane(port, pid) for port, pid in servers]
    for lane in lanes:
        await lane.open()
        await lane.turn(0.3)
    for number in range(turns):
        found: dict[int, dict[str, float]] = {}
        order = list(enumerate(lanes))
        for index, lane in order if number % 2 else reversed(order):
            await asyncio.sleep(0.05)  # for the answers of the turn before
            found[index] = await lane.turn(seconds)
        print(json.dumps([found[index] for index in range(len(lanes))]), flush=True)


def main() -> None:
    turns, seconds = int(sys.argv[1]), float(sys.argv[2])
    servers = [(int(port), int(pid)) for port, _, pid in (each.partition(":") for each in sys.argv[3:])]
    try:
        import uvloop

        uvloop.run(measure(turns, seconds, servers))
    except ImportError:
        asyncio.run(measure(turns, seconds, servers))


if __name__ == "__main__":
    main()
