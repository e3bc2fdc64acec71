"""The meter of a process: what its servers do, for real clients, is what it has counted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from writehead import asgi, http, https, testing
from writehead._metrics.layout import METHODS, OVERFLOW, STATES
from writehead._metrics.meter import Meter
from writehead._metrics.totals import Totals, read
from writehead._shared.block import Block


class Counted:
    """A meter, and what it has written."""

    def __init__(self) -> None:
        self.block = Block.create(rows=1)
        row = self.block.take()
        assert row is not None
        self.row = row
        self.meter = Meter(row)

    def watch(self, server: Any) -> Any:
        self.meter.watch(server)
        return server

    def totals(self) -> Totals:
        self.meter.flush()
        return read(self.row.area)

    def requests(self) -> dict[tuple[str, ...], int]:
        """Return how many requests there were, by method, status, version, outcome and route."""
        found = self.totals().durations
        return {
            (labels[0], labels[1], labels[3], *filter(None, labels[4:])): sum(each.counts)
            for labels, each in found.items()
            if labels != OVERFLOW
        }

    def states(self) -> dict[str, int]:
        found = zip(STATES, self.totals().connections, strict=True)
        return {state: count for state, count in found if count}


GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


def hello(req: Any, res: Any) -> None:
    res.end("hello")


def test_requests_and_bytes() -> None:
    """Each request is one, and bytes are those that the client has sent and got, heads and chunks included."""
    counted = Counted()
    client = testing.connect(counted.watch(http.create_server(hello)))
    sent = 0
    for _ in range(3):
        client.send(GET * 2)
        sent += len(GET) * 2
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    client.send(chunked)
    sent += len(chunked)
    totals = counted.totals()
    assert counted.requests() == {("GET", "200", "1.1"): 6, ("POST", "200", "1.1"): 1}
    assert (totals.received, totals.sent) == (sent, len(client.received))
    assert (totals.accepted, totals.dropped) == (1, 0)
    assert sum(totals.first_byte.counts) == 7
    assert counted.meter.requests == 7
    client.reset()
    assert (counted.totals().received, counted.totals().sent) == (sent, len(client.received)), (
        "it stays counted"
    )


def test_durations_are_those_of_the_clock() -> None:
    """From the first byte of the request to the last of the response."""
    counted = Counted()
    waiting: list[Any] = []
    client = testing.connect(counted.watch(http.create_server(lambda req, res: waiting.append(res))))
    client.send(GET)
    client.clock.advance(300)
    waiting[0].write("x")
    testing.settle()
    client.clock.advance(2000)
    waiting[0].end()
    testing.settle()
    totals = counted.totals()
    (labels,) = set(totals.durations) - {OVERFLOW}
    histogram = totals.durations[labels]
    assert histogram.counts.index(1) == 10 and histogram.sum == pytest.approx(2.3)
    assert totals.first_byte.counts.index(1) == 7 and totals.first_byte.sum == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("sent", "labels", "code"),
    [
        (b"BREW / HTTP/1.1\r\n\r\n", ("_OTHER", "400", "bad_request"), "HPE_INVALID_METHOD"),
        (
            b"GET / HTTP/1.1\r\nA: " + b"a" * 20_000 + b"\r\n\r\n",
            ("_OTHER", "431", "bad_request"),
            "HPE_HEADER_OVERFLOW",
        ),
        (b"GET / HTTP/1.1\r\n\r\n", ("GET", "400", "1.1", "bad_request"), "400"),
    ],
)
def test_bad_requests(sent: bytes, labels: tuple[str, ...], code: str) -> None:
    """They are requests too, and counted by what was wrong."""
    counted = Counted()
    client = testing.connect(counted.watch(http.create_server(hello)))
    client.send(sent)
    found = counted.requests()
    assert {tuple(filter(None, each)): count for each, count in found.items()} == {labels: 1}
    assert {key: count for key, count in counted.totals().bad.items() if count} == {(code,): 1}


def test_a_head_that_does_not_come() -> None:
    """It is counted as a timeout."""
    counted = Counted()
    client = testing.connect(counted.watch(http.create_server(hello)))
    client.send(b"GET / HTTP/1.1\r\n")
    client.clock.advance(90_000)
    assert counted.totals().bad["timeout",] == 1


def test_routes_and_outcomes() -> None:
    """The route that the program names, and how the exchange has ended."""
    counted = Counted()
    waiting: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        res.route = "/users/{id}"
        if req.url == "/1":
            res.end()
        else:
            waiting.append(res)

    client = testing.connect(counted.watch(http.create_server(handle)))
    client.request("GET", "/1")
    client.send(b"GET /2 HTTP/1.0\r\n\r\n")
    waiting[0].destroy()
    testing.settle()
    assert counted.requests() == {
        ("GET", "200", "1.1", "/users/{id}"): 1,
        ("GET", "499", "1.0", "destroyed", "/users/{id}"): 1,
    }


async def test_routes_of_frameworks() -> None:
    """What an ASGI framework has left in the scope."""
    counted = Counted()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["route"] = "/items/{id}"
            await send({"type": "http.response.start", "status": 201, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    client = testing.connect(counted.watch(asgi.create_server(app, lifespan="off")))
    await client.request("GET", "/items/5")
    assert counted.requests() == {("GET", "201", "1.1", "/items/{id}"): 1}


def test_states_of_connections() -> None:
    """What each does at the moment."""
    counted = Counted()
    waiting: list[Any] = []
    server = counted.watch(http.create_server(lambda req, res: waiting.append(res)))
    server.on("upgrade", lambda req, socket, head: socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
    client = testing.connect(server)
    assert counted.states() == {"idle": 1}
    client.send(GET[:10])
    assert counted.states() == {"reading": 1}
    client.send(GET[10:])
    assert counted.states() == {"waiting": 1}
    assert counted.totals().active[METHODS.index("GET")] == 1 and counted.meter.in_flight == 1
    waiting[0].write("x")
    testing.settle()
    assert counted.states() == {"writing": 1}
    waiting[0].end()
    testing.settle()
    assert counted.states() == {"idle": 1} and counted.meter.in_flight == 0
    client.send(GET[:10])
    assert counted.states() == {"reading": 1}
    client.send(GET[10:])
    waiting[1].end()
    testing.settle()
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab"
    client.send(post)
    assert counted.states() == {"reading": 1}
    client.send(b"c")
    waiting[2].end()
    testing.settle()
    upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    client.send(upgrade)
    testing.settle()
    assert counted.states() == {"upgraded": 1}
    client.send(b"raw")
    assert counted.totals().received == len(GET * 2 + post + b"c" + upgrade + b"raw")
    client.reset()
    assert counted.states() == {}


def test_the_slowest() -> None:
    """Ten at most, the oldest first, without queries."""
    counted = Counted()
    server = counted.watch(http.create_server(lambda req, res: None))
    for number in range(12):
        client = testing.connect(server)
        client.send(b"GET /%d?secret HTTP/1.1\r\nHost: a\r\n\r\n" % number)
        client.clock.advance(1000)
    found = counted.meter.slowest()
    assert [each.path for each in found] == [f"/{number}" for number in range(10)]
    assert [each.age for each in found[:2]] == [12.0, 11.0] and found[0].method == "GET"


@on_both_loops
async def test_too_many_connections() -> None:
    """Those that were closed at once are counted."""
    counted = Counted()
    server = counted.watch(http.create_server(hello))
    server.max_connections = 1
    await server.listen(0, "127.0.0.1")
    port = server.address()["port"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await reader.readuntil(b"hello")
    other, more = await asyncio.open_connection("127.0.0.1", port)
    assert await other.read() == b""
    totals = counted.totals()
    assert (totals.accepted, totals.dropped) == (2, 1)
    writer.close()
    more.close()
    await server.close()


@on_both_loops
async def test_over_tls() -> None:
    """The scheme is https, bytes are those of HTTP, and a handshake that fails is a connection that was accepted."""
    counted = Counted()
    waiting: list[Any] = []
    server = counted.watch(
        https.create_server(authority().options("localhost"), lambda req, res: waiting.append(res))
    )
    await server.listen(0, "127.0.0.1")
    port = server.address()["port"]
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=authority().context(), server_hostname="localhost"
    )
    writer.write(GET)
    while not waiting:
        await asyncio.sleep(0)
    assert counted.totals().active[len(METHODS)] == 1
    waiting[0].end("hello")
    answer = await reader.readuntil(b"hello")
    totals = counted.totals()
    assert {labels[2] for labels in totals.durations if labels} == {"https"}
    assert (totals.received, totals.sent, totals.accepted) == (len(GET), len(answer), 1)
    other, plain = await asyncio.open_connection("127.0.0.1", port)
    plain.write(GET)
    await other.read()
    assert counted.totals().accepted == 2
    plain.close()
    writer.close()
    await server.close()


@on_both_loops
async def test_it_writes_by_itself() -> None:
    """Again and again, and a last time when it ends."""
    counted = Counted()
    server = counted.watch(http.create_server(hello))
    counted.meter.start()
    await server.listen(0, "127.0.0.1")
    reader, writer = await asyncio.open_connection("127.0.0.1", server.address()["port"])
    writer.write(GET)
    await reader.readuntil(b"hello")
    while not read(counted.row.area).sent:
        await asyncio.sleep(0.01)
    writer.write(GET)
    await reader.readuntil(b"hello")
    counted.meter.close()
    assert read(counted.row.area).received == 2 * len(GET)
    writer.close()
    await server.close()
