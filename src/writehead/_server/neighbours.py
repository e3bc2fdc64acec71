"""What a worker knows of the others, and tells them: how many connections each has."""

from __future__ import annotations

import time

from writehead._server import registry
from writehead._shared.block import Block, Row, State

#: Seconds of silence after which a worker is not counted on: it is blocked, or nearly so.
SILENT = 1.0


class Neighbours:
    """The rows of all workers, of which one is our own."""

    def __init__(self, block: Block, row: Row) -> None:
        self._block = block
        self._row = row

    def publish(self) -> int:
        """Tell the others how many connections are open here, and return that."""
        self._row.connections = count = sum(each._connection_count for each in registry.every_open_server())
        return count

    def fair_share(self) -> int:
        """Return how many connections a worker has that takes no more than the others: their mean, and one."""
        silent = time.monotonic() - SILENT
        total = workers = 0
        for row in self._block.in_use():
            if row.state == State.READY and not row.full and row.beat > silent:
                total += row.connections
                workers += 1
        return -(-total // workers) + 1 if workers else 1
