"""Contexts: code of the user's runs in that of its request, connection or server, whoever caused it.

What an event loop calls runs in a copy of whatever context was there when the callback was registered: reading
that was resumed by one request's task would bring the next request its context variables (python/cpython#140947).
So no code of the user's is called without saying where: listeners and callbacks go through `run_in`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def run_in(context: Context | None, function: Callable[P, R], /, *args: P.args, **keywords: P.kwargs) -> R:
    """Call `function` in `context`; where that is entered already, in a copy: the values are the same.

    It is entered already while a listener, or the task of an async one, does what makes an event at once. Whether
    it is the innermost of those entered nobody can tell, so it is not taken for granted.

    Args:
        context: None is the context that runs now.
        function: what is called.
        args: what it is called with.
        keywords: the same, by name.
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
    """Tell whether the `Context.run` of the caller's raised `error` itself, and so has called nothing."""
    trace = error.__traceback__
    return (
        type(error) is RuntimeError
        and trace is not None
        and trace.tb_next is None  # of a function that was called there would be a frame
        and str(error).startswith("cannot enter context")
    )


def is_entered(context: Context) -> bool:
    """Tell whether code runs in `context` itself now, or below what runs now."""
    try:
        context.run(_nothing)
    except RuntimeError:
        return True
    return False


def _nothing() -> None:
    """Be called."""
