"""Calling back: with what has happened, in as many arguments as the callable takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextvars import Context
from types import MethodType
from typing import Any, Protocol

from ._contexts import run_in

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


class CallbackOwner(Protocol):
    """Whose event a callback is called for."""

    @property
    def _listener_context(self) -> Context | None: ...
    def _listener_failed(self, error: BaseException, event: str, args: tuple[Any, ...]) -> None: ...
    def _follow(
        self, result: Any, name: str, args: tuple[Any, ...], context: Context | None = None
    ) -> None: ...


class UserCallback:
    """A callback of the user's, called in its owner's context; what it raises is a failure of a listener."""

    __slots__ = ("callback", "owner")

    def __init__(self, callback: Callback, owner: CallbackOwner) -> None:
        self.callback = callback
        self.owner = owner

    def __call__(self, error: BaseException | None = None) -> None:
        """Call back with the outcome; never raises."""
        run_in(self.owner._listener_context, self._call, error)

    def _call(self, error: BaseException | None) -> None:
        owner = self.owner
        callback = self.callback
        try:
            result = callback(error) if takes_argument(callback) else callback()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as failure:  # as in `EventEmitter._call_each`
            owner._listener_failed(failure, "callback", (error,))
        else:
            if result is not None:
                owner._follow(result, "callback", (error,))


def user_callback(callback: Any, owner: CallbackOwner) -> UserCallback | None:
    """Return `callback` guarded, if it can be called; Node ignores any other."""
    return UserCallback(callback, owner) if callable(callback) else None
