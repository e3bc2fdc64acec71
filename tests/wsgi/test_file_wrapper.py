"""`wsgi.file_wrapper`: files that the server sends, and those that it reads."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import CLOSED, FAILED, Signal, ask, dial, hosted, mount_of, request, say, until
from writehead import wsgi
from writehead._guests.wsgi.file_wrapper import range_of
from writehead._message import file_body
from writehead.errors import InvalidArgTypeError, OutOfRangeError

CONTENT = bytes(range(256)) * 2000


def length(size: int) -> bytes:
    return CLOSED + b"Content-Length: %d\r\n\r\n" % size


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


class Noting(io.FileIO):
    """A file that notes whether it was read, and how often it was closed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reads = 0
        self.closings = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        return super().read(size) or b""

    def close(self) -> None:
        self.closings += not self.closed
        super().close()


def sending(file: Any, headers: Iterable[tuple[str, str]] = (), status: str = "200 OK") -> Any:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response(status, list(headers))
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return wrapped

    return app


# -- the class ---------------------------------------------------------------------------------


def test_it_gives_blocks_until_an_empty_one() -> None:
    """Of the size that was asked for."""
    assert list(wsgi.FileWrapper(io.BytesIO(b"abcde"), 2)) == [b"ab", b"cd", b"e"]
    assert list(wsgi.FileWrapper(io.BytesIO(b"a" * 70_000))) == [b"a" * 65536, b"a" * 4464]


def test_closing_it_closes_the_file() -> None:
    """If that can be closed."""
    file = io.BytesIO()
    wsgi.FileWrapper(file).close()
    assert file.closed

    class Bare:
        def read(self, size: int, /) -> bytes:
            return b""

    wsgi.FileWrapper(Bare()).close()


def test_what_it_refuses() -> None:
    """What cannot be read, and blocks without a size."""
    unreadable: Any = object()
    with pytest.raises(InvalidArgTypeError, match=r"an object with a method read\(\)"):
        wsgi.FileWrapper(unreadable)
    with pytest.raises(OutOfRangeError):
        wsgi.FileWrapper(io.BytesIO(), 0)


# -- files of the system -------------------------------------------------------------------------


@on_both_loops
async def test_a_file_is_sent_without_being_read(path: Path) -> None:
    """Its length is announced, and it is closed once."""
    file = Noting(path)
    assert await ask(sending(file)) == length(len(CONTENT)) + CONTENT
    assert (file.reads, file.closings) == (0, 1)


@on_both_loops
async def test_the_kernel_copies_where_it_can(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a plain socket of the system; nothing of it passes through Python."""
    if not hasattr(os, "sendfile"):
        pytest.skip("the system has no sendfile")

    def fail(*args: Any) -> None:
        pytest.fail("it was read")

    monkeypatch.setattr(file_body.FileRange, "read", fail)
    assert await ask(sending(Noting(path))) == length(len(CONTENT)) + CONTENT


@on_both_loops
async def test_it_is_sent_from_its_position_on(path: Path) -> None:
    """Also where a buffer has read ahead."""
    file = path.open("rb")
    file.read(10)
    assert await ask(sending(file)) == length(len(CONTENT) - 10) + CONTENT[10:]


@on_both_loops
async def test_a_content_length_of_the_app_limits_it(path: Path) -> None:
    """It is sent so far, and the thread does not read it."""
    file = Noting(path)
    got = await ask(sending(file, [("Content-Length", "5")], "206 Partial Content"))
    assert got == (
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nDate: D\r\nConnection: close\r\n\r\n"
        + CONTENT[:5]
    )
    assert file.closings == 1


@on_both_loops
async def test_a_content_length_larger_than_the_file_cuts(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With an error in the log."""
    got = await ask(sending(Noting(path), [("Content-Length", str(len(CONTENT) + 1))]))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nDate: D\r\nConnection: close\r\n\r\n" % (
        len(CONTENT) + 1
    )
    assert got.removesuffix(b"<reset>") == head + CONTENT
    assert "ContentLengthMismatchError" in caplog.text


@on_both_loops
async def test_head_sends_nothing_and_closes(path: Path) -> None:
    """The length is announced, as for GET."""
    file = Noting(path)
    assert await ask(sending(file), method="HEAD") == length(len(CONTENT))
    assert (file.reads, file.closings) == (0, 1)


@on_both_loops
async def test_an_empty_file_is_an_empty_body(tmp_path: Path) -> None:
    """Of length 0."""
    (tmp_path / "empty").touch()
    assert await ask(sending(Noting(tmp_path / "empty"))) == length(0)


@on_both_loops
async def test_the_thread_is_free_while_a_file_is_sent(tmp_path: Path) -> None:
    """To a client that does not read; the file is closed, and the client gets all of it."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(30_000_000)
    noting = Noting(path)
    async with hosted(sending(noting), threads=1) as server:
        client = await dial(server)
        client.pause_reading()
        client.send(request("/"))
        await until(lambda: noting.closings)
        await until(lambda: not mount_of(server).running)
        assert server._connection_count == 1
        client.resume_reading()
        assert len(await client.rest()) == len(length(30_000_000)) + 30_000_000


@on_both_loops
async def test_a_client_may_leave_while_a_file_is_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is logged."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(30_000_000)
    noting = Noting(path)
    async with hosted(sending(noting)) as server:
        client = await dial(server)
        client.pause_reading()
        client.send(request("/"))
        await until(lambda: noting.closings)
        client.abort()
        await until(lambda: not server._connection_count)
    assert caplog.messages == []


@on_both_loops
async def test_over_tls_and_chunked_it_is_read_in_pieces(path: Path) -> None:
    """By the server."""
    issued = authority()
    file = Noting(path)
    async with hosted(sending(file), **issued.options()) as server:
        client = await dial(server, issued.context())
        client.send(request("/"))
        assert await client.rest() == length(len(CONTENT)) + CONTENT
    assert file.reads == 0


@on_both_loops
async def test_http_1_0_gets_a_file_with_its_length(path: Path) -> None:
    """And the connection may stay."""
    async with hosted(sending(Noting(path))) as server:
        assert await say(server, b"GET / HTTP/1.0\r\n\r\n") == length(len(CONTENT)) + CONTENT


# -- what is iterated ------------------------------------------------------------------------------


@on_both_loops
async def test_what_is_no_file_is_iterated(path: Path) -> None:
    """A buffer in memory, and a wrapper that was wrapped."""

    class Wrapped:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __iter__(self) -> Any:
            return iter(self.inner)

        def close(self) -> None:
            self.inner.close()

    assert (await ask(sending(io.BytesIO(b"abc")))).endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    file = Noting(path)

    def app(environ: Any, start_response: Any) -> Wrapped:
        start_response("200 OK", [("Content-Length", str(len(CONTENT)))])
        return Wrapped(environ["wsgi.file_wrapper"](file))

    assert (await ask(app)).endswith(b"\r\n\r\n" + CONTENT)
    assert file.reads > 1
    assert file.closings == 1


@on_both_loops
async def test_a_file_behind_a_write_is_iterated(path: Path) -> None:
    """The head has left."""

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", str(1 + len(CONTENT)))])(b"x")
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](Noting(path))
        return wrapped

    assert (await ask(app)).endswith(b"\r\n\r\nx" + CONTENT)


async def test_a_file_without_a_head_is_500(path: Path) -> None:
    """And it is closed."""
    file = Noting(path)

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return wrapped

    assert await ask(app) == FAILED
    assert file.closings == 1


def test_which_files_the_server_sends(path: Path) -> None:
    """Those whose descriptor gives the bytes that `read` gives."""
    packed = path.with_suffix(".gz")
    packed.write_bytes(gzip.compress(CONTENT))

    def sends(file: Any) -> bool:
        with file:
            piece = range_of(file)
            if piece is not None:
                piece.close()
            return piece is not None

    assert sends(path.open("rb"))
    assert sends(path.open("rb", buffering=0))
    assert sends(path.open("r+b"))
    assert sends(tempfile.TemporaryFile())
    assert sends(tempfile.NamedTemporaryFile())
    assert not sends(gzip.open(packed))
    assert not sends(io.BufferedReader(gzip.open(packed)))  # type: ignore[arg-type]  # it is raw enough
    assert not sends(path.open())
    assert not sends(io.BytesIO(b"abc"))
    assert not sends(open(os.pipe()[0], "rb"))
    closed = path.open("rb")
    closed.close()
    assert range_of(closed) is None


def test_a_proxy_of_a_file_is_sent(path: Path) -> None:
    """As Django's `File` is; one without `tell` from where its descriptor stands."""

    class Proxy:
        def __init__(self, file: Any, *names: str) -> None:
            for name in names:
                setattr(self, name, getattr(file, name))

    with path.open("rb", buffering=0) as file:
        file.read(7)
        for names in (("read", "fileno", "tell"), ("read", "fileno")):
            piece = range_of(Proxy(file, *names))
            assert piece is not None
            with piece:
                assert (piece.offset, piece.count) == (7, len(CONTENT) - 7)


def test_a_file_without_a_known_size_is_not_sent() -> None:
    """Such as those of /proc."""
    if not os.path.exists("/proc/self/stat"):
        pytest.skip("no /proc")
    with open("/proc/self/stat", "rb") as file:
        assert range_of(file) is None


@on_both_loops
async def test_a_file_that_shrinks_cuts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With an error in the log."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(30_000_000)
    noting = Noting(path)
    shrunk = Signal()
    async with hosted(sending(noting)) as server:
        client = await dial(server)
        client.pause_reading()
        client.send(request("/"))
        await until(lambda: noting.closings)
        os.truncate(path, 1000)
        shrunk.set()
        client.resume_reading()
        assert len(await client.rest()) < 30_000_000
        await until(lambda: "FileChangedError" in caplog.text)
