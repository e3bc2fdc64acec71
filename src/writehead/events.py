"""Node's EventEmitter, and `once` to await one event.

Invariant: a tuple of listeners is never changed, only replaced, so a running
`emit` keeps the listeners it started with. An emitter without listeners has no
state at all: subclasses need not call `super().__init__()`.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
import warnings
from asyncio import _get_running_loop  # in asyncio's __all__; None where no loop runs
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from contextvars import Context
from functools import partial
from types import CoroutineType
from typing import Any, Self, TypeVar, overload

from writehead._loop.listener_tasks import running, start
from writehead._loop.ticks import later
from writehead._node.callbacks import Unawaited
from writehead._node.contexts import run_in, was_entered
from writehead._node.failure_log import log_failure
from writehead._node.signatures import Fewer, fitted
from writehead._node.spelling import join_spellings
from writehead.errors import InvalidArgTypeError, OutOfRangeError, UnhandledError

Listener = Callable[..., Any]
L = TypeVar("L", bound=Listener)

DEFAULT_MAX_LISTENERS = 10


class MaxListenersExceededWarning(RuntimeWarning):
    """More listeners for one event than `EventEmitter.set_max_listeners` allows: often a leak."""


_ANY_NUMBER = math.inf


class _Once:
    """Wraps `listener` to be called once; `called` is the `fitted` form of it that is called."""

    __slots__ = ("called", "emitter", "fired", "listener", "name")

    def __init__(self, emitter: EventEmitter, name: Hashable, listener: Listener, called: Listener) -> None:
        self.emitter = emitter
        self.name = name
        self.listener = listener
        self.called = called
        self.fired = False

    def __call__(self, *args: Any) -> Any:
        if self.fired:
            return None
        self.emitter.remove_listener(self.name, self)
        self.fired = True
        return self.called(*args)

    def __repr__(self) -> str:
        return f"<once {self.listener!r}>"


class EventEmitter:
    """Calls listeners by the name of an event (https://nodejs.org/api/events.html).

    Names are any hashable values. Listeners are plain functions or `async def`
    functions; the latter run as tasks, and what one raises is logged and
    emitted as 'error' if that has a listener.
    """

    #: The number of arguments of known events; a listener that takes fewer is called with fewer.
    _argument_counts: Mapping[Hashable, float] = {}
    _listeners: dict[Hashable, tuple[Listener, ...]] | None = None
    _max_listeners: float = DEFAULT_MAX_LISTENERS
    _warned: set[Hashable] | None = None  # names for which the warning was given
    _listener_context: Context | None = (
        None  # the context of listeners when the library emits; None: the current one
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let both spellings of a member follow whichever of them a subclass overrides."""
        super().__init_subclass__(**kwargs)
        join_spellings(cls)

    # -- adding

    @overload
    def on(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def on(self, name: Hashable, listener: Listener) -> Self: ...
    def on(self, name: Hashable, listener: Any = ...) -> Any:
        """Call `listener` with the arguments of every event `name`; with the name alone, a decorator.

        Raises InvalidArgTypeError (`ERR_INVALID_ARG_TYPE`) if `listener` is not callable.
        """
        if listener is ...:
            return self._decorator(self.on, name)
        self._add(name, listener)
        return self

    add_listener = on
    addListener = on

    @overload
    def once(self, name: Hashable) -> Callable[[L], L]: ...
    @overload
    def once(self, name: Hashable, listener: Listener) -> Self: ...
    def once(self, name: Hashable, listener: Any = ...) -> Any:
        """Call `listener` at the next event `name` only; it is removed before it is called."""
        if listener is ...:
            return self._decorator(self.once, name)
        self._add(name, listener, once=True)
        return self

    def prepend_listener(self, name: Hashable, listener: Listener) -> Self:
        """Like `on`, but in front of the other listeners."""
        self._add(name, listener, front=True)
        return self

    prependListener = prepend_listener

    def prepend_once_listener(self, name: Hashable, listener: Listener) -> Self:
        """Like `once`, but in front of the other listeners."""
        self._add(name, listener, once=True, front=True)
        return self

    prependOnceListener = prepend_once_listener

    @staticmethod
    def _decorator(add: Callable[[Hashable, L], object], name: Hashable) -> Callable[[L], L]:
        def decorate(listener: L) -> L:
            add(name, listener)
            return listener

        return decorate

    def _add(self, name: Hashable, listener: Listener, once: bool = False, front: bool = False) -> None:
        if not callable(listener):
            raise InvalidArgTypeError("listener", "of type function", listener)
        entry = listener
        if count := self._argument_counts.get(name, _ANY_NUMBER):
            entry = fitted(listener, count)
        if once:
            entry = _Once(self, name, listener, entry)
        listeners = self._listeners
        if listeners is None:
            listeners = self._listeners = {}
        elif "newListener" in listeners:
            # Before the addition, so that listeners it adds under this name come first.
            self.emit("newListener", name, listener)
        found = listeners.get(name)
        if found is None:
            listeners[name] = (entry,)
            return
        listeners[name] = found = (entry, *found) if front else (*found, entry)
        if len(found) > self._max_listeners > 0:
            self._warn(name, len(found))

    def _warn(self, name: Hashable, count: int) -> None:
        if self._warned is None:
            self._warned = set()
        elif name in self._warned:
            return
        self._warned.add(name)
        warnings.warn(
            f"Possible EventEmitter memory leak detected. {count} {name} listeners added to "
            f"[{type(self).__name__}]. MaxListeners is {self._max_listeners}. "
            "Use emitter.set_max_listeners() to increase limit",
            MaxListenersExceededWarning,
            stacklevel=_levels_to_the_user(),
        )

    # -- removing

    def remove_listener(self, name: Hashable, listener: Listener) -> Self:
        """Remove `listener` once, the occurrence added last; an unknown listener is not an error."""
        if not callable(listener):
            raise InvalidArgTypeError("listener", "of type function", listener)
        found = self._listeners.get(name, ()) if self._listeners is not None else ()
        for position in range(len(found) - 1, -1, -1):
            if _is(found[position], listener):
                self._remove_at(name, found, position)
                break
        return self

    removeListener = remove_listener
    off = remove_listener

    def remove_all_listeners(self, name: Hashable = ...) -> Self:
        """Remove the listeners of `name`, or of every event, the last added first."""
        listeners = self._listeners
        if listeners is None:
            return self
        if name is not ...:
            self._remove_all(name)
            return self
        # Listeners of 'removeListener' are called for all others, so they are removed last.
        for other in [key for key in listeners if key != "removeListener"]:
            self._remove_all(other)
        self._remove_all("removeListener")
        return self

    removeAllListeners = remove_all_listeners

    def _remove_all(self, name: Hashable) -> None:
        listeners = self._listeners
        assert listeners is not None
        if name in listeners and "removeListener" not in listeners:
            self._forget(name)
            return
        for entry in reversed(listeners.get(name, ())):
            self.remove_listener(name, entry)

    def _remove_at(self, name: Hashable, found: tuple[Listener, ...], position: int) -> None:
        listeners = self._listeners
        assert listeners is not None
        if len(found) == 1:
            self._forget(name)
        else:
            listeners[name] = found[:position] + found[position + 1 :]
        if "removeListener" in listeners:
            entry = found[position]
            self.emit("removeListener", name, _given(entry))

    def _forget(self, name: Hashable) -> None:
        assert self._listeners is not None
        del self._listeners[name]
        if self._warned is not None:
            self._warned.discard(name)

    # -- emitting

    def emit(self, name: Hashable, *args: Any) -> bool:
        """Call the listeners of `name` with `args`, in order; return whether there were any.

        If a plain listener raises, `emit` raises the same, and the rest are not called.
        'error' without a listener raises its argument, or UnhandledError
        (`ERR_UNHANDLED_ERROR`) if that is not an exception.
        """
        listeners = self._listeners
        if listeners is None or (found := listeners.get(name)) is None:
            if name == "error":
                raise as_error(args)
            return False
        for listener in found:
            result = listener(*args)
            if result is not None:
                self._follow(result, name, args)
        return True

    def _notify(self, name: Hashable, *args: Any) -> bool:
        """Emit without raising: each failure goes to `_listener_failed`, and the other listeners are called."""
        listeners = self._listeners
        if listeners is None or (found := listeners.get(name)) is None:
            return False
        self._call_each(found, self._listener_context, name, args)
        return True

    def _notify_in(self, context: Context | None, name: Hashable, *args: Any) -> bool:
        """Emit an event that is about one request or connection, in its context."""
        listeners = self._listeners
        if listeners is None or (found := listeners.get(name)) is None:
            return False
        self._call_each(found, context, name, args)
        return True

    def _call_each(
        self, listeners: tuple[Listener, ...], context: Context | None, name: Hashable, args: tuple[Any, ...]
    ) -> None:
        for listener in listeners:
            try:
                # `run_in` inlined: a body is an event for each piece.
                result = listener(*args) if context is None else context.run(listener, *args)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # also a cancellation, a group, one of the program's own
                if context is not None and was_entered(error):
                    break  # no listener was called
                run_in(context, self._listener_failed, error, name, args)
            else:
                if result is not None:
                    self._follow(result, name, args, context)
        else:
            return
        assert context is not None
        # Outside of the `except` block, so that its exception is not the context of what listeners raise.
        self._call_each(listeners, context.copy(), name, args)

    def _follow(
        self,
        result: Any,
        name: Hashable,
        args: tuple[Any, ...],
        context: Context | None = None,
        listener: Listener | None = None,
    ) -> None:
        """Run what an `async def` listener returned, in `context` itself; anything else is ignored."""
        if type(result) is not CoroutineType:
            # A listener that ends in `return server.close()` returns an emitter that
            # can be awaited, but should not be.
            if not inspect.isawaitable(result) or isinstance(result, (EventEmitter, Unawaited)):
                run_in(context, self._returned, result, name, args, listener)
                return
            result = _wait_for(result)
        loop = _get_running_loop()
        if loop is None:
            later(self._start_late, result, name, args, context)
        else:
            self._start(result, name, args, loop, context)

    def _start(
        self,
        coroutine: Coroutine[Any, Any, Any],
        name: Hashable,
        args: tuple[Any, ...],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        """Run the coroutine of a listener as a task; its failure is that of the listener."""
        task = start(coroutine, loop, context)
        if not task.done():
            running.add(task)
            task.add_done_callback(partial(self._on_task_done, name, args, context), context=context)
        elif task.cancelled() or task.exception() or task.result() is not None or task.cancelling():
            # Still inside the call of the listener, where Node does not handle rejections either.
            later(self._on_task_done, name, args, context, task)

    def _start_late(
        self,
        coroutine: Coroutine[Any, Any, Any],
        name: Hashable,
        args: tuple[Any, ...],
        context: Context | None,
    ) -> None:
        loop = _get_running_loop()
        if loop is not None:
            self._start(coroutine, name, args, loop, context)
            return
        coroutine.close()
        error = RuntimeError(f"the async listener of {name!r} needs a running event loop")
        run_in(context, self._listener_failed, error, name, args)

    def _on_task_done(
        self, name: Hashable, args: tuple[Any, ...], context: Context | None, task: asyncio.Task[Any]
    ) -> None:
        """Handle how the task of a listener has ended."""
        running.discard(task)
        returned = None
        error: BaseException | None
        if task.cancelled():
            error = asyncio.CancelledError() if task.cancelling() else _cancellation_in(task)
        else:
            error = task.exception()
            if error is None and task.cancelling():  # it was cancelled, and went on to its end
                error = asyncio.CancelledError()
            elif error is None:
                returned = task.result()
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            return  # the loop has raised it
        if error is not None:
            run_in(context, self._listener_failed, error, name, args)
        elif inspect.iscoroutine(returned) or asyncio.isfuture(returned):
            self._follow(returned, name, args, context)  # as JavaScript does for a promise of a promise
        elif returned is not None:
            run_in(context, self._returned, returned, name, args, task.get_coro())

    def _listener_failed(self, error: BaseException, event: Hashable, args: tuple[Any, ...]) -> None:
        """Called when a listener of `event` raised `error` that no caller of `emit` can catch.

        A `CancelledError` without a traceback means that its task was cancelled, which is no failure.
        """
        if type(error) is asyncio.CancelledError and error.__traceback__ is None:
            return
        log_failure(error, event, self, *self._log_subject())
        if event != "error":
            self._notify("error", error)

    def _returned(self, result: Any, event: Hashable, args: tuple[Any, ...], listener: object) -> None:
        """Called with what a listener of `event`, or its coroutine, returned, unless None."""

    def _log_subject(self) -> tuple[Any, Any]:
        """Return the request and the socket that the events are about, for the log, or None for either."""
        return None, None

    # -- asking

    def listeners(self, name: Hashable) -> list[Listener]:
        """Return the listeners of `name`, those of `once` without their wrapper."""
        return [_given(entry) for entry in self._entries(name)]

    def raw_listeners(self, name: Hashable) -> list[Listener]:
        """Return the listeners of `name`, those of `once` in their wrapper."""
        return [entry.listener if type(entry) is Fewer else entry for entry in self._entries(name)]

    rawListeners = raw_listeners

    def listener_count(self, name: Hashable, listener: Listener | None = None) -> int:
        """Return how many listeners `name` has, or how many times `listener` is among them."""
        if listener is None:
            return len(self._entries(name))
        return sum(_is(entry, listener) for entry in self._entries(name))

    listenerCount = listener_count

    def event_names(self) -> list[Hashable]:
        """Return the names that have listeners, in the order of their first registration."""
        return list(self._listeners or ())

    eventNames = event_names

    def set_max_listeners(self, n: float) -> Self:
        """Warn when an event has more than `n` listeners (default 10); 0 or infinite: never."""
        if isinstance(n, bool) or not isinstance(n, int | float):
            raise InvalidArgTypeError("setMaxListeners", "of type number", n)
        if not n >= 0:
            raise OutOfRangeError("setMaxListeners", ">= 0", n)
        self._max_listeners = n
        return self

    setMaxListeners = set_max_listeners

    def get_max_listeners(self) -> float:
        """Return the number of listeners of one event above which a warning is given."""
        return self._max_listeners

    getMaxListeners = get_max_listeners

    def _entries(self, name: Hashable) -> tuple[Listener, ...]:
        return self._listeners.get(name, ()) if self._listeners is not None else ()


def _is(entry: Listener, listener: Listener) -> bool:
    return entry == listener or _given(entry) == listener


def _given(entry: Listener) -> Listener:
    """Return the listener as the program gave it."""
    return entry.listener if type(entry) is _Once or type(entry) is Fewer else entry


async def _wait_for(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _cancellation_in(task: asyncio.Task[Any]) -> BaseException:
    """Return what a task has raised that nobody has cancelled: it has awaited a future that somebody has."""
    try:
        task.result()
    except asyncio.CancelledError as error:
        return error
    raise AssertionError("the task was not cancelled")


def _levels_to_the_user() -> int:
    """Return the `stacklevel` of the program's frame that called the library, for a warning of the caller."""
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("writehead."):
        frame = frame.f_back
        level += 1
    return level


def as_error(args: tuple[Any, ...]) -> BaseException:
    """Return the argument of an 'error', as an `UnhandledError` if it is not an exception."""
    context = args[0] if args else None
    return context if isinstance(context, BaseException) else UnhandledError(context)


async def once(emitter: EventEmitter, name: Hashable) -> list[Any]:
    """Wait for the next event `name` and return its arguments.

    Listens from the moment it is first awaited. Raises the error if 'error' is emitted
    first, except where `name` is "error" itself.
    """
    happened: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    def succeed(*args: Any) -> None:
        if not happened.done():
            happened.set_result(list(args))

    def fail(*args: Any) -> None:
        if not happened.done():
            happened.set_exception(as_error(args))

    emitter.once(name, succeed)
    if name != "error":
        emitter.once("error", fail)
    try:
        return await happened
    finally:
        emitter.remove_listener(name, succeed)
        emitter.remove_listener("error", fail)


join_spellings(EventEmitter)
