"""How long a library takes to import, and a server to give its first answer."""

from __future__ import annotations

import statistics
import subprocess
import time

from benchmarks.load import check_answer
from benchmarks.peers import Server
from benchmarks.process import environment, running
from benchmarks.workloads import WORKLOADS

REPEATS = 9


def import_time(server: Server, repeats: int = REPEATS) -> float:
    """Milliseconds the import adds to a bare interpreter: medians of alternating runs."""
    bare, full = [], []
    for _ in range(repeats):
        bare.append(_duration(server.bare_command(), server))
        full.append(_duration(server.import_command(), server))
    return (statistics.median(full) - statistics.median(bare)) * 1000


def startup_time(server: Server, repeats: int = REPEATS) -> float:
    """Milliseconds from starting the process to having its first answer."""
    times = []
    for _ in range(repeats):
        with running(server, "plain") as process:
            check_answer(process, WORKLOADS["plain"])
            times.append(time.perf_counter() - process.started)
    return statistics.median(times) * 1000


def _duration(command: list[str], server: Server) -> float:
    began = time.perf_counter()
    environ = environment(server.source)
    subprocess.run(command, check=True, cwd=server.source, env=environ, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
