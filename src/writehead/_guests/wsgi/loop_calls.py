"""The way from threads to the event loop.

Invariant: of asyncio a thread uses `call_soon_threadsafe` alone, and that here alone.
"""

from __future__ import annotations

import asyncio
import logging
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from typing import Generic, TypeVar

from writehead._loop.ticks import tick_queue

logger = logging.getLogger("writehead")

T = TypeVar("T")


class LoopCalls:
    """Calls that threads ask for, made by the event loop in their order.

    One wake-up of the loop serves all that have gathered: an ordinary response costs one at the most.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ticks = tick_queue()
        # Not the context of the app that runs in the thread.
        self._context = copy_context()
        self._due: deque[tuple[Callable[..., object], tuple[object, ...]]] = deque()
        self._woken = False

    def post(self, function: Callable[..., object], *args: object) -> None:
        """Have the loop call `function(*args)`; for threads. Once the loop is closed, nothing is called."""
        self._due.append((function, args))
        if not self._woken:
            self._woken = True  # before the loop takes what is due, so that no call is left behind
            try:
                self._loop.call_soon_threadsafe(self._serve, context=self._context)
            except RuntimeError:
                if not self._loop.is_closed():
                    raise

    def _serve(self) -> None:
        self._woken = False
        due = self._due
        holds = self._ticks.hold()
        try:
            for _ in range(len(due)):  # what comes meanwhile has woken the loop again
                function, args = due.popleft()
                try:
                    function(*args)
                except Exception:  # a bug here: other requests are still served
                    logger.exception("a call for a thread failed: %r", function)
        finally:
            if holds:
                self._ticks.run()


class Gate(Generic[T]):
    """One wait of a thread for the loop, which opens it with a value or an error, once."""

    __slots__ = ("_error", "_lock", "_value")

    _value: T

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()
        self._error: BaseException | None = None

    def open(self, value: T) -> None:
        """Let the thread go on with `value`."""
        self._value = value
        self._lock.release()

    def fail(self, error: BaseException) -> None:
        """Raise `error` in the thread."""
        self._error = error
        self._lock.release()

    def wait(self) -> T:
        """Wait in the thread; return the value, or raise the error."""
        self._lock.acquire()
        if self._error is not None:
            raise self._error
        return self._value
