"""A later turn: what is due once the running callback has returned, in order.

Law: callbacks run first in, first out; what one of them adds runs in the same
round, before the loop looks at any I/O (Node: process.nextTick).
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import _get_running_loop  # of its __all__: None where no loop runs
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from time import perf_counter
from typing import Any, Protocol, TypeVar

logger = logging.getLogger("writehead")

R = TypeVar("R")


#: At most so much of a large body is read at once. Allocators map what is larger than 128 KiB for each use
#: anew, and what is much smaller costs more turns than bytes.
READ_SIZE = 124 * 1024

#: For so many rounds of the loop a task may still do what Node's microtasks have done before the next I/O.
ROUNDS = 100


#: For so long at the most those are served who wait for their turn, before the loop looks at the network
#: again, in seconds; what one of them takes may come on top.
SLICE_SECONDS = 0.002


class Waiting(Protocol):
    """Somebody with more to do than one turn allows."""

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
        # What the loop is told to call for us runs in this one: not in that of whose request caused it.
        self._context = copy_context()
        self.waiting: deque[Waiting] = deque()  # for `serve_slice`, in the order in which they came
        self._round = 0
        self._after_rounds: deque[tuple[int, Callable[[], object]]] = (
            deque()
        )  # the round in which each is due

    @property
    def buffer(self) -> memoryview:
        """What large bodies are read into: of the loop, so for the time of one callback only."""
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
        """Promise to call `run` at the end of this callback; False if somebody did already."""
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
        """Call `callback` after `ROUNDS` rounds of the loop; without a loop on a later turn.

        One callback a round serves all that wait.
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
        """Call `one.serve_slice()` when those before it have had their turn; without a loop on a later turn."""
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
        """Call all that is due, and what becomes due meanwhile; ends a `hold`."""
        self.held = True  # what is added now runs in this round
        due = self.due
        try:
            while due:
                callback, args = due.popleft()
                try:
                    callback(*args)
                except Exception:
                    # A failure of one must not take the turns of the others.
                    logger.exception("a callback of a later tick failed: %r", callback)
        finally:
            self.release()

    def release(self) -> None:
        """End a `hold`; what is due all the same waits for the loop."""
        self.held = False
        if self.due and not self._scheduled and self.loop is not None:
            self._scheduled = True
            self.loop.call_soon(self._run_scheduled, context=self._context)

    def outside(self, function: Callable[..., R], *args: Any) -> R:
        """Call a function of the loop's that remembers the context: it is not to be that of a request."""
        return self._context.copy().run(function, *args)

    def _run_scheduled(self) -> None:
        self._scheduled = False
        self.run()


_before_any_loop = TickQueue(None)
_current = _before_any_loop


def tick_queue() -> TickQueue:
    """Return the queue of the running loop, or the one that waits for a loop."""
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
    """Call `callback(*args)` on a later turn of the running loop.

    Without a running loop the call waits for the first one that runs.
    """
    tick_queue().later(callback, *args)


class _SliceCall:
    """Waits for its turn with one callback."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback

    def serve_slice(self) -> None:
        queue = tick_queue()
        mine = queue.hold()
        try:
            self._callback()
        finally:
            if mine:
                queue.run()


def in_slices(callback: Callable[[], object]) -> None:
    """Call `callback()` when those who wait for their turn have had it: the rest of what is much."""
    tick_queue().wait(_SliceCall(callback))


def run_pending() -> None:
    """Run what is due now; for code that drives connections without a loop."""
    tick_queue().run()
