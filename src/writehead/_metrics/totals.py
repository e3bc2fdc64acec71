"""Totals: the numbers of one process, or the sum of those of several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from writehead._metrics.layout import (
    ACCEPTED,
    ACTIVE,
    BAD,
    BUCKETS,
    CONNECTIONS,
    DROPPED,
    DURATIONS,
    FIRST_BYTE,
    LINES_DROPPED,
    METHODS,
    OVERFLOW,
    RECEIVED,
    SCHEMES,
    SENT,
    STATES,
)

T = TypeVar("T")

Labels = tuple[str, ...]


class Histogram:
    """How many were in each bucket, and the sum of all, in seconds."""

    __slots__ = ("counts", "sum")

    def __init__(self, counts: Iterable[int] = (0,) * BUCKETS, total: float = 0.0) -> None:
        self.counts = list(counts)
        self.sum = total

    def add(self, other: Histogram) -> None:
        """Add what another has."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum


class Totals:
    """What was counted; what is counted as of now (`connections`, `active`) is no part of what a process leaves."""

    def __init__(self) -> None:
        self.received = 0
        self.sent = 0
        self.accepted = 0
        self.dropped = 0
        self.lines_dropped = 0
        self.first_byte = Histogram()
        self.durations: dict[Labels, Histogram] = {}
        self.bad: dict[Labels, int] = {}
        self.connections = [0] * len(STATES)
        self.active = [0] * (len(METHODS) * len(SCHEMES))

    def add(self, other: Totals, most: float = float("inf")) -> None:
        """Add the counters of another, and keep at most so many label sets: what is more is in that of the overflow."""
        self.received += other.received
        self.sent += other.sent
        self.accepted += other.accepted
        self.dropped += other.dropped
        self.lines_dropped += other.lines_dropped
        self.first_byte.add(other.first_byte)
        for labels, histogram in other.durations.items():
            kept = _kept(self.durations, labels, most)
            self.durations.setdefault(kept, Histogram()).add(histogram)
        for labels, count in other.bad.items():
            kept = _kept(self.bad, labels, most)
            self.bad[kept] = self.bad.get(kept, 0) + count

    def add_gauges(self, other: Totals) -> None:
        """Add what another has as of now."""
        self.connections = [a + b for a, b in zip(self.connections, other.connections, strict=True)]
        self.active = [a + b for a, b in zip(self.active, other.active, strict=True)]


def _kept(sets: dict[Labels, T], labels: Labels, most: float) -> Labels:
    return labels if labels in sets or len(sets) < most else OVERFLOW


def read(area: memoryview) -> Totals:
    """Return what the process of an area has written."""
    words: memoryview[int] = area.cast("q")
    doubles: memoryview[float] = area.cast("d")

    def histogram(at: int) -> Histogram:
        return Histogram(words[at : at + BUCKETS], doubles[at + BUCKETS])

    totals = Totals()
    totals.received = words[RECEIVED]
    totals.sent = words[SENT]
    totals.accepted = words[ACCEPTED]
    totals.dropped = words[DROPPED]
    totals.lines_dropped = words[LINES_DROPPED]
    totals.first_byte = histogram(FIRST_BYTE)
    totals.durations = {labels: histogram(at) for labels, at in DURATIONS.sets(area)}
    totals.bad = {labels: words[at] for labels, at in BAD.sets(area)}
    totals.connections = list(words[CONNECTIONS : CONNECTIONS + len(STATES)])
    totals.active = list(words[ACTIVE : ACTIVE + len(METHODS) * len(SCHEMES)])
    return totals
