"""Limits that the command sets: connections that make room, and bodies; and what it adds to heads."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from writehead import asgi, http, wsgi
from writehead.errors import InvalidArgTypeError, PayloadTooLargeError


def echo(req: Any, res: Any) -> None:
    async def answer() -> None:
        res.end(await req.bytes())

    asyncio.ensure_future(answer())


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": body})


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("X-Own", "1")])
    return [body]


def servers(**options: Any) -> list[http.Server]:
    on_request = http.create_server(**options)
    on_request.on("request", echo)
    return [on_request, asgi.create_server(app, **options), wsgi.create_server(wsgi_app, **options)]


async def ask(server: Any, *pieces: bytes) -> bytes:
    """Send the pieces, and return all that comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.address()["port"])
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return await reader.read()
    finally:
        writer.close()


HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
LAST = b"Connection: close\r\n"


@pytest.mark.parametrize("which", range(3))
@on_both_loops
async def test_a_body_that_is_too_long_gets_413(which: int) -> None:
    """Announced or in chunks, of a handler, of ASGI and of WSGI; one that is just long enough is served."""
    server = servers(max_body_size=10)[which]
    async with server:
        await server.listen(0, "127.0.0.1")
        for length, status in ((10, b"200 OK"), (11, b"413 Payload Too Large")):
            body = b"x" * length
            announced = HEAD + LAST + b"Content-Length: %d\r\n\r\n" % length
            for pieces in ((announced + body,), (announced, body[:5], body[5:])):
                assert (await ask(server, *pieces)).startswith(b"HTTP/1.1 " + status)
            chunked = HEAD + LAST + b"Transfer-Encoding: chunked\r\n\r\n"
            one = b"%x\r\n%b\r\n0\r\n\r\n" % (length, body)
            many = b"".join(b"1\r\nx\r\n" for _ in range(length)) + b"0\r\n\r\n"
            for pieces in (
                (chunked + one,),
                (chunked, one),
                (chunked, many[:31], many[31:]),
                (chunked + many,),
            ):
                assert (await ask(server, *pieces)).startswith(b"HTTP/1.1 " + status), pieces


@on_both_loops
async def test_a_limit_is_of_each_body() -> None:
    """Those of one connection are counted alone, and a client that expects 100 is not asked for more than that."""
    for server in servers(max_body_size=10):
        async with server:
            await server.listen(0, "127.0.0.1")
            post = HEAD + b"Content-Length: 8\r\n\r\n12345678"
            chunks = HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n0\r\n\r\n"
            end = HEAD + LAST + b"Content-Length: 8\r\n\r\n12345678"
            assert (await ask(server, post, chunks, post + chunks, end)).count(b"HTTP/1.1 200 OK") == 5
            expects = HEAD + b"Expect: 100-continue\r\nContent-Length: 11\r\n\r\n"
            assert (await ask(server, expects)).startswith(b"HTTP/1.1 413 ")
            assert (await ask(server, post + HEAD + b"Content-Length: 11\r\n\r\n")).count(
                b"HTTP/1.1 413 "
            ) == 1


@on_both_loops
async def test_a_program_hears_of_it() -> None:
    """'clientError' has the error, as of any request that is refused."""
    server = http.create_server(max_body_size=1)
    heard: list[Any] = []
    server.on("clientError", lambda error, socket: (heard.append(error), socket.destroy()))
    async with server:
        await server.listen(0, "127.0.0.1")
        assert await ask(server, HEAD + b"Content-Length: 2\r\n\r\n") == b""
    assert isinstance(heard[0], PayloadTooLargeError)
    assert heard[0].limit == 1


GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@on_both_loops
async def test_fields_of_every_response() -> None:
    """In each interface, unless the program has one of that name; and no Date, if so."""
    options: dict[str, Any] = {"default_headers": {"Server": "writehead", "X-Own": "2"}, "send_date": False}
    for server in servers(**options):
        async with server:
            await server.listen(0, "127.0.0.1")
            answer = (await ask(server, GET)).lower()
            assert answer.count(b"\r\nserver: writehead\r\n") == 1
            assert answer.count(b"\r\nx-own: ") == 1
            assert (b"x-own: 2" in answer) == (server is not None and b"x-own: 1" not in answer)
            assert b"\r\ndate: " not in answer


@on_both_loops
async def test_a_date_alone_can_be_left_out() -> None:
    """And comes back."""
    server = http.create_server(lambda req, res: res.end("a"), send_date=False)
    async with server:
        await server.listen(0, "127.0.0.1")
        assert b"Date: " not in await ask(server, GET)
        server.sendDate = True
        assert b"Date: " in await ask(server, GET)


def test_fields_are_checked() -> None:
    """As `set_header` does."""
    for wrong in ("a", 3, [("a",)], ["ab"]):
        with pytest.raises(InvalidArgTypeError):
            http.create_server(default_headers=wrong)  # type: ignore[arg-type]
    server = http.create_server(default_headers=[("A", 1), ("B", "2")])
    assert server.default_headers == (("A", "1"), ("B", "2"))


@on_both_loops
async def test_the_longest_idle_connection_makes_room() -> None:
    """And where none is idle, the next one waits until one is."""
    waiting: list[Any] = []
    server = http.create_server(max_connections=2, keep_alive_timeout=60_000)
    server.on("request", lambda req, res: waiting.append(res) if req.url == "/wait" else res.end("x"))
    server._makes_room = True
    async with server:
        await server.listen(0, "127.0.0.1")
        port = server.address()["port"]  # type: ignore[index,call-overload]
        clients = []
        for _ in range(3):
            clients.append(await asyncio.open_connection("127.0.0.1", port))
            clients[-1][1].write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await clients[-1][0].readuntil(b"x")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.01)  # the clock of uvloop counts milliseconds
        assert await clients[0][0].read() == b""  # the first has made room for the third
        for reader, writer in clients[1:]:
            writer.write(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        while len(waiting) < 2:
            await asyncio.sleep(0.001)
        late = await asyncio.open_connection("127.0.0.1", port)
        late[1].write(GET)
        answer = asyncio.ensure_future(late[0].read())
        done, _ = await asyncio.wait([answer], timeout=0.05)
        assert not done
        waiting[0].end("y")
        assert (await answer).startswith(b"HTTP/1.1 200")
        waiting[1].end("y")
        for _, writer in (*clients, late):
            writer.close()
