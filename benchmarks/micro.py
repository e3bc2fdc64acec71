"""`python -m benchmarks.micro [workload …]`: microseconds of the library per request, kernel and client left out."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time

from httptools import HttpRequestParser

from benchmarks.load import request_bytes
from benchmarks.memory import PLAIN, Rig
from benchmarks.workloads import WORKLOADS

BATCHES = 15
BATCH_SECONDS = 0.15


async def measure(name: str) -> tuple[float, float]:
    """The best and the median batch, in microseconds per request."""
    rig = Rig(name)
    await rig.open()
    await rig.check()
    turns = 1
    while await timed(rig, turns) < BATCH_SECONDS:
        turns *= 2
    batches = [await timed(rig, turns) / turns / rig.requests * 1e6 for _ in range(BATCHES)]
    await rig.close()
    return min(batches), statistics.median(batches)


async def timed(rig: Rig, turns: int) -> float:
    """Seconds that a number of turns take."""
    began = time.perf_counter()
    for _ in range(turns):
        await rig.turn()
    return time.perf_counter() - began


def parse_alone(name: str) -> float:
    """What httptools takes for the same request with nobody listening: the part that is not ours."""

    class Nobody:
        pass

    data = request_bytes(WORKLOADS[name])
    parser = HttpRequestParser(Nobody())
    best = float("inf")
    for _ in range(BATCHES):
        began = time.perf_counter()
        for _ in range(2000):
            parser.feed_data(data)
        best = min(best, (time.perf_counter() - began) / 2000)
    return best * 1e6


def main() -> None:
    """Print one line per workload."""
    print(f"{'':12} {'best us':>9} {'median us':>10} {'llhttp us':>10}")
    for name in sys.argv[1:] or PLAIN:
        best, median = asyncio.run(measure(name))
        parsing = "" if WORKLOADS[name].body or name == "churn" else f"{parse_alone(name):10.2f}"
        print(f"{name:12} {best:9.2f} {median:10.2f} {parsing}", flush=True)


if __name__ == "__main__":
    main()
