"""The socket, as handlers and upgrade listeners have it."""

from __future__ import annotations

import asyncio
import errno
import math
from datetime import timedelta
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.stage import GET, Stage, answer, events, silent
from writehead import testing
from writehead._net.socket import channel_of
from writehead.errors import (
    ConnectionLostError,
    InvalidArgTypeError,
    OutOfRangeError,
    SocketEncodingError,
    StreamDestroyedError,
    StreamNullValuesError,
    UnknownEncodingError,
)
from writehead.testing import settle

UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


def owned(**options: Any) -> tuple[testing.Client, Any, list[Any]]:
    """Return a client, its socket while HTTP owns it, and the log of the stage."""
    stage = Stage(silent, **options)
    client = stage.send(GET)
    stage.log.clear()
    return client, client.socket, stage.log


def free(head: bytes = b"", **options: Any) -> tuple[testing.Client, Any, list[Any]]:
    """Return a client, its socket after an upgrade, and a log."""
    stage = Stage(silent, **options)
    stage.server.on("upgrade", lambda req, socket, head: None)
    client = stage.send(UPGRADE + head)
    return client, client.socket, stage.log


def test_nobody_watches_a_socket_that_was_destroyed() -> None:
    """Its timeout may still be set, by an answer that ends late too; nobody would end that watch."""
    _, socket, _ = owned()
    socket.destroy()
    assert socket.set_timeout(1000) is socket
    settle()
    assert channel_of(socket).timers._groups == {}


def test_a_connection_that_is_lost_twice_in_one_tick_closes_once(caplog: pytest.LogCaptureFixture) -> None:
    """The second report finds nothing to close, and no callback fails."""
    _, socket, _ = free()
    closed: list[bool] = []
    socket.on("close", closed.append)
    channel = channel_of(socket)
    assert channel.ticks.hold()
    channel.connection_lost(None)
    channel.connection_lost(None)
    channel.ticks.run()
    settle()
    assert closed == [False]
    assert caplog.records == []


# -- write ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (("é",), "é".encode()),
        (("é", "latin1"), b"\xe9"),
        (("6869", "hex"), b"hi"),
        ((b"raw",), b"raw"),
        ((bytearray(b"raw"),), b"raw"),
        ((memoryview(b"raw"),), b"raw"),
    ],
)
def test_bytes_are_written_raw(args: tuple[Any, ...], wanted: bytes) -> None:
    """Between the responses, without any check; text in an encoding."""
    client, socket, log = owned()
    assert socket.write(*args, lambda *error: log.append(error)) is True
    assert log == []
    settle()
    assert client.received == wanted
    assert log in ([()], [(None,)])


@pytest.mark.parametrize(
    ("args", "error", "code"),
    [
        ((None,), StreamNullValuesError, "ERR_STREAM_NULL_VALUES"),
        ((5,), InvalidArgTypeError, "ERR_INVALID_ARG_TYPE"),
        (([],), InvalidArgTypeError, "ERR_INVALID_ARG_TYPE"),
        (("x", "klingon"), UnknownEncodingError, "ERR_UNKNOWN_ENCODING"),
    ],
)
def test_what_cannot_be_written_is_refused(args: tuple[Any, ...], error: type[Any], code: str) -> None:
    """At once, and nothing is sent."""
    client, socket, _ = owned()
    with pytest.raises(error) as caught:
        socket.write(*args)
    assert caught.value.code == code
    settle()
    assert (client.received, client.closed) == (b"", False)


# -- the ends ------------------------------------------------------------------


def test_end_sends_fin_and_reads_on() -> None:
    """The callback comes just before 'finish'; the peer's FIN closes."""
    client, socket, log = free()
    events(log, socket, "finish end close data")
    assert socket.end("bye", lambda: log.append("callback")) is socket
    assert (socket.writable, socket.readable, socket.ready_state) == (False, True, "readOnly")
    settle()
    assert (client.received, client.ended, client.closed) == (b"bye", True, False)
    assert log == ["callback", "finish"]
    client.send(b"late")
    client.end()
    assert log[2:] == ["data b'late'", "end", "close False"]
    assert (client.closed, socket.ready_state) == (True, "closed")


def test_end_waits_for_what_is_not_taken() -> None:
    """FIN goes behind the bytes."""
    client, socket, log = free()
    events(log, socket, "finish")
    client.stall()
    socket.end(100_000 * b"x")
    settle()
    assert (client.ended, log) == (False, [])
    client.take()
    assert (client.ended, log) == (True, ["finish"])


def test_writing_after_the_end_destroys() -> None:
    """False, the callback and 'error' have `ERR_STREAM_WRITE_AFTER_END`."""
    for late in ("write", "end"):
        client, socket, log = free()
        events(log, socket, "error close")
        socket.end()
        getattr(socket, late)("x", lambda *error: log.append(error and error[0].code))
        settle()
        assert client.closed
        assert "error ERR_STREAM_WRITE_AFTER_END" in log
        assert "close True" in log


def test_writing_to_a_destroyed_socket() -> None:
    """False, and the callback has `ERR_STREAM_DESTROYED`."""
    _, socket, log = free()
    socket.destroy()
    assert socket.write("x", lambda error: log.append(error.code)) is False
    settle()
    assert log == ["ERR_STREAM_DESTROYED"]


def test_destroy_is_at_once() -> None:
    """The state changes inside the call; 'close' follows; what was unsent is dropped."""
    client, socket, log = free()
    events(log, socket, "error close end finish")
    client.stall()
    socket.write(100_000 * b"x")
    assert socket.destroy() is socket
    assert (socket.destroyed, socket.writable, socket.readable) == (True, False, False)
    assert (socket.ready_state, log) == ("closed", [])
    settle()
    socket.destroy()
    client.take()
    assert (client.closed, client.received, log) == (True, b"", ["close False"])


def test_destroy_with_an_error() -> None:
    """'error', then 'close' with True; while HTTP owns the socket the error is never unhandled."""
    client, socket, log = free()
    events(log, socket, "error close")
    socket.destroy(LookupError("why"))
    settle()
    assert (client.closed, log) == (True, ["error why", "close True"])
    client, socket, _ = owned()
    socket.destroy(LookupError("why"))
    settle()
    assert client.closed


def test_an_error_that_nobody_hears_is_logged_after_an_upgrade(caplog: pytest.LogCaptureFixture) -> None:
    """Node would end the process."""
    client, socket, _ = free()
    socket.destroy(LookupError("why"))
    settle()
    assert client.closed
    assert "why" in caplog.text


async def push(socket: Any) -> None:
    while True:
        socket.write(100_000 * b"x")
        await socket.drain()


async def echo(socket: Any) -> None:
    async for chunk in socket:
        socket.write(chunk)


async def keep(socket: Any) -> None:
    """Neither read nor write."""


@pytest.mark.parametrize("work", [push, echo, keep])
@pytest.mark.parametrize("end", ["reset", "end"])
@on_both_loops
async def test_an_upgraded_client_that_leaves_is_quiet(
    work: Any, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether the socket or a task of its listener hears of it first."""
    stage = Stage(silent)

    @stage.server.on("upgrade")
    async def upgrade(req: Any, socket: Any, head: bytes) -> None:
        await work(socket)

    client = stage.connect()
    client.stall()
    client.send(UPGRADE)
    await asyncio.sleep(0)
    getattr(client, end)()
    for _ in range(10):
        await asyncio.sleep(0)
    client.reset()
    for _ in range(10):
        await asyncio.sleep(0)
    assert client.closed
    assert caplog.records == []


@pytest.mark.parametrize("code", [errno.EPIPE, errno.ETIMEDOUT, errno.ECONNRESET, None])
async def test_drain_has_one_error_for_a_client_that_left(code: int | None) -> None:
    """While it waits and afterwards, by whatever error of the system, or none, the loop has heard of it."""
    client, socket, _ = free()
    client.stall()
    socket.write(100_000 * b"x")
    waiting = asyncio.ensure_future(socket.drain())
    await asyncio.sleep(0)
    client.transport._lose(None if code is None else OSError(code, "gone"))
    with pytest.raises(ConnectionLostError):
        await waiting
    with pytest.raises(ConnectionLostError):
        await socket.drain()


async def test_drain_of_a_socket_that_the_program_destroyed() -> None:
    """That is no client's doing."""
    _, socket, _ = free()
    socket.destroy()
    with pytest.raises(StreamDestroyedError):
        await socket.drain()


def test_destroy_soon_flushes_first() -> None:
    """'finish', 'close', without waiting for the peer."""
    client, socket, log = free()
    events(log, socket, "finish close")
    client.stall()
    socket.write(100_000 * b"x")
    socket.destroy_soon()
    settle()
    assert (client.closed, log) == (False, [])
    client.take()
    assert (client.closed, log) == (True, ["finish", "close False"])
    assert len(client.received) == 100_000


def test_what_the_peer_ended_can_still_be_written() -> None:
    """ "writeOnly" until `end`."""
    client, socket, log = free()
    events(log, socket, "end finish close")
    socket.resume()
    client.end()
    assert (socket.readable, socket.writable, socket.ready_state) == (False, True, "writeOnly")
    socket.end("bye")
    settle()
    client.take()
    assert (client.received, client.closed) == (b"bye", True)
    assert log == ["end", "finish", "close False"]


# -- reading -------------------------------------------------------------------


def test_data_can_be_listened_to_while_http_reads() -> None:
    """Each packet, after the parser had it; HTTP goes on."""
    stage = Stage()
    stage.server.on("connection", lambda socket: socket.on("data", stage.log.append))
    client = stage.send(GET)
    assert stage.log == ["GET /", GET]
    assert dateless(client.received) == answer(b"ok")


@pytest.mark.parametrize("stage", [owned, free])
def test_an_encoding_cannot_be_set(stage: Any) -> None:
    """`ERR_HTTP_SOCKET_ENCODING`, as in Node also after an upgrade."""
    _, socket, _ = stage()
    with pytest.raises(SocketEncodingError) as caught:
        socket.set_encoding("utf8")
    assert caught.value.code == "ERR_HTTP_SOCKET_ENCODING"


def test_what_comes_after_an_upgrade_waits_for_a_reader() -> None:
    """No further than the mark, and the rest when somebody reads."""
    client, socket, log = free(high_water_mark=1000)
    assert socket.readable_flowing is None
    for _ in range(10):
        client.send(500 * b"x")
    assert socket.readable_length == 1000
    socket.on("data", lambda chunk: log.append(len(chunk)))
    settle()
    assert sum(log) == 5000


async def test_an_upgraded_socket_can_be_iterated() -> None:
    """Until the peer's FIN; then it can still be written to."""
    client, socket, _ = free()
    got: list[bytes] = []

    async def read() -> None:
        async for chunk in socket:
            got.append(chunk)
        socket.end("bye")

    task = asyncio.ensure_future(read())
    client.send(b"one")
    await asyncio.sleep(0)
    client.send(b"two")
    client.end()
    await task
    await client.until(lambda: client.closed)
    assert (b"".join(got), client.received) == (b"onetwo", b"bye")


async def test_iterating_a_socket_that_is_reset_raises() -> None:
    """The error of the reset."""
    client, socket, _ = free()

    async def read() -> None:
        async for _ in socket:
            pass

    task = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    client.reset()
    with pytest.raises(OSError, match="ECONNRESET"):
        await task


def test_reading_can_be_paused_after_an_upgrade() -> None:
    """'pause' at once, 'resume' on a later turn."""
    client, socket, log = free()
    events(log, socket, "data pause resume")
    settle()
    log.clear()
    assert socket.pause() is socket
    assert log == ["pause"]
    client.send(b"x")
    assert log == ["pause"]
    assert socket.resume() is socket
    assert log == ["pause"]
    settle()
    assert log == ["pause", "resume", "data b'x'"]


def test_http_resumes_a_paused_socket() -> None:
    """Pausing the socket is no way to hold back requests."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(res))
    client = stage.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
    client.socket.pause()
    client.socket.resume()
    client.send(b"b" + GET)
    assert stage.log == ["POST /", "GET /"]


# -- time and options ----------------------------------------------------------


def test_a_socket_tells_that_it_is_idle_and_stays_open_after_an_upgrade() -> None:
    """'timeout' says only that; it comes once until something moves."""
    stage = Stage(silent)
    stage.server.on("upgrade", lambda req, socket, head: None)
    client = stage.send(UPGRADE)
    socket = client.socket
    assert socket.timeout is None
    assert socket.set_timeout(timedelta(seconds=1), lambda: stage.log.append("callback")) is socket
    events(stage.log, socket, "timeout")
    assert socket.timeout == 1000
    stage.clock.advance(5000)
    assert (client.closed, stage.log) == (False, ["callback", "timeout"])
    socket.write("x")
    settle()
    stage.clock.advance(1000)
    assert stage.log == ["callback", "timeout", "timeout"]


def test_a_timeout_can_be_switched_off() -> None:
    """0, with the callback to be removed."""
    stage = Stage(silent)
    client = stage.send(GET)
    called: list[str] = []

    def callback() -> None:
        called.append("x")

    client.socket.set_timeout(1000, callback)
    client.socket.set_timeout(0, callback)
    stage.clock.advance(10_000)
    assert (called, client.closed, client.socket.timeout) == ([], False, 0)
    assert client.socket.listener_count("timeout") == 0


def test_timeout_is_the_one_at_work() -> None:
    """The wait between two requests is one too; with the next request it is off (as in Node)."""
    stage = Stage()
    client = stage.connect()
    assert client.socket.timeout is None
    client.send(GET)
    assert client.socket.timeout == 6000
    client.send(GET[:5])
    assert client.socket.timeout == 6000
    stage.server.remove_all_listeners("request").on("request", lambda req, res: None)
    client.send(GET[5:])
    assert client.socket.timeout == 0


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("1",), InvalidArgTypeError),
        ((None,), InvalidArgTypeError),
        ((-1,), OutOfRangeError),
        ((math.nan,), OutOfRangeError),
        ((math.inf,), OutOfRangeError),
        ((1, 5), InvalidArgTypeError),
    ],
)
def test_what_is_no_timeout_is_refused(args: tuple[Any, ...], error: type[Exception]) -> None:
    """By type, and by range."""
    _, socket, _ = owned()
    with pytest.raises(error):
        socket.set_timeout(*args)


def test_reading_keeps_a_channel_awake() -> None:
    """What has come begins the idle time anew, where one is watched."""
    client, socket, _ = owned()
    channel, before = channel_of(socket), socket.bytes_read
    socket.set_timeout(1000)
    at = channel.active_at
    client.clock.advance(500)
    channel.note_read(4)
    assert (socket.bytes_read - before, channel.active_at - at) == (4, 0.5)
    socket.set_timeout(0)
    client.clock.advance(500)
    channel.note_read(4)
    assert channel.active_at - at == 0.5
