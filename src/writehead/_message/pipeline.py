"""pipeline(): sends a source as the body of a response, with back-pressure, and closes both."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from writehead._message.outgoing import OutgoingMessage
from writehead._message.source import Source
from writehead._message.writable_watch import Watch
from writehead._semantics.status import body_allowed
from writehead.errors import ConnectionLostError, StreamWriteAfterEndError

if TYPE_CHECKING:
    from writehead._node.argument_types import Pourable

#: How long a source that never waits is sent, in seconds, before other tasks may run.
SLICE_SECONDS = 0.005


async def pipeline(source: Pourable, res: OutgoingMessage, in_thread: bool = False) -> None:
    """Send everything that `source` yields as the body of `res`, at the speed of the client, and end it.

    The source is closed in any case: a file or an iterator by `close`, an async generator by
    `aclose`, a request by destroying it. Where no body is allowed (HEAD, 204, 304) it is not
    read.

    Args:
        source: an IncomingMessage, a binary file object (its methods may be coroutines), an iterable or an async
            iterable of chunks (`str` or bytes-like). A file is read in a thread.
        res: the response to write.
        in_thread: whether each step of a plain iterable is taken in a thread, because it may block.

    Raises:
        ConnectionLostError: the client disconnected.
        StreamWriteAfterEndError: the program has ended the response.
        Whatever the source raises; the response is destroyed then.

    Source: https://nodejs.org/api/stream.html#streampromisespipelinesource-transforms-destination-options
    """
    opened = Source(source, in_thread)
    try:
        async with Watch(res):
            await _pour(opened, res)
        await opened.close()
    except BaseException as error:
        if not res.finished:
            res.destroy(error if isinstance(error, Exception) else None)
        await opened.give_up()
        raise
    if not res.finished:
        res.end()
    await res.wait_finished()


async def _pour(source: Source, res: OutgoingMessage) -> None:
    if res.finished or _lacks_body(res):  # a source that never yields would wait forever
        _check(res)
        return
    began = time.monotonic()
    async for chunk in source.chunks:
        _check(res)
        if not res.write(chunk):
            await res.drain()
        if not res._exchange.body_allowed:  # known once the first write has rendered the head
            return
        if time.monotonic() - began > SLICE_SECONDS:
            await asyncio.sleep(0)
            began = time.monotonic()


def _check(res: OutgoingMessage) -> None:
    if res.destroyed and not res.writable_finished:
        raise res.errored or ConnectionLostError()
    if res.finished:
        raise StreamWriteAfterEndError


def _lacks_body(res: OutgoingMessage) -> bool:
    """Return whether no body will be sent, even if the head is not rendered yet."""
    if res.headers_sent:
        return not res._exchange.body_allowed
    status = getattr(res, "_status_code", 200)
    return isinstance(status, int) and not body_allowed(getattr(res, "_for_head_request", False), status)
