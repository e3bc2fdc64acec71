"""Clocks: what time it is, and who has been idle for too long.

Law: a read or a write costs an idle timer one assignment. One handle of the loop serves
all that wait equally long; it wakes when the first of them may be due, and looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from writehead._loop.ticks import tick_queue


class Handle(Protocol):
    """A call that can be cancelled."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What a timer needs of a loop; `writehead.testing` has one that a test ticks."""

    def time(self) -> float: ...
    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> Handle: ...


class Idler(Protocol):
    """Who can be idle."""

    idle_after: float  # seconds; 0 is never
    active_at: float
    idle_fired: bool
    idle_group: float  # seconds of the group that it is a member of

    def on_idle(self) -> None: ...


class IdleTimers:
    """The idle timers of one server's sockets, one handle for all that wait about equally long.

    However many lengths of time there are, clients cannot make more groups than some five hundred.
    """

    __slots__ = ("_groups", "clock")

    def __init__(self, clock: Clock) -> None:
        self.clock: Clock = clock
        self._groups: dict[int, _Group] = {}

    def watch(self, idler: Idler, seconds: float) -> None:
        """Tell `idler` when it has been idle for `seconds` from now; 0 ends that."""
        idler.idle_after = seconds
        if not seconds:
            return
        idler.active_at = now = self.clock.time()
        if idler.idle_group == seconds and not idler.idle_fired:
            return  # switched off and on again, as each request does
        key = _key(seconds)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(self, key, seconds)
        if idler.idle_group and idler not in group.members:
            self._leave(idler)
        idler.idle_fired = False
        idler.idle_group = seconds
        group.members.add(idler)
        if group.handle is None or now + seconds < group.when:
            group.wake_at(now + seconds)

    def _leave(self, idler: Idler) -> _Group | None:
        group = self._groups.get(_key(idler.idle_group))
        if group is not None:
            group.members.discard(idler)
        return group

    def forget(self, idler: Idler) -> None:
        """Watch `idler` no longer."""
        group = self._leave(idler) if idler.idle_group else None
        idler.idle_after = idler.idle_group = 0.0
        if group is not None and not group.members:
            for each in list(self._groups.values()):  # those that it was a member of before, too
                if not each.members:
                    each.end()

    def drop(self, group: _Group) -> None:
        """Hear that nobody is left in `group`."""
        if self._groups.get(group.key) is group:
            del self._groups[group.key]


def _key(seconds: float) -> int:
    """Return the number of the group for so many seconds: sixteen to each doubling."""
    fraction, exponent = math.frexp(seconds)
    return exponent * 32 + int(fraction * 32)


class _Group:
    """Those who wait about equally long; each is told at its own time."""

    __slots__ = ("handle", "key", "members", "seconds", "timers", "when")

    def __init__(self, timers: IdleTimers, key: int, seconds: float) -> None:
        self.timers: IdleTimers = timers
        self.key: int = key
        self.seconds: float = seconds
        self.members: set[Idler] = set()
        self.handle: Handle | None = None
        self.when: float = 0.0

    def wake_at(self, when: float) -> None:
        if self.handle is not None:
            self.handle.cancel()
        self.when = when
        self.handle = tick_queue().outside(self.timers.clock.call_at, when, self.look)

    def end(self) -> None:
        if self.handle is not None:
            self.handle.cancel()
            self.handle = None
        self.timers.drop(self)

    def look(self) -> None:
        self.handle = None
        now = self.timers.clock.time()
        first = math.inf
        late = []
        for idler in list(self.members):
            seconds = idler.idle_group
            due = idler.active_at + seconds
            if not idler.idle_after:  # busy now; idle at the earliest from now on
                first = min(first, now + seconds)
            elif due <= now:
                late.append(idler)
            elif due < first:
                first = due
        self.members.difference_update(late)
        if first is not math.inf:
            # A busy crowd is due one after the other: look at most 32 times a period.
            self.wake_at(max(first, now + min(self.seconds / 32, 0.25)))
        elif not self.members:
            self.timers.drop(self)
        for idler in late:
            idler.idle_fired = True
        for idler in late:
            if idler.idle_fired:  # else an earlier one has ended its wait, or begun it anew
                idler.on_idle()
