"""What the row of a process says of it, for people and programs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from writehead._admin.operated import WorkerInfo
from writehead._shared.block import Row, State

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def worker_infos(rows: Iterable[Row]) -> list[WorkerInfo]:
    """Return what is known of each process, in the order of their numbers, the older of two first."""
    return [worker_info(row) for row in sorted(rows, key=lambda each: (each.slot, each.started))]


def worker_info(row: Row) -> WorkerInfo:
    """Return what is known of the process of a row."""
    return {
        "slot": row.slot,
        "pid": row.pid,
        "state": State(row.state).name.lower(),
        "age": round(max(time.time() - row.started, 0.0), 3),
        "requests": row.requests,
        "in_flight": row.in_flight,
        "connections": row.connections,
        "resident": row.resident,
        "processor": round(row.processor, 3),
        "lag": round(row.lag, 6),
        "blocked": round(max(time.monotonic() - row.blocked_since, 0.0), 3) if row.blocked_since else 0.0,
    }


def measure(row: Row) -> None:
    """Write what the process of this row, which is our own, takes of the system."""
    row.processor = time.process_time()
    try:
        row.resident = int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE
        row.descriptors = len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - one of them reads the folder
    except OSError:  # not Linux
        try:
            row.descriptors = len(os.listdir("/dev/fd")) - 1  # noqa: PTH208
        except OSError:
            pass
