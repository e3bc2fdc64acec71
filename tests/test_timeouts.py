"""The sweep: one look at all connections, now and then."""

from __future__ import annotations

from writehead._server.timeouts import Sweep, late_ones
from writehead.testing import Clock


class Age:
    """A connection that has been at its message for so many seconds."""

    def __init__(self, head: float = 0.0, whole: float = 0.0) -> None:
        self.head = head
        self.whole = whole

    def is_late(self, now: float, headers_timeout: float, request_timeout: float) -> bool:
        return 0 < headers_timeout < self.head or 0 < request_timeout < self.whole


def test_it_looks_every_so_many_seconds() -> None:
    """From the start on, with the time of each look."""
    clock = Clock()
    looks: list[float] = []
    Sweep(clock, looks.append).start(30)
    clock.advance(95_000)
    assert looks == [30, 60, 90]


def test_a_stopped_sweep_looks_no_more() -> None:
    """Until it is started again."""
    clock = Clock()
    looks: list[float] = []
    sweep = Sweep(clock, looks.append)
    sweep.start(30)
    clock.advance(40_000)
    sweep.stop()
    clock.advance(100_000)
    sweep.start(10)
    clock.advance(10_000)
    assert looks == [30, 150]


def test_an_interval_of_0_is_never() -> None:
    """Nothing is looked at."""
    clock = Clock()
    looks: list[float] = []
    Sweep(clock, looks.append).start(0)
    clock.advance(1_000_000)
    assert looks == []


def test_a_look_may_stop_the_sweep() -> None:
    """A server that closes within a look is not looked at again."""
    clock = Clock()
    looks: list[float] = []

    def look(now: float) -> None:
        looks.append(now)
        sweep.stop()

    sweep = Sweep(clock, look)
    sweep.start(1)
    clock.advance(5000)
    assert looks == [1]


def test_the_late_ones_are_found() -> None:
    """By the time for a head, or by that for the whole request."""
    slow_head, slow_body, fine = Age(head=61), Age(whole=301), Age(60, 300)
    assert late_ones([slow_head, slow_body, fine], 0, 60, 300) == [slow_head, slow_body]


def test_times_the_wrong_way_round_are_swapped() -> None:
    """The smaller one is the time for a head; 0 takes no part."""
    head = Age(head=15, whole=15)
    assert late_ones([head], 0, 20, 10) == [head]
    assert late_ones([Age(head=15)], 0, 20, 0) == []
