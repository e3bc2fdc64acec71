"""`async for` takes what is buffered, waits for more, and ends as the stream does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest

from tests.kit.readable_stage import Source
from writehead.errors import AbortError, PrematureCloseError


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def collect(source: Source, into: list[Any]) -> None:
    async for chunk in source:
        into.append(chunk)


async def test_chunks_come_joined_until_the_close() -> None:
    """What was buffered in one piece, then each as it comes."""
    source, chunks = Source(), []
    source._push(b"ab")
    source._push(b"c")
    task = asyncio.ensure_future(collect(source, chunks))
    await settle()
    source._push(b"d")
    await settle()
    source._push_end()
    await task
    assert chunks == [b"abc", b"d"]
    assert source.closed


async def test_a_second_loop_after_the_end_gives_nothing() -> None:
    """No chunk and no error; nor does an iterator that is over go on."""
    source, chunks = Source(), []
    source._push_end()
    iterator = aiter(source)
    assert [chunk async for chunk in iterator] == []
    with pytest.raises(StopAsyncIteration):
        await anext(iterator)
    await collect(source, chunks)
    assert chunks == []


async def test_a_stream_that_fails_raises_its_error() -> None:
    """At once, though something is still buffered; also when the loop starts later."""
    source, chunks, error = Source(), [], LookupError("lost")
    task = asyncio.ensure_future(collect(source, chunks))
    await settle()
    source._push(b"a")
    source.destroy(error)
    with pytest.raises(LookupError):
        await task
    with pytest.raises(LookupError):
        await collect(source, chunks)
    assert chunks == []


async def test_a_stream_destroyed_without_an_error_was_closed_too_early() -> None:
    """Unless all had been read."""
    source = Source()
    source.destroy()
    with pytest.raises(PrematureCloseError) as caught:
        await collect(source, [])
    assert caught.value.code == "ERR_STREAM_PREMATURE_CLOSE"
    source = Source()
    source._push_end()
    source.destroy()
    await collect(source, [])


async def test_leaving_early_breaks_the_stream_off_at_once() -> None:
    """By break, by an exception, by a cancelled task."""

    async def fail(source: Source) -> None:
        async for _ in source:
            raise LookupError

    sources = [Source(), Source(), Source()]
    for source in sources:
        source._push(b"a")
    async for _ in sources[0]:
        break
    assert sources[0].destroyed
    with pytest.raises(LookupError):
        await fail(sources[1])
    task = asyncio.ensure_future(collect(sources[2], []))
    await settle()
    task.cancel()
    await settle()
    assert [type(source.errored) for source in sources] == [AbortError] * 3


async def test_aclosing_breaks_it_off_too() -> None:
    """Where the iterator is kept; before the first step there is nothing to break off."""
    source = Source()
    source._push(b"a")
    async with contextlib.aclosing(aiter(source)) as iterator:  # type: ignore[type-var]
        pass
    assert not source.destroyed
    async with contextlib.aclosing(aiter(source)) as iterator:  # type: ignore[type-var]
        assert await anext(iterator) == b"a"
    assert isinstance(source.errored, AbortError)


async def test_a_cancelled_step_is_the_last() -> None:
    """As with an async generator: the stream is broken off though the iterator is kept."""
    source = Source()
    iterator = aiter(source)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await anext(iterator)
    assert isinstance(source.errored, AbortError)
    with pytest.raises(StopAsyncIteration):
        await anext(iterator)


async def test_a_piece_is_with_the_task_before_the_call_that_brought_it_returns() -> None:
    """As in Node, before the next connection is read; in the context of the task, which others may not enter."""
    source, chunks = Source(), []
    task = asyncio.ensure_future(collect(source, chunks))
    await settle()
    seen: list[tuple[bool, list[Any]]] = []

    def bring(piece: bytes) -> None:
        seen.append((source._hand_over(piece), chunks[:]))

    loop = asyncio.get_running_loop()
    loop.call_soon(bring, b"a")
    loop.call_soon(bring, b"b")
    await settle()
    bring(b"c")  # a task runs: this one
    bring(b"d")  # one piece waits already: it is not handed over
    assert seen == [(True, [b"a"]), (True, [b"a", b"b"]), (True, [b"a", b"b"]), (False, [b"a", b"b"])]
    assert source.readable_did_read
    source._push_end()
    await task
    assert chunks == [b"a", b"b", b"c"]


async def test_a_task_that_is_cancelled_while_it_waits_hears_of_it_once() -> None:
    """With the text it was cancelled with; what comes later wakes nobody."""
    source, chunks = Source(), []
    task = asyncio.ensure_future(collect(source, chunks))
    await settle()
    assert task.cancel("enough")
    assert not source._hand_over(b"a")
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await task
    assert (chunks, task.cancelled()) == ([], True)
    assert isinstance(source.errored, AbortError)


async def test_what_comes_before_a_task_takes_the_step_up_is_not_lost() -> None:
    """A coroutine may be driven by hand up to its first wait, and go on in a task."""
    source, chunks = Source(), []
    coroutine = collect(source, chunks)
    waits_for = coroutine.send(None)
    source._push_end()
    await settle()

    class Rest:
        def __await__(self) -> Generator[Any, Any, None]:
            yield waits_for
            with contextlib.suppress(StopIteration):
                while True:
                    yield coroutine.send(None)

    async with asyncio.timeout(5):
        await Rest()
    assert (chunks, source.closed) == ([], True)


async def test_data_listeners_get_every_piece_too() -> None:
    """The loop and they read the same."""
    source, chunks, heard = Source(), [], []
    source.on("data", heard.append)
    task = asyncio.ensure_future(collect(source, chunks))
    await settle()
    source._push(b"a")
    await settle()
    source._push_end()
    await task
    assert chunks == heard == [b"a"]


async def test_a_stream_that_outlives_its_end_is_over_at_the_end() -> None:
    """A socket may still be written to; its mode is given back, also to a second loop."""

    class TwoWay(Source):
        _ends_by_close = False

        def _ended(self) -> None: ...

    source, chunks = TwoWay(), []
    source._push(b"a")
    source._push_end()
    await collect(source, chunks)
    await collect(source, chunks)
    assert (chunks, source.destroyed, source.listener_count("readable")) == ([b"a"], False, 0)


async def test_an_iterator_found_by_the_collector_elsewhere_breaks_off_in_its_loop() -> None:
    """The thread that collects it does not touch the stream."""
    source = Source()
    source._push(b"a")
    held: list[AsyncIterator[Any]] = [aiter(source)]
    await anext(held[0])
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    await settle()
    assert isinstance(source.errored, AbortError)


def test_an_iterator_that_outlives_its_loop_is_forgotten() -> None:
    """There is nobody to tell."""
    source = Source()
    source._push(b"a")

    async def main() -> AsyncIterator[Any]:
        iterator = aiter(source)
        await anext(iterator)
        return iterator

    iterator = asyncio.run(main())
    del iterator
    gc.collect()
    assert not source.destroyed
