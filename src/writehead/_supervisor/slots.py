"""Slots and their children: what is known of each worker.

    starting -> ready -> draining -> gone

A slot has at most one child that serves and one that comes: it replaces the first when it is ready. Children that
drain have left the slot, and are its own only in what the log says of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from writehead._shared.block import State


class Why(StrEnum):
    """Why a child is started, or has to go; the value is the label of the metric of restarts."""

    START = "start"
    CRASH = "crash"
    RELOAD = "reload"
    MAX_REQUESTS = "max_requests"
    LIFETIME = "lifetime"
    RSS = "rss"
    HANG = "hang"
    SIGNAL = "signal"
    SCALE = "scale"


#: What a recycled worker has reached.
RECYCLED = {
    Why.MAX_REQUESTS: "its requests are served",
    Why.LIFETIME: "its time is over",
    Why.RSS: "it holds more memory than it may",
}


@dataclass(eq=False)
class Child:
    """One process."""

    slot: int
    generation: int
    why: Why
    started: float
    pid: int = 0
    state: State = State.STARTING
    ready_at: float | None = None
    #: Whether its end was asked for: then it is no crash.
    asked: bool = False
    #: When it is signalled next if it has not ended, and by what: first ABRT, then KILL.
    ends_at: float | None = None
    signals: list[int] = field(default_factory=list)
    #: When it is next said that it still starts.
    tells_at: float = 0.0
    #: Why it could not start, as it has told itself.
    failure: str | None = None
    traceback: str = ""
    #: Since when it is blocked, and when that is said again.
    blocked_since: float | None = None
    warns_at: float = 0.0
    #: The processor time that it had used when it was last heard of.
    processor: float = 0.0

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"worker {self.slot} (pid {self.pid})"


@dataclass(eq=False)
class Slot:
    """The place of one worker."""

    number: int
    serving: Child | None = None
    coming: Child | None = None
    #: When a child is started in it, and why; None if none has to be.
    due: float | None = None
    due_why: Why = Why.START
    #: Which settings and code its children have.
    generation: int = 0
    #: When its children ended unasked, the latest last.
    deaths: list[float] = field(default_factory=list)
    #: How often a replacement had to wait, since one lived long.
    waits: int = 0

    @property
    def children(self) -> list[Child]:
        """Those that have not left it."""
        return [each for each in (self.serving, self.coming) if each is not None]
