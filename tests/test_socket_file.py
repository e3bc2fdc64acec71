"""Socket files: one's own is removed and no other's; what a dead process has left is taken over."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.stage import GET, answer
from writehead import http
from writehead.errors import SystemCallError


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "app.sock")


def server(text: str) -> Any:
    return http.create_server(lambda req, res: res.end(text))


async def asked(path: str) -> bytes:
    client = await dial(path)
    client.send(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    return (await client.rest()).partition(b"\r\n\r\n")[2]


def leave_stale(path: str) -> None:
    """Do what a process does that is killed: bind, and go."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)


@on_both_loops
async def test_a_server_that_closes_leaves_the_file_of_the_next(path: str) -> None:
    """The next one has removed the file and listens on one of its own (libuv/libuv#1332)."""
    first = await server("first").listen(path)
    Path(path).unlink()
    second = await server("second").listen(path)
    await first.close()
    assert await asked(path) == b"second"
    await second.close()
    assert not Path(path).exists()


@on_both_loops
async def test_a_server_that_closes_leaves_a_file_that_was_renamed(path: str) -> None:
    """An atomic change: listen beside, and rename over."""
    first = await server("first").listen(path)
    second = await server("second").listen(path + ".new")
    Path(path + ".new").rename(path)
    await first.close()
    assert await asked(path) == b"second"
    await second.close()
    assert stat.S_ISSOCK(Path(path).stat().st_mode)  # not where it was made


@on_both_loops
async def test_a_server_that_closes_leaves_what_is_no_socket(path: str) -> None:
    """Somebody has put a file there."""
    first = await server("first").listen(path)
    Path(path).unlink()
    Path(path).write_text("notes")
    await first.close()
    assert Path(path).read_text() == "notes"


@on_both_loops
async def test_a_stale_file_is_taken_over(path: str) -> None:
    """Nobody listens on it: its process is dead."""
    leave_stale(path)
    again = await server("again").listen(path)
    assert await asked(path) == b"again"
    await again.close()


@on_both_loops
async def test_a_live_file_is_in_use(path: str) -> None:
    """Also while its queue is full, and the one who was there is not disturbed."""
    first = await server("first").listen(path)
    with pytest.raises(SystemCallError, match="EADDRINUSE"):
        await server("second").listen(path)
    client = await dial(first)
    client.send(GET)
    assert await client.until(b"first") == answer(b"first")
    client.close()
    await first.close()
    with socket.socket(socket.AF_UNIX) as full, socket.socket(socket.AF_UNIX) as waiting:
        full.bind(path)
        full.listen(0)
        waiting.connect(path)
        with pytest.raises(SystemCallError, match="EADDRINUSE"):
            await server("second").listen(path)
        assert stat.S_ISSOCK(Path(path).stat().st_mode)


@on_both_loops
async def test_what_is_no_stale_socket_is_left_alone(path: str) -> None:
    """A file, a directory, a link, a socket of another kind: in use."""
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    for make in (
        lambda: Path(path).write_text("notes"),
        lambda: Path(path).mkdir(),
        lambda: datagrams.bind(path),
        lambda: (leave_stale(path + "2"), os.symlink(path + "2", path)),
        lambda: os.mkfifo(path),
    ):
        make()
        before = os.lstat(path)
        with pytest.raises(SystemCallError, match="EADDRINUSE"):
            await server("second").listen(path)
        assert os.lstat(path).st_ino == before.st_ino
        Path(path).rmdir() if Path(path).is_dir() else Path(path).unlink()
    datagrams.close()


@on_both_loops
async def test_of_many_that_take_over_one_gets_it(path: str) -> None:
    """Threads and processes may try at once: one listens, the others are told that it is in use."""
    leave_stale(path)
    tried = [server(str(number)).listen(path) for number in range(5)]
    outcomes = await asyncio.gather(*(each._wait() for each in tried), return_exceptions=True)
    listening = [each for each in tried if each.listening]
    assert len(listening) == 1
    assert sum(isinstance(each, SystemCallError) for each in outcomes) == 4
    assert await asked(path) == str(tried.index(listening[0])).encode()
    await listening[0].close()


def test_a_pipe_in_place_of_the_directory_is_an_error_at_once(tmp_path: Path) -> None:
    """It is no directory; to open it would wait for its writer."""
    os.mkfifo(tmp_path / "pipe")

    async def listen() -> None:
        await server("never").listen(path=str(tmp_path / "pipe" / "app.sock"))

    with pytest.raises(SystemCallError) as caught:
        asyncio.run(listen())
    assert caught.value.code == "ENOTDIR"
