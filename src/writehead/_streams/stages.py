"""The stages that streams, messages and connections go through, each in one direction."""

from __future__ import annotations

from enum import IntEnum

# Class defaults are a member's `value`, a plain int: CPython (3.11, specialize.c) does not specialise the access to an
# attribute whose class default is of a mutable type, as enums are; that cost 2,000 instructions a request.


class Fate(IntEnum):
    """Whether a stream or message is alive, destroyed, or past 'close'."""

    ALIVE = 0
    DESTROYED = 1
    CLOSED = 2


class Writing(IntEnum):
    """How far the writing of a message has come."""

    WRITABLE = 0
    ENDED = 1  # `end` was called
    FLUSHED = 2  # and the operating system has all of it


class Reading(IntEnum):
    """How far the end of a readable has come; only `unshift` takes it from SCHEDULED back to KNOWN."""

    READABLE = 0
    KNOWN = 1  # the producer has no more data
    SCHEDULED = 2  # and all data was read: 'end' is due
    EMITTED = 3


# As names of a module: looked up faster than members of a class.
ALIVE, DESTROYED, CLOSED = Fate
WRITABLE, ENDED, FLUSHED = Writing
READABLE, KNOWN, SCHEDULED, EMITTED = Reading
