"""The drain: the orderly end of a server, step by step; R and a number name a requirement from public reports."""

from __future__ import annotations

import asyncio
import logging
import re
import socket as system
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial, dial_socket
from tests.kit.stage import GET, OK, OK_CLOSE, Stage, answer
from writehead import errors, http, https, testing
from writehead._process.drain import drain_all
from writehead._server import registry
from writehead._server.drain import Terms, drain
from writehead.testing import settle

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


def holding(**options: Any) -> tuple[Stage, list[http.ServerResponse]]:
    """A server whose responses are held back."""
    held: list[http.ServerResponse] = []
    return Stage(lambda req, res: held.append(res), **options), held


def begin(stage: Stage, **times: Any) -> None:
    stage.server.drain(**times)
    settle()


def watch(stage: Stage, res: http.ServerResponse) -> None:
    """Note in the log why the request of a response is given up."""
    res.req.signal.on("abort", lambda signal: stage.log.append(f"{res.req.url} {signal.reason.code}"))


# -- it is announced ---------------------------------------------------------------


def test_it_is_announced_once() -> None:
    """With its reason, and its times in milliseconds; a second call joins the first."""
    stage = Stage()
    told: list[Any] = []
    stage.server.on("draining", told.append)
    stage.server.on("close", lambda: told.append("close"))
    stage.connect()
    assert stage.server.draining is False
    stage.server.drain(delay=1000, idle_grace=500, timeout=3000, reason="deploy")
    assert (stage.server.draining, stage.server.listening) == (True, True)
    stage.server.drain(delay=2000, reason="again")
    stage.clock.advance(1499)
    assert told == [http.DrainInfo("deploy", 1000, 4000)]
    stage.clock.advance(1)
    assert told[1:] == ["close"]
    assert stage.server.draining is False


def test_during_its_delay_connections_are_accepted() -> None:
    """R30. Every answer says that it is the last of its connection; then the door is closed."""
    stage = Stage()
    idle = stage.send(GET)
    heard = len(idle.received)
    begin(stage, delay=1000)
    stage.clock.advance(900)
    assert stage.exchange(GET) == answer(b"ok", OK_CLOSE)
    idle.send(GET)
    assert dateless(idle.received[heard:]) == answer(b"ok", OK_CLOSE)
    assert idle.closed
    stage.clock.advance(100)
    with pytest.raises(ConnectionRefusedError):
        stage.connect()


def test_an_answer_under_way_says_that_it_is_the_last() -> None:
    """If its head is not fixed; of a pipeline only the last one."""
    stage, held = holding()
    client = stage.send(GET + GET)
    begin(stage)
    held[0].end("a")
    held[1].end("b")
    settle()
    assert dateless(client.received) == answer(b"a") + answer(b"b", OK_CLOSE)
    assert client.closed


def test_a_connection_that_was_promised_to_stay_stays_for_the_grace() -> None:
    """R4. Its head was sent before: the client may send a request, and that is answered."""
    stage, held = holding()
    client = stage.send(GET)
    held[0].write("a")
    settle()
    begin(stage, idle_grace=500)
    held[0].end()
    settle()
    assert dateless(client.received) == OK + CHUNKED + b"1\r\na\r\n0\r\n\r\n"
    assert not client.closed
    heard = len(client.received)
    client.send(GET)
    held[1].end("ok")
    settle()
    assert dateless(client.received[heard:]) == answer(b"ok", OK_CLOSE)
    assert client.closed


def test_behind_the_grace_such_a_connection_is_closed_behind_its_answer() -> None:
    """There is no more time to wait for a request."""
    stage, held = holding()
    client = stage.send(GET)
    held[0].write("a")
    settle()
    begin(stage, idle_grace=500)
    stage.clock.advance(500)
    held[0].end()
    settle()
    assert client.closed


def test_the_rest_of_a_body_behind_its_answer_ends_nothing_in_the_grace() -> None:
    """The connection is idle then, as others are."""
    stage = Stage()
    client = stage.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1")
    begin(stage)
    client.send(b"2")
    assert not client.closed
    heard = len(client.received)
    client.send(GET)
    assert dateless(client.received[heard:]) == answer(b"ok", OK_CLOSE)


# -- what has no end is told -------------------------------------------------------


def an_event_stream(res: http.ServerResponse) -> None:
    res.write_head(200, {"content-type": "Text/Event-Stream; charset=utf-8"})


def a_set_header(res: http.ServerResponse) -> None:
    res.set_header("Content-Type", "text/event-stream")


def declared(res: http.ServerResponse) -> None:
    res.endless = True


@pytest.mark.parametrize("begun", [an_event_stream, a_set_header, declared])
@pytest.mark.parametrize("when", ["before", "in the delay", "behind the door"])
def test_what_has_no_end_is_told_and_may_say_its_last_words(begun: Any, when: str) -> None:
    """R9. By `req.signal`, when the door is closed or as soon as it is known."""
    stage, held = holding()
    client = stage.send(GET)
    (res,) = held
    watch(stage, res)
    if when == "before":
        begun(res)
        res.write("hello ")
    begin(stage, delay=1000)
    if when == "in the delay":
        begun(res)
        res.write("hello ")
    settle()
    assert stage.log == ["GET /"]
    stage.clock.advance(1000)
    if when == "behind the door":
        begun(res)
        res.write("hello ")
        settle()
    assert stage.log == ["GET /", "/ ERR_SERVER_DRAINING"]
    assert isinstance(res.req.signal.reason, errors.DrainingError)
    res.end("bye")
    settle()
    assert client.received.endswith(b"6\r\nhello \r\n3\r\nbye\r\n0\r\n\r\n")
    stage.clock.advance(500)  # the head that was sent before has promised that the connection stays
    assert client.closed


def test_who_asks_for_the_signal_later_finds_it_aborted() -> None:
    """The handler may be busy elsewhere when the door is closed."""
    stage, held = holding()
    stage.send(GET)
    held[0].endless = True
    begin(stage)
    assert held[0].req.signal.aborted


def test_no_other_answer_is_told() -> None:
    """R10. A download, or a report that takes long, runs on undisturbed; up to the deadline."""
    stage, held = holding()
    client = stage.send(GET)
    watch(stage, held[0])
    held[0].write_head(200, {"Content-Type": "text/csv"})
    held[0].endless = False
    held[0].write("1,")
    begin(stage)
    stage.clock.advance(29_000)
    held[0].end("2")
    settle()
    assert stage.log == ["GET /"]
    assert client.received.endswith(b"2\r\n1,\r\n1\r\n2\r\n0\r\n\r\n")


def test_a_plain_close_tells_nobody() -> None:
    """`close()` keeps its meaning: it waits for event streams, too."""
    stage, held = holding()
    stage.send(GET)
    watch(stage, held[0])
    an_event_stream(held[0])
    held[0].endless = True
    stage.server.close()
    settle()
    assert stage.log == ["GET /"]


def test_a_socket_that_was_given_away_is_told() -> None:
    """By the signal of the request to upgrade; what is written is sent, and at the deadline it is cut."""
    stage = Stage()
    sockets: list[http.Socket] = []

    def upgrade(req: http.IncomingMessage, socket: http.Socket, head: bytes) -> None:
        sockets.append(socket)
        req.signal.on("abort", lambda signal: (stage.log.append(signal.reason.code), socket.write("bye ")))

    stage.server.on("upgrade", upgrade)
    polite, stubborn = stage.send(UPGRADE), stage.send(UPGRADE)
    begin(stage)
    assert (polite.received, stubborn.received) == (b"bye ", b"bye ")
    sockets[0].end("then")
    settle()
    assert (polite.received, polite.ended) == (b"bye then", True)
    polite.end()
    stage.clock.advance(29_999)
    assert not stubborn.closed
    stage.clock.advance(1)
    settle()
    assert stubborn.closed
    assert stage.log == ["ERR_SERVER_DRAINING"] * 2


def test_a_socket_that_is_given_away_behind_the_door_is_told_at_once() -> None:
    """Its listener has had the time to ask for the signal."""
    stage = Stage()
    reasons: list[Any] = []
    stage.server.on(
        "upgrade",
        lambda req, socket, head: req.signal.on("abort", lambda signal: reasons.append(signal.reason.code)),
    )
    client = stage.connect()
    begin(stage)
    client.send(UPGRADE)
    assert reasons == ["ERR_SERVER_DRAINING"]


def test_a_socket_that_has_left_is_of_no_interest() -> None:
    """It was passed to another server, or lost: the server that had it knows it no longer."""
    outer, inner = Stage(), Stage()
    requests: list[http.IncomingMessage] = []

    def connect(req: http.IncomingMessage, socket: http.Socket, head: bytes) -> None:
        requests.append(req)
        if req.url != "lost:1":
            inner.server.emit("connection", socket)

    outer.server.on("connect", connect)
    passed = outer.send(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
    lost = outer.send(b"CONNECT lost:1 HTTP/1.1\r\nHost: lost:1\r\n\r\n")
    lost.reset()
    assert outer.server._config.upgraded == set()
    begin(outer)
    assert not any(req.signal.aborted and req.signal.reason.code == "ERR_SERVER_DRAINING" for req in requests)
    passed.send(GET)
    assert dateless(passed.received) == answer(b"ok")


# -- the deadline ------------------------------------------------------------------


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "writehead"]


async def test_what_is_left_is_told_one_turn_before_it_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    """By `req.signal`; so a handler may say what it was doing. The log names who was cut, and since when."""
    stage, held = holding()
    client = stage.send(GET.replace(b" / ", b" /report "))
    asked = asyncio.Event()
    held[0].req.signal.on("abort", lambda signal: asked.set())

    async def work() -> None:
        await asked.wait()
        stage.log.append((held[0].req.signal.reason.code, client.closed))

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    stage.server.drain(timeout=10_000)
    late = stage.send(GET) if stage.server.listening else None
    stage.clock.advance(10_000)
    await task
    await asyncio.sleep(0)
    settle()
    assert stage.log == ["GET /report", ("ERR_SERVER_CUT", False)]
    assert (client.closed, late) == (True, None)
    assert told(caplog) == ["1 connection cut 10 s after the drain began: GET /report (over 10 s)"]


def test_five_of_those_that_are_cut_are_named(caplog: pytest.LogCaptureFixture) -> None:
    """With how long they were under way: exactly, if they came during the drain."""
    stage, _ = holding()
    for _ in range(6):
        stage.send(GET)
    stage.connect()  # idle: not cut
    late = stage.connect()
    begin(stage, timeout=2000, idle_grace=2000)
    stage.clock.advance(500)
    late.send(GET.replace(b" / ", b" /late "))
    stage.clock.advance(1500)
    settle()
    (line,) = told(caplog)
    assert line.startswith("7 connections cut 2 s after the drain began: GET / (over 2 s), GET /")
    assert line.endswith(", …")
    assert "late" in line or line.count("GET") == 5


def test_one_that_came_during_the_drain_has_an_age(caplog: pytest.LogCaptureFixture) -> None:
    """It is known then."""
    stage, _ = holding()
    client = stage.connect()
    begin(stage, timeout=2000)
    stage.clock.advance(250)
    client.send(GET)
    stage.clock.advance(1750)
    settle()
    assert told(caplog) == ["1 connection cut 2 s after the drain began: GET / (1.75 s)"]


def test_a_request_that_has_not_come_whole_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    """Its first bytes were served time enough."""
    stage = Stage()
    client = stage.send(b"GET / HTTP/1.1\r\nHos")
    begin(stage, timeout=2000)
    stage.clock.advance(2000)
    settle()
    assert client.closed
    assert told(caplog) == [
        "1 connection cut 2 s after the drain began: a request that has not come whole (over 2 s)"
    ]


def test_without_time_it_cuts_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """What is idle is closed in order all the same."""
    stage, _ = holding()
    busy, idle = stage.send(GET), stage.connect()
    begin(stage, timeout=0)
    settle()
    assert (busy.closed, idle.closed, stage.server.draining) == (True, True, False)
    assert told(caplog) == ["1 connection cut 0 s after the drain began: GET / (over 0 s)"]


def test_a_second_call_shortens_it() -> None:
    """A supervisor that reloads has all the time; one that is told to stop has not."""
    stage, _ = holding()
    busy, idle = stage.send(GET), stage.connect()
    begin(stage, timeout=60_000, idle_grace=60_000)
    stage.clock.advance(1000)
    begin(stage, timeout=5000, idle_grace=500)
    stage.clock.advance(500)
    assert (busy.closed, idle.closed) == (False, True)
    begin(stage, timeout=50_000)
    stage.clock.advance(4500)
    settle()
    assert busy.closed
    assert not stage.server.draining


def test_a_second_call_ends_the_delay() -> None:
    """Its own delay is shorter."""
    stage = Stage()
    begin(stage, delay=60_000)
    begin(stage)
    assert not stage.server.listening


def test_it_may_follow_a_close() -> None:
    """What that waits for is bounded from now on."""
    stage, held = holding()
    client = stage.send(GET)
    an_event_stream(held[0])
    stage.server.close(lambda: stage.log.append("closed"))
    begin(stage, timeout=1000)
    assert held[0].req.signal.aborted
    stage.clock.advance(1000)
    settle()
    assert client.closed
    assert stage.log == ["GET /", "closed"]


def test_it_ends_when_the_server_listens_again() -> None:
    """Connections that came before are not ended by a drain that is no more."""
    stage, held = holding()
    client = stage.send(GET)
    begin(stage, timeout=1000)
    testing.listen(stage.server, stage.clock)
    assert not stage.server.draining
    stage.clock.advance(2000)
    assert not client.closed
    held[0].end("ok")
    settle()
    assert client.received


async def test_without_anything_to_drain_it_raises() -> None:
    """As `close()` does; only where it is awaited."""
    server = http.create_server()
    server.drain()
    with pytest.raises(errors.ServerNotRunningError):
        await server.drain()
    for times in ({"delay": -1}, {"timeout": "1s"}, {"idle_grace": True}):
        with pytest.raises((errors.OutOfRangeError, errors.InvalidArgTypeError)):
            server.drain(**times)  # type: ignore[arg-type]


# -- the log -----------------------------------------------------------------------


def _in_order(line: str) -> str:
    """Return a line with the first two connections, which are equally old, in alphabetical order."""
    return re.sub(r"(GET /report( \([^)]*\))?), (GET /( \([^)]*\))?)(?=,)", r"\3, \1", line)


def test_each_step_is_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """With the counts; the progress each five seconds, and the end."""
    caplog.set_level(logging.INFO, "writehead")
    stage, held = holding()
    stage.send(GET)
    stage.send(GET.replace(b" / ", b" /report "))
    stage.send(GET)
    held[2].endless = True
    held[0].end("ok")
    settle()
    stage.server.on("upgrade", lambda req, socket, head: None)
    stage.send(UPGRADE).stall()
    stage.connect()
    begin(stage, delay=2000, timeout=12_000, reason="deploy")
    stage.clock.advance(14_000)
    settle()
    assert [_in_order(line) for line in told(caplog)] == [
        "draining in 2 s: 5 connections, 1 in flight, 2 idle, 2 endless",
        "draining: 5 connections, 1 in flight, 2 idle, 2 endless",
        "waiting for 3 connections (GET /, GET /report, GET /chat)",
        (
            "draining for 5 s: 3 connections, 1 in flight, 0 idle, 2 endless: "
            "GET / (over 7 s), GET /report (over 7 s), GET /chat (over 7 s)"
        ),
        (
            "draining for 10 s: 3 connections, 1 in flight, 0 idle, 2 endless: "
            "GET / (over 12 s), GET /report (over 12 s), GET /chat (over 12 s)"
        ),
        (
            "3 connections cut 12 s after the drain began: "
            "GET / (over 14 s), GET /report (over 14 s), GET /chat (over 14 s)"
        ),
        "drained in 12.0 s",
    ]


def test_several_servers_are_drained_as_one(caplog: pytest.LogCaptureFixture) -> None:
    """Their connections are counted together, and each has its event; one that is draining already is joined."""
    caplog.set_level(logging.INFO, "writehead")
    first, second, third = Stage(), Stage(), Stage()
    reasons: list[str] = []
    for each in (first, second, third):
        each.connect()
        each.server.on("draining", lambda info: reasons.append(info.reason))
    begin(third, timeout=60_000, idle_grace=60_000, reason="its own")
    drain([first.server, second.server, third.server], Terms(reason="all"), first.clock)
    first.clock.advance(500)
    third.clock.advance(500)
    assert reasons == ["its own", "all", "all"]
    assert [re.sub(r" in \d.*", "", line) for line in told(caplog)] == [
        "draining: 1 connection, 0 in flight, 1 idle, 0 endless",
        "draining: 2 connections, 0 in flight, 2 idle, 0 endless",
        "drained",
        "drained",
    ]
    assert not any(each.server.draining for each in (first, second, third))


# -- real clients ------------------------------------------------------------------


@on_both_loops
async def test_all_servers_of_a_process_are_drained() -> None:
    """Those that have connected are answered; then it returns."""
    registry._open.clear()  # what other tests have left on loops that are gone
    servers = [http.create_server(lambda req, res: res.end("ok")) for _ in range(2)]
    for server in servers:
        await server.listen(0, "127.0.0.1")
    client = await dial(servers[0])
    client.send(GET)
    await drain_all(reason="reload")
    assert (await client.rest()).startswith(OK_CLOSE)
    assert not any(server.listening for server in servers)


@on_both_loops
async def test_who_was_accepted_is_served() -> None:
    """R1. Though its first byte comes after the drain has begun; and who waited in the queue of the system, too."""
    server = http.create_server(lambda req, res: res.end("ok"))
    accepted = asyncio.Event()
    server.on("connection", lambda socket: accepted.set())
    await server.listen(0, "127.0.0.1")
    port = server.address()["port"]  # type: ignore[index]
    silent = await dial(server)
    await accepted.wait()
    waiting = system.create_connection(("127.0.0.1", port))  # the loop has not turned since
    draining = server.drain(idle_grace=20_000)
    waiting.setblocking(False)
    waiting.send(GET)
    await asyncio.sleep(0.01)
    silent.send(GET)
    assert await silent.rest() == answer(b"ok", OK_CLOSE)
    assert dateless(await asyncio.get_running_loop().sock_recv(waiting, 1000)) == answer(b"ok", OK_CLOSE)
    waiting.close()
    await draining


@on_both_loops
async def test_who_comes_behind_the_door_is_refused() -> None:
    """R25. Nobody hangs in a queue that nobody will empty."""
    server = http.create_server(lambda req, res: None)
    await server.listen(0, "127.0.0.1")
    port = server.address()["port"]  # type: ignore[index]
    client = await dial(server)
    client.send(GET)
    while not server._connections:
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    draining = server.drain(timeout=100)
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await dial(port)
    assert await client.rest() == b""
    await draining


@on_both_loops
async def test_the_queue_may_be_left_to_others() -> None:
    """Another process listens on the same socket: it takes what waits."""
    shared = system.create_server(("127.0.0.1", 0))
    shared.setblocking(False)
    server = http.create_server(lambda req, res: res.end("ok"))
    await server.listen(fd=shared.dup().detach())
    client = system.create_connection(shared.getsockname())
    drain([server], Terms(leave_queue=True), asyncio.get_running_loop())
    await server
    taken, _ = await asyncio.get_running_loop().sock_accept(shared)
    assert taken.getpeername() == client.getsockname()
    for each in (taken, client, shared):
        each.close()


@on_both_loops
async def test_an_idle_connection_is_closed_without_a_reset() -> None:
    """R4. It gets FIN, and a request that crosses it no RST, which could overtake the end of a response."""
    server = http.create_server(lambda req, res: res.end("ok"))
    await server.listen(0, "127.0.0.1")
    client = await dial_socket(server)
    await client.send(GET)
    await client.read(answer(b"ok"))
    draining = server.drain(idle_grace=0)
    while not server._config.lingering:
        await asyncio.sleep(0)
    await client.send(GET)
    assert await asyncio.get_running_loop().sock_recv(client.sock, 100) == b""  # raises if it was reset
    await draining
    client.close()


@on_both_loops
async def test_a_handshake_of_tls_is_finished() -> None:
    """R1. A connection that was accepted is served over TLS, too; one that never began is closed behind the grace."""
    server = https.create_server(authority().options("localhost"), lambda req, res: res.end("ok"))
    await server.listen(0, "127.0.0.1")
    port = server.address()["port"]  # type: ignore[index]
    silent = await dial(port)
    slow = asyncio.ensure_future(dial(port, authority().context()))
    while len(server._handshakes) < 2:
        await asyncio.sleep(0)
    draining = server.drain(idle_grace=1000)
    client = await slow
    client.send(GET)
    assert await client.rest() == answer(b"ok", OK_CLOSE)
    assert await silent.rest() in (b"", b"<reset>")
    await draining


@on_both_loops
async def test_a_handshake_that_hangs_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    """At the deadline, and named."""
    server = https.create_server(authority().options("localhost"), lambda req, res: res.end("ok"))
    await server.listen(0, "127.0.0.1")
    client = await dial(server.address()["port"])  # type: ignore[index]
    client.send(b"\x16\x03\x01")
    while not server._handshakes or next(iter(server._handshakes)).is_silent:
        await asyncio.sleep(0)
    await server.drain(timeout=50)
    (line,) = told(caplog)
    assert line.startswith("1 connection cut 0.05 s after the drain began: a TLS handshake (over 0.0")
    client.close()
