"""How many arguments a function of the program takes, so that it is called with no more, as in JavaScript."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar

from writehead.errors import InvalidArgValueError

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

M = TypeVar("M")


def typed_as(method: M) -> Callable[[Callable[..., Any]], M]:
    """Give the decorated function the types of `method`, which it overrides; nothing else."""
    return lambda function: function  # type: ignore[return-value]  # it takes any arguments, as those of `method`


def most_arguments(function: Callable[..., object]) -> float:
    """Return how many positional arguments `function` takes; infinity if any number, or if unknown."""
    code = getattr(function, "__code__", None)
    if code is None or hasattr(function, "__wrapped__"):
        own = _by_signature(function, follow_wrapped=False)
        # A decorator passes its `*args` to the function that it wraps.
        return own if own < math.inf else _by_signature(function, follow_wrapped=True)
    if code.co_flags & inspect.CO_VARARGS:
        return math.inf
    count: int = code.co_argcount - (type(function) is MethodType)  # its `self` is given already
    return count


def required_keywords(function: Callable[..., object]) -> list[str]:
    """Return the names of the keyword-only arguments that `function` requires."""
    code = getattr(function, "__code__", None)
    if code is not None and not code.co_kwonlyargcount:
        return []
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY and each.default is each.empty]


def _by_signature(function: Callable[..., Any], follow_wrapped: bool) -> float:
    try:
        parameters = inspect.signature(function, follow_wrapped=follow_wrapped).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature
        return math.inf
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return math.inf
    return sum(each.kind in _POSITIONAL for each in parameters)


class Fewer:
    """Wraps `listener`, a function of the program that takes fewer arguments than its event has."""

    __slots__ = ("listener", "most")

    def __init__(self, listener: Callable[..., Any], most: int) -> None:
        self.listener = listener
        self.most = most

    def __call__(self, *args: Any) -> Any:
        return self.listener(*args[: self.most])

    def __repr__(self) -> str:
        return repr(self.listener)


def fitted(listener: Callable[..., Any], count: float) -> Callable[..., Any]:
    """Return what to call for `listener` at an event of `count` arguments: itself, or a `Fewer` of it.

    Raises InvalidArgValueError for a listener that requires keyword arguments.
    """
    code = getattr(listener, "__code__", None)
    if (
        code is not None
        and not code.co_kwonlyargcount
        and code.co_argcount - (type(listener) is MethodType) >= count
        and not hasattr(listener, "__wrapped__")
    ):
        return listener  # most listeners, without the cost of the calls below
    if names := required_keywords(listener):
        reason = f"must not require keyword arguments ({', '.join(names)}): an event gives none"
        raise InvalidArgValueError("listener", listener, reason)
    most = most_arguments(listener)
    return listener if most >= count else Fewer(listener, int(most))
