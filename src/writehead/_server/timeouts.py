"""Time limits, checked for all connections at an interval instead of by a timer per request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from writehead._loop.ticks import tick_queue
from writehead._loop.timers import Clock, Handle

T = TypeVar("T")


class Watched(Protocol):
    """A connection whose time limits are checked."""

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
        """Call `look` every `seconds` from now on; 0: never."""
        self.stop()
        self._seconds = seconds
        if seconds:
            self._handle = self.clock.call_at(self.clock.time() + seconds, self._due)

    def stop(self) -> None:
        """Stop calling `look`."""
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
    """Return the connections whose current request has exceeded a limit; limits are in seconds."""
    if headers_timeout > request_timeout > 0:  # possible by assignment; Node swaps them
        headers_timeout, request_timeout = request_timeout, headers_timeout
    return [each for each in connections if each.is_late(now, headers_timeout, request_timeout)]


class Slices(Generic[T]):
    """Calls `function` for each item of a list, a slice in each round, so that connections are served between."""

    __slots__ = ("_at", "_each", "_function", "_many")

    def __init__(self, many: list[T], function: Callable[[T], object], each: int) -> None:
        self._many = many
        self._function = function
        self._each = each
        self._at = 0
        if many:
            self.serve_slice()  # usually there are few: the first slice is done at once

    def serve_slice(self) -> None:
        """Call `function` for the next slice, in order."""
        begin = self._at
        self._at = begin + self._each
        if self._at < len(self._many):
            tick_queue().wait(self)
        for one in self._many[begin : self._at]:
            self._function(one)
