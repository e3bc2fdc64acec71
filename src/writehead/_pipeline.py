"""pipeline(): a source poured into a response, with back-pressure and one ending."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

from writehead._file import PIECE
from writehead._outgoing import OutgoingMessage
from writehead.errors import ConnectionLostError, InvalidArgTypeError, StreamWriteAfterEndError


async def pipeline(source: Any, res: OutgoingMessage) -> None:
    """Write all of `source` to `res`, wait where the client is slow, and end it.

    Args:
        source: an IncomingMessage, a binary file object, an iterable or an async
            iterable of chunks (`str` or bytes-like).
        res: the response to write.

    Raises:
        ConnectionLostError: the client went away.
        StreamWriteAfterEndError: somebody has ended the response.
        Whatever the source raises; the response is destroyed then.

    Source: https://nodejs.org/api/stream.html#streampromisespipelinesource-transforms-destination-options
    """
    chunks = _chunks_of(source)
    try:
        async with _Watch(res):
            async for chunk in chunks:
                if res.destroyed and not res.writable_finished:
                    raise res.errored or ConnectionLostError()
                if res.finished:
                    raise StreamWriteAfterEndError
                if not res.write(chunk):
                    await res.drain()
    except BaseException as error:
        if not res.finished:
            res.destroy(error if isinstance(error, Exception) else None)
        raise
    finally:
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()
    if not res.finished:
        res.end()
    await res.wait_finished()


class _Watch:
    """Ends the wait for a source that has nothing to say, once the client has gone.

    As asyncio.timeout(): it cancels the task, and makes an error of that, but of no other cancellation.
    """

    def __init__(self, res: OutgoingMessage) -> None:
        self._res = res
        self._over = self._cancelled = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._before = task.cancelling()
        self._res.on("close", self._on_close)
        if self._res.closed:
            self._on_close()

    def _on_close(self) -> None:
        # A task that runs, as it does if its source destroys the response, would be cancelled too late.
        self._task.get_loop().call_soon(self._cancel)

    def _cancel(self) -> None:
        if not self._over and not self._res._flushed:
            self._cancelled = True
            self._task.cancel()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over = True
        self._res.remove_listener("close", self._on_close)
        if self._cancelled and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise self._res.errored or ConnectionLostError()


def _chunks_of(source: Any) -> AsyncIterator[Any]:
    if isinstance(source, AsyncIterable):
        return source.__aiter__()
    if hasattr(source, "read"):
        return _read_file(source)
    if isinstance(source, Iterable) and not isinstance(source, (str, bytes, bytearray, memoryview)):
        return _walk(source)
    raise InvalidArgTypeError("source", "a request, a file or an iterable of chunks", source)


async def _read_file(file: Any) -> AsyncIterator[bytes]:
    while data := await asyncio.to_thread(file.read, PIECE):
        yield data


async def _walk(chunks: Iterable[Any]) -> AsyncIterator[Any]:
    for chunk in chunks:
        yield chunk
