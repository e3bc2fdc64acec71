"""Callbacks: called with as much as they take."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from writehead._callbacks import UserCallback, user_callback
from writehead.events import EventEmitter


def test_a_callback_that_takes_nothing_is_called_so() -> None:
    """And another gets the error, or None."""
    heard: list[Any] = []
    owner = EventEmitter()
    UserCallback(lambda: heard.append("nothing"), owner)(ValueError())
    UserCallback(heard.append, owner)(None)
    assert heard == ["nothing", None]


def test_a_bound_method_does_not_count_itself() -> None:
    """`self` is no argument of the caller's."""

    class Log:
        called = 0

        def note(self) -> None:
            self.called += 1

    log = Log()
    UserCallback(log.note, EventEmitter())(None)
    assert log.called == 1


def test_a_callback_that_fails_is_its_owners_to_tell_of(caplog: pytest.LogCaptureFixture) -> None:
    """Who calls back goes on: there may be others, and an end that is due."""

    def fail() -> None:
        raise LookupError("no")

    UserCallback(fail, EventEmitter())(None)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError]


def test_a_callback_runs_in_the_context_of_its_owner() -> None:
    """Whoever causes it."""
    name = ContextVar("name", default="nobody")
    owner, heard = EventEmitter(), []
    owner._listener_context = copy_context()
    owner._listener_context.run(name.set, "owner")
    UserCallback(lambda: heard.append(name.get()), owner)(None)
    assert heard == ["owner"]


async def test_an_async_callback_runs() -> None:
    """As an async listener does."""
    heard: list[Any] = []

    async def callback(error: Any) -> None:
        heard.append(error)

    UserCallback(callback, EventEmitter())(None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert heard == [None]


@pytest.mark.parametrize("value", [None, 0, "x", {}])
def test_what_cannot_be_called_is_no_callback(value: Any) -> None:
    """Node ignores it."""
    assert user_callback(value, EventEmitter()) is None
