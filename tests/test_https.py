"""The https server on real sockets, both loops, next to Node's."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import ssl
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import TIMEOUT, on_both_loops
from tests.kit.masks import dateless
from tests.kit.node import HERE, node
from tests.kit.raw_client import connect as connect_plain
from tests.kit.raw_client import read_all, reset
from tests.kit.stage import OK_CLOSE
from tests.kit.tls_client import RecordClient, connect
from writehead import http, https
from writehead.errors import (
    HTTPError,
    InvalidArgTypeError,
    OutOfRangeError,
    ServerNameRequiredError,
    TLSError,
)

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
GET_CLOSE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
PONG = OK_CLOSE + b"Content-Length: 4\r\n\r\npong"


def server_of(handler: Any = None, **options: Any) -> https.Server:
    return https.create_server(authority().options() | options, handler or (lambda req, res: res.end("pong")))


async def listening(server: https.Server) -> int:
    await server.listen(0, "127.0.0.1")
    address = server.address()
    assert isinstance(address, dict)
    port: int = address["port"]
    return port


def rest(client: ssl.SSLSocket) -> bytes:
    """Return what comes up to the server's close_notify; an end without one is an error."""
    with client:
        return read_all(client)


def ask(port: int, request: bytes = GET_CLOSE, context: ssl.SSLContext | None = None) -> bytes:
    client = connect(port, context)
    client.sendall(request)
    return dateless(rest(client))


# -- serving ----------------------------------------------------------------------


@on_both_loops
async def test_a_request_is_answered_and_the_end_is_proper() -> None:
    """The bytes are those of http; behind the last answer comes a close_notify."""
    server = server_of()
    async with server:
        port = await listening(server)
        assert await asyncio.to_thread(ask, port) == PONG


@on_both_loops
async def test_a_connection_is_kept() -> None:
    """Requests follow each other over one handshake."""
    server = server_of()
    secured: list[Any] = []
    server.on("secureConnection", secured.append)

    def talk(port: int) -> bytes:
        with connect(port) as client:
            for _ in range(20):
                client.sendall(GET)
                assert client.recv(1000).endswith(b"pong")
            client.sendall(GET_CLOSE)
            return dateless(rest(client))

    async with server:
        assert await asyncio.to_thread(talk, await listening(server)) == PONG
    assert len(secured) == 1


@on_both_loops
async def test_large_bodies_go_both_ways_past_a_slow_reader() -> None:
    """What is read in pieces and answered in pieces arrives whole, and neither side's memory holds it all."""
    body = os.urandom(8 << 20)
    waiting: list[int] = []

    async def echo(req: Any, res: Any) -> None:
        async for chunk in req:
            if not res.write(chunk):
                waiting.append(res.writable_length)
                await res.drain()
        res.end()

    def talk(port: int) -> bytes:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        client = connect(port)
        client.sendall(head)
        got = []
        client.setblocking(False)
        sent = 0
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:  # a client that reads a little, then writes a little
            try:
                sent += client.send(body[sent : sent + 50_000]) if sent < len(body) else 0
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                pass
            try:
                part = client.recv(40_000)
                if not part:
                    break
                got.append(part)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
        client.close()
        return b"".join(got)

    server = server_of(echo)
    async with server:
        answer = await asyncio.to_thread(talk, await listening(server))
    assert hashlib.sha256(unchunked(answer)).digest() == hashlib.sha256(body).digest()
    assert max(waiting, default=0) < 4 << 20


def unchunked(answer: bytes) -> bytes:
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert b"chunked" in head
    parts = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        parts.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return b"".join(parts)


@on_both_loops
async def test_finish_means_that_the_system_has_every_byte() -> None:
    """With a client that does not read, a large answer is not finished; when it reads, it is."""
    finished = asyncio.Event()
    began = asyncio.Event()

    def handler(req: Any, res: Any) -> None:
        res.on("finish", finished.set)
        res.end(bytes(30_000_000))
        began.set()

    server = server_of(handler)
    async with server:
        client = await asyncio.to_thread(connect, await listening(server))
        client.sendall(GET_CLOSE)
        await began.wait()
        for _ in range(20):
            await asyncio.sleep(0.01)
        assert not finished.is_set()
        assert len(await asyncio.to_thread(rest, client)) > 30_000_000
        await finished.wait()


@on_both_loops
async def test_a_client_that_resets_costs_only_its_answer() -> None:
    """The response closes, does not finish, and the next client is served."""
    log: list[str] = []
    closed = asyncio.Event()

    def handler(req: Any, res: Any) -> None:
        res.on("finish", lambda: log.append("finish"))
        res.on("close", lambda: (log.append("close"), closed.set()))
        res.end(bytes(30_000_000) if req.url == "/big" else "pong")

    server = server_of(handler)
    async with server:
        port = await listening(server)
        client = await asyncio.to_thread(connect, port)
        client.sendall(GET.replace(b"/ ", b"/big "))
        await asyncio.to_thread(client.recv, 1000)
        reset(client)
        await closed.wait()
        assert log == ["close"]
        assert await asyncio.to_thread(ask, port) == PONG


@on_both_loops
async def test_a_file_is_sent_over_tls() -> None:
    """`send_file` copies where the kernel cannot."""

    async def handler(req: Any, res: Any) -> None:
        await res.send_file(__file__)

    server = server_of(handler)
    async with server:
        answer = await asyncio.to_thread(ask, await listening(server))
    assert answer.endswith(Path(__file__).read_bytes())


@on_both_loops
async def test_a_task_answers_though_the_close_notify_came_with_its_request() -> None:
    """What waits for no I/O comes in time, as on Node; with the FIN in the same packet and without."""

    async def handle(req: Any, res: Any) -> None:
        await req.bytes()
        for _ in range(3):
            await asyncio.sleep(0)
        res.end("pong")

    def ask_and_end(port: int, fin: bool) -> bytes:
        with connect_plain(port) as raw:
            client = RecordClient(raw)
            raw.sendall(client.records(GET) + client.close_notify())
            if fin:
                raw.shutdown(socket.SHUT_WR)
            return dateless(b"".join(iter(client.read, b"")))

    async with server_of(handle) as server:
        port = await listening(server)
        for fin in (False, True):
            assert (await asyncio.to_thread(ask_and_end, port, fin)).endswith(b"\r\n\r\npong")


@on_both_loops
async def test_an_upgrade_keeps_its_tls() -> None:
    """The socket of an upgrade is the user's two-way stream, encrypted as before."""
    server = server_of()

    @server.on("upgrade")
    def upgrade(req: Any, socket: Any, head: bytes) -> None:
        socket.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        socket.on("data", lambda data: socket.write(data.upper()))
        socket.on("end", socket.end)

    def talk(port: int) -> bytes:
        client = connect(port)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 101 ")
        client.sendall(b"hello")
        got = client.recv(1000)
        client.unwrap().close()
        return got

    async with server:
        assert await asyncio.to_thread(talk, await listening(server)) == b"HELLO"


@on_both_loops
async def test_plain_http_to_the_port_hears_nothing() -> None:
    """A client that forgets TLS is cut off without an answer, and the next one is served."""
    errors: list[Any] = []
    server = server_of()
    server.on("tlsClientError", lambda error, socket: errors.append(error))

    def talk(port: int) -> bytes:
        with connect_plain(port) as client:
            client.sendall(GET)
            return client.recv(1000)

    async with server:
        port = await listening(server)
        assert await asyncio.to_thread(talk, port) == b""
        assert [(type(error), error.code) for error in errors] == [(TLSError, "ERR_SSL_HTTP_REQUEST")]
        assert await asyncio.to_thread(ask, port) == PONG


@on_both_loops
async def test_a_silent_client_has_the_time_of_the_handshake() -> None:
    """With a short `handshake_timeout` it is cut off by the loop's own clock."""
    server = server_of(handshake_timeout=timedelta(milliseconds=50))
    errors: list[Any] = []
    server.on("clientError", lambda error, socket: errors.append(error.code))

    def talk(port: int) -> bytes:
        with connect_plain(port) as client:
            return client.recv(1000)

    async with server:
        assert await asyncio.to_thread(talk, await listening(server)) == b""
    assert errors == ["ERR_TLS_HANDSHAKE_TIMEOUT"]


@on_both_loops
async def test_closing_waits_for_answers_and_not_for_handshakes() -> None:
    """`close` ends connections in their handshake at once, and those that work after their answer."""
    held: list[Any] = []
    asked = asyncio.Event()
    server = server_of(lambda req, res: (held.append(res), asked.set()))
    port = await listening(server)
    busy = await asyncio.to_thread(connect, port)
    silent = await asyncio.to_thread(connect_plain, port)
    busy.sendall(GET)
    await asked.wait()
    server.close()
    assert await asyncio.to_thread(silent.recv, 10) == b""
    silent.close()
    held[0].end("pong")
    await server
    assert dateless(await asyncio.to_thread(rest, busy)) == PONG


def cut(client: socket.socket) -> bytes:
    """Return what comes before the end of the TCP connection: a cut has no close_notify, on Node neither."""
    parts = []
    with client:
        try:
            while part := client.recv(1 << 16):
                parts.append(part)
        except (ssl.SSLError, ConnectionResetError) as error:
            if isinstance(error, ssl.SSLError) and error.reason != "UNEXPECTED_EOF_WHILE_READING":
                assert isinstance(error, ssl.SSLEOFError)  # Python 3.11.2 has no class for the other
            return dateless(b"".join(parts)) + b"<cut>"
    return dateless(b"".join(parts))


@on_both_loops
async def test_close_with_every_kind_of_connection() -> None:
    """Idle, silent and shaking hands: cut; busy: served to its end; upgraded: it holds 'close' back."""
    held = asyncio.get_running_loop().create_future()
    taken = asyncio.get_running_loop().create_future()

    def handle(req: Any, res: Any) -> None:
        if req.url == "/slow":
            held.set_result(res)
        else:
            res.end("pong")

    server = server_of(handle)
    server.on("upgrade", lambda req, socket, head: taken.set_result(socket))
    port = await listening(server)
    silent, idle, busy, upgraded = [await asyncio.to_thread(connect, port) for _ in range(4)]
    shaking = await asyncio.to_thread(connect_plain, port)
    idle.sendall(GET)
    assert (await asyncio.to_thread(idle.recv, 1000)).endswith(b"pong")
    busy.sendall(GET.replace(b"/ ", b"/slow "))
    upgraded.sendall(GET[:-2] + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n")
    res, its = await held, await taken
    closing = asyncio.ensure_future(server.close()._wait())
    assert await asyncio.to_thread(cut, silent) == b"<cut>"
    assert await asyncio.to_thread(cut, idle) == b"<cut>"
    assert await asyncio.to_thread(gone, shaking) in (b"", b"<reset>")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.to_thread(connect_plain, port)
    res.end("late")
    assert await asyncio.to_thread(cut, busy) == PONG.replace(b"pong", b"late")
    count = asyncio.get_running_loop().create_future()
    server.get_connections(lambda error, number: count.set_result(number))
    assert (await count, closing.done()) == (1, False)
    its.destroy()
    await closing
    assert await asyncio.to_thread(cut, upgraded) == b"<cut>"


# -- certificates -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reject", "names", "answered"),
    [
        (True, ("me@example.org",), b"True None me@example.org"),
        (True, (), None),
        (False, (), b"False UNABLE_TO_GET_ISSUER_CERT -"),
        (False, ("me@example.org",), b"True None me@example.org"),
    ],
)
@on_both_loops
async def test_clients_with_and_without_certificates(
    reject: bool, names: tuple[str, ...], answered: bytes | None
) -> None:
    """`request_cert` asks, `reject_unauthorized` insists; the socket knows who it is."""

    def handler(req: Any, res: Any) -> None:
        its = req.socket
        name = its.get_peer_certificate().get("subjectaltname", "email:-").partition(":")[2]
        res.end(f"{its.authorized} {its.authorization_error} {name}")

    server = server_of(handler, ca=authority().pem, requestCert=True, rejectUnauthorized=reject)
    async with server:
        port = await listening(server)
        context = authority().context(*names)
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # a refusal is the handshake's
        if answered is None:
            with pytest.raises(ssl.SSLError):
                await asyncio.to_thread(ask, port, GET_CLOSE, context)
        else:
            assert (await asyncio.to_thread(ask, port, GET_CLOSE, context)).endswith(answered)


@on_both_loops
async def test_a_protocol_is_agreed_on() -> None:
    """ALPN offers http/1.1 alone; a client that offers nothing is served too."""
    server = server_of(lambda req, res: res.end(str(req.socket.alpn_protocol)))
    async with server:
        port = await listening(server)
        context = authority().context()
        assert (await asyncio.to_thread(ask, port, GET_CLOSE, context)).endswith(b"False")
        context.set_alpn_protocols(["h2", "http/1.1"])
        assert (await asyncio.to_thread(ask, port, GET_CLOSE, context)).endswith(b"http/1.1")


@on_both_loops
async def test_a_certificate_is_renewed_without_a_restart() -> None:
    """A kept connection goes on with the old certificate, a new one has the new one."""
    server = server_of()
    async with server:
        port = await listening(server)
        with await asyncio.to_thread(connect, port) as old:
            before = old.getpeercert(binary_form=True)
            server.set_secure_context(authority().options("localhost", "127.0.0.1"))
            with await asyncio.to_thread(connect, port) as new:
                assert new.getpeercert(binary_form=True) != before
            old.sendall(GET_CLOSE)
            assert dateless(await asyncio.to_thread(rest, old)) == PONG


# -- options --------------------------------------------------------------------------


def test_a_server_is_made_in_every_form() -> None:
    """Options first, handler first, keywords of both kinds, nothing at all; in both spellings."""
    options = authority().options()

    def handler(req: Any, res: Any) -> None: ...

    for server in (
        https.create_server(options | {"keepAliveTimeout": 7, "minVersion": "TLSv1.3"}, handler),
        https.createServer(handler, keep_alive_timeout=7, min_version="TLSv1.3", **options),
        https.Server(options, handler, keep_alive_timeout=7, minVersion="TLSv1.3"),
    ):
        assert isinstance(server, http.Server)
        assert server.keep_alive_timeout == 7
        assert server.listeners("request") == [handler]
        assert server._handshake.context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert https.create_server(handler).listeners("request") == [handler]
    assert https.create_server().listener_count("request") == 0


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"handshake_timeout": "x"}, InvalidArgTypeError),
        ({"handshake_timeout": -1}, OutOfRangeError),
        ({"sni_callback": 5}, InvalidArgTypeError),
        ({"alpn_protocols": "http/1.1"}, InvalidArgTypeError),
        ({"pfx": b"x"}, TypeError),
        ({"request_timeout": "x"}, InvalidArgTypeError),
        ({"nonsense": 1}, TypeError),
    ],
)
def test_an_option_of_a_wrong_type_or_value(options: dict[str, Any], kind: type[Exception]) -> None:
    """What is wrong is said when the server is made."""
    with pytest.raises(kind):
        https.create_server(**options)


def test_the_options_of_a_server_itself() -> None:
    """Not a mapping, or a handler that is none: as for http."""
    with pytest.raises(InvalidArgTypeError):
        https.create_server(5)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgTypeError):
        https.create_server({}, 5)  # type: ignore[arg-type]
    server = https.create_server({"alpnProtocols": [b"http/1.1", "x"], "request_cert": False})
    assert server._handshake.protocols == ["http/1.1", "x"]
    assert server._handshake.context.verify_mode == ssl.CERT_NONE


def test_a_context_of_the_users_own_is_used() -> None:
    """`ssl_context` stands for key and cert, and keeps whom it asks for certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = https.create_server(ssl_context=context)
    assert server._handshake.context is context
    assert context.verify_mode == ssl.CERT_OPTIONAL


def test_names_and_contexts_are_checked() -> None:
    """Node's codes: a name is required, a context is a mapping or an SSLContext."""
    server = https.create_server()
    for call, kind in (
        (lambda: server.add_context("", {}), ServerNameRequiredError),
        (lambda: server.add_context(5, {}), InvalidArgTypeError),
        (lambda: server.add_context("a", 5), InvalidArgTypeError),
        (lambda: server.set_secure_context(), InvalidArgTypeError),
        (lambda: server.set_secure_context(5), InvalidArgTypeError),
    ):
        with pytest.raises(kind):
            call()


@on_both_loops
async def test_the_sockets_options_are_those_of_the_server() -> None:
    """`no_delay` and `keep_alive` reach the system's socket."""
    server = server_of(no_delay=False, keep_alive=True)
    found: list[int] = []

    def look(its: Any) -> None:
        sock = its.transport.get_extra_info("socket")
        found.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        found.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))

    server.on("secureConnection", look)
    async with server:
        assert await asyncio.to_thread(ask, await listening(server)) == PONG
    assert (found[0], bool(found[1])) == (0, True)


# -- next to Node -------------------------------------------------------------------


def gone(client: socket.socket) -> bytes:
    with client:
        try:
            return client.recv(1000)
        except OSError:
            return b"<reset>"


def sends(data: bytes) -> Callable[[int], bytes]:
    def talk(port: int) -> bytes:
        client = connect_plain(port)
        client.sendall(data)
        return gone(client)

    return talk


def asks(
    *client_names: str,
    protocols: tuple[str, ...] = (),
    request: bytes = GET_CLOSE,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> Callable[[int], bytes]:
    def talk(port: int) -> bytes:
        context = authority().context(*client_names)
        context.maximum_version = newest
        if protocols:
            context.set_alpn_protocols(protocols)
        try:
            client = connect(port, context)
            client.sendall(request)
            return dateless(rest(client))
        except ssl.SSLError as error:
            return str(error.reason).encode()

    return talk


def destroyed(url: bytes) -> Callable[[int], bytes]:
    def talk(port: int) -> bytes:
        client = connect(port)
        client.sendall(GET.replace(b"/ ", url + b" "))
        return cut(client)

    return talk


def leaves(properly: bool, rest: bytes = b"") -> Callable[[int], bytes]:
    def talk(port: int) -> bytes:
        with connect(port) as client:
            client.sendall(GET)
            got = dateless(client.recv(1000))
            client.sendall(rest)
            if properly:
                try:
                    client.unwrap().close()
                except ssl.SSLError:  # an answer came first
                    pass
            return got

    return talk


def hangs_up(first: bytes, hard: bool = False) -> Callable[[int], bytes]:
    def talk(port: int) -> bytes:
        client = connect_plain(port)
        client.sendall(first)
        if hard:
            time.sleep(0.05)  # or the server never sees what came before the reset
            reset(client)
            return b""
        client.shutdown(socket.SHUT_WR)
        return gone(client)

    return talk


HALF_HELLO = b"\x16\x03\x01\x02\x00\x01"
SCENARIOS: dict[str, tuple[dict[str, Any], Callable[[int], bytes]]] = {
    "a request": ({}, asks()),
    "a kept connection, ended properly": ({}, leaves(True)),
    "a kept connection, ended by FIN alone": ({}, leaves(False)),
    "an idle connection whose time is up": (
        {"keepAliveTimeout": 50, "keepAliveTimeoutBuffer": 0},
        destroyed(b"/"),
    ),
    "destroyed by the handler": ({}, destroyed(b"/destroy")),
    "ended inside a request": ({"silent": True}, leaves(True, b"GET / HT")),
    "a bad request": ({"silent": True}, asks(request=b"BAD\r\n\r\n")),
    "plain http": ({}, sends(GET)),
    "plain http, nobody listens": ({"silent": True}, sends(GET)),
    "garbage": ({}, sends(b"\x16\x03\x01\x00\x05hello")),
    "silence and FIN": ({}, hangs_up(b"")),
    "half a hello and FIN": ({}, hangs_up(HALF_HELLO)),
    "half a hello and reset": ({}, hangs_up(HALF_HELLO, hard=True)),
    "a slow handshake": ({"handshakeTimeout": 100}, sends(HALF_HELLO)),
    "a slow handshake, nobody listens": ({"handshakeTimeout": 100, "silent": True}, sends(HALF_HELLO)),
    "no client certificate": ({"requestCert": True, "maxVersion": "TLSv1.2"}, asks()),
    "no client certificate, let in": ({"requestCert": True, "rejectUnauthorized": False}, asks()),
    "a client certificate": ({"requestCert": True}, asks("me@example.org")),
    "a protocol": ({}, asks(protocols=("h2", "http/1.1"))),
    "a protocol that is not spoken": ({}, asks(protocols=("h2",))),
    "a protocol that is not spoken, with TLS 1.2": ({"maxVersion": "TLSv1.2"}, asks(protocols=("h2", "x"))),
    "a protocol that is not spoken, in an old version": (
        {"minVersion": "TLSv1.3"},
        asks(protocols=("h2",), newest=ssl.TLSVersion.TLSv1_2),
    ),
    "a protocol where none is asked for": ({"ALPNProtocols": []}, asks(protocols=("h2",))),
    "old versions only": ({"minVersion": "TLSv1.3", "silent": True}, asks()),
}
Log = list[list[str]]


@pytest.fixture(scope="module", name="node")
def running_node() -> Iterator[subprocess.Popen[str]]:
    facts = authority().options() | {
        "ca": authority().pem,
        "servers": {k: v[0] for k, v in SCENARIOS.items()},
    }
    arguments = [str(node()), str(HERE / "https_peer.js"), json.dumps(facts)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.ports = json.loads(process.stdout.readline())  # type: ignore[attr-defined]
        yield process
        process.kill()


def on_node(node: Any, name: str) -> tuple[bytes, Log]:
    answer = SCENARIOS[name][1](node.ports[name])
    node.stdin.write(name + "\n")
    node.stdin.flush()
    return answer, json.loads(node.stdout.readline())


async def here(name: str) -> tuple[bytes, Log]:
    options, talk = SCENARIOS[name]
    log: Log = []

    def follow(emitter: Any, who: str, events: str) -> None:
        def told(event: str, *args: Any) -> None:
            what = "".join(
                f" {each.code}" if isinstance(each, HTTPError) else f" {str(each).lower()}"
                for each in args[:1]
                if isinstance(each, (HTTPError, bool))
            )
            log.append([who, event + what])

        for event in events.split():
            emitter.on(event, lambda *args, event=event: told(event, *args))

    def handler(req: Any, res: Any) -> None:
        its = req.socket
        words = [req.url, str(its.authorized).lower(), str(its.alpn_protocol).replace("False", "false")]
        log.append(["server", "request " + " ".join(words)])
        follow(req, "req", "end close aborted")
        follow(res, "res", "finish close")
        req.resume()
        its.destroy() if req.url == "/destroy" else res.end("pong")

    def failed(name: str) -> Callable[..., None]:
        def note(error: Any, its: Any) -> None:
            log.append(["server", f"{name} {error.code} {str(its.destroyed).lower()}"])
            its.destroy()

        return note

    ours = {option: value for option, value in options.items() if option != "silent"}
    server = server_of(handler, ca=authority().pem, emit_close_after_finish=True, **ours)
    server.on(
        "connection", lambda its: log.append(["server", f"connection {str(bool(its.encrypted)).lower()}"])
    )
    server.on("connection", lambda its: follow(its, "raw", "end finish error close"))
    server.on("secureConnection", lambda its: log.append(["server", "secureConnection"]))
    server.on("secureConnection", lambda its: follow(its, "tls", "end finish error close"))
    if not options.get("silent"):
        for event in ("clientError", "tlsClientError"):
            server.on(event, failed(event))
    async with server:
        answer = await asyncio.to_thread(talk, await listening(server))
        while not any(entry[0] == "raw" and entry[1].startswith("close") for entry in log):
            await asyncio.sleep(0.005)
    return answer, log


def by_emitter(log: Log) -> dict[str, list[str]]:
    """Return the events of each emitter in order; between a request and its response Node promises none."""
    found: dict[str, list[str]] = defaultdict(list)
    for who, what in log:
        found[who].append(what)
    return dict(found)


@pytest.mark.node
@pytest.mark.parametrize("name", SCENARIOS)
@on_both_loops
async def test_events_come_as_on_node(name: str, node: Any) -> None:
    """Bytes and events of every emitter, handshakes good and bad, are those of Node's https server."""
    theirs = await asyncio.to_thread(on_node, node, name)
    ours = await here(name)
    if name == "a bad request":  # Node ends it without close_notify
        theirs = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", theirs[1]
    assert ours[0] == theirs[0]
    assert by_emitter(ours[1]) == by_emitter(theirs[1])
