"""A call of an app: `start_response`, `write`, the iterable, its end, and the bytes that come of it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import logging
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.wsgi_stage import (
    CLOSED,
    FAILED,
    Signal,
    answering,
    ask,
    dial,
    hosted,
    keep,
    mount_of,
    request,
    say,
    until,
)
from writehead import http
from writehead._guests.wsgi.call import Call
from writehead.errors import ConnectionLostError, InvalidArgTypeError, InvalidArgValueError, WSGIStateError

CHUNKED = CLOSED + b"Transfer-Encoding: chunked\r\n\r\n"


def length(size: int) -> bytes:
    return CLOSED + b"Content-Length: %d\r\n\r\n" % size


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Closing:
    """An iterable that notes that it is closed, and in which thread."""

    def __init__(self, pieces: Iterable[Any], fails: BaseException | None = None) -> None:
        self.pieces = iter(pieces)
        self.threads: list[str] = []
        self.fails = fails
        self.closed = Signal()
        self.given = 0

    def __iter__(self) -> Iterator[Any]:
        for piece in self.pieces:
            self.given += 1
            self.threads.append(threading.current_thread().name)
            yield piece

    def close(self) -> None:
        self.threads.append(f"close {threading.current_thread().name}")
        self.closed.set()
        if self.fails is not None:
            raise self.fails


# -- framing ------------------------------------------------------------------------


@on_both_loops
async def test_the_length_of_a_list_is_announced() -> None:
    """All its pieces are there; a tuple's as well."""
    assert await ask(answering([b"a", b"", b"bc"])) == length(3) + b"abc"
    assert await ask(answering((b"ab",))) == length(2) + b"ab"
    assert await ask(answering([])) == length(0)
    assert await ask(answering([b"", b""])) == length(0)
    assert (
        await ask(answering([b"x" * 50_000, b"y" * 50_000]))
        == length(100_000) + b"x" * 50_000 + b"y" * 50_000
    )


@on_both_loops
async def test_the_head_is_as_the_app_has_given_it() -> None:
    """Spelled and ordered so, before the lines of the server; the reason too."""
    headers = [("x-B", "1"), ("X-a", "\xe5"), ("Set-Cookie", "a"), ("set-cookie", "b")]
    got = await ask(answering([b"z"], headers, "299 Quite fine"))
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 299 Quite fine",
        b"x-B: 1",
        b"X-a: \xe5",
        b"Set-Cookie: a",
        b"set-cookie: b",
        b"Date: D",
        b"Connection: close",
        b"Content-Length: 1",
    ]
    assert body == b"z"


async def test_an_empty_reason_stays_empty() -> None:
    """As does one that is not the usual one."""
    assert (await ask(answering([b""], (), "200 "))).startswith(b"HTTP/1.1 200 \r\n")
    assert (await ask(answering([b""], (), "200 ok"))).startswith(b"HTTP/1.1 200 ok\r\n")


@on_both_loops
async def test_an_iterable_of_one_has_the_length_of_its_piece() -> None:
    """It says so by `len` (PEP 3333); what comes behind the piece is dropped."""

    class One:
        def __init__(self, *pieces: bytes) -> None:
            self.pieces = pieces

        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Iterator[bytes]:
            return iter(self.pieces)

    assert await ask(answering(One(b"abc"))) == length(3) + b"abc"
    assert await ask(answering(One(b"abc", b"d"))) == length(3) + b"abc"
    assert await ask(answering(One())) == length(0)
    given = await ask(answering(One(b"abc"), [("Content-Length", "2")]))
    assert given.endswith(b"\r\n\r\nab")


@on_both_loops
async def test_other_iterables_are_chunked() -> None:
    """Piece by piece; an empty one makes no chunk, which would end the body."""
    assert (
        await ask(answering(iter([b"a", b"", b"bc"]))) == CHUNKED + chunk(b"a") + chunk(b"bc") + b"0\r\n\r\n"
    )
    assert await ask(answering(iter([]))) == length(0)
    assert await ask(answering(iter([b""]))) == length(0)


@on_both_loops
async def test_a_length_of_the_app_is_kept() -> None:
    """In its place, and the body is not chunked."""
    headers = [("content-length", "3"), ("A", "b")]
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nA: b\r\nDate: D\r\nConnection: close\r\n\r\n"
    for body in ([b"abc"], iter([b"a", b"bc"]), [b"a", b"b", b"c"]):
        assert await ask(answering(body, headers)) == head + b"abc"


@on_both_loops
async def test_http_1_0_ends_with_the_connection() -> None:
    """No chunks; a length that is known is announced, and lets the connection stay."""
    async with hosted(answering(iter([b"a", b"b"]))) as server:
        assert await say(server, b"GET / HTTP/1.0\r\n\r\n") == CLOSED + b"\r\nab"
    async with hosted(answering([b"ab"])) as server:
        assert await say(server, b"GET / HTTP/1.0\r\n\r\n") == length(2) + b"ab"
        client = await dial(server)
        client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert await client.until(b"ab") == keep(b"ab")
        client.close()


@on_both_loops
async def test_head_has_no_body() -> None:
    """The length of the app is sent, its bytes are not, nor a last chunk (benoitc/gunicorn#1079, #990)."""
    body = Closing([b"a", b"b"])
    assert await ask(answering(body), method="HEAD") == CLOSED + b"\r\n"
    assert body.given == 1
    assert body.closed.is_set()
    headers = [("Content-Length", "5")]
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: D\r\nConnection: close\r\n\r\n"
    for given in ([b"abcde"], [], iter([b"abcdefgh"]), [b"ab"]):
        assert await ask(answering(given, headers), method="HEAD") == head


@on_both_loops
async def test_statuses_without_a_body_have_none() -> None:
    """204 no length either; 304 keeps that of the app."""
    headers = [("Content-Length", "2")]
    got = await ask(answering([b"ab"], headers, "204 No Content"))
    assert got == b"HTTP/1.1 204 No Content\r\nDate: D\r\nConnection: close\r\n\r\n"
    got = await ask(answering(iter([b"ab"]), headers, "304 Not Modified"))
    assert got == b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\nDate: D\r\nConnection: close\r\n\r\n"
    got = await ask(answering([b"ab"], (), "304 Not Modified"))
    assert got == b"HTTP/1.1 304 Not Modified\r\nDate: D\r\nConnection: close\r\n\r\n"


@on_both_loops
async def test_too_many_bytes_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """With an error in the log; the connection stays, and an endless iterable is not asked for ever."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b"abc"

    bodies: list[Callable[[], Any]] = [
        lambda: [b"abcdef"],
        lambda: iter([b"abc", b"def"]),
        endless,
        lambda: [b"abcd", b"e"],
        lambda: iter([b"abcd", b"", b"e"]),
    ]
    for make in bodies:

        def app(environ: Any, start_response: Any, make: Any = make) -> Iterable[bytes]:
            start_response("200 OK", [("Content-Length", "4")])
            return make()  # type: ignore[no-any-return]

        async with hosted(app) as server:
            client = await dial(server)
            client.send(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
            await client.until(b"\r\n\r\nabc")
            client.send(request("/y"))
            got = await client.rest()
            assert got.count(b"HTTP/1.1 200 OK") == 2
            assert got.count(b"\r\n\r\nabc") == 2
            assert b"abcde" not in got
    lines = [each for each in caplog.messages if "Content-Length" in each]
    assert len(lines) == 10
    assert lines[0] == "GET /x: the WSGI app gives more than the 4 bytes of its Content-Length"


@on_both_loops
async def test_too_few_bytes_cut_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """What was given has been sent; if that is nothing, the response is 500."""
    headers = [("Content-Length", "4")]
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nDate: D\r\nConnection: close\r\n\r\n"
    for body in ([b"abc"], iter([b"a", b"bc"])):
        caplog.clear()
        got = await ask(answering(body, headers))
        assert got.removesuffix(b"<reset>") == head + b"abc"
        assert "content-length of 3 byte(s) does not match the content-length of 4 byte(s)" in caplog.text
    assert await ask(answering([], headers)) == FAILED


@on_both_loops
async def test_bytes_are_those_of_the_same_program_in_nodes_style() -> None:
    """Head and body, in one piece and in several."""

    def handler(req: Any, res: Any) -> None:
        if req.url == "/whole":
            res.status_code = 201
            res.status_message = "Made"
            res.set_header("A", "b")
            res.set_header("Set-Cookie", ["x", "y"])
            res.end("body")
        else:
            res.write_head(200, "OK", [("A", "b")])
            res.write("bo")
            res.write("dy")
            res.end()

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/whole":
            start_response("201 Made", [("A", "b"), ("Set-Cookie", "x"), ("Set-Cookie", "y")])
            return [b"body"]
        start_response("200 OK", [("A", "b")])
        return iter([b"bo", b"dy"])

    node = http.create_server(handler)
    async with hosted(app) as server, node:
        await node.listen(0, "127.0.0.1")
        for target in ("/whole", "/pieces"):
            for method in ("GET", "HEAD"):
                asked = request(target, method=method)
                assert await say(server, asked) == await say(node, asked)


# -- start_response -------------------------------------------------------------------


@on_both_loops
async def test_what_is_wrong_is_raised_in_the_face_of_the_app() -> None:
    """Nothing is sent, and another head may be given."""
    raised: list[type] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        for status, headers in (
            ("x", []),
            ("200 OK", {}),
            ("200 OK", [("a b", "c")]),
            ("200 OK", [("A", "\n")]),
        ):
            try:
                start_response(status, headers)
            except (TypeError, ValueError) as error:
                raised.append(type(error))
        start_response("200 OK", [])
        return [b"fine"]

    assert await ask(app) == length(4) + b"fine"
    assert len(raised) == 4


@on_both_loops
async def test_a_second_head_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """Without exc_info."""
    raised: list[BaseException] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        try:
            start_response("201 Created", [])
        except WSGIStateError as error:
            raised.append(error)
            raise
        return []

    assert await ask(app) == FAILED
    assert raised[0].args == ("start_response() was called before: to replace a head, give exc_info",)
    assert "the WSGI app failed" in caplog.text


@on_both_loops
async def test_exc_info_replaces_the_head() -> None:
    """Status and headers, Content-Length with them (girder/girder#3823)."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "100"), ("A", "b")])
        try:
            raise KeyError("x")
        except KeyError:
            start_response("500 Oops", [("Content-Length", "4")], sys.exc_info())
        return [b"oops"]

    got = await ask(app)
    assert got == b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nDate: D\r\nConnection: close\r\n\r\noops"


@on_both_loops
async def test_exc_info_behind_the_head_is_raised_again(caplog: pytest.LogCaptureFixture) -> None:
    """With its traceback, and the connection is cut; nothing holds on to it."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        try:
            raise KeyError("lost")
        except KeyError:
            start_response("500 Oops", [], sys.exc_info())
        yield b"never"

    got = await ask(app)
    assert got.removesuffix(b"<reset>") == CHUNKED + chunk(b"begun")
    assert 'raise KeyError("lost")' in caplog.text


def test_exc_info_is_not_kept() -> None:
    """It would be a cycle with the frame that it was raised in; whether the head has left or not."""

    class Error(Exception):
        pass

    for stage in (0, 1):
        call = call_of(answering([]), Asked(), contextvars.copy_context())
        call._stage = stage
        seen: list[weakref.ref[Error]] = []
        gc.disable()
        try:
            try:
                raise Error
            except Error as error:
                seen.append(weakref.ref(error))
                with contextlib.suppress(Error):
                    call.start_response("200 OK", [], sys.exc_info())
            assert seen[0]() is None
        finally:
            gc.enable()


@on_both_loops
async def test_a_head_may_come_with_the_first_step() -> None:
    """An app that is a generator calls start_response as late as that."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        yield b""
        start_response("200 OK", [])
        yield b""
        yield b"x"

    assert await ask(app) == CHUNKED + chunk(b"x") + b"0\r\n\r\n"


@on_both_loops
async def test_the_head_leaves_with_the_first_piece() -> None:
    """Never before: until then it can be replaced; and then at once, not with the second."""
    go_on, begun = Signal(), Signal()

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b""
        begun.set()
        go_on.wait()
        try:
            raise KeyError
        except KeyError:
            start_response("299 Other", [], sys.exc_info())
        go_on_again.wait()
        yield b"x"
        end.wait()

    go_on_again, end = Signal(), Signal()
    async with hosted(app) as server:
        client = await dial(server)
        client.send(request("/"))
        await begun.arrives()
        assert client.received == b""
        go_on.set()
        go_on_again.set()
        assert (await client.until(b"1\r\nx\r\n")).startswith(b"HTTP/1.1 299 Other")
        end.set()
        await client.rest()


@on_both_loops
async def test_each_piece_is_passed_on_before_the_next_is_asked_for() -> None:
    """A client sees it while the app waits for another."""
    signals = [Signal() for _ in range(3)]

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        for number, signal in enumerate(signals):
            yield b"<%d>" % number
            signal.wait()

    async with hosted(app) as server:
        client = await dial(server)
        client.send(request("/"))
        for number, signal in enumerate(signals):
            await client.until(b"<%d>" % number)
            signal.set()
        assert (await client.rest()).endswith(b"0\r\n\r\n")


@on_both_loops
async def test_write_comes_before_what_is_returned() -> None:
    """It sends the head, and what it was given; nothing for nothing."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"")
        write(b"a")
        write(b"b")
        return [b"c", b"d"]

    expected = CHUNKED + chunk(b"a") + chunk(b"b") + chunk(b"c") + chunk(b"d") + b"0\r\n\r\n"
    assert await ask(app) == expected


@on_both_loops
async def test_write_in_response_to_head_sends_nothing() -> None:
    """However often it is called."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"a")
        write(b"b")
        return [b"c"]

    assert await ask(app, method="HEAD") == CLOSED + b"\r\n"


async def test_write_refuses_what_is_not_bytes() -> None:
    """And what comes behind the response."""
    raised: list[BaseException] = []
    kept: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        kept.append(write)
        try:
            write("text")
        except InvalidArgTypeError as error:
            raised.append(error)
        return [b"x"]

    async with hosted(app) as server:
        assert await say(server, request("/")) == length(1) + b"x"
        await until(lambda: not mount_of(server).running)
    with pytest.raises(WSGIStateError, match="was called after the response"):
        kept[0](b"late")
    assert str(raised[0]) == (
        "The \"piece of the body\" argument must be of type bytes. Received type str ('text')"
    )


# -- fields of the connection ------------------------------------------------------------


@on_both_loops
async def test_fields_of_the_connection_are_dropped_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """For each mount and name; Flask recipes for event streams set `Connection: keep-alive`."""
    app = answering([b"x"], [("Connection", "keep-alive"), ("Transfer-Encoding", "chunked")])
    async with hosted(app, path="/sub") as server:
        for _ in range(2):
            assert await say(server, request("/sub")) == length(1) + b"x"
    assert caplog.messages == [
        "the WSGI app at /sub sends Connection, which is the server's own: it is dropped",
        "the WSGI app at /sub sends Transfer-Encoding, which is the server's own: it is dropped",
    ]


async def test_strict_refuses_fields_of_the_connection() -> None:
    """With a ValueError."""
    raised: list[BaseException] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        try:
            start_response("200 OK", [("Keep-Alive", "x")])
        except InvalidArgValueError as error:
            raised.append(error)
        start_response("200 OK", [])
        return []

    assert await ask(app, strict=True) == length(0)
    assert len(raised) == 1


@pytest.mark.parametrize("strict", [False, True])
async def test_connection_close_closes(strict: bool) -> None:
    """Whether hop-by-hop fields are dropped or refused."""
    app = answering([b"x"], [("Connection", "close")])
    async with hosted(app, strict=strict) as server:
        assert await say(server, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == length(1) + b"x"


async def test_a_date_of_the_app_takes_the_place_of_the_servers() -> None:
    """There is one."""
    got = await ask(answering([b"x"], [("Date", "today")]))
    assert got == b"HTTP/1.1 200 OK\r\nDate: today\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"


# -- what is no response -------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
@on_both_loops
async def test_an_exception_before_the_head_is_500(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """With none of the app's headers, and the traceback in the log; SystemExit does not end the server."""

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("A", "b")])
        raise error

    async with hosted(app) as server:
        for _ in range(2):
            assert await say(server, request("/x?y")) == FAILED
    assert [each.levelno for each in caplog.records] == [logging.ERROR] * 2
    assert caplog.records[0].exc_info is not None
    assert caplog.messages[0].startswith("GET /x?y from 127.0.0.1:")
    assert caplog.messages[0].endswith(": the WSGI app failed")


@on_both_loops
async def test_an_exception_behind_the_head_cuts(caplog: pytest.LogCaptureFixture) -> None:
    """No error page inside a body that has begun, and no last chunk."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"a"
        raise ValueError("no")

    assert (await ask(app)).removesuffix(b"<reset>") == CHUNKED + chunk(b"a")
    assert "ValueError: no" in caplog.text


@on_both_loops
async def test_an_exception_behind_the_response_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The connection lives: the client has all of it."""

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "1")])
        yield b"a"
        raise ValueError("late")

    async with hosted(app) as server:
        client = await dial(server)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.until(b"\r\n\r\na")
        client.send(request("/"))
        assert (await client.rest()).count(b"HTTP/1.1 200 OK") == 2
        await until(lambda: caplog.text.count("ValueError: late") == 2)


@on_both_loops
async def test_an_app_without_a_head_is_500(caplog: pytest.LogCaptureFixture) -> None:
    """Whether it returns pieces or none."""
    for body in ([b"x"], [], iter([b"x"]), iter([])):

        def app(environ: Any, start_response: Any, body: Any = body) -> Iterable[bytes]:
            return body  # type: ignore[no-any-return]

        assert await ask(app) == FAILED
    assert caplog.text.count("start_response() must be called before the body is sent") == 4


@pytest.mark.parametrize("result", [None, 5, object()])
async def test_an_app_that_returns_no_iterable_is_500(result: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The log says what it returned."""
    assert await ask(answering(result)) == FAILED
    assert 'The "result of the app" argument must be an iterable of bytes. Received' in caplog.text


@pytest.mark.parametrize("result", ["text", b"bytes", [b"a", "b"], ["a"], [bytearray(b"a")], iter([1])])
async def test_pieces_are_bytes(result: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Others are a logged TypeError (benoitc/gunicorn#694); nothing of a list is sent then."""
    assert await ask(answering(result)) == FAILED
    assert 'The "piece of the body" argument must be of type bytes' in caplog.text
    assert "InvalidArgTypeError" in caplog.text


async def test_a_subclass_of_bytes_is_bytes() -> None:
    """As the word says."""

    class Data(bytes):
        pass

    assert await ask(answering([Data(b"x")])) == length(1) + b"x"
    assert await ask(answering(iter([Data(b"x")]))) == CHUNKED + chunk(b"x") + b"0\r\n\r\n"


# -- close ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: Closing([b"a", b"b"]),
        lambda: Closing([]),
        lambda: Closing(["text"]),
        lambda: Closing([b"a", "text"]),
        lambda: Closing([b"abcdefghijkl"]),
        lambda: Closing([b"a"], ValueError("closing")),
        lambda: Closing([b"a"], SystemExit(1)),
    ],
)
async def test_an_iterable_is_closed_once(make: Callable[[], Closing], method: str) -> None:
    """Whatever happened: end, exception, too many bytes, HEAD; in the thread that called the app."""
    body = make()
    threads = []

    def app(environ: Any, start_response: Any) -> Closing:
        threads.append(threading.current_thread().name)
        start_response("200 OK", [("Content-Length", "10")])
        return body

    async with hosted(app) as server:
        await say(server, request("/", method=method))
        await body.closed.arrives()
        await until(lambda: not mount_of(server).running)
    assert [each for each in body.threads if each.startswith("close")] == [f"close {threads[0]}"]
    assert {each.removeprefix("close ") for each in body.threads} == set(threads)


@on_both_loops
async def test_what_close_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The response stays as it is."""
    body = Closing([b"a"], ValueError("not closed"))
    assert await ask(answering(body)) == CHUNKED + chunk(b"a") + b"0\r\n\r\n"
    assert "ValueError: not closed" in caplog.text


@on_both_loops
async def test_everything_of_an_app_runs_in_one_context() -> None:
    """A copy of that of `listen`, new for each request."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
    seen: list[str] = []

    class Body(Closing):
        def __iter__(self) -> Iterator[bytes]:
            seen.append(variable.get())
            variable.set("iterated")
            yield b"x"

        def close(self) -> None:
            seen.append(variable.get())
            super().close()

    def app(environ: Any, start_response: Any) -> Body:
        seen.append(variable.get())
        variable.set("called")
        start_response("200 OK", [])
        return Body([])

    variable.set("listening")
    async with hosted(app) as server:
        variable.set("later")
        for _ in range(2):
            await say(server, request("/"))
        await until(lambda: not mount_of(server).running)
    assert seen == ["listening", "called", "iterated"] * 2


# -- the client leaves ---------------------------------------------------------------------------


@on_both_loops
async def test_an_endless_iterable_ends_when_its_client_leaves() -> None:
    """Within a piece, and it is closed (Pylons/waitress#236, benoitc/gunicorn#2010)."""
    asked, again = Signal(), Signal()

    def pieces() -> Iterator[bytes]:
        yield b"first"
        asked.set()
        again.wait()
        while True:
            yield b"more"

    body = Closing(pieces())
    async with hosted(answering(body)) as server:
        client = await dial(server)
        client.send(request("/"))
        await client.until(b"first")
        await asked.arrives()
        client.abort()
        await until(lambda: not server._connection_count)
        again.set()
        await body.closed.arrives()
    assert body.given == 2


@on_both_loops
async def test_write_raises_when_the_client_has_left(caplog: pytest.LogCaptureFixture) -> None:
    """And nothing is logged: the app has not failed."""
    go_on, done = Signal(), Signal()
    raised: list[BaseException] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"first")
        go_on.wait()
        try:
            while True:
                write(b"more")
        except OSError as error:
            raised.append(error)
            raise
        finally:
            done.set()

    async with hosted(app) as server:
        client = await dial(server)
        client.send(request("/"))
        await client.until(b"first")
        client.abort()
        await until(lambda: not server._connection_count)
        go_on.set()
        await done.arrives()
        await until(lambda: not mount_of(server).running)
    assert isinstance(raised[0], ConnectionLostError)
    assert caplog.messages == []


@on_both_loops
async def test_a_thread_that_waits_for_a_slow_client_ends_with_it() -> None:
    """It waits for room, and no room will come."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield b"x" * 50_000

    body = Closing(pieces())
    async with hosted(answering(body)) as server:
        client = await dial(server)
        client.pause_reading()
        client.send(request("/"))
        given = -1
        while given != body.given or not given:  # it stands still
            given = body.given
            await until(lambda: mount_of(server).running)
            await asyncio.sleep(0.05)
        client.abort()
        await body.closed.arrives()


@on_both_loops
async def test_a_thread_that_waits_for_its_last_piece_ends_with_the_client() -> None:
    """A piece of any size is handed over at once, and the thread waits until no more than the mark is left."""
    async with hosted(answering([b"x" * 30_000_000])) as server:
        client = await dial(server)
        client.pause_reading()
        client.send(request("/"))
        connection: Any = None
        while connection is None or not connection.channel.blocked:
            await asyncio.sleep(0.001)
            connection = next(iter(server._connections), None)
        assert mount_of(server).running == 1
        client.abort()
        await until(lambda: not mount_of(server).running)


class Asked:
    """A way to the loop that notes what it is asked for, and a responder with these names."""

    def __init__(self) -> None:
        self.log: list[Any] = []

    def post(self, name: Any, *args: Any) -> None:
        self.log.append((name, *args))

    def __getattr__(self, name: str) -> str:
        return name


def call_of(app: Any, asked: Any, context: contextvars.Context) -> Call:
    return Call(app, {}, False, context, asked, asked, 65536, None)


def test_a_call_whose_client_has_left_is_not_made() -> None:
    """Only its thread is released."""
    asked = Asked()
    call = call_of(lambda environ, start: pytest.fail("called"), asked, contextvars.copy_context())
    call.lost = True
    call.run()
    assert asked.log == [("release",)]


def test_a_call_that_cannot_be_made_fails() -> None:
    """It would be a bug of the library; the thread goes on."""
    asked = Asked()
    context = contextvars.copy_context()
    context.run(call_of(answering([b"x"]), asked, context).run)  # a context that is entered already
    (name, error, complete), released = asked.log
    assert (name, type(error), complete, released) == ("fail", RuntimeError, False, ("release",))


def test_an_ordinary_response_is_one_request_of_the_loop() -> None:
    """Head, body, and that the thread is free."""
    asked = Asked()
    call_of(answering([b"a", b"b"]), asked, contextvars.copy_context()).run()
    ((name, head, size, data),) = asked.log
    assert (name, head.status, size, data) == ("finish_and_release", 200, 2, b"ab")
