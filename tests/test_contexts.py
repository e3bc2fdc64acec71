"""Contexts: whose variables code of the user's sees."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar, copy_context
from typing import Any, ClassVar

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from writehead import http, https, testing
from writehead._connection.http1 import Connection
from writehead._node.contexts import is_entered, run_in

name: ContextVar[str] = ContextVar("name", default="nobody")


def test_it_runs_in_the_context() -> None:
    """What is set there stays there."""
    context = copy_context()
    run_in(context, name.set, "somebody")
    assert (run_in(context, name.get), name.get()) == ("somebody", "nobody")


def test_without_a_context_it_is_called_as_it_is() -> None:
    """As for an emitter of the program's own."""
    assert run_in(None, name.get) == "nobody"


def test_a_context_that_is_entered_lends_its_values() -> None:
    """What an event does that its own listener causes sees the same variables."""
    context = copy_context()

    def outer() -> str:
        name.set("outer")
        return copy_context().run(run_in, context, lambda: name.get())

    assert context.run(outer) == "outer"


@pytest.mark.parametrize("text", ["no", "cannot enter context: what the program says itself"])
def test_an_error_of_the_functions_own_comes_out_once(text: str) -> None:
    """It is not taken for a context that cannot be entered, and nothing is called twice."""
    calls = []

    def fail() -> None:
        calls.append(1)
        raise RuntimeError(text)

    with pytest.raises(RuntimeError, match=text):
        run_in(copy_context(), fail)
    assert calls == [1]


def test_who_is_entered() -> None:
    """By what runs now, or below it."""
    context = copy_context()
    assert not is_entered(context)
    assert context.run(is_entered, context)
    assert copy_context().run(context.run, copy_context().run, is_entered, context)


@on_both_loops
async def test_a_request_sees_no_variable_of_another() -> None:
    """Also where one task's reading is what brings the next (python/cpython#140947)."""
    seen: list[tuple[Any, str]] = []

    async def handle(req: Any, res: Any) -> None:
        seen.append((req.url, name.get()))
        name.set(req.url)
        res.on("finish", lambda: seen.append(("finish", name.get())))
        await req.bytes()
        res.end(name.get())

    server = http.create_server(handle)
    client, other = testing.connect(server), testing.connect(server)
    first = client.request("POST", "/a", body=bytes(200_000))
    await client.until(lambda: first.complete)
    second, third = client.request("GET", "/b"), other.request("GET", "/c")
    await client.until(lambda: second.complete)
    await other.until(lambda: third.complete)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [answer.body for answer in (first, second, third)] == [b"/a", b"/b", b"/c"]
    assert {who for what, who in seen if what != "finish"} == {"nobody"}
    assert [who for what, who in seen if what == "finish"] == ["/a", "/b", "/c"]


@on_both_loops
async def test_listeners_and_the_task_of_an_async_one_share_a_context() -> None:
    """What middleware sets the handler finds, and what that sets its later listeners find."""
    server = http.create_server()

    @server.on("request")
    def middleware(req: Any, res: Any) -> None:
        name.set("user")

    @server.on("request")
    async def handle(req: Any, res: Any) -> None:
        found = name.get()
        name.set("handler")
        res.on("finish", lambda: heard.append(name.get()))
        res.end(found)

    heard: list[str] = []
    client = testing.connect(server)
    answer = client.request("GET", "/")
    await client.until(lambda: answer.complete)
    assert (answer.body, heard) == (b"user", ["handler"])


@on_both_loops
async def test_each_connection_has_a_context_of_its_own() -> None:
    """A 'connection' listener sets nothing for the next client."""
    seen = []

    def greet(socket: Any) -> None:
        seen.append(name.get())
        name.set("somebody")
        socket.on("close", lambda *_: seen.append(name.get()))

    server = http.create_server(lambda req, res: res.end(name.get()))
    server.on("connection", greet)
    for _ in range(2):
        client = testing.connect(server)
        assert client.request("GET", "/").body == b"nobody"
        client.reset()
    assert seen == ["nobody", "somebody"] * 2


@on_both_loops
async def test_requests_begin_with_what_listen_saw() -> None:
    """A copy of the context of the `listen()` call."""
    server = http.create_server(lambda req, res: res.end(name.get()))
    name.set("at listen")
    testing.listen(server)
    name.set("later")
    assert testing.connect(server).request("GET", "/").body == b"at listen"


@on_both_loops
async def test_each_tls_connection_has_a_context_of_its_own() -> None:
    """From the callback of a server name on; what it sets no other client sees, and its own requests neither."""
    seen: list[tuple[str, str]] = []

    def note(what: str, *, then: str) -> Any:
        def listener(*_: Any) -> None:
            seen.append((what, name.get()))
            name.set(then)

        return listener

    def choose(server_name: str) -> None:
        seen.append(("name", name.get()))
        name.set("name")

    options = {"sni_callback": choose, **authority().options()}
    server = https.create_server(options, lambda req, res: res.end(name.get()))
    server.on("connection", note("connection", then="connection"))
    server.on("secureConnection", note("secureConnection", then="secureConnection"))
    await server.listen(0, "127.0.0.1")
    for _ in range(2):
        client = await dial(server, authority().context())
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await client.rest()).endswith(b"nobody")
    await server.close()
    assert seen == [("connection", "nobody"), ("name", "connection"), ("secureConnection", "name")] * 2


class Noting(Connection):
    """Notes in which context the loop tells it of something."""

    __slots__ = ()

    seen: ClassVar[set[str]] = set()

    def data_received(self, data: bytes, backlog: Any = None) -> None:
        self.seen.add(name.get())
        super().data_received(data, backlog)

    def resume_writing(self) -> None:
        self.seen.add(name.get())
        super().resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        self.seen.add(name.get())
        super().connection_lost(exc)


@on_both_loops
async def test_nothing_of_the_transport_runs_in_the_context_of_a_request() -> None:
    """Neither reading that a handler has let go on, nor what is told of its writing, nor the end (cpython#140947)."""

    async def handle(req: Any, res: Any) -> None:
        name.set("handler")
        req.pause()
        await asyncio.sleep(0)
        size = 0
        async for piece in req:
            size += len(piece)
            await asyncio.sleep(0)
        res.write(bytes(3_000_000))
        await res.drain()
        res.end(str(size))

    Noting.seen.clear()
    server = http.create_server(handle)
    server._make_connection = lambda: Noting(server._config)
    size = 3_000_000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size
    async with server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(head + bytes(size))
        assert str(size).encode() in await client.rest()
    assert Noting.seen == {"nobody"}
