"""Waiters: tasks that `await` an event of an emitter, apart from its listeners.

Invariant: no task is left waiting if the program removes every listener, or if a listener fails.
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
        """Return at the first of `events`; raise the error of `fail`."""
        waiter = (events, asyncio.get_running_loop().create_future())
        self._futures.append(waiter)
        try:
            await waiter[1]
        finally:
            self._futures.remove(waiter)

    def wake(self, event: str) -> None:
        """Let the tasks that wait for `event` go on."""
        for events, future in self._futures:
            if event in events and not future.done():
                future.set_result(None)
        due = [call for name, call in self._calls if name == event]
        self._calls = [each for each in self._calls if each[0] != event]
        for call in due:
            call()

    def call_at(self, event: str, call: Callable[[], object]) -> None:
        """Call `call` when `event` is emitted next."""
        self._calls.append((event, call))

    def fail(self, make_error: Callable[[], BaseException]) -> None:
        """End every wait with an error: none of the events will come."""
        for _, future in self._futures:
            if not future.done():
                future.set_exception(make_error())
        for callback in self._watches:
            callback()

    def watch(self, callback: Callable[[], object]) -> None:
        """Call `callback` when `fail` ends every wait, until `unwatch`."""
        self._watches.append(callback)

    def unwatch(self, callback: Callable[[], object]) -> None:
        self._watches.remove(callback)
