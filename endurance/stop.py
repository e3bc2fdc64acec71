"""`python -m endurance.stop`: SIGTERM under load, again and again; no request may be lost.

The client follows the protocol: after an answer that says `Connection: close` it leaves the connection, and
a refused connection ends it. A request counts as lost when it went out on a connection that was accepted,
no answer had announced the end, and its own answer did not come whole.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from dataclasses import dataclass, field

from .peer import need_descriptors, started

OPTIONS = {"keep_alive_timeout": 20000}
CONNECTIONS = 48
_REQUESTS = (
    (b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", b"Hello, world!"),
    (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", b"5"),
    (b"GET /late?3 HTTP/1.1\r\nHost: a\r\n\r\n", b"late"),
)


@dataclass
class Count:
    """What the clients of one stop have seen."""

    answered: int = 0
    said_close: int = 0
    lost: list[str] = field(default_factory=list)
    unaccepted: int = 0
    stopping: bool = False


class _Client:
    def __init__(self, port: int, number: int, count: Count) -> None:
        self._port = port
        self._count = count
        self._turn = number
        self._anew = number % 4 == 0

    async def run(self) -> None:
        """Ask until the server takes no more connections; one client in four takes a new one each time."""
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                return
            try:
                await self._converse(reader, writer)
            except EOFError:
                return
            finally:
                writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served = 0
        while True:
            self._turn += 1
            # One in eight is late: the stop finds some answers begun and some requests just come.
            request, body = _REQUESTS[2 if self._turn % 8 == 0 else self._turn % 2]
            got = b""
            try:
                writer.write(request)
                got = await reader.readuntil(b"\r\n\r\n")
                size = int(got.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                got += await reader.readexactly(size)
            except (OSError, asyncio.IncompleteReadError) as error:
                self._failed(served, got, error)
                raise EOFError from None
            if not got.endswith(body) or not got.startswith(b"HTTP/1.1 200 "):
                self._count.lost.append(f"wrong answer {got[:60]!r}")
            self._count.answered += 1
            served += 1
            if b"connection: close" in got.lower():
                self._count.said_close += 1
                return
            if self._anew:
                return

    def _failed(self, served: int, got: bytes, error: Exception) -> None:
        if not served and not got and self._count.stopping:
            # It lay in the listening socket's queue and was never accepted.
            self._count.unaccepted += 1
            return
        self._count.lost.append(
            f"after {served} answers, {len(got)} bytes of this one: {type(error).__name__}"
        )


async def _one(seconds: float) -> tuple[Count, int, float]:
    count = Count()
    async with started(OPTIONS) as peer:
        clients = [asyncio.ensure_future(_Client(peer.port, n, count).run()) for n in range(CONNECTIONS)]
        await asyncio.sleep(seconds)
        begun = time.monotonic()
        count.stopping = True
        peer.process.send_signal(signal.SIGTERM)
        await asyncio.wait(clients, timeout=40)
        code = await asyncio.wait_for(peer.process.wait(), 40)
        return count, code, time.monotonic() - begun


async def run(stops: int, seconds: float) -> int:
    """Stop so many servers; return 1 when a request was lost or an exit code was not 0."""
    need_descriptors(2048)
    answered = lost = unaccepted = bad_codes = 0
    for number in range(1, stops + 1):
        count, code, took = await _one(seconds)
        answered += count.answered
        lost += len(count.lost)
        unaccepted += count.unaccepted
        bad_codes += code != 0
        print(
            f"stop {number:2}: {count.answered} answered, {len(count.lost)} lost, {count.said_close} said close, "
            f"{count.unaccepted} connections not accepted, exit code {code}, {took:.2f} s",
            flush=True,
        )
        for text in count.lost[:3]:
            print("   ", text)
    print(f"all: {answered} answered, {lost} lost, {unaccepted} not accepted, {bad_codes} exit codes not 0")
    return int(bool(lost or bad_codes))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m endurance.stop", description=__doc__)
    parser.add_argument("--stops", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=2.0, help="of load before each stop")
    options = parser.parse_args()
    try:
        import uvloop

        return uvloop.run(run(options.stops, options.seconds))
    except ImportError:
        return asyncio.run(run(options.stops, options.seconds))


if __name__ == "__main__":
    raise SystemExit(main())
