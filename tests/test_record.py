"""Records: how each exchange has ended, what is known of it, and that nothing is made while nobody asks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pytest import approx

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.stage import GET
from writehead import http, testing, websocket
from writehead.http import Outcome, Record
from writehead.testing import Clock, settle

LAST = b"GET /a?b=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


class Served:
    """A server in memory, its responses and its records."""

    def __init__(self, handler: Any = None, clock: Clock | None = None, **options: Any) -> None:
        self.server = http.create_server(options)
        self.responses: list[http.ServerResponse] = []
        self.records: list[Record] = []
        self.server.on("record", self.records.append)
        self.server.on("request", self._serve)
        self._handler = handler or (lambda req, res: res.end("ok"))
        self.clock = testing.listen(self.server, clock)
        self.client = testing.connect(self.server)

    def _serve(self, req: Any, res: Any) -> Any:
        self.responses.append(res)
        return self._handler(req, res)

    def send(self, data: bytes) -> Served:
        self.client.send(data)
        return self

    @property
    def record(self) -> Record:
        """The only record."""
        assert len(self.records) == 1, self.records
        return self.records[0]

    @property
    def outcome(self) -> Outcome:
        """That of the record, and of the response, which are the same."""
        outcome = self.record.outcome
        if self.responses:
            assert self.responses[0].outcome is outcome
        return outcome


# -- the table of outcomes -----------------------------------------------------


def test_finished() -> None:
    """The system has every byte."""
    served = Served().send(GET)
    assert served.outcome is Outcome.FINISHED
    assert served.record.status == 200


def test_client_closed() -> None:
    """FIN before the end, where that ends it."""
    served = Served(lambda req, res: res.write("a")).send(GET)
    served.client.end()
    served.client.take()
    settle()
    assert served.outcome is Outcome.CLIENT_CLOSED


def test_client_reset() -> None:
    """A reset, or the network's failure."""
    served = Served(lambda req, res: res.write("a")).send(GET)
    served.client.reset()
    settle()
    assert served.outcome is Outcome.CLIENT_RESET
    assert getattr(served.record.error, "code", None) == "ECONNRESET"


def test_timeout_request() -> None:
    """The request takes longer than `request_timeout`; its head is there."""
    served = Served(lambda req, res: None, request_timeout=5000, headers_timeout=2000).send(CHUNKED)
    served.clock.advance(60_000)
    settle()
    assert served.outcome is Outcome.TIMEOUT_REQUEST
    assert served.record.status == 408


def test_timeout_body() -> None:
    """Its body makes no progress."""
    served = Served(lambda req, res: None, body_timeout=5000).send(CHUNKED)
    served.clock.advance(20_000)
    settle()
    assert served.outcome is Outcome.TIMEOUT_BODY
    assert served.record.status == 408


def test_timeout_write() -> None:
    """The client takes nothing of a response."""
    served = Served(lambda req, res: res.end("a" * 1_000_000), write_timeout=5000)
    served.client.stall()
    served.send(GET)
    served.clock.advance(20_000)
    settle()
    assert served.outcome is Outcome.TIMEOUT_WRITE


def test_timeout_idle() -> None:
    """No traffic for `timeout`."""
    served = Served(lambda req, res: None, timeout=5000).send(GET)
    served.clock.advance(20_000)
    settle()
    assert served.outcome is Outcome.TIMEOUT_IDLE
    assert served.record.status == 499


def test_timeout_that_the_program_handles() -> None:
    """It destroys the socket itself, and so it says."""
    served = Served(lambda req, res: None, timeout=5000)
    served.server.on("timeout", lambda socket: socket.destroy())
    served.send(GET).clock.advance(20_000)
    settle()
    assert served.outcome is Outcome.DESTROYED


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: a\r\n\r\n", 400),
    ],
)
def test_bad_request(sent: bytes, status: int) -> None:
    """The parser or a limit has refused it, also before there is a `req`."""
    served = Served().send(sent)
    assert served.outcome is Outcome.BAD_REQUEST
    assert served.record.status == status
    assert served.client.received.startswith(b"HTTP/1.1 %d " % status)


def test_bad_request_in_a_body() -> None:
    """The exchange that is under way has its only record."""
    served = Served(lambda req, res: None).send(CHUNKED + b"nonsense\r\n")
    assert served.outcome is Outcome.BAD_REQUEST
    assert served.record.status == 400
    assert served.record.method == "POST"


def test_bad_request_behind_one_that_waits() -> None:
    """It has a record of its own, made when its response is sent."""
    served = Served(lambda req, res: None).send(GET + b"nonsense\r\n\r\n")
    assert served.records == []
    served.responses[0].end("late")
    settle()
    assert [(each.status, each.outcome) for each in served.records] == [
        (200, Outcome.FINISHED),
        (400, Outcome.BAD_REQUEST),
    ]


def test_bad_request_of_a_late_head() -> None:
    """It gets 408; a connection that has sent nothing has no record."""
    served = Served(headers_timeout=5000).send(b"GET / HT")
    silent = testing.connect(served.server)
    served.clock.advance(60_000)
    settle()
    assert silent.closed
    assert served.outcome is Outcome.BAD_REQUEST
    assert served.record.status == 408
    assert served.record.duration == approx(30_000)


def test_bad_request_by_a_limit_of_the_reader() -> None:
    """413: the body is longer than it wants."""

    async def read(req: Any, res: Any) -> None:
        await req.bytes(limit=2)

    async def main() -> None:
        served = Served(read).send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
        await served.client.until(lambda: served.records)
        assert served.outcome is Outcome.BAD_REQUEST
        assert served.record.status == 413

    asyncio.run(main())


def test_refused() -> None:
    """'dropRequest': one more than the connection may make."""
    served = Served(max_requests_per_socket=1).send(GET + GET)
    assert [(each.status, each.outcome) for each in served.records] == [
        (200, Outcome.FINISHED),
        (503, Outcome.REFUSED),
    ]


def test_failed() -> None:
    """The handler has raised after the head had gone."""

    async def fail(req: Any, res: Any) -> None:
        res.write("a")
        await asyncio.sleep(0)
        raise ValueError("planned")

    async def main() -> None:
        served = Served(fail).send(GET)
        await served.client.until(lambda: served.records)
        assert served.outcome is Outcome.FAILED
        assert served.record.status == 200
        assert isinstance(served.record.error, ValueError)

    asyncio.run(main())


def test_a_failure_before_the_head_is_a_response() -> None:
    """It is finished, with 500."""

    def fail(req: Any, res: Any) -> None:
        raise ValueError("planned")

    served = Served(fail).send(GET)
    assert served.outcome is Outcome.FINISHED
    assert served.record.status == 500
    assert isinstance(served.record.error, ValueError)


@pytest.mark.parametrize("what", ["res", "req", "socket"])
def test_destroyed(what: str) -> None:
    """The program has destroyed one of the three."""

    def destroy(req: Any, res: Any) -> None:
        {"req": req, "res": res, "socket": req.socket}[what].destroy()

    served = Served(destroy).send(GET)
    assert served.outcome is Outcome.DESTROYED
    assert served.record.status == 499


def test_server_cut() -> None:
    """`close_all_connections`."""
    served = Served(lambda req, res: res.write("a")).send(GET)
    served.server.close_all_connections()
    settle()
    assert served.outcome is Outcome.SERVER_CUT
    assert served.record.status == 200


def test_upgraded() -> None:
    """Its record comes when that socket closes."""
    served = Served()
    sockets: list[Any] = []

    def take(req: Any, socket: Any, head: bytes) -> None:
        sockets.append(socket)
        socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n")

    served.server.on("upgrade", take)
    served.send(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    settle()
    served.send(b"hello")
    assert served.records == []
    served.clock.advance(1000)
    sockets[0].destroy()
    settle()
    record = served.record
    assert (record.outcome, record.status, record.path) == (Outcome.UPGRADED, 101, "/ws")
    assert (record.bytes_in, record.bytes_out, record.duration) == (5, 36, approx(1000))


@on_both_loops
async def test_a_handshake_that_is_refused() -> None:
    """It is no upgrade: its status is that of the refusal, whose text is the body."""
    pytest.importorskip("websockets")
    records: list[Record] = []
    async with http.create_server() as server:
        server.on("record", records.append)
        websocket.WebSocketServer(server=server, path="/a")
        await server.listen(0, "127.0.0.1")
        reader, writer = await asyncio.open_connection("127.0.0.1", server.address()["port"])  # type: ignore[index]
        writer.write(
            b"GET /b HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
    (record,) = records
    assert (record.outcome, record.status, record.path) == (Outcome.FINISHED, 400, "/b")
    assert record.bytes_out == len(body) > 0


def test_an_upgrade_that_fails() -> None:
    """Its listener raises."""
    served = Served()

    def fail(req: Any, socket: Any, head: bytes) -> None:
        raise ValueError("planned")

    served.server.on("upgrade", fail)
    served.send(b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    settle()
    assert served.record.outcome is Outcome.FAILED
    assert served.record.status == 499


# -- what a record says ----------------------------------------------------------


def test_what_is_known_of_an_exchange() -> None:
    """Request, response, sizes, times and connection."""

    def handle(req: Any, res: Any) -> None:
        res.route = "/{name}"
        res.set_header("X-A", ["1", "2"])
        res.end("hello")

    served = Served(handle, headers_timeout=0)
    served.clock.advance(5000)
    served.send(LAST[:10])
    served.clock.advance(20)
    served.send(LAST[10:])
    record = served.record
    assert (record.method, record.target, record.path, record.query) == ("GET", "/a?b=1", "/a", "b=1")
    assert (record.version, record.scheme, record.tls) == ("1.1", "http", None)
    assert record.request_headers == {"host": "a", "connection": "close"}
    assert (record.bytes_in, record.bytes_out, record.status) == (0, 5, 200)
    assert record.head_bytes_out == len(served.client.received) - 5
    assert record.response_headers["x-a"] == "1, 2"
    assert record.response_headers["content-length"] == "5"
    assert [record.received, record.dispatched, record.queued] == approx([20, 20, 0])
    assert [record.first_byte, record.last_byte, record.duration] == approx([20, 20, 20])
    assert (record.connection, record.request) == (1, 1)
    assert record.peer == record.client == "127.0.0.1"
    assert record.route == "/{name}"
    assert record.error is None


def test_bytes_are_those_of_the_bodies() -> None:
    """Without heads, without the framing of chunks, however small; of both directions."""

    def handle(req: Any, res: Any) -> None:
        for size in (1, 2, 3, 40_000):
            res.write("a" * size)
        req.on("end", lambda: res.end("bcd"))
        req.resume()

    served = Served(handle).send(CHUNKED + b"5\r\nhello\r\n")
    served.send(b"3\r\nabc\r\n0\r\n\r\n")
    assert (served.record.bytes_in, served.record.bytes_out) == (8, 40_009)


def test_pipelined_requests_have_their_own() -> None:
    """In the order of their responses, with their numbers."""
    served = Served(lambda req, res: res.end(req.url)).send(
        b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /bb HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    assert [(each.path, each.request, each.bytes_out) for each in served.records] == [
        ("/a", 1, 2),
        ("/bb", 2, 3),
    ]


def test_the_time_of_a_slow_response() -> None:
    """The first byte, and the last one; the time between."""
    served = Served(lambda req, res: None).send(GET)
    served.clock.advance(100)
    served.responses[0].write("a")
    settle()
    served.clock.advance(200)
    served.responses[0].end()
    settle()
    record = served.record
    assert [record.first_byte, record.last_byte, record.duration] == approx([100, 300, 300])


def test_a_response_that_was_not_sent_has_no_bytes() -> None:
    """It waited behind another when the connection was lost."""
    served = Served(lambda req, res: res.end("two") if req.url == "/2" else None)
    served.send(GET + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    served.client.reset()
    settle()
    assert [(each.status, each.bytes_out, each.outcome) for each in served.records] == [
        (499, 0, Outcome.CLIENT_RESET),
        (499, 0, Outcome.CLIENT_RESET),
    ]


def test_it_comes_after_finish() -> None:
    """And before it there is no outcome."""
    said: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        res.on("finish", lambda: said.append((res.outcome, len(served.records))))
        res.end("ok")
        said.append(res.outcome)

    served = Served(handle)
    served.send(GET)
    assert said == [None, (Outcome.FINISHED, 0)]
    assert len(served.records) == 1


def test_a_trace_of_the_client() -> None:
    """That of a good `traceparent`."""
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    served = Served().send(f"GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-{trace}-{span}-01\r\n\r\n".encode())
    assert (served.record.trace_id, served.record.span_id) == (trace, span)


# -- only if somebody asks ---------------------------------------------------------


def test_none_is_made_while_nobody_listens() -> None:
    """Neither before the first listener, nor after the last; `outcome` is there all the same."""
    served = Served()
    exchanges: list[Any] = []
    served._handler = lambda req, res: (exchanges.append(res._exchange.began), res.end())
    served.server.remove_listener("record", served.records.append)
    served.send(GET)
    served.server.once("record", served.records.append)
    served.send(GET)
    served.send(GET)
    assert [each is None for each in exchanges] == [True, False, True]
    assert len(served.records) == 1
    assert [each.outcome for each in served.responses] == [Outcome.FINISHED] * 3


def test_a_listener_that_fails_takes_nothing_from_others() -> None:
    """It is logged, as any."""
    served = Served()

    def fail(record: Record) -> None:
        raise ValueError("planned")

    served.server.prepend_listener("record", fail)
    served.send(GET + GET)
    assert len(served.records) == 2


@on_both_loops
async def test_over_a_real_socket() -> None:
    """The peer is known although it has left."""
    records: list[Record] = []
    server = http.create_server(lambda req, res: None)
    server.on("record", records.append)
    await server.listen(0, "127.0.0.1")
    client = await dial(server)
    client.send(GET)
    while not server._links or server._links[0].is_idle or server._links[0].is_silent:
        await asyncio.sleep(0)
    client.abort()
    while not records:
        await asyncio.sleep(0)
    server.close()
    assert records[0].outcome in (Outcome.CLIENT_RESET, Outcome.CLIENT_CLOSED)
    assert records[0].peer == "127.0.0.1"
