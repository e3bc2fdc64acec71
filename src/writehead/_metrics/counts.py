"""Counting: what one process has seen, in plain integers, which are written to its area now and then.

Invariant: counting a request looks up one dict and changes two lists; all else is done when a label set is new, or when
the numbers are written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

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
    Table,
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

#: The buckets, then the sum in seconds.
Series = list[float]


class Counts:
    """What a process counts; `flush` writes it to its area."""

    __slots__ = ("_bad", "_durations", "_first_byte", "_known", "lines_dropped")

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Series] = {}
        self._durations = _Sets(DURATIONS, lambda: [0] * BUCKETS + [0.0])
        self._bad = _Sets(BAD, lambda: [0])
        self._first_byte: Series = [0] * BUCKETS + [0.0]
        self.lines_dropped: Callable[[], int] = int  #: how many lines of logs were dropped so far

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
        key = (method, status, scheme, version, route, outcome)
        series = self._known.get(key)
        if series is None:
            series = self._series_of(key)
        series[bisect_left(BOUNDS, duration)] += 1
        series[_SUM] += duration
        if first_byte is not None:
            series = self._first_byte
            series[bisect_left(BOUNDS, first_byte)] += 1
            series[_SUM] += first_byte

    def take(self, notes: Notes) -> None:
        """Count an exchange by its notes."""
        head = notes.head
        route = notes.route
        if route is not None and type(route) is not str:
            route = route_of(notes)
        began = notes.began
        if notes.outcome is FINISHED and type(head) is Head and began is not None:
            # What `count` does, without its call: for by far the most requests.
            key = (head.method, notes.status, notes.peer.scheme, "1.1", route, FINISHED)
            series = self._known.get(key)
            if series is None:
                series = self._series_of(key)
            duration = notes.ended - began
            series[bisect_left(BOUNDS, duration)] += 1
            series[_SUM] += duration
            first = notes.first
            if first is not None:
                duration = first - began
            series = self._first_byte
            series[bisect_left(BOUNDS, duration)] += 1
            series[_SUM] += duration
        else:
            self._take_other(Record(notes))

    def _take_other(self, record: Record) -> None:
        first_byte = record.first_byte
        self.count(
            record.method,
            record.status,
            record.scheme,
            record.version,
            record.route,
            record.outcome,
            record.duration / 1000,
            None if first_byte is None else first_byte / 1000,
        )
        if record.outcome is Outcome.BAD_REQUEST:
            self.count_bad(_code_of(record))

    def total(self) -> int:
        """Return how many exchanges were counted."""
        return int(sum(sum(each[:BUCKETS]) for each in self._durations.all()))

    def count_bad(self, code: str) -> None:
        """Count a request that the parser or a limit has refused."""
        self._bad.of((code,))[0] += 1

    def _series_of(self, key: tuple[object, ...]) -> Series:
        """Return the series of a label set that has not come in this spelling."""
        method, status, scheme, version, route, outcome = key
        labels = (
            method if method in METHODS else "_OTHER",
            str(status),
            scheme,
            version or "",
            "" if outcome == FINISHED else str(outcome),
            route or "",
        )
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        found = self._known[key] = self._durations.of(tuple(map(str, labels)))
        return found

    def flush(self, area: memoryview) -> None:
        """Write what was counted."""
        words: memoryview[int] = area.cast("q")
        doubles: memoryview[float] = area.cast("d")
        words[LINES_DROPPED] = self.lines_dropped()
        write_histogram(words, doubles, FIRST_BYTE, self._first_byte)
        for at, series in self._durations.flush(area):
            write_histogram(words, doubles, at, series)
        for at, count in self._bad.flush(area):
            words[at] = int(count[0])


def _code_of(record: Record) -> str:
    """Return why a request was refused: the parser's code, `timeout`, or the status."""
    if record.status == 408:
        return "timeout"
    code = getattr(record.error, "code", None)
    return code if isinstance(code, str) and code.startswith("HPE_") else str(record.status)


class _Sets:
    """The label sets of one metric, and the numbers of each."""

    __slots__ = ("_found", "_make", "_table", "_written")

    def __init__(self, table: Table, make: Callable[[], Series]) -> None:
        self._table = table
        self._make = make
        self._found: dict[tuple[str, ...], Series] = {OVERFLOW: make()}
        self._written = 0

    def of(self, labels: tuple[str, ...]) -> Series:
        """Return the numbers of a label set; those of the overflow if it is one too many, or too long."""
        found = self._found.get(labels)
        if found is None:
            if len(self._found) > MOST_SETS or len(encoded(labels)) > MOST_BYTES:
                return self._found[OVERFLOW]
            found = self._found[labels] = self._make()
        return found

    def all(self) -> Iterable[Series]:
        """Return the numbers of all sets."""
        return self._found.values()

    def flush(self, area: memoryview) -> list[tuple[int, Series]]:
        """Write the labels that are new; return the numbers of all sets, each with the word where they begin."""
        table = self._table
        pairs = []
        for number, (labels, series) in enumerate(self._found.items()):
            if number >= self._written:
                table.write_set(area, number, labels)
            pairs.append((table.values_at(number), series))
        self._written = len(self._found)
        return pairs
