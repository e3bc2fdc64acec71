"""The messages of a WebSocket on their way to the program: to listeners of 'message', or to a task that waits.

Invariant: a message goes to one of the two, in the order in which they came; without either it waits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from writehead._guests.websocket.inbox import Inbox
from writehead._loop.ticks import later
from writehead.errors import ConnectionLostError, WebSocketError, WebSocketNotOpenError
from writehead.events import EventEmitter, Listener

if TYPE_CHECKING:
    from writehead._guests.websocket.connection import Connection


class Reading(EventEmitter):
    """The part of a WebSocket that receives."""

    _argument_counts: Mapping[Hashable, float] = {
        "close": 2,
        "drain": 0,
        "error": 1,
        "message": 2,
        "newListener": 2,
        "ping": 1,
        "pong": 1,
        "removeListener": 2,
    }
    _connection: Connection | None = None
    _inbox: Inbox | None = None
    _paused = False
    _waits = False  # a task waits for a message
    _end: tuple[int, str] | None = None  # what 'close' was emitted with

    # -- for the program -----------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        """Whether `pause` was called, and `resume` was not."""
        return self._paused

    isPaused = is_paused

    def pause(self) -> None:
        """Stop reading: no events of the client, and no pongs to it, until `resume`."""
        connection = self._connection
        if connection is not None and self._end is None:
            self._paused = True
            connection.pause()

    def resume(self) -> None:
        """Go on reading."""
        if self._paused and self._connection is not None:
            self._paused = False
            self._connection.resume()
            later(self._deliver)

    async def receive(self) -> str | bytes:
        """Return the next message: text as `str`, binary data as `bytes`.

        Raises:
            WebSocketNotOpenError: a close frame has come, and no message before it is left; or it is connecting.
            ConnectionLostError: the connection ended without one (1006).
            WebSocketError: another task waits for a message, or 'message' has a listener.
        """
        message = await self._receive()
        if message is None:
            raise self._not_open()
        return message

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Read the messages; ends at the client's close frame, raises as `receive` if there is none."""
        return _Messages(self._receive)

    async def _receive(self) -> str | bytes | None:
        """Return the next message; None behind a close frame."""
        if self._waits:
            raise _read_twice("another task waits for a message")
        if self.listener_count("message"):
            raise _read_twice("'message' has a listener")
        connection = self._connection
        if connection is None:
            raise self._not_open()
        inbox = self._own_inbox(connection)
        self._waits = True
        try:
            while not inbox:
                if connection.received is not None:
                    return None
                if self._end is not None:
                    raise ConnectionLostError
                await inbox.wait()
            return inbox.take()
        finally:
            self._waits = False

    def _not_open(self) -> WebSocketNotOpenError:
        raise NotImplementedError

    def _add(self, name: Hashable, listener: Listener, once: bool = False, front: bool = False) -> None:
        if name == "message":
            if self._waits:
                raise _read_twice("a task waits for a message")
            if self._inbox is not None:
                later(self._deliver)
        super()._add(name, listener, once, front)

    # -- called by the connection ---------------------------------------------------------

    def _on_message(self, message: str | bytes) -> None:
        """Give a message to the listeners, or let it wait."""
        listeners = self._listeners
        if listeners is not None and not self._inbox and (found := listeners.get("message")) is not None:
            self._call_each(found, self._listener_context, "message", (message, type(message) is bytes))
            return
        connection = self._connection
        assert connection is not None
        inbox = self._own_inbox(connection)
        # When we have closed, nobody may read what still comes before the client's close frame.
        if not inbox.is_full and inbox.put(message):
            connection.stop_for_inbox()

    def _own_inbox(self, connection: Connection) -> Inbox:
        if self._inbox is None:
            self._inbox = Inbox(connection.channel.mark, connection.go_on_for_inbox)
        return self._inbox

    def _deliver(self) -> None:
        """Emit 'message' for messages that have waited for a listener."""
        inbox = self._inbox
        while inbox and not self._paused and self.listener_count("message"):
            message = inbox.take()
            self._notify("message", message, type(message) is bytes)

    def _wake_reader(self) -> None:
        """Let a task that waits look whether there will be more messages."""
        if self._inbox is not None:
            self._inbox.wake_all()


class _Messages(AsyncIterator[str | bytes]):
    """Iterates over messages."""

    __slots__ = ("_receive",)

    def __init__(self, receive: Callable[[], Coroutine[Any, Any, str | bytes | None]]) -> None:
        self._receive = receive

    async def __anext__(self) -> str | bytes:
        message = await self._receive()
        if message is None:
            raise StopAsyncIteration
        return message


def _read_twice(why: str) -> WebSocketError:
    return WebSocketError(
        "ERR_WEBSOCKET_READ_TWICE", f"A WebSocket is read in one way at a time: {why} already"
    )
