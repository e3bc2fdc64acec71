"""Counting: what one process has seen, in plain integers, which are written to its area now and then.

Invariant: counting an ordinary request changes one list; all else is done when a label set is new, or when the numbers
are written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from writehead._metrics.layout import (
    BAD,
    BOUNDS,
    BUCKETS,
    DURATIONS,
    FIRST_BYTE,
    LINES_DROPPED,
    METHODS,
    MOST_BYTES,
    MOST_SETS,
    OVERFLOW,
    SCHEMES,
    encoded,
    write_histogram,
)
from writehead._native.choice import Head
from writehead._semantics.outcome import Outcome
from writehead._semantics.record import Notes, Record, route_of

FINISHED = Outcome.FINISHED

#: How many spellings of label sets are remembered: routes may be of any number.
_REMEMBERED = 4 * MOST_SETS

_SUM = BUCKETS
_SHORTEST = BOUNDS[0]

#: The buckets, then the sum in seconds.
Series = list[float]


class Counts:
    """What a process counts; `flush` writes it to its area."""

    __slots__ = ("_bad", "_first_byte", "_known", "_ordinary", "_split", "_whole", "lines_dropped")

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[Series, Series]] = {}
        # By scheme, route, method and status: the commonest requests, which are finished.
        self._ordinary: dict[str, dict[str | None, dict[str, dict[int, Series]]]]
        self._ordinary = {each: {} for each in SCHEMES}
        # A response that left in one piece has its first byte with its last: it is counted once, as a whole one.
        self._whole = _Sets()
        self._split = _Sets()
        self._first_byte: Series = [0] * BUCKETS + [0.0]  # of those that did not
        self._bad: dict[tuple[str, ...], int] = {OVERFLOW: 0}
        self.lines_dropped: Callable[[], int] = int  #: how many lines of logs were dropped so far

    def taker(self, scheme: str) -> Callable[[Notes], None]:
        """Return what counts the exchanges of a server by their notes; `scheme` is that of its connections."""
        by_route = self._ordinary[scheme]
        take_other = self._take_other

        # 2,400 instructions for `plain`, of 45,000; with one dict for all labels and two histograms it was 6,000.
        def take(notes: Notes) -> None:
            route = notes.route
            if route is not None:
                route = route_of(notes)
            if notes.first is None and notes.outcome is FINISHED:
                try:
                    series = by_route[route][notes.head.method][notes.status]  # type: ignore[union-attr]  # caught
                except (KeyError, AttributeError):
                    take_other(notes)
                    return
                duration = notes.ended - notes.began  # type: ignore[operator]  # they are noted
                series[_SUM] += duration
                series[0 if duration <= _SHORTEST else bisect_left(BOUNDS, duration)] += 1
            else:
                take_other(notes)

        return take

    def _take_other(self, notes: Notes) -> None:
        """Count an exchange that is not ordinary, or the first one of its labels."""
        record = Record(notes)
        head = notes.head
        whole = notes.first is None and record.first_byte is not None
        if whole and notes.outcome is FINISHED and type(head) is Head and head.method in METHODS:
            series = self._pair((head.method, notes.status, record.scheme, "1.1", record.route, FINISHED))[0]
            routes = self._ordinary[record.scheme]
            if len(routes) >= _REMEMBERED:
                routes.clear()
            routes.setdefault(record.route, {}).setdefault(head.method, {})[notes.status] = series
        self.count(
            record.method,
            record.status,
            record.scheme,
            record.version,
            record.route,
            record.outcome,
            record.duration / 1000,
            None if record.first_byte is None else record.first_byte / 1000,
        )
        if record.outcome is Outcome.BAD_REQUEST:
            self.count_bad(_code_of(record))

    def count(
        self,
        method: str | None,
        status: int,
        scheme: str,
        version: str | None,
        route: str | None,
        outcome: str,
        duration: float,
        first_byte: float | None,
    ) -> None:
        """Count an exchange that is over.

        Args:
            duration: seconds from its first byte to its last.
            first_byte: seconds to the first byte of the response; None if there was none.
        """
        whole, split = self._pair((method, status, scheme, version, route, outcome))
        if first_byte == duration:
            _add(whole, duration)
            return
        _add(split, duration)
        if first_byte is not None:
            _add(self._first_byte, first_byte)

    def _pair(self, key: tuple[object, ...]) -> tuple[Series, Series]:
        """Return the two series of some labels, as they are spelt."""
        found = self._known.get(key)
        if found is None:
            labels = _labels(*key)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._whole.of(labels), self._split.of(labels)
        return found

    def total(self) -> int:
        """Return how many exchanges were counted."""
        sets = (*self._whole.found.values(), *self._split.found.values())
        return int(sum(sum(each[:BUCKETS]) for each in sets))

    def count_bad(self, code: str) -> None:
        """Count a request that the parser or a limit has refused."""
        labels: tuple[str, ...] = (code,)
        if labels not in self._bad and (len(self._bad) > MOST_SETS or len(encoded(labels)) > MOST_BYTES):
            labels = OVERFLOW
        self._bad[labels] = self._bad.get(labels, 0) + 1

    def flush(self, area: memoryview) -> None:
        """Write what was counted."""
        words: memoryview[int] = area.cast("q")
        doubles: memoryview[float] = area.cast("d")
        words[LINES_DROPPED] = self.lines_dropped()
        first_byte = self._first_byte
        for number, (labels, whole) in enumerate(self._whole.found.items()):
            if number >= DURATIONS.count(area):
                DURATIONS.write_set(area, number, labels)
            both = [a + b for a, b in zip(whole, self._split.found[labels], strict=True)]
            write_histogram(words, doubles, DURATIONS.values_at(number), both)
            first_byte = [a + b for a, b in zip(first_byte, whole, strict=True)]
        write_histogram(words, doubles, FIRST_BYTE, first_byte)
        for number, (labels, count) in enumerate(self._bad.items()):
            if number >= BAD.count(area):
                BAD.write_set(area, number, labels)
            words[BAD.values_at(number)] = count


def _add(series: Series, seconds: float) -> None:
    series[bisect_left(BOUNDS, seconds)] += 1
    series[_SUM] += seconds


def _labels(
    method: object, status: object, scheme: object, version: object, route: object, outcome: object
) -> tuple[str, ...]:
    """Return the labels of an exchange, in the order of the table."""
    return (
        str(method) if method in METHODS else "_OTHER",
        str(status),
        str(scheme),
        str(version or ""),
        "" if outcome == FINISHED else str(outcome),
        str(route or ""),
    )


def _code_of(record: Record) -> str:
    """Return why a request was refused: the parser's code, `timeout`, or the status."""
    if record.status == 408:
        return "timeout"
    code = getattr(record.error, "code", None)
    return code if isinstance(code, str) and code.startswith("HPE_") else str(record.status)


class _Sets:
    """The series of label sets; there are as many as a table has, and each pair of these has the same ones."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[tuple[str, ...], Series] = {OVERFLOW: _new_series()}

    def of(self, labels: tuple[str, ...]) -> Series:
        """Return the series of a label set; that of the overflow if it is one too many, or too long."""
        found = self.found.get(labels)
        if found is None:
            if len(self.found) > MOST_SETS or len(encoded(labels)) > MOST_BYTES:
                return self.found[OVERFLOW]
            found = self.found[labels] = _new_series()
        return found


def _new_series() -> Series:
    return [0] * BUCKETS + [0.0]
