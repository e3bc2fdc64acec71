"""The body of a request on its way to the thread that reads it, and what happens when it does not come."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import (
    CLOSED,
    Signal,
    answering,
    ask,
    dial,
    hosted,
    mount_of,
    request,
    say,
    until,
)
from writehead import testing, wsgi
from writehead.errors import ConnectionLostError, WSGIStateError

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECTING = (
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
)


def length(size: int) -> bytes:
    return CLOSED + b"Content-Length: %d\r\n\r\n" % size


def echo(environ: Any, start_response: Any) -> list[bytes]:
    data = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [data]


def post(body: bytes, *lines: str) -> bytes:
    return request("/", f"Content-Length: {len(body)}", *lines, method="POST", body=body)


@on_both_loops
async def test_a_body_is_read_to_its_end() -> None:
    """Of any size, with a length or chunked; reading ends there (cherrypy/cherrypy#966)."""
    for size in (0, 1, 1000, 65536, 65537, 3_000_000):
        body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        assert (
            await ask(echo, "/", f"Content-Length: {size}", method="POST", body=body) == length(size) + body
        )
        chunks = b"".join(
            b"%x\r\n%s\r\n" % (len(each), each)
            for each in (body[at : at + 50_000] for at in range(0, size, 50_000))
        )
        got = await ask(echo, "/", "Transfer-Encoding: chunked", method="POST", body=chunks + b"0\r\n\r\n")
        assert got == length(size) + body


@on_both_loops
async def test_a_body_in_small_reads_is_the_same() -> None:
    """By lines, and by a few bytes."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        stream = environ["wsgi.input"]
        parts = [stream.readline(), stream.read(7), *stream.readlines(100)]
        while part := stream.read(1000):
            parts.append(part)
        start_response("200 OK", [])
        return parts

    body = b"a line\n" * 40_000
    assert (
        await ask(app, "/", f"Content-Length: {len(body)}", method="POST", body=body)
        == length(len(body)) + body
    )


@on_both_loops
async def test_a_small_upload_holds_no_thread_until_it_is_complete() -> None:
    """However slowly it comes (Pylons/waitress#179)."""
    async with hosted(echo) as server:
        client = await dial(server)
        whole = post(b"abcdef")
        client.send(whole[:-3])
        other = await say(server, request("/"))
        assert other == length(0)
        assert mount_of(server).running == mount_of(server).waiting == 0
        client.send(whole[-3:])
        assert await client.rest() == length(6) + b"abcdef"


@on_both_loops
async def test_a_thread_is_taken_when_the_mark_waits() -> None:
    """And reads what comes; with the mark of the server."""
    begun = Signal()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        begun.set()
        return echo(environ, start_response)

    async with hosted(app, high_water_mark=1000) as server:
        client = await dial(server)
        whole = post(b"x" * 5000)
        client.send(whole[:-4500])
        await say(server, request("/nothing", "X: y", method="GET"))
        assert begun.is_set()  # of the other request
        begun._event.clear()
        client.send(whole[-4500:-1])
        await begun.arrives()
        client.send(whole[-1:])
        assert await client.rest() == length(5000) + b"x" * 5000


@on_both_loops
async def test_reading_stops_while_nobody_reads() -> None:
    """At most the mark and a read wait in memory, then the socket is paused (Kludex/uvicorn#371)."""
    begun, go_on = Signal(), Signal()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        begun.set()
        go_on.wait()
        total = 0
        while part := environ["wsgi.input"].read(100_000):
            total += len(part)
        start_response("200 OK", [])
        return [b"%d" % total]

    size = 20_000_000
    async with hosted(app) as server:
        client = await dial(server)
        client.send(post(b"x" * size))
        await begun.arrives()
        connection: Any = next(iter(server._connections))
        await until(lambda: connection.channel.reading_paused)
        await asyncio.sleep(0.02)
        assert connection.channel.bytes_read < 1_000_000
        go_on.set()
        assert await client.rest() == length(8) + b"20000000"


@on_both_loops
async def test_a_body_that_is_not_read_is_dropped() -> None:
    """And the next request of the connection is served."""
    body = b"x" * 300_000
    async with hosted(answering([b"y"])) as server:
        client = await dial(server)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        client.send(request("/"))
        got = await client.rest()
    assert got.count(b"\r\n\r\ny") == 2


@on_both_loops
async def test_a_body_that_was_read_in_part_is_dropped() -> None:
    """What the app has left of it does not block the connection."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start = environ["wsgi.input"].read(10)
        start_response("200 OK", [])
        return [start]

    body = b"x" * 300_000
    async with hosted(app) as server:
        client = await dial(server)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        client.send(request("/"))
        got = await client.rest()
    assert got.count(b"HTTP/1.1 200 OK") == 2


# -- 100 Continue -----------------------------------------------------------------------------


@on_both_loops
async def test_the_first_read_that_finds_nothing_asks_for_the_body() -> None:
    """100 Continue is sent then, once, and the thread is taken before the body comes."""
    async with hosted(echo) as server:
        client = await dial(server)
        client.send(EXPECTING % 4)
        assert await client.until(b"\r\n\r\n") == CONTINUE
        client.send(b"ab")
        client.send(b"cd")
        assert await client.rest() == CONTINUE + length(4) + b"abcd"


@on_both_loops
async def test_no_continue_without_a_read() -> None:
    """The response closes the connection then: the client may send the body, or not."""
    async with hosted(answering([b"no"])) as server:
        assert await say(server, (EXPECTING % 4).replace(b"Connection: close\r\n", b"")) == length(2) + b"no"


@on_both_loops
async def test_no_continue_behind_the_head() -> None:
    """The client has its response: it waits for nothing."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"head"
        yield environ["wsgi.input"].read()

    async with hosted(app) as server:
        client = await dial(server)
        client.send(EXPECTING % 4)
        await client.until(b"head")
        client.send(b"body")
        got = await client.rest()
    assert CONTINUE not in got
    assert got.endswith(b"4\r\nbody\r\n0\r\n\r\n")


@on_both_loops
async def test_a_client_that_does_not_wait_gets_no_continue() -> None:
    """Its body has come: nothing is asked for, and the connection may stay."""
    async with hosted(echo) as server:
        client = await dial(server)
        client.send((EXPECTING % 4).replace(b"Connection: close\r\n", b"") + b"abcd")
        client.send(request("/"))
        got = await client.rest()
    assert got == (
        b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 4\r\n\r\nabcd"
        + length(0)
    )


async def test_an_expecting_client_of_http_1_0_gets_no_continue() -> None:
    """It does not know it."""
    async with hosted(echo) as server:
        data = b"POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nab"
        assert await say(server, data) == length(2) + b"ab"


# -- the body does not come ---------------------------------------------------------------------


class Reading:
    """An app that reads, and notes what it gets."""

    def __init__(self, method: str = "read", *args: int) -> None:
        self.call = method, args
        self.begun = Signal()
        self.done = Signal()
        self.raised: BaseException | None = None
        self.got: Any = None

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.begun.set()
        name, args = self.call
        try:
            self.got = getattr(environ["wsgi.input"], name)(*args)
        except OSError as error:
            self.raised = error
            raise
        finally:
            self.done.set()
        start_response("200 OK", [])
        return []


@pytest.mark.parametrize(
    "call", [("read",), ("read", 1_000_000), ("readline",), ("readlines",), ("__next__",)], ids=str
)
@on_both_loops
async def test_a_client_that_leaves_ends_the_read(
    call: tuple[Any, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """With an OSError, never a short body; it is not the app's failure."""
    app = Reading(*call)
    async with hosted(app) as server:
        client = await dial(server)
        client.send(post(b"x" * 1_000_000)[:200_000])
        await app.begun.arrives()
        await asyncio.sleep(0.01)  # the thread waits, or has not yet begun to
        client.abort()
        await app.done.arrives()
        await until(lambda: not mount_of(server).running)
    assert isinstance(app.raised, ConnectionLostError)
    assert isinstance(app.raised, OSError)
    assert caplog.messages == []


@on_both_loops
async def test_a_broken_chunk_ends_the_read(caplog: pytest.LogCaptureFixture) -> None:
    """With an error, and 400 for the client; nothing is read in a busy loop (benoitc/gunicorn#2684)."""
    app = Reading()
    async with hosted(app) as server:
        client = await dial(server)
        head = request("/", "Transfer-Encoding: chunked", method="POST")
        client.send(head + b"11170\r\n" + b"x" * 70_000 + b"\r\n")
        await app.begun.arrives()
        client.send(b"nonsense\r\n")
        got = await client.rest()
        await app.done.arrives()
        await until(lambda: not mount_of(server).running)
    assert got == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
    assert isinstance(app.raised, ConnectionLostError)
    assert caplog.messages == []


@on_both_loops
async def test_a_small_broken_body_never_comes_to_the_app() -> None:
    """No thread is taken for it."""
    app = Reading()
    async with hosted(app) as server:
        head = request("/", "Transfer-Encoding: chunked", method="POST")
        got = await say(server, head + b"2\r\nab\r\nnonsense\r\n")
        assert got == b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
        client = await dial(server)
        client.send(head + b"2\r\nab\r\n")
        await asyncio.sleep(0.01)
        client.abort()
        await until(lambda: not server._connection_count)
    assert not app.begun.is_set()


@on_both_loops
async def test_a_body_that_stands_still_ends_the_read() -> None:
    """By `body_timeout`; the client gets 408."""
    app = Reading()
    async with hosted(app, body_timeout=40) as server:
        client = await dial(server)
        client.send(post(b"x" * 100_000)[:-1])
        await app.done.arrives()
        assert await client.rest() == b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
    assert isinstance(app.raised, ConnectionLostError)


@on_both_loops
async def test_a_whole_body_may_be_read_after_its_client_has_left() -> None:
    """It is not short."""
    go_on, begun, done = Signal(), Signal(), Signal()
    got: list[bytes] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        begun.set()
        go_on.wait()
        got.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        done.set()
        return [b"nobody hears it"]

    async with hosted(app) as server:
        client = await dial(server)
        client.send(post(b"abc"))
        await begun.arrives()
        client.abort()
        await until(lambda: not server._connection_count)
        go_on.set()
        await done.arrives()
        await until(lambda: not mount_of(server).running)
    assert got == [b"abc"]


@on_both_loops
async def test_after_the_response_the_body_is_gone() -> None:
    """What comes of it is thrown away, so a read raises; also one that waits in another thread."""
    raised: list[BaseException] = []
    done = Signal()
    stream: list[Any] = []

    def read() -> None:
        try:
            stream[0].read()
        except ConnectionLostError as error:
            raised.append(error)

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"x"

        def close(self) -> None:
            other.join()
            read()
            done.set()

    def app(environ: Any, start_response: Any) -> Body:
        stream.append(environ["wsgi.input"])
        environ["wsgi.input"].read(5)
        other.start()
        start_response("200 OK", [("Content-Length", "1")])
        return Body()

    other = threading.Thread(target=read)
    async with hosted(app) as server:
        client = await dial(server)
        client.send(post(b"y" * 100_000)[:80_000])
        await done.arrives()
        await client.until(b"\r\n\r\nx")
        client.abort()
        await until(lambda: not mount_of(server).running)
    assert len(raised) == 2


@on_both_loops
async def test_another_thread_of_the_app_may_read() -> None:
    """One at a time."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        got: list[bytes] = []
        other = threading.Thread(target=lambda: got.append(environ["wsgi.input"].read(100_000)))
        other.start()
        other.join()
        got.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return [b"%d %d" % (len(got[0]), len(got[1]))]

    got = await ask(app, "/", "Content-Length: 150000", method="POST", body=b"x" * 150_000)
    assert got == length(12) + b"100000 50000"


@on_both_loops
async def test_two_threads_of_the_app_cannot_read_at_once() -> None:
    """The second gets an error, and the first its body."""
    raised: list[BaseException] = []
    begun, go_on, done = Signal(), Signal(), Signal()
    got: list[bytes] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        stream = environ["wsgi.input"]
        stream.read(80_000)
        other = threading.Thread(target=lambda: got.append(stream.read()))
        other.start()
        begun.set()
        go_on.wait()
        try:
            stream.read()
        except WSGIStateError as error:
            raised.append(error)
        done.set()
        other.join()
        start_response("200 OK", [])
        return []

    async with hosted(app) as server:
        client = await dial(server)
        whole = post(b"y" * 100_000)
        client.send(whole[:-10_000])
        dispatcher: Any = mount_of(server)._dispatcher
        await begun.arrives()
        await until(lambda: all(each._reader is not None for each in dispatcher._open))
        go_on.set()
        await done.arrives()
        client.send(whole[-10_000:])
        assert await client.rest() == length(0)
    assert len(raised) == 1
    assert sum(map(len, got)) <= 20_000


# -- in memory -----------------------------------------------------------------------------------


async def test_it_works_in_memory() -> None:
    """As over sockets."""
    server = wsgi.create_server(echo)
    testing.listen(server)
    client = testing.connect(server)
    client.send(post(b"abc"))
    await until(lambda: client.received.endswith(b"abc"))
    await server.close()
