"""Iteration: `async for` over a readable, driven by its 'readable' events."""

from __future__ import annotations

import asyncio
from asyncio import _get_running_loop  # public, in asyncio.__all__: None where no loop runs
from collections.abc import AsyncIterator, Callable, Generator
from contextvars import Context
from typing import TYPE_CHECKING, Any

from writehead._loop.ticks import later
from writehead._streams.stages import CLOSED, EMITTED
from writehead.errors import PrematureCloseError

if TYPE_CHECKING:
    from writehead._streams.readable import Readable


class ReadWaiter:
    """What the task of an `async for` awaits: woken by the stream's events; `over` and `error` say how it ended.

    Its methods are listeners of the stream, as in Node, so that they decide the mode. A program may remove
    them, so requests and sockets also call it themselves at their end.

    It has those methods of a future that a task calls. A real future would wake the task through the loop, after
    the reads of all other connections, and each would keep its piece in memory until then. Node's `for await`
    also continues before the next connection is read.
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_callback",
        "_cancelled",
        "_chunk",
        "_context",
        "_loop",
        "_stream",
        "_woken",
        "error",
        "over",
    )

    def __init__(self, stream: Readable, loop: asyncio.AbstractEventLoop) -> None:
        self._stream = stream
        self._loop = loop
        self._asyncio_future_blocking = False
        self._callback: Callable[[Any], object] | None = None  # wakes the task; None while it runs
        self._context: Context | None = None
        self._cancelled: asyncio.CancelledError | None = None
        self._chunk: Any = None
        self._woken = False  # after the wait began, before the task added its callback
        self.over = False
        self.error: BaseException | None = None

    def open(self) -> None:
        stream = self._stream
        stream.on("readable", self.wake)
        stream.on("end", self.on_end)
        stream.on("error", self.on_error)
        stream.on("close", self.on_close)
        stream._waiter = self
        if stream._fate is CLOSED:
            later(self.on_close)
        elif stream._end_state is EMITTED:
            later(self.on_end)

    def leave(self) -> None:
        stream = self._stream
        if stream._waiter is self:
            stream._waiter = None
        if not (self.over or stream._fate):
            stream._break_off()
        if stream._fate:
            return  # no further event comes, and no mode has to be restored
        stream.off("readable", self.wake)
        stream.off("end", self.on_end)
        stream.off("error", self.on_error)
        stream.off("close", self.on_close)

    # -- the part of a future that a task uses

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for a piece; None means that the stream has to be read again."""
        self._asyncio_future_blocking = True
        self._woken = False
        yield self
        chunk, self._chunk = self._chunk, None
        return chunk

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Context | None = None) -> None:
        self._callback = callback
        self._context = context
        if self._woken:
            self.wake()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def cancel(self, msg: Any = None) -> bool:
        if self._callback is None:
            return False
        self._cancelled = asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg)
        self.wake()
        return True

    def result(self) -> None:
        cancelled, self._cancelled = self._cancelled, None
        if cancelled is not None:
            raise cancelled

    # -- what may end the wait

    @property
    def waits(self) -> bool:
        """Whether the task waits and was not woken yet."""
        return self._callback is not None

    def give(self, chunk: bytes) -> None:
        """Resume the waiting task with a piece, at once if no other task is running."""
        self._chunk = chunk
        callback, context = self._callback, self._context
        if callback is None or context is None or asyncio.current_task(self._loop) is not None:
            self.wake()  # no task may run inside another
        else:
            self._callback = None
            context.run(callback, self)

    def wake(self) -> None:
        callback = self._callback
        if callback is None:
            self._woken = True
        else:
            self._callback = None
            self._loop.call_soon(callback, self, context=self._context)

    def _finish(self, error: BaseException | None) -> None:
        if not self.over:
            self.over = True
            self.error = error
            self.wake()

    def on_end(self) -> None:
        if not self.over and (self._stream._fate or not self._stream._ends_by_close):
            self._finish(None)

    def on_error(self, error: BaseException) -> None:
        self._finish(error)

    def on_close(self, *_: Any) -> None:
        if self.over:
            return
        stream = self._stream
        self._finish(stream.errored or (None if stream._was_read_to_the_end else PrematureCloseError()))


class Iteration(AsyncIterator[Any]):
    """Yields what `read` returns until the stream is over; leaving it early calls the stream's `_break_off`.

    Not an async generator: when an `async for` is left, its iterator is freed at once,
    but a generator would be closed by a task of the event loop, some rounds later.
    """

    __slots__ = ("_waiter", "_loop", "_stream")

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._waiter: ReadWaiter | None = None  # None before the first step and after the last
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __anext__(self) -> Any:
        stream, waiter, loop = self._stream, self._waiter, self._loop
        if waiter is None or loop is None:
            if loop is not None:
                raise StopAsyncIteration
            loop = self._loop = asyncio.get_running_loop()  # once: before Python 3.12 it is a system call
            waiter = self._waiter = ReadWaiter(stream, loop)
            waiter.open()
        while True:
            chunk = stream._read_if_any()
            if chunk is not None:
                return chunk
            if waiter.over:
                break
            try:
                chunk = await waiter
            except BaseException:  # its traceback would keep this iterator, and so the stream, open
                await self.aclose()
                raise
            if chunk is not None:
                return chunk
        await self.aclose()
        if waiter.error is not None:
            raise waiter.error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Leave the iteration; `contextlib.aclosing` calls this."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.leave()

    def __del__(self) -> None:
        waiter, loop = self._waiter, self._loop
        if waiter is None or loop is None:
            return
        if _get_running_loop() is loop:
            waiter.leave()
        elif not loop.is_closed():  # the collector may run in any thread
            loop.call_soon_threadsafe(waiter.leave)
