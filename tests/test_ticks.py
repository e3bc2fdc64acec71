"""Later turns: in order, in one round, within a loop and without one."""

from __future__ import annotations

import asyncio
import gc

import pytest

from writehead._loop.ticks import TickQueue, in_slices, later, run_pending, tick_queue


async def test_a_later_turn_comes_after_the_code_that_runs() -> None:
    """In the order in which it was asked for, before anything the loop was told afterwards."""
    log: list[str] = []
    later(log.append, "first")
    asyncio.get_running_loop().call_soon(log.append, "the loop's")
    later(log.append, "second")
    assert log == []
    await asyncio.sleep(0)
    assert log == ["first", "second", "the loop's"]


async def test_what_a_turn_adds_runs_in_the_same_round() -> None:
    """As process.nextTick does."""
    log: list[str] = []

    def first() -> None:
        log.append("first")
        later(log.append, "added")

    later(first)
    later(log.append, "second")
    asyncio.get_running_loop().call_soon(log.append, "the loop's")
    await asyncio.sleep(0)
    assert log == ["first", "second", "added", "the loop's"]


async def test_a_failed_turn_takes_no_other_with_it(caplog: pytest.LogCaptureFixture) -> None:
    """Its exception is logged with its traceback."""
    log: list[str] = []
    later(lambda: 1 / 0)
    later(log.append, "next")
    await asyncio.sleep(0)
    assert log == ["next"]
    assert "ZeroDivisionError" in caplog.text


async def test_turns_that_are_held_wait_for_run() -> None:
    """Who holds promises to run them; a second one is told that somebody did already."""
    queue = tick_queue()
    log: list[str] = []
    assert queue.hold()
    assert not queue.hold()
    later(log.append, "held")
    await asyncio.sleep(0)
    assert (log, bool(queue.due)) == ([], True)
    queue.run()
    assert (log, bool(queue.due)) == (["held"], False)
    assert queue.hold()
    queue.release()


async def test_what_is_due_when_a_hold_is_released_comes_by_the_loop() -> None:
    """Nothing is forgotten if the holder does not run it."""
    queue = tick_queue()
    log: list[str] = []
    queue.hold()
    later(log.append, "due")
    queue.release()
    assert log == []
    await asyncio.sleep(0)
    assert log == ["due"]


async def test_an_interrupt_leaves_the_rest_for_the_loop() -> None:
    """What was due behind KeyboardInterrupt still comes."""
    queue = tick_queue()
    log: list[str] = []

    def interrupt() -> None:
        raise KeyboardInterrupt

    queue.hold()
    later(interrupt)
    later(log.append, "behind")
    with pytest.raises(KeyboardInterrupt):
        queue.run()
    assert log == []
    await asyncio.sleep(0)
    assert log == ["behind"]


async def test_the_next_round_comes_after_all_that_is_due() -> None:
    """As what Node calls from its loop, not from a tick."""
    log: list[str] = []
    tick_queue().next_round(lambda: log.append("round"))
    later(log.append, "turn")
    asyncio.get_running_loop().call_soon(log.append, "loop")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sorted(log) == ["loop", "round", "turn"]
    assert log.index("round") < log.index("loop")


async def test_what_waits_for_rounds_lets_tasks_take_their_steps() -> None:
    """In order; a hundred rounds of the loop later."""
    log: list[str] = []

    async def task() -> None:
        for _ in range(90):
            await asyncio.sleep(0)
        log.append("task")

    tick_queue().after_rounds(lambda: log.append("first"))
    tick_queue().after_rounds(lambda: log.append("second"))
    await task()
    assert log == ["task"]
    for _ in range(20):
        await asyncio.sleep(0)
    assert log == ["task", "first", "second"]


def test_without_a_loop_turns_wait_for_run_pending() -> None:
    """For code that drives connections by itself."""
    log: list[str] = []
    later(log.append, "one")
    tick_queue().next_round(lambda: log.append("round"))
    later(log.append, "two")
    assert log == []
    run_pending()
    assert log == ["one", "two", "round"]


def test_without_a_loop_turns_wait_for_the_first_loop() -> None:
    """What a script causes before the loop runs happens in it."""
    log: list[str] = []
    later(log.append, "early")

    async def program() -> None:
        later(log.append, "late")
        await asyncio.sleep(0)

    asyncio.run(program())
    assert log == ["early", "late"]


def test_each_loop_has_its_own_queue() -> None:
    """And that of a closed loop is given up."""

    async def queue() -> TickQueue:
        assert tick_queue() is tick_queue()
        return tick_queue()

    first = asyncio.run(queue())
    gc.collect()
    second = asyncio.run(queue())
    assert first is not second
    assert second.loop is not None


async def test_those_who_wait_have_their_turns_in_their_order() -> None:
    """What each causes happens in its turn, before that of the next."""
    log: list[str] = []
    done = asyncio.get_running_loop().create_future()

    def first() -> None:
        log.append("first")
        later(log.append, "what the first causes")
        in_slices(lambda: (log.append("rest of the first"), done.set_result(None)))

    in_slices(first)
    in_slices(lambda: log.append("second"))
    assert log == []
    await done
    assert log == ["first", "what the first causes", "second", "rest of the first"]
