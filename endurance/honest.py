"""A client that asks one thing at a time: `python -m endurance.honest PORT SECONDS`, or until SIGTERM.

Prints a line when it is ready, and at the end its latencies in milliseconds as JSON: `kept` on one connection, `anew` with a connection for each request.
A request that has no answer when it is over counts with the time that it has waited.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time

_REQUEST = b"GET /hello HTTP/1.1\r\nHost: a\r\nUser-Agent: honest\r\n\r\n"
_ANSWER = b"Hello, world!"
PAUSE = 0.002


class Client:
    """One request after the other, with a short pause between two."""

    def __init__(self, port: int, anew: bool) -> None:
        self._port = port
        self._anew = anew
        self._asked = 0.0
        self.waits: list[float] = []
        self.failures = 0

    async def run(self) -> None:
        """Ask until cancelled."""
        try:
            while True:
                try:
                    await self._converse()
                except (OSError, asyncio.IncompleteReadError):
                    self.failures += 1
        except asyncio.CancelledError:
            if self._asked:
                self.waits.append(time.perf_counter() - self._asked)
            raise

    async def _converse(self) -> None:
        self._asked = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while True:
                writer.write(_REQUEST)
                await reader.readuntil(_ANSWER)
                self.waits.append(time.perf_counter() - self._asked)
                self._asked = 0.0
                await asyncio.sleep(PAUSE)
                if self._anew:
                    return
                self._asked = time.perf_counter()
        finally:
            writer.close()

    def report(self) -> dict[str, float]:
        """Count, median, 99th percentile and longest wait."""
        return {"failures": self.failures, **percentiles(self.waits)}


def percentiles(seconds: list[float]) -> dict[str, float]:
    """Return the count of `seconds`, and its median, 99th percentile and maximum in milliseconds.

    >>> percentiles([0.004, 0.001, 0.002])
    {'count': 3, 'p50': 2.0, 'p99': 4.0, 'max': 4.0}
    """
    ordered = sorted(seconds) or [0.0]
    found = {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100], "max": ordered[-1]}
    return {"count": len(seconds), **{name: round(value * 1000, 2) for name, value in found.items()}}


async def measure(port: int, seconds: float) -> None:
    """Ask both ways, then print."""
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    clients = {"kept": Client(port, anew=False), "anew": Client(port, anew=True)}
    tasks = [asyncio.ensure_future(client.run()) for client in clients.values()]
    print(json.dumps("ready"), flush=True)
    try:
        await asyncio.wait_for(over.wait(), seconds)
    except TimeoutError:
        pass
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    print(json.dumps({name: client.report() for name, client in clients.items()}), flush=True)


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]), float(sys.argv[2])))
