"""Collecting: the numbers of all processes as families of metrics; what those that have gone have counted stays in them."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import TypeVar

from writehead._metrics.layout import BOUNDS, METHODS, OVERFLOW, SCHEMES, STATES
from writehead._metrics.render import Family, LabelPairs, Sample, number
from writehead._metrics.totals import Histogram, Labels, Totals, read
from writehead._shared.block import Row, State

#: Why a worker was replaced, or ended without being asked.
RESTARTS = ("crash", "reload", "max_requests", "lifetime", "rss", "hang", "signal")

#: How a reload went.
RELOADS = ("ok", "failed", "refused")

#: The label sets that are kept of the processes that have gone, for each metric.
MOST_DEPARTED = 1024

_DURATION_LABELS = (
    "http_request_method",
    "http_response_status_code",
    "url_scheme",
    "network_protocol_version",
    "error_type",
    "http_route",
)
T = TypeVar("T")

_OVERFLOWED = (("otel_metric_overflow", "true"),)
_LE = (*map(number, BOUNDS), "+Inf")


class Collector:
    """Reads the rows of all processes, and keeps the sums of those that have gone.

    Args:
        rows: yields the rows of processes that have begun.
        build: the labels of `writehead_build_info`.
        clock: the clock of `Row.blocked_since`.
    """

    def __init__(
        self,
        rows: Callable[[], Iterable[Row]],
        build: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows = rows
        self._build = tuple(build.items())
        self._clock = clock
        self._departed = Totals()
        self._accepted: Counter[int] = Counter()  # by slot, of the processes that have gone, as the next two
        self._dropped: Counter[int] = Counter()
        self._processor: dict[int, float] = defaultdict(float)
        self.restarts: Counter[str] = Counter()  #: by their reasons, which are those of RESTARTS
        self.reloads: Counter[str] = Counter()  #: by their results, which are those of RELOADS

    def depart(self, row: Row) -> None:
        """Add the counters of a process that has gone to those of the departed; its row may be cleared after it."""
        totals = read(row.area)
        self._departed.add(totals, MOST_DEPARTED)
        self._accepted[row.slot] += totals.accepted
        self._dropped[row.slot] += totals.dropped
        self._processor[row.slot] += row.processor

    def totals(self) -> Totals:
        """Return the sum of all processes, and of those that have gone."""
        return _sum([read(row.area) for row in self._rows()], self._departed)

    def families(self) -> list[Family]:
        """Return all metrics, as of now."""
        found = [(row, read(row.area)) for row in self._rows()]
        totals = _sum([each for _, each in found], self._departed)
        return [
            Family("writehead_build", "info", "What serves.", [Sample(1, self._build)]),
            *_of_requests(totals),
            *self._of_connections(totals, found),
            *self._of_workers([row for row, _ in found]),
            _counter(
                "writehead_log_lines_dropped",
                "Lines of logs that no file or pipe took.",
                totals.lines_dropped,
            ),
            _by(
                "writehead_reloads",
                "Reloads of all workers.",
                "result",
                {each: self.reloads[each] for each in RELOADS},
            ),
        ]

    def _of_connections(self, totals: Totals, found: list[tuple[Row, Totals]]) -> list[Family]:
        accepted, dropped = self._accepted.copy(), self._dropped.copy()
        for row, each in found:
            accepted[row.slot] += each.accepted
            dropped[row.slot] += each.dropped
        states = [
            Sample(count, (("state", state),))
            for state, count in zip(STATES, totals.connections, strict=True)
        ]
        return [
            Family("writehead_connections", "gauge", "Open connections.", states),
            _by_worker(
                "writehead_connections_accepted", "counter", "Connections that were accepted.", accepted
            ),
            _by_worker(
                "writehead_connections_dropped",
                "counter",
                "Connections that were closed at once: there were too many.",
                dropped,
            ),
        ]

    def _of_workers(self, rows: list[Row]) -> list[Family]:
        states = Counter(State(row.state).name.lower() for row in rows)
        processor = self._processor.copy()
        for row in rows:
            processor[row.slot] += row.processor
        latest = {row.slot: row for row in sorted(rows, key=lambda each: each.started)}

        def blocked(row: Row) -> float:
            return max(self._clock() - row.blocked_since, 0.0) if row.blocked_since else 0.0

        def gauge(name: str, help: str, value: Callable[[Row], float], unit: str) -> Family:
            values = {slot: value(row) for slot, row in latest.items()}
            return _by_worker(f"writehead_worker_{name}_{unit}", "gauge", help, values, unit)

        return [
            Family(
                "writehead_workers",
                "gauge",
                "Processes that serve.",
                [Sample(states[each], (("state", each),)) for each in ("starting", "ready", "draining")],
            ),
            _by(
                "writehead_worker_restarts",
                "Workers that were replaced.",
                "reason",
                {each: self.restarts[each] for each in RESTARTS},
            ),
            gauge("resident_memory", "Memory of a worker.", lambda row: row.resident, "bytes"),
            _by_worker(
                "writehead_worker_cpu_seconds", "counter", "Processor time of a worker.", processor, "seconds"
            ),
            _by_worker(
                "writehead_worker_open_fds",
                "gauge",
                "Descriptors that a worker has open.",
                {slot: row.descriptors for slot, row in latest.items()},
            ),
            gauge(
                "start_time", "When a worker was started, of the epoch.", lambda row: row.started, "seconds"
            ),
            gauge("blocked", "How long the event loop of a worker has not turned.", blocked, "seconds"),
            gauge("loop_lag", "How late the event loop of a worker was.", lambda row: row.lag, "seconds"),
        ]


def _sum(parts: Iterable[Totals], departed: Totals) -> Totals:
    """Return the sum of what is and what has gone; what is as of now is of those that are."""
    total = Totals()
    total.add(departed)
    for each in parts:
        total.add(each)
        total.add_gauges(each)
    return total


def _of_requests(totals: Totals) -> list[Family]:
    seen = {(labels[0], labels[2]) for labels in totals.durations if labels != OVERFLOW}
    places = [(scheme, method) for scheme in SCHEMES for method in METHODS]
    active = [
        Sample(count, (("http_request_method", method), ("url_scheme", scheme)))
        for (scheme, method), count in zip(places, totals.active, strict=True)
        if count or (method, scheme) in seen
    ]
    return [
        Family(
            "http_server_request_duration_seconds",
            "histogram",
            "Durations of HTTP requests, to the last byte of the response.",
            [
                each
                for labels, histogram in _sets(totals.durations)
                if labels != OVERFLOW or any(histogram.counts)
                for each in _histogram(histogram, _pairs(_DURATION_LABELS, labels))
            ],
            "seconds",
        ),
        Family("http_server_active_requests", "gauge", "Requests that are being served.", active),
        Family(
            "writehead_time_to_first_byte_seconds",
            "histogram",
            "Time to the first byte of responses.",
            _histogram(totals.first_byte, ()),
            "seconds",
        ),
        _counter("writehead_received_bytes", "Bytes that clients have sent.", totals.received, "bytes"),
        _counter("writehead_sent_bytes", "Bytes that were sent to clients.", totals.sent, "bytes"),
        Family(
            "writehead_bad_requests",
            "counter",
            "Requests that were refused as malformed, too large or too slow.",
            [
                Sample(count, _pairs(("code",), labels))
                for labels, count in _sets(totals.bad)
                if labels != OVERFLOW or count
            ],
        ),
    ]


def _sets(sets: Mapping[Labels, T]) -> list[tuple[Labels, T]]:
    """Return label sets in their order."""
    return sorted(sets.items(), key=lambda each: each[0])


def _pairs(names: tuple[str, ...], labels: Labels) -> LabelPairs:
    if labels == OVERFLOW:
        return _OVERFLOWED
    return tuple((name, value) for name, value in zip(names, labels, strict=True) if value)


def _histogram(histogram: Histogram, labels: LabelPairs) -> list[Sample]:
    sums = list(accumulate(histogram.counts))
    return [
        *(Sample(count, (*labels, ("le", le)), "_bucket") for le, count in zip(_LE, sums, strict=True)),
        Sample(histogram.sum, labels, "_sum"),
        Sample(sums[-1], labels, "_count"),
    ]


def _counter(name: str, help: str, value: float, unit: str = "") -> Family:
    return Family(name, "counter", help, [Sample(value)], unit)


def _by(name: str, help: str, label: str, values: Mapping[str, float]) -> Family:
    return Family(name, "counter", help, [Sample(value, ((label, key),)) for key, value in values.items()])


def _by_worker(name: str, kind: str, help: str, values: Mapping[int, float], unit: str = "") -> Family:
    samples = [Sample(values[slot], (("worker", str(slot)),)) for slot in sorted(values)]
    return Family(name, kind, help, samples, unit)  # type: ignore[arg-type]
