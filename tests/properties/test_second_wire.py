"""A second wire."""

from __future__ import annotations

from tests.kit.check_exchange import Head, check_exchange
from tests.kit.record_exchange import RecordExchange, read_records


def make(head: Head) -> RecordExchange:
    exchange = RecordExchange()
    exchange.response = head
    return exchange


def test_the_kit() -> None:
    """Records keep the promises of the seam."""
    check_exchange(make, read_records)
