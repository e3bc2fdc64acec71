"""The meter of one process: it counts what its servers do, and writes it to the row of the process."""

from __future__ import annotations

import asyncio
from typing import Any

from writehead._metrics.counts import Counts
from writehead._metrics.sampling import Sampler, Slow
from writehead._shared.block import Row

#: Seconds between two writes: what a process that is killed loses at most.
INTERVAL = 0.25


class Meter:
    """Counts for one process.

    Args:
        row: the row of the process, which it alone writes.
    """

    def __init__(self, row: Row) -> None:
        self._area = row.area
        self.counts = Counts()
        self._sampler = Sampler()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, server: Any) -> None:
        """Count what a server does from now on; it has no connection yet."""
        self._sampler.watch(server)
        server._take_records(self.counts.taker("https" if hasattr(server, "_handshake") else "http"))

    @property
    def requests(self) -> int:
        """How many exchanges are over."""
        return self.counts.total()

    @property
    def in_flight(self) -> int:
        """How many requests were under way at the last flush."""
        return self._sampler.in_flight

    def slowest(self) -> list[Slow]:
        """Return the exchanges under way that take longest, ten at most, the longest first."""
        return self._sampler.slowest()

    def start(self) -> None:
        """Write now, and then again and again, by the running loop."""
        self.flush()
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.start)

    def flush(self) -> None:
        """Write what was counted, and what connections do."""
        self.counts.flush(self._area)
        self._sampler.flush(self._area)

    def close(self) -> None:
        """Write for the last time."""
        if self._timer is not None:
            self._timer.cancel()
        self.flush()
