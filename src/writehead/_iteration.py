"""Iteration: `async for` over a readable, by its 'readable' events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from ._turns import later
from .errors import PrematureCloseError

if TYPE_CHECKING:
    from ._readable import Readable


class _Ear:
    """Hears what may end the wait of an iteration; `over` and `error` tell how it ended."""

    __slots__ = ("_stream", "_waiting", "error", "over")

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._waiting: asyncio.Future[None] | None = None
        self.over = False
        self.error: BaseException | None = None

    def open(self) -> None:
        stream = self._stream
        stream.on("readable", self._wake)
        stream.on("end", self._on_end)
        stream.on("error", self._on_error)
        stream.on("close", self._on_close)
        if stream._closed:
            later(self._on_close)
        elif stream._end_emitted:
            later(self._on_end)

    def shut(self) -> None:
        stream = self._stream
        stream.off("readable", self._wake)
        stream.off("end", self._on_end)
        stream.off("error", self._on_error)
        stream.off("close", self._on_close)

    def wait(self) -> asyncio.Future[None]:
        self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _finish(self, error: BaseException | None) -> None:
        if not self.over:
            self.over = True
            self.error = error
        self._wake()

    def _on_end(self) -> None:
        if not self._stream._ends_by_close:
            self._finish(None)

    def _on_error(self, error: BaseException) -> None:
        self._finish(error)

    def _on_close(self, *_: Any) -> None:
        stream = self._stream
        read_to_the_end = stream._end_emitted or (stream._eof and not stream._length)
        self._finish(stream.errored or (None if read_to_the_end else PrematureCloseError()))


async def iterate(stream: Readable) -> AsyncIterator[Any]:
    """Yield what `read` gives, until the stream is over; leaving early breaks it off."""
    ear = _Ear(stream)
    ear.open()
    try:
        while True:
            chunk = None if stream._destroyed else stream.read()
            if chunk is not None:
                yield chunk
            elif not ear.over:
                await ear.wait()
            elif ear.error is not None:
                raise ear.error
            else:
                return
    finally:
        ear.shut()
        if not (ear.over or stream._destroyed):
            stream._break_off()
