"""Whether a worker is blocked, busy or hung: its loop writes the time into shared memory twice a second.

    turns -> (5 s of silence) blocked -> turns again
                                      -> hung: it has not even used the processor, or for ten times as long

Blocked is a warning and no more, unless there is a limit: a long computation or an import must not cost a worker.
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import Protocol

from writehead._supervisor.sentences import span
from writehead._supervisor.slots import Child

logger = logging.getLogger("writehead.supervisor")

#: Seconds of silence from which on a worker is blocked; this is said again at each doubling.
BLOCKED = 5.0

#: A blocked worker that has used less of a processor than this share of the time does nothing, and is hung;
IDLE_SHARE = 0.01

#: one that computes is, after so many times the limit.
BUSY_FACTOR = 10

#: Seconds between two looks at the beats.
LOOK = 1.0


class Pulse(Protocol):
    """What is known of the process of a child from outside."""

    def beat(self, child: Child) -> float:
        """Return when its loop has turned last."""

    def processor(self, child: Child) -> float:
        """Return how many seconds of processor time it has used."""

    def processor_at_beat(self, child: Child) -> float:
        """Return the same as of its last beat."""

    def ask_for_stack(self, child: Child) -> None:
        """Let it write the stack of its main thread to its log."""


class Verdict(Enum):
    """What a look at a child has found."""

    TURNS = 1
    BLOCKED = 2
    HUNG = 3


def look(child: Child, now: float, pulse: Pulse, limit: float) -> Verdict:
    """Look at the beat of a child that is ready, and log what has changed.

    Args:
        child: the child.
        now: the time, on the clock of the beats.
        pulse: reads them.
        limit: after how many seconds of silence a blocked worker is hung; 0 is never.
    """
    assert child.ready_at is not None
    since = max(pulse.beat(child), child.ready_at)
    silence = now - since
    if silence < BLOCKED:
        if child.blocked_since is not None:
            logger.info("%s turns again after %s", child.name, span(since - child.blocked_since))
            child.blocked_since = None
        return Verdict.TURNS
    if child.blocked_since is None:
        child.blocked_since = since
        child.warns_at = since + BLOCKED
        child.processor = pulse.processor_at_beat(child)
    if now >= child.warns_at:
        _warn(child, now, pulse)
    if not limit or silence < limit:
        return Verdict.BLOCKED
    used = pulse.processor(child) - child.processor
    hung = used < IDLE_SHARE * silence or silence >= BUSY_FACTOR * limit
    return Verdict.HUNG if hung else Verdict.BLOCKED


def _warn(child: Child, now: float, pulse: Pulse) -> None:
    assert child.blocked_since is not None
    logger.warning(
        "%s is blocked: its loop has not turned for %s", child.name, span(now - child.blocked_since)
    )
    while child.warns_at <= now:
        child.warns_at += child.warns_at - child.blocked_since
    pulse.ask_for_stack(child)
