"""Who is let in: verify modes, sessions and server names, however the context was given; OpenSSL is asked for real.

Law of every test: nobody is served at a name whose context requires a certificate but who has one for it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import pytest

from tests.kit.certificates import Authority, authority
from tests.kit.tls_client import MemoryClient
from writehead import https, testing
from writehead.errors import InvalidArgValueError
from writehead.testing import settle

OTHER = Authority()
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

#: How a client may come back: by version, with tickets or with sessions that the server keeps.
RESUMPTIONS = [(V12, True), (V12, False), (V13, True), (V13, False)]
RESUMED = pytest.mark.parametrize(
    ("version", "tickets"), RESUMPTIONS, ids=["1.2 ticket", "1.2 session id", "1.3 ticket", "1.3 kept"]
)


def context_of(
    ca: Authority | None, name: str = "localhost", mode: ssl.VerifyMode = ssl.CERT_REQUIRED
) -> ssl.SSLContext:
    """Return a server's context as a program makes it itself."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().ca.issue_cert(name).configure_cert(made)
    if ca is not None:
        made.load_verify_locations(cadata=ca.pem)
    made.verify_mode = mode
    return made


def client_context(ca: Authority | None, version: ssl.TLSVersion = V13) -> ssl.SSLContext:
    """Return the context of a client, with a certificate of `ca`."""
    made = authority().context()
    made.check_hostname = False
    made.maximum_version = version
    if ca is not None:
        ca.ca.issue_cert("me@example.org").configure_cert(made)
    return made


class Visit:
    """One connection of a client: what it was served, and how."""

    def __init__(
        self, server: https.Server, context: ssl.SSLContext, name: str | None, session: Any = None
    ) -> None:
        transport = testing.connect(server).transport
        client = MemoryClient(transport, context, name)
        if session is not None:
            client.ssl.session = session
        self.body: str | None = None
        self.session = None
        self.reused = False
        try:
            client.shake_hands()
            client.send(GET)
        except (ssl.SSLError, AssertionError):
            assert b"HTTP/" not in client.received
            return
        if client.received:
            self.body = client.received.rpartition(b"\r\n\r\n")[2].decode()
            self.session = client.ssl.session
            self.reused = bool(client.ssl.session_reused)


def serve(**options: Any) -> https.Server:
    """Return a server in memory that answers with whether its client is known."""

    def handle(req: Any, res: Any) -> None:
        res.end(f"{req.socket.authorized} {req.socket.get_peer_certificate().get('subjectaltname', '-')}")

    server = https.create_server(options, handle)
    testing.listen(server)
    return server


KNOWN = "True email:me@example.org"
UNKNOWN = "False -"


def by_mapping(name: str, ca: Authority) -> Any:
    return {**authority().options(name), "ca": ca.pem}


def by_context(name: str, ca: Authority) -> Any:
    return context_of(ca, name)


async def waits(answer: Any) -> Any:
    return answer


def given_by_add_context(kind: Callable[..., Any], options: dict[str, Any]) -> https.Server:
    server = serve(**options)
    server.add_context("b.test", kind("b.test", OTHER))
    return server


def given_by_callback(kind: Callable[..., Any], options: dict[str, Any]) -> https.Server:
    kept = kind("b.test", OTHER)
    return serve(sni_callback=lambda name: kept if name == "b.test" else None, **options)


def given_by_fresh_callback(kind: Callable[..., Any], options: dict[str, Any]) -> https.Server:
    return serve(
        sni_callback=lambda name, answer: answer(None, kind(name, OTHER) if name == "b.test" else None),
        **options,
    )


WAYS = [given_by_add_context, given_by_callback, given_by_fresh_callback]
OWN: dict[str, Callable[[], dict[str, Any]]] = {
    "options": lambda: {**authority().options(), "ca": authority().pem, "request_cert": True},
    "ssl_context": lambda: {"ssl_context": context_of(authority())},
    "ssl_context and request_cert": lambda: {"ssl_context": context_of(authority()), "request_cert": True},
}


@pytest.fixture(params=[(way, kind, own) for way in WAYS for kind in (by_mapping, by_context) for own in OWN])
def two_names(request: pytest.FixtureRequest) -> https.Server:
    """A server that lets the one authority's clients in, and at b.test the other's alone."""
    way, kind, own = request.param
    server: https.Server = way(kind, OWN[own]())
    return server


@RESUMED
def test_a_session_of_one_name_is_none_of_another(
    two_names: https.Server, version: ssl.TLSVersion, tickets: bool
) -> None:
    """What a client was let in with at one name counts nothing at the other, in either direction."""
    for ca, home, away in ((authority(), "a.test", "b.test"), (OTHER, "b.test", "a.test")):
        context = client_context(ca, version)
        if not tickets:
            context.options |= ssl.OP_NO_TICKET
        first = Visit(two_names, context, home)
        assert first.body == KNOWN
        assert Visit(two_names, context, away).body is None
        assert Visit(two_names, context, away, first.session).body is None
        assert Visit(two_names, context, home, first.session).body == KNOWN


@pytest.mark.parametrize("version", [V12, V13])
def test_without_a_certificate_nobody_gets_in_at_either_name(
    two_names: https.Server, version: ssl.TLSVersion
) -> None:
    """A context that requires a certificate requires it, whoever chose it."""
    for name in ("a.test", "b.test", "B.TEST", None):
        assert Visit(two_names, client_context(None, version), name).body is None


@pytest.mark.parametrize("way", WAYS)
@RESUMED
def test_a_name_may_demand_more_than_its_server(way: Any, version: ssl.TLSVersion, tickets: bool) -> None:
    """A server that asks nobody has a name that asks everybody; sessions from outside do not lead in."""
    for options in (authority().options(), {**authority().options(), "request_cert": False}):
        server = way(by_context, options)
        context = client_context(None, version)
        if not tickets:
            context.options |= ssl.OP_NO_TICKET
        first = Visit(server, context, "a.test")
        assert first.body == UNKNOWN
        assert Visit(server, context, "b.test").body is None
        assert Visit(server, context, "b.test", first.session).body is None
        assert Visit(server, client_context(authority(), version), "b.test").body is None
        assert Visit(server, client_context(OTHER, version), "b.test").body == KNOWN


@RESUMED
def test_a_session_is_taken_up_at_its_own_name(version: ssl.TLSVersion, tickets: bool) -> None:
    """Contexts apart cost nobody the shorter handshake at the same name."""
    server = given_by_add_context(by_mapping, OWN["options"]())
    for ca, name in ((authority(), "a.test"), (OTHER, "b.test")):
        context = client_context(ca, version)
        if not tickets:
            context.options |= ssl.OP_NO_TICKET
        first = Visit(server, context, name)
        again = Visit(server, context, name, first.session)
        assert (first.reused, again.reused, again.body) == (False, True, KNOWN)


@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED])
def test_options_for_a_name_demand_what_the_servers_own_context_does(mode: ssl.VerifyMode) -> None:
    """A mapping does not say whom to ask: the server does, by its options or by its `ssl_context`."""
    server = serve(ssl_context=context_of(authority(), mode=mode))
    server.add_context("b.test", by_mapping("b.test", OTHER))
    got = {
        ssl.CERT_NONE: (UNKNOWN, UNKNOWN),
        ssl.CERT_OPTIONAL: (UNKNOWN, KNOWN),
        ssl.CERT_REQUIRED: (None, KNOWN),
    }
    visits = (Visit(server, client_context(ca), "b.test").body for ca in (None, OTHER))
    assert tuple(visits) == got[mode]


@RESUMED
def test_a_renewal_ends_the_sessions_of_before(version: ssl.TLSVersion, tickets: bool) -> None:
    """After `set_secure_context` with another authority, a session of the old one is shown no favour."""
    for renewed in (by_mapping("localhost", OTHER), by_context("localhost", OTHER)):
        server = serve(**OWN["options"]())
        context = client_context(authority(), version)
        if not tickets:
            context.options |= ssl.OP_NO_TICKET
        first = Visit(server, context, "a.test")
        assert first.body == KNOWN
        server.set_secure_context(renewed)
        assert Visit(server, context, "a.test", first.session).body is None
        assert Visit(server, client_context(OTHER, version), "a.test").body == KNOWN


def test_a_renewal_by_options_lowers_nothing() -> None:
    """A server whose `ssl_context` required certificates requires them of its next certificate, too."""
    server = serve(ssl_context=context_of(authority()))
    server.set_secure_context(by_mapping("localhost", authority()))
    assert Visit(server, client_context(None), "a.test").body is None
    assert Visit(server, client_context(authority()), "a.test").body == KNOWN


@RESUMED
def test_a_renewal_that_demands_more_demands_it_at_every_name(version: ssl.TLSVersion, tickets: bool) -> None:
    """Names given by options follow their server; a session from before has no certificate, and does not count."""
    server = serve(**authority().options())
    server.add_context("b.test", by_mapping("b.test", OTHER))
    context = client_context(None, version)
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    first = Visit(server, context, "b.test")
    assert first.body == UNKNOWN
    server.set_secure_context(context_of(authority()))
    assert Visit(server, context, "b.test", first.session).body is None
    assert Visit(server, client_context(OTHER, version), "b.test").body == KNOWN


def test_request_cert_holds_for_a_context_that_does_not_ask() -> None:
    """The server's option raises what a context given for a name demands."""
    server = serve(**OWN["options"]())
    server.add_context("b.test", context_of(OTHER, mode=ssl.CERT_NONE))
    assert Visit(server, client_context(None), "b.test").body is None
    assert Visit(server, client_context(OTHER), "b.test").body == KNOWN


@pytest.mark.parametrize(
    "options", [{"request_cert": False}, {"request_cert": True, "reject_unauthorized": False}]
)
def test_options_that_ask_for_less_than_their_context_are_refused(options: dict[str, Any]) -> None:
    """Which of the two holds is not guessed."""
    with pytest.raises(InvalidArgValueError, match="request_cert"):
        serve(ssl_context=context_of(authority()), **options)


def test_a_context_that_asks_after_the_handshake_is_refused() -> None:
    """With `post_handshake_auth` OpenSSL lets everybody in first; nobody would ask later."""
    context = context_of(OTHER)
    context.post_handshake_auth = True
    server = serve(**authority().options())
    with pytest.raises(InvalidArgValueError, match="post_handshake_auth"):
        server.add_context("b.test", context)
    with pytest.raises(InvalidArgValueError, match="post_handshake_auth"):
        serve(ssl_context=context)
    context.verify_mode = ssl.CERT_NONE
    serve(ssl_context=context)


@RESUMED
def test_a_context_may_be_given_to_two_servers(version: ssl.TLSVersion, tickets: bool) -> None:
    """Each has its own names; what the one asks is not lost by the other's making."""
    shared = context_of(None, mode=ssl.CERT_NONE)
    first, second = serve(ssl_context=shared), serve(ssl_context=shared)
    first.add_context("b.test", by_context("b.test", OTHER))
    second.add_context("c.test", by_context("c.test", OTHER))
    context = client_context(None, version)
    if not tickets:
        context.options |= ssl.OP_NO_TICKET
    session = Visit(second, context, "b.test").session
    assert session is not None
    for server, name in ((first, "b.test"), (second, "c.test")):
        assert Visit(server, context, name, session).body is None
        assert Visit(server, client_context(OTHER, version), name).body == KNOWN


def choosing(contexts: dict[str, ssl.SSLContext]) -> Callable[..., None]:
    """Return a callback for names as Python's `ssl` has it."""

    def choose(ssl_object: Any, name: str | None, _context: ssl.SSLContext) -> None:
        if name in contexts:
            ssl_object.context = contexts[name]

    return choose


@RESUMED
def test_a_context_with_a_callback_of_its_own(version: ssl.TLSVersion, tickets: bool) -> None:
    """A switch inside Python's own `SSLContext.sni_callback` counts in full: demands, authorities, sessions."""
    own = context_of(authority(), mode=ssl.CERT_NONE)
    own.sni_callback = choosing({"a.test": context_of(authority()), "b.test": context_of(OTHER)})
    server = serve(ssl_context=own)
    for ca, home, away in (
        (authority(), "a.test", "b.test"),
        (OTHER, "b.test", "a.test"),
        (None, "c.test", "b.test"),
    ):
        context = client_context(ca, version)
        if not tickets:
            context.options |= ssl.OP_NO_TICKET
        first = Visit(server, context, home)
        assert first.body == (UNKNOWN if ca is None else KNOWN)
        assert Visit(server, context, away).body is None
        assert Visit(server, context, away, first.session).body is None
        assert Visit(server, context, home, first.session).body == first.body


def test_contexts_that_switch_in_a_ring_are_an_error() -> None:
    """One switch is followed; a second is the program's fault, and the handshake's end."""
    here, there = context_of(None, mode=ssl.CERT_NONE), context_of(None, mode=ssl.CERT_NONE)
    here.sni_callback, there.sni_callback = choosing({"a.test": there}), choosing({"a.test": here})
    server = serve(ssl_context=here)
    errors: list[Any] = []
    server.on("tlsClientError", lambda error, socket: errors.append(error.code))
    assert Visit(server, client_context(None), "a.test").body is None
    assert errors == ["ERR_SSL_CALLBACK_FAILED"]


def test_a_context_that_demands_more_later_is_held_to_it() -> None:
    """A program may raise `verify_mode` while the server runs: a session of before has no certificate."""
    own = context_of(authority(), mode=ssl.CERT_NONE)
    server = serve(ssl_context=own)
    errors: list[Any] = []
    server.on("tlsClientError", lambda error, socket: errors.append(error.code))
    for version, _ in RESUMPTIONS[::2]:
        own.verify_mode = ssl.CERT_NONE
        context = client_context(None, version)
        first = Visit(server, context, "a.test")
        assert first.body == UNKNOWN
        own.verify_mode = ssl.CERT_REQUIRED
        assert Visit(server, context, "a.test", first.session).body is None
        settle()
        assert errors.pop() == "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"


def refuses(ssl_object: Any, name: str | None, context: ssl.SSLContext) -> int | None:
    return ssl.ALERT_DESCRIPTION_ACCESS_DENIED if name == "b.test" else None


def raises(ssl_object: Any, name: str | None, context: ssl.SSLContext) -> None:
    if name == "b.test":
        raise KeyError(name)


@pytest.mark.parametrize(("callback", "code"), [(refuses, "ERR_SSL_CALLBACK_FAILED"), (raises, None)])
def test_a_callback_that_refuses_a_name_refuses_it_to_sessions(callback: Any, code: str | None) -> None:
    """In TLS 1.2 OpenSSL tells it the name of the session that a client comes with; it hears the real one here."""
    own = context_of(None, mode=ssl.CERT_NONE)
    own.sni_callback = callback
    server = serve(ssl_context=own)
    errors: list[Any] = []
    server.on("tlsClientError", lambda error, socket: errors.append(error))
    context = client_context(None, V12)
    first = Visit(server, context, "c.test")
    assert first.body == UNKNOWN
    assert Visit(server, context, "b.test", first.session).body is None
    assert getattr(errors[0], "code", None) == code
