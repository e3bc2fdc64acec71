"""The module `wsgi`: attaching, options, and the end of a server that hosts an app."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.programs import python
from tests.kit.raw_client import connect, read_all
from tests.kit.wsgi_stage import (
    CLOSED,
    Signal,
    answering,
    dial,
    hosted,
    mount_of,
    request,
    say,
    until,
)
from writehead import http, https, wsgi
from writehead.errors import (
    ConnectionLostError,
    InvalidArgTypeError,
    InvalidArgValueError,
    OutOfRangeError,
    UnknownOptionError,
)

hello = answering([b"hello"])


def attach(**options: Any) -> wsgi.Mount:
    return wsgi.attach(http.create_server(), hello, **options)


# -- options --------------------------------------------------------------------------------------


def test_the_defaults() -> None:
    """Everything belongs to the app; as many threads as processors and four."""
    mount = attach()
    assert (mount.path, mount.root_path, mount.strict) == ("/", "", False)
    assert (mount.max_waiting, mount.retry_after) == (1000, 1000)
    assert 5 <= mount.threads <= 32
    assert mount.app is hello
    assert isinstance(mount.server, http.Server)


def test_options_have_both_spellings_and_a_mapping() -> None:
    """Keywords win; None means not given."""
    mount = attach(rootPath="x/", maxWaiting=0, retry_after=timedelta(seconds=2), threads=None)
    assert (mount.root_path, mount.max_waiting, mount.retry_after) == ("/x", 0, 2000)
    mount = wsgi.attach(http.create_server(), hello, {"threads": 3, "retryAfter": 5, "path": "/a"}, path="/b")
    assert (mount.threads, mount.retry_after, mount.path) == (3, 5, "/b")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"threads": 0}, OutOfRangeError),
        ({"threads": "4"}, InvalidArgTypeError),
        ({"threads": True}, InvalidArgTypeError),
        ({"max_waiting": -1}, OutOfRangeError),
        ({"retry_after": "soon"}, InvalidArgTypeError),
        ({"strict": 1}, InvalidArgTypeError),
        ({"path": "x"}, InvalidArgValueError),
        ({"root_path": 5}, InvalidArgTypeError),
        ({"thread": 5}, UnknownOptionError),
        ({"keep_alive_timeout": 5}, UnknownOptionError),
    ],
)
def test_wrong_options_are_refused(options: Any, error: type[Exception]) -> None:
    """By their names."""
    with pytest.raises(error, match=next(iter(options))):
        attach(**options)


def test_what_is_no_app_is_refused() -> None:
    """An `async def` is not one."""

    async def other(scope: Any, receive: Any, send: Any) -> None: ...

    wrong: Any
    for wrong in (None, "app", other):
        with pytest.raises(InvalidArgTypeError, match="a WSGI application: a plain function or callable"):
            wsgi.attach(http.create_server(), wrong)
    with pytest.raises(InvalidArgTypeError, match=r"an http\.Server or https\.Server"):
        wsgi.attach(wrong, hello)
    with pytest.raises(InvalidArgTypeError, match="a mapping"):
        wsgi.attach(http.create_server(), hello, wrong)
    with pytest.raises(InvalidArgTypeError, match="a mapping"):
        wsgi.create_server(hello, wrong)


def test_a_server_for_one_app_takes_the_options_of_both() -> None:
    """In either way; what nobody has is refused."""
    server = wsgi.create_server(hello, {"keepAliveTimeout": 75_000, "maxWaiting": 5}, threads=2, timeout=9)
    mount = mount_of(server)
    assert (server.keep_alive_timeout, server.timeout) == (75_000, 9)
    assert (mount.max_waiting, mount.threads, mount.server) == (5, 2, server)
    assert type(server) is http.Server
    assert wsgi.createServer is wsgi.create_server
    with pytest.raises(UnknownOptionError, match="a server has no option 'nothing'"):
        wsgi.create_server(hello, {"nothing": 1})  # type: ignore[typeddict-unknown-key]


def test_with_a_certificate_the_server_is_one_of_https() -> None:
    """By `key` and `cert`, or by an `ssl_context`; None is none."""
    assert isinstance(wsgi.create_server(hello, **authority().options()), https.Server)
    assert type(wsgi.create_server(hello, key=None)) is http.Server


# -- who gets a request -----------------------------------------------------------------------------


@on_both_loops
async def test_what_the_app_does_not_take_goes_on_as_before() -> None:
    """To the listeners, or 404 without them."""
    server = http.create_server(lambda req, res: res.end("node"))
    wsgi.attach(server, hello, path="/legacy")
    async with server:
        await server.listen(0, "127.0.0.1")
        assert (await say(server, request("/legacy/x"))).endswith(b"hello")
        assert (await say(server, request("/legacyx"))).endswith(b"node")
    async with hosted(hello, path="/legacy") as server:
        assert (await say(server, request("/"))).startswith(b"HTTP/1.1 404 Not Found")


@on_both_loops
async def test_an_app_may_come_to_a_server_that_listens() -> None:
    """And go: what runs goes on."""
    server = http.create_server(lambda req, res: res.end("node"))
    async with server:
        await server.listen(0, "127.0.0.1")
        mount = wsgi.attach(server, hello)
        await until(lambda: mount._dispatcher)
        assert (await say(server, request("/"))).endswith(b"hello")
        mount.detach()
        assert (await say(server, request("/"))).endswith(b"node")


@on_both_loops
async def test_a_server_may_listen_again() -> None:
    """With threads of its own each time."""
    server = wsgi.create_server(hello)
    for _ in range(2):
        async with server:
            await server.listen(0, "127.0.0.1")
            assert (await say(server, request("/"))).endswith(b"hello")


# -- closing ------------------------------------------------------------------------------------------


class Held:
    """An app that waits until it is let go, and notes how its write or its read ended."""

    def __init__(self) -> None:
        self.begun = Signal()
        self.go_on = Signal()
        self.done = Signal()
        self.count = 0

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        self.count += 1
        self.begun.set()
        self.go_on.wait()
        start_response("200 OK", [])
        self.done.set()
        return [b"answer"]


@on_both_loops
async def test_closing_answers_what_runs_and_what_waits() -> None:
    """Each response closes its connection; 'close' comes behind the last."""
    app = Held()
    async with hosted(app, threads=1) as server:
        clients = [await dial(server), await dial(server)]
        for client in clients:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        mount = mount_of(server)
        await until(lambda: (mount.running, mount.waiting) == (1, 1))
        server.close()
        closed = asyncio.ensure_future(server._wait())
        await asyncio.sleep(0.01)
        assert not closed.done()
        app.go_on.set()
        for client in clients:
            assert await client.rest() == CLOSED + b"Content-Length: 6\r\n\r\nanswer"
        await closed
    assert app.count == 2


@on_both_loops
async def test_closing_waits_for_threads_behind_their_responses() -> None:
    """The app may have work to do in `close()` of its iterable."""
    go_on = Signal()
    closed = Signal()

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"x"

        def close(self) -> None:
            go_on.wait()
            closed.set()

    def app(environ: Any, start_response: Any) -> Body:
        start_response("200 OK", [("Content-Length", "1")])
        return Body()

    async with hosted(app) as server:
        assert (await say(server, request("/"))).endswith(b"x")
        server.close()
        task = asyncio.ensure_future(server._wait())
        await asyncio.sleep(0.01)
        assert not task.done()
        go_on.set()
        await task
        assert closed.is_set()


@on_both_loops
async def test_a_cut_ends_reads_and_writes() -> None:
    """At the deadline connections are closed: the threads get an error, and end."""
    raised: list[BaseException] = []
    begun = Signal()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        try:
            if environ["PATH_INFO"] == "/read":
                begun.set()
                environ["wsgi.input"].read()
            else:
                write = start_response("200 OK", [])
                while True:
                    write(b"x" * 100_000)
        except OSError as error:
            raised.append(error)
            raise
        return []

    async with hosted(app) as server:
        reading, writing = await dial(server), await dial(server)
        writing.pause_reading()
        writing.send(request("/write"))
        reading.send(request("/read", "Content-Length: 200000", method="POST", body=b"x" * 100_000))
        await begun.arrives()
        await until(lambda: mount_of(server).running == 2)
        server.close()
        server.close_all_connections()
        await server._wait()
        reading.close()
        writing.close()
    assert [type(each) for each in raised] == [ConnectionLostError] * 2


@on_both_loops
async def test_threads_that_still_run_are_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Named in one warning; what they ask for later harms nobody."""
    monkeypatch.setattr("writehead._guests.wsgi.dispatcher.LEFT_GRACE", 0.02)
    app = Held()
    async with hosted(app) as server:
        client = await dial(server)
        client.send(request("/slow?x"))
        await app.begun.arrives()
        server.close()
        server.close_all_connections()
        await server._wait()
        client.close()
        assert caplog.messages == ["threads that still run are left behind: wsgi-0 (GET /slow?x)"]
        assert caplog.records[0].levelno == logging.WARNING
        assert mount_of(server).running == 0
    app.go_on.set()
    await app.done.arrives()


@on_both_loops
async def test_a_thread_that_is_left_behind_gets_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """From what it reads and writes."""
    monkeypatch.setattr("writehead._guests.wsgi.dispatcher.LEFT_GRACE", 0.02)
    go_on, begun, done = Signal(), Signal(), Signal()
    raised: list[BaseException] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        begun.set()
        go_on.wait()
        for step in (environ["wsgi.input"].read, lambda: start_response("200 OK", [])(b"x")):
            try:
                step()
            except ConnectionLostError as error:
                raised.append(error)
        done.set()
        return []

    async with hosted(app) as server:
        client = await dial(server)
        client.send(request("/", "Content-Length: 200000", method="POST", body=b"x" * 100_000))
        await begun.arrives()
        server.close()
        server.close_all_connections()
        await server._wait()
        client.close()
    go_on.set()
    await done.arrives()
    assert len(raised) == 2


SLOW = """
import time
from writehead import http, wsgi

def app(environ, start_response):
    print("begun")
    time.sleep(0.2)
    start_response("200 OK", [])
    return [b"done"]

server = wsgi.create_server(app)
server.listen(0, "127.0.0.1", lambda: print(server.address()["port"]))
http.run()
print("over")
"""


def test_run_serves_an_app_and_ends() -> None:
    """SIGTERM lets it answer what runs."""
    with python("-c", SLOW) as program, connect(program.port()) as client:
        client.sendall(request("/"))
        assert program.line() == "begun"
        program.signal(signal.SIGTERM)
        assert read_all(client).endswith(b"done")
        assert program.rest() == ["over"]
        assert program.wait() == 0


STUCK = """
import threading
from writehead import http, wsgi

def app(environ, start_response):
    print("begun")
    threading.Event().wait()

server = wsgi.create_server(app)
server.listen(0, "127.0.0.1", lambda: print(server.address()["port"]))
http.run(shutdown_timeout=200)
print("over")
"""


def test_a_stuck_app_does_not_hold_the_process() -> None:
    """Its thread is a daemon, and is named in the log."""
    with python("-c", STUCK) as program, connect(program.port()) as client:
        client.sendall(request("/stuck"))
        assert program.line() == "begun"
        program.signal(signal.SIGTERM)
        assert read_all(client) == b""
        assert program.rest() == ["over"]
        assert program.wait() == 0
        assert "threads that still run are left behind: wsgi-0 (GET /stuck)" in program.errors()
