"""What a worker shows of itself although its loop does not turn, and what memory it holds."""

from __future__ import annotations

import faulthandler
import os
import sys

from writehead._supervisor.processes import STACK_SIGNAL


def show_stacks() -> None:
    """Let signals write stacks to stderr, even while C code runs: ABRT those of all threads, before it ends the process,
    and the signal of a supervisor that finds the worker blocked that of the main thread.
    """
    faulthandler.enable(sys.__stderr__ or 2)  # also for what would end it without a word, such as SEGV
    faulthandler.register(STACK_SIGNAL, sys.__stderr__ or 2, all_threads=False)


def resident_memory() -> int:
    """Return how many bytes of memory this process holds; 0 where that is unknown."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
