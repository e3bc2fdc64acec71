"""Ticks: callbacks that are due once the running callback of the loop has returned.

Invariant: callbacks run first in, first out; what one of them adds runs in the same
round, before the loop polls for I/O (Node: process.nextTick).
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import _get_running_loop  # in its __all__: None if no loop runs
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from time import perf_counter
from typing import Any, Protocol, TypeVar

logger = logging.getLogger("writehead")

R = TypeVar("R")


#: Bytes of a large body that are read at once, at the most. Allocators map more than 128 KiB anew for each
#: use; with much less, the calls cost more than the bytes.
READ_SIZE = 124 * 1024

#: Rounds of the loop in which a task may do what Node's microtasks do before the next I/O.
ROUNDS = 100


#: Seconds for which slices are served, at the most, before the loop polls the network again; the last slice
#: may take longer.
SLICE_SECONDS = 0.002


class Waiting(Protocol):
    """An object with more work than one slice allows."""

    def serve_slice(self) -> None: ...


class TickQueue:
    """The queue of one event loop; `loop` is None until one runs."""

    __slots__ = (
        "_buffer",
        "_context",
        "_after_rounds",
        "_round",
        "_scheduled",
        "due",
        "held",
        "loop",
        "waiting",
    )

    due: deque[tuple[Callable[..., object], tuple[Any, ...]]]

    def __init__(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self.loop = loop
        self.due = deque()
        self.held = False
        self._scheduled = False
        self._buffer: memoryview | None = None
        # Callbacks of the loop run in this context, not in that of the request that caused them.
        self._context = copy_context()
        self.waiting: deque[Waiting] = deque()  # for `serve_slice`, in the order in which they came
        self._round = 0
        # With the round in which each is due.
        self._after_rounds: deque[tuple[int, Callable[[], object]]] = deque()

    @property
    def buffer(self) -> memoryview:
        """The buffer that large bodies are read into; as it is shared, valid during one callback only."""
        if self._buffer is None:
            self._buffer = memoryview(bytearray(READ_SIZE))
        return self._buffer

    def later(self, callback: Callable[..., object], *args: Any) -> None:
        """Call `callback(*args)` when the code that runs now has returned."""
        self.due.append((callback, args))
        if not self.held and not self._scheduled and self.loop is not None:
            self._scheduled = True
            self.loop.call_soon(self._run_scheduled, context=self._context)

    def hold(self) -> bool:
        """Hold callbacks back until the caller calls `run`; False if another one holds them already."""
        if self.held:
            return False
        self.held = True
        return True

    def next_round(self, callback: Callable[[], object]) -> None:
        """Call `callback` when all that is due now has been called (Node: after the I/O it waits for)."""
        if self.loop is None:
            self.later(self.later, callback)
        else:
            self.loop.call_soon(self._in_round, callback, context=self._context)

    def _in_round(self, callback: Callable[[], object]) -> None:
        self.due.append((callback, ()))
        self.run()

    def after_rounds(self, callback: Callable[[], object]) -> None:
        """Call `callback` after `ROUNDS` rounds of the loop; without a loop in a later tick.

        One callback of the loop in each round serves all that wait.
        """
        if self.loop is None:
            self.later(callback)
            return
        if not self._after_rounds:
            self.loop.call_soon(self._next_of_rounds, context=self._context)
        self._after_rounds.append((self._round + ROUNDS, callback))

    def _next_of_rounds(self) -> None:
        self._round += 1
        patient = self._after_rounds
        while patient and patient[0][0] <= self._round:
            self.due.append((patient.popleft()[1], ()))
        if patient and self.loop is not None:
            self.loop.call_soon(self._next_of_rounds, context=self._context)
        self.run()

    def wait(self, one: Waiting) -> None:
        """Call `one.serve_slice()` after those before it; without a loop in a later tick."""
        if self.loop is None:
            self.later(one.serve_slice)
            return
        if not self.waiting:
            self.loop.call_soon(self._serve_waiting, context=self._context)
        self.waiting.append(one)

    def _serve_waiting(self) -> None:
        waiting = self.waiting
        end = perf_counter() + SLICE_SECONDS
        loop = self.loop
        assert loop is not None
        try:
            while waiting:
                one = waiting[0]
                try:
                    one.serve_slice()  # it may wait again, behind the others
                finally:
                    waiting.popleft()
                if perf_counter() > end:
                    break
        finally:
            if waiting:
                loop.call_soon(self._serve_waiting, context=self._context)

    def run(self) -> None:
        """Call all that is due, and what becomes due meanwhile; this ends a `hold`."""
        self.held = True  # what is added now runs in this round
        due = self.due
        try:
            while due:
                callback, args = due.popleft()
                try:
                    callback(*args)
                except Exception:
                    # A failure of one must not keep the others from running.
                    logger.exception("a callback of a later tick failed: %r", callback)
        finally:
            self.release()

    def release(self) -> None:
        """End a `hold` without running; what is still due waits for the loop."""
        self.held = False
        if self.due and not self._scheduled and self.loop is not None:
            self._scheduled = True
            self.loop.call_soon(self._run_scheduled, context=self._context)

    def outside(self, function: Callable[..., R], *args: Any) -> R:
        """Call a function of the loop that keeps the current context, outside of the context of a request."""
        return self._context.copy().run(function, *args)

    def _run_scheduled(self) -> None:
        self._scheduled = False
        self.run()


_before_any_loop = TickQueue(None)
_current = _before_any_loop


def tick_queue() -> TickQueue:
    """Return the queue of the running loop, or the one for callbacks before any loop runs."""
    global _current
    loop = _get_running_loop()
    current = _current
    if current.loop is loop:
        return current
    current = _before_any_loop if loop is None else _queue_of(loop)
    _current = current
    return current


_queues: dict[int, TickQueue] = {}


def _queue_of(loop: asyncio.AbstractEventLoop) -> TickQueue:
    queue = _queues.get(id(loop))
    if queue is None or queue.loop is not loop:
        for key in [key for key, old in _queues.items() if old.loop is None or old.loop.is_closed()]:
            del _queues[key]
        queue = _queues[id(loop)] = TickQueue(loop)
    for callback, args in _take_waiting():
        queue.later(callback, *args)
    return queue


def _take_waiting() -> list[tuple[Callable[..., object], tuple[Any, ...]]]:
    waiting = list(_before_any_loop.due)
    _before_any_loop.due.clear()
    return waiting


def later(callback: Callable[..., object], *args: Any) -> None:
    """Call `callback(*args)` in a later tick of the running loop.

    Without a running loop the call waits for the first loop that runs.
    """
    tick_queue().later(callback, *args)


class _SliceCall:
    """Waits for a slice with one callback."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback

    def serve_slice(self) -> None:
        queue = tick_queue()
        holds = queue.hold()
        try:
            self._callback()
        finally:
            if holds:
                queue.run()


def in_slices(callback: Callable[[], object]) -> None:
    """Call `callback()` in a slice, after those that wait already: for the rest of long work."""
    tick_queue().wait(_SliceCall(callback))


def run_pending() -> None:
    """Run what is due now; for code that drives connections without a loop."""
    tick_queue().run()
