"""One process without a supervisor, as it is operated."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakSet

from writehead._admin.log_levels import set_level
from writehead._admin.operated import ExchangeInfo, RefusedError, SettingInfo, Status
from writehead._admin.rows import measure, status_of
from writehead._metrics.collect import Collector
from writehead._metrics.meter import Meter
from writehead._metrics.render import Family
from writehead._process.stacks import stacks
from writehead._shared.block import Block, Row, State
from writehead._shared.readiness import Readiness

#: Seconds between two looks at how late the loop is.
BEAT = 0.5

_STATES = {"ready": State.READY, "draining": State.DRAINING}


class OneProcess:
    """Operates its own process.

    Args:
        name: what it serves.
        build: the version, of Python, and of the loop: the labels of `writehead_build_info`.
        addresses: returns where it listens, as URLs.
        settings: the settings.
    """

    supervised = False

    def __init__(
        self,
        name: str,
        build: Mapping[str, str],
        *,
        addresses: Callable[[], list[str]],
        settings: Callable[[], Sequence[SettingInfo]],
    ) -> None:
        self._name = name
        self._build = build
        self._addresses = addresses
        self._settings = settings
        self._block = Block.create(rows=1)
        row = self._block.take()
        assert row is not None  # the first
        self._row = row
        row.pid = os.getpid()
        row.slot = 1
        row.started = time.time()
        self._meter = Meter(row)
        self._collector = Collector(self._rows, build)
        self._servers: WeakSet[Any] = WeakSet()
        self._timer: asyncio.TimerHandle | None = None
        self._was_ready = self._stops = False

    # -- counting ----------------------------------------------------------------

    def watch(self, server: Any) -> bool:
        """Count what a server does, and ask it whether it is ready; False if it is watched already."""
        if server in self._servers:
            return False
        self._servers.add(server)
        self._meter.watch(server)
        return True

    def start(self) -> None:
        """Begin to count and to look at the loop, which runs."""
        self._meter.start()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(BEAT, self._beat, loop.time() + BEAT)

    def note_stop(self) -> None:
        """Note that a stop has begun: from now on it is not ready."""
        self._stops = True

    def _beat(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._row.lag = max(now - due, 0.0)
        self._timer = loop.call_later(BEAT, self._beat, now + BEAT)

    def close(self) -> None:
        """Stop counting."""
        if self._timer is not None:
            self._timer.cancel()
        self._meter.close()
        self._block.close()

    def _rows(self) -> list[Row]:
        """Return the row, as of now."""
        row = self._row
        self._meter.flush()
        measure(row)
        row.state = _STATES.get(self.readiness(), State.STARTING)
        row.connections = sum(each._connection_count for each in self._servers)
        row.requests = self._meter.requests
        row.in_flight = self._meter.in_flight
        return [row]

    # -- what it is --------------------------------------------------------------

    def readiness(self) -> Readiness:
        """Tell whether a server of the program listens, and none drains."""
        if not self._stops and any(each.listening and not each.draining for each in self._servers):
            self._was_ready = True
            return "ready"
        return "draining" if self._was_ready or self._stops else "starting"

    def status(self) -> Status:
        started = self._row.started
        return status_of(self._name, self._build, started, self.readiness(), self._addresses(), self._rows())

    def metrics(self) -> list[Family]:
        return self._collector.families()

    def config(self) -> Sequence[SettingInfo]:
        return self._settings()

    async def slow(self) -> Sequence[ExchangeInfo]:
        return [
            {"worker": 1, "method": each.method, "path": each.path, "age": each.age, "client": each.client}
            for each in self._meter.slowest()
        ]

    # -- what it does --------------------------------------------------------------

    async def drain(self, slot: int) -> str:
        raise RefusedError("there is one process: `stop` drains it, and nothing takes its place")

    async def restart(self, slot: int) -> str:
        raise _without_supervisor("a restart")

    async def reload(self) -> str:
        raise _without_supervisor("a reload")

    async def scale(self, count: int) -> str:
        raise _without_supervisor("another number of workers")

    async def set_log_level(self, level: str, logger: str) -> str:
        return set_level(level, logger)

    async def reopen(self) -> str:
        raise RefusedError("there is no log file to open anew")

    async def stacks(self, slot: int) -> str:
        if slot != 1:
            raise RefusedError(f"there is no worker {slot}")
        return stacks()

    def stop(self) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return "stopping"


def _without_supervisor(what: str) -> RefusedError:
    return RefusedError(f"there is one process: {what} needs a supervisor, so start it with --workers")
