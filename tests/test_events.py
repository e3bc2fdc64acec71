"""EventEmitter does what Node's documents say, and `once` waits for one event."""

from __future__ import annotations

import asyncio
import math
import warnings
from typing import Any

import pytest

from writehead._loop import ticks as _ticks
from writehead.errors import (
    HTTPError,
    InvalidArgTypeError,
    InvalidArgValueError,
    OutOfRangeError,
    UnhandledError,
)
from writehead.events import EventEmitter, MaxListenersExceededWarning, once


def recorder(log: list[Any], name: str) -> Any:
    return lambda *args: log.append((name, *args))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_emit_calls_listeners_in_order_with_the_arguments() -> None:
    """Listeners are called in the order of their addition, and emit tells that there were some."""
    emitter, log = EventEmitter(), []
    emitter.on("x", recorder(log, "a")).add_listener("x", recorder(log, "b"))
    assert emitter.emit("x", 1, 2) is True
    assert log == [("a", 1, 2), ("b", 1, 2)]


def test_emit_without_listeners_returns_false() -> None:
    """An event that nobody listens to is no error."""
    emitter = EventEmitter()
    assert emitter.emit("x") is False
    emitter.on("y", print)
    assert emitter.emit("x") is False


def test_the_same_function_added_twice_is_called_twice() -> None:
    """Listeners are not a set."""
    emitter, log = EventEmitter(), []
    listener = recorder(log, "a")
    emitter.on("x", listener).on("x", listener).emit("x")
    assert log == [("a",), ("a",)]


def test_on_with_the_name_alone_is_a_decorator() -> None:
    """The decorated function is returned as it was."""
    emitter, log = EventEmitter(), []

    @emitter.on("x")
    def listener(value: int) -> None:
        log.append(value)

    @emitter.once("x")
    def listener_once(value: int) -> None:
        log.append(-value)

    emitter.emit("x", 1)
    emitter.emit("x", 2)
    assert log == [1, -1, 2]
    assert emitter.listeners("x") == [listener]
    assert callable(listener_once)


def test_names_are_any_hashable_values() -> None:
    """A tuple names an event as well as a string does."""
    emitter, log = EventEmitter(), []
    emitter.on(("x", 1), recorder(log, "a"))
    emitter.emit(("x", 1))
    assert log == [("a",)]


def test_prepended_listeners_come_first() -> None:
    """prepend_listener and prepend_once_listener put theirs in front."""
    emitter, log = EventEmitter(), []
    emitter.on("x", recorder(log, "c"))
    emitter.prepend_listener("x", recorder(log, "b"))
    emitter.prepend_once_listener("x", recorder(log, "a"))
    emitter.emit("x")
    emitter.emit("x")
    assert [name for (name,) in log] == ["a", "b", "c", "b", "c"]


def test_listeners_are_fixed_when_emit_starts() -> None:
    """One added during an emission is not called by it; one removed still is; a nested emit sees the new list."""
    emitter, log = EventEmitter(), []
    later, gone = recorder(log, "later"), recorder(log, "gone")

    def change(nested: bool = False) -> None:
        if not nested:
            emitter.on("x", later).off("x", gone)
            emitter.emit("x", True)

    emitter.on("x", change).on("x", gone)
    emitter.emit("x")
    assert log == [("later", True), ("gone",)]


def test_a_raising_listener_stops_the_rest_and_raises_to_the_caller() -> None:
    """Whoever calls emit gets what a plain listener raised."""
    emitter, log = EventEmitter(), []

    def fail() -> None:
        raise LookupError("no")

    emitter.on("x", fail).on("x", recorder(log, "rest"))
    with pytest.raises(LookupError, match="no"):
        emitter.emit("x")
    assert log == []


def test_once_is_removed_before_it_is_called() -> None:
    """A nested emit does not call it again, and it is gone though it raises."""
    emitter, log = EventEmitter(), []

    def fail() -> None:
        log.append(emitter.listener_count("x"))
        emitter.emit("x")
        raise LookupError

    emitter.once("x", fail)
    with pytest.raises(LookupError):
        emitter.emit("x")
    assert log == [0]


def test_off_removes_the_last_one_added() -> None:
    """The same function twice, with another between: the second of the two goes."""
    emitter, log = EventEmitter(), []
    twice = recorder(log, "twice")
    emitter.on("x", twice).on("x", recorder(log, "between")).on("x", twice).off("x", twice)
    emitter.emit("x")
    assert [name for (name,) in log] == ["twice", "between"]


def test_off_finds_once_by_the_original_and_methods_by_equality() -> None:
    """Bound methods are made anew at every access, and equal."""

    class ReadWaiter:
        def hear(self) -> None:
            raise AssertionError

    emitter, ear = EventEmitter(), ReadWaiter()
    emitter.once("x", ear.hear).on("y", ear.hear)
    emitter.off("x", ear.hear).remove_listener("y", ear.hear)
    assert emitter.event_names() == []


def test_off_of_an_unknown_listener_is_nothing() -> None:
    """No error, whether the name is known or not."""
    emitter = EventEmitter()
    assert emitter.off("x", print) is emitter
    assert emitter.on("x", print).off("x", repr).listener_count("x") == 1


@pytest.mark.parametrize(
    "method", ["on", "once", "off", "prepend_listener", "prepend_once_listener", "addListener"]
)
def test_what_cannot_be_called_is_no_listener(method: str) -> None:
    """A TypeError with Node's code and words, before anything is changed."""
    emitter = EventEmitter()
    with pytest.raises(InvalidArgTypeError) as caught:
        getattr(emitter, method)("x", None)
    assert caught.value.code == "ERR_INVALID_ARG_TYPE"
    assert str(caught.value).startswith('The "listener" argument must be of type function. Received')
    assert emitter.event_names() == []


def test_remove_all_listeners_of_one_name() -> None:
    """Others stay; unknown names and untouched emitters are no error."""
    emitter = EventEmitter()
    assert emitter.remove_all_listeners() is emitter
    emitter.on("x", print).on("x", repr).on("y", print)
    emitter.remove_all_listeners("x").remove_all_listeners("z")
    assert emitter.event_names() == ["y"]
    assert emitter.remove_all_listeners().event_names() == []


def test_remove_all_listeners_announces_the_last_added_first() -> None:
    """With a 'removeListener' listener each removal is told; that listener itself goes last."""
    emitter, log = EventEmitter(), []
    emitter.on("removeListener", lambda name, listener: log.append((name, listener)))
    emitter.on("x", print).once("x", repr).on("y", len)
    emitter.remove_all_listeners()
    assert log == [("x", repr), ("x", print), ("y", len)]
    assert emitter.event_names() == []


def test_new_listener_is_told_before_the_addition() -> None:
    """The count does not include it, the function is the original, and what is added meanwhile comes first."""
    emitter, log = EventEmitter(), []

    def told(name: str, listener: Any) -> None:
        log.append((name, listener, emitter.listener_count(name)))
        if name == "x" and listener is repr:
            emitter.on("x", len)

    emitter.on("newListener", told)
    emitter.once("x", repr)
    assert log == [("x", repr, 0), ("x", len, 0)]
    assert emitter.listeners("x") == [len, repr]


def test_remove_listener_is_told_after_the_removal() -> None:
    """Also for a fired `once`, with the original function."""
    emitter, log = EventEmitter(), []
    listener = recorder(log, "called")
    emitter.on(
        "removeListener", lambda name, fn: log.append((name, fn is listener, emitter.listener_count(name)))
    )
    emitter.once("x", listener).emit("x")
    emitter.on("x", listener).off("x", listener)
    assert log == [("x", True, 0), ("called",), ("x", True, 0)]


def test_listeners_gives_originals_and_raw_listeners_wrappers() -> None:
    """Both are copies; a wrapper fires once and removes itself when called."""
    emitter, log = EventEmitter(), []
    listener = recorder(log, "a")
    emitter.on("x", print).once("x", listener)
    assert emitter.listeners("x") == [print, listener]
    wrapper = emitter.raw_listeners("x")[1]
    assert wrapper.listener is listener
    assert "once" in repr(wrapper)
    wrapper(1)
    wrapper(2)
    assert log == [("a", 1)]
    emitter.listeners("x").clear()
    assert emitter.listeners("x") == [print]
    assert emitter.listeners("y") == emitter.raw_listeners("y") == []


def test_listener_count_of_all_or_of_one_function() -> None:
    """`once` counts by the original."""
    emitter = EventEmitter()
    assert emitter.listener_count("x") == 0
    emitter.on("x", print).once("x", print).on("x", repr)
    assert emitter.listener_count("x") == 3
    assert emitter.listener_count("x", print) == 2
    assert emitter.listener_count("x", len) == 0


def test_event_names_are_in_the_order_of_first_registration() -> None:
    """A name that was emptied starts anew."""
    emitter = EventEmitter()
    emitter.on("a", print).on("b", print).on("a", repr)
    assert emitter.event_names() == ["a", "b"]
    emitter.off("a", print).off("a", repr).on("a", print)
    assert emitter.event_names() == ["b", "a"]


def test_an_unheard_error_is_raised() -> None:
    """The exception itself, or else an UnhandledError that keeps what was given."""
    emitter = EventEmitter()
    error = LookupError("gone")
    with pytest.raises(LookupError) as raised:
        emitter.emit("error", error)
    assert raised.value is error
    with pytest.raises(UnhandledError) as caught:
        emitter.on("x", print).emit("error", 42)
    assert (caught.value.code, caught.value.context) == ("ERR_UNHANDLED_ERROR", 42)
    assert str(caught.value) == "Unhandled error. (42)"
    with pytest.raises(UnhandledError):
        emitter.emit("error")


def test_a_heard_error_is_an_ordinary_event() -> None:
    """With a listener nothing is raised."""
    emitter, log = EventEmitter(), []
    emitter.on("error", recorder(log, "error"))
    assert emitter.emit("error", 42) is True
    assert log == [("error", 42)]


def test_more_than_ten_listeners_are_warned_of_once() -> None:
    """The listener is added all the same; the warning comes again after the name was emptied."""
    emitter = EventEmitter()
    for _ in range(10):
        emitter.on("x", print)
    with pytest.warns(MaxListenersExceededWarning) as caught:
        emitter.on("x", print)
    assert str(caught[0].message) == (
        "Possible EventEmitter memory leak detected. 11 x listeners added to [EventEmitter]. "
        "MaxListeners is 10. Use emitter.set_max_listeners() to increase limit"
    )
    assert caught[0].filename == __file__
    emitter.on("x", print)
    assert emitter.listener_count("x") == 12
    emitter.remove_all_listeners("x").set_max_listeners(1).on("x", print)
    with pytest.warns(MaxListenersExceededWarning, match="2 x listeners"):
        emitter.on("x", print)


@pytest.mark.parametrize("limit", [0, math.inf])
def test_zero_and_infinity_switch_the_warning_off(limit: float) -> None:
    """No number of listeners is too many then."""
    emitter = EventEmitter().set_max_listeners(limit)
    assert emitter.get_max_listeners() == limit
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(20):
            emitter.on("x", print)


@pytest.mark.parametrize(
    ("value", "error", "code"),
    [
        ("9", InvalidArgTypeError, "ERR_INVALID_ARG_TYPE"),
        (True, InvalidArgTypeError, "ERR_INVALID_ARG_TYPE"),
        (None, InvalidArgTypeError, "ERR_INVALID_ARG_TYPE"),
        (-1, OutOfRangeError, "ERR_OUT_OF_RANGE"),
        (math.nan, OutOfRangeError, "ERR_OUT_OF_RANGE"),
    ],
)
def test_set_max_listeners_takes_numbers_from_zero(value: Any, error: type[HTTPError], code: str) -> None:
    """Anything else is refused, and the old number stays."""
    emitter = EventEmitter()
    with pytest.raises(error) as caught:
        emitter.set_max_listeners(value)
    assert caught.value.code == code
    assert emitter.get_max_listeners() == 10


def test_both_spellings_are_the_same_function() -> None:
    """Node's names answer too."""
    for name, twin in {
        "add_listener": "addListener",
        "remove_listener": "removeListener",
        "remove_all_listeners": "removeAllListeners",
        "prepend_listener": "prependListener",
        "prepend_once_listener": "prependOnceListener",
        "raw_listeners": "rawListeners",
        "listener_count": "listenerCount",
        "event_names": "eventNames",
        "set_max_listeners": "setMaxListeners",
        "get_max_listeners": "getMaxListeners",
    }.items():
        assert getattr(EventEmitter, name) is getattr(EventEmitter, twin)


def test_a_subclass_that_overrides_one_spelling_moves_both() -> None:
    """Whoever calls either name reaches the override; a new member of its own gets no twin."""

    class Python(EventEmitter):
        def listener_count(self, name: Any, listener: Any = None) -> int:
            return -1

        def my_own(self) -> None: ...

    class Node(EventEmitter):
        def listenerCount(self, name: Any, listener: Any = None) -> int:
            return -2

    class Both(Python):
        def listener_count(self, name: Any, listener: Any = None) -> int:
            return -3

        def listenerCount(self, name: Any, listener: Any = None) -> int:
            return -4

    assert Python().listenerCount("x") == -1
    assert Node().listener_count("x") == -2
    assert (Both().listener_count("x"), Both().listenerCount("x")) == (-3, -4)
    assert not hasattr(Python, "myOwn")


def test_an_emitter_that_nobody_listens_to_has_no_state() -> None:
    """Making one costs nothing, and asking it changes nothing."""
    emitter = EventEmitter()
    emitter.emit("x")
    emitter.listeners("x")
    emitter.off("x", print)
    assert vars(emitter) == {}


async def test_an_async_listener_runs_as_a_task() -> None:
    """emit returns before it has ended."""
    emitter, log = EventEmitter(), []

    async def listener(value: int) -> None:
        await asyncio.sleep(0)
        log.append(value)

    assert emitter.on("x", listener).emit("x", 1) is True
    assert log == []
    await settle()
    assert log == [1]


async def test_an_async_listener_starts_at_once() -> None:
    """Up to its first await it runs inside emit, as in Node."""
    emitter, log = EventEmitter(), []

    async def listener() -> None:
        log.append("begun")
        await asyncio.sleep(0)

    emitter.on("x", listener).emit("x")
    assert log == ["begun"]
    await settle()


async def test_what_an_async_listener_raises_is_logged_and_emitted(caplog: pytest.LogCaptureFixture) -> None:
    """emit has returned, so 'error' gets it, if it has a listener; the log always."""
    emitter, log = EventEmitter(), []

    async def fail() -> None:
        raise LookupError("no")

    emitter.on("x", fail).emit("x")
    await settle()
    emitter.on("error", log.append).emit("x")
    await settle()
    assert [str(error) for error in log] == ["no"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError] * 2
    assert "EventEmitter: 'x' listener failed" in caplog.text


async def test_a_failing_async_error_listener_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    """It is not told of its own failure, over and over."""
    emitter = EventEmitter()

    async def fail(error: Exception) -> None:
        raise LookupError("no")

    emitter.on("error", fail).emit("error", ValueError())
    await settle()
    assert len(caplog.records) == 1


async def test_a_cancelled_async_listener_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """But one that awaited something cancelled is."""
    emitter, tasks = EventEmitter(), []

    async def wait(thing: Any) -> None:
        tasks.append(asyncio.current_task())
        await thing

    emitter.on("x", wait)
    emitter.emit("x", asyncio.sleep(60))
    await settle()
    tasks[0].cancel()
    await settle()
    assert tasks[0].cancelled()
    assert not caplog.records
    future = asyncio.get_running_loop().create_future()
    emitter.emit("x", future)
    await settle()
    future.cancel()
    await settle()
    assert len(caplog.records) == 1


async def test_what_a_plain_listener_returns_is_ignored() -> None:
    """Values, and emitters that could be awaited, are left alone; futures are waited for."""

    class Awaitable(EventEmitter):
        def __await__(self) -> Any:
            raise AssertionError

    emitter, future = EventEmitter(), asyncio.get_running_loop().create_future()
    for value in (1, Awaitable(), future):
        emitter.on("x", lambda value=value: value)
    emitter.on("error", future.add_done_callback)
    assert emitter.emit("x") is True
    future.set_result(None)
    await settle()


def test_an_async_listener_called_before_the_loop_runs_in_it() -> None:
    """Its coroutine waits for the first loop."""
    emitter, log = EventEmitter(), []

    async def listener() -> None:
        log.append("run")

    async def main() -> None:
        _ticks.later(log.append, "turn")
        await settle()

    emitter.on("x", listener).emit("x")
    asyncio.run(main())
    assert sorted(log) == ["run", "turn"]


def test_an_async_listener_that_never_meets_a_loop_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The log says why, and the coroutine is closed without a warning."""
    emitter = EventEmitter()

    async def listener() -> None:
        raise AssertionError

    emitter.on("x", listener).emit("x")
    _ticks.run_pending()
    assert "the async listener of 'x' needs a running event loop" in caplog.text


def test_notify_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    """A failure goes to the emitter, the rest are called, and an unheard 'error' is nothing."""
    emitter, log = EventEmitter(), []

    def fail() -> None:
        raise LookupError("no")

    assert emitter._notify("x") is False
    emitter.on("x", fail).on("x", recorder(log, "rest"))
    assert emitter._notify("x") is True
    assert emitter._notify("error", ValueError()) is False
    assert (log, len(caplog.records)) == ([("rest",)], 1)


async def test_notify_runs_async_listeners() -> None:
    """As emit does."""
    emitter, log = EventEmitter(), []

    async def listener(value: int) -> None:
        log.append(value)

    emitter.on("x", listener)._notify("x", 1)
    await settle()
    assert log == [1]


def test_a_subclass_decides_about_failed_listeners() -> None:
    """It hears the error, the event and its arguments."""

    class Mine(EventEmitter):
        def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None:
            failed.append((type(error), event, args))

    failed: list[Any] = []

    def fail(value: int) -> None:
        raise asyncio.CancelledError if value else LookupError

    emitter = Mine().on("x", fail)
    emitter._notify("x", 0)
    emitter._notify("x", 1)
    assert failed == [(LookupError, "x", (0,)), (asyncio.CancelledError, "x", (1,))]


async def test_once_waits_for_the_next_event() -> None:
    """It returns the arguments as a list and leaves no listener."""
    emitter = EventEmitter()
    asyncio.get_running_loop().call_soon(emitter.emit, "x", 1, 2)
    assert await once(emitter, "x") == [1, 2]
    assert emitter.event_names() == []


async def test_once_raises_the_error_that_comes_first() -> None:
    """Whatever is no exception comes in an UnhandledError."""
    emitter = EventEmitter()
    asyncio.get_running_loop().call_soon(emitter.emit, "error", LookupError("no"))
    with pytest.raises(LookupError):
        await once(emitter, "x")
    asyncio.get_running_loop().call_soon(emitter.emit, "error", 42)
    with pytest.raises(UnhandledError):
        await once(emitter, "x")
    assert emitter.event_names() == []


async def test_once_returns_the_error_it_waits_for() -> None:
    """For the name "error" it is an event as any."""
    emitter, error = EventEmitter(), LookupError()
    asyncio.get_running_loop().call_soon(emitter.emit, "error", error)
    assert await once(emitter, "error") == [error]


async def test_once_takes_the_first_of_two_events_in_one_turn() -> None:
    """What comes before the waiter has woken does not change its answer."""
    emitter = EventEmitter()

    def both() -> None:
        emitter.on("error", print).emit("x", 1)
        emitter.emit("error", LookupError())
        emitter.emit("x", 2)

    def reverse() -> None:
        emitter.emit("error", LookupError())
        emitter.emit("x", 3)

    asyncio.get_running_loop().call_soon(both)
    assert await once(emitter, "x") == [1]
    asyncio.get_running_loop().call_soon(reverse)
    with pytest.raises(LookupError):
        await once(emitter, "x")


async def test_a_cancelled_once_leaves_no_listener() -> None:
    """Nor does one that ran out of time."""
    emitter = EventEmitter()
    task = asyncio.ensure_future(once(emitter, "x"))
    await settle()
    assert emitter.event_names() == ["x", "error"]
    task.cancel()
    await settle()
    assert emitter.event_names() == []


@pytest.mark.parametrize("add", ["on", "once", "prepend_listener", "prepend_once_listener"])
def test_a_listener_is_called_with_as_many_arguments_as_it_takes(add: str) -> None:
    """As a function of JavaScript; and it stays what the user gave."""
    emitter, log = EventEmitter(), []

    def none() -> None:
        log.append(())

    def one(a: Any) -> None:
        log.append((a,))

    def optional(a: Any, b: Any = "b") -> None:
        log.append((a, b))

    def any_number(*args: Any) -> None:
        log.append(args)

    listeners = [none, one, optional, any_number]
    for listener in listeners:
        getattr(emitter, add)("x", listener)
    found = emitter.listeners("x")
    assert found == (listeners if "prepend" not in add else listeners[::-1])
    if "once" not in add:
        assert emitter.raw_listeners("x") == found
    assert [emitter.listener_count("x", each) for each in listeners] == [1] * 4
    emitter.emit("x", 1, 2, 3)
    assert sorted(log) == [(), (1,), (1, 2), (1, 2, 3)]
    for listener in listeners:
        emitter.remove_listener("x", listener)
    assert emitter.listener_count("x") == 0


def test_what_is_removed_is_told_as_it_was_given() -> None:
    """Not in what calls it with fewer arguments."""
    emitter, log = EventEmitter(), []

    def count() -> None: ...

    emitter.on("removeListener", lambda name, listener: log.append(listener))
    emitter.on("x", count).once("x", count)
    emitter.remove_all_listeners("x")
    assert log == [count, count]


def test_a_listener_that_requires_keywords_is_refused() -> None:
    """No event could ever call it."""

    def listener(a: Any, *, b: Any) -> None: ...

    with pytest.raises(InvalidArgValueError, match=r"must not require keyword arguments \(b\)"):
        EventEmitter().on("x", listener)


async def test_an_async_listener_of_fewer_arguments_runs() -> None:
    """As a plain one."""
    emitter, log = EventEmitter(), []

    async def listener() -> None:
        log.append("called")

    emitter.on("x", listener)
    emitter.emit("x", 1)
    await settle()
    assert log == ["called"]


async def test_what_a_cancelled_listener_raises_instead_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Its own error, also at its first step: that it was cancelled, too, hides nothing."""
    emitter = EventEmitter()

    async def fail(waits: bool) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        if waits:
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                raise LookupError("after a wait") from None
        raise LookupError("at once")

    emitter.on("x", fail).emit("x", True)
    emitter.emit("x", False)
    await settle()
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        "at once",
        "after a wait",
    ]
