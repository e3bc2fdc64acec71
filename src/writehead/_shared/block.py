"""The block: a row for each process that serves, which it writes and all others read.

    head    | rows: words and doubles of 64 bits | areas: bytes, a part for each row
    64 words| ROW_WORDS words each               | AREA bytes each

Invariant: each row has one writer, its process, and no lock. A word is aligned, so it is read as it was written. The
supervisor writes the head, and a row before its process has begun and after it has gone.

A row is not a slot: a worker and its replacement live at the same time. Pages that nobody has written take no memory.
"""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterator
from enum import IntEnum
from typing import Self

#: Bytes of each row that metrics are kept in; a multiple of the size of a page, 16 KiB on Apple's processors.
AREA = 256 * 1024

#: Words of a row: 256 bytes, so that no two rows share a line of a processor's cache.
ROW_WORDS = 32
_HEAD_WORDS = 64
_PAGE = 16384
_MARK = 0x7772697465686431  # "writehd1"


class State(IntEnum):
    """What the process of a row does; FREE is a row without one."""

    FREE = 0
    STARTING = 1
    READY = 2
    DRAINING = 3
    GONE = 4


class _Word:
    """A word of a row, or of the head."""

    __slots__ = ("_at",)

    def __init__(self, at: int) -> None:
        self._at = at

    def __get__(self, row: _Words, owner: type | None = None) -> int:
        return row.words[self._at]

    def __set__(self, row: _Words, value: int) -> None:
        row.words[self._at] = value


class _Double:
    """A double of a row."""

    __slots__ = ("_at",)

    def __init__(self, at: int) -> None:
        self._at = at

    def __get__(self, row: _Words, owner: type | None = None) -> float:
        return row.doubles[self._at]

    def __set__(self, row: _Words, value: float) -> None:
        row.doubles[self._at] = value


class _Words:
    """Some words of the block, as integers and as doubles."""

    __slots__ = ("doubles", "words")

    def __init__(self, memory: memoryview) -> None:
        self.words: memoryview[int] = memory.cast("q")
        self.doubles: memoryview[float] = memory.cast("d")

    def release(self) -> None:
        self.words.release()
        self.doubles.release()


class Head(_Words):
    """What the supervisor tells all processes."""

    __slots__ = ()

    mark = _Word(0)
    rows = _Word(1)
    #: Rows from this one on have never been used; reading them would take memory.
    used = _Word(2)
    #: Whether a stop of all has begun: 0 or 1.
    stopping = _Word(3)
    #: How many workers there should be.
    workers = _Word(4)
    #: The pid of the supervisor.
    supervisor = _Word(5)


class Row(_Words):
    """The part of one process. Times are seconds: `started` of the epoch, others of `time.monotonic()`."""

    __slots__ = ("area", "number")

    #: The process, 0 in a free row.
    pid = _Word(0)
    #: The number of the worker, from 1 on.
    slot = _Word(1)
    #: A `State`.
    state = _Word(2)
    #: How often code has been loaded anew when it was started.
    generation = _Word(3)
    #: When it was started, of the epoch.
    started = _Double(4)
    #: When it became ready; 0 before that.
    ready_at = _Double(5)
    #: When its loop last turned, at most half a second late.
    beat = _Double(6)
    #: Open connections.
    connections = _Word(7)
    #: Connections whose request has come and whose response has not gone, as of the last beat.
    in_flight = _Word(8)
    #: Requests that have come, as of the last beat.
    requests = _Word(9)
    #: Connections that were accepted.
    accepted = _Word(10)
    #: Whether it takes no connections, although it does not drain: 0 or 1.
    full = _Word(11)
    #: Since when it is blocked, by the supervisor's clock; 0 if it is not. The supervisor writes it.
    blocked_since = _Double(12)
    #: How late the last beat was, in seconds.
    lag = _Double(13)
    #: Memory that it holds, in bytes, as of the last look.
    resident = _Word(14)
    #: Processor time that it has used, in seconds, as of the last beat.
    processor = _Double(15)
    #: Descriptors that it has open, as of the last look.
    descriptors = _Word(16)

    def __init__(self, number: int, words: memoryview, area: memoryview) -> None:
        super().__init__(words)
        self.number = number
        self.area = area

    def release(self) -> None:
        """Let go of the memory: the block can be closed when no row is held."""
        super().release()
        self.area.release()


class Block:
    """The memory of all rows; `fd` is passed to the processes."""

    def __init__(self, fd: int, rows: int) -> None:
        self.fd = fd
        self.rows = rows
        self._map = mmap.mmap(fd, _size(rows))
        self._memory = memoryview(self._map)
        self.head = Head(self._memory[: _HEAD_WORDS * 8])
        self._rows: dict[int, Row] = {}

    @classmethod
    def create(cls, *, rows: int) -> Self:
        """Make a block of so many rows, in memory that has no name.

        Raises:
            OSError: the system has no memory, or no place for a file, for it.
        """
        fd = _anonymous_file()
        try:
            os.ftruncate(fd, _size(rows))
            made = cls(fd, rows)
        except BaseException:
            os.close(fd)
            raise
        made.head.mark = _MARK
        made.head.rows = rows
        return made

    @classmethod
    def attach(cls, fd: int) -> Self:
        """Return the block of a descriptor that was passed.

        Raises:
            ValueError: it is none of this version.
        """
        with mmap.mmap(fd, _HEAD_WORDS * 8, access=mmap.ACCESS_READ) as start:
            mark, rows = (int.from_bytes(start[at : at + 8], sys.byteorder) for at in (0, 8))
        if mark != _MARK:
            raise ValueError(f"descriptor {fd} is no block of this version")
        return cls(fd, rows)

    def row(self, number: int) -> Row:
        """Return a row, from 0 on.

        Raises:
            IndexError: there is none of this number.
        """
        if not 0 <= number < self.rows:
            raise IndexError(number)
        found = self._rows.get(number)
        if found is None:
            words = (_HEAD_WORDS + number * ROW_WORDS) * 8
            area = _areas(self.rows) + number * AREA
            memory = self._memory
            found = Row(number, memory[words : words + ROW_WORDS * 8], memory[area : area + AREA])
            self._rows[number] = found
        return found

    def in_use(self) -> Iterator[Row]:
        """Yield the rows that have a process, also one that has gone and was not yet cleared."""
        for number in range(self.head.used):
            row = self.row(number)
            if row.state:
                yield row

    def take(self) -> Row | None:
        """Return a free row, marked STARTING; None if there is none. For the supervisor alone."""
        for number in range(self.rows):
            if number >= self.head.used:
                self.head.used = number + 1
            row = self.row(number)
            if not row.state:
                row.state = State.STARTING
                return row
        return None

    def clear(self, row: Row) -> None:
        """Free a row whose process has gone. For the supervisor alone."""
        at = _areas(self.rows) + row.number * AREA
        try:
            self._map.madvise(
                mmap.MADV_REMOVE, at, AREA
            )  # gives the pages back, which are zeros from then on
        except (AttributeError, OSError):  # not Linux, or a file system that cannot
            row.area[:] = bytes(AREA)
        row.words[:] = memoryview(bytes(ROW_WORDS * 8)).cast("q")

    def close(self) -> None:
        """Let go of the memory and of the descriptor; rows must not be used after it."""
        for row in self._rows.values():
            row.release()
        self._rows.clear()
        self.head.release()
        self._memory.release()
        self._map.close()
        os.close(self.fd)


def _areas(rows: int) -> int:
    """Return where the areas begin."""
    return -(-(_HEAD_WORDS + rows * ROW_WORDS) * 8 // _PAGE) * _PAGE


def _size(rows: int) -> int:
    return _areas(rows) + rows * AREA


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("writehead", os.MFD_CLOEXEC)
    import tempfile

    with tempfile.TemporaryFile(prefix="writehead-") as file:  # without a name: it ends with its processes
        return os.dup(file.fileno())
