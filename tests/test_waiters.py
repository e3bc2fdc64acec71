"""Waiters: who awaits an event hears of it, whatever becomes of the listeners."""

from __future__ import annotations

import asyncio

import pytest

from tests.stage import on_both_loops
from writehead import http, testing
from writehead._waiters import Waiters
from writehead.errors import ConnectionLostError


@on_both_loops
async def test_the_first_event_ends_the_wait() -> None:
    """Others are not waited for, and another's does nothing."""
    waiters = Waiters()
    task = asyncio.create_task(waiters.first_of(("drain", "finish")))
    await asyncio.sleep(0)
    waiters.wake("close")
    await asyncio.sleep(0)
    assert not task.done()
    waiters.wake("finish")
    waiters.wake("drain")
    await task
    assert waiters._futures == []


@on_both_loops
async def test_an_error_ends_every_wait() -> None:
    """None of the events will come."""
    waiters = Waiters()
    tasks = [asyncio.create_task(waiters.first_of((event,))) for event in ("drain", "finish")]
    await asyncio.sleep(0)
    waiters.fail(ConnectionLostError)
    assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == [
        ConnectionLostError
    ] * 2


@pytest.mark.parametrize("fate", ["answered", "lost"])
@on_both_loops
async def test_a_program_that_removes_all_listeners_is_not_left_waiting(fate: str) -> None:
    """Nor one whose listener fails."""
    ended: list[str] = []

    async def handle(req: object, res: http.ServerResponse) -> None:
        def fail() -> None:
            raise LookupError("a listener of the program's")

        res.on("finish", fail).on("close", fail)
        waiting = asyncio.ensure_future(res.wait_finished())
        await asyncio.sleep(0)
        if fate == "answered":
            res.end("x")
        try:
            await waiting
            ended.append("answered")
        except ConnectionLostError:
            ended.append("lost")

    server = http.create_server(handle)
    client = testing.connect(server)
    client.request("GET", "/")
    for _ in range(3):
        await asyncio.sleep(0)
    if fate == "lost":
        client.reset()
    for _ in range(5):
        await asyncio.sleep(0)
    assert ended == [fate]
