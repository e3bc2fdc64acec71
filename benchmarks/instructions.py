"""Machine instructions per request, counted by valgrind: what a count of bytecode does not see, work done in C.

`python -m benchmarks.instructions` is what valgrind runs, and nothing else. Each count is the difference between two
processes, forked from one that has everything imported: one serves so many turns of the workload, the other more.
What both do, from the start of Python to the last disconnect, cancels out.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.peers import ROOT

HARNESS = "harness"
"""The workload in which a connection throws away what comes: the rig and the event loop without the library."""
MISSING = (
    "INSTRUCTIONS ARE NOT COUNTED: valgrind is not installed (Debian, Ubuntu: apt-get install valgrind; "
    "Fedora: dnf install valgrind)"
)
WARM = 4
"""Turns of every process: caches fill, and CPython specialises its bytecode."""
FACTOR = {"stream": 0.5, "upload": 0.25, "upload-iter": 0.25, "pipeline": 0.25}
"""What needs fewer turns, because a turn is more work."""
TURNS = 40
CONNECTIONS = 16


def available() -> bool:
    """Whether valgrind is installed."""
    return shutil.which("valgrind") is not None


def counted(workloads: list[str], source: Path = ROOT / "src") -> dict[str, float]:
    """Return the instructions per request of each workload, served by the library in `source`.

    Raises:
        RuntimeError: what ran under valgrind failed; says how.
    """
    with tempfile.TemporaryDirectory() as place:
        command = [
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={place}/%p",
            sys.executable,
            "-m",
            "benchmarks.instructions",
            *workloads,
        ]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(source), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        runs = [json.loads(line) for line in done.stdout.splitlines()]
        totals = {run["pid"]: total((Path(place) / str(run["pid"])).read_text()) for run in runs}
    return {
        few["workload"]: round(
            (totals[many["pid"]] - totals[few["pid"]]) / (many["requests"] - few["requests"]), 1
        )
        for few, many in zip(runs[::2], runs[1::2], strict=True)
    }


def environment(source: Path) -> dict[str, str]:
    """Return the environment of a count: the library of `source`, sets and dicts in the same order each time."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPATH": str(source), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def total(profile: str) -> int:
    """Return the instructions that a file of callgrind's sums up.

    Raises:
        ValueError: the file has no sum.
    """
    found = re.findall(r"^(?:totals|summary): (\d+)", profile, re.MULTILINE)
    if not found:
        raise ValueError("not a complete profile of callgrind")
    return int(found[-1])


class Nothing(asyncio.Protocol):
    """A protocol that throws away what comes."""


async def serve(workload: str, turns: int) -> int:
    """Serve so many turns beyond the first ones, and return the number of requests."""
    from benchmarks.memory import Rig, Wire

    rig: Any = Rig("plain" if workload == HARNESS else workload, CONNECTIONS)
    if workload == HARNESS:
        rig.connect = lambda: (Nothing(), Wire())
    await rig.open()
    for _ in range(WARM + turns):
        await rig.turn()
    await rig.close()
    return int(rig.requests * (WARM + turns))


def fork(workload: str, turns: int) -> None:
    """Serve in a process of its own; print which one it was and how many requests it had."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            gc.disable()
            requests = asyncio.run(serve(workload, turns))
            print(json.dumps({"workload": workload, "pid": os.getpid(), "requests": requests}), flush=True)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if status:
        raise RuntimeError(f"{workload} ended with {os.waitstatus_to_exitcode(status)}")


def main() -> None:
    """Serve each of the workloads twice."""
    # Before the forks, and not in the process that starts valgrind and imports this module too.
    importlib.import_module("benchmarks.memory")
    for workload in sys.argv[1:]:
        fork(workload, 0)
        fork(workload, round(TURNS * FACTOR.get(workload, 1)))


if __name__ == "__main__":
    main()
