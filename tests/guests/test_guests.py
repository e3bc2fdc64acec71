"""The guests of a server: who gets a request, when they start and stop, and what happens in between."""

from __future__ import annotations

import asyncio
import socket as system
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from tests.kit.stage import GET, OK
from writehead import http, testing
from writehead._server.guests import Guests, is_handshake
from writehead._server.hosting import Hosting
from writehead.errors import SystemCallError

NOT_FOUND = (
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nDate: D\r\nConnection: keep-alive\r\n"
    b"Keep-Alive: timeout=5\r\nContent-Length: 9\r\n\r\nNot Found"
)
HANDSHAKE = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: x, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"


class Visitor:
    """A guest that answers with its name and notes what it is asked to do."""

    takes_requests = True

    def __init__(self, path: str = "/", log: list[str] | None = None, name: str = "", exact: bool = False):
        self.path = path
        self.exact = exact
        self.name = name or path
        self.log: list[str] = [] if log is None else log
        self.gate: asyncio.Event | None = None
        self.fails: Exception | None = None
        self.fails_to_stop: Exception | None = None
        self.handshakes = False
        self.closings: list[str] = []

    def take_head(self, connection: Any, head: Any) -> bool:
        return False

    def take(self, request: Any, response: Any) -> None:
        if response._awaits_continue:
            self.log.append("awaits continue")
            response.write_continue()
        response.end(self.name)

    def wants_websocket(self, request: Any) -> bool:
        return self.handshakes

    def take_websocket(self, request: Any, socket: Any, head: bytes) -> None:
        self.log.append(f"handshake {head!r}")
        socket.end(b"taken by " + self.name.encode())

    def on_closing(self, draining: bool) -> None:
        self.closings.append(f"closing {draining}")

    def on_deadline(self, draining: bool) -> None:
        self.closings.append(f"deadline {draining}")

    async def start(self) -> None:
        self.log.append(f"start {self.name}")
        try:
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.log.append(f"cancel {self.name}")
            raise
        if self.fails is not None:
            raise self.fails
        self.log.append(f"started {self.name}")

    async def drain(self) -> None:
        self.log.append(f"drain {self.name}")

    async def stop(self) -> None:
        self.log.append(f"stop {self.name}")
        if self.fails_to_stop is not None:
            raise self.fails_to_stop


def found(guests: Guests, target: bytes) -> str | None:
    guest: Any = guests.find(target)
    return None if guest is None else guest.name


async def started(*visitors: Visitor) -> Guests:
    guests = Guests()
    for each in visitors:
        guests.add(each)
    await guests._start_all()
    return guests


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (b"/api", "/api"),
        (b"/api/", "/api"),
        (b"/api/x?y=/", "/api"),
        (b"/apix", None),
        (b"/API", None),
        (b"/", None),
        (b"/%61pi", "/api"),
        (b"/api%2Fx", "/api"),
        (b"/api%", None),
        (b"/api/%ff", "/api"),
        (b"/x/../api", None),
        (b"/api?x", "/api"),
        (b"http://h/api/x", "/api"),
        (b"http://h", None),
        (b"http://h?/api", None),
        (b"/api/deep", "/api/deep"),
        (b"/api/deeper", "/api"),
        (b"/exact", "exact"),
        (b"/exact?x", "exact"),
        (b"/exact/", None),
        (b"/ex%61ct", None),
        (b"*", None),
        (b"/%C3%BC", "/ü"),
    ],
)
async def test_the_longest_path_takes_a_request(target: bytes, name: str | None) -> None:
    """As a whole or up to a slash, of the decoded path; an exact one as it was sent."""
    guests = await started(
        Visitor("/api"), Visitor("/api/deep"), Visitor("/exact", name="exact", exact=True), Visitor("/ü")
    )
    assert found(guests, target) == name


@pytest.mark.parametrize("target", [b"/", b"/x", b"*", b"http://h", b"//x", b"/%ff", b""])
async def test_the_root_takes_everything(target: bytes) -> None:
    """Also a target that is no path."""
    assert found(await started(Visitor("/", name="root")), target) == "root"


async def test_the_later_of_two_equals_takes_a_request() -> None:
    """The one that was attached later, whichever started first."""
    first, second = Visitor("/a", name="first"), Visitor("/a", name="second")
    guests = await started(first, second)
    assert found(guests, b"/a") == "second"
    guests.remove(second)
    assert found(guests, b"/a") == "first"
    guests.remove(first)
    assert found(guests, b"/a") is None
    guests.remove(first)  # nothing happens


async def test_one_that_takes_no_requests_is_passed_over() -> None:
    """As one for WebSockets alone."""
    sockets = Visitor("/a/b", name="sockets")
    sockets.takes_requests = False
    assert found(await started(Visitor("/a"), sockets), b"/a/b") == "/a"


@on_both_loops
async def test_guests_start_in_order_and_stop_in_reverse() -> None:
    """Before 'listening', and before 'close'."""
    log: list[str] = []
    server = http.create_server()
    server.on("listening", lambda: log.append("listening"))
    server.on("close", lambda: log.append("close"))
    server._attach(Visitor("/a", log))
    server._attach(Visitor("/b", log))
    await server.listen(0)
    assert log == ["start /a", "started /a", "start /b", "started /b", "listening"]
    log.clear()
    await server.close()
    assert log == ["drain /a", "drain /b", "stop /b", "stop /a", "close"]
    log.clear()
    await server.listen(0)
    await server.close()
    assert log[:2] == ["start /a", "started /a"]
    assert log[-2:] == ["stop /a", "close"]


@on_both_loops
async def test_clients_are_refused_until_the_guests_have_started() -> None:
    """The address is taken before the first of them starts."""
    visitor = Visitor("/")
    visitor.gate = asyncio.Event()
    server = http.create_server()
    server._attach(visitor)
    listening = asyncio.ensure_future(_listen(server))
    while not visitor.log:
        await asyncio.sleep(0)
    port = server.address()["port"]
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    visitor.gate.set()
    await listening
    client = await dial(server)
    client.send(GET)
    assert await client.until(b"\r\n\r\n/") == OK + b"Content-Length: 1\r\n\r\n/"
    client.close()
    await server.close()


async def _listen(server: Any, *args: Any) -> None:
    await server.listen(*args or (0,))


@on_both_loops
async def test_a_port_in_use_starts_no_guest() -> None:
    """It fails before."""
    visitor = Visitor("/")
    async with http.create_server() as other:
        await other.listen(0)
        server = http.create_server()
        server._attach(visitor)
        with pytest.raises(SystemCallError) as caught:
            await server.listen(other.address()["port"])
        assert caught.value.code == "EADDRINUSE"
    assert visitor.log == []


@on_both_loops
async def test_a_port_that_is_lost_meanwhile_stops_the_guests() -> None:
    """Another process listens there when they have started."""
    visitor = Visitor("/")
    visitor.gate = asyncio.Event()
    server = http.create_server()
    server._attach(visitor)
    listening = asyncio.ensure_future(_listen(server, 0, "127.0.0.1"))
    while not visitor.log:
        await asyncio.sleep(0)
    with system.socket() as rival:
        rival.setsockopt(system.SOL_SOCKET, system.SO_REUSEADDR, 1)
        try:
            rival.bind(("127.0.0.1", server.address()["port"]))
            rival.listen()
        except OSError:
            pytest.skip("this system keeps a bound port from others")
        visitor.gate.set()
        with pytest.raises(SystemCallError) as caught:
            await listening
    assert caught.value.code == "EADDRINUSE"
    assert visitor.log == ["start /", "started /", "drain /", "stop /"]
    assert not server.listening


@on_both_loops
async def test_a_start_that_fails_fails_listen() -> None:
    """Those that have started are stopped, the last first; the server may listen again."""
    log: list[str] = []
    server = http.create_server()
    visitors = [Visitor(path, log) for path in ("/a", "/b", "/c")]
    for each in visitors:
        server._attach(each)
    visitors[2].fails = RuntimeError("no")
    with pytest.raises(RuntimeError, match="no"):
        await server.listen(0)
    assert log == ["start /a", "started /a", "start /b", "started /b", "start /c", "stop /b", "stop /a"]
    assert not server.listening
    visitors[2].fails = None
    await server.listen(0)
    await server.close()


@on_both_loops
async def test_a_close_meanwhile_cancels_the_start() -> None:
    """'close' comes when that is over."""
    log: list[str] = []
    server = http.create_server()
    server.on("listening", lambda: log.append("listening"))
    server.on("close", lambda: log.append("close"))
    first, second = Visitor("/a", log), Visitor("/b", log)
    second.gate = asyncio.Event()
    server._attach(first)
    server._attach(second)
    server.listen(0)
    while "start /b" not in log:
        await asyncio.sleep(0)
    await server.close()
    assert log == ["start /a", "started /a", "start /b", "cancel /b", "stop /a", "close"]


@on_both_loops
async def test_a_listen_during_the_stop_starts_anew_behind_it() -> None:
    """And a further close ends that."""
    log: list[str] = []
    server = http.create_server()
    visitor = Visitor("/a", log)
    server._attach(visitor)
    await server.listen(0)
    log.clear()
    server.close()
    while not log:
        await asyncio.sleep(0)
    await server.listen(0)
    assert log == ["drain /a", "stop /a", "start /a", "started /a"]
    await server.close()
    assert log[4:] == ["drain /a", "stop /a"]
    log.clear()
    await server.listen(0)
    server.close()
    while "drain /a" not in log:
        await asyncio.sleep(0)
    server.listen(0)
    await server.close()
    await asyncio.sleep(0)
    assert log == ["start /a", "started /a", "drain /a", "stop /a"]


@on_both_loops
async def test_a_stop_that_fails_is_raised_by_close() -> None:
    """The others are stopped, and 'close' comes, all the same."""
    log: list[str] = []
    server = http.create_server()
    server.on("close", lambda: log.append("close"))
    first, second = Visitor("/a", log), Visitor("/b", log)
    second.fails_to_stop = RuntimeError("no")
    server._attach(first)
    server._attach(second)
    await server.listen(0)
    with pytest.raises(RuntimeError, match="no"):
        await server.close()
    assert log[-3:] == ["stop /b", "stop /a", "close"]


@on_both_loops
async def test_a_late_guest_takes_requests_when_it_has_started() -> None:
    """Until then they go where they went before."""
    server = http.create_server()
    await server.listen(0)
    visitor = Visitor("/")
    visitor.gate = asyncio.Event()
    server._attach(visitor)
    client = await dial(server)
    client.send(GET)
    assert await client.until(b"Not Found") == NOT_FOUND
    visitor.gate.set()
    while "started /" not in visitor.log:
        await asyncio.sleep(0)
    client.received = b""
    client.send(GET)
    assert await client.until(b"\r\n\r\n/") == OK + b"Content-Length: 1\r\n\r\n/"
    client.close()
    await server.close()
    assert visitor.log[-1] == "stop /"


@on_both_loops
async def test_a_late_start_that_fails_emits_error() -> None:
    """The server goes on."""
    server = http.create_server()
    errors: list[Any] = []
    server.on("error", errors.append)
    await server.listen(0)
    visitor = Visitor("/")
    visitor.fails = RuntimeError("no")
    server._attach(visitor)
    while not errors:
        await asyncio.sleep(0)
    assert str(errors[0]) == "no"
    assert server.listening
    await server.close()
    assert visitor.log == ["start /"]


@on_both_loops
async def test_a_late_start_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """If 'error' has no listener."""
    server = http.create_server()
    await server.listen(0)
    visitor = Visitor("/")
    visitor.fails = RuntimeError("no")
    server._attach(visitor)
    while not caplog.messages:
        await asyncio.sleep(0)
    assert caplog.messages == ["no"]
    await server.close()


async def test_a_request_of_no_guest_goes_to_the_listeners() -> None:
    """Or gets 404 if there are none."""
    server = http.create_server()
    server._attach(Visitor("/a"))
    client = testing.connect(server)
    answer = await client.request("GET", "/b")
    assert (answer.status, answer.headers["content-type"], answer.text) == (404, "text/plain", "Not Found")
    server.on("request", lambda req, res: res.end("heard"))
    assert (await client.request("GET", "/b")).text == "heard"
    assert (await client.request("GET", "/a")).text == "/a"
    await server.close()


async def test_requests_in_memory_wait_for_the_start() -> None:
    """The guests start with the first connection, and stop with `close`."""
    visitor = Visitor("/")
    visitor.gate = asyncio.Event()
    server = http.create_server()
    server._attach(visitor)
    client = testing.connect(server)
    answer = client.request("GET", "/")
    await asyncio.sleep(0)
    assert visitor.log == ["start /"]
    assert client.received == b""
    visitor.gate.set()
    assert (await answer).text == "/"
    await server.close()
    assert visitor.log == ["start /", "started /", "drain /", "stop /"]


async def test_a_start_that_fails_in_memory_gives_500() -> None:
    """And emits 'error'."""
    visitor = Visitor("/")
    visitor.fails = RuntimeError("no")
    visitor.handshakes = True
    server = http.create_server()
    errors: list[Any] = []
    server.on("error", errors.append)
    server._attach(visitor)
    client = testing.connect(server)
    socket = testing.connect(server)
    socket.send(HANDSHAKE)
    assert (await client.request("GET", "/")).status == 500
    await socket.until(lambda: socket.closed)
    while not errors:
        await asyncio.sleep(0)
    assert [str(each) for each in errors] == ["no"]
    assert visitor.log == ["start /"]
    with pytest.raises(ConnectionRefusedError):
        testing.connect(server)


async def test_a_guest_sends_100_itself() -> None:
    """'checkContinue' is not emitted."""
    visitor = Visitor("/a")
    server = http.create_server()
    server._attach(visitor)
    server.on("checkContinue", lambda req, res: res.end("heard"))
    client = testing.connect(server)
    await asyncio.sleep(0)
    client.send(b"POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    await client.until(lambda: b"/a" in client.received)
    assert client.received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
    assert "awaits continue" in visitor.log
    client.reset()
    other = testing.connect(server)
    answer = other.request("POST", "/b", {"Expect": "100-continue", "Content-Length": 1})
    assert (await answer).text == "heard"
    await server.close()


async def test_an_expectation_of_no_guest_gets_404() -> None:
    """And no 100, if nobody listens."""
    server = http.create_server()
    server._attach(Visitor("/a"))
    client = testing.connect(server)
    client.send(b"POST /b HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    await client.until(lambda: b"Not Found" in client.received)
    assert dateless(client.received).startswith(b"HTTP/1.1 404 Not Found\r\n")
    client.reset()
    await server.close()


async def test_what_the_server_does_itself_comes_before_a_guest() -> None:
    """Host, and an unknown expectation."""
    server = http.create_server()
    server._attach(Visitor("/"))
    client = testing.connect(server)
    await asyncio.sleep(0)
    client.send(b"GET / HTTP/1.1\r\n\r\n")
    await client.until(lambda: client.closed)
    assert client.received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert (await testing.connect(server).request("GET", "/", {"Expect": "cake"})).status == 417
    await server.close()


async def test_a_handshake_goes_to_the_guest_that_wants_it() -> None:
    """With the bytes behind it; one that does not want it is passed over."""
    wants, declines = Visitor("/"), Visitor("/a")
    wants.handshakes = True
    server = http.create_server()
    server._attach(wants)
    server._attach(declines)
    client = testing.connect(server)
    client.send(HANDSHAKE + b"more")
    await client.until(lambda: client.ended)
    assert client.received == b"taken by /"
    assert wants.log[-1] == "handshake b'more'"
    client.reset()
    await server.close()


@pytest.mark.parametrize(
    "head",
    [
        HANDSHAKE.replace(b"GET", b"PUT"),
        HANDSHAKE.replace(b"HTTP/1.1", b"HTTP/1.0"),
        HANDSHAKE.replace(b"WebSocket", b"h2c"),
        HANDSHAKE.replace(b"WebSocket", b"websocket, h2c"),
    ],
)
async def test_another_upgrade_is_an_ordinary_request(head: bytes) -> None:
    """If 'upgrade' has no listener."""
    visitor = Visitor("/a")
    visitor.handshakes = True
    server = http.create_server()
    server._attach(visitor)
    client = testing.connect(server)
    client.send(head)
    await client.until(lambda: client.received.endswith(b"\r\n\r\n/a"))
    client.reset()
    await server.close()


async def test_upgrade_and_connect_listeners_get_what_no_guest_wants() -> None:
    """CONNECT never reaches a guest."""
    visitor = Visitor("/")
    server = http.create_server()
    server._attach(visitor)
    heard: list[str] = []

    def note(req: Any, socket: Any, head: bytes) -> None:
        heard.append(req.method)
        socket.destroy()

    server.on("upgrade", note)
    server.on("connect", note)
    for head in (HANDSHAKE, b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"):
        client = testing.connect(server)
        client.send(head)
        await client.until(lambda client=client: client.closed)  # type: ignore[misc]
    assert heard == ["GET", "CONNECT"]
    await server.close()


async def test_a_handshake_in_memory_waits_for_the_start() -> None:
    """As a request does."""
    visitor = Visitor("/")
    visitor.handshakes = True
    visitor.gate = asyncio.Event()
    server = http.create_server()
    server._attach(visitor)
    client = testing.connect(server)
    client.send(HANDSHAKE)
    await asyncio.sleep(0)
    assert client.received == b""
    visitor.gate.set()
    await client.until(lambda: client.ended)
    assert client.received == b"taken by /"
    client.reset()
    await server.close()


def test_a_server_without_guests_pays_nothing() -> None:
    """There is no table, and nothing is asked."""
    server = http.create_server()
    assert server._guests is None
    assert server._config.take_head is None
    server._attach(Visitor("/"))
    assert server._config.take_head is not None
    assert isinstance(server, Hosting)
    assert is_handshake(http.IncomingMessage()) is False


@on_both_loops
async def test_a_guest_is_told_when_the_server_closes() -> None:
    """By `close` or by a drain, and when the time is over of those that are left; a detached one, too."""
    server = http.create_server()
    guest, detached = Visitor(), Visitor("/x")
    server._attach(guest)
    server._attach(detached)
    await server.listen(0)
    assert server._guests is not None
    server._guests.remove(detached)
    server.close()
    server.close_all_connections()
    await server
    await server.listen(0)
    client = await dial(server)  # silent, and given the time
    server.drain()
    server.close_all_connections()
    await server
    client.close()
    assert guest.closings == ["closing False", "deadline False", "closing True", "deadline True"]
    assert detached.closings == ["closing False", "deadline False"]


def test_in_memory_it_needs_a_running_loop_too() -> None:
    """Applications are tasks."""
    server = http.create_server()
    server._attach(Visitor())
    with pytest.raises(RuntimeError, match="^a server that hosts an application needs a running event loop$"):
        testing.connect(server)
