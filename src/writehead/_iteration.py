"""Iteration: `async for` over a readable, by its 'readable' events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ._turns import later
from .errors import PrematureCloseError

if TYPE_CHECKING:
    from ._readable import Readable


class Ear:
    """Hears what may end the wait of an iteration; `over` and `error` tell how it ended."""

    __slots__ = ("_stream", "_waiting", "error", "over")

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._waiting: asyncio.Future[Any] | None = None
        self.over = False
        self.error: BaseException | None = None

    def open(self) -> None:
        stream = self._stream
        stream.on("readable", self._wake)
        stream.on("end", self._on_end)
        stream.on("error", self._on_error)
        stream.on("close", self._on_close)
        stream._taker = self
        if stream._closed:
            later(self._on_close)
        elif stream._end_emitted:
            later(self._on_end)

    def leave(self) -> None:
        stream = self._stream
        if stream._taker is self:
            stream._taker = None
        if not (self.over or stream._destroyed):
            stream._break_off()
        if stream._destroyed:
            return  # there is nothing left to hear, nor a mode to go back to
        stream.off("readable", self._wake)
        stream.off("end", self._on_end)
        stream.off("error", self._on_error)
        stream.off("close", self._on_close)

    def wait(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Any]:
        """Wait for a piece, or for None: a reason to look again."""
        self._waiting = loop.create_future()
        return self._waiting

    def give(self, chunk: Any) -> bool:
        """Take a piece, if it is waited for."""
        if self._waiting is None or self._waiting.done():
            return False
        self._waiting.set_result(chunk)
        return True

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _finish(self, error: BaseException | None) -> None:
        if not self.over:
            self.over = True
            self.error = error
        self._wake()

    def _on_end(self) -> None:
        if self._stream._destroyed or not self._stream._ends_by_close:
            self._finish(None)

    def _on_error(self, error: BaseException) -> None:
        self._finish(error)

    def _on_close(self, *_: Any) -> None:
        stream = self._stream
        read_to_the_end = stream._end_emitted or (stream._eof and not stream._length)
        self._finish(stream.errored or (None if read_to_the_end else PrematureCloseError()))


class Iteration(AsyncIterator[Any]):
    """Gives what `read` gives, until the stream is over; leaving it early breaks the stream off.

    Not an async generator: a loop that is left lets go of its iterator at once,
    but a generator would be closed by a task of the loop's, some turns later.
    """

    __slots__ = ("_ear", "_loop", "_stream")

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._ear: Ear | None = None  # None before the first step and after the last
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __anext__(self) -> Any:
        stream, ear = self._stream, self._ear
        if ear is None:
            if self._loop is not None:
                raise StopAsyncIteration
            self._loop = asyncio.get_running_loop()
            ear = self._ear = Ear(stream)
            ear.open()
        while True:
            # Else the producer was asked, nothing has come, and `read` would find and change nothing.
            if not (stream._reading and stream._need_readable) or stream._length:
                chunk = None if stream._destroyed else stream.read()
                if chunk is not None:
                    return chunk
            if ear.over:
                break
            try:
                chunk = await ear.wait(asyncio.get_running_loop())
            except BaseException:  # its traceback would keep this iterator, and so the stream, waiting
                await self.aclose()
                raise
            if chunk is not None:
                return chunk
        await self.aclose()
        if ear.error is not None:
            raise ear.error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Leave; contextlib.aclosing calls this."""
        ear, self._ear = self._ear, None
        if ear is not None:
            ear.leave()

    def __del__(self) -> None:
        ear, loop = self._ear, self._loop
        if ear is None or loop is None:
            return
        if asyncio._get_running_loop() is loop:
            ear.leave()
        elif not loop.is_closed():  # the collector may run in any thread
            loop.call_soon_threadsafe(ear.leave)
