"""Collecting: sums over processes that never fall, in families with the names that are documented."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from writehead._metrics.collect import Collector
from writehead._metrics.counts import Counts
from writehead._metrics.layout import ACCEPTED, ACTIVE, CONNECTIONS, DROPPED, RECEIVED, SENT
from writehead._metrics.render import OPENMETRICS, PROMETHEUS, render
from writehead._shared.block import Block, Row, State


@pytest.fixture
def block() -> Iterator[Block]:
    made = Block.create(rows=8)
    yield made
    made.close()


def collector(block: Block) -> Collector:
    return Collector(
        block.in_use, {"version": "1.0", "python": "3.11", "loop": "uvloop"}, clock=lambda: 100.0
    )


def begin(block: Block, slot: int, requests: int = 0, started: float = 1000.0) -> Row:
    row = block.take()
    assert row is not None
    row.slot = slot
    row.state = State.READY
    row.started = started
    row.processor = 1.5
    row.resident = 4096
    row.descriptors = 12
    counts = Counts()
    for _ in range(requests):
        counts.count("GET", 200, "http", "1.1", None, "finished", 0.003, 0.002)
    counts.flush(row.area)
    words = row.area.cast("q")
    words[ACCEPTED], words[DROPPED], words[RECEIVED], words[SENT] = 3, 1, 100, 200
    words[CONNECTIONS] = 2
    words[ACTIVE] = 1
    return row


def values(found: Collector, kind: str = PROMETHEUS) -> dict[str, float]:
    read = read_prometheus if kind == PROMETHEUS else read_openmetrics
    text = render(found.families(), kind).decode()
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
        for family in read(text)
        for sample in family.samples
    }


COUNT = (
    "http_server_request_duration_seconds_count http_request_method=GET http_response_status_code=200 "
    "network_protocol_version=1.1 url_scheme=http"
)


@pytest.mark.parametrize("kind", [PROMETHEUS, OPENMETRICS])
def test_sums_over_processes(block: Block, kind: str) -> None:
    """What has no label of a worker is summed; both formats have the same values, which a parser reads."""
    found = collector(block)
    begin(block, 1, 2)
    begin(block, 2, 3)
    seen = values(found, kind)
    assert seen[COUNT] == 5
    assert seen["http_server_active_requests http_request_method=GET url_scheme=http"] == 2
    assert seen["writehead_time_to_first_byte_seconds_bucket le=0.005"] == 5
    assert seen["writehead_received_bytes_total"] == 200 and seen["writehead_sent_bytes_total"] == 400
    assert seen["writehead_connections state=idle"] == 4 and seen["writehead_connections state=endless"] == 0
    assert seen["writehead_connections_accepted_total worker=2"] == 3
    assert seen["writehead_connections_dropped_total worker=1"] == 1
    assert seen["writehead_workers state=ready"] == 2 and seen["writehead_workers state=draining"] == 0
    assert seen["writehead_worker_restarts_total reason=crash"] == 0
    assert seen["writehead_worker_resident_memory_bytes worker=1"] == 4096
    assert seen["writehead_worker_cpu_seconds_total worker=1"] == 1.5
    assert seen["writehead_worker_open_fds worker=2"] == 12
    assert seen["writehead_worker_start_time_seconds worker=1"] == 1000
    assert seen["writehead_worker_blocked_seconds worker=1"] == 0
    assert seen["writehead_worker_loop_lag_seconds worker=1"] == 0
    assert seen["writehead_log_lines_dropped_total"] == 0
    assert seen["writehead_reloads_total result=ok"] == 0
    assert seen["writehead_build_info loop=uvloop python=3.11 version=1.0"] == 1


def test_totals_never_fall(block: Block) -> None:
    """What a process has counted stays when it has gone, and its row is used by another (R14)."""
    found = collector(block)
    row = begin(block, 1, 2)
    begin(block, 2, 3)
    counters = {name: value for name, value in values(found).items() if "_total" in name or "_count" in name}
    found.depart(row)
    block.clear(row)
    assert {name: values(found)[name] for name in counters} == counters
    again = begin(block, 1, 10, started=2000.0)
    assert again.number == row.number
    after = values(found)
    assert all(after[name] >= value for name, value in counters.items())
    assert after[COUNT] == 15
    assert after["writehead_connections_accepted_total worker=1"] == 6
    assert after["writehead_worker_cpu_seconds_total worker=1"] == 3.0
    assert after["writehead_connections state=idle"] == 4, "gauges are of those that live"


def test_a_worker_and_its_replacement(block: Block) -> None:
    """Two processes of one number are one sample: counters are summed, the rest is of the newer."""
    found = collector(block)
    begin(block, 1, 1, started=2000.0).resident = 5
    old = begin(block, 1, 1, started=1000.0)
    old.state = State.DRAINING
    seen = values(found)
    assert seen["writehead_worker_resident_memory_bytes worker=1"] == 5
    assert seen["writehead_connections_accepted_total worker=1"] == 6
    assert seen["writehead_workers state=draining"] == 1


def test_a_blocked_worker(block: Block) -> None:
    """The time since its loop has turned is shown."""
    found = collector(block)
    begin(block, 1).blocked_since = 93.0
    assert values(found)["writehead_worker_blocked_seconds worker=1"] == 7.0


def test_restarts_and_reloads(block: Block) -> None:
    """They are counted by reason and by result."""
    found = collector(block)
    found.restarts["hang"] += 1
    found.reloads["failed"] += 2
    seen = values(found)
    assert seen["writehead_worker_restarts_total reason=hang"] == 1
    assert seen["writehead_reloads_total result=failed"] == 2


def test_the_overflow_has_one_label(block: Block) -> None:
    """The set of what is more than the others says so."""
    found = collector(block)
    row = begin(block, 1)
    counts = Counts()
    counts.count("GET", 200, "http", "1.1", "x" * 300, "finished", 0.003, None)
    counts.count_bad("x" * 300)
    counts.flush(row.area)
    seen = values(found)
    assert seen["http_server_request_duration_seconds_count otel_metric_overflow=true"] == 1
    assert seen["writehead_bad_requests_total otel_metric_overflow=true"] == 1


def test_nothing_serves_yet(block: Block) -> None:
    """All families are there, and read by the parsers, when nothing was counted."""
    found = collector(block)
    assert values(found, OPENMETRICS)["writehead_workers state=ready"] == 0
    assert found.totals().received == 0


def test_each_metric_is_documented(block: Block) -> None:
    """The guide names every one, as the text of Prometheus does."""
    guide = (Path(__file__).parents[2] / "docs/guides/logs-and-metrics.md").read_text()
    text = render(collector(block).families(), PROMETHEUS).decode()
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == 20
    assert [name for name in names if f"`{name}`" not in guide] == []
