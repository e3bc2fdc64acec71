"""Callbacks: called with as much as they take."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.stage import GET, OK_CLOSE, answer
from writehead import http
from writehead._node.callbacks import UserCallback, user_callback
from writehead.events import EventEmitter

CLOSE = b"GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def test_a_callback_that_takes_nothing_is_called_so() -> None:
    """And another gets the error, or None."""
    heard: list[Any] = []
    owner = EventEmitter()
    UserCallback(lambda: heard.append("nothing"), owner)(ValueError())
    UserCallback(heard.append, owner)(None)
    assert heard == ["nothing", None]


def test_a_bound_method_does_not_count_itself() -> None:
    """`self` is no argument of the caller's."""

    class Log:
        called = 0

        def note(self) -> None:
            self.called += 1

    log = Log()
    UserCallback(log.note, EventEmitter())(None)
    assert log.called == 1


def test_a_callback_that_fails_is_its_owners_to_tell_of(caplog: pytest.LogCaptureFixture) -> None:
    """Who calls back goes on: there may be others, and an end that is due."""

    def fail() -> None:
        raise LookupError("no")

    UserCallback(fail, EventEmitter())(None)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [LookupError]


def fail(*_: Any) -> None:
    raise LookupError("a callback of the program's")


@on_both_loops
async def test_callbacks_that_fail_behind_a_reset_leave_no_connection_behind() -> None:
    """Each is called, 'close' comes of request, response and socket, and the server forgets the connection."""
    log: list[str] = []
    begun, gone = asyncio.Event(), asyncio.Event()

    def called(*args: Any) -> None:
        log.append("called")
        fail()

    def handle(req: Any, res: Any) -> None:
        for name, emitter in (("request", req), ("response", res), ("socket", req.socket)):
            emitter.on("close", lambda *_, name=name: (log.append(name), len(log) == 8 and gone.set()))
        for _ in range(4):
            res.write(bytes(4 << 20), called)
        req.socket.write(b"x", called)
        begun.set()

    server = http.create_server(handle)
    await server.listen(0, "127.0.0.1")
    client = await dial(server)
    client.send(GET)
    await begun.wait()
    client.abort()
    await gone.wait()
    assert sorted(log) == ["called"] * 5 + ["request", "response", "socket"]
    await server.close()


@on_both_loops
async def test_a_callback_that_fails_behind_its_response_leaves_the_next_one() -> None:
    """That of `end` is a listener of 'finish', which comes; the next request of the packet is answered."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        res.on("finish", lambda: log.append(req.url))
        res.end("ok", fail)

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET + GET.replace(b"/ ", b"/2 ", 1) + CLOSE)
        assert await client.rest() == answer(b"ok") * 2 + answer(b"ok", OK_CLOSE)
    assert log == ["/", "/2", "/3"]


@on_both_loops
async def test_a_callback_that_fails_within_its_response_ends_the_connection_behind_it() -> None:
    """The response is whole, and 'finish' comes; what was asked for behind it hears of the end."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        for event in ("finish", "close"):
            res.on(event, lambda event=event: log.append(f"{req.url} {event}"))
        res.write("o", fail if req.url == "/" else None)
        if req.url == "/":
            res.end("k")

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET + GET.replace(b"/ ", b"/2 ", 1))
        assert (await client.rest()).endswith(b"\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n")
    assert log == ["/ finish", "/2 close"]


def test_a_callback_runs_in_the_context_of_its_owner() -> None:
    """Whoever causes it."""
    name = ContextVar("name", default="nobody")
    owner, heard = EventEmitter(), []
    owner._listener_context = copy_context()
    owner._listener_context.run(name.set, "owner")
    UserCallback(lambda: heard.append(name.get()), owner)(None)
    assert heard == ["owner"]


async def test_an_async_callback_runs() -> None:
    """As an async listener does."""
    heard: list[Any] = []

    async def callback(error: Any) -> None:
        heard.append(error)

    UserCallback(callback, EventEmitter())(None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert heard == [None]


@pytest.mark.parametrize("value", [None, 0, "x", {}])
def test_what_cannot_be_called_is_no_callback(value: Any) -> None:
    """Node ignores it."""
    assert user_callback(value, EventEmitter()) is None
