"""Clocks: what time it is, and who has been idle for too long.

Law: a read or a write costs an idle timer one assignment. One handle of the loop serves
all that wait equally long; it wakes when the first of them may be due, and looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from ._turns import turns


class Handle(Protocol):
    """A call that can be cancelled."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What a timer needs of a loop; `writehead.testing` has one that a test turns."""

    def time(self) -> float: ...
    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> Handle: ...


class Idler(Protocol):
    """Who can be idle."""

    _idle_after: float  # seconds; 0 is never
    _active_at: float
    _idle_fired: bool
    _idle_group: float  # seconds of the group that it is a member of

    def _on_idle(self) -> None: ...


class IdleTimers:
    """The idle timers of one server's sockets, one handle per length of time."""

    __slots__ = ("_groups", "clock")

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._groups: dict[float, _Group] = {}

    def watch(self, idler: Idler, seconds: float) -> None:
        """Tell `idler` when it has been idle for `seconds` from now; 0 ends that."""
        idler._idle_after = seconds
        if not seconds:
            return
        idler._active_at = self.clock.time()
        if idler._idle_group == seconds and not idler._idle_fired:
            return  # switched off and on again, as each request does
        idler._idle_fired = False
        idler._idle_group = seconds
        group = self._groups.get(seconds)
        if group is None:
            group = self._groups[seconds] = _Group(self.clock, seconds)
        group.members.add(idler)
        if group.handle is None:
            group.wake_at(idler._active_at + seconds)

    def forget(self, idler: Idler) -> None:
        """Watch `idler` no longer."""
        idler._idle_after = idler._idle_group = 0.0
        for seconds, group in list(self._groups.items()):
            group.members.discard(idler)
            if not group.members:
                if group.handle is not None:
                    group.handle.cancel()
                del self._groups[seconds]


class _Group:
    __slots__ = ("clock", "handle", "members", "seconds")

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds
        self.members: set[Idler] = set()
        self.handle: Handle | None = None

    def wake_at(self, when: float) -> None:
        self.handle = turns().outside(self.clock.call_at, when, self.look)

    def look(self) -> None:
        self.handle = None
        now = self.clock.time()
        seconds = self.seconds
        first = math.inf
        late = []
        for idler in list(self.members):
            if idler._idle_group != seconds or idler._idle_fired:
                self.members.discard(idler)
                continue
            due = idler._active_at + seconds
            if not idler._idle_after:  # busy now; idle at the earliest from now on
                first = min(first, now + seconds)
            elif due <= now:
                late.append(idler)
            elif due < first:
                first = due
        if first is not math.inf:
            # A busy crowd is due one after the other: look at most 32 times a period.
            self.wake_at(max(first, now + min(seconds / 32, 0.25)))
        for idler in late:
            idler._idle_fired = True
            self.members.discard(idler)
            idler._on_idle()
