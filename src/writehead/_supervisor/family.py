"""The processes of the children: their pairs of sockets, their rows in the shared block, and their ends.

Invariant: only our own children are waited for, each by its pid; those of the application are its own.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence

from writehead._shared.block import Block, Row
from writehead._shared.channel import Channel
from writehead._supervisor.processes import processor_time
from writehead._supervisor.slots import Child
from writehead._supervisor.spawn import spawn


class Process:
    """The process of a child."""

    def __init__(self, child: Child, popen: subprocess.Popen[bytes], channel: Channel, row: Row) -> None:
        self.child = child
        self.popen = popen
        self.channel = channel
        self.row = row

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        self.popen.send_signal(number)  # polls first: a pid that is another's by now gets nothing

    def processor(self) -> float:
        """Return the processor time that it has used."""
        return processor_time(self.popen.pid)


class Family:
    """All processes, by child."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self.members: dict[Child, Process] = {}

    def start(self, child: Child, words: Sequence[str]) -> Process:
        """Start the process of a child.

        Raises:
            OSError: the system, or the block, has no room for it.
        """
        row = self._block.take()
        if row is None:
            raise OSError(11, "too many workers")
        try:
            popen, sock = spawn([str(child.slot), *words])
        except BaseException:
            self._block.clear(row)
            raise
        row.slot, row.generation, row.started, row.pid = child.slot, child.generation, time.time(), popen.pid
        child.pid = popen.pid
        process = self.members[child] = Process(child, popen, Channel(sock), row)
        return process

    def ended(self) -> list[Process]:
        """Return those that have ended."""
        return [each for each in self.members.values() if each.popen.poll() is not None]

    def bury(self, process: Process) -> None:
        """Forget a process that has ended."""
        del self.members[process.child]
        process.channel.close()
        self._block.clear(process.row)
