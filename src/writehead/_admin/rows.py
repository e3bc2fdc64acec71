"""What the row of a process says of it, for people and programs."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from writehead._admin.operated import Status, WorkerInfo
from writehead._shared.block import Row, State
from writehead._shared.readiness import Readiness

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def status_of(
    name: str,
    build: Mapping[str, str],
    started: float,
    readiness: Readiness,
    addresses: list[str],
    rows: Iterable[Row],
) -> Status:
    """Return what is known of this process and of those that serve, which may be itself.

    Args:
        name: what is served.
        build: the version, of Python, and of the loop.
        started: when this process has, in seconds since 1970.
        readiness: whether requests can be served.
        addresses: where they are, as URLs.
        rows: of the processes that serve.
    """
    return {
        "name": name,
        "version": build["version"],
        "python": build["python"],
        "loop": build["loop"],
        "pid": os.getpid(),
        "age": round(time.time() - started, 3),
        "readiness": readiness,
        "addresses": addresses,
        "workers": worker_infos(rows),
    }


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


def measure(row: Row, pid: int | None = None) -> None:
    """Write what a process takes of the system: that of `pid`, or our own, whose row this is."""
    if pid is None:
        row.processor = time.process_time()
    name = "self" if pid is None else str(pid)
    try:
        row.resident = int(Path(f"/proc/{name}/statm").read_text("ascii").split()[1]) * _PAGE
        row.descriptors = len(os.listdir(f"/proc/{name}/fd")) - (pid is None)  # noqa: PTH208 - one reads the folder
    except (OSError, IndexError):  # not Linux, or it has gone
        if pid is None:
            _count_descriptors(row)


def _count_descriptors(row: Row) -> None:
    with contextlib.suppress(OSError):
        row.descriptors = len(os.listdir("/dev/fd")) - 1  # noqa: PTH208
