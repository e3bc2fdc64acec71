"""The heap: what a crowd of clients took is given back to the system once it has left.

Python frees it, and the C library keeps it: between blocks that are in use its heap has holes that the
system does not know of. `malloc_trim` gives those back, in a millisecond or two for 50 MiB.
"""

from __future__ import annotations

import os

#: It is a crowd from so many connections on, and has left when there are no more than this part of it.
CROWD = 64
LEFT = 4

#: So many bytes must have come on top for it to be worth while.
WORTH = 8 << 20


class Heap:
    """The memory of this process, as it was when it was given back last."""

    __slots__ = ("_least",)

    def __init__(self) -> None:
        self._least = resident()

    def give_back(self) -> bool:
        """Give back what is not in use, if it may be much; False where the system does not say, or cannot."""
        if resident() - self._least < WORTH:
            return False
        done = trim()
        self._least = resident()
        return done


def resident() -> int:
    """Return how many bytes of this process are in memory; 0 where there is no /proc."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def trim() -> bool:
    """Let the C library give back what it does not use; False where it cannot (only GNU's can)."""
    import ctypes  # not before a crowd has left: it takes some milliseconds

    try:
        malloc_trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return False
    malloc_trim(0)
    return True
