"""A second wire, of records, carries any response: a message knows nothing of how it is written down."""

from __future__ import annotations

import logging

import pytest

from tests.kit.check_exchange import Head, check_exchange
from tests.kit.received import Fields, read_http1
from tests.kit.record_exchange import OF_HTTP1, RecordExchange, read_records
from tests.kit.wire_programs import Played, Program, draw, play
from writehead._http1.exchange import Http1Exchange


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Programs fail as they like."""
    caplog.set_level(logging.CRITICAL, "writehead")


def make(head: Head) -> RecordExchange:
    exchange = RecordExchange()
    exchange.response = head
    return exchange


def on_http1(program: Program) -> Played:
    return play(program, Http1Exchange, read_http1)


def on_records(program: Program) -> Played:
    return play(program, RecordExchange, read_records)


def end_to_end(fields: Fields, own: frozenset[str]) -> Fields:
    """Return the fields that are not of a wire; the Date without its time."""
    return [
        (name, "D" if name == "date" and value.endswith("GMT") else value)
        for name, value in fields
        if name not in own
    ]


def compare(http1: Played, records: Played) -> None:
    """Hold what a program has seen, and what a reader gets, against each other."""
    assert records.log == http1.log
    first, second = http1.received, records.received
    assert (second.status, second.body) == (first.status, first.body)
    own = OF_HTTP1 if "content-length" in http1.headers else OF_HTTP1 | {"content-length"}
    assert end_to_end(second.fields, own) == end_to_end(first.fields, own)
    assert [(code, end_to_end(fields, own)) for code, fields in second.informational] == [
        (code, end_to_end(fields, own)) for code, fields in first.informational
    ]
    if http1.chunked:  # RFC 9112, 7.1: nothing else has trailers, or an end of its own
        assert (second.trailers, second.ended) == (first.trailers, first.ended)
    elif http1.whole:
        assert first.ended
        assert second.ended


def test_the_kit() -> None:
    """Records keep the promises of the seam."""
    check_exchange(make, read_records)


@pytest.mark.parametrize("seed", range(50))
def test_a_program_sees_no_difference(seed: int) -> None:
    """Results, errors, state and the order of events are those on HTTP/1; and a reader gets the same response."""
    program = draw(seed)
    compare(on_http1(program), on_records(program))
