"""How many CPUs this process may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from writehead._command import cpus


def test_a_quota_is_the_smallest_of_the_groups_around(tmp_path: Path) -> None:
    """A control group pays for no more than those that it is in; a group without a limit says `max`."""
    inner = tmp_path / "root" / "a" / "b"
    inner.mkdir(parents=True)
    own = tmp_path / "cgroup"
    own.write_text("0::/a/b\n")
    (inner / "cpu.max").write_text("max 100000\n")
    (inner.parent / "cpu.max").write_text("150000 100000\n")
    assert cpus._quota(tmp_path / "root", own) == 1.5
    (tmp_path / "root" / "cpu.max").write_text("50000 100000\n")
    assert cpus._quota(tmp_path / "root", own) == 0.5


def test_without_groups_there_is_no_quota(tmp_path: Path) -> None:
    """macOS has none, and a file that says something else says nothing."""
    assert cpus._quota(tmp_path, tmp_path / "missing") is None
    (tmp_path / "cpu.max").write_text("what\n")
    (tmp_path / "own").write_text("1:cpu:/\n")
    assert cpus._quota(tmp_path, tmp_path / "own") is None


@pytest.mark.parametrize(("quota", "most"), [(0.1, 1), (1.0, 1), (None, None), (1e9, None)])
def test_the_number_is_rounded_up(
    monkeypatch: pytest.MonkeyPatch, quota: float | None, most: int | None
) -> None:
    """At least one, and never more than this process may run on."""
    monkeypatch.setattr(cpus, "_quota", lambda: quota)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert cpus.usable_cpus() == (most or allowed)
