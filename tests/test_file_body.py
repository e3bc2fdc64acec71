"""send_file: the kernel's copy and ours, whole files and ranges, and everything that may go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import os
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import TIMEOUT, on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import RawClient, dial
from tests.kit.response_stage import GET10, HEAD, KEEP, serve
from tests.kit.stage import GET, OK
from writehead import http, https, testing
from writehead._message.file_body import FileRange, open_range
from writehead.errors import (
    ConnectionLostError,
    FileChangedError,
    InvalidArgTypeError,
    InvalidArgValueError,
    OutOfRangeError,
    StreamWriteAfterEndError,
    WriteTimeoutError,
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

    async def ask(self, request: bytes = GET) -> RawClient:
        client = await dial(self.server)
        client.send(request)
        return client

    async def outcome(self) -> BaseException | None:
        return await self._outcome


def length(client: RawClient) -> int:
    return int(client.received.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])


async def body_of(client: RawClient) -> bytes:
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
        client.pause_reading()
        for _ in range(20):
            await asyncio.sleep(0)
        assert running.log == []
        client.resume_reading()
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
            while not res.headers_sent:
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


class Cutting(http.ServerResponse):
    """A response whose connection goes right behind its head."""

    def flush_headers(self) -> None:
        super().flush_headers()
        self.socket.destroy()


@on_both_loops
async def test_a_socket_that_goes_behind_the_head(big: Path) -> None:
    """ConnectionLostError, whoever closed it: a client that sends its FIN at once is answered in this way."""

    async def handler(res: Any) -> None:
        await res.send_file(big)

    async with Running(handler, ServerResponse=Cutting) as running:
        client = await running.ask()
        assert isinstance(await running.outcome(), ConnectionLostError)
        client.close()


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
    """And the length that GET would have (RFC 9110, 9.3.2), of a range as well."""
    sent = await send(lambda res: res.send_file(small), HEAD)
    assert sent.text == f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 1024||"
    assert sent.error is None

    async def part(res: Any) -> None:
        res.status_code = 206
        await res.send_file(small, 10, 5)

    assert (await send(part, HEAD)).text.endswith(f"|{KEEP}|Content-Length: 5||")


@pytest.mark.parametrize("status", [204, 304])
@on_both_loops
async def test_head_of_a_status_without_a_body_has_no_length(small: Path, status: int) -> None:
    """RFC 9110, 8.6: not with 204; with 304 only where it is sure what 200 would have said."""

    async def call(res: Any) -> None:
        res.status_code = status
        await res.send_file(small)

    for request in (GET, HEAD):
        assert "Content-Length" not in (await send(call, request)).text


@on_both_loops
async def test_http_1_0_is_told_the_length(small: Path) -> None:
    """Or a client could not tell a file that was cut from a whole one."""
    sent = await send(lambda res: res.send_file(small), GET10)
    assert sent.text.startswith("HTTP/1.1 200 OK|Date: D|Connection: close|Content-Length: 1024||")
    assert sent.body == DATA


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
        (("a\0b",), InvalidArgValueError),
        ((b"a\0b",), InvalidArgValueError),
        ((Path("a\0b"),), InvalidArgValueError),
        (("\ud800",), InvalidArgValueError),
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


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "terminal"])
@on_both_loops
async def test_a_path_of_what_is_no_regular_file(tmp_path: Path, kind: str) -> None:
    """Is refused at once; nothing waits for a writer, or for what a device has to say."""
    path = str(tmp_path / "it")
    with contextlib.ExitStack() as stack:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            stack.enter_context(socket.socket(socket.AF_UNIX)).bind(path)
        elif kind == "device":
            path = "/dev/zero"
        else:
            path = os.ttyname(pty_of(stack))
        sent = await send(lambda res: res.send_file(path))
    assert isinstance(sent.error, InvalidArgTypeError)
    assert "regular file" in str(sent.error) or "this is" in str(sent.error)
    assert (sent.text, sent.res.headers_sent) == ("", False)


def pty_of(stack: contextlib.ExitStack) -> int:
    """Return the descriptor of a terminal's slave side."""
    pair = os.openpty()
    for fd in pair:
        stack.callback(os.close, fd)
    return pair[1]


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux has such files")
@pytest.mark.parametrize(
    "path", ["/proc/cpuinfo", "/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"]
)
@on_both_loops
async def test_a_file_of_an_unknown_size(path: str) -> None:
    """Is refused: its size says 0, or a page, whatever it holds; a pipeline sends it."""
    if not os.path.exists(path):
        pytest.skip("not on this system")
    sent = await send(lambda res: res.send_file(path))
    assert isinstance(sent.error, InvalidArgTypeError)
    assert "known size" in str(sent.error)
    with open(path, "rb") as file:
        assert isinstance((await send(lambda res: res.send_file(file))).error, InvalidArgTypeError)
    sent = await send(lambda res: http.pipeline(open(path, "rb"), res))
    assert sent.error is None
    assert sent.body.endswith(b"\r\n0\r\n\r\n")


@on_both_loops
async def test_empty_and_sparse_files(tmp_path: Path) -> None:
    """Have the size that they say."""
    path = tmp_path / "it"
    path.write_bytes(b"")
    assert (await send(lambda res: res.send_file(path))).text.endswith("Content-Length: 0||")
    os.truncate(path, 5000)
    assert (await send(lambda res: res.send_file(path))).body == bytes(5000)


@on_both_loops
async def test_a_file_that_is_open_for_writing_alone(tmp_path: Path) -> None:
    """Is refused while another answer can be given."""
    with open(tmp_path / "it", "wb") as file:
        file.write(b"x")
        file.flush()
        sent = await send(lambda res: res.send_file(file))
    assert isinstance(sent.error, OSError)
    assert not sent.res.headers_sent


@pytest.mark.parametrize("way", ["kernel", "copy"])
@on_both_loops
async def test_a_file_that_its_owner_closes_meanwhile(big: Path, tmp_path: Path, way: str) -> None:
    """Is sent all the same, and never another one that has got its number."""
    other = tmp_path / "other"
    other.write_bytes(bytes(len(BIG)))

    async def handler(res: Any) -> None:
        if way == "copy":
            write = res.write
            res.write = lambda *args: write(*args)
        file = open(big, "rb")
        number = file.fileno()
        sending = asyncio.ensure_future(res.send_file(file))
        await asyncio.sleep(0)
        file.close()
        with open(other, "rb") as another:
            assert another.fileno() <= number  # the system gives out the lowest that is free
            await sending

    async with Running(handler) as running:
        client = await running.ask()
        assert await body_of(client) == BIG
        assert await running.outcome() is None
        client.close()


@on_both_loops
async def test_opening_takes_place_outside_the_loop(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop goes on while the disk has no answer; a client that leaves is not waited with; nothing stays open."""
    asked, answered, opened = threading.Event(), threading.Event(), []
    really = os.open

    def slow(path: Any, flags: int, *args: Any, **named: Any) -> int:
        if os.fspath(path) != str(small):
            return really(path, flags, *args, **named)
        asked.set()
        assert answered.wait(TIMEOUT)
        opened.append(really(path, flags, *args, **named))
        return opened[-1]

    monkeypatch.setattr(os, "open", slow)
    served = serve()
    sending = asyncio.ensure_future(served.res.send_file(small))
    while not asked.is_set():
        await asyncio.sleep(0)
    served.client.reset()
    with pytest.raises(ConnectionLostError):
        await sending
    answered.set()
    while not opened or is_open(opened[0], small):
        await asyncio.sleep(0.001)


def is_open(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False


@on_both_loops
async def test_a_response_that_is_ended_while_the_file_is_opened(small: Path) -> None:
    """Stays as it was ended, and its connection with it."""
    sent = await send(lambda res: res.send_file(small), meanwhile=lambda served: served.res.end("other"))
    assert isinstance(sent.error, StreamWriteAfterEndError)
    assert sent.body == b"other"
    assert not sent.client.closed


@on_both_loops
async def test_others_are_served_while_the_kernel_copies(big: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call copies a part; then the loop has its turn."""
    asked: list[int] = []

    def greedy(out: int, source: int, offset: int, count: int) -> int:
        asked.append(count)
        return os.write(out, os.pread(source, min(count, 10), offset))

    turns = 0

    async def handler(res: Any) -> None:
        nonlocal turns
        sending = asyncio.ensure_future(res.send_file(big, 0, 1000))
        while not sending.done():
            turns += 1
            await asyncio.sleep(0)
        await sending

    monkeypatch.setattr(os, "sendfile", greedy)
    async with Running(handler) as running:
        client = await running.ask()
        assert await body_of(client) == BIG[:1000]
        assert len(asked) == 100
        assert turns >= 100
        client.close()
    await send(lambda res: res.send_file(big))


@pytest.mark.parametrize("error", [errno.EINVAL, errno.EIO, errno.EPIPE])
@on_both_loops
async def test_what_sendfile_says(small: Path, monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    """Where the kernel cannot copy, we do; an error of the disk is the disk's, any other the client's."""

    def fail(*args: int) -> int:
        raise OSError(error, os.strerror(error))

    async def handler(res: Any) -> None:
        await res.send_file(small)

    monkeypatch.setattr(os, "sendfile", fail)
    async with Running(handler) as running:
        client = await running.ask()
        if error == errno.EINVAL:
            assert await body_of(client) == DATA
            assert await running.outcome() is None
        else:
            outcome = await running.outcome()
            assert isinstance(outcome, ConnectionLostError) == (error == errno.EPIPE)
            assert isinstance(outcome, OSError)
        client.close()


@pytest.mark.parametrize("secure", [False, True])
@on_both_loops
async def test_write_timeout_sees_a_file(tmp_path: Path, secure: bool) -> None:
    """A client that never reads is cut off, whoever copies; the file is closed."""
    huge = tmp_path / "huge"
    huge.touch()
    os.truncate(huge, 64 << 20)
    outcome: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def handle(req: Any, res: Any) -> None:
        try:
            await res.send_file(huge)
        except Exception as error:
            outcome.set_result(error)

    options = {"write_timeout": 100, "connections_checking_interval": 50}
    if secure:
        server: http.Server = https.create_server(authority().options() | options, handle)
    else:
        server = http.create_server(options, handle)
    server.on("clientError", lambda error, socket: socket.destroy())
    async with server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server, authority().context() if secure else None)
        client.send(GET)  # and reads no more than its buffer takes
        assert isinstance(await outcome, (ConnectionLostError, WriteTimeoutError))
        client.writer.transport.abort()


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


@on_both_loops
async def test_a_range_closes_what_it_opened(small: Path) -> None:
    """And nothing else."""
    with await open_range(small, 0, None) as piece:
        assert piece.read(1, 2) == DATA[1:3]
        assert piece.count == 1024
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(piece.fd)
    with open(small, "rb") as file:
        with await open_range(file, 1, 2) as piece:
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
