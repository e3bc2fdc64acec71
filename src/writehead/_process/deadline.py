"""The deadline of a shutdown: ends the process even if a thread, a task or a blocked loop holds it.

Invariant: nothing here runs before a signal to stop. It is a thread, because the loop may be blocked.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

logger = logging.getLogger("writehead")

_LIBRARY = os.path.dirname(os.path.dirname(__file__)) + os.sep

#: Seconds after the deadline in which the program may still end by itself: connections were just aborted.
GRACE = 0.5

#: Seconds between two checks whether the main thread has ended.
LOOK = 0.05


class Deadline(threading.Thread):
    """Ends the process `seconds` (and a grace) after this thread was started, unless it has ended by itself.

    Args:
        loop: the event loop of the program.
        seconds: the shutdown timeout.
        number: the signal that asked for the stop.
        is_over: returns whether the loop has aborted the connections that were left.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, number: int, is_over: Callable[[], bool]
    ) -> None:
        super().__init__(name="writehead-deadline", daemon=True)
        self._loop = loop
        self._is_over = is_over
        self._seconds = seconds
        self._number = number
        self._returned = threading.Event()
        self._more = 0.0

    def lift(self) -> None:
        """Note that the loop has ended. The program may go on, but from its end no thread may hold the process."""
        self._returned.set()

    def prolong(self, seconds: float) -> None:
        """Give the program so many seconds more: its connections are aborted, and its applications shut down."""
        self._more = seconds

    def run(self) -> None:
        """Wait for the deadline, then log what holds the process, and end it."""
        if not (
            self._returned.wait(self._seconds + GRACE) or (self._more and self._returned.wait(self._more))
        ):
            self._end(128 + self._number, self._what_holds_the_loop())
        while not _main_has_ended():
            threading.Event().wait(LOOK)
        if self._seconds and _at_work():
            self._end(0, "; ".join(f"thread {each.name} was in {_place(each)}" for each in _at_work()))

    def _what_holds_the_loop(self) -> str:
        if self._is_over() and (tasks := asyncio.all_tasks(self._loop)):
            return "tasks were still running: " + ", ".join(
                sorted(_coroutine(task.get_coro()) for task in tasks)
            )
        return f"the event loop was blocked in {_place(threading.main_thread())}"

    def _end(self, code: int, why: str) -> None:
        logger.warning("ended %g s after the signal to stop, although %s", self._seconds, why)
        _exit(code)


def end_in_spite_of_threads(code: int) -> None:
    """End the process with `code` if threads of the program would hold it at its end; else return."""
    if _at_work():
        _exit(code)


def _exit(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    logging.shutdown()
    os._exit(code)


def free_of_threads(loop: asyncio.AbstractEventLoop) -> None:
    """Let `loop` close without waiting for busy threads of its executor."""
    if _at_work():
        from concurrent.futures import ThreadPoolExecutor

        loop.set_default_executor(ThreadPoolExecutor(1))


def _main_has_ended() -> bool:
    """Tell whether the main thread has ended, and the interpreter waits for other threads."""
    frame = _frame(threading.main_thread())
    while frame is not None and frame.f_back is not None:
        frame = frame.f_back
    return frame is None or (
        frame.f_code.co_name == "_shutdown" and frame.f_code.co_filename == threading.__file__
    )


def _at_work() -> list[threading.Thread]:
    """Return the threads that the interpreter waits for at exit."""
    own = (threading.main_thread(), threading.current_thread())
    return [
        each
        for each in threading.enumerate()
        if not each.daemon and each not in own and each.is_alive() and not _is_waiting_worker(each)
    ]


def _is_waiting_worker(thread: threading.Thread) -> bool:
    """Tell whether `thread` is an idle worker of an executor, which ends with the interpreter."""
    frame = _frame(thread)
    return frame is not None and frame.f_code.co_name == "_worker"


def _frame(thread: threading.Thread) -> FrameType | None:
    return sys._current_frames().get(thread.ident or 0)


def _place(thread: threading.Thread) -> str:
    """Return what a thread runs: the function that an executor was given, else the current function and line."""
    frame = _frame(thread)
    if frame is None:
        return "its end"
    work: FrameType | None = frame
    while work is not None:
        item: Any = work.f_locals.get("self")
        if work.f_code.co_name == "run" and hasattr(item, "fn"):  # of an executor
            return _name(item.fn)
        work = work.f_back
    return f"{frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})"


def _coroutine(outer: Any) -> str:
    """Return the name of the program's coroutine in a task: the first that is not the library's."""
    inner = outer
    while str(getattr(getattr(inner, "cr_code", None), "co_filename", "")).startswith(_LIBRARY):
        inner = inner.cr_await
    return _name(inner if hasattr(inner, "cr_code") else outer)


def _name(function: Any) -> str:
    while hasattr(function, "func"):  # `to_thread` submits a partial of `Context.run`
        function = function.args[0] if function.args else function.func
    return str(getattr(function, "__qualname__", function))
