"""What the library executes and keeps per request, as Python sees it: bytecode, calls, bytes held.

`python -m benchmarks.counting WORKLOAD...` prints the figures of the library that it imports, as JSON.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from pathlib import Path
from types import FrameType
from typing import Any

import writehead
from benchmarks.memory import Rig

OURS = str(Path(writehead.__file__).parent)
IDLE = "idle"
"""Not a workload: connections that have had one response each."""
TURNS = 8
CONNECTIONS = 16

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


def measured(names: list[str]) -> dict[str, Counts]:
    """Return the figures of each workload."""
    return {
        name: {"held": asyncio.run(held())} if name == IDLE else asyncio.run(count(name)) for name in names
    }


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1:])))
