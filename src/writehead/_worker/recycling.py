"""When a worker has served enough: by requests, by age, by memory.

Pure: it is told the time and the numbers. The worker asks to be replaced, and serves on until it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from writehead._supervisor.slots import Why

#: Memory counts when so many samples, this many seconds apart, are over the limit: a peak is no leak.
SAMPLES = 3
APART = 10.0

#: The share of its lifetime that a worker may live longer, at random, so that not all are replaced at once.
LIFETIME_JITTER = 0.1


class Recycling:
    """The limits of one worker; 0 is none.

    Args:
        requests: after how many it has served enough.
        jitter: how many more, at most; what is added is drawn.
        lifetime: the age in seconds, to which up to a tenth is added.
        resident: the memory in bytes.
        now: when it was ready.
        draw: draws a number from 0 to below 1.
    """

    def __init__(
        self,
        requests: int,
        jitter: int,
        lifetime: float,
        resident: int,
        now: float,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._requests = requests + int(draw() * (jitter + 1)) if requests else 0
        self._ends = now + lifetime * (1 + LIFETIME_JITTER * draw()) if lifetime else 0.0
        self._resident = resident
        self._over = 0
        self._sampled_at = now
        self._asked = False

    def wants_memory(self, now: float) -> bool:
        """Tell whether `reached` needs to know the memory this time."""
        return bool(self._resident) and now - self._sampled_at >= APART

    def reached(self, now: float, requests: int, resident: int) -> Why | None:
        """Return which limit is reached, once."""
        if self.wants_memory(now):
            self._sampled_at = now
            self._over = self._over + 1 if resident > self._resident else 0
        if self._asked:
            return None
        why = self._which(now, requests)
        self._asked = why is not None
        return why

    def _which(self, now: float, requests: int) -> Why | None:
        if self._requests and requests >= self._requests:
            return Why.MAX_REQUESTS
        if self._ends and now >= self._ends:
            return Why.LIFETIME
        if self._over >= SAMPLES:
            return Why.RSS
        return None
