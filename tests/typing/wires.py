"""Checked by mypy and pyright, never run: each wire is an `Exchange`, whole, and so is what the kit gives it."""

from __future__ import annotations

from collections.abc import Callable

from tests.kit.check_exchange import Basin, Head
from tests.kit.record_exchange import RecordExchange
from writehead._http1.exchange import Http1Exchange
from writehead._message.no_exchange import HeldSocket, NoExchange
from writehead._semantics.exchange import Ending, Exchange, ResponseSide, Sink

wires: list[Callable[[], Exchange]] = [Http1Exchange, RecordExchange, NoExchange, HeldSocket]
endings: list[Callable[[], Ending]] = [Http1Exchange, RecordExchange]

http1: Exchange = Http1Exchange()
records: Exchange = RecordExchange()
none: Exchange = NoExchange()

sink: Sink = Basin()
side: ResponseSide = Head()
