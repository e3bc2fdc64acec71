"""The tasks of async listeners: each runs up to its first `await` at once, as Node runs an async function."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from writehead._node.contexts import is_entered, was_entered

#: The tasks under way. A task that nothing refers to may be collected while it runs.
running: set[asyncio.Task[Any]] = set()


def _start_later(
    coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop, context: Context | None
) -> asyncio.Task[Any]:
    return asyncio.Task(coroutine, loop=loop, context=context)


if sys.version_info >= (3, 12):

    def start(
        coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop, context: Context | None
    ) -> asyncio.Task[Any]:
        """Run `coroutine` up to its first `await` at once, as a task; return the task, which may be done.

        Args:
            coroutine: what the listener has returned.
            loop: the running loop.
            context: the context to run in; None is a copy of the current one.
        """
        if context is not None and is_entered(context):  # by a listener that caused this event
            return _start_later(coroutine, loop, context)
        return asyncio.Task(coroutine, loop=loop, eager_start=True, context=context)

else:
    # Python 3.11 has no eager tasks: a task gives its first step to `loop.call_soon`. That is caught here, and the
    # step is run at once; in all else it is an ordinary task of the loop. A round of the loop costs a third of a
    # small request, and its response could not be sent with those of the same read.
    # Both are documented for implementers of tasks.
    from asyncio.tasks import _enter_task, _leave_task

    def start(
        coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop, context: Context | None
    ) -> asyncio.Task[Any]:
        """Run `coroutine` up to its first `await` at once, as a task; return the task, which may be done."""
        caught: list[tuple[Callable[..., object], tuple[Any, ...], Any]] = []

        def catch(callback: Callable[..., object], *args: Any, context: Any = None) -> None:
            caught.append((callback, args, context))

        try:
            loop.call_soon = catch  # type: ignore[assignment, method-assign]
        except AttributeError:  # a loop of another kind
            return _start_later(coroutine, loop, context)
        try:
            task = asyncio.Task(coroutine, loop=loop, context=context)
        finally:
            loop.__dict__.pop("call_soon", None)
            for callback, args, own in caught[1:]:  # of a destructor that ran meanwhile
                loop.call_soon(callback, *args, context=own)
        if caught:
            step, _, own = caught[0]
            _step(step, own, loop)
        return task

    def _step(step: Callable[..., object], context: Context, loop: asyncio.AbstractEventLoop) -> None:
        """Run the first step of a task, or leave it to the loop if its context is entered."""
        try:
            context.run(step)
        except RuntimeError as error:
            trace = error.__traceback__
            if (trace is not None and trace.tb_next is not None) or not str(error).lower().startswith(
                "cannot enter"
            ):
                raise
            outer = asyncio.current_task(loop)  # asked only now: it costs more than all the rest
            if outer is None or was_entered(error):
                loop.call_soon(step, context=context)
                return
            _leave_task(loop, outer)
            try:
                _step(step, context, loop)
            finally:
                _enter_task(loop, outer)
