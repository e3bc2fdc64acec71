"""When a worker has served enough."""

from __future__ import annotations

from writehead._supervisor.slots import Why
from writehead._worker.recycling import Recycling


def test_without_limits_it_never_has() -> None:
    """0 is no limit."""
    worker = Recycling(0, 0, 0, 0, 0.0)
    assert worker.reached(1e9, 10**9, 10**12) is None


def test_requests_and_what_is_drawn() -> None:
    """The jitter is added, all of it at most."""
    for drawn, most in ((0.0, 100), (0.5, 105), (0.999, 110)):
        worker = Recycling(100, 10, 0, 0, 0.0, lambda drawn=drawn: drawn)  # type: ignore[misc]
        assert worker.reached(1.0, most - 1, 0) is None
        assert worker.reached(1.0, most, 0) is Why.MAX_REQUESTS


def test_it_asks_once() -> None:
    """Its replacement may take a while to start."""
    worker = Recycling(1, 0, 0, 0, 0.0)
    assert worker.reached(1.0, 5, 0) is Why.MAX_REQUESTS
    assert worker.reached(2.0, 50, 0) is None


def test_age_and_a_tenth() -> None:
    """Workers that began together do not end together."""
    for drawn, age in ((0.0, 60.0), (0.5, 63.0)):
        worker = Recycling(0, 0, 60.0, 0, 1000.0, lambda drawn=drawn: drawn)  # type: ignore[misc]
        assert worker.reached(1000.0 + age - 0.1, 0, 0) is None
        assert worker.reached(1000.0 + age, 0, 0) is Why.LIFETIME


def test_memory_that_stays() -> None:
    """Three samples, 10 s apart, are over the limit; one below it begins anew."""
    worker = Recycling(0, 0, 0, 100, 0.0)
    found = [worker.reached(float(now), 0, 99 if now == 20 else 101) for now in range(60)]
    assert found.index(Why.RSS) == 50
    assert not worker.wants_memory(59.0)
    assert worker.wants_memory(60.0)
