"""Testing in memory: what a user's tests stand on."""

from __future__ import annotations

import asyncio
import doctest
from datetime import timedelta
from typing import Any

import pytest

from writehead import http, testing
from writehead.errors import ServerAlreadyListenError


def hello(req: Any, res: Any) -> None:
    res.end("hello")


def echo(req: Any, res: Any) -> None:
    req.pipe(res)


def client_of(handler: Any, **options: Any) -> testing.Client:
    return testing.connect(http.create_server(options, handler))


def test_the_examples_of_the_documentation_hold() -> None:
    """Every example in a docstring does what it says."""
    results = doctest.testmod(testing, extraglobs={"http": http}, raise_on_error=False)
    assert results.attempted > 20
    assert results.failed == 0


# -- the client ----------------------------------------------------------------


def test_an_answer_has_all_its_parts() -> None:
    """Status, reason, headers in both forms, body, trailers, informational answers."""

    def handle(req: Any, res: Any) -> None:
        res.write_early_hints({"link": "</a>; rel=preload"})
        res.write_head(201, "Made", [("Trailer", "X-Sum"), ("Set-Cookie", ["a=1", "b=2"]), ("X-A", "1")])
        res.write("one ")
        res.add_trailers({"X-Sum": "7"})
        res.end("two")

    answer = client_of(handle).request("GET", "/")
    assert (answer.complete, answer.status, answer.reason) == (True, 201, "Made")
    assert answer.headers["set-cookie"] == ["a=1", "b=2"]
    assert answer.raw_headers[:4] == ["Trailer", "X-Sum", "Set-Cookie", "a=1"]
    assert (answer.body, answer.text) == (b"one two", "one two")
    assert (answer.trailers, answer.raw_trailers) == ({"x-sum": "7"}, ["X-Sum", "7"])
    (hint,) = answer.informational
    assert (hint.status, hint.reason, hint.headers) == (
        103,
        "Early Hints",
        {"link": "</a>; rel=preload"},
    )
    assert repr(answer) == "<Answer to GET /: 201 Made, 7 bytes>"


@pytest.mark.parametrize(
    ("body", "length"),
    [(b"abc", {"content-length": "3"}), ("äb", {"content-length": "3"}), ([b"ab", b"", b"c"], {})],
)
def test_a_request_carries_its_body(body: Any, length: dict[str, str]) -> None:
    """Bytes and text have a length, pieces are sent as chunks."""
    seen: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        seen.append(req.headers)
        echo(req, res)

    answer = client_of(handle).request("POST", "/", {"X": ["1", "2"]}, body)
    assert answer.body == (
        body.encode() if isinstance(body, str) else b"".join(body) if isinstance(body, list) else body
    )
    wanted = {"host": "localhost", "x": "1, 2"} | (length or {"transfer-encoding": "chunked"})
    assert seen == [wanted]


def test_given_fields_stand() -> None:
    """Host and the length are only added where they are missing."""
    seen: list[Any] = []
    client = client_of(lambda req, res: (seen.append(req.raw_headers), res.end()))
    client.request("POST", "/", [("content-length", 1), ("HOST", "b")], "x")
    assert seen == [["content-length", "1", "HOST", "b"]]


def test_json_is_read() -> None:
    """An answer can be read as JSON."""
    answer = client_of(lambda req, res: res.end('{"a": [1]}')).request("GET")
    assert answer.json() == {"a": [1]}


def test_answers_come_in_the_order_of_the_requests() -> None:
    """HEAD among them takes no body."""
    held: list[Any] = []
    client = client_of(lambda req, res: held.append(res))
    first, second, third = (client.request(method) for method in ("GET", "HEAD", "GET"))
    held[2].end("3")
    held[1].end("2")
    testing.settle()
    assert not third.complete
    held[0].end("1")
    testing.settle()
    assert [each.body for each in (first, second, third)] == [b"1", b"", b"3"]


def test_answers_to_raw_bytes_can_be_read() -> None:
    """`answer` gives what was asked for by `send`."""
    client = client_of(hello)
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.answer().body == b"hello"


def test_a_body_up_to_the_end_of_the_connection() -> None:
    """An answer without length is whole when the connection has ended."""

    def handle(req: Any, res: Any) -> None:
        res.write("a")
        held.append(res)

    held: list[Any] = []
    client = client_of(handle)
    answer = client.request("GET", version="1.0")
    assert not answer.complete
    held[0].end("b")
    testing.settle()
    assert (answer.body, client.ended) == (b"ab", True)


def test_what_has_not_come_cannot_be_read() -> None:
    """The error says which answer is missing, and what to do."""
    answer = client_of(lambda req, res: None).request("GET", "/slow")
    with pytest.raises(RuntimeError, match=r"GET /slow is not complete yet"):
        _ = answer.status
    assert repr(answer) == "<Answer to GET /slow: not complete>"


def test_what_cannot_come_any_more_is_a_lost_connection() -> None:
    """The connection ended first."""
    answer = client_of(lambda req, res: req.socket.destroy()).request("GET", "/")
    with pytest.raises(ConnectionError, match=r"GET /$"):
        _ = answer.body


def test_what_is_no_answer_is_said_so() -> None:
    """Bytes that are not HTTP are shown."""

    def handle(req: Any, res: Any) -> None:
        req.socket.write("nonsense\r\n\r\n")

    answer = client_of(handle).request("GET", "/")
    with pytest.raises(ValueError, match="nonsense"):
        _ = answer.status


async def test_an_answer_is_awaited() -> None:
    """An `async def` handler answers later."""

    async def handle(req: Any, res: Any) -> None:
        body = await req.text()
        await asyncio.sleep(0)
        res.end(body.upper())

    client = client_of(handle)
    answer = await client.request("POST", "/", body="loud")
    assert answer.text == "LOUD"


async def test_awaiting_an_answer_that_cannot_come_raises() -> None:
    """The connection went away."""

    async def handle(req: Any, res: Any) -> None:
        await asyncio.sleep(0)
        res.destroy()

    with pytest.raises(ConnectionError):
        await client_of(handle).request("GET", "/")


async def test_until_waits_for_what_is_received() -> None:
    """The condition is asked again at each change."""

    async def handle(req: Any, res: Any) -> None:
        for number in range(3):
            res.write(str(number))
            await asyncio.sleep(0)
        res.end()

    client = client_of(handle)
    client.request("GET", "/")
    await client.until(lambda: b"1\r\n2\r\n" in client.received)
    client.end()
    await client.until(lambda: client.closed)


async def test_an_answer_that_never_comes_is_awaited_so_long() -> None:
    """The error says what was waited for, and that nothing has come."""
    answer = client_of(lambda req, res: None).request("GET", "/slow", timeout=10)
    with pytest.raises(TimeoutError) as caught:
        await answer
    assert str(caught.value) == (
        "the response to GET /slow was not complete within 10 ms: "
        "nothing of the response to GET /slow has arrived, and the connection is open"
    )
    assert not answer.complete


async def test_an_answer_that_has_come_in_part_is_shown() -> None:
    """So far as it has come, and the middle of a long one left out."""

    def handle(req: Any, res: Any) -> None:
        res.send_date = False
        res.write("a" * 1000 if req.url == "/long" else "abc")

    for target, tail in (("/short", r"\r\n3\r\nabc\r\n'"), ("/long", r"a ... aaa")):
        with pytest.raises(TimeoutError) as caught:
            await client_of(handle).request("GET", target, timeout=10)
        text = str(caught.value)
        assert "bytes of the response to GET " + target + " have arrived, b'HTTP/1.1 200 OK" in text
        assert tail in text
        assert len(text) < 1000


async def test_an_answer_behind_another_says_what_is_missing() -> None:
    """The one that holds it up is named."""
    client = client_of(lambda req, res: None)
    client.request("GET", "/first")
    with pytest.raises(TimeoutError, match=r"to GET /second was not .* nothing of the response to GET /fi"):
        await client.request("GET", "/second", timeout=10)


async def test_a_condition_that_never_holds_is_waited_for_so_long() -> None:
    """It is named, with its place, whatever has come."""
    client = client_of(hello)
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    with pytest.raises(
        TimeoutError, match=r"<lambda> \(.*test_testing.py:\d+\) was not true within 10 ms: \d+ bytes"
    ):
        await client.until(lambda: client.closed, timeout=10)
    assert client._waiting == []


async def test_a_condition_is_asked_once_more_at_the_end() -> None:
    """It may have come to hold without a byte."""
    client, told = client_of(hello), [0]

    def told_twice() -> bool:
        told[0] += 1
        return told[0] > 1

    await client.until(told_twice, timedelta(milliseconds=10))
    assert told == [2]


async def test_the_client_says_how_long_to_wait() -> None:
    """For each wait that does not say so itself; 5 seconds if nobody does."""
    server = http.create_server(lambda req, res: None)
    assert testing.connect(server).timeout == 5000
    client = testing.connect(server, timeout=10)
    for wait in (client.request("GET"), client.answer(), client.until(lambda: False)):
        with pytest.raises(TimeoutError, match="within 10 ms"):
            await wait
    client.timeout = 20
    with pytest.raises(TimeoutError, match="within 20 ms"):
        await client.until(lambda: False)


async def test_a_wait_may_have_no_bound() -> None:
    """0 is for ever."""

    async def handle(req: Any, res: Any) -> None:
        await asyncio.sleep(0.03)
        res.end("late")

    server = http.create_server(handle)
    client = testing.connect(server, timeout=10)
    assert (await client.request("GET", timeout=0)).text == "late"
    assert (await testing.connect(server, timeout=0).request("GET")).text == "late"


def test_a_bound_is_a_duration() -> None:
    """It is looked at when it is given."""
    client = client_of(hello)
    for call in (
        lambda: testing.connect(client._server, timeout="5s"),  # type: ignore[arg-type]
        lambda: client.request("GET", timeout="5s"),  # type: ignore[arg-type]
        lambda: client.answer(timeout=True),
    ):
        with pytest.raises(TypeError, match="timeout"):
            call()


async def test_a_cancelled_wait_leaves_nothing() -> None:
    """No future, and no timer that fails."""
    client = client_of(lambda req, res: None)
    task = asyncio.ensure_future(client.until(lambda: False))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert client._waiting == []


def test_a_client_ends() -> None:
    """FIN is the end of an idle connection."""
    client = client_of(hello)
    client.request("GET", "/")
    client.end()
    assert (client.ended, client.closed) == (True, True)


def test_a_client_resets() -> None:
    """The handler hears that nobody is there any more."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        req.on("error", lambda error: log.append(error.code))
        res.on("close", lambda: log.append("close"))

    client = client_of(handle)
    client.request("GET", "/")
    client.reset()
    assert (client.closed, log) == (True, ["close", "ECONNRESET"])


def test_a_client_reads_slowly() -> None:
    """What it does not take waits on the server's side."""
    log: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        log.append(res.write(100_000 * b"x"))
        res.once("drain", lambda: (log.append("drain"), res.end()))

    client = client_of(handle)
    client.stall()
    answer = client.request("GET", "/")
    assert (client.received, log) == (b"", [False])
    client.take(50_000)
    assert (len(client.received), log) == (50_000, [False])
    client.take()
    assert (len(answer.body), log) == (100_000, [False, "drain"])


def test_a_paused_server_gets_nothing() -> None:
    """What is sent while it does not read comes when it reads again."""
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.append(req)
        req.on("data", lambda chunk: held.append(chunk))
        req.pause()

    client = client_of(handle, high_water_mark=4)
    client.request("POST", "/", {"Content-Length": 12})
    for part in ("abcd", "efgh", "ijkl"):
        client.send(part)
    assert held[1:] == []
    assert client.socket.bytes_read < len(client.transport.written) + 200
    held[0].resume()
    testing.settle()
    assert held[1:] == [b"abcd", b"efgh", b"ijkl"]


def test_the_peer_is_known() -> None:
    """Address and port can be chosen; without, each client has its own port."""
    seen: list[Any] = []
    server = http.create_server(
        lambda req, res: (seen.append((req.socket.remote_address, req.socket.remote_port)), res.end())
    )
    testing.connect(server, ("192.0.2.1", 7)).request("GET", "/")
    ports = {testing.connect(server).socket.remote_port for _ in range(3)}
    assert seen == [("192.0.2.1", 7)]
    assert len(ports) == 3
    assert testing.connect(server).socket.local_port == 80


def test_a_write_can_fail() -> None:
    """The system refuses the next write."""
    log: list[Any] = []
    server = http.create_server(lambda req, res: (res.on("close", lambda: log.append("close")), res.end("x")))
    server.on("clientError", lambda error, socket: log.append(error.code))
    client = testing.connect(server)
    client.transport.fail()
    client.request("GET", "/")
    assert (client.closed, log) == (True, ["EPIPE", "close"])


# -- the server in memory ------------------------------------------------------


def test_a_server_listens_in_memory() -> None:
    """'listening' comes, it has an address, and it closes as any."""
    log: list[str] = []
    server = http.create_server(hello)
    server.on("listening", lambda: log.append("listening"))
    testing.listen(server)
    assert (server.listening, log) == (True, ["listening"])
    assert server.address() == {"address": "127.0.0.1", "family": "IPv4", "port": 80}
    with pytest.raises(ServerAlreadyListenError):
        testing.listen(server)
    client = testing.connect(server)
    client.request("GET", "/")
    server.close(lambda: log.append("closed"))
    testing.settle()
    assert (client.closed, server.listening, log) == (True, False, ["listening", "closed"])


def test_a_closed_server_refuses() -> None:
    """As the system would."""
    server = http.create_server(hello)
    testing.connect(server)
    server.close()
    with pytest.raises(ConnectionRefusedError):
        testing.connect(server)
    testing.listen(server)
    assert testing.connect(server).request("GET", "/").status == 200


def test_servers_may_share_a_clock() -> None:
    """One turn of it is a turn for both."""
    clock = testing.Clock()
    servers = [http.create_server(hello, keep_alive_timeout=ms) for ms in (1000, 2000)]
    clients = []
    for server in servers:
        assert testing.listen(server, clock) is clock
        clients.append(testing.connect(server))
        clients[-1].request("GET", "/")
    clock.advance(2000)
    assert [client.closed for client in clients] == [True, False]


async def test_a_server_on_a_port_can_be_reached_in_memory() -> None:
    """Its time is the loop's then, and no clock can be turned."""
    async with http.create_server(hello) as server:
        await server.listen(0, "127.0.0.1")
        client = testing.connect(server)
        assert (await client.request("GET", "/")).body == b"hello"
        with pytest.raises(RuntimeError, match="follows the loop's time"):
            _ = client.clock
        client.end()


async def test_a_server_in_memory_is_left_as_any() -> None:
    """`async with` closes it and the connections of its clients."""
    async with http.create_server(hello) as server:
        client = testing.connect(server)
        await client.request("GET", "/")
    assert client.closed
