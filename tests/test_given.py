"""Connections given by hand: `server.emit("connection", stream)`."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import TIMEOUT, on_both_loops
from tests.kit.masks import dateless
from tests.kit.programs import Program
from tests.kit.raw_client import SocketClient, dial_socket, reset
from tests.kit.stage import GET, OK, OK_CLOSE, Stage, answer
from tests.kit.tls_client import RecordClient
from writehead import http, https, testing
from writehead._server import registry
from writehead.errors import InvalidArgTypeError, InvalidArgValueError

CONNECT = b"CONNECT inner:443 HTTP/1.1\r\nHost: inner:443\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def greet(req: Any, res: Any) -> None:
    res.end("inner")


def greeting(head: bytes = OK) -> bytes:
    return answer(b"inner", head)


opened: list[socket.socket] = []


@pytest.fixture(autouse=True)
def _close_peers() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


def peer_of(sock: socket.socket) -> SocketClient:
    """Return the other end of a connection, on the loop of the test."""
    opened.append(sock)
    return SocketClient(sock)


def pair() -> tuple[socket.socket, SocketClient]:
    ours, theirs = socket.socketpair()
    return ours, peer_of(theirs)


async def tcp_pair() -> tuple[socket.socket, SocketClient]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        return listener.accept()[0], peer_of(theirs)


@asynccontextmanager
async def proxy(
    inner: Any, secure: bool = False, before: Callable[[Any], object] = bool
) -> AsyncIterator[Any]:
    """Run a server that gives what CONNECT has opened to `inner`."""
    outer: Any = (https if secure else http).create_server(**(authority().options() if secure else {}))

    @outer.on("request")
    async def slowly(req: Any, res: Any) -> None:
        await asyncio.sleep(0)
        res.end("outer")
        res.remove_all_listeners()  # a program may

    @outer.on("connect")
    def give(req: Any, sock: Any, head: bytes) -> None:
        before(sock)
        sock.write(ESTABLISHED)
        if head:
            sock.unshift(head)
        assert inner.emit("connection", sock)

    async with outer:
        await outer.listen(0, "127.0.0.1")
        yield outer


async def dial(server: Any) -> SocketClient:
    peer = await dial_socket(server)
    opened.append(peer.sock)
    return peer


async def gone(server: Any) -> None:
    """Wait until no connection of the server is left."""
    while server._connection_count:
        await asyncio.sleep(0)


# -- sockets -----------------------------------------------------------------------


@on_both_loops
async def test_a_socket_is_served() -> None:
    """One of the system's, blocking or not, of any family; the server need not listen."""
    for make in (pair, tcp_pair):
        for blocking in (True, False):
            server = http.create_server(greet)
            made: Any = make()
            ours, peer = await made if asyncio.iscoroutine(made) else made
            ours.setblocking(blocking)
            assert server.emit("connection", ours) is True
            await peer.send(GET)
            await peer.read(greeting())
            await peer.send(LAST)
            assert await peer.read_all() == greeting(OK_CLOSE)
            await gone(server)
            assert server._sweep._handle is None  # type: ignore[union-attr]


@on_both_loops
async def test_listeners_of_connection_get_the_socket() -> None:
    """As of those that are accepted, in the context of the connection, and the count is theirs too."""
    seen: list[Any] = []
    server = http.create_server(greet)
    server.on("connection", seen.append)
    ours, peer = pair()
    server.emit("connection", ours)
    await peer.send(GET)
    await peer.read(greeting())
    assert [type(each).__name__ for each in seen] == ["Socket"]
    assert seen[0].server is server
    counted = asyncio.get_running_loop().create_future()
    server.get_connections(lambda error, count: counted.set_result(count))
    assert await counted == 1
    server.close_all_connections()
    assert await peer.read_all() == b""
    await gone(server)


@on_both_loops
async def test_a_stop_waits_for_what_was_given() -> None:
    """`close` ends it when it is idle, and lets a request that is under way be answered."""
    held: list[Any] = []
    server = http.create_server(lambda req, res: held.append(res))
    server.listen(0, "127.0.0.1")
    await server
    ours, peer = pair()
    server.emit("connection", ours)
    await peer.send(GET)
    while not held:
        await asyncio.sleep(0)
    server.close()
    held[0].end("inner")
    assert await peer.read_all() == greeting(OK_CLOSE)
    await server


@on_both_loops
async def test_a_closed_server_answers_one_request() -> None:
    """What is given to it is not cut, and not kept."""
    server = http.create_server(greet)
    await server.listen(0, "127.0.0.1")
    await server.close()
    ours, peer = pair()
    server.emit("connection", ours)
    await peer.send(GET)
    assert await peer.read_all() == greeting(OK_CLOSE)
    await gone(server)


@on_both_loops
async def test_the_limit_is_for_those_that_are_accepted() -> None:
    """A connection that is given is served beyond `max_connections`; it counts for those that come after it."""
    dropped = asyncio.get_running_loop().create_future()
    server = http.create_server(greet, max_connections=1)
    server.on("drop", lambda facts: dropped.set_result(facts))
    await server.listen(0, "127.0.0.1")
    peers = []
    for _ in range(2):
        ours, peer = pair()
        server.emit("connection", ours)
        await peer.send(GET)
        await peer.read(greeting())
        peers.append(peer)
    late = await dial(server)
    await dropped
    assert await late.read_all() == b""
    for each in peers:
        each.close()
    server.close()
    await server


@on_both_loops
async def test_clocks_run_for_what_is_given() -> None:
    """A server that does not listen watches over its heads, its idle connections and its timeouts."""
    server = http.create_server(greet, headers_timeout=40, connections_checking_interval=20)
    ours, peer = pair()
    server.emit("connection", ours)
    await peer.send(GET[:10])
    assert (await peer.read_all()).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    server = http.create_server(greet, keep_alive_timeout=20, keep_alive_timeout_buffer=0)
    ours, peer = pair()
    server.emit("connection", ours)
    await peer.send(GET)
    assert (await peer.read_all()).endswith(b"inner")
    server = http.create_server(greet, timeout=20)
    ours, peer = pair()
    server.emit("connection", ours)
    assert await peer.read_all() == b""


@on_both_loops
async def test_a_transport_is_served() -> None:
    """It gets the protocol of a connection; reading goes on if it was paused."""
    loop = asyncio.get_running_loop()
    server = http.create_server(greet)
    for paused in (False, True):
        ours, peer = pair()
        ours.setblocking(False)
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
        if paused:
            transport.pause_reading()
        server.emit("connection", transport)
        await peer.send(LAST)
        assert await peer.read_all() == greeting(OK_CLOSE)
    await gone(server)


@on_both_loops
async def test_one_that_has_gone_costs_nothing() -> None:
    """No error, no event, nothing left."""
    seen: list[Any] = []
    server = http.create_server(greet)
    server.on("connection", seen.append)
    loop = asyncio.get_running_loop()
    ours, peer = pair()
    ours.setblocking(False)
    transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
    transport.abort()
    assert server.emit("connection", transport)
    async with proxy(server, before=lambda sock: sock.destroy()) as outer:
        caller = await dial(outer)
        await caller.send(CONNECT)
        assert await caller.read_all() == b""
        await gone(outer)
    assert seen == []
    assert server._connection_count == 0


@on_both_loops
async def test_a_client_that_left_before_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Its socket is taken and closed."""
    caplog.set_level(logging.INFO)
    server = http.create_server(greet)
    ours, peer = await tcp_pair()
    reset(peer.sock)
    server.emit("connection", ours)
    while server._config.arriving or server._connection_count:
        await asyncio.sleep(0)
    assert caplog.records == []


def test_before_any_loop_it_waits_for_one() -> None:
    """`http.run()` serves it, and returns when it has gone."""
    program = """if True:
        import socket, threading
        from writehead import http
        ours, theirs = socket.socketpair()
        server = http.create_server(lambda req, res: res.end("inner"))
        server.emit("connection", ours)
        theirs.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
        http.run()
        print(theirs.recv(1000)[-5:].decode())
    """
    with Program(sys.executable, "-c", program) as running:
        assert running.line() == "inner"
        assert running.process.wait(TIMEOUT) == 0


# -- sockets of ours ---------------------------------------------------------------

SPLITS = {
    "one packet": [CONNECT + GET, LAST],
    "apart": [CONNECT, GET, LAST],
    "cut": [CONNECT + GET + GET[:5], GET[5:] + LAST],
}


@pytest.mark.parametrize("packets", SPLITS.values(), ids=SPLITS)
@on_both_loops
async def test_what_connect_has_opened_is_served(packets: list[bytes]) -> None:
    """What was read with the CONNECT comes first, if it was put back; the count goes to the other server."""
    inner = http.create_server(greet)
    wanted = b"".join(packets).count(GET)
    async with proxy(inner) as outer:
        peer = await dial(outer)
        await peer.send(packets[0])
        await peer.read(ESTABLISHED + greeting() * packets[0].count(GET))
        assert (outer._connection_count, inner._connection_count) == (0, 1)
        for packet in packets[1:]:
            await peer.send(packet)
        left = wanted - packets[0].count(GET)
        assert await peer.read_all() == greeting() * left + greeting(OK_CLOSE)
    await gone(inner)


@on_both_loops
async def test_it_is_the_same_socket() -> None:
    """With its listeners, its bytes counted once, and the server that it is with now."""
    sockets: list[Any] = []
    ends: list[Any] = []
    inner = http.create_server(greet)
    inner.on("connection", sockets.append)

    def before(sock: Any) -> None:
        sockets.append(sock)
        sock.on("close", ends.append)

    async with proxy(inner, before=before) as outer:
        peer = await dial(outer)
        await peer.send(CONNECT + GET)
        await peer.read(ESTABLISHED + greeting())
        assert sockets[0] is sockets[1]
        assert sockets[0].server is inner
        assert sockets[0].bytes_read == len(CONNECT + GET)
        peer.close()
        await gone(inner)
    assert ends == [False]


@on_both_loops
async def test_an_end_that_came_before_is_told_behind_what_was_read() -> None:
    """What a client sent before its FIN is answered, as on a connection that was accepted."""
    given: list[Any] = []
    inner = http.create_server(greet)
    outer = http.create_server()
    outer.on("connect", lambda req, sock, head: given.append(sock))
    async with outer:
        await outer.listen(0, "127.0.0.1")
        for sent, expected in ((GET + GET, greeting() * 2), (b"", b"")):
            peer = await dial(outer)
            await peer.send(CONNECT)
            while not given:
                await asyncio.sleep(0)
            sock = given.pop()
            await peer.send(sent)
            peer.end()
            while sock.readable:
                await asyncio.sleep(0)
            inner.emit("connection", sock)
            assert await peer.read_all() == expected
        await gone(inner)


@on_both_loops
async def test_it_waits_for_responses_before_the_upgrade() -> None:
    """Those that HTTP still owes leave first; no byte comes between."""
    inner = http.create_server(greet)
    async with proxy(inner) as outer:
        peer = await dial(outer)
        await peer.send(GET + GET + CONNECT + GET)
        expected = answer(b"outer") * 2 + greeting()
        got = b""
        while not got.endswith(b"inner"):
            got += await peer.receive()
        assert dateless(got).replace(ESTABLISHED, b"") == expected
        peer.close()
        await gone(inner)


@on_both_loops
async def test_a_connection_that_begins_later_is_watched_and_held() -> None:
    """Behind responses before the upgrade, or behind what was written in plain: the server is open from then on."""
    limits = {"headers_timeout": 40, "connections_checking_interval": 20}
    for inner in (
        http.create_server(greet, **limits),
        https.create_server(**limits, **authority().options()),
    ):  # type: ignore[arg-type]
        async with proxy(inner) as outer:
            peer = await dial(outer)
            if isinstance(inner, https.Server):
                await peer.send(CONNECT)
                await peer.read(ESTABLISHED)
                reader, writer = await asyncio.open_connection(
                    sock=peer.sock, ssl=authority().context(), server_hostname="localhost"
                )
                writer.write(GET[:10])
                assert inner in registry.every_open_server()
                assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
                writer.close()
            else:
                await peer.send(GET + CONNECT + GET[:10])
                while not inner._connection_count:
                    await asyncio.sleep(0)
                assert inner in registry.every_open_server()
                assert b"HTTP/1.1 408 " in await peer.read_all()
            await gone(inner)
        assert inner not in registry.every_open_server()


@on_both_loops
async def test_what_is_given_ready_to_a_closed_server_gets_one_response() -> None:
    """Over TLS that another has seen to, too."""
    inner = https.create_server(greet, **authority().options())
    await inner.listen(0, "127.0.0.1")
    await inner.close()
    ours, peer = pair()
    ours.setblocking(False)
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(asyncio.Protocol, ours)
    inner.emit("secureConnection", transport)
    await peer.send(GET)
    assert await peer.read_all() == greeting(OK_CLOSE)
    await gone(inner)


@on_both_loops
async def test_it_may_be_given_back() -> None:
    """From server to server, as often as the client asks for it."""
    first = http.create_server(greet)
    second = http.create_server(greet)

    def to(other: Any) -> Callable[..., None]:
        def give(req: Any, sock: Any, head: bytes) -> None:
            sock.write(ESTABLISHED)
            other.emit("connection", sock)

        return give

    first.on("connect", to(second))
    second.on("connect", to(first))
    ours, peer = pair()
    first.emit("connection", ours)
    for _ in range(3):
        await peer.send(CONNECT)
        await peer.read(ESTABLISHED)
        await peer.send(GET)
        await peer.read(greeting())
    assert (first._connection_count, second._connection_count) == (0, 1)
    await peer.send(LAST)
    assert await peer.read_all() == greeting(OK_CLOSE)
    await gone(second)


@on_both_loops
async def test_large_bodies_pass() -> None:
    """Both ways, whatever the first server's protocol was."""

    async def echo(req: Any, res: Any) -> None:
        res.end(await req.bytes())

    inner = http.create_server(echo)
    body = bytes(range(256)) * 8000
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with proxy(inner) as outer:
        peer = await dial(outer)
        sending = asyncio.ensure_future(peer.send(CONNECT + head + body))
        got = await peer.read_all()
        await sending
        assert got == ESTABLISHED + answer(body, OK_CLOSE)


def test_in_memory_without_a_loop() -> None:
    """Where a test turns the clock, too."""
    stage = Stage(greet)
    outer = http.create_server()

    def give(req: Any, sock: Any, head: bytes) -> None:
        sock.unshift(head)
        stage.server.emit("connection", sock)

    outer.on("connect", give)
    client = testing.connect(outer)
    client.send(CONNECT + GET)
    assert dateless(client.received) == greeting()
    stage.clock.advance(6000)
    assert client.closed


Number: contextvars.ContextVar[int] = contextvars.ContextVar("number")


@on_both_loops
async def test_its_requests_run_in_contexts_of_the_server() -> None:
    """Nothing of the request that gave it is seen by those that it brings."""
    seen: list[Any] = []

    def look(req: Any, res: Any) -> None:
        seen.append(Number.get(0))
        Number.set(2)
        res.end()

    inner = http.create_server(look)
    inner.on("connection", lambda sock: seen.append(Number.get(0)))
    async with proxy(inner, before=lambda sock: Number.set(1)) as outer:
        peer = await dial(outer)
        await peer.send(CONNECT + GET + LAST)
        await peer.read_all()
        await gone(inner)
    assert seen == [0, 0, 0]


# -- TLS ---------------------------------------------------------------------------


async def over_tls(peer: SocketClient, data: bytes, server_hostname: str = "localhost") -> bytes:
    """Do the handshake as a client, send `data`, and return what comes."""
    reader, writer = await asyncio.open_connection(
        sock=peer.sock, ssl=authority().context(), server_hostname=server_hostname
    )
    writer.write(data)
    got = await reader.read()
    writer.close()
    return dateless(got)


@on_both_loops
async def test_an_https_server_begins_the_handshake() -> None:
    """On a socket of the system's, and on a transport."""
    events: list[str] = []
    server = https.create_server(greet, **authority().options())
    server.on("connection", lambda sock: events.append("connection"))
    server.on("secureConnection", lambda sock: events.append("secureConnection"))
    loop = asyncio.get_running_loop()
    for wrap in (False, True):
        ours, peer = pair()
        if wrap:
            ours.setblocking(False)
            transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
            server.emit("connection", transport)
        else:
            server.emit("connection", ours)
        assert await over_tls(peer, LAST) == greeting(OK_CLOSE)
        await gone(server)
    assert events == ["connection", "secureConnection"] * 2


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@on_both_loops
async def test_tls_begins_inside_of_what_connect_has_opened(secure: bool) -> None:
    """The proxy answers in plain, or in its own TLS; then the handshake of the other server follows."""
    seen: list[Any] = []
    inner = https.create_server(greet, **authority().options())
    inner.on("connection", seen.append)
    async with proxy(inner, secure, seen.append) as outer:
        peer = await dial(outer)
        client = authority().context()
        if secure:
            got = await asyncio.to_thread(tunnel_in_tls, peer.sock, client)
        else:
            await peer.send(CONNECT)
            await peer.read(ESTABLISHED)
            got = await over_tls(peer, LAST)
        assert dateless(got) == greeting(OK_CLOSE)
        await gone(inner)
        assert outer._connection_count == 0
    assert seen[0] is seen[1]
    assert seen[0].destroyed


def tunnel_in_tls(sock: socket.socket, client: ssl.SSLContext) -> bytes:
    """CONNECT over TLS, then TLS within it, and a request."""
    sock.settimeout(TIMEOUT)
    outer = client.wrap_socket(sock, server_hostname="localhost")
    outer.sendall(CONNECT)
    assert outer.recv(65536) == ESTABLISHED
    inner = RecordClient(outer, client)
    inner.send(LAST)
    got = b""
    while not got.endswith(b"inner") and (data := inner.read()):
        got += data
    sock.close()
    outer.close()
    return got


@on_both_loops
async def test_a_hello_that_came_with_the_connect_is_read_first() -> None:
    """What was put back is the beginning of the handshake."""
    inner = https.create_server(greet, **authority().options())
    async with proxy(inner) as outer:
        peer = await dial(outer)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = authority().context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        await peer.send(CONNECT + outgoing.read())
        got = b""
        while len(got) <= len(ESTABLISHED):
            got += await peer.receive()
        incoming.write(got.removeprefix(ESTABLISHED))
        while True:
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                incoming.write(await peer.receive())
        client.write(LAST)
        await peer.send(outgoing.read())
        got = b""
        while not got.endswith(b"inner"):
            try:
                got += client.read()
            except ssl.SSLWantReadError:
                incoming.write(await peer.receive())
        assert dateless(got) == greeting(OK_CLOSE)
        peer.close()
        await gone(inner)


@on_both_loops
async def test_http_is_served_inside_of_an_upgraded_tls_socket() -> None:
    """By a plain server, or by an https server that is told that TLS has been seen to."""
    for inner, event in (
        (http.create_server(greet), "connection"),
        (https.create_server(greet, **authority().options()), "secureConnection"),
    ):
        outer = https.create_server(**authority().options())
        outer.on("connect", lambda req, sock, head, inner=inner, event=event: inner.emit(event, sock))
        async with outer:
            await outer.listen(0, "127.0.0.1")
            peer = await dial(outer)
            reader, writer = await asyncio.open_connection(
                sock=peer.sock, ssl=authority().context(), server_hostname="localhost"
            )
            writer.write(CONNECT)
            while not inner._connection_count:  # noqa: ASYNC110
                await asyncio.sleep(0)
            writer.write(LAST)
            assert dateless(await reader.read()) == greeting(OK_CLOSE)
            writer.close()
            await gone(inner)


@on_both_loops
async def test_what_has_ended_has_no_handshake() -> None:
    """A client that ends behind its CONNECT is let go, on both servers."""
    inner = https.create_server(greet, **authority().options())
    async with proxy(inner) as outer:
        peer = await dial(outer)
        await peer.send(CONNECT)
        peer.end()
        assert await peer.read_all() == ESTABLISHED
        await gone(inner)


# -- what cannot be served ---------------------------------------------------------


def test_what_is_no_stream_is_refused(tmp_path: Path) -> None:
    """At once, with what would be right."""
    server = http.create_server(greet)
    for value in (None, 5, "stream", object(), server):
        with pytest.raises(
            InvalidArgTypeError, match=r"an instance of Socket, socket\.socket or asyncio\.Trans"
        ):
            server.emit("connection", value)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pytest.raises(InvalidArgTypeError, match="SOCK_STREAM"),
    ):
        server.emit("connection", datagrams)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(InvalidArgValueError, match=r"listens: give it to listen\(\)"),
    ):
        server.emit("connection", listener)
    with pytest.raises(InvalidArgValueError, match="is closed"):
        server.emit("connection", listener)
    with pytest.raises(InvalidArgValueError, match="has no connection"):
        server.emit("connection", http.Socket())


@on_both_loops
async def test_a_stream_has_one_reader() -> None:
    """What HTTP serves, what a handshake reads, and what a task reads is refused, as Socket and as transport."""
    refused: list[Any] = []
    server = http.create_server()

    def give(stream: Any) -> None:
        with pytest.raises(InvalidArgValueError, match="served already|read by") as caught:
            server.emit("connection", stream)
        refused.append(str(caught.value))

    @server.on("request")
    def serve(req: Any, res: Any) -> None:
        give(req.socket)
        give(req.socket.transport)
        res.end("inner")

    ours, peer = pair()
    server.emit("connection", ours)
    await peer.send(GET)
    await peer.read(greeting())

    @server.on("connect")
    async def read(req: Any, sock: Any, head: bytes) -> None:
        sock.write(ESTABLISHED)
        async for _ in sock:
            give(sock)
            give(sock.transport)
            sock.end()

    await peer.send(CONNECT)
    await peer.read(ESTABLISHED)
    await peer.send(b"x")
    assert await peer.read_all() == b""
    peer.close()
    secure = https.create_server(greet, **authority().options())
    secure.on("connection", give)
    secure.on("secureConnection", lambda sock: give(sock.transport))
    ours, peer = pair()
    secure.emit("connection", ours)
    assert await over_tls(peer, LAST) == greeting(OK_CLOSE)
    await gone(server)
    await gone(secure)
    assert len(refused) == 6


@on_both_loops
async def test_a_stream_writer_is_told_what_to_give() -> None:
    """Its reader may have read already."""
    server = http.create_server(greet)
    ours, peer = pair()
    _, writer = await asyncio.open_connection(sock=ours)
    with pytest.raises(InvalidArgTypeError, match="the `transport` of the StreamWriter"):
        server.emit("connection", writer)
    server.emit("connection", writer.transport)
    await peer.send(LAST)
    assert await peer.read_all() == greeting(OK_CLOSE)


def test_other_events_are_emitted_as_before() -> None:
    """'connection' without a stream, too."""
    seen: list[Any] = []
    server = http.create_server()
    server.on("connection", lambda *args: seen.append(args))
    server.on("mine", lambda *args: seen.append(args))
    assert server.emit("mine", 1)
    assert server.emit("connection")
    assert not server.emit("nothing", 1)
    assert seen == [(1,), ()]
