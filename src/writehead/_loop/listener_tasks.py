"""The tasks of async listeners: each runs up to its first `await` at once, as Node runs an async function."""

from __future__ import annotations

import asyncio
import sys
import threading
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
        coroutine: Coroutine[Any, Any, Any],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
        name: str | None = None,
    ) -> asyncio.Task[Any]:
        """Run `coroutine` up to its first `await` at once, as a task; return the task, which may be done.

        Args:
            coroutine: what the listener has returned.
            loop: the running loop.
            context: the context to run in; None is a copy of the current one.
            name: of the task; None is a name with a number.
        """
        if context is not None and is_entered(context):  # by a listener that caused this event
            return _start_later(coroutine, loop, context)
        return asyncio.Task(coroutine, loop=loop, eager_start=True, context=context, name=name)

else:
    # Python 3.11 has no eager tasks: a task gives its first step to `loop.call_soon`. That is caught here, and the
    # step is run at once; in all else it is an ordinary task of the loop. A round of the loop costs a third of a
    # small request, and its response could not be sent with those of the same read.
    # Both are documented for implementers of tasks.
    from asyncio.tasks import _enter_task, _leave_task

    class _Caught(threading.local):
        """The calls of `loop.call_soon` that were caught, of each thread."""

        def __init__(self) -> None:
            self.calls: list[tuple[Callable[..., object], tuple[Any, ...], Any]] = []

    _caught = _Caught()

    def _catch(callback: Callable[..., object], *args: Any, context: Any = None) -> None:
        _caught.calls.append((callback, args, context))

    def start(
        coroutine: Coroutine[Any, Any, Any],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
        name: str | None = None,
    ) -> asyncio.Task[Any]:
        """Run `coroutine` up to its first `await` at once, as a task; return the task, which may be done."""
        try:
            loop.call_soon = _catch  # type: ignore[assignment, method-assign]
        except AttributeError:  # a loop of another kind
            return _start_later(coroutine, loop, context)
        try:
            task = asyncio.Task(coroutine, loop=loop, context=context, name=name)
        finally:
            try:  # `suppress` costs more than all the rest of this function
                del loop.call_soon
            except AttributeError:  # a destructor has started a task meanwhile
                pass
        calls = _caught.calls
        if len(calls) == 1:
            step, _, own = calls.pop()
            try:
                own.run(step)
            except RuntimeError as error:
                _on_refused(error, step, own, loop)
        else:
            _sort_calls(task, loop)
        return task

    def _sort_calls(task: asyncio.Task[Any], loop: asyncio.AbstractEventLoop) -> None:
        """Run the step of `task`, and give the loop what else was caught: a destructor ran meanwhile."""
        calls, _caught.calls = _caught.calls, []
        for callback, args, own in calls:
            if getattr(callback, "__self__", None) is task:
                _step(callback, own, loop)
            else:
                loop.call_soon(callback, *args, context=own)

    def _step(step: Callable[..., object], context: Context, loop: asyncio.AbstractEventLoop) -> None:
        try:
            context.run(step)
        except RuntimeError as error:
            _on_refused(error, step, context, loop)

    def _on_refused(
        error: RuntimeError, step: Callable[..., object], context: Context, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Run a first step that was refused inside another task; leave it to the loop if its context is entered."""
        trace = error.__traceback__
        if (trace is not None and trace.tb_next is not None) or not str(error).lower().startswith(
            "cannot enter"
        ):
            raise error
        outer = asyncio.current_task(loop)  # asked only now: it costs more than all the rest
        if outer is None or was_entered(error):
            loop.call_soon(step, context=context)
            return
        _leave_task(loop, outer)
        try:
            _step(step, context, loop)
        finally:
            _enter_task(loop, outer)
