"""Idle timers: who is told, when, and what it costs those who are busy."""

from __future__ import annotations

from typing import Any

import pytest

from writehead._loop.timers import IdleTimers
from writehead.testing import Clock


class Sleeper:
    """Somebody who can be idle; `fired` has the times at which it was told so."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.fired: list[float] = []
        self.idle_after = 0.0
        self.active_at = 0.0
        self.idle_fired = False
        self.idle_group = 0.0

    def on_idle(self) -> None:
        self.fired.append(self.clock.time())


class CountingClock(Clock):
    """Counts the timers that were asked of it."""

    asked = 0

    def call_at(self, when, callback, *args):  # type: ignore[no-untyped-def]
        self.asked += 1
        return super().call_at(when, callback, *args)


def test_the_idle_are_told_once() -> None:
    """After the time given, and not again without activity."""
    clock = Clock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    timers.watch(one, 2)
    clock.advance(1999)
    assert one.fired == []
    clock.advance(1)
    clock.advance(10_000)
    assert one.fired == [2]


def test_activity_begins_the_time_anew() -> None:
    """An assignment is all that activity costs."""
    clock = Clock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    timers.watch(one, 2)
    clock.advance(1500)
    one.active_at = clock.time()
    clock.advance(1999)
    assert one.fired == []
    clock.advance(1)
    assert one.fired == [3.5]


def test_zero_ends_the_watch() -> None:
    """Who is switched off is not told."""
    clock = Clock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    timers.watch(one, 2)
    timers.watch(one, 0)
    clock.advance(10_000)
    assert one.fired == []


def test_a_watch_can_be_switched_off_and_on() -> None:
    """The time counts from the last switching on."""
    clock = Clock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    for _ in range(5):
        timers.watch(one, 2)
        clock.advance(1900)
        timers.watch(one, 0)
        clock.advance(1900)
    timers.watch(one, 2)
    clock.advance(1999)
    assert one.fired == []
    clock.advance(500)
    assert len(one.fired) == 1


def test_another_length_of_time_replaces_the_first() -> None:
    """Only the last one counts."""
    clock = Clock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    timers.watch(one, 2)
    timers.watch(one, 60)
    clock.advance(59_999)
    assert one.fired == []
    clock.advance(1)
    assert one.fired == [60]


def test_the_forgotten_are_never_told() -> None:
    """Nor does the clock keep a timer for them."""
    clock = Clock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    timers.watch(one, 2)
    timers.forget(one)
    clock.advance(10_000)
    assert one.fired == []
    timers.watch(one, 2)
    clock.advance(2000)
    assert len(one.fired) == 1


def test_who_was_told_can_be_watched_again() -> None:
    """A new watch begins after the old one fired."""
    clock = Clock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    timers.watch(one, 2)
    clock.advance(2000)
    timers.watch(one, 2)
    clock.advance(2000)
    assert one.fired == [2, 4]


def test_a_crowd_shares_one_timer() -> None:
    """A thousand that wait equally long cost one call of the clock, and few looks."""
    clock = CountingClock()
    timers = IdleTimers(clock)
    crowd = [Sleeper(clock) for _ in range(1000)]
    for each in crowd:
        timers.watch(each, 8)
        clock.advance(1)
    assert clock.asked == 1
    clock.advance(8000)
    assert all(len(each.fired) == 1 for each in crowd)
    assert clock.asked <= 40
    assert max(each.fired[0] for each in crowd) <= 9.25


def test_each_of_many_lengths_of_time_is_kept() -> None:
    """However they are grouped, nobody is told too early, nor much too late."""
    clock = Clock()
    timers = IdleTimers(clock)
    lengths = [0.001 * 1.01**n for n in range(1500)]
    crowd = [Sleeper(clock) for _ in lengths]
    for each, seconds in zip(crowd, lengths, strict=True):
        timers.watch(each, seconds)
    clock.advance(1000 * lengths[-1])
    for each, seconds in zip(crowd, lengths, strict=True):
        assert len(each.fired) == 1
        assert seconds - 1e-9 <= each.fired[0] <= seconds + min(seconds / 16, 0.25)


@pytest.mark.parametrize("order", [1, -1])
def test_a_length_of_time_for_each_request_costs_no_timer_for_each(order: int) -> None:
    """One that watches for 20,000 lengths in turn leaves few timers, and they go away."""
    clock = CountingClock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    for length in range(1, 20_001)[::order]:
        timers.watch(one, 1 + length / 1000)
    assert len(timers._groups) <= 16 * 5
    assert sum(len(group.members) for group in timers._groups.values()) == 1
    clock.advance(100_000)
    assert len(one.fired) == 1
    assert not timers._groups


def test_a_shorter_wait_is_not_told_with_a_longer_one() -> None:
    """Of two that are about equally long, the second may be due first."""
    clock = Clock()
    timers = IdleTimers(clock)
    long, short = Sleeper(clock), Sleeper(clock)
    timers.watch(long, 100)
    timers.watch(short, 99)
    clock.advance(200_000)
    assert (short.fired, long.fired) == ([99], [100])


def test_nobody_leaves_a_timer_behind() -> None:
    """Who was watched for several lengths of time and is forgotten leaves none of them."""
    clock = Clock()
    timers = IdleTimers(clock)
    one = Sleeper(clock)
    for seconds in (5, 600, 1, 20):
        timers.watch(one, seconds)
    timers.forget(one)
    assert not timers._groups
    assert all(timer.cancelled for _, _, timer in clock._timers)


def test_who_is_forgotten_by_another_is_not_told() -> None:
    """One that is told may end the wait of the next."""
    clock = Clock()
    timers = IdleTimers(clock)
    told: list[Any] = []

    class Ender(Sleeper):
        def on_idle(self) -> None:
            told.append(self)
            for each in crowd:
                each.idle_fired = False
                timers.forget(each)

    crowd = [Ender(clock), Ender(clock)]
    for each in crowd:
        timers.watch(each, 2)
    clock.advance(10_000)
    assert len(told) == 1
