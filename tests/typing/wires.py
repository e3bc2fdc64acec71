"""Checked by mypy and pyright, never run: what writes a response is an `Exchange`, whole, of whatever wire."""

from __future__ import annotations

from collections.abc import Callable

from tests.kit.record_exchange import RecordExchange
from writehead._http1.exchange import Http1Exchange
from writehead._message.no_exchange import HeldSocket, NoExchange
from writehead._semantics.exchange import Ending, Exchange

wires: list[Callable[[], Exchange]] = [Http1Exchange, RecordExchange, NoExchange, HeldSocket]
endings: list[Callable[[], Ending]] = [Http1Exchange, RecordExchange]

http1: Exchange = Http1Exchange()
records: Exchange = RecordExchange()
none: Exchange = NoExchange()
