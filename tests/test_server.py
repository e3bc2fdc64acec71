"""The server: its options, its connections, and the whole of it on real sockets."""

from __future__ import annotations

import asyncio
import math
import socket
from datetime import timedelta
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import RawClient, dial
from tests.kit.stage import BAD, GET, OK_CLOSE, Stage, answer, events
from writehead import http
from writehead.errors import (
    InvalidArgTypeError,
    OutOfRangeError,
    ServerNotRunningError,
)
from writehead.events import once
from writehead.testing import settle


def hello(req: Any, res: Any) -> None:
    res.end("ok")


# -- create_server -------------------------------------------------------------


def test_the_defaults_are_nodes() -> None:
    """As the documents have them."""
    server = http.create_server()
    assert {
        name: getattr(server, name)
        for name in [
            "request_timeout",
            "headers_timeout",
            "keep_alive_timeout",
            "keep_alive_timeout_buffer",
            "connections_checking_interval",
            "timeout",
            "max_header_size",
            "max_headers_count",
            "max_requests_per_socket",
            "max_connections",
            "no_delay",
            "keep_alive",
            "keep_alive_initial_delay",
            "high_water_mark",
            "require_host_header",
            "join_duplicate_headers",
            "insecure_http_parser",
            "reject_non_standard_body_writes",
            "optimize_empty_requests",
            "emit_close_after_finish",
            "write_timeout",
            "body_timeout",
            "listening",
        ]
    } == {
        "request_timeout": 300_000,
        "headers_timeout": 60_000,
        "keep_alive_timeout": 5000,
        "keep_alive_timeout_buffer": 1000,
        "connections_checking_interval": 30_000,
        "timeout": 0,
        "max_header_size": None,
        "max_headers_count": 2000,
        "max_requests_per_socket": 0,
        "max_connections": None,
        "no_delay": True,
        "keep_alive": False,
        "keep_alive_initial_delay": 0,
        "high_water_mark": 65536,
        "require_host_header": True,
        "join_duplicate_headers": False,
        "insecure_http_parser": False,
        "reject_non_standard_body_writes": False,
        "optimize_empty_requests": False,
        "emit_close_after_finish": False,
        "write_timeout": 0,
        "body_timeout": 0,
        "listening": False,
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda: http.create_server(hello),
        lambda: http.create_server({}, hello),
        lambda: http.create_server(None, hello),
        lambda: http.create_server(hello, timeout=1),
        lambda: http.create_server(handler=hello),
        lambda: http.createServer(hello),
    ],
)
def test_the_forms_of_create_server(make: Any) -> None:
    """The handler is a listener of 'request'."""
    assert make().listeners("request") == [hello]


@pytest.mark.parametrize("options", [5, "x", [], True, 1.5])
def test_options_are_a_mapping(options: Any) -> None:
    """Anything else is `ERR_INVALID_ARG_TYPE`; so is a handler that cannot be called."""
    for args in ((options,), ({}, options)):
        with pytest.raises(InvalidArgTypeError) as caught:
            http.create_server(*args)
        assert caught.value.code == "ERR_INVALID_ARG_TYPE"


INTS = (
    "request_timeout",
    "headers_timeout",
    "keep_alive_timeout",
    "keep_alive_timeout_buffer",
    "connections_checking_interval",
    "max_header_size",
)


@pytest.mark.parametrize("name", INTS)
@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("1", InvalidArgTypeError),
        (True, InvalidArgTypeError),
        (-1, OutOfRangeError),
        (1.5, OutOfRangeError),
        (math.nan, OutOfRangeError),
        (math.inf, OutOfRangeError),
    ],
)
def test_whole_numbers_are_checked(name: str, value: Any, error: type[Exception]) -> None:
    """A wrong type, and a value out of range, in either spelling."""
    head, *tail = name.split("_")
    for spelling in (name, head + "".join(map(str.capitalize, tail))):
        with pytest.raises(error):
            http.create_server({spelling: value})


@pytest.mark.parametrize(
    "name",
    [
        "require_host_header",
        "join_duplicate_headers",
        "insecure_http_parser",
        "reject_non_standard_body_writes",
        "optimize_empty_requests",
        "emit_close_after_finish",
    ],
)
def test_switches_are_bools(name: str) -> None:
    """1 is not True."""
    with pytest.raises(InvalidArgTypeError):
        http.create_server(**{name: 1})
    assert getattr(http.create_server(**{name: True}), name) is True


def test_headers_timeout_is_within_request_timeout() -> None:
    """Given: an error; not given: no longer than the whole."""
    with pytest.raises(OutOfRangeError):
        http.create_server(headers_timeout=2, request_timeout=1)
    assert http.create_server(request_timeout=10).headers_timeout == 10
    assert http.create_server(request_timeout=0).headers_timeout == 0
    assert http.create_server(request_timeout=0, headers_timeout=7).headers_timeout == 7


def test_a_timedelta_is_a_duration() -> None:
    """Milliseconds inside."""
    server = http.create_server(keep_alive_timeout=timedelta(seconds=2), request_timeout=timedelta(minutes=1))
    assert (server.keep_alive_timeout, server.request_timeout) == (2000, 60_000)


def test_marks_and_delays_are_bent_into_their_range() -> None:
    """A negative mark is the default; the delay is kept in whole seconds."""
    assert http.create_server(high_water_mark=-1).high_water_mark == 65536
    assert http.create_server(keep_alive_initial_delay=2999).keep_alive_initial_delay == 2
    assert http.create_server(keep_alive_initial_delay=-5).keep_alive_initial_delay == 0
    for name in ("high_water_mark", "keep_alive_initial_delay", "should_upgrade_callback"):
        with pytest.raises(InvalidArgTypeError):
            http.create_server(**{name: "x"})


def test_every_option_has_nodes_spelling() -> None:
    """Read and assigned, it is one attribute."""
    server = http.create_server()
    server.headersTimeout = 5
    server.keepAliveTimeout = 7000
    server.maxRequestsPerSocket = 3
    assert (server.headers_timeout, server.keep_alive_timeout, server.max_requests_per_socket) == (5, 7000, 3)
    assert server.requestTimeout == server.request_timeout


def test_methods_return_the_server() -> None:
    """For chains of calls."""
    server = http.create_server()
    assert server.set_timeout(5, lambda socket: None) is server
    assert (server.timeout, server.listener_count("timeout")) == (5, 1)
    assert server.ref() is server.unref() is server
    assert server.get_connections(lambda error, count: None) is server
    assert server.close_idle_connections() is None
    assert server.close_all_connections() is None
    server.close()
    settle()


# -- when a later assignment takes effect --------------------------------------


def test_keep_alive_timeout_takes_effect_at_the_next_request() -> None:
    """Its text in the next head, its time at the next finish."""
    stage = Stage()
    client = stage.send(GET)
    stage.server.keep_alive_timeout = 2000
    client.send(GET)
    assert dateless(client.received) == answer(b"ok") + answer(b"ok").replace(b"timeout=5", b"timeout=2")
    stage.clock.advance(3000)
    assert client.closed


@pytest.mark.parametrize("buffer", [-1, math.inf, math.nan, "x", None])
def test_a_buffer_that_is_no_duration_is_1000(buffer: Any) -> None:
    """Assigned, not given."""
    stage = Stage()
    stage.server.keep_alive_timeout_buffer = buffer
    client = stage.send(GET)
    stage.clock.advance(5999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed


DURATIONS = [
    "request_timeout",
    "headers_timeout",
    "keep_alive_timeout",
    "keep_alive_timeout_buffer",
    "connections_checking_interval",
    "timeout",
    "write_timeout",
    "body_timeout",
]


@pytest.mark.parametrize("name", DURATIONS)
def test_a_duration_may_be_assigned_as_a_timedelta(name: str) -> None:
    """It reads as milliseconds."""
    server = http.create_server()
    setattr(server, name, timedelta(seconds=1.5))
    assert getattr(server, name) == 1500
    assert type(getattr(server, name)) is int


def test_the_delay_of_keep_alive_is_assigned_in_seconds() -> None:
    """As it reads."""
    server = http.create_server()
    server.keep_alive_initial_delay = 3
    assert server.keep_alive_initial_delay == 3
    server.keep_alive_initial_delay = timedelta(seconds=4.9)  # type: ignore[assignment]
    assert server.keep_alive_initial_delay == 4


@pytest.mark.parametrize(
    "name",
    ["request_timeout", "headers_timeout", "connections_checking_interval", "write_timeout", "body_timeout"],
)
def test_a_duration_that_no_clock_can_follow_is_refused(name: str) -> None:
    """Or the check of the connections would fail from then on, and nobody be cut any more."""
    server = http.create_server()
    before = getattr(server, name)
    for value in (None, "5", True):
        with pytest.raises(InvalidArgTypeError):
            setattr(server, name, value)
    assert getattr(server, name) == before


def test_a_timedelta_assigned_is_at_work() -> None:
    """For the head, the whole request, and the idle socket."""
    for name, sent in {
        "headers_timeout": b"GET /",
        "request_timeout": GET[:-2] + b"Content-Length: 1\r\n\r\n",
        "timeout": GET,
    }.items():
        options = {"headers_timeout": 500} if name == "request_timeout" else {}  # or they are swapped
        stage = Stage(lambda req, res: None, connections_checking_interval=100, **options)
        setattr(stage.server, name, timedelta(seconds=1))
        client = stage.send(sent)
        stage.clock.advance(900)
        assert not client.closed
        stage.clock.advance(300)
        assert client.closed


def test_the_progress_of_a_body_is_looked_at_without_an_interval_too() -> None:
    """`connections_checking_interval=0` switches off the look at slow requests alone."""
    stage = Stage(lambda req, res: None, connections_checking_interval=0, body_timeout=1000)
    client = stage.send(GET[:-2] + b"Content-Length: 1\r\n\r\n")
    stage.clock.advance(2000)
    assert client.closed
    stage = Stage(lambda req, res: None, connections_checking_interval=0)
    client = stage.send(GET[:-2] + b"Content-Length: 1\r\n\r\n")
    stage.clock.advance(1_000_000)
    assert not client.closed


def test_timeouts_of_requests_take_effect_at_the_next_look() -> None:
    """Also for connections that are open already."""
    stage = Stage(connections_checking_interval=1000)
    client = stage.send(b"GET")
    stage.server.headers_timeout = 500
    stage.clock.advance(1000)
    assert client.closed


def test_limits_take_effect_at_the_next_connection() -> None:
    """Also where connections were served before."""
    stage = Stage()
    large = b"GET /0123456789 HTTP/1.1\r\nHost: a\r\n\r\n"
    assert stage.exchange(large) == answer(b"ok")
    stage.server.max_header_size = 10
    assert b" 431 " in stage.exchange(large)
    stage.server.max_header_size = None
    stage.server.max_headers_count = 1
    assert b" 431 " in stage.exchange(large[:-2] + b"X: 1\r\n\r\n")
    stage.server.max_headers_count = None
    stage.server.insecure_http_parser = True
    assert stage.exchange(large.replace(b"\r\n", b"\n")) == answer(b"ok")


# Option: its value, another, a request that tells them apart.
LIMITS: dict[str, tuple[Any, Any, bytes]] = {
    "max_header_size": (None, 60, GET[:-2] + b"X: " + b"x" * 60 + b"\r\n\r\n"),
    "max_headers_count": (2000, 1, GET[:-2] + b"X: 1\r\n\r\n"),
    "insecure_http_parser": (True, False, GET.replace(b"\r\n", b"\n")),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("widening", [False, True], ids=["narrower", "wider"])
def test_an_open_connection_keeps_its_limits(name: str, widening: bool) -> None:
    """One that never spoke and one that was served before; only what is accepted later has the new ones."""
    wide, narrow, data = LIMITS[name]
    stage = Stage(**{name: narrow if widening else wide})
    silent, served = stage.connect(), stage.send(GET)
    setattr(stage.server, name, wide if widening else narrow)
    clients = [silent, served, stage.connect()]
    before = [len(client.received) for client in clients]
    for client in clients:
        client.send(data)
    heard = [client.received[start:][9:12] for client, start in zip(clients, before, strict=True)]
    old, new = (b"200", b"4") if not widening else (b"4", b"200")
    assert [each[: len(old)] for each in heard[:2]] == [old, old]
    assert heard[2].startswith(new)


def test_servers_do_not_share_their_limits() -> None:
    """What one has served, another whose limit is smaller refuses."""
    data = GET[:-2] + b"X: 1\r\nY: 2\r\n\r\n"
    strict = Stage(max_headers_count=2)
    assert strict.exchange(GET, GET) == answer(b"ok") * 2
    assert Stage().exchange(data, data) == answer(b"ok") * 2
    assert b" 431 " in strict.exchange(data)


@pytest.mark.parametrize("lenient", [True, False])
def test_an_open_connection_keeps_its_check_of_host(lenient: bool) -> None:
    """It belongs to the parser's leniency."""
    data = GET[:-2] + b"Host: b\r\n\r\n"
    stage = Stage(insecure_http_parser=lenient)
    old = stage.connect()
    stage.server.insecure_http_parser = not lenient
    new = stage.connect()
    old.send(data)
    new.send(data)
    heard = [client.received[9:12] for client in (old, new)]
    assert heard == ([b"200", b"400"] if lenient else [b"400", b"200"])


@pytest.mark.parametrize(("mark", "later"), [(65536, 1000), (1000, 65536)])
def test_an_open_connection_keeps_its_marks(mark: int, later: int) -> None:
    """Those of its socket, and so of each request and response on it."""

    def handle(req: Any, res: Any) -> None:
        seen.append((req.readable_high_water_mark, res.writable_high_water_mark))
        res.end()

    seen: list[Any] = []
    stage = Stage(handle, high_water_mark=mark)
    old = stage.connect()
    stage.server.high_water_mark = later
    old.send(GET)
    stage.send(GET)
    assert seen == [(mark, mark), (later, later)]


def test_what_waits_in_the_line_is_held_against_the_mark_of_the_connection() -> None:
    """Reading stops there, whatever the server's mark is by then."""

    def handle(req: Any, res: Any) -> None:
        if req.url != "/":
            res.end(b"x" * 2000)

    stage = Stage(handle, high_water_mark=1000)
    client = stage.connect()
    stage.server.high_water_mark = 65536
    client.send(GET)
    for _ in range(3):
        client.send(GET.replace(b" / ", b" /2 "))
    assert stage.log == ["GET /", "GET /2", "GET /2"]  # the one that finds the line full is still served


def test_what_is_asked_of_each_request_takes_effect_at_the_next() -> None:
    """The refusal of bodies that HTTP does not have, the check of Host, the limit of requests."""

    def handle(req: Any, res: Any) -> None:
        try:
            res.write_head(204)
            res.write("x")
        except Exception as error:
            stage.log.append(error.code)  # type: ignore[attr-defined]
        res.end()

    stage = Stage(handle)
    client = stage.send(GET)
    stage.server.reject_non_standard_body_writes = True
    client.send(GET)
    stage.server.require_host_header = False
    client.send(b"GET /3 HTTP/1.1\r\n\r\n")
    assert stage.log == ["GET /", "GET /", "ERR_HTTP_BODY_NOT_ALLOWED", "GET /3", "ERR_HTTP_BODY_NOT_ALLOWED"]
    stage.server.max_requests_per_socket = 1
    client.send(GET)
    assert b"Connection: close" in client.received
    assert client.closed


def test_the_interval_of_the_checks_takes_effect_at_the_next_listening() -> None:
    """The running one is not touched."""
    stage = Stage(headers_timeout=500)
    client = stage.send(b"GET")
    stage.server.connections_checking_interval = 1000
    stage.clock.advance(29_999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed


def test_timeout_takes_effect_when_the_wait_between_requests_ends() -> None:
    """A connection that was open at the assignment has it from its next request on."""
    stage = Stage(lambda req, res: None if req.url == "/slow" else res.end())
    client = stage.send(GET)
    stage.server.timeout = 1000
    stage.clock.advance(2000)
    assert not client.closed  # it still waits by the rules of keep-alive
    client.send(GET.replace(b" / ", b" /slow "))
    stage.clock.advance(999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed


def test_what_a_request_is_told_takes_effect_at_the_next_one() -> None:
    """Options that are read at each request may be assigned at any time."""
    log: list[str] = []
    stage = Stage(lambda req, res: (events(log, res, "finish close"), res.end(req.headers["from"])))
    data = GET[:-2] + b"From: a\r\nFrom: b\r\n\r\n"
    client = stage.send(data)
    stage.server.emit_close_after_finish = True
    stage.server.join_duplicate_headers = True
    client.send(data)
    assert dateless(client.received) == answer(b"a") + answer(b"a, b")
    assert log == ["finish", "finish", "close"]


def test_classes_and_unique_headers_take_effect_at_the_next_request() -> None:
    """They are options like the others: read and assigned, in either spelling."""

    class Request(http.IncomingMessage):
        pass

    class Response(http.ServerResponse):
        pass

    made: list[tuple[type, type]] = []

    def handler(req: Any, res: Any) -> None:
        made.append((type(req), type(res)))
        res.set_header("X-A", ["1", "2"])
        res.end()

    stage = Stage(handler)
    server = stage.server
    assert (server.IncomingMessage, server.ServerResponse) == (http.IncomingMessage, http.ServerResponse)
    assert server.unique_headers == set()
    client = stage.send(GET)
    server.IncomingMessage, server.ServerResponse, server.uniqueHeaders = Request, Response, ["x-A"]
    assert server.unique_headers == {"x-a"}
    client.send(GET)
    server.IncomingMessage = server.ServerResponse = None
    server.unique_headers = []
    client.send(GET)
    ours = (http.IncomingMessage, http.ServerResponse)
    assert made == [ours, (Request, Response), ours]
    lines = [line for line in client.received.split(b"\r\n") if line.startswith(b"X-A")]
    assert lines == [b"X-A: 1", b"X-A: 2", b"X-A: 1; 2", b"X-A: 1", b"X-A: 2"]
    with pytest.raises(TypeError, match="unique_headers"):
        server.unique_headers = ["a", 1]


def test_what_a_response_class_is_made_with_follows_the_options() -> None:
    """Whenever they were assigned."""
    told: list[dict[str, Any]] = []

    class Response(http.ServerResponse):
        def __init__(self, req: Any, **options: Any) -> None:
            told.append(options)
            super().__init__(req, **options)

    stage = Stage(lambda req, res: res.end(), ServerResponse=Response, high_water_mark=7)
    client = stage.send(GET)
    stage.server.reject_non_standard_body_writes = True
    client.send(GET)
    stage.server.reject_non_standard_body_writes = False
    client.send(GET)
    mark = {"high_water_mark": 7}
    assert told == [mark, {**mark, "reject_non_standard_body_writes": True}, mark]


@pytest.mark.parametrize("mark", [math.inf, math.nan, -1])
def test_a_mark_assigned_is_one_that_works(mark: float) -> None:
    """As one given at first: no limit, or the default; what is no number is refused."""

    class Response(http.ServerResponse):
        pass

    stage = Stage(ServerResponse=Response)
    stage.server.high_water_mark = mark
    assert stage.send(GET).received.startswith(b"HTTP/1.1 200")
    assert stage.server.high_water_mark == http.create_server(high_water_mark=mark).high_water_mark
    with pytest.raises(TypeError, match="high_water_mark"):
        stage.server.high_water_mark = "70000"


def test_timeout_takes_effect_at_the_next_connection() -> None:
    """And for a connection that leaves the wait between requests."""
    stage = Stage(lambda req, res: None)
    old = stage.send(GET)
    stage.server.timeout = 1000
    new = stage.send(GET)
    stage.clock.advance(1000)
    assert (old.closed, new.closed) == (False, True)


# -- connections ---------------------------------------------------------------


def test_the_connection_comes_before_its_requests() -> None:
    """With the socket that requests and responses carry."""
    stage = Stage(lambda req, res: (stage.log.append(req.socket is res.socket is seen[0]), res.end("ok")))
    seen: list[Any] = []
    stage.server.on("connection", seen.append)
    client = stage.connect()
    assert seen == [client.socket]
    client.send(GET)
    assert stage.log == ["GET /", True]
    assert client.socket.server is stage.server


def test_connections_are_counted_until_they_are_gone() -> None:
    """The callback comes on a later turn."""
    stage = Stage()
    first = stage.connect()
    stage.connect()
    stage.server.get_connections(lambda error, count: stage.log.append((error, count)))
    assert stage.log == []
    settle()
    first.reset()
    stage.server.getConnections(lambda error, count: stage.log.append((error, count)))
    settle()
    assert stage.log == [(None, 2), (None, 1)]


def test_a_connection_that_is_gone_is_forgotten() -> None:
    """Whether it ended between two requests, with its answer, or broke."""
    stage = Stage()
    ends = [stage.send(GET), stage.send(GET[:-2] + b"Connection: close\r\n\r\n"), stage.connect()]
    assert ends[1].closed
    assert len(stage.server._connections) == 2
    ends[0].end()
    ends[2].reset()
    settle()
    assert stage.server._connections == set()
    assert stage.server._connection_count == 0


def test_who_was_accepted_last_is_closed_in_order() -> None:
    """The loop may tell of him when the server closes already."""
    stage = Stage()
    stage.server._config.closing = True
    stage.server._choose_fast_paths()
    assert stage.connect().closed


def test_max_connections_0_refuses_all() -> None:
    """It may be assigned at any time."""
    stage = Stage()
    stage.server.max_connections = 0
    stage.server.on("connection", lambda socket: stage.log.append("connection"))
    stage.server.on("drop", lambda facts: stage.log.append("drop"))
    assert stage.connect().closed
    assert stage.log == ["drop"]
    stage.server.max_connections = None
    assert not stage.connect().closed


def test_without_a_request_listener_nothing_is_answered() -> None:
    """Requests are parsed all the same."""
    stage = Stage()
    stage.server.remove_all_listeners("request")
    client = stage.send(GET)
    assert (client.received, client.closed) == (b"", False)


def test_empty_requests_can_start_ended() -> None:
    """`optimize_empty_requests`: no 'end' and no 'close' for a request without a body."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        events(log, req, "end close resume")
        res.end(str(req.readable_ended))

    stage = Stage(handle, optimize_empty_requests=True)
    assert stage.exchange(GET) == answer(b"True")
    for expected in (b"100-continue", b"other"):  # whoever the request is given to
        for event in ("", "checkContinue", "checkExpectation"):
            if event:
                stage.server.on(event, handle)
            received = stage.exchange(GET[:-2] + b"Expect: " + expected + b"\r\n\r\n")
            assert received.endswith((b"\r\n\r\nTrue", b"\r\n\r\n0\r\n\r\n")), (expected, event)
            stage.server.remove_all_listeners(event)
    assert log == []


def test_emit_close_after_finish() -> None:
    """Node's later order, if it is asked for."""
    for option, wanted in ((False, ["finish"]), (True, ["finish", "close"])):
        log: list[str] = []
        stage = Stage(
            lambda req, res: (events(log, res, "finish close"), res.end()), emit_close_after_finish=option
        )
        stage.send(GET)
        assert log == wanted


def test_duplicates_are_joined_if_asked_for() -> None:
    """`join_duplicate_headers` joins what else keeps the first."""
    data = GET[:-2] + b"From: a\r\nFrom: b\r\n\r\n"
    for option, wanted in ((False, b"a"), (True, b"a, b")):
        stage = Stage(lambda req, res: res.end(req.headers["from"]), join_duplicate_headers=option)
        assert stage.exchange(data) == answer(wanted)


# -- on real sockets -----------------------------------------------------------


@on_both_loops
async def test_a_server_serves() -> None:
    """Requests one after the other on one connection, and the close at the client's wish."""
    async with http.create_server(hello) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        assert await client.until(b"ok") == answer(b"ok")
        client.send(GET[:-2] + b"Connection: close\r\n\r\n")
        assert await client.rest() == answer(b"ok") + answer(b"ok", OK_CLOSE)


@on_both_loops
async def test_pipelined_requests_are_answered_in_order() -> None:
    """Whatever the handlers' pace."""

    async def handle(req: Any, res: Any) -> None:
        for _ in range(5 - int(req.url[1:])):
            await asyncio.sleep(0)
        res.end(req.url)

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(5)))
        assert await client.until(b"/4") == b"".join(answer(b"/%d" % number) for number in range(5))
        client.close()


@on_both_loops
async def test_a_large_answer_arrives_whole() -> None:
    """To a client that reads late, and that has ended its side."""
    body = bytes(range(256)) * 20_000

    async with http.create_server(lambda req, res: res.end(body)) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        client.end()
        await asyncio.sleep(0.05)
        received = await client.rest()
        assert received.endswith(b"\r\n\r\n" + body)


@on_both_loops
async def test_a_large_body_is_read_with_back_pressure() -> None:
    """What the handler does not read stays with the client."""
    total = 8_000_000
    read: list[int] = []

    async def handle(req: Any, res: Any) -> None:
        await asyncio.sleep(0.05)
        assert req.socket.bytes_read < 2_000_000
        async for chunk in req:
            read.append(len(chunk))
        res.end("ok")

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total + total * b"x")
        assert await client.until(b"\r\n\r\nok") == answer(b"ok")
        client.close()
    assert sum(read) == total


@on_both_loops
async def test_a_client_that_resets_is_heard() -> None:
    """'clientError' with `ECONNRESET`, 'aborted', the response's 'close'."""
    log: list[Any] = []
    gone = asyncio.get_running_loop().create_future()

    def handle(req: Any, res: Any) -> None:
        events(log, req, "aborted")
        events(log, res, "finish close")
        res.on("close", lambda: gone.set_result(None))
        began.set()

    began = asyncio.Event()
    async with http.create_server(handle) as server:
        server.on("clientError", lambda error, socket: log.append((error.code, str(error), error.syscall)))
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        await began.wait()
        client.abort()
        await gone
    assert log == [("ECONNRESET", "read ECONNRESET", "read"), "aborted", "close"]


@on_both_loops
async def test_a_bad_request_is_answered_and_closed() -> None:
    """The 400 arrives, although the client went on sending."""
    async with http.create_server(hello) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"nonsense\r\n\r\n")
        assert await client.rest() == BAD


@on_both_loops
async def test_a_websocket_like_upgrade() -> None:
    """Bytes go both ways after the handover; a coroutine may do it."""

    async def upgrade(req: Any, socket: Any, head: bytes) -> None:
        socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        async for data in socket:
            socket.write(data[::-1])
        socket.end("bye")

    async with http.create_server(hello) as server:
        server.on("upgrade", upgrade)
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET[:-2] + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n")
        await client.until(b"\r\n\r\n")
        client.send(b"abc")
        await client.until(b"cba")
        client.end()
        assert (await client.rest()).endswith(b"\r\n\r\ncbabye")


@on_both_loops
async def test_sockets_have_the_options_of_the_server() -> None:
    """TCP_NODELAY by default, keep-alive probes if asked for."""
    seen: list[tuple[bool, bool]] = []

    def note(connection: Any) -> None:
        sock = connection.transport.get_extra_info("socket")
        seen.append(
            (
                bool(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)),
                bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)),
            )
        )

    sock = socket.create_server(("127.0.0.1", 0))
    async with http.create_server(hello) as server:
        server.on("connection", note)
        await server.listen(sock)
        client = await dial(server)
        client.send(GET)
        await client.until(b"ok")
        client.close()
    assert seen.pop() == (True, False)
    for options in ({}, {"no_delay": False}, {"keep_alive": True, "keep_alive_initial_delay": 9000}):
        async with http.create_server(hello, **options) as server:
            server.on("connection", note)
            await server.listen(0, "127.0.0.1")
            client = await dial(server)
            client.send(GET)
            await client.until(b"ok")
            client.close()
    assert seen == [(True, False), (False, False), (True, True)]


@on_both_loops
async def test_the_addresses_of_both_ends() -> None:
    """They are known, and kept after the end."""
    seen: list[Any] = []
    closed = asyncio.get_running_loop().create_future()

    def handle(req: Any, res: Any) -> None:
        seen.append(req.socket)
        seen.append((req.socket.local_address, req.socket.local_port, req.socket.address()))
        req.socket.on("close", lambda error: closed.set_result(None))
        res.end("ok")

    async with http.create_server(hello) as server:
        server.remove_all_listeners("request").on("request", handle)
        await server.listen(0, "127.0.0.1")
        port = server.address()["port"]
        client = await dial(server)
        own = client.writer.get_extra_info("sockname")
        client.send(GET)
        await client.until(b"ok")
        client.close()
        await closed
    sock = seen[0]
    assert seen[1] == ("127.0.0.1", port, {"address": "127.0.0.1", "family": "IPv4", "port": port})
    assert (sock.remote_address, sock.remote_port, sock.remote_family) == (*own, "IPv4")
    assert sock.address() == {}


@on_both_loops
async def test_dropped_connections_on_real_sockets() -> None:
    """A connect, then the end; 'drop' has the addresses."""
    async with http.create_server(hello, max_connections=1) as server:
        dropped = asyncio.get_running_loop().create_future()
        server.on("drop", dropped.set_result)
        await server.listen(0, "127.0.0.1")
        first = await dial(server)
        first.send(GET)
        await first.until(b"ok")
        second = await dial(server)
        assert await second.rest() in (b"", b"<reset>")
        facts = await dropped
        assert (facts["remote_address"], facts["remote_family"]) == ("127.0.0.1", "IPv4")
        assert facts["local_port"] == facts["localPort"] == server.address()["port"]
        assert {name for name in facts if "_" not in name} == {
            *("localAddress", "localPort", "localFamily", "remoteAddress", "remotePort", "remoteFamily")
        }
        assert facts["remoteAddress"] == facts["remote_address"]
        first.close()


@on_both_loops
async def test_real_time_passes_too() -> None:
    """The timers follow the loop's clock."""
    options = {"keep_alive_timeout": 10, "keep_alive_timeout_buffer": 0}
    late = {"headers_timeout": 20, "request_timeout": 20, "connections_checking_interval": 10}
    async with http.create_server(hello, **options, **late) as server:
        await server.listen(0, "127.0.0.1")
        idle = await dial(server)
        idle.send(GET)
        await idle.rest()
        slow = await dial(server)
        slow.send(b"GET")
        assert await slow.rest() == b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"


@on_both_loops
async def test_close_with_every_kind_of_connection() -> None:
    """Idle and silent ones end, the busy one is served to its end, the upgraded one holds it open."""
    held = asyncio.get_running_loop().create_future()
    taken = asyncio.get_running_loop().create_future()

    def handle(req: Any, res: Any) -> None:
        if req.url == "/slow":
            held.set_result(res)
        else:
            res.end("ok")

    server = http.create_server(handle)
    server.on("upgrade", lambda req, socket, head: taken.set_result(socket))
    await server.listen(0, "127.0.0.1")
    silent, idle, busy, upgraded = [await dial(server) for _ in range(4)]
    idle.send(GET)
    await idle.until(b"ok")
    busy.send(GET.replace(b" / ", b" /slow "))
    upgraded.send(GET[:-2] + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n")
    res, sock = await held, await taken
    closing = asyncio.ensure_future(server.close()._wait())
    assert await silent.rest() in (b"", b"<reset>")
    assert await idle.rest() == answer(b"ok")
    with pytest.raises(ConnectionRefusedError):
        await Dialled_to(server_port(sock))
    res.end("late")
    assert await busy.rest() == answer(b"late", OK_CLOSE)
    assert not closing.done()
    sock.destroy()
    await closing
    assert (await upgraded.rest()) in (b"", b"<reset>")


def server_port(sock: Any) -> int:
    port: int = sock.local_port
    return port


async def Dialled_to(port: int) -> RawClient:
    return await dial(port)


def test_close_comes_once_for_all_that_closed_the_server() -> None:
    """Both callbacks, and one event, when the last connection is gone."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(res))
    stage.server.on("close", lambda: stage.log.append("close"))
    client = stage.send(GET)
    stage.server.close(lambda *error: stage.log.append(("one", *error)))
    stage.server.close(lambda error: stage.log.append(("two", error.code)))
    settle()
    assert stage.log == ["GET /"]
    held[0].end("ok")
    settle()
    assert client.closed
    assert stage.log == ["GET /", "close", ("one",), ("two", "ERR_SERVER_NOT_RUNNING")]


def test_a_connection_that_was_being_accepted_holds_the_close_back() -> None:
    """It comes when that one is gone too."""
    stage = Stage()
    stage.server.on("close", lambda: stage.log.append("close"))
    stage.server.close()
    stage.server._connection_count += 1  # what the loop had accepted already
    settle()
    assert stage.log == []
    stage.server._on_socket_gone()
    settle()
    assert stage.log == ["close"]


@on_both_loops
async def test_leaving_the_server_waits_for_what_is_busy() -> None:
    """`async with` lets an answer under way finish."""

    async def handle(req: Any, res: Any) -> None:
        began.set()
        await asyncio.sleep(0.05)
        res.end("late")

    began = asyncio.Event()
    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        await began.wait()
    assert await client.rest() == answer(b"late", OK_CLOSE)


@on_both_loops
async def test_leaving_the_server_cuts_what_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a grace that is short here."""
    monkeypatch.setattr("writehead._server.lifecycle.GRACE", 0.05)
    async with http.create_server(lambda req, res: None) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        await once(server, "request")
    assert await client.rest() in (b"", b"<reset>")


@on_both_loops
async def test_awaiting_close_of_a_stopped_server() -> None:
    """`ERR_SERVER_NOT_RUNNING`, as the callback gets it."""
    log: list[Any] = []
    server = http.create_server(hello)
    await server.listen(0)
    await server.close()
    with pytest.raises(ServerNotRunningError):
        await server.close(lambda error: log.append(error.code))
    assert log == ["ERR_SERVER_NOT_RUNNING"]


@on_both_loops
async def test_an_async_handler_that_fails_is_500(caplog: pytest.LogCaptureFixture) -> None:
    """As a plain one."""

    async def handle(req: Any, res: Any) -> None:
        res.set_header("X-Half", "done")
        await asyncio.sleep(0)
        raise LookupError("a mistake")

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        wanted = answer(b"Internal Server Error").replace(b"200 OK", b"500 Internal Server Error")
        assert await client.until(b"Error\r\n") and await client.until(b"Server Error") == wanted
        client.close()
    assert "a mistake" in caplog.text


@on_both_loops
async def test_listeners_may_take_fewer_arguments_than_their_events_have() -> None:
    """Whatever the event, and a handler that ignores the request, or both."""
    log: list[str] = []
    gone = asyncio.Event()
    server = http.create_server()
    server.on("connection", lambda: log.append("connection"))

    def handle(req: Any) -> None:
        req.on("data", lambda: log.append("data"))
        req.on("close", lambda: log.append("close"))
        req.socket.on("close", gone.set)

    server.on("request", lambda: log.append("request"))
    server.on("request", handle)
    server.on("request", lambda req, res: res.end("x"))
    async with server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
        assert (await client.rest()).endswith(b"\r\n\r\nx")
        await gone.wait()
    assert log == ["connection", "request", "data", "close"]
