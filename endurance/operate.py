"""`python -m endurance.operate`: workers under load: reloaded, recycled, killed, blocked; what is lost, and what it costs.

A request counts as lost when it went out and its response did not come whole, or a connection was refused. A client follows
the protocol: after a response that says `Connection: close` it leaves the connection, and one that was closed while it was
idle is no loss as long as nothing of the request had left... which a client cannot know: so that counts, too.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.kit.programs import free_port

APP = """
import asyncio, os, time
PID = str(os.getpid())
async def wait(res, seconds):
    await asyncio.sleep(seconds)
    res.end(PID)
def app(req, res):
    if req.url.startswith("/late"):
        return wait(res, float(req.url.partition("?")[2]))
    if req.url.startswith("/block"):
        time.sleep(float(req.url.partition("?")[2]))
    res.end(PID)
"""
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Running:
    """A supervisor that runs."""

    process: asyncio.subprocess.Process
    port: int
    folder: Path
    errors: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        return self.errors.read_text()

    def workers(self) -> list[int]:
        return [int(each) for each in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    async def until(self, words: str, times: int = 1, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while self.log().count(words) < times:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(workers: int, *options: str) -> AsyncIterator[Running]:
    """Start a supervisor with so many workers."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "main.py").write_text(APP)
        port = free_port()
        errors = folder / "errors"
        with errors.open("w") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "writehead", "--workers", str(workers), "--port", str(port)),
                *("--no-access-log", "--log-level", "debug", *options, "main:app"),
                cwd=folder,
                stderr=file,
                stdout=file,
            )
        served = Running(process, port, folder, errors)
        try:
            await served.until("is ready after", workers)
            yield served
        except BaseException:
            print(served.log()[-3000:])
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            async with asyncio.timeout(60):
                await process.wait()


@dataclass
class Count:
    """What clients have seen."""

    answered: int = 0
    lost: list[str] = field(default_factory=list)
    pids: Counter[bytes] = field(default_factory=Counter)
    slowest: float = 0.0
    over: bool = False


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str = "/"
) -> tuple[bytes, bool]:
    """Return the body of a response, and whether the connection ends."""
    writer.write(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
    return body, b"connection: close" in head


async def client(port: int, count: Count, kind: str, number: int, pause: float = 0.0) -> None:
    """Ask until it is over; `kind`: keep-alive, one-request or mixed."""
    asked = number
    while not count.over:
        answers = 0
        began = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            count.lost.append(f"not connected: {error}")
            continue
        try:
            while not count.over:
                asked += 1
                body, ends = await ask(reader, writer, "/late?0.005" if asked % 8 == 0 else "/")
                count.answered += 1
                count.pids[body] += 1
                count.slowest = max(count.slowest, time.monotonic() - began)
                answers += 1
                if ends or kind == "one-request" or (kind == "mixed" and asked % 5 == 0):
                    break
                if pause:
                    await asyncio.sleep(pause)
                began = time.monotonic()
        except (OSError, asyncio.IncompleteReadError) as error:
            count.lost.append(f"{kind}: after {answers} answers: {type(error).__name__}")
        finally:
            writer.close()
        if pause:
            await asyncio.sleep(pause)


@asynccontextmanager
async def load(port: int, kind: str, clients: int = 32) -> AsyncIterator[Count]:
    """Load a server meanwhile, and beside it by a client that asks twenty times a second."""
    count, paced = Count(), Count()
    tasks = [asyncio.ensure_future(client(port, count, kind, number)) for number in range(clients)]
    tasks.append(asyncio.ensure_future(client(port, paced, "keep-alive", 1, 0.05)))
    try:
        yield count
    finally:
        count.over = paced.over = True
        await asyncio.wait(tasks, timeout=30)
        count.lost += paced.lost
        count.slowest = paced.slowest


def verdict(good: bool, text: str) -> bool:
    print(("ok    " if good else "FAILS ") + text, flush=True)
    return good


async def reloads(short: bool) -> bool:
    """Rolling reloads under load."""
    good = True
    for workers in (1, 2):
        for kind in ("keep-alive", "one-request", "mixed"):
            times, enough = (3, 3_000) if short else (20, 100_000)
            async with running(workers) as served, load(served.port, kind) as count:
                for number in range(1, times + 1):
                    os.kill(served.pid, signal.SIGHUP)
                    await served.until("reloaded:", number)
                while count.answered < enough:
                    await asyncio.sleep(0.1)
            good &= verdict(
                not count.lost and count.slowest < 0.25,
                f"{times} reloads, {workers} workers, {kind}: {count.answered} answered, {len(count.lost)} lost, "
                f"{len(count.pids)} workers seen, a paced client waited {count.slowest * 1000:.0f} ms at most",
            )
            for each in count.lost[:5]:
                print("      ", each)
    return good


async def broken(short: bool) -> bool:
    """A new version that does not start."""
    async with running(2) as served, load(served.port, "mixed") as count:
        (served.folder / "main.py").write_text("import missing")
        for number in range(1, 2 if short else 6):
            os.kill(served.pid, signal.SIGHUP)
            await served.until("2 old workers serve on", number)
        await asyncio.sleep(0.5)
    return verdict(
        not count.lost and len(count.pids) == 2,
        f"a broken version is refused: {count.answered} answered, {len(count.lost)} lost",
    )


async def recycling(short: bool) -> bool:
    """Workers that have served enough."""
    limit = "500" if short else "4000"
    async with running(2, "--max-requests", limit) as served, load(served.port, "mixed") as count:
        await served.until("its requests are served", 4 if short else 12, 300)
    return verdict(
        not count.lost and "ERROR" not in served_log(served),
        f"recycled after {limit} requests: {count.answered} answered, {len(count.lost)} lost, {len(count.pids)} workers",
    )


def served_log(served: Running) -> str:
    with contextlib.suppress(OSError):
        return served.log()
    return ""


async def killed(short: bool) -> bool:
    """`kill -9` of a worker."""
    async with running(2) as served, load(served.port, "mixed") as count:
        await asyncio.sleep(6)  # one that has lived 5 s is replaced at once
        os.kill(served.workers()[0], signal.SIGKILL)
        began = time.monotonic()
        await served.until("is ready after", 3)
        took = time.monotonic() - began
        await asyncio.sleep(0.5)
    return verdict(
        len(count.lost) <= 33 and took < 1,
        f"kill -9: {count.answered} answered, {len(count.lost)} lost of 33 connections, the next was ready after {took:.2f} s",
    )


async def busy(short: bool) -> bool:
    """A worker that computes for long."""
    seconds = 6 if short else 20
    async with running(2) as served:
        before = served.workers()
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        blocked = asyncio.ensure_future(ask(reader, writer, f"/block?{seconds}"))
        await asyncio.sleep(0.2)
        waits = []
        while not blocked.done():
            began = time.monotonic()
            one, two = await asyncio.open_connection("127.0.0.1", served.port)
            await ask(one, two)
            two.close()
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0.02)
        await blocked
        writer.close()
        same = served.workers() == before
        said = "is blocked" in served.log()
    return verdict(
        same and said and max(waits) < 0.05,
        f"blocked for {seconds} s: it lives, and {len(waits)} new connections waited {max(waits) * 1000:.0f} ms at most",
    )


async def fairness(short: bool) -> bool:
    """How connections spread."""
    good = True
    for workers, number, pause, bound in ((2, 64, 0.0, 55), (4, 200, 0.0, 30), (4, 200, 0.001, 30)):
        async with running(workers) as served:
            opened = [asyncio.ensure_future(_open(served.port)) for _ in range(0)]
            for _ in range(number):
                opened.append(asyncio.ensure_future(_open(served.port)))
                if pause:
                    await asyncio.sleep(pause)
            found = await asyncio.gather(*opened)
            pids = Counter(body for body, _ in found)
            for _, writer in found:
                writer.close()
        share = max(pids.values()) * 100 / number
        good &= verdict(
            share <= bound,
            f"{number} connections, {pause * 1000:g} ms apart, {workers} workers: busiest {share:.0f} %",
        )
    async with running(4) as served:
        count = Counter()
        left = [2000]

        async def short_ones() -> None:
            while left[0] > 0:
                left[0] -= 1
                body, writer = await _open(served.port)
                writer.close()
                count[body] += 1

        await asyncio.gather(*(short_ones() for _ in range(16)))
    least = min([*count.values(), 0 if len(count) < 4 else 2000]) / 20
    return good & verdict(
        least >= 12, f"2,000 connections of one request, 4 workers: each {least:.0f} % or more"
    )


async def _open(port: int) -> tuple[bytes, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    return (await ask(reader, writer))[0], writer


def processor(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> float:
    """Return MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


async def cost(short: bool) -> bool:
    """Processor time of a request, of one worker and of two."""
    seconds = 2 if short else 8
    found = []
    for workers in (1, 2, 1, 2):
        async with running(workers) as served:
            pids = served.workers()
            async with load(served.port, "keep-alive") as count:
                await asyncio.sleep(0.5)
                before, asked = sum(map(processor, pids)), count.answered
                await asyncio.sleep(seconds)
                used, answered = sum(map(processor, pids)) - before, count.answered - asked
            found.append(used / answered * 1e6)
    one, two = min(found[0], found[2]), min(found[1], found[3])
    return verdict(
        two <= one * 1.1, f"processor time of a request: {one:.0f} µs by one worker, {two:.0f} µs by two"
    )


async def idle(short: bool) -> bool:
    """A supervisor that has nothing to do."""
    async with running(4) as served:
        await asyncio.sleep(1)
        seconds = 10 if short else 60
        before = processor(served.pid)
        await asyncio.sleep(seconds)
        share = (processor(served.pid) - before) / seconds * 100
        held = resident(served.pid)
    return verdict(
        held <= 32 and share <= 0.2,
        f"an idle supervisor holds {held:.1f} MiB, and uses {share:.2f} % of a core",
    )


async def growth(short: bool) -> bool:
    """What stays of reloads."""
    times = 10 if short else 100
    async with running(1) as served:
        at = []
        for number in range(1, times + 1):
            os.kill(served.pid, signal.SIGHUP)
            await served.until("reloaded:", number)
            async with asyncio.timeout(20):
                while len(served.workers()) > 1:
                    await asyncio.sleep(0.02)
            at.append((len(os.listdir(f"/proc/{served.pid}/fd")), resident(served.pid)))
    warm = at[len(at) // 4]
    return verdict(
        at[-1][0] <= warm[0] and at[-1][1] - warm[1] < 1,
        f"{times} reloads: {warm[0]} descriptors and {warm[1]:.1f} MiB, at the end {at[-1][0]} and {at[-1][1]:.1f}",
    )


CHECKS: dict[str, Callable[[bool], Awaitable[bool]]] = {
    each.__name__: each for each in (reloads, broken, recycling, killed, busy, fairness, cost, idle, growth)
}


async def run(names: list[str], short: bool) -> int:
    results = [await CHECKS[name](short) for name in names]
    return int(not all(results))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m endurance.operate", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a tenth of it, to see that it works")
    parser.add_argument("--only", choices=sorted(CHECKS), action="append", help="may be given many times")
    options = parser.parse_args()
    return asyncio.run(run(options.only or list(CHECKS), options.short))


if __name__ == "__main__":
    raise SystemExit(main())
