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

    Attributes:
        messages: those that wait; so few that `pop(0)` is as fast as a deque's, and an empty list is small.
        size: how many bytes they have together.
        mark: from how many on it is full.
        is_full: whether nothing more is to be put into it.

    Args:
        mark: how many bytes (of text: characters) may wait; reading goes on at half.
        on_room: called when there is room again after it was full.
    """

    __slots__ = ("_on_room", "_waiters", "is_full", "mark", "messages", "size")

    def __init__(self, mark: int, on_room: Callable[[], object]) -> None:
        self.messages: list[Message] = []
        self.is_full = False
        self.size = 0
        self.mark = mark
        self._on_room = on_room
        self._waiters: list[asyncio.Future[None]] = []

    def put(self, more: list[Message]) -> bool:
        """Add messages, and wake as many tasks; True if it is full now."""
        messages = self.messages
        messages += more
        for each in more:
            self.size += len(each)
            if self._waiters:
                self._wake_one()
        if self.size >= self.mark or len(messages) >= MOST:
            self.is_full = True
            return True
        return False

    def take(self) -> Message:
        """Return the next message."""
        message = self.messages.pop(0)
        self.size -= len(message)
        if self.is_full and len(self.messages) <= FEW and self.size <= self.mark // 2:
            self.is_full = False
            self._on_room()
        return message

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
            if waiter.done() and not waiter.cancelled() and self.messages and self._waiters:
                self._wake_one()  # the message that it was woken for is for another
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
