"""The part of a server that takes the records of its exchanges, and passes them on.

Invariant: no record is made while nobody takes them: neither a listener of 'record', nor the log, nor the metrics.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from writehead._connection.config import ConnectionConfig
from writehead._connection.recording import end_upgrade
from writehead._semantics.record import Record
from writehead.events import EventEmitter

Taker = Callable[[Record], object]


class Recording(EventEmitter):
    """The part of a server that passes records on."""

    _config: ConnectionConfig
    _record_takers: tuple[Taker, ...] = ()

    def _set_up_records(self, config: ConnectionConfig) -> None:
        config.on_record = None
        config.record_clock = time.monotonic
        config.connection_numbers = itertools.count(1)
        config.end_upgrade = partial(end_upgrade, config)

    def _take_records(self, taker: Taker) -> None:
        """Call `taker` with the record of each exchange from now on, before the listeners of 'record'.

        It gets an exchange that has begun before only if records were made already. It must not raise.
        """
        self._record_takers = (*self._record_takers, taker)
        self._choose_record_taker()

    def _take_no_records(self, taker: Taker) -> None:
        """Call `taker` no more."""
        self._record_takers = tuple(each for each in self._record_takers if each != taker)
        self._choose_record_taker()

    def _choose_record_taker(self) -> None:
        takers = self._record_takers
        if self._listeners and "record" in self._listeners:
            takers = (*takers, self._emit_record)
        self._config.on_record = None if not takers else takers[0] if len(takers) == 1 else _each(takers)

    def _emit_record(self, record: Record) -> None:
        record._settle()
        self._notify("record", record)

    def _add(self, name: Hashable, listener: Any, once: bool = False, front: bool = False) -> None:
        super()._add(name, listener, once, front)
        if name == "record":
            self._choose_record_taker()

    def _forget(self, name: Hashable) -> None:
        super()._forget(name)
        if name == "record":
            self._choose_record_taker()


def _each(takers: tuple[Taker, ...]) -> Taker:
    def take(record: Record) -> None:
        for taker in takers:
            taker(record)

    return take
