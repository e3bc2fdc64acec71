"""The messages of a WebSocket on their way to the program: to listeners of 'message', or to a task that waits.

Invariant: a message goes to one of the two, in the order in which they came; without either it waits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping
from contextvars import Context
from typing import TYPE_CHECKING, Any

from writehead._loop.ticks import later
from writehead._node.contexts import run_in, was_entered
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
    _paused = False
    _waits = False  # a task waits for a message
    _sent: object  # what `send` returns for a message that was sent
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
        inbox = connection.own_inbox()
        self._waits = True
        try:
            while not inbox.messages:
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
            if self._connection is not None and self._connection.inbox is not None:
                later(self._deliver)
        super()._add(name, listener, once, front)

    # -- called by the connection ---------------------------------------------------------

    def _on_messages(self, messages: list[str | bytes]) -> None:
        """Give messages to the listeners, or let them wait."""
        connection = self._connection
        context = self._listener_context
        assert connection is not None
        assert context is not None
        inbox = connection.inbox
        if inbox is not None and inbox.messages:  # those come first
            connection.keep(messages)
            return
        for at, message in enumerate(messages):
            listeners = self._listeners
            found = None if listeners is None else listeners.get("message")
            if found is None or self._paused:
                connection.keep(messages[at:])
                return
            if len(found) > 1:
                self._emit_message(found, context, message)
                continue
            try:  # by far the commonest: as `_call_each` does it
                result = context.run(found[0], message, type(message) is bytes)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:
                self._recover(error, found, context, message)
            else:
                if result is not None and result is not self._sent:
                    self._follow(result, "message", (message, type(message) is bytes), context)

    def _recover(
        self, error: BaseException, found: tuple[Listener, ...], context: Context, message: str | bytes
    ) -> None:
        """Handle what a call of the only listener has raised."""
        if was_entered(error):  # the listener was not called
            self._emit_message(found, context.copy(), message)
        else:
            run_in(context, self._listener_failed, error, "message", (message, type(message) is bytes))

    def _emit_message(
        self, found: tuple[Listener, ...], context: Context | None, message: str | bytes
    ) -> None:
        self._call_each(found, context, "message", (message, type(message) is bytes))

    def _deliver(self) -> None:
        """Emit 'message' for messages that have waited for a listener."""
        inbox = None if self._connection is None else self._connection.inbox
        while (
            inbox is not None and inbox.messages and not self._paused and (found := self._entries("message"))
        ):
            self._emit_message(found, self._listener_context, inbox.take())

    def _wake_reader(self) -> None:
        """Let a task that waits look whether there will be more messages."""
        if self._connection is not None and self._connection.inbox is not None:
            self._connection.inbox.wake_all()


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
