"""The part of a server that takes what is noted of its exchanges, and passes it on.

Invariant: nothing is noted while nobody takes it: neither a listener of 'record', nor the access log, nor the metrics.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from writehead._connection.config import ConnectionConfig
from writehead._connection.recording import end_upgrade
from writehead._semantics.record import Notes, Record
from writehead.events import EventEmitter

#: It is called at the end of each exchange with its notes, which it may read, and not keep; it must not raise.
Taker = Callable[[Notes], object]


class Recording(EventEmitter):
    """The part of a server that passes on what is noted."""

    _config: ConnectionConfig
    _takers: tuple[Taker, ...] = ()

    def _set_up_records(self, config: ConnectionConfig) -> None:
        config.on_record = None
        config.record_clock = time.monotonic
        config.connection_numbers = itertools.count(1)
        config.end_upgrade = partial(end_upgrade, config)

    def _take_records(self, taker: Taker) -> None:
        """Call `taker` with the notes of each exchange that begins from now on, when it is over."""
        self._takers = (*self._takers, taker)
        self._choose_taker()

    def _take_no_records(self, taker: Taker) -> None:
        """Call `taker` no more."""
        self._takers = tuple(each for each in self._takers if each != taker)
        self._choose_taker()

    def _choose_taker(self) -> None:
        """Update what is called at the end of an exchange."""
        takers = self._takers
        if self._listeners and "record" in self._listeners:
            takers = (*takers, self._emit_record)
        self._config.on_record = None if not takers else takers[0] if len(takers) == 1 else _each(takers)

    def _emit_record(self, notes: Notes) -> None:
        self._notify("record", Record(notes))

    def _add(self, name: Hashable, listener: Any, once: bool = False, front: bool = False) -> None:
        super()._add(name, listener, once, front)
        if name == "record":
            self._choose_taker()

    def _forget(self, name: Hashable) -> None:
        super()._forget(name)
        if name == "record":
            self._choose_taker()


def _each(takers: tuple[Taker, ...]) -> Taker:
    def take(notes: Notes) -> None:
        for taker in takers:
            taker(notes)

    return take
