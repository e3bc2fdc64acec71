"""Waiters: who awaits an event hears of it, whatever becomes of the listeners."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from writehead import http, testing
from writehead._loop.waiters import Waiters
from writehead.errors import ConnectionLostError


@on_both_loops
async def test_the_first_event_ends_the_wait() -> None:
    """Others are not waited for, and another's does nothing."""
    waiters = Waiters()
    task = asyncio.create_task(waiters.first_of(("drain", "finish")))
    await asyncio.sleep(0)
    waiters.wake("close")
    await asyncio.sleep(0)
    assert not task.done()
    waiters.wake("finish")
    waiters.wake("drain")
    await task
    assert waiters._futures == []


@on_both_loops
async def test_an_error_ends_every_wait() -> None:
    """None of the events will come."""
    waiters = Waiters()
    tasks = [asyncio.create_task(waiters.first_of((event,))) for event in ("drain", "finish")]
    await asyncio.sleep(0)
    waiters.fail(ConnectionLostError)
    assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == [
        ConnectionLostError
    ] * 2


@pytest.mark.parametrize("fate", ["answered", "lost"])
@on_both_loops
async def test_a_program_that_removes_all_listeners_is_not_left_waiting(fate: str) -> None:
    """Nor one whose listener fails."""
    ended: list[str] = []

    async def handle(req: object, res: http.ServerResponse) -> None:
        def fail() -> None:
            raise LookupError("a listener of the program's")

        res.on("finish", fail).on("close", fail)
        waiting = asyncio.ensure_future(res.wait_finished())
        await asyncio.sleep(0)
        if fate == "answered":
            res.end("x")
        try:
            await waiting
            ended.append("answered")
        except ConnectionLostError:
            ended.append("lost")

    server = http.create_server(handle)
    client = testing.connect(server)
    client.request("GET", "/")
    for _ in range(3):
        await asyncio.sleep(0)
    if fate == "lost":
        client.reset()
    for _ in range(5):
        await asyncio.sleep(0)
    assert ended == [fate]


def _fail(*_: Any) -> None:
    raise LookupError("a listener of the program's")


def _fail_before(req: Any, res: Any) -> None:
    """Let a listener fail in front of all others, of whatever is told of an exchange."""
    for emitter in (req, res, req.socket):
        for event in ("finish", "close", "end", "drain"):
            emitter.prepend_listener(event, _fail)


async def _wait_finished(req: Any, res: Any) -> None:
    res.end("x")
    await res.wait_finished()


async def _send_file(req: Any, res: Any) -> None:
    await res.send_file(__file__)


async def _pipeline(req: Any, res: Any) -> None:
    await http.pipeline([b"x", b"y"], res)


async def _drain(req: Any, res: Any) -> None:
    while True:
        res.write(bytes(1 << 20))
        await res.drain()


async def _drain_socket(req: Any, res: Any) -> None:
    while True:
        req.socket.write(bytes(1 << 20))
        await req.socket.drain()


async def _iterate(req: Any, res: Any) -> None:
    async for _ in req:
        pass


@pytest.mark.parametrize("wait", [_wait_finished, _send_file, _pipeline, _drain, _drain_socket, _iterate])
@on_both_loops
async def test_listeners_that_fail_keep_nobody_waiting(wait: Any) -> None:
    """Whatever the library waits for: `await server.close()` returns, too."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def handle(req: Any, res: Any) -> None:
        _fail_before(req, res)
        begun.set()
        with contextlib.suppress(ConnectionLostError):
            await wait(req, res)
        ended.set()

    server = http.create_server(handle)
    server.prepend_listener("close", _fail)
    await server.listen(0, "127.0.0.1")
    client = await dial(server)
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    await begun.wait()
    if wait not in (_wait_finished, _send_file, _pipeline):  # these end with an answer
        client.abort()
    await ended.wait()
    client.close()
    await server.close()


async def _send_large_file(req: Any, res: Any) -> None:
    with tempfile.TemporaryFile() as file:
        file.truncate(1 << 27)
        await res.send_file(file)


async def _wait_for_source(req: Any, res: Any) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    await http.pipeline(source(), res)


@pytest.mark.parametrize("how", ["reset", "cut"])
@pytest.mark.parametrize("wait", [_send_large_file, _wait_for_source, _drain, _drain_socket, _iterate])
@on_both_loops
async def test_listeners_that_are_removed_keep_nobody_waiting(wait: Any, how: str) -> None:
    """Of the response, the request and the socket, before the connection goes."""
    removed, ended = asyncio.Event(), asyncio.Event()

    async def handle(req: Any, res: Any) -> None:
        def remove() -> None:
            for emitter in (req, res, req.socket):
                emitter.remove_all_listeners()
            removed.set()

        asyncio.get_running_loop().call_later(0.02, remove)  # the client does not read: by then it waits
        with pytest.raises(ConnectionLostError):
            await wait(req, res)
        ended.set()

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.pause_reading()
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
        await removed.wait()
        if how == "reset":
            client.abort()
        else:
            server.close_all_connections()
        await ended.wait()
        client.close()


@on_both_loops
async def test_a_body_whose_listeners_are_removed_is_iterated_to_its_end() -> None:
    """What comes later is read; so is what an upgraded socket gets."""
    rest = asyncio.Event()

    async def read(stream: Any) -> bytes:
        asyncio.get_running_loop().call_soon(stream.remove_all_listeners)
        asyncio.get_running_loop().call_soon(rest.set)
        return b"".join([chunk async for chunk in stream])

    async def handle(req: Any, res: Any) -> None:
        res.end(await read(req))

    async def upgrade(req: Any, socket: Any, head: bytes) -> None:
        socket.end(await read(socket))

    async with http.create_server(handle) as server:
        server.on("upgrade", upgrade)
        await server.listen(0, "127.0.0.1")
        for field in (b"Content-Length: 5", b"Connection: upgrade\r\nUpgrade: x"):
            rest.clear()
            client = await dial(server)
            client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n\r\nab")
            await rest.wait()
            for byte in (b"c", b"d", b"e"):
                client.send(byte)
                await asyncio.sleep(0)
            if field.endswith(b"x"):
                client.end()
            await client.until(b"cde")  # "ab" before it: of the upgrade it was `head`
            client.close()


@on_both_loops
async def test_a_body_that_is_iterated_ends_though_all_listeners_are_removed() -> None:
    """The connection is lost: the loop over the body hears of it."""
    ended: list[str] = []

    async def handle(req: http.IncomingMessage, res: object) -> None:
        asyncio.get_running_loop().call_soon(req.remove_all_listeners)
        try:
            await req.bytes()
        except ConnectionLostError:
            ended.append("lost")

    client = testing.connect(http.create_server(handle))
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
    for _ in range(5):
        await asyncio.sleep(0)
    client.reset()
    for _ in range(5):
        await asyncio.sleep(0)
    assert ended == ["lost"]


@on_both_loops
async def test_a_body_that_was_piped_to_a_failed_response_is_read_to_its_end() -> None:
    """The next request is served: nobody waits for the rest."""

    def handle(req: http.IncomingMessage, res: http.ServerResponse) -> None:
        if req.method == "GET":
            res.end("next")
            return
        req.pipe(res)
        raise LookupError("behind the pipe")

    client = testing.connect(http.create_server(handle))
    failed = client.answer("POST")
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 150000\r\n\r\n" + bytes(70_000))
    client.send(bytes(70_000))
    client.send(bytes(10_000))
    answer = client.request("GET", "/")
    await client.until(lambda: answer.complete)
    assert (failed.status, answer.body) == (500, b"next")
