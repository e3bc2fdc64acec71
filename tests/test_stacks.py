"""The stacks of a process: where its threads are, and where its tasks wait."""

from __future__ import annotations

import asyncio
import threading

from writehead._process import stacks as module
from writehead._process.stacks import stacks


def in_a_thread(begun: threading.Event, end: threading.Event) -> None:
    begun.set()
    end.wait()


def test_threads() -> None:
    """The main one first, each by its name."""
    begun, end = threading.Event(), threading.Event()
    thread = threading.Thread(target=in_a_thread, args=(begun, end), name="busy one")
    thread.start()
    try:
        begun.wait()
        text = stacks()
    finally:
        end.set()
        thread.join()
    assert text.startswith("thread MainThread\n") and "in test_threads" in text
    other = text[text.index("thread busy one\n") :]
    assert "in in_a_thread" in other
    assert "task " not in text


async def waits_for_ever() -> None:
    await asyncio.Event().wait()


async def test_tasks() -> None:
    """Where each waits; so many and no more."""
    tasks = [
        asyncio.create_task(waits_for_ever(), name=f"t{number}") for number in range(module.MOST_TASKS + 5)
    ]
    await asyncio.sleep(0)
    text = stacks()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert "task t0\nStack for <Task" in text and "in waits_for_ever" in text
    assert text.endswith("and 6 more tasks\n"), "the one that asks is among them"
