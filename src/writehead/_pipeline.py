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
