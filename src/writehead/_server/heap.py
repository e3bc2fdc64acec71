"""Returns freed memory to the system after many connections have closed.

Python frees that memory, but the C library keeps it: free blocks between used ones stay in its heap.
`malloc_trim` gives those back, in a millisecond or two for 50 MiB.
"""

from __future__ import annotations

import os

#: Memory is given back when fewer connections are open than this, or than this part of the peak.
FEW = 64
PART = 4

#: Bytes by which the process must have grown for that.
WORTH = 8 << 20


class Heap:
    """The resident memory of this process, as it was after it was last given back."""

    __slots__ = ("_least", "_most")

    def __init__(self) -> None:
        self._least = resident()
        self._most = 0

    def look(self, connections: int) -> bool:
        """Give unused memory back if most connections have closed and it may be much; False if that was not done.

        Args:
            connections: how many are open now.
        """
        self._most = max(self._most, connections)
        if (connections >= FEW and connections * PART > self._most) or resident() - self._least < WORTH:
            return False
        done = trim()
        self._least = resident()
        self._most = connections
        return done


def resident() -> int:
    """Return the resident memory of this process in bytes; 0 where there is no /proc."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def trim() -> bool:
    """Let the C library give back unused memory; False where it cannot (only GNU's can)."""
    import ctypes  # imported late: it takes some milliseconds

    try:
        malloc_trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return False
    malloc_trim(0)
    return True
