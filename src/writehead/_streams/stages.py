"""The stages that streams, messages and connections go through, each in one direction."""

from __future__ import annotations

from enum import IntEnum

# The default of a class is a member's `value`, a plain int: CPython (3.11, specialize.c) specialises no access to an
# attribute for which the class has an object of a type that may change, as enums are; it cost 2,000 instructions a request.


class Fate(IntEnum):
    """Whether more is taken, and whether 'close' has come."""

    ALIVE = 0
    DESTROYED = 1
    CLOSED = 2


class Writing(IntEnum):
    """How far what is written has come."""

    WRITABLE = 0
    ENDED = 1  # `end` was called
    FLUSHED = 2  # and the operating system has all of it


class Reading(IntEnum):
    """How far the end of what is read has come; only what is put back takes it from SCHEDULED to KNOWN again."""

    READABLE = 0
    KNOWN = 1  # nothing more comes
    SCHEDULED = 2  # it was read, too: 'end' is due
    EMITTED = 3


# As names of a module: looked up faster than members of a class.
ALIVE, DESTROYED, CLOSED = Fate
WRITABLE, ENDED, FLUSHED = Writing
READABLE, KNOWN, SCHEDULED, EMITTED = Reading
