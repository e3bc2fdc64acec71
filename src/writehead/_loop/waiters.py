"""Waiters: those who `await` an event of an emitter, apart from its listeners.

A program may remove every listener, and one of its own may fail: neither may leave a task waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Waiters:
    """The tasks that wait for an event of one emitter."""

    __slots__ = ("_calls", "_futures", "_watches")

    def __init__(self) -> None:
        self._watches: list[Callable[[], object]] = []
        self._futures: list[tuple[tuple[str, ...], asyncio.Future[None]]] = []
        self._calls: list[tuple[str, Callable[[], object]]] = []

    async def first_of(self, events: tuple[str, ...]) -> None:
        """Return at the first of `events`; raises what `fail` is given."""
        waiter = (events, asyncio.get_running_loop().create_future())
        self._futures.append(waiter)
        try:
            await waiter[1]
        finally:
            self._futures.remove(waiter)

    def wake(self, event: str) -> None:
        """Let those go on that wait for `event`."""
        for events, future in self._futures:
            if event in events and not future.done():
                future.set_result(None)
        due = [call for name, call in self._calls if name == event]
        self._calls = [each for each in self._calls if each[0] != event]
        for call in due:
            call()

    def call_at(self, event: str, call: Callable[[], object]) -> None:
        """Call `call` at the next `event`."""
        self._calls.append((event, call))

    def fail(self, make_error: Callable[[], BaseException]) -> None:
        """End every wait with an error: none of the events will come."""
        for _, future in self._futures:
            if not future.done():
                future.set_exception(make_error())
        for told in self._watches:
            told()

    def watch(self, told: Callable[[], object]) -> None:
        """Call `told` when every wait ends with an error, until `unwatch`."""
        self._watches.append(told)

    def unwatch(self, told: Callable[[], object]) -> None:
        self._watches.remove(told)
