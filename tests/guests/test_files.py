"""Files as bodies: `http.response.pathsend` and `http.response.zerocopysend`."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path
from typing import Any

import pytest

from tests.guests.test_sending import Plays
from tests.kit.apps import FAILURE, GET, KEPT, LAST, START, AppStage, body, raised_by, rounds, start
from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from writehead import asgi
from writehead.errors import (
    ASGIMessageError,
    ASGIStateError,
    ConnectionLostError,
    ContentLengthMismatchError,
    FileChangedError,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = KEPT + b"Transfer-Encoding: chunked\r\n\r\n"
DATA = bytes(range(256)) * 40
LENGTH = b"Content-Length: 10240\r\n\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of 10,240 bytes."""
    file = tmp_path / "file"
    file.write_bytes(DATA)
    return file


def path_send(path: Any) -> dict[str, Any]:
    return {"type": "http.response.pathsend", "path": path}


def zero_copy(file: Any, **more: Any) -> dict[str, Any]:
    return {"type": "http.response.zerocopysend", "file": file, **more}


async def over_sockets(app: Any, data: bytes = GET, **options: Any) -> bytes:
    """Return what a client hears over a socket that the kernel may copy into."""
    server = asgi.create_server(app, lifespan="off", **options)
    await server.listen(0)
    client = await dial(server)
    client.send(data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    received = await client.rest()
    await server.close()
    return received


def plays(*messages: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return app


async def played(*messages: Any, data: bytes = GET) -> tuple[bytes, list[BaseException]]:
    stage = Plays(*messages)
    client = stage.send(data)
    await asyncio.wait_for(stage.done.wait(), 10)
    await stage.ended()
    await stage.close()
    return dateless(client.received), stage.errors


CLOSED = OK + b"Date: D\r\nConnection: close\r\n"


# -- pathsend -------------------------------------------------------------------


@on_both_loops
async def test_a_file_is_sent_with_its_size(path: Path) -> None:
    """By the kernel, over a socket."""
    assert await over_sockets(plays(START, path_send(str(path)))) == CLOSED + LENGTH + DATA


@pytest.mark.parametrize("kind", [str, os.fsencode, Path])
async def test_a_path_is_text_or_bytes_or_a_path(kind: Any, path: Path) -> None:
    """In memory it is read in pieces."""
    assert await played(START, path_send(kind(path))) == (OK + KEPT + LENGTH + DATA, [])


async def test_a_relative_path_is_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the working directory: Starlette passes what it was given."""
    monkeypatch.chdir(path.parent)
    assert await played(START, path_send("file")) == (OK + KEPT + LENGTH + DATA, [])


async def test_an_empty_file_is_an_empty_body(tmp_path: Path) -> None:
    """With a length of 0."""
    empty = tmp_path / "empty"
    empty.touch()
    assert await played(START, path_send(str(empty))) == (OK + KEPT + b"Content-Length: 0\r\n\r\n", [])


async def test_a_length_that_is_the_size_is_kept(path: Path) -> None:
    """Another is a mismatch, and the client gets 500."""
    given = start((b"content-length", b"10240"))
    assert await played(given, path_send(str(path))) == (
        OK + b"content-length: 10240\r\n" + KEPT + b"\r\n" + DATA,
        [],
    )
    for wrong in (b"10239", b"10241"):
        received, errors = await played(start((b"content-length", wrong)), path_send(str(path)))
        assert received == FAILURE % KEPT
        assert [type(each) for each in errors] == [ContentLengthMismatchError]


@pytest.mark.parametrize("kind", ["missing", "directory", "pipe", "unreadable", "null"])
async def test_what_is_no_readable_file_is_an_error(kind: str, tmp_path: Path) -> None:
    """Out of `send`, while the head is held: the application may respond otherwise."""
    file = tmp_path / "x"
    if kind == "directory":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "unreadable":
        file.write_bytes(b"x")
        file.chmod(0)
        if os.access(file, os.R_OK):
            pytest.skip("root may read everything")
    name = str(file) + ("\0" if kind == "null" else "")
    received, errors = await played(START, path_send(name), LAST)
    assert received == OK + KEPT + b"Content-Length: 2\r\n\r\nok"
    (error,) = errors
    assert isinstance(error, ASGIMessageError if kind == "null" else OSError)


async def test_an_error_that_is_not_caught_is_500(tmp_path: Path) -> None:
    """The head is still held."""
    stage = AppStage(plays(START, path_send(str(tmp_path / "missing"))))
    client = stage.send(GET)
    await asyncio.wait_for(stage.done.wait(), 10)
    await stage.ended()
    assert dateless(client.received) == FAILURE % KEPT
    await stage.close()


@pytest.mark.parametrize("value", [None, 5, [b"a"]])
async def test_another_path_is_refused(value: Any) -> None:
    """The shape is checked before the state."""
    for messages in ((path_send(value),), (START, path_send(value), LAST)):
        _, errors = await played(*messages)
        (error,) = errors
        assert isinstance(error, ASGIMessageError)
        assert (error.message_type, error.key) == ("http.response.pathsend", "path")


async def test_a_path_comes_once_and_without_a_body(path: Path) -> None:
    """Behind it the response is done."""
    _, errors = await played(path_send(str(path)), START, body(b"a", True), path_send(str(path)), body())
    assert [type(each) for each in errors] == [ASGIStateError, ASGIStateError]
    received, errors = await played(START, path_send(str(path)), path_send(str(path)))
    assert (received, errors) == (OK + KEPT + LENGTH + DATA, [])


@pytest.mark.parametrize("data", [GET.replace(b"GET", b"HEAD")])
async def test_of_head_nothing_is_opened(data: bytes) -> None:
    """The file need not be there."""
    assert await played(START, path_send("/missing"), data=data) == (OK + KEPT + b"\r\n", [])
    given = start((b"content-length", b"7"))
    assert await played(given, path_send("/missing"), data=data) == (
        OK + b"content-length: 7\r\n" + KEPT + b"\r\n",
        [],
    )


async def test_of_304_nothing_is_opened_either() -> None:
    """It has no body."""
    head = b"HTTP/1.1 304 Not Modified\r\n"
    assert await played(start(status=304), path_send("/missing")) == (head + KEPT + b"\r\n", [])


async def test_a_path_behind_a_head_that_has_left(path: Path) -> None:
    """Its size is no longer announced: the body is chunked."""
    assert await played(START, None, path_send(str(path))) == (
        OK + CHUNKED + b"2800\r\n" + DATA + b"\r\n0\r\n\r\n",
        [],
    )


async def test_the_head_waits_while_a_file_is_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the size, however long that takes."""
    from writehead._guests.asgi import files

    gate = asyncio.Event()
    open_range = files.open_range

    async def slowly(*args: Any) -> Any:
        await gate.wait()
        return await open_range(*args)

    monkeypatch.setattr(files, "open_range", slowly)
    stage = AppStage(plays(START, path_send(str(path))))
    client = stage.send(GET)
    await rounds(50)
    assert client.received == b""
    gate.set()
    await asyncio.wait_for(stage.done.wait(), 10)
    await stage.ended()
    assert dateless(client.received) == OK + KEPT + LENGTH + DATA
    await stage.close()


async def test_trailers_may_follow_a_file(path: Path) -> None:
    """Then it is chunked."""
    te = GET.replace(b"\r\n\r\n", b"\r\nTE: trailers\r\n\r\n")
    trailers = {"type": "http.response.trailers", "headers": [(b"a", b"b")]}
    assert await played(start(trailers=True), path_send(str(path)), trailers, data=te) == (
        OK + CHUNKED + b"2800\r\n" + DATA + b"\r\n0\r\na: b\r\n\r\n",
        [],
    )


async def test_send_returns_when_the_system_has_all_of_a_file(path: Path) -> None:
    """Not before."""
    stage = AppStage(plays(START, path_send(str(path))))
    client = stage.connect()
    client.stall()
    client.send(GET)
    while not client.socket._channel.blocked:
        await asyncio.sleep(0.001)
    await rounds(20)
    assert not stage.done.is_set()
    client.take()
    await asyncio.wait_for(stage.done.wait(), 10)
    await stage.close()


async def test_a_file_that_shrinks_cuts_the_response(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the error of the core."""
    from writehead._guests.asgi import files

    open_range = files.open_range

    async def then_shrink(*args: Any) -> Any:
        piece = await open_range(*args)
        os.truncate(path, 100)
        return piece

    monkeypatch.setattr(files, "open_range", then_shrink)
    stage = Plays(START, path_send(str(path)))
    client = stage.send(GET)
    await asyncio.wait_for(stage.done.wait(), 10)
    await stage.ended()
    assert [type(each) for each in stage.errors] == [FileChangedError]
    assert client.closed
    assert not client.received.endswith(DATA)
    await stage.close()


@on_both_loops
async def test_a_client_that_leaves_ends_the_sending(tmp_path: Path) -> None:
    """With our error; the descriptor is closed."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(1 << 28)
    errors: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        errors.append(await raised_by(send(path_send(str(large)))))

    server = asgi.create_server(app, lifespan="off")
    await server.listen(0)
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    client = await dial(server)
    client.send(GET)
    await client.until(b"\r\n\r\n")
    client.abort()
    while not errors:
        await asyncio.sleep(0.005)
    assert [type(each) for each in errors] == [ConnectionLostError]
    await server.close()
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before


async def test_a_cancelled_send_of_a_file_cuts_the_response(path: Path) -> None:
    """Its rest would be missing."""
    errors: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"1000000")))
        sending = asyncio.ensure_future(send(path_send(str(path))))
        while not client.socket._channel.blocked:
            await asyncio.sleep(0.001)
        sending.cancel()
        await asyncio.wait([sending])
        errors.append(await raised_by(send(body(b"c"))))

    path.write_bytes(bytes(1_000_000))

    stage = AppStage(app)
    client = stage.connect()
    client.take(200)
    client.send(GET)
    await asyncio.wait_for(stage.done.wait(), 10)
    await stage.ended()
    assert [type(each) for each in errors] == [ConnectionLostError]
    assert client.closed
    await stage.close()


# -- zerocopysend ------------------------------------------------------------------------


@on_both_loops
async def test_a_file_object_is_sent_from_its_position(path: Path) -> None:
    """Which moves with it; we never close it."""
    with path.open("rb") as file:
        file.seek(100)
        received = await over_sockets(plays(START, zero_copy(file)))
        assert received == CLOSED + b"Content-Length: 10140\r\n\r\n" + DATA[100:]
        assert file.tell() == 10240
        assert not file.closed


async def test_a_descriptor_is_sent_from_its_position(path: Path) -> None:
    """As a file object."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.lseek(fd, 100, os.SEEK_SET)
        assert await played(START, zero_copy(fd, count=10)) == (
            OK + KEPT + b"Content-Length: 10\r\n\r\n" + DATA[100:110],
            [],
        )
        assert os.lseek(fd, 0, os.SEEK_CUR) == 110
    finally:
        os.close(fd)


async def test_with_an_offset_the_position_stays(path: Path) -> None:
    """To the end, or as many bytes as `count` says."""
    with path.open("rb") as file:
        assert await played(START, zero_copy(file, offset=10000)) == (
            OK + KEPT + b"Content-Length: 240\r\n\r\n" + DATA[10000:],
            [],
        )
        assert await played(START, zero_copy(file, offset=5, count=5)) == (
            OK + KEPT + b"Content-Length: 5\r\n\r\n" + DATA[5:10],
            [],
        )
        assert file.tell() == 0


async def test_files_and_bodies_may_be_mixed(path: Path) -> None:
    """And repeated, in chunks or for a length."""
    with path.open("rb") as file:
        messages = (
            body(b"ab", True),
            zero_copy(file, offset=0, count=3, more_body=True),
            body(b"c", True),
            zero_copy(file, count=2, more_body=True),
            zero_copy(file, count=1),
        )
        assert await played(START, *messages) == (
            OK + CHUNKED + b"2\r\nab\r\n3\r\n\0\1\2\r\n1\r\nc\r\n2\r\n\0\1\r\n1\r\n\2\r\n0\r\n\r\n",
            [],
        )
        file.seek(0)
        given = start((b"content-length", b"9"))
        assert await played(given, *messages) == (
            OK + b"content-length: 9\r\n" + KEPT + b"\r\nab\0\1\2c\0\1\2",
            [],
        )


@on_both_loops
async def test_files_and_bodies_over_a_socket(path: Path) -> None:
    """In their order, whoever copies them."""
    with path.open("rb") as file:
        messages = (
            start((b"content-length", b"20484")),
            body(b"ab", True),
            zero_copy(file, offset=0, more_body=True),
            body(b"cd", True),
            zero_copy(file, offset=0),
        )
        received = await over_sockets(plays(*messages))
    assert received == (
        OK + b"content-length: 20484\r\nDate: D\r\nConnection: close\r\n\r\nab" + DATA + b"cd" + DATA
    )


async def test_bytes_of_a_file_count_for_the_length(path: Path) -> None:
    """Too many and too few are a mismatch."""
    with path.open("rb") as file:
        for count in (2, 4):
            received, errors = await played(
                start((b"content-length", b"3")), zero_copy(file, offset=0, count=count)
            )
            assert received == FAILURE % KEPT
            assert [type(each) for each in errors] == [ContentLengthMismatchError]


async def test_of_head_a_file_is_not_read(path: Path) -> None:
    """Its position stays."""
    head = GET.replace(b"GET", b"HEAD")
    with path.open("rb") as file:
        messages = (START, zero_copy(file, more_body=True), zero_copy(file))
        assert await played(*messages, data=head) == (OK + KEPT + b"\r\n", [])
        assert file.tell() == 0


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"offset": -1}, "offset"),
        ({"offset": "0"}, "offset"),
        ({"offset": True}, "offset"),
        ({"offset": 20000}, "offset"),
        ({"count": -1}, "count"),
        ({"count": 1.0}, "count"),
        ({"count": 20000}, "count"),
        ({"file": None}, "file"),
        ({"file": -1}, "file"),
        ({"file": True}, "file"),
        ({"file": io.BytesIO(b"x")}, "file"),
    ],
)
async def test_malformed_files_are_refused(more: Any, key: str, path: Path) -> None:
    """The response goes on."""
    with path.open("rb") as file:
        received, errors = await played(START, {**zero_copy(file), **more}, LAST)
    assert received == OK + KEPT + b"Content-Length: 2\r\n\r\nok"
    (error,) = errors
    assert isinstance(error, ASGIMessageError)
    assert (error.message_type, error.key) == ("http.response.zerocopysend", key)


async def test_a_pipe_is_no_file_to_send() -> None:
    """It has no size."""
    reading, writing = os.pipe()
    try:
        _, errors = await played(START, zero_copy(reading, offset=0), LAST)
        assert [type(each) for each in errors] == [ASGIMessageError]
        _, errors = await played(START, zero_copy(reading), LAST)
        assert [type(each) for each in errors] == [ASGIMessageError]
    finally:
        os.close(reading)
        os.close(writing)


async def test_the_application_may_close_the_file_when_send_has_returned(path: Path) -> None:
    """The bytes are out."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        with path.open("rb") as file:
            await send(zero_copy(file, more_body=True))
        await send(body())

    stage = AppStage(app)
    client = stage.connect()
    client.stall()
    client.send(GET)
    while not client.socket._channel.blocked:
        await asyncio.sleep(0.001)
    await rounds(20)
    assert client.received == b""
    client.take()
    await asyncio.wait_for(stage.done.wait(), 10)
    await stage.ended()
    assert dateless(client.received) == OK + CHUNKED + b"2800\r\n" + DATA + b"\r\n0\r\n\r\n"
    await stage.close()


async def test_other_calls_wait_for_a_file_in_their_order(path: Path) -> None:
    """Messages are not interleaved."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with path.open("rb") as file:
            await send(START)
            async with asyncio.TaskGroup() as group:
                group.create_task(send(zero_copy(file, offset=0, count=3, more_body=True)))
                group.create_task(send(body(b"a", True)))
                group.create_task(send(zero_copy(file, offset=3, count=3, more_body=True)))
                group.create_task(send(body(b"b", True)))
            await send(body())

    stage = AppStage(app)
    client = stage.send(GET)
    await asyncio.wait_for(stage.done.wait(), 10)
    await stage.ended()
    assert dateless(client.received) == (
        OK + CHUNKED + b"3\r\n\0\1\2\r\n1\r\na\r\n3\r\n\3\4\5\r\n1\r\nb\r\n0\r\n\r\n"
    )
    await stage.close()


async def test_a_queued_response_may_send_a_file(path: Path) -> None:
    """It waits for its turn."""
    gate = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/first":
            await gate.wait()
            await send(START)
            await send(LAST)
        else:
            await send(START)
            await send(path_send(str(path)))

    stage = AppStage(app)
    client = stage.send(GET.replace(b"/", b"/first", 1) + GET)
    await asyncio.sleep(0.05)
    assert client.received == b""
    gate.set()
    while stage.mount.calls:
        await asyncio.sleep(0.001)
    await stage.ended()
    assert dateless(client.received) == (
        OK + KEPT + b"Content-Length: 2\r\n\r\nok" + OK + KEPT + LENGTH + DATA
    )
    await stage.close()


async def test_a_queued_response_that_sends_a_file_may_be_lost(path: Path) -> None:
    """Its `send` raises."""
    errors: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/first":
            await receive()
            await receive()
        else:
            await send(START)
            with path.open("rb") as file:
                errors.append(await raised_by(send(zero_copy(file, offset=0, more_body=True))))

    stage = AppStage(app)
    client = stage.send(GET.replace(b"/", b"/first", 1) + GET)
    await asyncio.sleep(0.05)
    client.reset()
    while stage.mount.calls:
        await asyncio.sleep(0.001)
    assert [type(each) for each in errors] == [ConnectionLostError]
    await stage.close()
