"""Who is late: one look at every connection, now and then, instead of a timer per request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from writehead._loop.ticks import tick_queue
from writehead._loop.timers import Clock, Handle

T = TypeVar("T")


class Watched(Protocol):
    """A connection, as the sweep sees it."""

    def is_late(self, now: float, headers_timeout: float, request_timeout: float) -> bool: ...


class Sweep:
    """Calls `look` every `seconds` between `start` and `stop`."""

    __slots__ = ("_handle", "_look", "_seconds", "clock")

    def __init__(self, clock: Clock, look: Callable[[float], object]) -> None:
        self.clock = clock
        self._look = look
        self._seconds = 0.0
        self._handle: Handle | None = None

    def start(self, seconds: float) -> None:
        """Look every `seconds` from now on; 0 is never."""
        self.stop()
        self._seconds = seconds
        if seconds:
            self._handle = self.clock.call_at(self.clock.time() + seconds, self._due)

    def stop(self) -> None:
        """Look no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _due(self) -> None:
        now = self.clock.time()
        self._handle = self.clock.call_at(now + self._seconds, self._due)
        self._look(now)


def late_ones(
    connections: Iterable[Watched], now: float, headers_timeout: float, request_timeout: float
) -> list[Watched]:
    """Return the connections whose message under way has taken too long, in seconds."""
    if headers_timeout > request_timeout > 0:  # by assignment; Node swaps them
        headers_timeout, request_timeout = request_timeout, headers_timeout
    return [each for each in connections if each.is_late(now, headers_timeout, request_timeout)]


class Slices(Generic[T]):
    """Calls `function` for each of many, so many in a turn: others are served between."""

    __slots__ = ("_at", "_each", "_function", "_many")

    def __init__(self, many: list[T], function: Callable[[T], object], each: int) -> None:
        self._many = many
        self._function = function
        self._each = each
        self._at = 0
        if many:
            self.serve_slice()  # few are the rule, and are seen to at once

    def serve_slice(self) -> None:
        """Call it for the next ones, in their order."""
        begin = self._at
        self._at = begin + self._each
        if self._at < len(self._many):
            tick_queue().wait(self)
        for one in self._many[begin : self._at]:
            self._function(one)
