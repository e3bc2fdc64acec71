"""Counting: what was counted is read back from the area; label sets have an end; sums do not fall."""

from __future__ import annotations

import random
from typing import Any

import pytest

from writehead._metrics.counts import Counts
from writehead._metrics.layout import BAD, BOUNDS, BUCKETS, MOST_BYTES, MOST_SETS, OVERFLOW
from writehead._metrics.totals import Totals, read
from writehead._shared.block import AREA

ORDINARY = {
    "method": "GET",
    "status": 200,
    "scheme": "http",
    "version": "1.1",
    "route": None,
    "outcome": "finished",
    "duration": 0.001,
    "first_byte": 0.001,
}
LABELS = ("GET", "200", "http", "1.1", "", "")


def count(counts: Counts, **more: Any) -> None:
    counts.count(**{**ORDINARY, **more})


def written(counts: Counts) -> Totals:
    area = memoryview(bytearray(AREA))
    counts.flush(area)
    return read(area)


def test_nothing_was_counted() -> None:
    """An area that nobody has written is one of zeros."""
    totals = read(memoryview(bytearray(AREA)))
    assert totals.durations == {} and totals.bad == {} and totals.first_byte.counts == [0] * BUCKETS


def test_a_request_is_read_back() -> None:
    """Its labels, its bucket and its sum."""
    counts = Counts()
    count(counts, duration=0.030, first_byte=0.020)
    count(counts, duration=0.0405, first_byte=None)
    totals = written(counts)
    histogram = totals.durations[LABELS]
    assert histogram.counts == [0, 0, 0, 2] + [0] * (BUCKETS - 4)
    assert histogram.sum == pytest.approx(0.0705)
    assert totals.first_byte.counts[2] == 1 and sum(totals.first_byte.counts) == 1
    assert totals.first_byte.sum == pytest.approx(0.020)


@pytest.mark.parametrize("at", range(len(BOUNDS)))
def test_a_bound_belongs_to_its_bucket(at: int) -> None:
    """Buckets are "at most", and what is longer is in the next; past the last one there is one more."""
    counts = Counts()
    count(counts, duration=BOUNDS[at])
    count(counts, duration=BOUNDS[at] + 0.000001)
    assert written(counts).durations[LABELS].counts[at : at + 2] == [1, 1]


@pytest.mark.parametrize(
    ("given", "labels"),
    [
        ({"method": "BREW"}, ("_OTHER", "200", "http", "1.1", "", "")),
        ({"method": None, "version": None, "status": 400}, ("_OTHER", "400", "http", "", "", "")),
        ({"outcome": "client_reset", "status": 499}, ("GET", "499", "http", "1.1", "client_reset", "")),
        ({"route": "/users/{id}"}, ("GET", "200", "http", "1.1", "", "/users/{id}")),
        ({"route": "a\0b\ud800"}, ("GET", "200", "http", "1.1", "", "a\ufffdb?")),
        ({"scheme": "https"}, ("GET", "200", "https", "1.1", "", "")),
    ],
)
def test_labels(given: dict[str, Any], labels: tuple[str, ...]) -> None:
    """Unknown methods are one, an outcome other than the ordinary is an error type, and any route is a text."""
    counts = Counts()
    count(counts, **given)
    assert list(written(counts).durations) == [OVERFLOW, labels]


def test_numbers_of_any_kind_as_routes() -> None:
    """What a program has set as a route and is no text is shown as one."""
    counts = Counts()
    count(counts, route=5)
    assert list(written(counts).durations)[1][5] == "5"


def test_label_sets_have_an_end() -> None:
    """What is more than 256 sets, or longer than 256 bytes, goes to one set, and nothing is lost."""
    counts = Counts()
    count(counts, route="x" * MOST_BYTES)
    for number in range(5000):
        count(counts, route=f"/{number}")
    count(counts, route="/0")
    totals = written(counts)
    assert len(totals.durations) == MOST_SETS + 1
    assert sum(totals.durations[OVERFLOW].counts) == 1 + 5000 - MOST_SETS
    assert sum(totals.durations[*LABELS[:5], "/0"].counts) == 2
    assert sum(sum(each.counts) for each in totals.durations.values()) == 5002


def test_what_is_remembered_has_an_end() -> None:
    """Routes of any number do not take memory of any size."""
    counts = Counts()
    for number in range(50_000):
        count(counts, route=f"/{number}")
    assert len(counts._known) <= 4 * MOST_SETS


def test_bad_requests() -> None:
    """They are counted by code, with an end too."""
    counts = Counts()
    for code in ("HPE_INVALID_METHOD", "timeout", "timeout"):
        counts.count_bad(code)
    for number in range(300):
        counts.count_bad(f"code {number}")
    bad = written(counts).bad
    assert bad["timeout",] == 2 and bad["HPE_INVALID_METHOD",] == 1
    assert bad[OVERFLOW] == 300 - (MOST_SETS - 2)


def test_a_second_flush_writes_what_is_new() -> None:
    """Sets that came since, and numbers that have grown."""
    counts = Counts()
    area = memoryview(bytearray(AREA))
    lines = 3
    counts.lines_dropped = lambda: lines
    count(counts)
    counts.flush(area)
    lines = 4
    count(counts)
    count(counts, status=404)
    counts.flush(area)
    totals = read(area)
    assert [sum(each.counts) for each in totals.durations.values()] == [0, 2, 1]
    assert totals.lines_dropped == 4


def test_a_reader_sees_no_set_without_its_text() -> None:
    """A table that says more sets than there are places is read up to its end."""
    area = memoryview(bytearray(AREA))
    area.cast("q")[BAD._at // 8] = 10_000
    assert len(read(area).bad) <= MOST_SETS + 1


def test_sums_of_any_order_are_the_same() -> None:
    """The sum of what several processes counted is what one would have counted."""
    chance = random.Random(5)
    whole, parts = Counts(), [Counts() for _ in range(4)]
    for _ in range(2000):
        more = {
            "method": chance.choice(["GET", "POST", "ODD"]),
            "status": chance.choice([200, 404, 500]),
            "route": chance.choice([None, "/a", "/b"]),
            "duration": chance.randrange(20_000) / 1000,
        }
        count(whole, **more)
        count(chance.choice(parts), **more)
    total = Totals()
    for part in parts:
        total.add(written(part))
    one = written(whole)
    assert {key: each.counts for key, each in total.durations.items()} == {
        key: each.counts for key, each in one.durations.items()
    }
    assert total.first_byte.counts == one.first_byte.counts


def test_a_sum_of_few_sets() -> None:
    """A sum that keeps some label sets counts the others together."""
    total = Totals()
    for number in range(10):
        counts = Counts()
        count(counts, route=f"/{number}")
        counts.count_bad(f"{number}")
        total.add(written(counts), 4)
    assert len(total.durations) == 4 and sum(sum(each.counts) for each in total.durations.values()) == 10
    assert len(total.bad) == 4 and sum(total.bad.values()) == 10
