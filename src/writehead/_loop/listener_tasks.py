"""The tasks of async listeners.

Invariant: if a task is cancelled, even before its first step, its emitter is notified.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Coroutine
from contextvars import Context
from typing import Any, Protocol

from writehead._node.contexts import is_entered


class Emitter(Protocol):
    """The emitter of an async listener."""

    def _run(self, *args: Any) -> Coroutine[Any, Any, None]: ...
    def _never_ran(self, *args: Any) -> object: ...


# A task that nothing refers to may be collected while it runs.
running: set[asyncio.Task[None]] = set()


class ListenerTask(asyncio.Task[None]):
    """A task that notifies its emitter if it is cancelled before its coroutine was entered."""

    __slots__ = ("subject",)

    #: The emitter to notify, the arguments, and the context to do so in.
    subject: tuple[Emitter, tuple[Any, ...], Context | None]

    def cancel(self, msg: Any = None) -> bool:
        """Cancel it, as any task."""
        if not self.done() and inspect.getcoroutinestate(self.get_coro()) == inspect.CORO_CREATED:  # type: ignore[arg-type]
            self.add_done_callback(_tell, context=self.subject[2])
        return super().cancel(msg)


def _tell(task: asyncio.Task[None]) -> None:
    if task in running and isinstance(task, ListenerTask):  # else it ran, or was notified already
        running.discard(task)
        emitter, args, _ = task.subject
        emitter._never_ran(*args)


def _start_later(
    emitter: Emitter, args: tuple[Any, ...], loop: asyncio.AbstractEventLoop, context: Context | None
) -> None:
    """Run `emitter._run(*args)` as a task whose first step comes in a later round of the loop."""
    task = ListenerTask(emitter._run(*args), loop=loop, context=context)
    task.subject = emitter, args, context
    running.add(task)


if sys.version_info >= (3, 12):

    def start(
        emitter: Emitter, args: tuple[Any, ...], loop: asyncio.AbstractEventLoop, context: Context | None
    ) -> None:
        """Run `emitter._run(*args)` up to the first `await` at once, as Node runs an async function.

        Args:
            emitter: its `_never_ran(*args)` is called if the task is cancelled before its first step.
            args: the arguments of both.
            loop: the running loop.
            context: the context to run in; None is a copy of the current one.
        """
        if context is not None and is_entered(context):  # by a listener that caused this event
            _start_later(emitter, args, loop, context)
            return
        task = asyncio.Task(emitter._run(*args), loop=loop, eager_start=True, context=context)
        if not task.done():
            running.add(task)

else:
    start = _start_later  # no eager tasks before 3.12
