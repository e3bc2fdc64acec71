"""Contexts: the program's code runs in the `contextvars` context of its request, connection or server.

An event loop runs a callback in a copy of the context in which it was registered: if one request's task resumed
reading, the next request would get its context variables (python/cpython#140947). So the library names the
context of every call of the program's code: listeners and callbacks go through `run_in`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def run_in(context: Context | None, function: Callable[P, R], /, *args: P.args, **keywords: P.kwargs) -> R:
    """Call `function` in `context`, or in a copy of it if it is entered already.

    It is entered already while a listener, or the task of an async one, causes another event at once. Python does
    not tell whether it is then also the current one, so it is copied in any case.

    Args:
        context: None is the current context.
        function: what is called.
        args: its positional arguments.
        keywords: its keyword arguments.
    """
    if context is None:
        return function(*args, **keywords)
    try:
        return context.run(function, *args, **keywords)
    except RuntimeError as error:
        if not was_entered(error):
            raise
    return context.copy().run(function, *args, **keywords)


def was_entered(error: BaseException) -> bool:
    """Tell whether the caller's `Context.run` itself raised `error`, and so has not called the function."""
    trace = error.__traceback__
    return (
        type(error) is RuntimeError
        and trace is not None
        and trace.tb_next is None  # a called function would have a frame
        and str(error).startswith("cannot enter context")
    )


def is_entered(context: Context) -> bool:
    """Tell whether `context` is entered: the current one, or below it on the stack."""
    try:
        context.run(_nothing)
    except RuntimeError:
        return True
    return False


def _nothing() -> None:
    """Do nothing."""
