"""Calling back: with what has happened, in as many arguments as the callable takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any

Callback = Callable[..., object]


def takes_argument(callback: Callback) -> bool:
    """Tell whether `callback` takes a positional argument."""
    code = getattr(callback, "__code__", None)
    if code is not None and not hasattr(callback, "__wrapped__"):
        count = code.co_argcount - (type(callback) is MethodType)  # its `self` is given already
        return count > 0 or bool(code.co_flags & inspect.CO_VARARGS)
    try:
        parameters = inspect.signature(callback).parameters.values()
    except (TypeError, ValueError):  # a builtin that does not tell: print, list.append
        return True
    return any(
        parameter.kind
        in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD, parameter.VAR_POSITIONAL)
        for parameter in parameters
    )


def call_back(callback: Callback, error: BaseException | None) -> object:
    """Call `callback(error)`, or `callback()` if it takes nothing."""
    return callback(error) if takes_argument(callback) else callback()


def optional_callback(callback: Any) -> Callback | None:
    """Return `callback` if it can be called; Node ignores any other."""
    return callback if callable(callback) else None
