"""Inbox: the messages that wait, and the tasks that wait for them."""

from __future__ import annotations

import asyncio
from typing import Any

from writehead._guests.websocket.inbox import Inbox


def inbox(mark: int = 100) -> tuple[Inbox, list[str]]:
    log: list[str] = []
    return Inbox(mark, lambda: log.append("room")), log


def test_it_is_full_at_sixteen_messages_and_has_room_at_half() -> None:
    """The callback comes once, when reading may go on."""
    box, log = inbox()
    assert not box.put(["x"] * 15)
    assert box.put(["x"])
    for _ in range(7):
        box.take()
    assert (box.is_full, log) == (True, [])
    box.take()
    assert (box.is_full, log, len(box.messages)) == (False, ["room"], 8)
    box.take()
    assert log == ["room"]


def test_it_is_full_at_the_mark_and_has_room_at_half() -> None:
    """Bytes count as well."""
    box, log = inbox()
    assert not box.put([b"x" * 60])
    assert box.put([b"y" * 40, b"z"])
    assert box.size == 101
    box.take()
    assert log == ["room"]
    assert [box.take(), box.take()] == [b"y" * 40, b"z"]


async def test_a_message_wakes_one_task_and_a_change_all() -> None:
    """In the order in which they wait."""
    box, _ = inbox()
    woken: list[Any] = []

    async def wait(name: str) -> None:
        await box.wait()
        woken.append(name)

    tasks = [asyncio.ensure_future(wait(name)) for name in "abcd"]
    await asyncio.sleep(0)
    box.put(["x"])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert woken == ["a"]
    box.put(["x", "y"])
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert woken == ["a", "b", "c"]
    box.wake_all()
    await asyncio.gather(*tasks)
    assert woken == ["a", "b", "c", "d"]


async def test_a_task_that_was_cancelled_passes_its_message_on() -> None:
    """It was woken, and then cancelled: the next is woken."""
    box, _ = inbox()
    first, second = (asyncio.ensure_future(box.wait()) for _ in range(2))
    await asyncio.sleep(0)
    box.put(["x"])
    first.cancel()
    await second
    assert first.cancelled()


async def test_a_task_that_is_cancelled_while_it_waits_is_forgotten() -> None:
    """A message then wakes the next."""
    box, _ = inbox()
    first, second = (asyncio.ensure_future(box.wait()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    box.put(["x"])
    await second
