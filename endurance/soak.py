"""`python -m endurance.soak --minutes N`: mixed load, churn, aborts, errors and timeouts; nothing may grow.

After a warming-up and a rest the server's figures are taken; then the load, with samples; then a rest, and
the figures again. Printed: requests, both figures, and the slope of a straight line through the samples.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from .peer import Peer, need_descriptors, started

OPTIONS = {
    "headers_timeout": 1500,
    "request_timeout": 3000,
    "connections_checking_interval": 500,
    "keep_alive_timeout": 1500,
    "keep_alive_timeout_buffer": 500,
    "write_timeout": 3000,
    "body_timeout": 1500,
}
REST = 6.0
"""Seconds in which every timeout above has come and every connection has gone."""
_GET = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"


class Load:
    """The clients; each method is one kind, called again and again by its worker."""

    def __init__(self, port: int, seed: int) -> None:
        self.port = port
        self.requests = 0
        self.wrong: Counter[str] = Counter()
        self._chance = random.Random(seed)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def _raw(self, data: bytes, expect: bytes, count: int) -> None:
        """Send `data` on a new connection, end it, and look for `count` times `expect` in what comes."""
        reader, writer = await self._open()
        try:
            writer.write(data)
            self.requests += count
            answer = await asyncio.wait_for(reader.read(), 20)
            if answer.count(expect) != count:
                self.wrong[f"{data[:24]!r}: {answer[:40]!r}"] += 1
        finally:
            writer.close()

    async def pipelined(self) -> None:
        """Many small requests on one connection, sixteen at a time."""
        reader, writer = await self._open()
        try:
            for _ in range(60):
                writer.write(_GET % b"/hello" * 16)
                got = b""
                while got.count(b"Hello, world!") < 16:
                    data = await asyncio.wait_for(reader.read(65536), 20)
                    if not data:
                        self.wrong["pipelined: cut"] += 1
                        return
                    got += data
                self.requests += 16
        finally:
            writer.close()

    async def churn(self) -> None:
        """A connection for each request."""
        await self._raw(b"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"Hello, world!", 1)

    async def bodies(self) -> None:
        """Bodies of both framings, an expectation, streams, HEAD, an unknown page, on one connection."""
        body = b"b" * self._chance.randint(0, 200_000)
        data = (
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            + b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n"
            + b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"
            + b"HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n"
            + _GET % b"/stream"
            + _GET % b"/nowhere"
            + b"GET /late?20 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        await self._raw(data, b"\r\nDate: ", 7)

    async def errors(self) -> None:
        """Handlers that fail at once, later, and half-way."""
        await self._raw(
            _GET % b"/error" + b"GET /async-error HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            b" 500 ",
            2,
        )
        await self._raw(_GET % b"/async-error?half", b"half an answer", 1)

    async def malformed(self) -> None:
        """Requests that are none."""
        await self._raw(b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", b" 400 ", 1)
        await self._raw(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b" 400 ", 1
        )

    async def aborts(self) -> None:
        """Clients that reset: in the head, in the body, in the middle of an answer, before a late one."""
        for data in (
            b"GET / HTT",
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf",
            _GET % b"/big?4000000",
            _GET % b"/late?500",
            _GET % b"/hello" * 20,
        ):
            _, writer = await self._open()
            writer.write(data)
            self.requests += 1
            await asyncio.sleep(self._chance.random() / 50)
            link = writer.get_extra_info("socket")
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def timeouts(self) -> None:
        """A head that never ends, a body that stalls, a connection that idles: each has its clock."""
        slow = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"
        await asyncio.gather(
            self._raw(b"GET / HTTP/1.1\r\nHo", b" 408 ", 1),
            self._stalled(slow),
            self._raw(_GET % b"/hello", b"Hello, world!", 1),
        )

    async def _stalled(self, data: bytes) -> None:
        """Whatever is answered, the connection has to end."""
        reader, writer = await self._open()
        try:
            writer.write(data)
            self.requests += 1
            await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()

    def workers(self) -> list[tuple[Callable[[], Awaitable[None]], int]]:
        """Return each kind with the number of its workers."""
        return [
            (self.pipelined, 6),
            (self.churn, 4),
            (self.bodies, 3),
            (self.errors, 1),
            (self.malformed, 1),
            (self.aborts, 2),
            (self.timeouts, 4),
        ]

    async def run(self, seconds: float) -> None:
        """Load the server for so long."""
        end = time.monotonic() + seconds

        async def work(kind: Callable[[], Awaitable[None]]) -> None:
            while time.monotonic() < end:
                try:
                    await kind()
                except (OSError, TimeoutError) as error:
                    self.wrong[f"{kind.__name__}: {type(error).__name__}"] += 1
                    await asyncio.sleep(0.01)

        await asyncio.gather(*(work(kind) for kind, count in self.workers() for _ in range(count)))


def slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of the straight line that fits `points` best."""
    count = len(points)
    if count < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


STEADY = ("descriptors", "tasks", "timers", "connections", "requests", "responses")
"""What the server must hold no more of at the end than at the start."""
SLACK_KIB = 4096
"""Resident memory that an allocator may keep."""
SLACK_OBJECTS = 500
"""Objects that caches of a fixed size may still have taken up."""


def verdict(before: dict[str, int], after: dict[str, int], wrong: int) -> list[str]:
    """Return what has grown, and how many answers were wrong."""
    found = [f"{key} grew by {after[key] - before[key]}" for key in STEADY if after[key] > before[key]]
    growth = after["rss_kib"] - before["rss_kib"]
    if growth > SLACK_KIB:
        found.append(f"resident memory grew by {growth} KiB")
    if after["objects"] - before["objects"] > SLACK_OBJECTS:
        found.append(f"objects grew by {after['objects'] - before['objects']}")
    if wrong:
        found.append(f"{wrong} wrong answers")
    return found


async def _sample(peer: Peer, load: Load, every: float, samples: list[tuple[float, float]]) -> None:
    while True:
        await asyncio.sleep(every)
        samples.append((float(load.requests), float(peer.resident_kib())))
        print(f"  {load.requests:9} requests  {samples[-1][1] / 1024:7.1f} MiB", flush=True)


async def run(minutes: float, seed: int) -> int:
    """Return 0 when nothing has grown and no answer was wrong."""
    need_descriptors(4096)
    async with started(OPTIONS) as peer:
        load = Load(peer.port, seed)
        await load.run(max(10.0, min(30.0, minutes * 6)))
        await asyncio.sleep(REST)
        before, warm = await peer.figures(), load.requests
        samples: list[tuple[float, float]] = []
        sampling = asyncio.ensure_future(_sample(peer, load, max(2.0, minutes * 2), samples))
        await load.run(minutes * 60)
        sampling.cancel()
        await asyncio.sleep(REST)
        after = await peer.figures()
    rss = slope(samples[len(samples) // 4 :])
    wrong = sum(load.wrong.values())
    problems = verdict(before, after, wrong)
    print(f"requests       {load.requests} ({load.requests - warm} after warming up)")
    print(f"at the start   {json.dumps(before)}")
    print(f"at the end     {json.dumps(after)}")
    print(
        f"grown          {json.dumps({key: after[key] - before[key] for key in (*STEADY, 'objects', 'rss_kib')})}"
    )
    print(f"slope          {rss * 1e6:+.0f} KiB per million requests under load")
    print(f"wrong answers  {wrong} {dict(load.wrong.most_common(5))}")
    print(f"FAILED: {', '.join(problems)}" if problems else "steady")
    return int(bool(problems))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m endurance.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    try:
        import uvloop

        return uvloop.run(run(options.minutes, options.seed))
    except ImportError:
        return asyncio.run(run(options.minutes, options.seed))


if __name__ == "__main__":
    raise SystemExit(main())
