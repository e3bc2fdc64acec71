"""Sources of a pipeline: each yields chunks to `async for`, and can be closed at any time."""

from __future__ import annotations

import asyncio
import errno
import inspect
import logging
import os
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import Any

from writehead._message.file_body import PIECE
from writehead._streams.readable import Readable
from writehead.errors import InvalidArgTypeError

logger = logging.getLogger("writehead")

_END: Any = object()


class Source:
    """What a pipeline reads: the iterator `chunks`, and the closing of all behind it.

    Raises:
        InvalidArgTypeError: `given` is no request, file or iterable of chunks.
    """

    def __init__(self, given: Any, in_thread: bool) -> None:
        self._given = given
        self._closed = False
        self._reads = inspect.iscoroutinefunction(getattr(given, "read", None))
        self.chunks: AsyncIterator[Any] = _chunks_of(given, in_thread)

    async def close(self) -> None:
        """Close the iterator, then what it iterates over; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        await _close(self.chunks)
        given = self._given
        if isinstance(given, Readable):
            if not (given.destroyed or given.readable_ended):
                given._break_off()
        elif given is not self.chunks and (isinstance(given, AsyncIterable) or self._reads):
            await _close(given)

    async def give_up(self) -> None:
        """Close it after an error, and log an error of closing, so that the first is raised."""
        try:
            await self.close()
        except Exception:
            logger.warning("the source of a pipeline could not be closed: %r", self._given, exc_info=True)


async def _close(source: Any) -> None:
    for name in ("aclose", "close"):
        close = getattr(source, name, None)
        if callable(close):
            result = close()
            if inspect.isawaitable(result):
                await result
            return


def _chunks_of(given: Any, in_thread: bool) -> AsyncIterator[Any]:
    if isinstance(given, AsyncIterable):
        return given.__aiter__()
    read = getattr(given, "read", None)
    if inspect.iscoroutinefunction(read):  # such as a form upload's
        return _read_pieces(read)
    if read is not None:
        return ThreadSteps(lambda: _read_piece(read), (given,))
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes, bytearray, memoryview)):
        iterator = iter(given)
        owners = (iterator,) if iterator is given else (iterator, given)
        if in_thread:
            return ThreadSteps(lambda: next(iterator, _END), owners)
        return Steps(lambda: next(iterator, _END), owners)
    raise InvalidArgTypeError("source", "a request, a file or an iterable of chunks", given)


async def _read_pieces(read: Callable[[int], Any]) -> AsyncIterator[Any]:
    while piece := await read(PIECE):
        yield piece


def _read_piece(read: Callable[[int], Any]) -> Any:
    piece = read(PIECE)
    if piece is None:  # `io.RawIOBase.read` of a non-blocking descriptor: not the end
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return piece or _END


class Steps(AsyncIterator[Any]):
    """Iterates by calling `step`; closes the `owners`, in order, if they have `close`."""

    def __init__(self, step: Callable[[], Any], owners: tuple[Any, ...]) -> None:
        self._step = step
        self._owners = owners

    async def __anext__(self) -> Any:
        chunk = self._step()
        if chunk is _END:
            raise StopAsyncIteration
        return chunk

    async def aclose(self) -> None:
        """Close the owners."""
        self._close_owners()

    def _close_owners(self) -> None:
        for owner in self._owners:
            close = getattr(owner, "close", None)
            if callable(close):
                close()


class ThreadSteps(Steps):
    """Steps that may block: each runs in a thread, one after the other.

    A step that still blocks when the client has disconnected is not waited for: its thread closes the source.
    """

    def __init__(self, step: Callable[[], Any], owners: tuple[Any, ...]) -> None:
        super().__init__(step, owners)
        self._lock = threading.Lock()
        self._busy = self._left = False

    async def __anext__(self) -> Any:
        chunk = await asyncio.to_thread(self._take)
        if chunk is _END:
            raise StopAsyncIteration
        return chunk

    def _take(self) -> Any:
        with self._lock:
            if self._left:
                return _END
            self._busy = True
        try:
            return self._step()
        finally:
            if self._is_left_behind():
                self._close_owners()

    def _is_left_behind(self) -> bool:
        with self._lock:
            self._busy = False
            return self._left

    async def aclose(self) -> None:
        """Close the owners in a thread, as that may block, too."""
        with self._lock:
            self._left = True
            busy = self._busy
        if not busy:
            await asyncio.to_thread(self._close_owners)
