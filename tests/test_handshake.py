"""The handshake in memory: done, failed, given up, slow; and which certificate answers."""

from __future__ import annotations

import asyncio
import gc
import ssl
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.tls_client import MemoryClient
from writehead import https, testing
from writehead._testing.transport import MemoryTransport
from writehead._tls.handshake import Handshake
from writehead._tls.transport import TLSTransport
from writehead.errors import ConnectionLostError, HandshakeTimeoutError, TLSError
from writehead.testing import settle

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Stage:
    """An https server in memory, and the log of what it tells."""

    def __init__(self, **options: Any) -> None:
        self.log: list[Any] = []
        self.sockets: list[Any] = []
        self.server = https.create_server(
            lambda req, res: res.end("pong"), **(authority().options() | options)
        )
        self.clock = testing.listen(self.server)
        self.server.on("connection", self._on_connection)
        self.server.on("secureConnection", self._on_secure)
        for name in ("clientError", "tlsClientError"):
            self.server.on(name, lambda error, socket, name=name: self._on_error(name, error, socket))

    def _on_connection(self, socket: Any) -> None:
        self.log.append("connection")
        self.sockets.append(socket)
        socket.on("close", lambda had_error: self.log.append(("raw close", had_error)))

    def _on_secure(self, socket: Any) -> None:
        self.log.append("secureConnection")
        self.sockets.append(socket)
        socket.on("close", lambda had_error: self.log.append(("close", had_error)))

    def _on_error(self, name: str, error: Any, socket: Any) -> None:
        self.log.append((name, error.code, socket.destroyed))
        self.sockets.append(socket)
        if name == "clientError":
            socket.on("close", lambda had_error: self.log.append(("failed close", had_error)))

    def transport(self) -> MemoryTransport:
        """Return the transport of a new connection."""
        return testing.connect(self.server).transport

    def client(self, context: ssl.SSLContext | None = None, name: str | None = "localhost") -> MemoryClient:
        return MemoryClient(self.transport(), context, name)

    @property
    def count(self) -> int:
        counts: list[int] = []
        self.server.get_connections(lambda _, n: counts.append(n))
        settle()
        return counts[0]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_handshake_in_any_pieces_leads_to_http(version: ssl.TLSVersion) -> None:
    """The client's bytes may come one by one; the request may come with the last of them."""
    stage = Stage()
    context = authority().context()
    context.maximum_version = version
    client = stage.client(context)
    for _ in range(3):
        try:
            client.ssl.do_handshake()
            break
        except ssl.SSLWantReadError:
            for byte in client.outgoing.read():
                client.raw.feed(bytes([byte]))
            client.exchange()
    client.pack(GET)
    for byte in client.outgoing.read():
        client.raw.feed(bytes([byte]))
    assert client.read().endswith(b"\r\n\r\npong")
    assert stage.log == ["connection", "secureConnection"]
    assert stage.count == 1


def test_a_server_that_is_closed_by_its_callback_answers_nobody() -> None:
    """Who has been cut meanwhile is not answered, though there is a context."""
    stage = Stage(sni_callback=lambda name: stage.server.close_all_connections())
    client = stage.client()
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.exchange()
    assert (client.raw.closed, bytes(client.raw.written)) == (True, b"")


def test_a_callback_that_closes_the_server_behind_its_answer() -> None:
    """The same where the answer was given first."""

    def choose(name: str, answer: Any) -> None:
        answer(None, None)
        stage.server.close_all_connections()

    stage = Stage(sni_callback=choose)
    client = stage.client()
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.exchange()
    assert (client.raw.closed, bytes(client.raw.written)) == (True, b"")


def test_the_raw_socket_is_not_encrypted_and_the_other_is() -> None:
    """'connection' gives the raw socket before the handshake, 'secureConnection' the one of HTTP."""
    stage = Stage()
    client = stage.client()
    (raw,) = stage.sockets
    assert (raw.encrypted, raw.authorized, raw.authorization_error) == (None, None, None)
    assert (raw.get_cipher(), raw.get_peer_certificate(), raw.alpn_protocol) == (None, None, None)
    client.shake_hands()
    secure = stage.sockets[1]
    assert (secure.encrypted, secure.authorized, secure.alpn_protocol) == (True, False, False)
    assert (secure.remote_port, raw.remote_port) == (raw.remote_port, secure.remote_port)
    assert secure.get_cipher()["version"] == "TLSv1.3"
    assert secure.get_peer_certificate() == {}
    assert secure.server is stage.server
    client.send(GET)
    assert (secure.bytes_read, raw.bytes_read > len(GET)) == (len(GET), True)
    client.say_goodbye()
    assert stage.log[2:] == [("raw close", False), ("close", False)]
    assert stage.count == 0


def test_without_listeners_a_failure_costs_nothing() -> None:
    """Nobody is told, nothing is logged, the connection is gone."""
    stage = Stage()
    for name in ("connection", "clientError", "tlsClientError"):
        stage.server.remove_all_listeners(name)
    raw = stage.transport()
    raw.feed(GET)
    settle()
    assert (raw.closed, bytes(raw.written), stage.log, stage.count) == (True, b"", [], 0)


def test_plain_http_is_told_by_its_code() -> None:
    """A request without TLS has the code ERR_SSL_HTTP_REQUEST; nothing is written."""
    stage = Stage()
    raw = stage.transport()
    raw.feed(GET)
    settle()
    assert stage.log == [
        "connection",
        ("clientError", "ERR_SSL_HTTP_REQUEST", True),
        ("tlsClientError", "ERR_SSL_HTTP_REQUEST", True),
        ("raw close", False),
        ("failed close", True),
    ]
    assert (bytes(raw.written), raw.closed) == (b"", True)
    failed = stage.sockets[1]
    assert (failed.encrypted, failed.writable, failed.authorized) == (True, False, False)
    assert failed.remote_address == "127.0.0.1"


def test_garbage_gets_an_alert_and_no_more() -> None:
    """What is no ClientHello is answered by TLS's own alert."""
    stage = Stage()
    raw = stage.transport()
    raw.feed(b"\x16\x03\x01\x00\x05hello")
    settle()
    assert bytes(raw.written) == b"\x15\x03\x03\x00\x02\x02\x0a"
    assert stage.log[1] == ("clientError", "ERR_SSL_UNEXPECTED_MESSAGE", True)
    assert raw.closed


def test_what_still_comes_after_a_failure_is_not_looked_at() -> None:
    """A failed handshake hears nothing more."""
    stage = Stage()
    raw = stage.transport()
    protocol = raw.get_protocol()
    raw.feed(GET)
    settle()
    protocol.data_received(GET)
    assert [entry[0] for entry in stage.log[1:3]] == ["clientError", "tlsClientError"]
    assert len(stage.log) == 5


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "half a hello"])
def test_a_client_that_leaves_hangs_up(first: bytes) -> None:
    """A FIN before the handshake is done is a lost connection, told behind the raw 'close'."""
    stage = Stage()
    raw = stage.transport()
    if first:
        raw.feed(first)
    raw.feed(None)
    settle()
    assert stage.log == [
        "connection",
        ("raw close", False),
        ("clientError", "ECONNRESET", True),
        ("tlsClientError", "ECONNRESET", True),
        ("failed close", True),
    ]
    assert isinstance(stage.sockets[1].errored, ConnectionLostError)
    assert str(stage.sockets[1].errored) == "socket hang up"
    assert stage.count == 0


def test_a_client_that_resets_is_told_with_the_systems_error() -> None:
    """A reset keeps its call and its code."""
    stage = Stage()
    raw = stage.transport()
    raw.feed(ConnectionResetError())
    settle()
    assert stage.log == [
        "connection",
        ("clientError", "ECONNRESET", True),
        ("tlsClientError", "ECONNRESET", True),
        ("raw close", False),
        ("failed close", True),
    ]
    assert str(stage.sockets[1].errored) == "read ECONNRESET"


@pytest.mark.parametrize("trickle", [False, True], ids=["silent", "trickling"])
def test_a_handshake_has_its_time(trickle: bool) -> None:
    """The whole handshake has `handshake_timeout`, however busy the client seems."""
    stage = Stage(handshake_timeout=2000)
    raw = stage.transport()
    for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(8):
        stage.clock.advance(100)
        if trickle:
            raw.feed(bytes([byte]))
    assert stage.log == ["connection"]
    stage.clock.advance(500)
    assert stage.log == [
        "connection",
        ("clientError", "ERR_TLS_HANDSHAKE_TIMEOUT", False),
        ("tlsClientError", "ERR_TLS_HANDSHAKE_TIMEOUT", False),
        ("raw close", False),
        ("failed close", False),
    ]
    assert (raw.closed, bytes(raw.written), stage.count) == (True, b"", 0)


def test_the_time_ends_with_the_handshake() -> None:
    """A connection that is set up is not cut by the clock of its handshake; 0 is no clock."""
    stage = Stage(handshake_timeout=2000)
    client = stage.client()
    client.shake_hands()
    endless = Stage(handshake_timeout=0)
    silent = endless.transport()
    stage.clock.advance(10_000)
    endless.clock.advance(1_000_000)
    assert (client.raw.closed, silent.closed) == (False, False)


def test_a_timed_out_socket_writes_nothing() -> None:
    """Node: it is alive as its listeners are called; what they write is not sent for all that."""
    stage = Stage(handshake_timeout=1000)
    raw = stage.transport()
    stage.server.on("clientError", lambda error, socket: socket.end(b"HTTP/1.1 408 x\r\n\r\n"))
    stage.clock.advance(2000)
    assert (bytes(raw.written), raw.closed) == (b"", True)


def test_a_server_that_closes_waits_for_no_handshake() -> None:
    """Connections that are being set up end at `close` and `close_all_connections`, without an error."""
    for close in ("close", "close_all_connections"):
        stage = Stage()
        raw = stage.transport()
        raw.feed(b"\x16\x03\x01\x02\x00\x01")
        settle()
        getattr(stage.server, close)()
        settle()
        assert raw.closed
        assert stage.log == ["connection", ("raw close", False)]


def test_a_connection_that_comes_as_the_server_closes_ends() -> None:
    """What was accepted in the last moment is counted and let go."""
    stage = Stage()
    stage.server._config.closing = True
    raw = stage.transport()
    settle()
    assert (raw.closed, stage.log, stage.count) == (True, [], 0)


def test_connections_past_the_limit_are_dropped_before_the_handshake() -> None:
    """`max_connections` counts handshakes; the dropped one is told by 'drop' alone."""
    stage = Stage()
    stage.server.max_connections = 1
    dropped: list[Any] = []
    stage.server.on("drop", dropped.append)
    first, second = stage.transport(), stage.transport()
    settle()
    assert (first.closed, second.closed, stage.log) == (False, True, ["connection"])
    assert dropped[0]["remote_address"] == "127.0.0.1"
    assert stage.count == 1


def test_a_raw_socket_that_its_listener_destroys_is_no_error() -> None:
    """The server itself ended it: no 'clientError'."""
    stage = Stage()
    stage.server.on("connection", lambda socket: socket.destroy())
    raw = stage.transport()
    settle()
    assert raw.closed
    assert stage.log == ["connection", ("raw close", False)]


@pytest.mark.parametrize("event", ["connection", "secureConnection", "clientError", "tlsClientError"])
def test_a_listener_that_fails_ends_its_connection(event: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the others are served."""
    stage = Stage()

    def fail(*_: object) -> None:
        raise RuntimeError("on purpose")

    stage.server.on(event, fail)
    client = stage.client()
    if "Error" in event:
        client.raw.feed(GET)
    elif event == "secureConnection":
        client.shake_hands()
    settle()
    assert client.raw.closed
    assert "on purpose" in caplog.text
    stage.server.off(event, fail)
    other = stage.client()
    other.shake_hands()
    other.send(GET)
    assert other.received.endswith(b"pong")


def test_a_client_that_takes_nothing_is_waited_for() -> None:
    """A handshake whose bytes the system does not take goes on when it does."""
    stage = Stage()
    client = stage.client()
    client.raw.room = 200
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.exchange()
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.raw.room = 1_000_000
    client.exchange()
    client.ssl.do_handshake()
    client.raw.room = 0
    client.exchange()  # what the server writes as it is done waits
    assert stage.log == ["connection", "secureConnection"]
    client.pack(GET)
    client.exchange()
    assert client.read() == b""
    client.raw.room = 1_000_000
    assert client.read().endswith(b"pong")


# -- the name that the client asks for ------------------------------------------


def name_of(client: MemoryClient) -> str:
    certificate = client.ssl.getpeercert()
    assert certificate is not None
    ((kind, name),) = certificate["subjectAltName"]
    assert kind == "DNS"
    return str(name)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("one.example", "one.example"),
        ("ONE.example", "one.example"),
        ("www.two.example", "www.two.example"),
        ("localhost", "localhost"),
    ],
)
def test_a_name_has_its_certificate(asked: str, answered: str) -> None:
    """The context whose name fits answers, the last one first; without one, the server's own."""
    stage = Stage()
    stage.server.add_context("one.example", authority().options("wrong.example"))
    stage.server.add_context("one.example", authority().options("one.example"))
    stage.server.addContext("*.two.example", **authority().options("www.two.example"))
    context = authority().context()
    context.check_hostname = False
    client = stage.client(context, asked)
    client.shake_hands()
    assert name_of(client) == answered
    client.send(GET)
    assert client.received.endswith(b"pong")


@pytest.mark.parametrize(
    ("asked", "told"), [("one.example", "one.example"), ("One.Example", "One.Example"), (None, False)]
)
@pytest.mark.parametrize("named", [False, True])
def test_a_socket_knows_the_name_that_was_asked_for(asked: str | None, told: str | bool, named: bool) -> None:
    """Whether a context was looked up for it or not, as it was spelled, as in Node."""
    stage = Stage()
    if named:
        stage.server.add_context("one.example", authority().options("one.example"))
    context = authority().context()
    context.check_hostname = False
    stage.client(context, asked).shake_hands()
    raw, secure = stage.sockets
    assert (raw.servername, secure.servername) == (None, told)
    assert secure.transport.get_extra_info("server_name") == (told or "")


def test_a_star_is_one_part_of_a_name() -> None:
    """`*` stands for what has no dot."""
    stage = Stage()
    stage.server.add_context("*.two.example", authority().options("www.two.example"))
    context = authority().context()
    context.check_hostname = False
    client = stage.client(context, "a.b.two.example")
    client.shake_hands()
    assert name_of(client) == "localhost"


def test_a_client_that_names_no_host_has_the_servers_certificate() -> None:
    """Without the extension nobody is asked."""
    stage = Stage(sni_callback=lambda name: pytest.fail("asked"))
    context = authority().context()
    context.check_hostname = False
    client = stage.client(context, None)
    client.shake_hands()
    assert name_of(client) == "localhost"


def made(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().ca.issue_cert(name).configure_cert(context)
    return context


async def waiting(name: str) -> Any:
    await asyncio.sleep(0)
    return made(name)


CALLBACKS = {
    "returns a context": made,
    "returns options": lambda name: authority().options(name),
    "answers at once": lambda name, answer: answer(None, made(name)),
    "answers later": lambda name, answer: asyncio.get_running_loop().call_soon(answer, None, made(name)),
    "async def": waiting,
    "returns an awaitable": lambda name: asyncio.ensure_future(waiting(name)),
}


@pytest.mark.parametrize("callback", CALLBACKS.values(), ids=CALLBACKS)
async def test_a_callback_chooses_the_certificate(callback: Any) -> None:
    """In Node's form or Python's, now or later, by context or by options."""
    asked: list[str] = []

    def ask_two(name: str, answer: Any) -> Any:
        asked.append(name)
        return callback(name, answer)

    def ask_one(name: str) -> Any:
        asked.append(name)
        return callback(name)

    two = callback in (CALLBACKS["answers at once"], CALLBACKS["answers later"])
    stage = Stage(SNICallback=ask_two if two else ask_one)
    client = stage.client(name="some.example")
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.exchange()
    for _ in range(5):
        await asyncio.sleep(0)
        settle()
    client.take()
    client.shake_hands()
    assert name_of(client) == "some.example"
    assert asked == ["some.example"]
    client.send(GET)
    assert client.received.endswith(b"pong")


def hello_for(client: MemoryClient, name: bytes) -> bytes:
    """Return the client's first message, changed to ask for another name of the same length."""
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    return client.outgoing.read().replace(b"localhost", name)


def test_a_name_that_is_not_ascii_is_told_as_on_node() -> None:
    """A callback gets it as latin-1, a name of `add_context` does not fit, and nothing is logged."""
    asked: list[str] = []
    stage = Stage(sni_callback=lambda name: asked.append(name))
    client = stage.client()
    client.raw.feed(hello_for(client, b"\xe9ocalhost"))
    settle()
    assert asked == ["\xe9ocalhost"]
    assert client.raw.written.startswith(b"\x16\x03\x03")
    stage = Stage()
    stage.server.add_context("*", authority().options("one.example"))
    client = stage.client()
    client.raw.feed(hello_for(client, b"\xffocalhost"))
    settle()
    assert client.raw.written.startswith(b"\x16\x03\x03")


def test_a_name_that_is_not_ascii_and_a_callback_of_pythons() -> None:
    """Python's own `sni_callback` cannot be told of it: the client gets an alert, and nobody a traceback."""
    context = made("localhost")
    context.sni_callback = lambda *args: pytest.fail("asked")
    stage = Stage(ssl_context=context, key=None, cert=None)
    client = stage.client()
    client.raw.feed(hello_for(client, b"\xe9ocalhost"))
    settle()
    assert bytes(client.raw.written) == b"\x15\x03\x03\x00\x02\x02\x70"
    assert stage.log[1] == ("clientError", "ERR_SSL_BAD_EXTENSION", True)


@pytest.mark.parametrize("protocols", [["h2"], ["x", "http/1.0"]])
def test_a_client_that_speaks_nothing_of_ours_gets_an_alert(protocols: list[str]) -> None:
    """RFC 7301, 3.2: no_application_protocol, in place of what OpenSSL would have said."""
    stage = Stage()
    context = authority().context()
    context.set_alpn_protocols(protocols)
    client = stage.client(context)
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.exchange()
    assert bytes(client.raw.written) == b"\x15\x03\x03\x00\x02\x02\x78"
    assert stage.log[1:3] == [
        ("clientError", "ERR_SSL_NO_APPLICATION_PROTOCOL", True),
        ("tlsClientError", "ERR_SSL_NO_APPLICATION_PROTOCOL", True),
    ]
    assert client.raw.closed


async def test_no_answer_is_the_servers_own_certificate() -> None:
    """None chooses nothing."""
    for callback in (lambda name: None, lambda name, answer: answer(None, None)):
        stage = Stage(sni_callback=callback)
        client = stage.client()
        client.shake_hands()
        assert name_of(client) == "localhost"


class ChoiceError(Exception):
    """What a callback of a user's own may raise."""

    code = "CHOICE"


def raises(name: str) -> None:
    raise ChoiceError


async def raises_later(name: str) -> None:
    await asyncio.sleep(0)
    raise ChoiceError


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        (raises, "CHOICE"),
        (raises_later, "CHOICE"),
        (lambda name, answer: answer(ChoiceError()), "CHOICE"),
        (lambda name: 5, "ERR_INVALID_ARG_TYPE"),
        (lambda name: {"key": "x\n", "cert": "x\n"}, "ERR_OSSL_PEM_NO_START_LINE"),
    ],
)
async def test_a_callback_that_fails_fails_the_handshake(callback: Any, code: str) -> None:
    """Its error is what 'clientError' and 'tlsClientError' give."""
    stage = Stage(sni_callback=callback)
    client = stage.client()
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    client.exchange()
    for _ in range(3):
        await asyncio.sleep(0)
        settle()
    assert stage.log[1:3] == [("clientError", code, True), ("tlsClientError", code, True)]
    assert client.raw.closed


async def test_an_answer_that_comes_too_late_or_twice_is_not_heard() -> None:
    """The first answer counts, and none when the client has gone meanwhile."""
    answers: list[Any] = []
    stage = Stage(sni_callback=lambda name, answer: answers.append(answer), handshake_timeout=1000)
    gone, slow, client = stage.client(), stage.client(), stage.client()
    for each in (gone, slow, client):
        with pytest.raises(ssl.SSLWantReadError):
            each.ssl.do_handshake()
        each.exchange()
    gone.raw.feed(ConnectionResetError())
    settle()
    answers[2](None, made("localhost"))
    answers[2](None, made("other.example"))
    settle()
    client.take()
    client.shake_hands()
    assert name_of(client) == "localhost"
    answers[1](None, None)
    slow.raw.abort()
    settle()
    answers[0](None, None)
    settle()
    assert [entry for entry in stage.log if entry == "secureConnection"] == ["secureConnection"]


async def test_bytes_that_come_while_a_name_is_looked_up_are_kept() -> None:
    """A transport that hands on what it had read already loses nothing."""
    answers: list[Any] = []
    stage = Stage(sni_callback=lambda name, answer: answers.append(answer))
    client = stage.client()
    with pytest.raises(ssl.SSLWantReadError):
        client.ssl.do_handshake()
    hello = client.outgoing.read()
    protocol = client.raw.get_protocol()
    protocol.data_received(hello)
    protocol.data_received(b"\x14\x03\x03\x00\x01\x01")  # a client may send this already (RFC 8446, D.4)
    answers[0](None, None)
    settle()
    client.exchange()
    client.shake_hands()
    client.send(GET)
    assert client.received.endswith(b"pong")


def test_a_new_certificate_is_for_new_connections() -> None:
    """`set_secure_context` leaves those that are set up as they are."""
    stage = Stage()
    old = stage.client()
    old.shake_hands()
    stage.server.set_secure_context(authority().options("new.example"))
    context = authority().context()
    context.check_hostname = False
    new = stage.client(context)
    new.shake_hands()
    assert (name_of(old), name_of(new)) == ("localhost", "new.example")
    for each in (old, new):
        each.send(GET)
        assert each.received.endswith(b"pong")
    stage.server.setSecureContext(ssl_context=made("third.example"))
    third = stage.client(context)
    third.shake_hands()
    assert name_of(third) == "third.example"


def test_a_certificate_that_is_refused_leaves_the_old_one() -> None:
    """A failed renewal changes nothing."""
    stage = Stage()
    with pytest.raises(TLSError):
        stage.server.set_secure_context(key="x\n", cert="x\n")
    client = stage.client()
    client.shake_hands()
    assert name_of(client) == "localhost"


def test_names_are_asked_for_after_a_renewal_too() -> None:
    """Contexts of names outlive the server's own."""
    stage = Stage()
    stage.server.add_context("one.example", authority().options("one.example"))
    stage.server.set_secure_context(authority().options("new.example"))
    client = stage.client(name="one.example")
    client.shake_hands()
    assert name_of(client) == "one.example"


def test_errors_are_of_the_documented_classes() -> None:
    """A failed handshake is a TLSError, a slow one a HandshakeTimeoutError, both OSErrors."""
    assert issubclass(TLSError, OSError)
    assert issubclass(HandshakeTimeoutError, OSError)


def test_a_failed_handshake_leaves_nothing() -> None:
    """After as many failures of every kind as one likes, no object of them is left."""
    stage = Stage(handshake_timeout=1000)
    stage.server.remove_all_listeners("connection")
    stage.server.remove_all_listeners("clientError")
    stage.server.remove_all_listeners("tlsClientError")

    def fail_in_every_way() -> None:
        stage.transport().feed(GET)
        stage.transport().feed(None)
        stage.transport().feed(ConnectionResetError())
        stage.transport()
        settle()
        stage.clock.advance(2000)
        good = stage.client()
        good.shake_hands()
        good.send(GET)
        good.say_goodbye()

    def left() -> int:
        gc.collect()
        kinds = (Handshake, TLSTransport, ssl.SSLObject, MemoryTransport)
        return sum(isinstance(each, kinds) for each in gc.get_objects())

    fail_in_every_way()
    stage.sockets.clear()
    before = left()
    for _ in range(5):
        fail_in_every_way()
    stage.sockets.clear()
    assert left() <= before
    assert stage.count == 0
