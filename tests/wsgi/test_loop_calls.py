"""The way from threads to the loop: order, one wake-up for many calls, and the end of the loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import until
from writehead._guests.wsgi.loop_calls import Gate, LoopCalls
from writehead._loop.ticks import later


@on_both_loops
async def test_calls_are_made_in_their_order_on_the_loop() -> None:
    """Of each thread; every one of them."""
    calls = LoopCalls()
    got: list[tuple[int, int]] = []
    here = threading.current_thread()

    def note(*pair: int) -> None:
        assert threading.current_thread() is here
        got.append(pair)  # type: ignore[arg-type]  # it is one

    def post(thread: int) -> None:
        for number in range(500):
            calls.post(note, thread, number)

    threads = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    await until(lambda: len(got) == 2000)
    for number in range(4):
        assert [pair for pair in got if pair[0] == number] == [(number, at) for at in range(500)]


@on_both_loops
async def test_one_wake_up_serves_what_has_gathered() -> None:
    """Later ticks run behind all of it."""
    calls = LoopCalls()
    log: list[str] = []
    wakes: list[Any] = []
    loop: Any = asyncio.get_running_loop()

    class Counting:
        def call_soon_threadsafe(self, *args: Any, **keywords: Any) -> None:
            wakes.append(args)
            loop.call_soon_threadsafe(*args, **keywords)

    calls._loop = Counting()  # type: ignore[assignment]

    def first() -> None:
        log.append("first")
        later(log.append, "tick")

    calls.post(first)
    calls.post(log.append, "second")
    assert log == []
    await until(lambda: log)
    assert log == ["first", "second", "tick"]
    assert len(wakes) == 1
    calls.post(log.append, "third")
    await until(lambda: len(log) == 4)
    assert len(wakes) == 2


@on_both_loops
async def test_a_call_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The others are made."""
    calls = LoopCalls()
    log: list[str] = []

    def fail() -> None:
        raise ValueError("a bug")

    calls.post(fail)
    calls.post(log.append, "made")
    await until(lambda: log)
    assert "ValueError: a bug" in caplog.text


@on_both_loops
async def test_calls_do_not_run_in_the_context_of_the_app() -> None:
    """What it has set is not seen by the loop."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
    calls = LoopCalls()
    seen: list[str] = []

    def post() -> None:
        variable.set("of the app")
        calls.post(lambda: seen.append(variable.get()))

    contextvars.copy_context().run(post)
    await until(lambda: seen)
    assert seen == ["none"]


@pytest.mark.parametrize("debug", [False, True])
def test_after_the_end_of_the_loop_nothing_is_called(debug: bool) -> None:
    """A thread that was left behind may still ask."""

    async def make() -> LoopCalls:
        return LoopCalls()

    calls = asyncio.run(make(), debug=debug)
    calls.post(lambda: pytest.fail("called"))
    calls.post(lambda: pytest.fail("called"))


async def test_another_error_of_the_loop_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would hide a bug."""
    calls = LoopCalls()

    class Broken:
        def call_soon_threadsafe(self, *args: Any, **keywords: Any) -> None:
            raise RuntimeError("of another kind")

        def is_closed(self) -> bool:
            return False

    monkeypatch.setattr(calls, "_loop", Broken())
    with pytest.raises(RuntimeError, match="of another kind"):
        calls.post(lambda: None)


def test_a_gate_gives_its_value_or_its_error() -> None:
    """To the thread that waits, or will."""
    gate: Gate[int] = Gate()
    gate.open(5)
    assert gate.wait() == 5
    failing: Gate[int] = Gate()
    got: list[BaseException] = []

    def wait() -> None:
        try:
            failing.wait()
        except ConnectionResetError as error:
            got.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    failing.fail(ConnectionResetError())
    thread.join()
    assert len(got) == 1
