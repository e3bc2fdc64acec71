"""How many CPUs this process may use: those it may run on, and no more than its control group pays for."""

from __future__ import annotations

import math
import os
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """Return the number of CPUs, at least 1; a quota of a control group is rounded up."""
    own = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return own if quota is None else max(1, min(own, math.ceil(quota)))


def _quota(root: Path = _ROOT, own: Path = _OWN) -> float | None:
    """Return the smallest quota of the control groups of this process, in CPUs; None if there is none."""
    found = [quota for folder in _folders(root, own) if (quota := _quota_of(folder)) is not None]
    return min(found, default=None)


def _folders(root: Path, own: Path) -> list[Path]:
    """Return the folders of the control group (version 2) that this process is in, and of those around it."""
    try:
        lines = own.read_text("utf-8").splitlines()
    except OSError:
        return []
    inner = next((line[3:] for line in lines if line.startswith("0::")), "")
    folder = root / inner.strip("/")
    return [each for each in (folder, *folder.parents) if each == root or root in each.parents]


def _quota_of(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text("ascii").split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # no file; "max 100000"
        return None
