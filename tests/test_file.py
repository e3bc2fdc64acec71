"""send_file: the kernel's copy and ours, whole files and ranges, and everything that may go wrong."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import TIMEOUT
from tests.response_stage import GET10, HEAD, KEEP, serve
from tests.stage import GET, OK, Dialled, dateless, dial, on_both_loops
from writehead import http, testing
from writehead._file import FileRange
from writehead.errors import (
    ConnectionLostError,
    FileChangedError,
    InvalidArgTypeError,
    OutOfRangeError,
    StreamWriteAfterEndError,
)

DATA = bytes(range(256)) * 4
BIG = os.urandom(64) * 65_536  # 4 MiB: more than a socket takes at once

Handler = Callable[[Any, Any], Awaitable[None]]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def big(tmp_path: Path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(BIG)
    return path


class Running:
    """A server on a port; `outcome` is what the handler returned or raised."""

    def __init__(self, handler: Callable[[Any], Awaitable[None]], **options: Any) -> None:
        self._handler = handler
        self._outcome: asyncio.Future[BaseException | None] = asyncio.get_running_loop().create_future()
        self.log: list[str] = []
        self.server = http.create_server(options)
        self.server.on("request", self._handle)
        self.server.on("clientError", lambda error, socket: socket.destroy())

    async def _handle(self, req: Any, res: Any) -> None:
        for name in ("finish", "close"):
            res.on(name, lambda name=name: self.log.append(name))  # type: ignore[misc]
        error: BaseException | None = None
        try:
            await self._handler(res)
        except Exception as caught:
            error = caught
        if not self._outcome.done():
            self._outcome.set_result(error)

    async def __aenter__(self) -> Running:
        await self.server.listen({"port": 0, "host": "127.0.0.1"})
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        self.server.close_all_connections()

    async def ask(self, request: bytes = GET) -> Dialled:
        client = await dial(self.server)
        client.send(request)
        return client

    async def outcome(self) -> BaseException | None:
        return await self._outcome


def length(client: Dialled) -> int:
    return int(client.received.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def body_of(client: Dialled) -> bytes:
    """Read an answer with a length, and no byte more."""
    await client.until(b"\r\n\r\n")
    head, _, _ = client.received.partition(b"\r\n\r\n")
    while len(client.received) < len(head) + 4 + length(client):
        data = await client.reader.read(65536)
        assert data
        client.received += data
    return client.received[len(head) + 4 :]


# -- over a real socket ------------------------------------------------------------


@on_both_loops
async def test_a_file_with_its_length(big: Path) -> None:
    """Announced exactly, sent whole; 'finish' has come when the call returns, and the connection stays."""
    seen: list[Any] = []

    async def handler(res: Any) -> None:
        await res.send_file(big)
        seen.append((res.writable_finished, res.socket))

    async with Running(handler) as running:
        client = await running.ask()
        assert await body_of(client) == BIG
        assert client.received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert await running.outcome() is None
        assert running.log == ["finish"]
        assert seen == [(True, None)]
        client.received = b""
        client.send(GET)
        assert await body_of(client) == BIG
        client.close()


class Shouting(http.ServerResponse):
    """Changes what is written."""

    def write(self, chunk: Any, *args: Any) -> bool:
        return super().write(bytes(chunk).swapcase(), *args)


@pytest.mark.parametrize("how", ["class", "object"])
@on_both_loops
async def test_a_write_that_is_replaced_sees_the_file(small: Path, how: str) -> None:
    """Of a subclass, or of the one response, as middleware does; the kernel would pass it by."""

    async def handler(res: Any) -> None:
        if how == "object":
            write = res.write
            res.write = lambda chunk, *args: write(bytes(chunk).swapcase(), *args)
        await res.send_file(small)

    options = {"ServerResponse": Shouting} if how == "class" else {}
    async with Running(handler, **options) as running:
        client = await running.ask()
        assert await body_of(client) == DATA.swapcase()
        assert await running.outcome() is None
        client.close()


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [
        (0, None, DATA),
        (10, None, DATA[10:]),
        (10, 5, DATA[10:15]),
        (1024, None, b""),
        (0, 0, b""),
        (1023, 1, DATA[1023:]),
    ],
)
@on_both_loops
async def test_a_range(small: Path, offset: int, count: int | None, expected: bytes) -> None:
    """From an offset, so many bytes."""

    async def handler(res: Any) -> None:
        await res.send_file(str(small), offset, count)

    async with Running(handler) as running:
        client = await running.ask()
        assert await body_of(client) == expected
        assert await running.outcome() is None
        client.close()


@on_both_loops
async def test_bytes_in_flight(big: Path) -> None:
    """A client that stops reading stops the file, and goes on when it reads again."""

    async def handler(res: Any) -> None:
        await res.send_file(big)

    async with Running(handler) as running:
        client = await running.ask()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(20):
            await asyncio.sleep(0)
        assert running.log == []
        client.reader._transport.resume_reading()  # type: ignore[attr-defined]
        assert await body_of(client) == BIG
        client.close()


@on_both_loops
async def test_after_other_writes(small: Path) -> None:
    """It is the rest of the body, behind what was written, corked or not; the user's length stands."""

    async def handler(res: Any) -> None:
        res.set_header("Content-Length", 3 + len(DATA))
        res.cork()
        res.write("abc")
        await res.send_file(small)

    async with Running(handler) as running:
        client = await running.ask()
        assert await body_of(client) == b"abc" + DATA
        assert await running.outcome() is None
        client.close()


@pytest.mark.parametrize(
    ("prepare", "request_bytes", "head", "framed"),
    [
        ("chunked", GET, b"Transfer-Encoding: chunked", True),
        ("flushed", GET, b"Transfer-Encoding: chunked", True),
        ("strict", GET, b"Content-Length: 1024", False),
        ("nothing", GET10, b"Connection: close", False),
    ],
)
@on_both_loops
async def test_other_framings(
    small: Path, prepare: str, request_bytes: bytes, head: bytes, framed: bool
) -> None:
    """Chunked, close-delimited, counted: the bytes are the file's."""

    async def handler(res: Any) -> None:
        if prepare != "nothing":
            res.should_keep_alive = False
        if prepare == "chunked":
            res.set_header("Transfer-Encoding", "chunked")
        if prepare == "flushed":
            res.flush_headers()
        res.strict_content_length = prepare == "strict"
        if prepare == "strict":
            res.set_header("Content-Length", len(DATA))
        await res.send_file(small)

    async with Running(handler) as running:
        client = await running.ask(request_bytes)
        received = await client.rest()
        assert head in received
        body = received.partition(b"\r\n\r\n")[2]
        assert body == (b"400\r\n" + DATA + b"\r\n0\r\n\r\n" if framed else DATA)
        assert await running.outcome() is None


@on_both_loops
async def test_a_file_that_becomes_shorter(big: Path) -> None:
    """FileChangedError; the connection is cut: never a wrong length."""

    async def handler(res: Any) -> None:
        with open(big, "r+b") as file:
            res.set_header("X", "1")
            sending = asyncio.ensure_future(res.send_file(file))
            await asyncio.sleep(0)
            file.truncate(1000)
            await sending

    async with Running(handler) as running:
        client = await running.ask()
        received = await client.rest()
        assert len(received.partition(b"\r\n\r\n")[2]) < len(BIG)
        error = await running.outcome()
        assert isinstance(error, FileChangedError)
        assert error.code == "ERR_HTTP_FILE_CHANGED"
        assert (error.promised, error.sent < len(BIG)) == (len(BIG), True)
        assert running.log == ["close"]


@pytest.mark.parametrize("how", ["abort", "close"])
@on_both_loops
async def test_a_client_that_leaves(big: Path, how: str) -> None:
    """ConnectionLostError, and 'close'."""

    async def handler(res: Any) -> None:
        await res.send_file(big)

    async with Running(handler) as running:
        client = await running.ask()
        await client.until(b"\r\n\r\n")
        getattr(client, how)()
        error = await running.outcome()
        assert isinstance(error, ConnectionLostError)
        assert running.log == ["close"]


@on_both_loops
async def test_a_response_destroyed_meanwhile(big: Path) -> None:
    """The same."""

    async def handler(res: Any) -> None:
        sending = asyncio.ensure_future(res.send_file(big))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        res.destroy()
        await sending

    async with Running(handler) as running:
        client = await running.ask()
        await client.rest()
        assert isinstance(await running.outcome(), ConnectionLostError)


@on_both_loops
async def test_a_response_ended_meanwhile(big: Path) -> None:
    """What was announced cannot come any more: an error, and a cut connection."""

    async def handler(res: Any) -> None:
        sending = asyncio.ensure_future(res.send_file(big))
        while not res.headers_sent:
            await asyncio.sleep(0)
        res.end()
        await sending

    async with Running(handler) as running:
        client = await running.ask()
        received = await client.rest()
        assert len(received.partition(b"\r\n\r\n")[2]) < len(BIG)
        assert isinstance(await running.outcome(), StreamWriteAfterEndError)


@on_both_loops
async def test_a_cancelled_task(big: Path) -> None:
    """Cuts the connection, as the length cannot be kept."""

    async def handler(res: Any) -> None:
        sending = asyncio.ensure_future(res.send_file(big))
        while not res.headers_sent:
            await asyncio.sleep(0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending

    async with Running(handler) as running:
        client = await running.ask()
        received = await client.rest()
        assert len(received.partition(b"\r\n\r\n")[2]) < len(BIG)
        assert await running.outcome() is None
        assert running.log == ["close"]


# -- in memory -----------------------------------------------------------------------


class Sent:
    """What a client in memory got, and what the call raised."""

    def __init__(self) -> None:
        self.text = ""
        self.body = b""
        self.error: BaseException | None = None
        self.res: Any = None
        self.client: Any = None


async def send(
    call: Callable[[Any], Awaitable[None]],
    request: bytes = GET,
    meanwhile: Callable[[Any], object] | None = None,
    **options: Any,
) -> Sent:
    served = serve(id, request, **options)
    sent = Sent()
    sent.res, sent.client = served.res, served.client
    served.server.on("clientError", lambda error, socket: socket.destroy())
    sending = asyncio.ensure_future(call(served.res))
    if meanwhile is not None:
        await asyncio.sleep(0)
        meanwhile(served)
    try:
        await sending
    except Exception as error:
        sent.error = error
    sent.text, sent.body = served.text, served.body
    return sent


@on_both_loops
async def test_the_copy_where_the_kernel_cannot(big: Path) -> None:
    """In pieces, with back-pressure: the same bytes."""
    sent = await send(lambda res: res.send_file(big))
    assert sent.error is None
    assert sent.text.startswith(f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: {len(BIG)}||")
    assert sent.body == BIG


@on_both_loops
async def test_head_gets_no_body(small: Path) -> None:
    """And no automatic length."""
    sent = await send(lambda res: res.send_file(small), HEAD)
    assert sent.text == f"HTTP/1.1 200 OK|Date: D|{KEEP}||"
    assert sent.error is None


@on_both_loops
async def test_a_status_without_a_body(small: Path) -> None:
    """Nothing of the file is sent."""

    async def call(res: Any) -> None:
        res.status_code = 304
        await res.send_file(small)

    assert (await send(call)).body == b""


@on_both_loops
async def test_an_open_file(small: Path) -> None:
    """Is neither moved nor closed; the offset counts from its start."""
    with open(small, "rb") as file:
        file.read(7)
        sent = await send(lambda res: res.send_file(file, count=3))
        assert sent.body == DATA[:3]
        assert file.tell() == 7


@on_both_loops
async def test_a_path_as_bytes(small: Path) -> None:
    """Any path of the system."""
    assert (await send(lambda res: res.send_file(os.fsencode(small)))).body == DATA


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("no such file",), FileNotFoundError),
        ((".",), OSError),
        ((5,), InvalidArgTypeError),
        ((None,), InvalidArgTypeError),
        ((io.BytesIO(b"x"),), InvalidArgTypeError),
        ((..., -1), OutOfRangeError),
        ((..., 1025), OutOfRangeError),
        ((..., 0, 1025), OutOfRangeError),
        ((..., 1000, 25), OutOfRangeError),
        ((..., "0"), InvalidArgTypeError),
        ((..., True), InvalidArgTypeError),
        ((..., 0, 1.5), InvalidArgTypeError),
    ],
)
@on_both_loops
async def test_what_cannot_be_sent(small: Path, arguments: tuple[Any, ...], error: type[Exception]) -> None:
    """An error before anything is sent or rendered; the response can be answered another way."""
    given = [small if each is ... else each for each in arguments]
    sent = await send(lambda res: res.send_file(*given))
    assert isinstance(sent.error, error)
    assert (sent.text, sent.res.headers_sent) == ("", False)
    sent.res.end("ok")
    await sent.res.wait_finished()


@on_both_loops
async def test_a_pipe_is_no_file() -> None:
    """Nobody knows its length."""
    reading, writing = os.pipe()
    try:
        with open(reading, "rb") as file:
            assert isinstance((await send(lambda res: res.send_file(file))).error, InvalidArgTypeError)
    finally:
        os.close(writing)


@on_both_loops
async def test_a_bad_head_is_raised_before_anything_is_sent(small: Path) -> None:
    """And no length is left behind."""

    async def call(res: Any) -> None:
        res.status_code = 1
        await res.send_file(small)

    sent = await send(call)
    assert sent.error is not None
    assert not sent.res.headers_sent
    sent.res.status_code = 200
    sent.res.write("x")
    sent.res.end()
    testing.settle()
    assert b"Transfer-Encoding: chunked" in sent.client.received


@on_both_loops
async def test_an_ended_response(small: Path) -> None:
    """Takes no file: what would follow is the next answer."""

    async def call(res: Any) -> None:
        res.end("x")
        await res.send_file(small)

    sent = await send(call)
    assert isinstance(sent.error, StreamWriteAfterEndError)
    await sent.res.wait_finished()
    assert dateless(sent.client.received) == OK + b"Content-Length: 1\r\n\r\nx"
    assert not sent.client.ended


@on_both_loops
async def test_a_destroyed_response(small: Path) -> None:
    """Raises what it was destroyed with, or that the connection is lost."""
    served = serve(lambda res: res.destroy())
    with pytest.raises(ConnectionLostError):
        await served.res.send_file(small)
    served = serve(lambda res: res.destroy(KeyError("mine")))
    with pytest.raises(KeyError):
        await served.res.send_file(small)


@on_both_loops
async def test_a_client_in_memory_that_leaves(big: Path) -> None:
    """While the copy waits for it."""
    served = serve()
    served.client.stall()
    sending = asyncio.ensure_future(served.res.send_file(big))
    while not served.res.writable_need_drain:
        await asyncio.sleep(0.001)
    served.client.reset()
    with pytest.raises(ConnectionLostError):
        await sending


@on_both_loops
async def test_a_copy_of_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    """FileChangedError tells how far it came; the connection is cut."""
    path = tmp_path / "shrinking"
    path.write_bytes(b"x" * 600_000)
    served = serve()
    served.server.on("clientError", lambda error, socket: socket.destroy())
    served.client.stall()
    sending = asyncio.ensure_future(served.res.send_file(path))
    while not served.res.writable_need_drain:
        await asyncio.sleep(0.001)
    os.truncate(path, 1000)
    served.client.take()
    with pytest.raises(FileChangedError, match="600000"):
        await sending
    assert served.client.closed


@pytest.mark.parametrize("leave", ["end", "destroy"])
@on_both_loops
async def test_a_copy_that_is_left_alone(big: Path, leave: str) -> None:
    """Somebody ends or destroys the response while it waits."""
    served = serve()
    served.client.stall()
    sending = asyncio.ensure_future(served.res.send_file(big))
    while not served.res.writable_need_drain:
        await asyncio.sleep(0.001)
    getattr(served.res, leave)()
    served.client.take()
    with pytest.raises(StreamWriteAfterEndError if leave == "end" else ConnectionLostError):
        await sending
    await served.client.until(lambda: served.client.closed)


@on_both_loops
async def test_a_file_for_a_response_that_waits_its_turn(small: Path) -> None:
    """It is queued behind the answer before it."""
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET + GET)
    sending = asyncio.ensure_future(held[1].send_file(small))
    while not held[1].finished:
        await asyncio.sleep(0.001)
    assert client.received == b""
    held[0].end("1")
    await sending
    assert client.received.endswith(DATA)


def test_a_range_closes_what_it_opened(small: Path) -> None:
    """And nothing else."""
    with FileRange(small, 0, None) as piece:
        assert piece.read(1, 2) == DATA[1:3]
        assert piece.count == 1024
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(piece.fd)
    with open(small, "rb") as file:
        with FileRange(file, 1, 2) as piece:
            assert piece.read(0, 1) == DATA[1:2]
        assert os.fstat(file.fileno())


@on_both_loops
async def test_a_copy_whose_response_is_destroyed_while_it_reads(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what was read is written."""
    served = serve()
    loop, destroyed, read = asyncio.get_running_loop(), threading.Event(), FileRange.read

    def destroy() -> None:
        served.res.destroy()
        destroyed.set()

    def destroy_and_read(piece: FileRange, *where: int) -> bytes:
        loop.call_soon_threadsafe(destroy)
        assert destroyed.wait(TIMEOUT)
        return read(piece, *where)

    monkeypatch.setattr(FileRange, "read", destroy_and_read)
    with pytest.raises(ConnectionLostError):
        await served.res.send_file(small)
    assert served.body == b""


@on_both_loops
async def test_a_copy_that_somebody_ends_behind_the_last_byte(tmp_path: Path) -> None:
    """Has nothing left to do."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 70_000)
    served = serve(lambda res: res.on("drain", res.end))
    await served.res.send_file(path)
    assert served.body == b"x" * 70_000
