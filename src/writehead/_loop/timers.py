"""Clocks and idle timers.

Invariant: a read or a write costs an idle timer one assignment. One handle of the loop serves
all that wait about equally long; it fires when the first of them may be due, and checks them.
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
    """What a timer needs of a loop; `writehead.testing` has one that a test advances."""

    def time(self) -> float: ...
    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> Handle: ...


class Idler(Protocol):
    """A connection that can be idle."""

    idle_after: float  # seconds; 0 is never
    active_at: float
    idle_fired: bool
    idle_group: float  # seconds of the group that it belongs to

    def on_idle(self) -> None: ...


class IdleTimers:
    """The idle timers of one server's sockets, with one handle for all that wait about equally long.

    However many timeouts are in use, there are never more than some five hundred groups.
    """

    __slots__ = ("_groups", "clock")

    def __init__(self, clock: Clock) -> None:
        self.clock: Clock = clock
        self._groups: dict[int, _Group] = {}

    def watch(self, idler: Idler, seconds: float) -> None:
        """Call `idler.on_idle()` after `seconds` of idle time from now; 0 ends that."""
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
        """Stop watching `idler`."""
        group = self._leave(idler) if idler.idle_group else None
        idler.idle_after = idler.idle_group = 0.0
        if group is not None and not group.members:
            for each in list(self._groups.values()):  # those that it belonged to before, too
                if not each.members:
                    each.end()

    def drop(self, group: _Group) -> None:
        """Drop a group that has become empty."""
        if self._groups.get(group.key) is group:
            del self._groups[group.key]


def _key(seconds: float) -> int:
    """Return the key of the group for so many seconds: sixteen groups for each doubling."""
    fraction, exponent = math.frexp(seconds)
    return exponent * 32 + int(fraction * 32)


class _Group:
    """Idlers that wait about equally long; each is called at its own time."""

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
            # Many busy members are due one after the other: check at most 32 times a period.
            self.wake_at(max(first, now + min(self.seconds / 32, 0.25)))
        elif not self.members:
            self.timers.drop(self)
        for idler in late:
            idler.idle_fired = True
        for idler in late:
            if idler.idle_fired:  # else an earlier one has ended its wait, or begun it anew
                idler.on_idle()
