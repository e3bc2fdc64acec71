"""pipeline: a source into a response, with back-pressure and one ending."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.loops import TIMEOUT, on_both_loops
from tests.kit.response_stage import CHUNKED, HEAD, KEEP, Served, serve
from writehead import http
from writehead.errors import ConnectionLostError, InvalidArgTypeError, StreamWriteAfterEndError

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n"
ANSWER = f"HTTP/1.1 200 OK|Date: D|{KEEP}|{CHUNKED}||"


def open_response(request: bytes = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") -> Served:
    served = serve(id, request)
    served.server.on("clientError", lambda error, socket: socket.destroy())
    return served


class Chunks:
    """An async iterable that tells whether it was closed."""

    def __init__(
        self, *chunks: Any, error: Exception | None = None, wait: asyncio.Event | None = None
    ) -> None:
        self.chunks = chunks
        self.error = error
        self.wait = wait
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            for chunk in self.chunks:
                yield chunk
            if self.wait is not None:
                await self.wait.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.closed = True


@pytest.mark.parametrize(
    "source",
    [
        lambda: ["a", b"bc"],
        lambda: iter(["a", b"bc"]),
        lambda: (chunk for chunk in ("a", bytearray(b"bc"))),
        lambda: Chunks("a", b"bc"),
        lambda: {"a": 1, "bc": 2},
    ],
)
@on_both_loops
async def test_iterables_of_chunks(source: Any) -> None:
    """A chunk a piece; 'finish' has come when it returns."""
    served = open_response()
    await http.pipeline(source(), served.res)
    assert served.text == f"{ANSWER}1|a|2|bc|0||"
    assert served.res.writable_finished


@on_both_loops
async def test_nothing() -> None:
    """An empty source is an empty body."""
    served = open_response()
    await http.pipeline([], served.res)
    assert served.text == f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 0||"


@on_both_loops
async def test_a_request() -> None:
    """Its body, as it comes."""
    served = open_response(POST + b"abc")
    pouring = asyncio.ensure_future(http.pipeline(served.req, served.res))
    await asyncio.sleep(0)
    served.client.send(b"def")
    await pouring
    assert served.text == f"{ANSWER}3|abc|3|def|0||"
    assert served.client.request("GET", "/next") is not None


@pytest.mark.parametrize("mode", ["rb", "r"])
@on_both_loops
async def test_a_file(tmp_path: Path, mode: str) -> None:
    """In large pieces, read outside of the loop; text is utf-8."""
    path = tmp_path / "file"
    path.write_text("é" * 200_000, "utf-8")
    served = open_response()
    served.res.should_keep_alive = False
    with open(path, mode, encoding=None if "b" in mode else "utf-8") as file:
        await http.pipeline(file, served.res)
    body = served.body
    assert body.endswith(b"0\r\n\r\n")
    assert body.count("é".encode()) >= 199_999
    served = open_response()
    await http.pipeline(io.BytesIO(b"abc"), served.res)
    assert served.text == f"{ANSWER}3|abc|0||"


@on_both_loops
async def test_head_reads_the_source_and_sends_nothing() -> None:
    """The head is that of any HEAD."""
    served = open_response(HEAD)
    await http.pipeline(["a", "b"], served.res)
    assert served.text == f"HTTP/1.1 200 OK|Date: D|{KEEP}||"


@on_both_loops
async def test_a_slow_client_stops_the_source() -> None:
    """No more is drawn than the mark lets through, until it reads."""
    drawn: list[int] = []

    def source() -> Iterator[bytes]:
        for number in range(10):
            drawn.append(number)
            yield b"x" * 40_000

    served = open_response()
    served.client.stall()
    pouring = asyncio.ensure_future(http.pipeline(source(), served.res))
    for _ in range(10):
        await asyncio.sleep(0)
    assert drawn == [0, 1]
    served.client.take()
    await pouring
    assert len(drawn) == 10
    assert served.body.count(b"x") == 400_000


@pytest.mark.parametrize("source", [5, None, "text", b"bytes", bytearray(b"x"), memoryview(b"x"), object()])
@on_both_loops
async def test_what_is_no_source(source: Any) -> None:
    """Is refused by its type; the response is untouched."""
    served = open_response()
    with pytest.raises(InvalidArgTypeError, match="source"):
        await http.pipeline(source, served.res)
    assert not served.res.headers_sent
    served.res.end("ok")
    await served.res.wait_finished()


@pytest.mark.parametrize("kind", ["async", "sync"])
@on_both_loops
async def test_a_source_that_fails(kind: str) -> None:
    """Its error comes out; the connection is cut, so that nobody takes a part for the whole."""

    def failing() -> Iterator[Any]:
        yield "a"
        raise KeyError("source")

    served = open_response()
    source = Chunks("a", error=KeyError("source")) if kind == "async" else failing()
    with pytest.raises(KeyError, match="source"):
        await http.pipeline(source, served.res)
    assert isinstance(served.res.errored, KeyError)
    await served.client.until(lambda: served.client.closed)
    assert b"0\r\n\r\n" not in served.bytes


@on_both_loops
async def test_a_file_that_does_not_wait_has_not_ended() -> None:
    """A raw `read` gives None where nothing has come yet: a part is not taken for the whole."""
    served = open_response()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with open(writer, "wb", buffering=0) as end:
        end.write(b"a")
        with pytest.raises(BlockingIOError):
            await http.pipeline(open(reader, "rb", buffering=0), served.res)
    assert served.res.destroyed
    await served.client.until(lambda: served.client.closed)
    assert b"0\r\n\r\n" not in served.bytes


@on_both_loops
async def test_a_source_of_what_cannot_be_written() -> None:
    """The same, by the error of `write`."""
    served = open_response()
    source = Chunks("a", 5, "b")
    with pytest.raises(InvalidArgTypeError):
        await http.pipeline(source, served.res)
    assert source.closed
    assert served.res.destroyed


@pytest.mark.parametrize("stalled", [False, True])
@on_both_loops
async def test_a_client_that_leaves(stalled: bool) -> None:
    """While bytes wait, or between two chunks; the source is closed."""
    served = open_response()
    wait = asyncio.Event()
    source = Chunks("a", wait=wait) if not stalled else Chunks(*[b"x" * 70_000] * 5)
    if stalled:
        served.client.stall()
    pouring = asyncio.ensure_future(http.pipeline(source, served.res))
    for _ in range(5):
        await asyncio.sleep(0)
    served.client.reset()
    wait.set()
    with pytest.raises(ConnectionLostError):
        await pouring
    assert source.closed


@pytest.mark.parametrize("how", ["client", "response", "source", "before"])
@on_both_loops
async def test_a_source_that_has_nothing_to_say_when_the_client_leaves(how: str) -> None:
    """Is not waited for: it is closed, and nothing else of the task is cancelled."""
    served = open_response()
    closed: list[str] = []

    async def source() -> AsyncIterator[str]:
        try:
            if how != "before":
                yield "a"
            if how == "source":
                served.client.reset()
            await asyncio.Event().wait()
        finally:
            closed.append(how)

    async def handler() -> None:
        with pytest.raises(ConnectionLostError):
            await http.pipeline(source(), served.res)
        task = asyncio.current_task()
        assert task is not None
        assert not task.cancelling()
        await asyncio.sleep(0)

    if how == "before":
        served.client.reset()
    pouring = asyncio.ensure_future(handler())
    for _ in range(5):
        await asyncio.sleep(0)
    if how == "client":
        served.client.reset()
    elif how == "response":
        served.res.destroy()
    await asyncio.wait_for(pouring, 5)
    assert closed == [how]
    assert served.res.listener_count("close") == 0


@on_both_loops
async def test_a_pipeline_that_is_cancelled_as_the_client_leaves() -> None:
    """The cancellation of somebody else stays one."""
    served = open_response()
    source = Chunks("a", wait=asyncio.Event())
    pouring = asyncio.ensure_future(http.pipeline(source, served.res))
    for _ in range(5):
        await asyncio.sleep(0)
    served.client.reset()
    pouring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pouring
    assert source.closed


@pytest.mark.parametrize("close", [False, True])
@on_both_loops
async def test_a_close_after_the_finish_is_no_loss(close: bool) -> None:
    """Of a response that its source has ended, in both modes."""
    served = serve(id, emit_close_after_finish=close)

    async def source() -> AsyncIterator[str]:
        yield "a"
        served.res.end("b")
        for _ in range(10):
            await asyncio.sleep(0)

    await http.pipeline(source(), served.res)
    assert served.text == f"{ANSWER}1|a|1|b|0||"


@on_both_loops
async def test_a_client_that_left_before() -> None:
    """Nothing is drawn beyond the first chunk."""
    served = open_response()
    served.client.reset()
    source = Chunks("a", "b")
    with pytest.raises(ConnectionLostError):
        await http.pipeline(source, served.res)
    assert source.closed


@on_both_loops
async def test_a_response_that_was_ended_before() -> None:
    """Nothing is drawn of a source that may never speak."""
    served = open_response()
    served.res.end()
    source = Chunks(wait=asyncio.Event())
    with pytest.raises(StreamWriteAfterEndError):
        await http.pipeline(source, served.res)


@on_both_loops
async def test_a_request_that_is_aborted() -> None:
    """The source's own error."""
    served = open_response(POST + b"abc")
    pouring = asyncio.ensure_future(http.pipeline(served.req, served.res))
    await asyncio.sleep(0)
    served.client.reset()
    with pytest.raises(ConnectionLostError):
        await pouring


@on_both_loops
async def test_a_response_that_somebody_ends() -> None:
    """No more is written; the answer that is out stands."""
    served = open_response()
    wait = asyncio.Event()

    async def source() -> AsyncIterator[str]:
        yield "a"
        await wait.wait()
        yield "b"

    pouring = asyncio.ensure_future(http.pipeline(source(), served.res))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    served.res.end()
    wait.set()
    with pytest.raises(StreamWriteAfterEndError):
        await pouring
    assert served.text == f"{ANSWER}1|a|0||"
    assert not served.client.closed


@on_both_loops
async def test_a_source_that_ends_with_the_response() -> None:
    """Nothing is left to do."""
    served = open_response()

    async def source() -> AsyncIterator[str]:
        yield "a"
        served.res.end("b")

    await http.pipeline(source(), served.res)
    assert served.text == f"{ANSWER}1|a|1|b|0||"


@on_both_loops
async def test_a_cancelled_pipeline() -> None:
    """Closes the source and cuts the connection."""
    served = open_response()
    source = Chunks("a", wait=asyncio.Event())
    pouring = asyncio.ensure_future(http.pipeline(source, served.res))
    for _ in range(3):
        await asyncio.sleep(0)
    pouring.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pouring
    assert source.closed
    await served.client.until(lambda: served.client.closed)


@on_both_loops
async def test_an_async_iterator_without_aclose() -> None:
    """Is fine."""

    class Two:
        left = 2

        def __aiter__(self) -> Two:
            return self

        async def __anext__(self) -> str:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return "x"

    served = open_response()
    await http.pipeline(Two(), served.res)
    assert served.text == f"{ANSWER}1|x|1|x|0||"


# -- its source is closed ------------------------------------------------------------


class Closing:
    """Whether it was closed is in `closed`."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


class File(Closing):
    """A file that gives `count` pieces; the last read waits for `gate`, if there is one."""

    def __init__(self, count: int = 3, gate: threading.Event | None = None) -> None:
        super().__init__()
        self.count, self.gate = count, gate

    def read(self, size: int) -> bytes:
        self.count -= 1
        if self.count < 0 and self.gate is not None:
            assert self.gate.wait(TIMEOUT)
        return b"abc" if self.count >= 0 else b""


class Iterator_(Closing):
    """An iterator with a close()."""

    def __init__(self, count: int = 3) -> None:
        super().__init__()
        self.count = count

    def __iter__(self) -> Iterator_:
        return self

    def __next__(self) -> bytes:
        self.count -= 1
        if self.count < 0:
            raise StopIteration
        return b"abc"


class Rows(Closing):
    """What is iterated over has the close(), as a cursor's rows."""

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"abc"] * 3)


class AsyncRows(Closing):
    """The same, asynchronous: a close() that is awaited."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"abc"

    async def aclose(self) -> None:
        self.closed += 1


class AsyncIterator_(Closing):
    """An async iterator with an aclose()."""

    count = 3

    def __aiter__(self) -> AsyncIterator_:
        return self

    async def __anext__(self) -> bytes:
        self.count -= 1
        if self.count < 0:
            raise StopAsyncIteration
        return b"abc"

    async def aclose(self) -> None:
        self.closed += 1


class AsyncFile(Closing):
    """A file whose methods are coroutines."""

    count = 3

    async def read(self, size: int) -> bytes:
        self.count -= 1
        return b"abc" if self.count >= 0 else b""

    async def close(self) -> None:  # type: ignore[override]
        self.closed += 1


SOURCES = [AsyncFile, File, Iterator_, Rows, AsyncRows, AsyncIterator_]


def end_by_others(served: Served) -> None:
    served.res.end()


WAYS = {
    "success": lambda served: None,
    "client gone before": lambda served: served.client.reset(),
    "response destroyed": lambda served: served.res.destroy(),
    "response ended": end_by_others,
    "what cannot be written": lambda served: setattr(served.res, "write", bool.__invert__),
}


@pytest.mark.parametrize("in_thread", [False, True])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", SOURCES)
@on_both_loops
async def test_a_source_is_closed_once_however_it_goes(kind: Any, way: str, in_thread: bool) -> None:
    """As Node's pipeline destroys its source."""
    served = open_response()
    WAYS[way](served)
    source = kind()
    try:
        await http.pipeline(source, served.res, in_thread=in_thread)
        assert way == "success"
    except (ConnectionLostError, StreamWriteAfterEndError, TypeError):
        assert way != "success"
    assert source.closed == 1


@pytest.mark.parametrize("request_bytes", [HEAD, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"])
@pytest.mark.parametrize("kind", SOURCES)
@on_both_loops
async def test_where_no_body_is_allowed_nothing_is_read(kind: Any, request_bytes: bytes) -> None:
    """Of HEAD, 204 and 304 the head alone is sent; the source is closed unread."""
    for status in (200, 204, 304):
        served = open_response(request_bytes)
        source = kind()
        unread = request_bytes == HEAD or status != 200
        source.count = -100 if unread else 3  # each step takes one
        served.res.status_code = status
        await http.pipeline(source, served.res)
        assert source.closed == 1
        assert served.bytes.endswith(b"0\r\n\r\n") != unread
        assert (source.count == -100) == unread


@on_both_loops
async def test_a_status_that_only_the_first_write_finds_out() -> None:
    """The source stops behind it."""
    served = open_response()
    served.res.status_code = "204"
    drawn = []

    def endless() -> Iterator[bytes]:
        while True:
            drawn.append(1)
            yield b"abc"

    await http.pipeline(endless(), served.res)
    assert len(drawn) == 1
    assert served.bytes.startswith(b"HTTP/1.1 204 No Content\r\n")


@on_both_loops
async def test_a_cancelled_pipeline_closes_its_file_behind_the_read() -> None:
    """The read that blocks is not waited for; its thread closes the file."""
    gate = threading.Event()
    file = File(1, gate)
    served = open_response()
    task = asyncio.ensure_future(http.pipeline(file, served.res))
    while file.count >= 0:
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not file.closed
    gate.set()
    while not file.closed:
        await asyncio.sleep(0.001)


@on_both_loops
async def test_a_request_is_broken_off_when_its_reader_has_gone() -> None:
    """Before its first step, too; its connection is not cut."""
    source, served = open_response(POST), open_response()
    request = source.res.req
    served.client.reset()
    with pytest.raises(ConnectionLostError):
        await http.pipeline(request, served.res)
    assert request.destroyed
    source.res.end("ok")
    await source.res.wait_finished()
    assert source.bytes.endswith(b"ok")


@pytest.mark.parametrize("way", ["success", "response ended"])
@on_both_loops
async def test_a_source_that_cannot_be_closed(way: str, caplog: pytest.LogCaptureFixture) -> None:
    """Is an error of its own, unless there was one before."""

    class Stuck(Iterator_):
        def close(self) -> None:
            raise KeyError("mine")

    served = open_response()
    WAYS[way](served)
    with pytest.raises(KeyError if way == "success" else StreamWriteAfterEndError):
        await http.pipeline(Stuck(), served.res)
    assert ("could not be closed" in caplog.text) == (way != "success")


# -- and others have their turn --------------------------------------------------------


@pytest.mark.parametrize("chunk", ["x", ""])
@on_both_loops
async def test_a_source_that_never_waits_lets_others_go_on(chunk: str) -> None:
    """Nor ever ends: whatever it gives, a pipeline pauses now and then."""
    served = open_response()

    def endless() -> Iterator[str]:
        while True:
            yield chunk

    task = asyncio.ensure_future(http.pipeline(endless(), served.res))
    for _ in range(5):
        await asyncio.sleep(0)
    served.client.reset()
    with pytest.raises(ConnectionLostError):
        await task


@on_both_loops
async def test_a_source_that_blocks_is_stepped_in_a_thread() -> None:
    """By `in_thread`; the loop goes on meanwhile."""
    gate = threading.Event()
    threads = set()

    def rows() -> Iterator[str]:
        threads.add(threading.current_thread())
        yield "a"
        assert gate.wait(TIMEOUT)
        yield "b"

    served = open_response()
    task = asyncio.ensure_future(http.pipeline(rows(), served.res, in_thread=True))
    while not served.body.endswith(b"a\r\n"):
        await asyncio.sleep(0.001)
    gate.set()
    await task
    assert served.body == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    assert threading.current_thread() not in threads
