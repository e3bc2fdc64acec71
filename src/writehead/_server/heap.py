"""The heap: what a crowd of clients took is given back to the system once it has left.

Python frees it, and the C library keeps it: between blocks that are in use its heap has holes that the
system does not know of. `malloc_trim` gives those back, in a millisecond or two for 50 MiB.
"""

from __future__ import annotations

import os

#: There is no crowd where there are fewer connections than this, or than this part of the most that were seen.
FEW = 64
PART = 4

#: So many bytes must have come on top for it to be worth while.
WORTH = 8 << 20


class Heap:
    """The memory of this process, as it was when it was given back last."""

    __slots__ = ("_least", "_most")

    def __init__(self) -> None:
        self._least = resident()
        self._most = 0

    def look(self, connections: int) -> bool:
        """Give back what is not in use, if the crowd has left and it may be much; False if not, or if nobody can.

        Args:
            connections: how many there are now.
        """
        self._most = max(self._most, connections)
        if (connections >= FEW and connections * PART > self._most) or resident() - self._least < WORTH:
            return False
        done = trim()
        self._least = resident()
        self._most = connections
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
