"""The server: what it asks of a request and what it does with it: Host, limits, unread bodies, Expect."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.stage import GET, OK_CLOSE, Stage, answer, answer_at_end, bytewise, events, silent

R = b"GET / HTTP/1.1\r\nHost: a\r\n"
P = b"POST / HTTP/1.1\r\nHost: a\r\n"
H = b"\r\nHost: a\r\n\r\n"
whole_or_not = pytest.mark.parametrize("cut", [lambda data: [data], bytewise], ids=["whole", "bytewise"])
KEPT = b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"


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
