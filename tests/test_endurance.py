"""The verdicts of the long runs: what they let pass, and what they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from endurance import fair
from endurance.honest import percentiles
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


_WAITS = {"p50": 1.0, "p99": 9.9, "failures": 0}


def test_an_honest_client_that_waits_too_long_complains() -> None:
    """The limit holds on a kept connection and on new ones; a failure is never allowed."""
    fine = {"kept": _WAITS, "anew": _WAITS}
    assert fair.verdict(fine, 10.0) == []
    assert fair.verdict({**fine, "anew": {**_WAITS, "p99": 10.1}}, 10.0) == ["anew: p99 is 10.1 ms"]
    assert fair.verdict({**fine, "kept": {**_WAITS, "failures": 1}}, 10.0) == ["kept: 1 failures"]


def test_percentiles_of_waits() -> None:
    """Milliseconds, by rank; nothing measured is nothing."""
    waits = [number / 1000 for number in range(1, 101)]
    assert percentiles(waits) == {"count": 100, "p50": 51.0, "p99": 100.0, "max": 100.0}
    assert percentiles([]) == {"count": 0, "p50": 0.0, "p99": 0.0, "max": 0.0}


def test_a_crowd_beyond_the_limit_of_descriptors_is_scaled_down_aloud(capsys: Any) -> None:
    """Who has fewer descriptors measures a smaller crowd and is told so."""
    assert fair.affordable(10) == 10
    assert capsys.readouterr().out == ""
    most = fair.affordable(1 << 40)
    assert 0 < most < 1 << 40
    assert f"SCALED DOWN to {most}" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("server", ["uvloop", "asyncio", "node"])
@pytest.mark.parametrize("name", [name for name in fair.BY_NAME if name != "heads"])
async def test_a_small_attack_is_measured(name: str, server: str) -> None:
    """Every attack works on each server: the crowd comes, the honest client is served, the figures are there."""
    attack = fair.BY_NAME[name]
    options = {"headers_timeout": 300, "connections_checking_interval": 300} if name == "late" else {}
    count = 3000 if name.startswith("chunks") else 10
    product, loop = ("node", "") if server == "node" else ("writehead", server)
    found = await fair.attacked(replace(attack, options=options), count, product, loop, 0.5)
    assert found["connections"] == (1 if name.startswith("chunks") else 10)
    assert found["kept"]["failures"] == found["anew"]["failures"] == 0
    assert found["kept"]["count"] > 0
    assert found["late_ms"] > 0
    assert name != "late" or found["cut"] == 10
    assert not name.startswith("chunks") or found["answer"] == "HTTP/1.1 200 OK"
