"""`make bench-check`: what a request costs, counted and not timed, against `baseline.json`.

The figures do not depend on the machine's speed or load, only on the code and on Python's minor version:

- `opcodes`: bytecode instructions of the library executed per request;
- `calls`: Python functions of the library entered per request;
- `builtins`: functions written in C that the library called per request;
- `held`: bytes that Python keeps for a connection that has had one answer and is idle.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import tracemalloc
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.memory import Rig
from benchmarks.peers import HERE, ROOT

BASELINE = HERE / "baseline.json"
WORKLOADS = ("plain", "async", "browser", "stream", "upload", "upload-iter", "pipeline", "varied", "churn")
OURS = str(ROOT / "src" / "writehead")
TOLERANCE = {"opcodes": 0.03, "calls": 0.02, "builtins": 0.05, "held": 0.05}
TURNS = 8
CONNECTIONS = 16
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"

Counts = dict[str, float]


class Counter:
    """Counts what the library executes while it is switched on."""

    def __init__(self) -> None:
        self.opcodes = self.calls = self.builtins = 0

    def trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        """Enter a frame: count the opcodes of ours, leave others alone."""
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self.step

    def step(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        """One opcode."""
        if event == "opcode":
            self.opcodes += 1
        return self.step

    def profile(self, frame: FrameType, event: str, _argument: Any) -> None:
        """One call."""
        if frame.f_code.co_filename.startswith(OURS):
            if event == "call":
                self.calls += 1
            elif event == "c_call":
                self.builtins += 1


async def count(name: str) -> Counts:
    """The figures of one workload."""
    rig = Rig(name, CONNECTIONS)
    await rig.open()
    await rig.check()
    for _ in range(3):  # caches fill, and CPython specialises its bytecode
        await rig.turn()
    counter = Counter()
    gc.disable()
    sys.setprofile(counter.profile)
    for _ in range(TURNS):
        await rig.turn()
    sys.setprofile(None)
    sys.settrace(counter.trace)
    for _ in range(TURNS):
        await rig.turn()
    sys.settrace(None)
    gc.enable()
    await rig.close()
    requests = rig.requests * TURNS
    return {
        "opcodes": round(counter.opcodes / requests, 1),
        "calls": round(counter.calls / requests, 2),
        "builtins": round(counter.builtins / requests, 2),
    }


async def held() -> float:
    """Bytes that Python holds for an idle connection."""
    rig = Rig("plain", 64)
    await rig.open()
    await rig.turn()
    await asyncio.sleep(0)
    pairs = rig.pairs
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    rig.pairs = [rig.connect() for _ in range(500)]
    await rig.turn()
    await asyncio.sleep(0)
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) / 500
    tracemalloc.stop()
    rig.pairs += pairs
    await rig.close()
    return round(size)


def measured() -> dict[str, Counts]:
    """All figures."""
    figures: dict[str, Counts] = {name: asyncio.run(count(name)) for name in WORKLOADS}
    figures["idle"] = {"held": asyncio.run(held())}
    return figures


def compare(now: dict[str, Counts], then: dict[str, Counts]) -> list[str]:
    """The figures that rose by more than they may."""
    worse = []
    for workload, counts in now.items():
        for kind, figure in counts.items():
            before = then.get(workload, {}).get(kind)
            if before is not None and figure > before * (1 + TOLERANCE[kind]) + 0.5:
                worse.append(f"{workload}: {kind} {before:g} -> {figure:g} ({figure / before - 1:+.1%})")
    return worse


def show(now: dict[str, Counts], then: dict[str, Counts]) -> None:
    """Print the figures beside the baseline."""
    for workload, counts in now.items():
        cells = []
        for kind, figure in counts.items():
            before = then.get(workload, {}).get(kind)
            change = f" ({figure / before - 1:+.1%})" if before else ""
            cells.append(f"{kind} {figure:,.1f}{change}")
        print(f"{workload:12} " + "   ".join(cells))


def load(path: Path = BASELINE) -> dict[str, dict[str, Counts]]:
    """The baseline by Python version."""
    return json.loads(path.read_text()) if path.exists() else {}


def main() -> int:
    """Compare, or write the baseline anew."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the figures as the new baseline")
    options = parser.parse_args()
    baseline = load()
    then = baseline.get(VERSION, {})
    now = measured()
    show(now, then)
    if options.update:
        baseline[VERSION] = now
        BASELINE.write_text(json.dumps(baseline, indent=1, sort_keys=True) + "\n")
        print(f"written: {BASELINE.relative_to(ROOT)} for Python {VERSION}")
        return 0
    if not then:
        print(
            f"no baseline for Python {VERSION}; there are {', '.join(baseline) or 'none'} (--update writes one)"
        )
        return 0
    worse = compare(now, then)
    for line in worse:
        print(f"more than before: {line}", file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
