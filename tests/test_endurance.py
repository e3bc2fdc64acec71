"""The verdicts of the long runs: what they let pass, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from endurance.slow import compared, verdict
from endurance.soak import slope
from endurance.soak import verdict as soak_verdict

_FINE: dict[str, Any] = {"left": 0, "held": 5000, "still_there": 5001, "ratio": 0.8, "honest_lost": 0}


def _turn(rate: float, alone: float) -> list[dict[str, float]]:
    rest = {"cpu_us": 50.0, "worst_ms": 3.0, "lost": 0}
    return [{"rate": rate, **rest}, {"rate": alone, **rest}]


def test_one_turn_in_which_the_machine_was_busy_decides_nothing() -> None:
    """The ratio is the median over the turns, each with its own pair of measurements."""
    turns = [_turn(950, 1000), _turn(95, 100), _turn(100, 1000), _turn(1900, 2000), _turn(3000, 1000)]
    found = compared(turns)
    assert found["ratio"] == 0.95
    assert (found["ratio_low"], found["ratio_high"]) == (0.1, 3.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"left": 1}, "1 were never cut"),
        ({"still_there": 4999}, "only 4999 of the crowd were there when the measuring ended"),
        ({"ratio": 0.79}, "the honest client kept 79%"),
        ({"honest_lost": 2}, "2 connections of the honest client were lost"),
    ],
)
def test_a_slow_crowd_that_costs_the_honest_client_fails(change: dict[str, Any], said: str) -> None:
    """Each promise is looked at; what is just good enough passes."""
    assert verdict(_FINE) == []
    assert verdict({**_FINE, **change}) == [said]


_HELD = {"descriptors": 17, "tasks": 1, "timers": 1, "connections": 1, "requests": 1, "responses": 1}


@pytest.mark.parametrize("name", _HELD)
def test_a_run_in_which_anything_grows_fails(name: str) -> None:
    """One descriptor, task, timer or object more at the end than at the start is a leak."""
    before, after = (
        {**_HELD, "rss_kib": 50_000, "objects": 20_000},
        {**_HELD, "rss_kib": 54_000, "objects": 20_500},
    )
    assert soak_verdict(before, after, 0) == []
    assert soak_verdict(before, {**after, name: _HELD[name] + 1}, 0) == [f"{name} grew by 1"]


def test_a_run_that_takes_memory_or_answers_wrongly_fails() -> None:
    """Four MiB are what an allocator may keep."""
    before = {**_HELD, "rss_kib": 50_000, "objects": 20_000}
    assert soak_verdict(before, {**before, "rss_kib": 54_097}, 0) == ["resident memory grew by 4097 KiB"]
    assert soak_verdict(before, {**before, "objects": 20_501}, 0) == ["objects grew by 501"]
    assert soak_verdict(before, before, 3) == ["3 wrong answers"]


def test_the_slope_of_samples() -> None:
    """A straight line's own, nothing for fewer than two."""
    assert slope([(0, 1), (1, 3), (2, 5)]) == 2.0
    assert slope([(1, 1)]) == slope([(1, 1), (1, 2)]) == 0.0
