"""Drain: the orderly end of servers, step by step, by one clock.

    announced --delay--> the door is closed --grace--> idle connections end --timeout--> the rest is cut
                                                    `-> over, as soon as every server has closed

Invariant: each step is done once, in this order, for all servers together; a drain can be shortened, and never gets longer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, Protocol

from writehead._loop.ticks import tick_queue
from writehead._loop.timers import Clock, Handle

logger = logging.getLogger("writehead")

#: Seconds between two lines about what is waited for.
PROGRESS = 5.0

#: How many connections a line names.
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class DrainInfo:
    """What 'draining' tells its listeners.

    Attributes:
        reason: why the server drains, such as "SIGTERM"; as it was given to `drain`.
        delay: milliseconds, from the event on, in which connections are still accepted.
        deadline: milliseconds, from the event on, after which what is left is cut. A later call may shorten it.
    """

    reason: str
    delay: float
    deadline: float


#: A connection by its request, and how many seconds that is under way, if it is known.
Named = tuple[str, float | None]


class Census(NamedTuple):
    """The connections of a server, counted."""

    connections: int
    in_flight: int
    idle: int
    endless: int


class Drained(Protocol):
    """What a drain asks of each of its servers."""

    _clock: Clock | None
    _drain: Drain | None

    def _announce(self, info: DrainInfo) -> None: ...
    def _close_door(self, leave_queue: bool) -> None: ...
    def _end_idle(self) -> None: ...
    def _tell_of_cut(self) -> None: ...
    def _cut(self) -> None: ...
    def _census(self) -> Census: ...
    def _waiting_for(self) -> list[Named]:
        """Name the connections that are neither idle nor ended."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """How a drain is to go; times in milliseconds.

    Attributes:
        delay: in which connections are still accepted.
        idle_grace: in which, behind the delay, an idle connection may still bring a request; at most the timeout.
        timeout: behind the delay, after which what is left is cut.
        reason: for the log and 'draining'.
        leave_queue: whether what waits in the system's queue is left to other processes.
        advice: what a line about connections that are waited for adds; that is a warning then.
    """

    delay: float = 0.0
    idle_grace: float = 500.0
    timeout: float = 30_000.0
    reason: str = ""
    leave_queue: bool = False
    advice: str = ""


class Step(IntEnum):
    """The steps, in the order in which they are done."""

    DOOR = 0
    IDLE = 1
    CUT = 2
    OVER = 3


DOOR, IDLE, CUT, OVER = Step


def drain(servers: Sequence[Drained], terms: Terms, clock: Clock) -> None:
    """Begin to drain servers; those that are draining already are drained by these terms if they are shorter."""
    for each in {each._drain for each in servers}:
        if each is not None:
            each.shorten(terms)
    new = [each for each in servers if each._drain is None]
    if new:
        Drain(new, terms, clock).begin()


class Drain:
    """The drain of some servers of one loop."""

    def __init__(self, servers: list[Drained], terms: Terms, clock: Clock) -> None:
        self._servers = servers
        self._terms = terms
        self._clock = clock
        self._announced = self._begun = clock.time()
        self._times = _times(self._begun, terms)
        self._step: Step = DOOR  # the next one
        self._next: Handle | None = None
        self._progress: Handle | None = None

    def begin(self) -> None:
        """Announce it, and do what is due at once."""
        terms = self._terms
        for each in self._servers:
            each._drain = self
        if terms.delay:
            self._log("draining in %g s: %s", terms.delay / 1000, self._counted())
        info = DrainInfo(terms.reason, terms.delay, terms.delay + terms.timeout)
        for each in list(self._servers):
            each._announce(info)
        self._go_on()

    def shorten(self, terms: Terms) -> None:
        """Let each step come when `terms` would have it from now on, if that is earlier."""
        wanted = _times(self._clock.time(), terms)
        self._times = [min(pair) for pair in zip(self._times, wanted, strict=True)]
        self._go_on()

    def leave(self, server: Drained) -> None:
        """Drain a server no longer: it has closed, or listens again."""
        server._drain = None
        if server in self._servers:
            self._servers.remove(server)
            if not self._servers:
                self._end()

    # -- the steps ---------------------------------------------------------------

    def _go_on(self) -> None:
        """Do the steps that are due, and wait for the next."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        while self._step is not OVER and self._clock.time() >= self._times[self._step]:
            step = self._step
            self._step = Step(step + 1)
            (self._close_door, self._end_idle, self._announce_cut)[step]()
        if self._step is not OVER:
            self._next = self._call_at(self._times[self._step], self._go_on)

    def _call_at(self, when: float, callback: Callable[[], object]) -> Handle:
        # Outside of the context of the request that has asked for the drain.
        return tick_queue().outside(self._clock.call_at, when, callback)

    def _close_door(self) -> None:
        self._begun = self._clock.time()
        self._log("draining: %s", self._counted())
        for each in list(self._servers):
            each._close_door(self._terms.leave_queue)
        self._wait_for_progress()

    def _end_idle(self) -> None:
        for each in list(self._servers):
            each._end_idle()
        waiting = self._waiting_for()
        if waiting and self._times[CUT] > self._clock.time():
            logger.log(
                logging.WARNING if self._terms.advice else logging.INFO,
                "waiting for %s (%s)%s",
                _connections(len(waiting)),
                _listed([name for name, _ in waiting]),
                self._terms.advice,
            )

    def _announce_cut(self) -> None:
        """Tell those that are left; one turn of the loop later they are cut."""
        self._forget_progress()
        for each in self._servers:
            each._tell_of_cut()
        tick_queue().next_round(self._cut)

    def _cut(self) -> None:
        waiting = self._waiting_for()
        if waiting:
            seconds = self._times[CUT] - self._begun
            logger.warning(
                "%s cut %g s after the drain began: %s",
                _connections(len(waiting)),
                round(seconds, 3),
                self._shown(waiting),
            )
        for each in list(self._servers):
            each._cut()

    def _end(self) -> None:
        """Note that every server has closed."""
        self._step = OVER
        if self._next is not None:
            self._next.cancel()
        self._forget_progress()
        self._log("drained in %.1f s", self._clock.time() - self._begun)

    # -- the log -----------------------------------------------------------------

    def _wait_for_progress(self) -> None:
        self._progress = self._call_at(self._clock.time() + PROGRESS, self._tell_progress)

    def _forget_progress(self) -> None:
        if self._progress is not None:
            self._progress.cancel()
            self._progress = None

    def _tell_progress(self) -> None:
        seconds = self._clock.time() - self._begun
        waiting = self._waiting_for()
        names = f": {self._shown(waiting)}" if waiting else ""
        self._log("draining for %.0f s: %s%s", seconds, self._counted(), names)
        self._wait_for_progress()

    def _counted(self) -> str:
        """Return the counts of all servers, as the log has them."""
        total = Census(*map(sum, zip(*(each._census() for each in self._servers), strict=True)))
        return (
            f"{_connections(total.connections)}, {total.in_flight} in flight, {total.idle} idle, "
            f"{total.endless} endless"
        )

    def _waiting_for(self) -> list[Named]:
        """Name the connections that are waited for, the oldest first."""
        found = [named for each in self._servers for named in each._waiting_for()]
        return sorted(found, key=lambda named: (named[1] is not None, -(named[1] or 0.0)))

    def _shown(self, waiting: list[Named]) -> str:
        """Return the first few of the names, as the log has them."""
        return _listed([self._with_age(*each) for each in waiting])

    def _with_age(self, name: str, age: float | None) -> str:
        """Return a name with how long it is under way; without an age of its own, longer than the drain."""
        if age is not None:
            return f"{name} ({age:.3g} s)"
        return f"{name} (over {self._clock.time() - self._announced:.3g} s)"

    def _log(self, text: str, *args: object) -> None:
        if self._terms.timeout and logger.isEnabledFor(logging.INFO):  # else all is done at once
            logger.info(text, *args)


def _times(now: float, terms: Terms) -> list[float]:
    """Return when each step is to be done."""
    door = now + terms.delay / 1000
    cut = door + terms.timeout / 1000
    return [door, min(door + terms.idle_grace / 1000, cut), cut]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:MOST_SHOWN]) + (", …" if len(names) > MOST_SHOWN else "")


def _connections(number: int) -> str:
    return "1 connection" if number == 1 else f"{number} connections"
