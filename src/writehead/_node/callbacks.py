"""Callbacks of the program, called with as many arguments as they take."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any, Protocol

from writehead._node.contexts import run_in
from writehead._node.signatures import most_arguments

Callback = Callable[..., object]


class Unawaited:
    """What can be awaited, and is not if a listener returns it, as arrow functions of Node's style do."""

    __slots__ = ()


class CallbackOwner(Protocol):
    """The emitter that a callback belongs to."""

    @property
    def _listener_context(self) -> Context | None: ...
    def _listener_failed(self, error: BaseException, event: str, args: tuple[Any, ...]) -> None: ...
    def _follow(
        self, result: Any, name: str, args: tuple[Any, ...], context: Context | None = None
    ) -> None: ...


class UserCallback:
    """A callback of the program, called in its owner's context; what it raises counts as a listener's failure."""

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
            result = callback(error) if most_arguments(callback) else callback()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as failure:  # as in `EventEmitter._call_each`
            owner._listener_failed(failure, "callback", (error,))
        else:
            if result is not None:
                owner._follow(result, "callback", (error,))


def user_callback(callback: Any, owner: CallbackOwner) -> UserCallback | None:
    """Return `callback` wrapped, if it can be called; Node ignores any other."""
    return UserCallback(callback, owner) if callable(callback) else None
