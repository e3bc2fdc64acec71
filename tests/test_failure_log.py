"""Failures of listeners, as the log tells them."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.stage import GET, Stage
from writehead import http, testing
from writehead._loop import listener_tasks as _tasks
from writehead._node.failure_log import log_failure, printable
from writehead.errors import (
    ConnectionLostError,
    ParseError,
    PayloadTooLargeError,
    RequestTimeoutError,
    SystemCallError,
    WriteTimeoutError,
)
from writehead.errors.client import is_client_error


def _raised(*errors: BaseException) -> BaseException:
    """Return the last of `errors`, each raised while the one before it was handled."""
    if len(errors) == 1:
        try:
            raise errors[0]
        except BaseException as error:
            return error
    try:
        try:
            raise _raised(*errors[:-1])
        except BaseException:
            raise errors[-1]  # noqa: B904  # its context is what the test is about
    except BaseException as error:
        return error


def _caused(error: BaseException, cause: BaseException | None) -> BaseException:
    error.__cause__ = cause
    return error


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "writehead"]


def test_a_failure_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """By the name of whoever emitted the event where it is about no request and no client."""
    log_failure(_raised(ValueError("no")), "data", object())
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("writehead", logging.ERROR)
    assert record.getMessage() == "object: 'data' listener failed"
    assert record.exc_text is not None
    assert "ValueError: no" in record.exc_text


def test_a_line_carries_its_facts_as_fields(caplog: pytest.LogCaptureFixture) -> None:
    """For whoever writes a log of fields: the same words as in the line."""
    socket = SimpleNamespace(remote_address="::1", remote_port=5)
    request = SimpleNamespace(method="GET", url="/a b", _socket=socket)
    log_failure(ValueError(), "request", object(), request)
    record: Any = caplog.records[0]
    assert record.getMessage() == "GET /a b from [::1]:5: 'request' listener failed"
    assert (record.event, record.method, record.target, record.client) == (
        "request",
        "GET",
        "/a b",
        "[::1]:5",
    )


class _Mute(Exception):
    """An error that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class _MuteLoss(_Mute, ConnectionLostError):
    """The same, by a client's doing."""

    def __init__(self) -> None:
        ConnectionLostError.__init__(self)


class _Failing(logging.Handler):
    """A handler of the log that shows each error by its text, and lets out what that raises."""

    def emit(self, record: logging.LogRecord) -> None:
        assert record.exc_info and record.exc_info[1] is not None
        str(record.exc_info[1])
        raise RuntimeError("the disk is full")


@pytest.mark.parametrize("make", [ValueError, _Mute, _MuteLoss, asyncio.CancelledError])
@on_both_loops
async def test_a_log_that_fails_costs_no_client_its_response(
    make: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told on the standard error stream, as what fails in a handler of the standard library."""

    def plain(req: Any, res: Any) -> None:
        raise make()

    async def at_once(req: Any, res: Any) -> None:
        raise make()

    async def later(req: Any, res: Any) -> None:
        await asyncio.sleep(0)
        raise make()

    failing = _Failing()
    logging.getLogger("writehead").addHandler(failing)
    try:
        for handler in (plain, at_once, later):
            client = testing.connect(Stage(handler).server)
            client.send(GET)
            await _settle()
            assert client.received.startswith(b"HTTP/1.1 500 ")
            assert "RuntimeError: " in capsys.readouterr().err
    finally:
        logging.getLogger("writehead").removeHandler(failing)


def test_a_log_that_fails_is_told_to_nobody_where_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a service without a standard error stream, or with one that is closed at its other end."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    for stream in (None, Closed()):
        monkeypatch.setattr("sys.stderr", stream)
        failing = _Failing()
        logging.getLogger("writehead").addHandler(failing)
        try:
            log_failure(_raised(ValueError("no")), "data", object())
        finally:
            logging.getLogger("writehead").removeHandler(failing)


@pytest.mark.parametrize(
    "target",
    ["/\x1b[31m", "/a\r\nERROR forged", "/\u202e", "/\x00\x7f\x9b", "/\xff", "/\ud800", "/\u2028x", "/é"],
)
def test_no_client_writes_a_line_of_the_log(target: str, caplog: pytest.LogCaptureFixture) -> None:
    """What it sends is on one line, in printable ASCII."""
    log_failure(ValueError(), "request", object(), SimpleNamespace(method="G\n", url=target))
    record: Any = caplog.records[0]
    for text in (record.getMessage(), record.target, record.method):
        assert text.isascii()
        assert text.isprintable()


def test_what_is_long_is_cut() -> None:
    """It says that it was."""
    assert printable("/" * 100) == "/" * 100
    assert printable("/" + "a" * 70_000) == "/" + "a" * 99 + "..."


def test_an_object_that_has_no_facts_is_named_without(caplog: pytest.LogCaptureFixture) -> None:
    """A line comes whatever a request made by hand says of itself."""

    class Odd:
        @property
        def url(self) -> str:
            raise OSError("no")

    log_failure(ValueError(), "request", object(), Odd())
    assert _told(caplog) == ["None None: 'request' listener failed"]


LOST = ConnectionLostError


@pytest.mark.parametrize(
    ("error", "quiet"),
    [
        (LOST(), True),
        (ParseError("HPE_INVALID_METHOD", "Invalid method"), True),
        (PayloadTooLargeError(3), True),
        (RequestTimeoutError(), True),
        (WriteTimeoutError(), True),
        (SystemCallError("EPIPE", "write"), True),
        (SystemCallError("EADDRINUSE", "listen"), False),
        (ExceptionGroup("", [LOST(), LOST()]), True),
        (ExceptionGroup("", [ExceptionGroup("", [LOST()])]), True),
        (ExceptionGroup("", [LOST(), ValueError()]), False),
        (BaseExceptionGroup("", [LOST(), asyncio.CancelledError()]), True),
        (BaseExceptionGroup("", [asyncio.CancelledError()]), False),
        (BaseExceptionGroup("", [LOST(), KeyboardInterrupt()]), False),
        (ConnectionResetError(), False),
        (_caused(ConnectionResetError(), LOST()), True),
        (_caused(RuntimeError(), LOST()), True),
        (_caused(RuntimeError(), ExceptionGroup("", [LOST()])), True),
        (_caused(RuntimeError(), _caused(RuntimeError(), LOST())), True),
        (_caused(RuntimeError(), ValueError()), False),
        (_caused(KeyboardInterrupt(), LOST()), False),
        (_raised(LOST(), BrokenPipeError()), True),
        (_raised(LOST(), KeyError()), True),
        (_raised(ValueError(), BrokenPipeError()), False),
        (_raised(LOST(), _caused(ConnectionResetError(), ValueError())), False),
    ],
    ids=repr,
)
def test_what_a_client_caused_is_told_to_debuggers_only(
    error: BaseException, quiet: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a traceback; a fault of the program's beside it, or in clearing up behind it, is an error."""
    caplog.set_level(logging.DEBUG, "writehead")
    assert is_client_error(error) == quiet
    log_failure(error, "request", object())
    (record,) = caplog.records
    assert record.levelno == (logging.DEBUG if quiet else logging.ERROR)
    assert (record.exc_info is None) == quiet


def test_a_ring_of_causes_comes_to_an_end() -> None:
    """An exception may be made the cause of its own cause."""
    one, other = RuntimeError(), RuntimeError()
    one.__cause__, other.__cause__ = other, one
    assert not is_client_error(one)


def _boom(*_: object) -> None:
    raise KeyError("boom")


async def _boom_later(*_: object) -> None:
    await asyncio.sleep(0)
    raise KeyError("boom")


def _on_request(req: Any, res: Any, fail: Callable[..., Any]) -> Any:
    return fail()


def _on_data(req: Any, res: Any, fail: Callable[..., Any]) -> None:
    req.on("data", fail)


def _on_finish(req: Any, res: Any, fail: Callable[..., Any]) -> None:
    res.on("finish", fail).end()


def _on_callback(req: Any, res: Any, fail: Callable[..., Any]) -> None:
    res.write("x", fail)
    res.end()


def _on_socket(req: Any, res: Any, fail: Callable[..., Any]) -> None:
    req.socket.on("mine", fail)
    req.socket._notify("mine")
    res.end()


WAYS: dict[str, tuple[Callable[..., Any], str]] = {
    "listener": (_on_request, "POST /boom?%1B from {}: 'request' listener failed"),
    "data": (_on_data, "POST /boom?%1B from {}: 'data' listener failed"),
    "finish": (_on_finish, "POST /boom?%1B from {}: 'finish' listener failed"),
    "callback": (_on_callback, "POST /boom?%1B from {}: callback failed"),
    "socket": (_on_socket, "{}: 'mine' listener failed"),
}


POST = b"POST /boom?%1B HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"


@pytest.mark.parametrize("fail", [_boom, _boom_later])
@pytest.mark.parametrize("way", WAYS)
@on_both_loops
async def test_a_failure_names_its_request_and_client(
    way: str, fail: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """And its traceback begins with the frame of the program's, with nothing before it."""
    begin, line = WAYS[way]
    server = http.create_server(lambda req, res: begin(req, res, fail))
    async with server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        port = client.writer.get_extra_info("sockname")[1]
        client.send(POST)
        await client.rest()
    records = [record for record in caplog.records if record.name == "writehead"]
    assert [record.getMessage() for record in records] == [line.format(f"127.0.0.1:{port}")]
    text = records[0].exc_text
    assert text is not None
    assert text.count("File ") == text.count(__file__) > 0
    assert "During handling" not in text


def test_a_failed_listener_of_connection_names_the_client(caplog: pytest.LogCaptureFixture) -> None:
    """There is no request yet."""
    stage = Stage()
    stage.server.on("connection", _boom)
    testing.connect(stage.server, ("192.0.2.1", 7))
    assert _told(caplog) == ["192.0.2.1:7: 'connection' listener failed"]


def test_a_failed_listener_of_the_server_names_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """It is about no client."""
    server = http.create_server()
    server.on("listening", _boom)
    testing.listen(server)
    assert _told(caplog) == ["Server: 'listening' listener failed"]


def test_what_fails_because_of_a_failure_is_told_alone(caplog: pytest.LogCaptureFixture) -> None:
    """The library handles the first when the second comes: neither is the other's context."""

    def handle(req: Any, res: Any) -> None:
        res.on("finish", lambda: _also())
        raise KeyError("first")

    def _also() -> None:
        raise LookupError("second")

    Stage(handle).exchange(GET)
    texts = [record.exc_text or "" for record in caplog.records]
    assert ["first" in text for text in texts] == [True, False]
    assert ["second" in text for text in texts] == [False, True]


def test_what_the_program_itself_was_handling_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Its context is a part of what went wrong."""

    def handle(req: Any, res: Any) -> None:
        try:
            res.write(None)
        except TypeError:
            raise KeyError("second")  # noqa: B904  # its context is what the test is about

    Stage(handle).exchange(GET)
    assert "During handling" in (caplog.records[0].exc_text or "")


def test_a_listener_in_an_entered_context_has_no_context_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """What is raised when an event comes within another is what the listener raised, and no more."""

    def handle(req: Any, res: Any) -> None:
        res.on("mine", _boom)
        res._notify_in(req._listener_context, "mine")

    Stage(handle).exchange(GET)
    assert "During handling" not in (caplog.records[0].exc_text or "")


def test_a_failure_is_logged_in_the_context_of_its_request(caplog: pytest.LogCaptureFixture) -> None:
    """So that a filter of the log can add what the program knows of the request."""
    seen: list[str] = []
    name: ContextVar[str] = ContextVar("name", default="-")

    def look(record: logging.LogRecord) -> bool:
        seen.append(name.get())
        return True

    def handle(req: Any, res: Any) -> None:
        name.set(req.url)
        res.on("finish", _boom)
        res.write("x", _boom)
        req.on("end", _boom)
        req.resume()
        res.write("x", _boom)
        if req.url == "/fail":
            raise KeyError

    caplog.handler.addFilter(look)
    try:
        Stage(handle).exchange(GET.replace(b"/ ", b"/fail ", 1), GET)
    finally:
        caplog.handler.removeFilter(look)
    assert "/fail" in seen
    assert "-" not in seen


@pytest.mark.parametrize("drain", [False, True])
@on_both_loops
async def test_a_client_that_leaves_an_upgraded_socket_is_no_error(
    drain: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether nobody hears of it, or `drain` raises it in the listener."""
    caplog.set_level(logging.DEBUG, "writehead")
    closed = asyncio.Event()
    server = http.create_server()

    async def upgrade(req: Any, socket: Any, head: bytes) -> None:
        socket.on("close", lambda *_: closed.set())
        socket.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        while drain:
            socket.write(bytes(1 << 20))
            await socket.drain()

    server.on("upgrade", upgrade)
    async with server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        await client.until(b"\r\n\r\n")
        client.abort()
        await closed.wait()
        for _ in range(5):
            await asyncio.sleep(0)
    assert {record.levelno for record in caplog.records if record.name == "writehead"} <= {logging.DEBUG}


@on_both_loops
async def test_a_body_past_its_limit_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Its client has got a 413."""

    async def handle(req: Any, res: Any) -> None:
        await req.bytes(limit=3)

    server = http.create_server(handle)
    async with server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345")
        assert b" 413 " in await client.rest()
    assert _told(caplog) == []


def test_a_413_that_nobody_sent_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """The program raised it itself, and the client gets 500."""

    def handle(req: Any, res: Any) -> None:
        raise PayloadTooLargeError(3)

    client = testing.connect(Stage(handle).server, ("192.0.2.1", 7))
    client.send(GET)
    assert b" 500 " in client.received
    assert _told(caplog) == ["GET / from 192.0.2.1:7: 'request' listener failed"]


async def read_in_a_group(req: Any, res: Any) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(req.bytes())
        tasks.create_task(asyncio.Event().wait())


async def read_and_wrap(req: Any, res: Any) -> None:
    try:
        await req.bytes()
    except ConnectionLostError as error:
        raise RuntimeError("upload failed") from error


@pytest.mark.parametrize("handler", [read_in_a_group, read_and_wrap])
@on_both_loops
async def test_a_client_that_leaves_in_mid_upload_is_quiet(
    handler: Callable[..., object], caplog: pytest.LogCaptureFixture
) -> None:
    """However the handler has arranged its reading."""
    stage = Stage(handler)
    client = stage.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    await asyncio.sleep(0)
    client.reset()
    await client.until(lambda: client.closed)
    for _ in range(10):
        await asyncio.sleep(0)
    assert caplog.records == []


async def drain_the_socket(req: Any, res: Any) -> None:
    await closed(req.socket)
    await req.socket.drain()


async def drain_what_waits(req: Any, res: Any) -> None:
    req.socket.write(bytes(1 << 23))
    await req.socket.drain()


async def ask_the_signal(req: Any, res: Any) -> None:
    await closed(req.socket)
    req.signal.throw_if_aborted()


async def ask_the_signal_again(req: Any, res: Any) -> None:
    signal = req.signal
    await closed(req.socket)
    signal.throw_if_aborted()


async def closed(socket: Any) -> None:
    while not socket.destroyed:
        await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.parametrize("end", ["close", "end", "abort", "stop", "idle"])
@pytest.mark.parametrize(
    "handler", [drain_the_socket, drain_what_waits, ask_the_signal, ask_the_signal_again]
)
@on_both_loops
async def test_whoever_waits_for_a_client_that_has_gone_fails_in_silence(
    handler: Callable[..., Any], end: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it left, was reset, or was cut by the server as that stops, or as the client was idle."""
    begun = asyncio.Event()
    ended: list[BaseException] = []
    gone = asyncio.Event()

    async def handle(req: Any, res: Any) -> None:
        if end == "idle":
            req.socket.set_timeout(20)
        begun.set()
        try:
            await handler(req, res)
        except BaseException as error:
            ended.append(error)
            raise
        finally:
            gone.set()

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        await begun.wait()
        if end == "stop":
            server.close_all_connections()
        elif end != "idle":
            getattr(client, end)()
        if end == "end":
            server.close_all_connections()
        await gone.wait()
        await _settle()
        client.close()
    assert all(is_client_error(each) for each in ended)
    assert _told(caplog) == []


class OfTheProgram(BaseException):
    """Neither an Exception nor one that ends a process."""


def _cancel_itself() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def _cancelled_at_once(req: Any, res: Any) -> None:
    _cancel_itself()
    await asyncio.sleep(60)


async def _cancelled_later(req: Any, res: Any) -> None:
    await asyncio.sleep(0)
    _cancel_itself()
    await asyncio.sleep(60)


async def _cancelled_and_content(req: Any, res: Any) -> None:
    _cancel_itself()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(60)


async def _cancelled_by_what_it_awaits(req: Any, res: Any) -> None:
    future = asyncio.get_running_loop().create_future()
    future.get_loop().call_soon(future.cancel)
    await future


async def _cancelled_group(req: Any, res: Any) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        _cancel_itself()


def _raising(error: type[BaseException], *args: Any) -> list[Callable[..., Any]]:
    def plain(req: Any, res: Any) -> None:
        raise error(*args)

    async def at_once(req: Any, res: Any) -> None:
        raise error(*args)

    async def later(req: Any, res: Any) -> None:
        await asyncio.sleep(0)
        raise error(*args)

    return [plain, at_once, later]


NO_RESPONSES = [
    (_cancelled_at_once, False),
    (_cancelled_later, False),
    (_cancelled_and_content, False),
    (_cancelled_by_what_it_awaits, True),
    (_cancelled_group, False),
    *((each, True) for each in _raising(asyncio.CancelledError)),
    *((each, True) for each in _raising(GeneratorExit)),
    *((each, True) for each in _raising(OfTheProgram)),
    *((each, True) for each in _raising(BaseExceptionGroup, "", [OfTheProgram()])),
]


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("handler", "failed"), NO_RESPONSES)
@pytest.mark.parametrize("begun", [False, True])
@on_both_loops
async def test_a_handler_that_ends_without_a_response_in_any_way_is_answered_for(
    handler: Callable[..., Any], failed: bool, begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """By 500, or by a cut if the head has left, and by one line of the log."""

    def handle(req: Any, res: Any) -> Any:
        if begun:
            res.write("begun")
        return handler(req, res)

    client = testing.connect(Stage(handle).server, ("192.0.2.1", 7))
    client.send(GET)
    await _settle()
    if begun:
        assert client.closed
        assert not client.received.endswith(b"0\r\n\r\n")
    else:
        assert client.received.startswith(b"HTTP/1.1 500 ")
    what = "failed" if failed else "was cancelled"
    assert _told(caplog) == [f"GET / from 192.0.2.1:7: 'request' listener {what}"]
    assert not _tasks.running


async def _answers_in_another(req: Any, res: Any) -> Any:
    async def answer() -> Any:
        await asyncio.sleep(0)
        return asyncio.ensure_future(end())

    async def end() -> None:
        await asyncio.sleep(0)
        res.end("nested")

    return answer()


async def _fails_in_another(req: Any, res: Any) -> Any:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise OfTheProgram

    return fail()


@on_both_loops
async def test_a_coroutine_that_a_coroutine_returns_is_awaited(caplog: pytest.LogCaptureFixture) -> None:
    """A promise of a promise is one (JavaScript): nobody else would run it."""
    for handler, status in ((_answers_in_another, b"200"), (_fails_in_another, b"500")):
        client = testing.connect(Stage(handler).server, ("192.0.2.1", 7))
        client.send(GET)
        await _settle()
        assert client.received.startswith(b"HTTP/1.1 " + status)
    assert _told(caplog) == ["GET / from 192.0.2.1:7: 'request' listener failed"]


@on_both_loops
async def test_a_task_that_is_cancelled_before_it_begins_is_answered_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its own coroutine never runs."""
    before = asyncio.all_tasks()

    async def handle(req: Any, res: Any) -> None:
        await asyncio.sleep(60)

    client = testing.connect(Stage(handle).server)
    client.send(GET)
    for task in asyncio.all_tasks() - before:
        task.cancel()
    await _settle()
    assert client.received.startswith(b"HTTP/1.1 500 ")
    assert len(_told(caplog)) == 1
    assert not _tasks.running


@pytest.mark.parametrize("event", ["upgrade", "connect", "connection", "checkContinue", "checkExpectation"])
@on_both_loops
async def test_a_cancelled_listener_leaves_no_connection_behind(
    event: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Of each event whose listener has the response, or the socket, in its hands."""
    stage = Stage(lambda req, res: None)

    async def listen(*args: Any) -> None:
        await _cancelled_at_once(None, None)

    stage.server.on(event, listen)
    client = stage.connect()
    client.send(
        {
            "upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            "connect": b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
            "connection": b"",
            "checkContinue": b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
            "checkExpectation": b"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nConnection: close\r\n\r\n",
        }[event]
    )
    await _settle()
    assert client.closed
    assert [line.rpartition(": ")[2] for line in _told(caplog)] == [f"{event!r} listener was cancelled"]


@pytest.mark.parametrize("way", ["answered", "left"])
@on_both_loops
async def test_a_task_that_nobody_waits_for_is_cancelled_in_silence(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its response has ended, or its client has left."""
    caplog.set_level(logging.INFO, "writehead")

    async def handle(req: Any, res: Any) -> None:
        task = asyncio.current_task()
        assert task is not None
        res.on("close", task.cancel).on("finish", task.cancel)
        if way == "answered":
            res.end("x")
        await asyncio.sleep(60)

    client = testing.connect(Stage(handle).server)
    client.send(GET)
    await asyncio.sleep(0)
    if way == "left":
        client.reset()
    await _settle()
    assert (b"200 OK" in client.received) == (way == "answered")
    assert _told(caplog) == []
    assert not _tasks.running


def test_what_ends_a_process_ends_it() -> None:
    """Whoever runs the loop decides: nothing is made of it."""
    for error in (KeyboardInterrupt, SystemExit):
        with pytest.raises(error):
            Stage(_raising(error)[0]).exchange(GET)


def _returning(value: Any) -> list[Callable[..., Any]]:
    def plain(req: Any, res: Any) -> Any:
        return value

    async def at_once(req: Any, res: Any) -> Any:
        return value

    async def later(req: Any, res: Any) -> Any:
        await asyncio.sleep(0)
        return value

    def fewer() -> Any:
        return value

    return [plain, at_once, later, fewer]


async def _chunks() -> AsyncIterator[bytes]:
    yield b"x"


@pytest.mark.parametrize(
    "value",
    [
        "hello",
        b"hello",
        {"a": 1},
        ("hello", 404),
        bytearray(b"x"),
        ({}, 200),
        [{"a": 1}, {"a": 2}],
        ["a", "b"],
        ([{"a": 1}], 200),
        (each for each in "hello"),
        (_chunks(), 200),
        _chunks(),
    ],
)
@on_both_loops
async def test_a_handler_that_returns_its_body_is_told_once_to_send_it(
    value: object, caplog: pytest.LogCaptureFixture
) -> None:
    """The line names it, and where it stands."""
    for handler in _returning(value):
        caplog.clear()
        client = testing.connect(Stage(handler).server, ("192.0.2.1", 7))
        client.send(GET)
        client.send(GET)
        await _settle()
        (line,) = _told(caplog)
        place = f"({__file__}:{handler.__code__.co_firstlineno})"
        assert line.startswith(
            f"GET / from 192.0.2.1:7: 'request' listener {handler.__qualname__} {place} returned "
        )
        assert line.endswith(
            f"{type(value).__name__}: a returned value is not sent, res.end(...) sends a body"
        )
        assert client.received == b""


@pytest.mark.parametrize(
    "value", [None, 1, True, (), (None, None), object(), [], [None], http.create_server()]
)
@on_both_loops
async def test_what_looks_like_no_body_is_returned_in_silence(
    value: object, caplog: pytest.LogCaptureFixture
) -> None:
    """As the values of the calls that stand in a lambda."""
    for handler in _returning(value):
        testing.connect(Stage(handler).server).send(GET)
    await _settle()
    assert _told(caplog) == []


def test_a_handler_that_has_answered_may_return_anything(caplog: pytest.LogCaptureFixture) -> None:
    """The client waits for nothing."""

    def handle(req: Any, res: Any) -> str:
        res.end("x")
        return "x"

    Stage(handle).exchange(GET)
    assert _told(caplog) == []


def _end_twice(req: Any, res: Any) -> None:
    res.end("a")
    res.end("b")


def _write_after(req: Any, res: Any) -> None:
    res.end("a")
    res.write("b")


@pytest.mark.parametrize(
    ("handler", "call"),
    [(_end_twice, "end()"), (_write_after, "write()")],
)
@on_both_loops
async def test_what_comes_after_the_end_is_told_with_its_place(
    handler: Any, call: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Which call, in which line of the program, of which request."""
    client = testing.connect(Stage(handler).server, ("192.0.2.1", 7))
    client.send(GET)
    await _settle()
    place = f"{__file__}:{handler.__code__.co_firstlineno + 2}"
    assert _told(caplog) == [
        (
            "GET / from 192.0.2.1:7: the response failed, and its 'error' has no listener: "
            f"StreamWriteAfterEndError: write after end: {call} was called at {place} after end()"
        )
    ]


def test_a_socket_that_is_written_to_after_its_end_is_told_with_its_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It names the client: there is no response any more."""
    stage = Stage()

    def upgrade(req: Any, socket: Any, head: bytes) -> None:
        socket.end("x")
        socket.write("y")

    stage.server.on("upgrade", upgrade)
    client = testing.connect(stage.server, ("192.0.2.1", 7))
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    testing.settle()
    place = f"{__file__}:{upgrade.__code__.co_firstlineno + 2}"
    (line,) = _told(caplog)
    assert line.startswith("192.0.2.1:7: the socket failed, and its 'error' has no listener: ")
    assert line.endswith(f"write after end: write() was called at {place} after end()")
