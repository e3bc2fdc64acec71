"""Timeouts: the sweep over all connections, late requests, idle sockets, and those of a response."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.response_stage import serve, settle
from tests.kit.stage import GET, OK, Stage, answer, events, silent
from writehead import http, testing
from writehead._server.timeouts import Sweep, late_ones
from writehead.testing import Clock

P = b"POST / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


# -- the sweep -----------------------------------------------------------------


class Age:
    """A connection that has been at its message for so many seconds."""

    def __init__(self, head: float = 0.0, whole: float = 0.0) -> None:
        self.head = head
        self.whole = whole

    def is_late(self, now: float, headers_timeout: float, request_timeout: float) -> bool:
        return 0 < headers_timeout < self.head or 0 < request_timeout < self.whole


def test_it_looks_every_so_many_seconds() -> None:
    """From the start on, with the time of each look."""
    clock = Clock()
    looks: list[float] = []
    Sweep(clock, looks.append).start(30)
    clock.advance(95_000)
    assert looks == [30, 60, 90]


def test_a_stopped_sweep_looks_no_more() -> None:
    """Until it is started again."""
    clock = Clock()
    looks: list[float] = []
    sweep = Sweep(clock, looks.append)
    sweep.start(30)
    clock.advance(40_000)
    sweep.stop()
    clock.advance(100_000)
    sweep.start(10)
    clock.advance(10_000)
    assert looks == [30, 150]


def test_an_interval_of_0_is_never() -> None:
    """Nothing is looked at."""
    clock = Clock()
    looks: list[float] = []
    Sweep(clock, looks.append).start(0)
    clock.advance(1_000_000)
    assert looks == []


def test_a_look_may_stop_the_sweep() -> None:
    """A server that closes within a look is not looked at again."""
    clock = Clock()
    looks: list[float] = []

    def look(now: float) -> None:
        looks.append(now)
        sweep.stop()

    sweep = Sweep(clock, look)
    sweep.start(1)
    clock.advance(5000)
    assert looks == [1]


def test_the_late_ones_are_found() -> None:
    """By the time for a head, or by that for the whole request."""
    slow_head, slow_body, fine = Age(head=61), Age(whole=301), Age(60, 300)
    assert late_ones([slow_head, slow_body, fine], 0, 60, 300) == [slow_head, slow_body]


def test_times_the_wrong_way_round_are_swapped() -> None:
    """The smaller one is the time for a head; 0 takes no part."""
    head = Age(head=15, whole=15)
    assert late_ones([head], 0, 20, 10) == [head]
    assert late_ones([Age(head=15)], 0, 20, 0) == []


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


# -- timeouts of a response ----------------------------------------------------


def test_a_timeout_is_told_to_request_response_and_server() -> None:
    """In that order, each with the socket, the request only if it is not complete; then the socket's own."""
    log: list[Any] = []
    server = http.create_server()

    def handle(req: Any, res: Any) -> None:
        socket = res.socket
        socket.on("timeout", lambda: log.append("socket"))
        req.on("timeout", lambda s: log.append(("req", s is socket)))
        res.on("timeout", lambda s: log.append(("res", s is socket)))
        assert res.set_timeout(50, lambda s: log.append(("callback", s is socket))) is res

    server.on("request", handle)
    server.on("timeout", lambda s: log.append("server"))
    client = testing.connect(server)
    client.send(POST)
    client.clock.advance(49)
    assert log == []
    client.clock.advance(1)
    assert log == [("req", True), ("res", True), ("callback", True), "server", "socket"]
    assert not client.ended
    client.clock.advance(500)
    assert len(log) == 5  # once per idle period
    client.send("1\r\na\r\n")
    client.clock.advance(60)
    assert len(log) == 10


def test_every_callback_of_set_timeout_is_a_listener() -> None:
    """Added at each call, not replaced, not once."""
    log: list[int] = []
    served = serve()
    served.res.set_timeout(50, lambda socket: log.append(1))
    served.res.set_timeout(timedelta(milliseconds=60), lambda socket: log.append(2))
    served.client.clock.advance(60)
    assert log == [1, 2]
    served.res.write("x")
    settle()
    served.client.clock.advance(60)
    assert log == [1, 2, 1, 2]


@pytest.mark.parametrize("on_socket", [False, True])
def test_a_timeout_that_nobody_hears_destroys_the_socket(on_socket: bool) -> None:
    """Without an answer; a listener on the socket alone does not prevent it."""
    served = serve()
    if on_socket:
        served.res.socket.on("timeout", id)
        served.res.socket.remove_all_listeners("timeout")
        served.res.socket.on("timeout", lambda: None)
    served.res.set_timeout(50)
    served.client.clock.advance(50)
    assert served.client.closed
    assert served.bytes == b""


def test_a_complete_request_hears_no_timeout_set_behind_its_handler() -> None:
    """Its set_timeout alone destroys the socket."""
    log: list[Any] = []
    served = serve()
    served.req.set_timeout(50, log.append)
    served.client.clock.advance(50)
    assert (log, served.client.closed) == ([], True)


def test_a_timeout_of_0_switches_off() -> None:
    """Nothing comes."""
    served = serve()
    served.res.set_timeout(50).set_timeout(0)
    served.client.clock.advance(10_000)
    assert not served.client.closed


def test_after_finish_the_idle_clock_is_the_servers() -> None:
    """keep_alive_timeout and its buffer; the next request has none of it."""
    served = serve(lambda res: res.set_timeout(50, lambda socket: None).end())
    assert not served.client.closed
    served.client.clock.advance(5900)
    assert not served.client.closed
    served.client.clock.advance(200)
    assert served.client.closed


@pytest.mark.parametrize(("keep_alive", "then"), [(3000, (3500, 70_000)), (0, (50.5, 50.5))])
def test_what_the_socket_says_of_its_timeout(keep_alive: int, then: tuple[float, float]) -> None:
    """The server's; the response's; that of the keep-alive wait; the server's again."""
    seen: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        seen.append(res.socket.timeout)
        res.set_timeout(50.5)
        seen.append(res.socket.timeout)
        res.end()

    server = http.create_server(
        handle, timeout=70_000, keep_alive_timeout=keep_alive, keep_alive_timeout_buffer=500
    )
    client = testing.connect(server)
    client.send(GET)
    socket = client.socket
    assert seen == [70_000, 50.5]
    assert socket.timeout == then[0]
    client.send(GET)
    assert seen[2:] == [then[1], 50.5]
    client.end()
    assert socket.destroyed
    assert socket.timeout == 50.5


def test_with_keep_alive_timeout_0_the_timeout_of_the_response_stays() -> None:
    """And may end the idle connection."""
    served = serve(lambda res: res.set_timeout(50).end(), keep_alive_timeout=0)
    served.client.clock.advance(50)
    assert served.client.closed
