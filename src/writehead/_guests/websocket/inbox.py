"""Inbox: the messages that wait for the program, and the tasks that wait for messages.

Invariant: a task that waits is given nothing: it is woken, and then takes a message. So nothing is lost if it is
cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

Message = str | bytes

#: How many messages may wait before reading stops,
MOST = 16

#: and how many reading goes on at.
FEW = MOST // 2


class Inbox:
    """The messages of one connection that the program has not taken.

    Args:
        mark: how many bytes (of text: characters) may wait; reading goes on at half.
        on_room: called when there is room again after `put` has returned True.
    """

    __slots__ = ("_full", "_mark", "_messages", "_on_room", "_size", "_waiters", "closed")

    def __init__(self, mark: int, on_room: Callable[[], object]) -> None:
        self._messages: list[
            Message
        ] = []  # so few that `pop(0)` is as fast as a deque's, and an empty one is small
        self._size = 0
        self._mark = mark
        self._on_room = on_room
        self._full = False
        self._waiters: list[asyncio.Future[None]] = []
        self.closed = False  # no more messages will come

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be put into it."""
        return self._full

    def put(self, message: Message) -> bool:
        """Add a message, and wake a task; True if it is full now."""
        self._messages.append(message)
        self._size += len(message)
        if self._waiters:
            self._wake_one()
        if self._size >= self._mark or len(self._messages) >= MOST:
            self._full = True
        return self._full

    def take(self) -> Message:
        """Return the next message."""
        message = self._messages.pop(0)
        self._size -= len(message)
        if self._full and len(self._messages) <= FEW and self._size <= self._mark // 2:
            self._full = False
            self._on_room()
        return message

    def close(self) -> None:
        """Wake all tasks: no more messages will come."""
        self.closed = True
        self.wake_all()

    def wake_all(self) -> None:
        """Let each task look what has changed."""
        while self._waiters:
            self._wake_one()

    def _wake_one(self) -> None:
        waiter = self._waiters.pop(0)
        if not waiter.done():
            waiter.set_result(None)

    async def wait(self) -> None:
        """Return when a message was put, or something else has changed."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and self._messages and self._waiters:
                self._wake_one()  # the message that it was woken for is for another
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
