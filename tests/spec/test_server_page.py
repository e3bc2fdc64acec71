"""The server: what it keeps, times, hands over and answers for, by the bytes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.stage import (
    BAD,
    GET,
    OK,
    OK_CLOSE,
    Stage,
    answer,
    answer_at_end,
    answer_at_once,
    bytewise,
    dateless,
    events,
    silent,
)

R = b"GET / HTTP/1.1\r\nHost: a\r\n"
P = b"POST / HTTP/1.1\r\nHost: a\r\n"
C = P + b"Transfer-Encoding: chunked\r\n\r\n"
H = b"\r\nHost: a\r\n\r\n"
END = b"0\r\n\r\n"

whole_or_not = pytest.mark.parametrize("cut", [lambda data: [data], bytewise], ids=["whole", "bytewise"])


# -- Host ----------------------------------------------------------------------

NO_HOST = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)


@pytest.mark.parametrize("fields", [b"", b"Host: a\r\nHost: b\r\n", b"Host: a b/c@d\r\n", b"Host: a/b\r\n"])
@whole_or_not
def test_a_request_without_one_good_host_is_refused(fields: bytes, cut: Any) -> None:
    """None, two, or one that no host can be: 400 and the end, no 'clientError', no 'request'."""
    stage = Stage()
    stage.note_errors()
    client = stage.send(*cut(b"GET / HTTP/1.1\r\n" + fields + b"\r\n"))
    assert (dateless(client.received), client.closed, stage.log) == (NO_HOST, True, [])


def test_a_head_request_without_host_has_no_body() -> None:
    """The refusal of HEAD ends after the date."""
    assert Stage().exchange(b"HEAD / HTTP/1.1\r\n\r\n") == (
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: D\r\n\r\n"
    )


def test_the_refusal_for_host_takes_its_turn() -> None:
    """It comes behind the answers before it."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(res))
    client = stage.send(GET + b"GET / HTTP/1.1\r\n\r\n")
    assert client.received == b""
    held[0].end("ok")
    from writehead import testing

    testing.settle()
    assert dateless(client.received) == answer(b"ok") + NO_HOST
    assert client.closed


@pytest.mark.parametrize("option", ["require_host_header", "insecure_http_parser"])
@pytest.mark.parametrize("fields", [b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n"])
def test_hosts_are_not_checked_where_that_is_switched_off(option: str, fields: bytes) -> None:
    """`require_host_header=False` and `insecure_http_parser=True` let odd hosts through."""
    stage = Stage(**{option: option != "require_host_header"})
    assert stage.exchange(b"GET / HTTP/1.1\r\n" + fields + b"\r\n") == answer(b"ok")


def test_require_host_header_is_read_at_each_request() -> None:
    """Assigned later it holds for the next request."""
    stage = Stage()
    client = stage.send(GET)
    stage.server.require_host_header = False
    client.send(b"GET /2 HTTP/1.1\r\n\r\n")
    assert stage.log == ["GET /", "GET /2"]
    assert not client.closed


# -- keep-alive ----------------------------------------------------------------

KEPT = b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
CLOSED = b"Connection: close\r\n"


@pytest.mark.parametrize(
    ("version", "fields", "kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"Connection: CLOSE\r\n", False),
        (b"1.1", b"Connection: x , close\t\r\n", False),
        (b"1.1", b"Connection: keep-alive, close\r\n", False),
        (b"1.1", b"Connection: close, keep-alive\r\n", False),
        (b"1.1", b"Connection: keep-alive\r\nConnection: close\r\n", False),
        (b"1.1", b"Proxy-Connection: close\r\n", False),
        (b"1.1", b"Connection: closed\r\n", True),
        (b"1.1", b'Connection: "close"\r\n', True),
        (b"1.1", b"Connection: close;a\r\n", True),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: close\r\n", False),
        (b"1.0", b"Connection: close, keep-alive\r\n", False),
    ],
)
def test_the_client_decides_whether_the_connection_stays(version: bytes, fields: bytes, kept: bool) -> None:
    """`close` wins over `keep-alive`, in any case, over all Connection fields."""
    client = Stage(lambda req, res: res.end()).send(
        b"GET / HTTP/" + version + b"\r\nHost: a\r\n" + fields + b"\r\n"
    )
    length = b"Content-Length: 0\r\n" if version == b"1.1" else b""
    assert dateless(client.received) == (
        b"HTTP/1.1 200 OK\r\nDate: D\r\n" + (KEPT if kept else CLOSED) + length + b"\r\n"
    )
    assert client.closed is not kept


def length_set(req: Any, res: Any) -> None:
    res.set_header("Content-Length", 2)
    res.end("ok")


@pytest.mark.parametrize(
    ("handler", "fields", "head", "kept"),
    [
        (length_set, b"", b"Content-Length: 2\r\nDate: D\r\n" + KEPT + b"\r\nok", True),
        (answer_at_once, b"TE: chunked\r\n", b"Date: D\r\n" + KEPT + b"Content-Length: 2\r\n\r\nok", True),
        (answer_at_once, b"", b"Date: D\r\n" + CLOSED + b"\r\nok", False),
    ],
)
def test_a_1_0_client_is_kept_where_the_end_of_the_answer_shows(
    handler: Any, fields: bytes, head: bytes, kept: bool
) -> None:
    """A length, or chunks it asked for, keep the connection of HTTP/1.0; nothing else does."""
    client = Stage(handler).send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n" + fields + b"\r\n")
    assert dateless(client.received) == b"HTTP/1.1 200 OK\r\n" + head
    assert client.closed is not kept


@pytest.mark.parametrize(
    ("name", "value", "lines", "kept"),
    [
        ("Connection", "close", b"Connection: close\r\nDate: D\r\n", False),
        ("Connection", "x, CLOSE", b"Connection: x, CLOSE\r\nDate: D\r\n", False),
        ("Connection", "keep-alive", b"Connection: keep-alive\r\nDate: D\r\n", True),
        ("Connection", "x", b"Connection: x\r\nDate: D\r\n", True),
        ("Keep-Alive", "timeout=9", b"Keep-Alive: timeout=9\r\nDate: D\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_the_handler_decides_by_connection_and_keep_alive(
    name: str, value: str, lines: bytes, kept: bool
) -> None:
    """What the handler set stands as set, and only the word close ends the connection."""

    def handle(req: Any, res: Any) -> None:
        res.set_header(name, value)
        res.end("ok")

    client = Stage(handle).send(GET)
    assert dateless(client.received) == b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 2\r\n\r\nok"
    assert client.closed is not kept


def test_a_removed_connection_header_leaves_neither_line() -> None:
    """The connection then stays if the client wished so."""

    def handle(req: Any, res: Any) -> None:
        res.remove_header("Connection")
        res.end("ok")

    stage = Stage(handle)
    client = stage.send(GET)
    wanted = b"HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\n\r\nok"
    assert (dateless(client.received), client.closed) == (wanted, False)
    client.send(R + b"Connection: close\r\n\r\n")
    assert (dateless(client.received), client.closed) == (2 * wanted, True)


def test_should_keep_alive_false_closes() -> None:
    """A handler that says so gets `Connection: close`."""

    def handle(req: Any, res: Any) -> None:
        res.should_keep_alive = False
        res.end("ok")

    client = Stage(handle).send(GET)
    assert (dateless(client.received), client.closed) == (answer(b"ok", OK_CLOSE), True)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"keep_alive_timeout": 1}, b"Keep-Alive: timeout=0\r\n"),
        ({"keep_alive_timeout": 999}, b"Keep-Alive: timeout=0\r\n"),
        ({"keep_alive_timeout": 72_500}, b"Keep-Alive: timeout=72\r\n"),
        ({"keep_alive_timeout": 0}, b""),
        ({"max_requests_per_socket": 7}, b"Keep-Alive: timeout=5, max=7\r\n"),
    ],
)
def test_the_text_of_keep_alive(options: dict[str, Any], line: bytes) -> None:
    """Whole seconds, and the limit of requests where there is one; without a timeout no line."""
    assert Stage(**options).exchange(GET) == (
        b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\n" + line + b"Content-Length: 2\r\n\r\nok"
    )


def test_an_idle_connection_is_closed_after_timeout_and_buffer() -> None:
    """5000 ms are announced, 6000 are kept; nothing is written at the end."""
    stage = Stage()
    client = stage.send(GET)
    stage.clock.advance(5999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed
    assert dateless(client.received) == answer(b"ok")


def test_half_a_head_only_restarts_the_count() -> None:
    """The keep-alive timer runs until the next head is complete."""
    stage = Stage()
    client = stage.send(GET)
    stage.clock.advance(5000)
    client.send(b"\r\nGET / HT")
    stage.clock.advance(5999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed
    client = stage.send(GET)
    client.send(GET[:-2])
    stage.clock.advance(3000)
    client.send(b"\r\n")
    stage.clock.advance(5999)
    assert not client.closed


def test_without_keep_alive_timeout_the_connection_stays() -> None:
    """0 is no timer."""
    stage = Stage(keep_alive_timeout=0)
    client = stage.send(GET)
    stage.clock.advance(10_000_000)
    assert not client.closed


def test_the_keep_alive_timer_replaces_the_handlers() -> None:
    """A timeout that the handler has set ends with its response."""

    def handle(req: Any, res: Any) -> None:
        res.set_timeout(100_000)
        res.end("ok")

    stage = Stage(handle)
    client = stage.send(GET)
    stage.clock.advance(6000)
    assert client.closed


def test_a_timeout_listener_of_the_server_keeps_idle_connections() -> None:
    """Who listens to the server's 'timeout' takes over the duty to close."""
    stage = Stage()
    stage.server.on("timeout", lambda socket: stage.log.append("timeout"))
    client = stage.send(GET)
    stage.clock.advance(6000)
    assert (client.closed, stage.log) == (False, ["GET /", "timeout"])


# -- max_requests_per_socket ---------------------------------------------------

LAST = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
DROPPED = (
    b"HTTP/1.1 503 Service Unavailable\r\nDate: D\r\nConnection: close\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)


def test_the_last_allowed_request_closes() -> None:
    """Its answer says `Connection: close`, and the connection ends."""
    stage = Stage(max_requests_per_socket=2)
    client = stage.send(GET)
    assert not client.closed
    first = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=2\r\n"
    client.send(GET)
    assert dateless(client.received) == answer(b"ok", first) + LAST
    assert client.closed


def test_requests_past_the_limit_are_dropped() -> None:
    """'dropRequest' instead of 'request', 503 in its turn."""
    stage = Stage(max_requests_per_socket=1)
    stage.server.on("dropRequest", lambda req, socket: stage.log.append(("drop", req.url, socket)))
    client = stage.send(GET + b"GET /2 HTTP/1.1" + H + b"GET /3 HTTP/1.1" + H)
    assert dateless(client.received) == LAST + 2 * DROPPED
    assert client.closed
    assert stage.log == ["GET /", ("drop", "/2", client.socket), ("drop", "/3", client.socket)]


def test_requests_of_1_0_do_not_count() -> None:
    """Only HTTP/1.1 requests are counted."""

    def handle(req: Any, res: Any) -> None:
        res.set_header("Content-Length", 2)
        res.end("ok")

    stage = Stage(handle, max_requests_per_socket=1)
    old = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    client = stage.send(old, old)
    assert not client.closed
    client.send(GET)
    assert client.closed
    assert stage.log == ["GET /"] * 3


# -- a body that is not read ---------------------------------------------------


def test_an_unread_body_is_thrown_away() -> None:
    """After the answer the rest of the body is discarded, and the next request is served."""
    stage = Stage()
    stage.server.prepend_listener("request", lambda req, res: events(stage.log, req, "end close aborted"))
    client = stage.send(P + b"Content-Length: 200000\r\n\r\n" + 1000 * b"x")
    assert dateless(client.received) == answer(b"ok")
    for _ in range(199):
        client.send(1000 * b"x")
    assert stage.log == ["POST /", "end", "close"]
    client.send(GET)
    assert dateless(client.received) == 2 * answer(b"ok")


def test_a_body_read_in_part_is_thrown_away_too() -> None:
    """A paused body does not block the connection once the answer is out."""

    def handle(req: Any, res: Any) -> None:
        req.once("data", lambda chunk: (req.pause(), res.end("ok")))

    stage = Stage(handle)
    client = stage.send(P + b"Content-Length: 200000\r\n\r\n")
    for _ in range(200):
        client.send(1000 * b"x")
    client.send(P + b"Content-Length: 1\r\n\r\n.")
    assert dateless(client.received) == 2 * answer(b"ok")


def test_a_flowing_body_flows_on_behind_the_answer() -> None:
    """A 'data' listener gets the rest after 'finish'."""

    def handle(req: Any, res: Any) -> None:
        events(stage.log, req, "data end close")
        events(stage.log, res, "finish")
        res.end("ok")

    stage = Stage(handle)
    stage.send(P + b"Content-Length: 4\r\n\r\nab", b"cd")
    assert stage.log == ["POST /", "data b'ab'", "finish", "data b'cd'", "end", "close"]


def test_an_unread_body_stops_the_connection_at_the_mark() -> None:
    """Until the answer, no more than `high_water_mark` and a packet are taken."""
    stage = Stage(silent)
    client = stage.send(P + b"Content-Length: 1000000\r\n\r\n")
    for _ in range(100):
        client.send(1000 * b"x")
    assert 65536 <= client.socket.bytes_read <= 65536 + 1100


# -- timeouts of requests ------------------------------------------------------

LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_a_head_that_does_not_come_is_timed_out(sent: bytes) -> None:
    """A client without a whole head is cut at the first look past 60 s: 408 and the end."""
    stage = Stage()
    client = stage.send(sent)
    stage.clock.advance(89_999)
    assert not client.closed
    stage.clock.advance(1)
    assert (client.received, client.closed) == (LATE, True)


@pytest.mark.parametrize("first", [b"G", P + b"Content-Length: 2\r\n\r\nx"])
def test_the_clock_of_a_request_begins_with_its_first_byte(first: bytes) -> None:
    """Time that a client was silent for before it is not counted twice; empty lines are no first byte."""
    stage = Stage(silent, headers_timeout=1000, request_timeout=1000, connections_checking_interval=100)
    client, empty = stage.connect(), stage.connect()
    stage.clock.advance(900)
    client.send(first)
    empty.send(b"\r\n")
    stage.clock.advance(300)
    assert (client.closed, empty.closed) == (False, True)
    stage.clock.advance(600)
    assert not client.closed
    stage.clock.advance(200)
    assert (client.received, client.closed) == (LATE, True)


def test_the_clock_of_the_next_request_begins_with_its_first_byte() -> None:
    """The wait between two requests is nobody's, nor are empty lines in it."""
    options = {"headers_timeout": 1000, "request_timeout": 1000, "connections_checking_interval": 100}
    stage = Stage(keep_alive_timeout=100_000, **options)
    client = stage.send(GET)
    stage.clock.advance(10_000)
    client.send(b"\r\n")
    stage.clock.advance(10_000)
    client.send(b"G")
    stage.clock.advance(900)
    assert not client.closed
    stage.clock.advance(200)
    assert client.closed


def test_a_body_that_does_not_come_is_timed_out() -> None:
    """The whole request has 300 s; then 408 and 'aborted'."""
    stage = Stage(silent)
    stage.server.prepend_listener("request", lambda req, res: events(stage.log, req, "aborted"))
    client = stage.send(P + b"Content-Length: 9\r\n\r\n")
    for _ in range(10):
        stage.clock.advance(30_000)
        assert not client.closed
    stage.clock.advance(30_000)
    assert (client.received, client.closed) == (LATE, True)
    assert stage.log == ["POST /", "aborted"]


def test_the_error_of_a_late_request() -> None:
    """'clientError' has `ERR_HTTP_REQUEST_TIMEOUT`, no offset and no packet."""
    stage = Stage()
    stage.note_errors()
    stage.send(b"GET")
    stage.clock.advance(90_000)
    (error,) = stage.log
    assert (error.code, str(error)) == ("ERR_HTTP_REQUEST_TIMEOUT", "Request timeout")
    assert not hasattr(error, "bytes_parsed")


def test_a_handler_may_take_its_time() -> None:
    """Neither timeout covers the handler, nor the wait between requests, nor the answer."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(res))
    client = stage.send(GET)
    stage.clock.advance(1_000_000)
    held[0].end("ok")
    from writehead import testing

    testing.settle()
    assert (dateless(client.received), client.closed) == (answer(b"ok"), False)


def test_headers_timeout_and_request_timeout_are_swapped_when_assigned_the_wrong_way() -> None:
    """The smaller one is the time for the head."""
    stage = Stage(silent, connections_checking_interval=1000)
    stage.server.headers_timeout, stage.server.request_timeout = 20_000, 10_000
    head = stage.send(b"GET")
    body = stage.send(P + b"Content-Length: 9\r\n\r\n")
    stage.clock.advance(11_000)
    assert (head.closed, body.closed) == (True, False)
    stage.clock.advance(10_000)
    assert body.closed


def test_without_timeouts_nobody_is_cut() -> None:
    """`request_timeout=0` alone switches both off."""
    stage = Stage(request_timeout=0)
    client = stage.send(b"GET")
    stage.clock.advance(10_000_000)
    assert not client.closed


def test_a_late_body_is_408_even_behind_its_whole_answer() -> None:
    """The clock of a request goes on behind a finished answer."""
    stage = Stage(keep_alive_timeout=400_000)
    client = stage.send(P + b"Content-Length: 9\r\n\r\n")
    stage.clock.advance(330_000)
    assert dateless(client.received) == answer(b"ok").replace(b"=5", b"=400") + LATE
    assert client.closed


def test_nothing_is_written_into_an_answer_that_has_begun() -> None:
    """A late request whose answer has begun is cut without a word."""
    stage = Stage(lambda req, res: res.write("x"))
    client = stage.send(P + b"Content-Length: 9\r\n\r\n")
    stage.clock.advance(330_000)
    assert dateless(client.received) == OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
    assert client.closed


# -- idle sockets --------------------------------------------------------------


def test_server_timeout_cuts_what_is_idle() -> None:
    """With nobody listening the socket is destroyed, nothing written."""
    stage = Stage(silent, timeout=1000)
    client = stage.send(GET)
    stage.clock.advance(999)
    assert not client.closed
    stage.clock.advance(1)
    assert (client.received, client.closed) == (b"", True)


def test_timeout_is_told_in_order() -> None:
    """An incomplete request, the response, the server, then the socket hear of it."""

    def handle(req: Any, res: Any) -> None:
        req.on("timeout", lambda socket: stage.log.append("req"))
        res.on("timeout", lambda socket: stage.log.append("res"))
        req.socket.on("timeout", lambda: stage.log.append("socket"))

    stage = Stage(handle, timeout=1000)
    stage.server.on("timeout", lambda socket: stage.log.append("server"))
    client = stage.send(P + b"Content-Length: 1\r\n\r\n")
    stage.clock.advance(1000)
    assert (stage.log, client.closed) == (["POST /", "req", "res", "server", "socket"], False)


def test_a_complete_request_hears_no_timeout() -> None:
    """`req.set_timeout` on a request received whole never calls back: the socket is destroyed."""
    called: list[str] = []
    stage = Stage(lambda req, res: req.set_timeout(1000, lambda *_: called.append("req")))
    client = stage.send(GET)
    stage.clock.advance(1000)
    assert (called, client.closed) == ([], True)


def test_a_response_hears_its_timeout() -> None:
    """`res.set_timeout` calls back and leaves the socket open."""
    stage = Stage(lambda req, res: res.set_timeout(1000, lambda socket: stage.log.append(socket)))
    client = stage.send(GET)
    stage.clock.advance(1000)
    assert (stage.log[1:], client.closed) == ([client.socket], False)


def test_every_read_and_write_restarts_the_idle_timer() -> None:
    """What moves is not idle."""

    def handle(req: Any, res: Any) -> None:
        held.append(res)

    held: list[Any] = []
    stage = Stage(handle, timeout=1000)
    client = stage.send(P + b"Content-Length: 2\r\n\r\n")
    stage.clock.advance(900)
    client.send(b"x")
    stage.clock.advance(900)
    held[0].write("x")
    stage.clock.advance(999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed


# -- Expect --------------------------------------------------------------------

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    "value", [b"100-continue", b"100-Continue", b"100-continue, x", b"a 100-continue", b"100-continue;q"]
)
def test_continue_is_sent_before_the_request_is_handled(value: bytes) -> None:
    """With no listener the 100 goes out, then 'request' comes."""
    stage = Stage(answer_at_end)
    client = stage.send(P + b"Content-Length: 2\r\nExpect: " + value + b"\r\n\r\n")
    assert client.received == CONTINUE
    client.send(b"hi")
    assert dateless(client.received) == CONTINUE + answer(b"hi")


def test_continue_is_sent_even_with_the_body_at_hand() -> None:
    """And for a GET too."""
    assert Stage().exchange(R + b"Expect: 100-continue\r\n\r\n") == CONTINUE + answer(b"ok")


@pytest.mark.parametrize("value", [b"", b"x100-continue", b"200-ok"])
def test_other_expectations_fail(value: bytes) -> None:
    """417, chunked and empty, no 'request'; the connection stays and the body is dumped."""
    stage = Stage()
    client = stage.send(P + b"Content-Length: 2\r\nExpect: " + value + b"\r\n\r\nab" + GET)
    assert dateless(client.received) == (
        b"HTTP/1.1 417 Expectation Failed\r\nDate: D\r\n"
        + KEPT
        + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + answer(b"ok")
    )
    assert stage.log == ["GET /"]


def test_check_continue_comes_instead_of_request() -> None:
    """The listener sends the 100 itself, and the answer is as any."""
    stage = Stage()

    def check(req: Any, res: Any) -> None:
        res.write_continue()
        answer_at_end(req, res)

    stage.server.on("checkContinue", check)
    client = stage.send(P + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n", b"hi")
    assert dateless(client.received) == CONTINUE + answer(b"hi")
    assert stage.log == []


def test_check_continue_without_continue_closes() -> None:
    """A final status in place of the 100 says `Connection: close`."""
    stage = Stage()
    stage.server.on("checkContinue", lambda req, res: (setattr(res, "status_code", 413), res.end()))
    client = stage.send(P + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert dateless(client.received) == (
        b"HTTP/1.1 413 Payload Too Large\r\nDate: D\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    assert client.closed


def test_check_expectation_comes_instead_of_request() -> None:
    """The listener answers as it likes."""
    stage = Stage()
    stage.server.on("checkExpectation", lambda req, res: res.end("fine"))
    assert stage.exchange(R + b"Expect: more\r\n\r\n") == answer(b"fine")
    assert stage.log == []


def test_expect_means_nothing_on_1_0() -> None:
    """No 100 is sent to HTTP/1.0."""
    stage = Stage()
    assert stage.exchange(b"GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n") == OK_CLOSE + b"\r\nok"


# -- upgrade and CONNECT -------------------------------------------------------

UPGRADE = R + b"Connection: upgrade\r\nUpgrade: x\r\n"


def test_an_upgrade_hands_over_the_socket() -> None:
    """'upgrade' gets the request, the socket and what followed the head; later bytes wait for 'data'."""
    stage = Stage()

    def upgrade(req: Any, socket: Any, head: bytes) -> None:
        stage.log.append((req.url, socket is req.socket, head))
        socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n")
        socket.on("data", lambda data: socket.write(data.upper()))

    stage.server.on("upgrade", upgrade)
    client = stage.send(UPGRADE + b"\r\nfirst", b"second", b"GET")
    assert stage.log == [("/", True, b"first")]
    assert client.received == b"HTTP/1.1 101 Switching Protocols\r\n\r\nSECONDGET"


def test_connect_hands_over_the_socket() -> None:
    """CONNECT needs no header; its target is the authority."""
    stage = Stage()
    stage.server.on(
        "connect", lambda req, socket, head: (stage.log.append((req.url, head)), socket.end("hi"))
    )
    client = stage.send(b"CONNECT a:80 HTTP/1.1\r\n\r\nhead")
    assert stage.log == [("a:80", b"head")]
    assert client.received == b"hi"
    assert (client.ended, client.closed) == (True, False)


def test_the_body_of_an_upgrade_is_not_parsed() -> None:
    """Everything behind the head is `head`, whatever the length says; the request is complete."""
    stage = Stage()
    stage.server.on("upgrade", lambda req, socket, head: stage.log.append((head, req.complete)))
    stage.send(UPGRADE + b"Content-Length: 3\r\n\r\nabcdef")
    assert stage.log == [(b"abcdef", True)]


def test_host_limit_and_expect_are_not_looked_at_for_an_upgrade() -> None:
    """A taken upgrade passes by them."""
    stage = Stage(max_requests_per_socket=1)
    stage.server.on("upgrade", lambda req, socket, head: stage.log.append("upgrade"))
    stage.send(b"GET / HTTP/1.1\r\nExpect: x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    assert stage.log == ["upgrade"]


@pytest.mark.parametrize(
    "data",
    [b"CONNECT a:80 HTTP/1.1\r\n\r\n", UPGRADE + b"\r\n"],
)
def test_a_handover_that_nobody_takes_ends_the_connection(data: bytes) -> None:
    """CONNECT without a listener, or an upgrade that was promised: destroyed, nothing written."""
    stage = Stage(should_upgrade_callback=lambda req: True)
    client = stage.send(data)
    assert (client.received, client.closed, stage.log) == (b"", True, [])


def test_an_upgraded_socket_is_out_of_reach_but_counted() -> None:
    """`close_all_connections` and the sweep leave it; `get_connections` and 'close' count it."""
    stage = Stage()
    stage.server.on("upgrade", lambda req, socket, head: None)
    stage.server.on("close", lambda: stage.log.append("close"))
    client = stage.send(UPGRADE + b"\r\n")
    stage.server.close_all_connections()
    stage.clock.advance(1_000_000)
    stage.server.get_connections(lambda error, count: stage.log.append(count))
    stage.server.close()
    client.send(b"x")
    assert (client.closed, stage.log) == (False, [1])
    client.reset()
    assert stage.log == [1, "close"]


def test_an_upgraded_socket_is_half_open() -> None:
    """After the peer's FIN it can be written to until `end`."""
    sockets: list[Any] = []
    stage = Stage()
    stage.server.on("upgrade", lambda req, socket, head: sockets.append(socket.resume()))
    client = stage.send(UPGRADE + b"\r\n")
    client.end()
    sockets[0].write("still")
    assert (client.received, client.closed) == (b"still", False)
    sockets[0].end()
    client.take()
    assert client.closed


def test_a_declined_upgrade_is_an_ordinary_request() -> None:
    """With no taker it is served, and what follows in the packet too."""
    stage = Stage(answer_at_end)
    client = stage.send(UPGRADE + b"\r\n" + b"GET /2 HTTP/1.1" + H)
    assert dateless(client.received) == 2 * answer(b"-")
    assert stage.log == ["GET /", "GET /2"]


@pytest.mark.parametrize(
    "rest", [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
)
@whole_or_not
def test_the_body_of_a_declined_upgrade_is_parsed(rest: bytes, cut: Any) -> None:
    """Its body is read, and the next request behind it served."""
    stage = Stage(answer_at_end)
    client = stage.send(*cut(UPGRADE + rest + GET))
    assert dateless(client.received) == answer(b"abc") + answer(b"-")


def test_errors_in_the_body_of_a_declined_upgrade_are_reported() -> None:
    """A bad chunk is 400."""
    client = Stage(answer_at_end).send(UPGRADE + b"Transfer-Encoding: chunked\r\n\r\nz\r\n")
    assert (client.received, client.closed) == (BAD, True)


def test_should_upgrade_callback_decides() -> None:
    """It is asked for upgrades, not for CONNECT."""
    stage = Stage(should_upgrade_callback=lambda req: req.url == "/yes")
    stage.server.on("upgrade", lambda req, socket, head: stage.log.append("upgraded"))
    stage.server.on("connect", lambda req, socket, head: stage.log.append("connected"))
    stage.send(UPGRADE + b"\r\n")
    stage.send(UPGRADE.replace(b" / ", b" /yes ") + b"\r\n")
    stage.send(b"CONNECT a:1 HTTP/1.1\r\n\r\n")
    assert stage.log == ["GET /", "upgraded", "connected"]


@pytest.mark.parametrize("fields", [b"Upgrade: x\r\n", b"Connection: upgrade\r\n"])
def test_upgrade_takes_both_fields(fields: bytes) -> None:
    """One of them alone is nothing."""
    stage = Stage()
    stage.server.on("upgrade", lambda req, socket, head: stage.log.append("upgraded"))
    assert stage.exchange(R + fields + b"\r\n") == answer(b"ok")
    assert stage.log == ["GET /"]


def test_earlier_answers_go_out_on_the_upgraded_socket() -> None:
    """They are not awaited, and written when they are ready."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(res))
    stage.server.on("upgrade", lambda req, socket, head: socket.write("switched|"))
    client = stage.send(GET + UPGRADE + b"\r\n")
    assert client.received == b"switched|"
    held[0].end("ok")
    client.send(b"x")
    assert dateless(client.received) == b"switched|" + answer(b"ok")


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
