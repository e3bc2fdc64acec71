"""Handlers and other listeners that fail: the response there is, or the end of the connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.response_stage import GET10, HEAD, KEEP, serve, settle
from tests.kit.stage import GET, Stage, answer, events
from writehead import http, testing
from writehead.errors import TrailerInvalidError

R = b"GET / HTTP/1.1\r\nHost: a\r\n"
P = b"POST / HTTP/1.1\r\nHost: a\r\n"
H = b"\r\nHost: a\r\n\r\n"
KEPT = b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
CLOSED = b"Connection: close\r\n"
LAST = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
DROPPED = (
    b"HTTP/1.1 503 Service Unavailable\r\nDate: D\r\nConnection: close\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)
UPGRADE = R + b"Connection: upgrade\r\nUpgrade: x\r\n"


# -- listeners that fail -------------------------------------------------------

FAILED = (
    b"HTTP/1.1 500 Internal Server Error\r\nDate: D\r\n"
    + KEPT
    + b"Content-Length: 21\r\n\r\nInternal Server Error"
)


def fail(*_: Any) -> None:
    raise LookupError("a mistake")


@pytest.mark.parametrize("event", ["request", "checkContinue", "checkExpectation"])
def test_a_failed_handler_is_500(event: str, caplog: pytest.LogCaptureFixture) -> None:
    """None of the headers that were set are in it; the failure is logged; the connection stays."""

    def handle(req: Any, res: Any) -> None:
        res.set_header("X-Half", "done")
        res.status_code = 201
        res.status_message = "Half"
        res.remove_header("Date")
        fail()

    stage = Stage()
    stage.server.remove_all_listeners("request").on(event, handle)
    expect = {"checkContinue": b"Expect: 100-continue\r\n", "checkExpectation": b"Expect: x\r\n"}
    client = stage.send(R + expect.get(event, b"") + b"\r\n")
    received = dateless(client.received)
    if event == "checkContinue":  # the 100 was not sent: the client may send the body or not
        assert received == FAILED.replace(KEPT, CLOSED)
    else:
        assert (received, client.closed) == (FAILED, False)
    assert "a mistake" in caplog.text


def test_a_handler_that_fails_behind_its_head_cuts_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """What was written may arrive; a 500 does not."""
    client = Stage(lambda req, res: (res.write("x"), fail())).send(GET)
    assert client.closed
    assert b"500" not in client.received


def test_a_handler_that_fails_behind_its_answer_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """The answer goes out as it is."""
    client = Stage(lambda req, res: (res.end("ok"), fail())).send(GET)
    assert (dateless(client.received), client.closed) == (answer(b"ok"), True)
    assert "a mistake" in caplog.text


def test_a_failed_listener_of_the_request_is_500(caplog: pytest.LogCaptureFixture) -> None:
    """'data' and 'end' count as the handler does."""
    client = Stage(lambda req, res: req.on("data", fail)).send(P + b"Content-Length: 1\r\n\r\nx")
    assert dateless(client.received) == FAILED


def test_a_failed_listener_of_finish_is_logged_only(caplog: pytest.LogCaptureFixture) -> None:
    """The answer is out already."""
    client = Stage(lambda req, res: (res.on("finish", fail), res.end("ok"))).send(GET)
    assert (dateless(client.received), client.closed) == (answer(b"ok"), False)
    assert "a mistake" in caplog.text


def test_a_failed_listener_of_connection_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    """The socket is destroyed."""
    stage = Stage()
    stage.server.on("connection", fail)
    assert stage.connect().closed


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("upgrade", UPGRADE + b"\r\n"),
        ("connect", b"CONNECT a:1 HTTP/1.1\r\n\r\n"),
        ("clientError", b"nonsense\r\n\r\n"),
    ],
)
def test_a_failed_listener_that_owns_the_socket_ends_it(
    event: str, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Logged, and the socket destroyed without a word."""
    stage = Stage()
    stage.server.on(event, fail)
    client = stage.send(data)
    assert (client.received, client.closed) == (b"", True)
    assert "a mistake" in caplog.text


def test_the_parser_survives_a_failed_listener(caplog: pytest.LogCaptureFixture) -> None:
    """The requests behind a failed one are served."""

    def handle(req: Any, res: Any) -> None:
        if req.url == "/":
            fail()
        res.end("ok")

    assert Stage(handle).exchange(GET + b"GET /2 HTTP/1.1" + H) == FAILED + answer(b"ok")


@pytest.mark.parametrize("event", ["drop", "dropRequest", "timeout", "listening", "close"])
def test_a_failed_listener_that_owns_nothing_is_logged_only(
    event: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The server goes on, and what the event tells of takes its course."""
    from writehead import http, testing

    server = http.create_server(lambda req, res: res.end("ok"), max_requests_per_socket=1, timeout=1000)
    server.on(event, fail)
    clock = testing.listen(server)
    testing.settle()
    client = testing.connect(server)
    client.send(GET + GET + GET)
    assert dateless(client.received) == LAST + 2 * DROPPED
    assert client.closed
    idle = testing.connect(server)
    clock.advance(1000)
    assert idle.closed is (event != "timeout")  # who listens has to close, and this one could not
    idle.reset()
    server.max_connections = 0
    assert testing.connect(server).closed
    server.max_connections = None
    server.close()
    testing.settle()
    times = 2 if event == "dropRequest" else 1
    assert caplog.text.count("LookupError: a mistake") == times


@pytest.mark.parametrize("event", ["drain", "close"])
def test_a_failed_listener_of_the_response_cuts_it(event: str, caplog: pytest.LogCaptureFixture) -> None:
    """Behind its head there is no 500 to send."""
    stage = Stage(lambda req, res: (res.on(event, fail), res.write(bytes(100_000))))
    client = stage.connect()
    client.stall()
    client.send(GET)
    if event == "close":
        client.reset()
    client.take()
    assert client.closed
    assert b"500" not in client.received
    assert "a mistake" in caplog.text


@pytest.mark.parametrize("event", ["aborted", "close", "error"])
def test_a_failed_listener_of_a_lost_request_is_logged_only(
    event: str, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nobody to tell, and the next connection is served."""
    stage = Stage(lambda req, res: req.on(event, fail) if req.url == "/" else res.end("ok"))
    client = stage.send(P + b"Content-Length: 3\r\n\r\na")
    client.reset()
    assert caplog.text.count("LookupError: a mistake") == 1
    assert stage.exchange(b"GET /2 HTTP/1.1" + H) == answer(b"ok")


# -- handlers that fail --------------------------------------------------------

INTERNAL_ERROR = (
    f"HTTP/1.1 500 Internal Server Error|Date: D|{KEEP}|Content-Length: 21||Internal Server Error"
)


def spoil(res: Any) -> None:
    """Set whatever could show in an answer."""
    res.set_header("A", "1")
    res.set_header("Trailer", "x")
    res.append_header("set-cookie", "a=1")
    res.remove_header("connection")
    res.remove_header("content-length")
    res.status_code = 204
    res.status_message = "Mine"
    res.send_date = False
    res.strict_content_length = True
    res.use_chunked_encoding_by_default = False
    res.cork()
    res.cork()
    res.add_trailers({"x": "1"})


def spoil_by_write_head(res: Any) -> None:
    with contextlib.suppress(TrailerInvalidError):
        res.write_head(204, "Mine", {"Trailer": "x"})


@pytest.mark.parametrize("prepare", [id, spoil, spoil_by_write_head])
def test_a_handler_that_fails_is_answered_500(prepare: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Always exactly so: nothing of what the handler had set shows. 'finish' follows, the connection stays."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "finish close error")
        prepare(res)
        raise ValueError("handler")

    served = serve(handler)
    assert served.text == INTERNAL_ERROR
    assert log == ["finish"]
    assert not served.client.ended
    assert "ValueError: handler" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR
    assert caplog.records[0].name == "writehead"


@pytest.mark.parametrize("prepare", [id, spoil])
@on_both_loops
async def test_an_async_handler_that_fails_is_answered_500(prepare: Any, caplog: Any) -> None:
    """At once, or after it has waited."""

    async def handle(req: Any, res: Any) -> None:
        await asyncio.sleep(0)
        prepare(res)
        raise ValueError("handler")

    client = testing.connect(http.create_server(handle))
    answer = client.request("GET", "/")
    await answer
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert "ValueError: handler" in caplog.text


def test_a_failure_of_a_head_request(caplog: pytest.LogCaptureFixture) -> None:
    """No body; the head as for any HEAD."""

    def handler(res: Any) -> None:
        raise ValueError

    assert serve(handler, HEAD).text == f"HTTP/1.1 500 Internal Server Error|Date: D|{KEEP}||"


@pytest.mark.parametrize(
    ("request_bytes", "head"),
    [
        (GET10, "Date: D|Connection: close||"),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "Date: D|Connection: close|Content-Length: 21||",
        ),
    ],
)
def test_a_failure_ends_the_connection_as_an_answer_would(
    request_bytes: bytes, head: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client's wish counts."""

    def handler(res: Any) -> None:
        spoil(res)
        raise ValueError

    served = serve(handler, request_bytes)
    assert served.text == f"HTTP/1.1 500 Internal Server Error|{head}Internal Server Error"
    assert served.client.ended


@pytest.mark.parametrize(
    "begin", [lambda res: res.write_head(200), lambda res: res.flush_headers(), lambda res: res.write("x")]
)
def test_a_failure_after_the_head_cuts_the_connection(begin: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Even if nothing has left yet; 'close' follows."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "finish close error")
        begin(res)
        raise ValueError

    served = serve(handler)
    assert b"500" not in served.bytes
    assert served.client.closed
    assert log == ["close"]
    assert "ValueError" in caplog.text


def test_a_failure_after_end_delivers_what_is_out(caplog: pytest.LogCaptureFixture) -> None:
    """The answer is whole, and 'finish' comes; then the connection is cut."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "finish close")
        res.end("x")
        raise ValueError

    served = serve(handler)
    assert served.body == b"x"
    assert log == ["finish"]
    assert "ValueError" in caplog.text


def test_a_failure_after_finish_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """In a 'finish' listener, say."""

    def handler(res: Any) -> None:
        def fail() -> None:
            raise ValueError("late")

        res.on("finish", fail)
        res.end("x")

    served = serve(handler)
    assert served.body == b"x"
    assert not served.client.closed
    assert "ValueError: late" in caplog.text


@pytest.mark.parametrize("event", ["drain", "timeout"])
def test_a_listener_of_the_response_that_fails(event: str, caplog: pytest.LogCaptureFixture) -> None:
    """Is a failing handler too."""

    def fail(*args: Any) -> None:
        raise ValueError(event)

    def handler(res: Any) -> None:
        res.on(event, fail)
        if event == "drain":
            res.write(b"x" * 100_000)

    served = serve(handler)
    if event == "timeout":
        served.res.set_timeout(50)
        served.client.clock.advance(100)
        assert served.text == INTERNAL_ERROR
    else:
        assert served.client.closed
    assert f"ValueError: {event}" in caplog.text


def test_a_failure_of_a_destroyed_response(caplog: pytest.LogCaptureFixture) -> None:
    """Is logged, and that is all."""

    def handler(res: Any) -> None:
        res.destroy()
        raise ValueError

    assert serve(handler).bytes == b""
    assert "ValueError" in caplog.text


def test_a_failure_of_a_waiting_response(caplog: pytest.LogCaptureFixture) -> None:
    """Takes its turn in the line."""
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        if held:
            raise ValueError
        held.append(res)

    client = testing.connect(http.create_server(handle))
    client.send(GET + GET)
    assert client.received == b""
    held[0].end("1")
    settle()
    assert client.received.count(b"HTTP/1.1 ") == 2
    assert client.received.endswith(b"Internal Server Error")


def test_a_close_listener_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Is logged; there is nobody left to answer."""

    def fail() -> None:
        raise ValueError("late")

    served = serve(lambda res: res.on("close", fail))
    served.client.reset()
    assert served.bytes == b""
    assert "ValueError: late" in caplog.text
