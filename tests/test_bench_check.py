"""The check of the work per request: it fails when a figure rises, and only then."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import check, instructions

_THEN: check.Figures = {
    "plain": {"opcodes": 734.0, "calls": 9.0, "builtins": 14.0, "instructions": 45_000.0},
    "idle": {"held": 1431.0},
}


@pytest.mark.parametrize(
    ("workload", "kind", "allowed", "refused"),
    [
        ("plain", "opcodes", 756.0, 757.0),
        ("plain", "calls", 9.6, 9.7),
        ("plain", "builtins", 15.2, 15.3),
        ("plain", "instructions", 46_350.0, 46_351.0),
        ("idle", "held", 1503.0, 1504.0),
    ],
)
def test_each_kind_of_figure_can_fail(workload: str, kind: str, allowed: float, refused: float) -> None:
    """A rise within the tolerance passes, the next step does not, a fall always passes."""
    now = copy.deepcopy(_THEN)
    for figure, problems in ((allowed, 0), (refused, 1), (1.0, 0)):
        now[workload][kind] = figure
        assert len(check.compare(now, _THEN)) == problems, figure


def test_what_has_no_earlier_figure_is_not_compared() -> None:
    """A workload or a kind that is new passes."""
    assert check.compare({"plain": {"instructions": 9e9}, "new": {"opcodes": 9e9}}, {"plain": {}}) == []


def test_instructions_of_another_build_are_not_compared() -> None:
    """Counts of bytecode hold for a version of Python, counts of instructions for one build of it."""
    kept = check.Baseline({check.VERSION: _THEN}, {check.VERSION: check.BUILD})
    assert kept.comparable() == _THEN
    other = check.Baseline({check.VERSION: _THEN}, {check.VERSION: "another"})
    assert other.comparable() == {
        "plain": {"opcodes": 734.0, "calls": 9.0, "builtins": 14.0},
        "idle": {"held": 1431.0},
    }
    other.update({"plain": {"opcodes": 700.0}})
    assert other.figures[check.VERSION]["plain"] == {"opcodes": 700.0, "calls": 9.0, "builtins": 14.0}
    assert other.same_build()


@pytest.mark.parametrize(("factor", "code"), [(1.0, 0), (0.9, 1)])
def test_the_command_fails_against_a_doctored_baseline(
    tmp_path: Path, factor: float, code: int, capsys: Any
) -> None:
    """What is counted now against a baseline of a tenth less work is an error that names the figure."""
    path = tmp_path / "baseline.json"
    assert check.main(["--quick", "--workloads", "plain", "--update"], path) == 0
    doctored = json.loads(path.read_text())
    doctored["figures"][check.VERSION]["plain"]["opcodes"] *= factor
    path.write_text(json.dumps(doctored))
    assert check.main(["--quick", "--workloads", "plain"], path) == code
    assert ("more than before: plain: opcodes" in capsys.readouterr().err) == bool(code)


def test_a_missing_valgrind_is_said(monkeypatch: Any, tmp_path: Path, capsys: Any) -> None:
    """Without valgrind the rest is counted, and the error output says how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check.main(["--workloads", "harness"], tmp_path / "none.json") == 0
    assert "apt-get install valgrind" in capsys.readouterr().err


def test_a_revision_is_checked_out_and_removed(capsys: Any) -> None:
    """Two equal revisions cost the same, and both figures are printed."""
    if not (check.ROOT / ".git").exists():
        pytest.skip("not a checkout")
    assert check.main(["--quick", "--workloads", "plain", "--against", "HEAD"]) in {0, 1}
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("plain"))
    assert line.count(" -> ") == 3


def test_a_profile_without_a_sum_is_refused() -> None:
    """A count that was cut off is an error, not a small figure."""
    assert instructions.total("version: 1\nsummary: 12\nfn=(1)\ntotals: 123\n") == 123
    with pytest.raises(ValueError, match="not a complete profile"):
        instructions.total("version: 1\nfn=(1)\n")


@pytest.mark.slow
@pytest.mark.skipif(not instructions.available(), reason="valgrind is not installed")
def test_two_counts_of_instructions_agree() -> None:
    """The count does not depend on what else the machine does."""
    first, second = instructions.counted(["plain"]), instructions.counted(["plain"])
    assert abs(first["plain"] / second["plain"] - 1) < 0.005


def test_the_baseline_has_every_figure_of_every_workload() -> None:
    """No workload passes because nobody had counted it."""
    for version, figures in check.load(check.BASELINE).figures.items():
        for name in check.WORKLOADS:
            assert set(figures[name]) == {"opcodes", "calls", "builtins", "instructions"}, (version, name)
        assert set(figures["idle"]) == {"held"}
        assert set(figures["harness"]) == {"instructions"}
