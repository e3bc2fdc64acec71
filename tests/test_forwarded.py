"""What proxies say of a client: who is believed, and how far."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import talk
from writehead import asgi, http, wsgi
from writehead._semantics.forwarded import FIELDS, Forwarded, Trust, read_network
from writehead.errors import InvalidArgTypeError, InvalidArgValueError

PROXIES = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")

X_FOR: list[tuple[str, str | None, int | None]] = [
    ("203.0.113.7", "203.0.113.7", None),
    ("6.6.6.6, 203.0.113.7", "203.0.113.7", None),  # spoofed by the client
    ("6.6.6.6, 203.0.113.7, 10.0.0.2", "203.0.113.7", None),
    ("10.0.0.9, 10.0.0.2", "10.0.0.9", None),  # all trusted: the leftmost
    ("nonsense, 10.0.0.2", "10.0.0.2", None),
    ("203.0.113.7, nonsense", None, None),
    ("203.0.113.7, unknown, 10.0.0.2", "10.0.0.2", None),
    ("203.0.113.7, _hidden, 10.0.0.2", "10.0.0.2", None),
    ("unknown", None, None),
    ("203.0.113.7:4711", "203.0.113.7", 4711),
    ("[2001:db9::1]:4711", "2001:db9::1", 4711),
    ("[2001:db9::1]", "2001:db9::1", None),
    ("2001:DB9:0:0::1", "2001:db9::1", None),
    ("9.9.9.9, 2001:db8::5", "9.9.9.9", None),
    ("::ffff:203.0.113.7", "203.0.113.7", None),
    ("9.9.9.9, ::ffff:10.0.0.2", "9.9.9.9", None),
    ("fe80::1%eth0", None, None),
    ("203.0.113.7:x", None, None),
    ("203.0.113.7:", None, None),
    ("203.0.113.7:70000", None, None),
    ("203.0.113.7:_obf", "203.0.113.7", None),
    ("[2001:db9::1", None, None),
    ("[203.0.113.7]", None, None),
    ("203.0.113", None, None),
    ("0203.0.113.7", None, None),
    ("203.0.113.7\0", None, None),
    ("203.0.113.é", None, None),
    (",, 203.0.113.7 ,", "203.0.113.7", None),
    (" , ", None, None),
    ("", None, None),
    ("1.2.3.4" * 1000, None, None),
    ("<script>, 10.0.0.2", "10.0.0.2", None),
]


@pytest.mark.parametrize(("value", "address", "port"), X_FOR, ids=[row[0][:40] for row in X_FOR])
def test_the_client_is_found_from_the_right(value: str, address: str | None, port: int | None) -> None:
    """Over addresses that are trusted; what cannot be read ends the walk at the last one that could."""
    found = Trust(PROXIES).read({"x-forwarded-for": value}.get)
    assert (found.address, found.port) == (address, port)


FORWARDED: list[tuple[str, Forwarded]] = [
    ("for=203.0.113.7", Forwarded("203.0.113.7")),
    ("For=203.0.113.7;Proto=HTTPS; host=a.example", Forwarded("203.0.113.7", None, "https", "a.example")),
    ('for="203.0.113.7:4711"', Forwarded("203.0.113.7", 4711)),
    ('for="[2001:db9::1]:4711";proto=http', Forwarded("2001:db9::1", 4711, "http")),
    (
        "for=6.6.6.6;proto=https, for=203.0.113.7;proto=http, for=10.0.0.2",
        Forwarded("203.0.113.7", None, "http"),
    ),
    ("for=6.6.6.6;proto=https, for=203.0.113.7, for=10.0.0.2", Forwarded("203.0.113.7")),
    ("for=203.0.113.7, for=10.0.0.2;proto=https", Forwarded("203.0.113.7", None, "https")),
    ("for=6.6.6.6, for=unknown, for=10.0.0.2", Forwarded("10.0.0.2")),
    ("for=_hidden;proto=https", Forwarded(None, None, "https")),
    ("proto=https", Forwarded(None, None, "https")),
    ('for="6.6.6.6, for=203.0.113.7', Forwarded("203.0.113.7")),  # a quotation mark that a client leaves open
    ('for=203.0.113.7;host="a, for=6.6.6.6"', Forwarded("203.0.113.7")),
    (r'for=203.0.113.7;host="a\", for=6.6.6.6;x=\""', Forwarded("203.0.113.7")),
    (r'for="203.0.113\.7"', Forwarded("203.0.113.7")),
    ("for=203.0.113.7;host=<b>", Forwarded()),
    ('for=203.0.113.7;host="<b>"', Forwarded("203.0.113.7")),
    ("for=203.0.113.7;proto=javascript", Forwarded("203.0.113.7")),
    ("nonsense", Forwarded()),
    ("nonsense, for=10.0.0.2", Forwarded("10.0.0.2")),
    (",,for=203.0.113.7,,", Forwarded("203.0.113.7")),
    ("," * 9000, Forwarded()),
    ('"' + "," * 9000, Forwarded()),
    ('for="' + "," * 9000 + '"', Forwarded()),
]


@pytest.mark.parametrize(("value", "expected"), FORWARDED, ids=[row[0][:40] for row in FORWARDED])
def test_the_field_of_the_standard(value: str, expected: Forwarded) -> None:
    """Scheme and host are of the element that names the client, else of the nearest that has them."""
    trust = Trust(PROXIES, ["forwarded"])
    assert trust.read({"forwarded": value, "x-forwarded-for": "9.9.9.9"}.get) == expected


@pytest.mark.parametrize(
    ("fields", "scheme", "host"),
    [
        ({"proto": "https"}, "https", None),
        ({"proto": "HTTPS, http", "for": "203.0.113.7, 10.0.0.2"}, "https", None),
        ({"proto": "https, http", "for": "6.6.6.6, 203.0.113.7"}, "http", None),
        ({"proto": "https, http", "for": "203.0.113.7"}, "http", None),
        ({"proto": "https, http", "for": "nonsense"}, "http", None),
        ({"proto": "wss"}, "https", None),
        ({"proto": "javascript"}, None, None),
        ({"host": "a.example:81"}, None, "a.example:81"),
        ({"host": "evil, a.example"}, None, "a.example"),
        ({"host": "<b>"}, None, None),
        ({"host": "a.example", "port": "8443"}, None, "a.example:8443"),
        ({"host": "a.example:81", "port": "443", "proto": "https"}, "https", "a.example"),
        ({"port": "8443"}, None, "own.example:8443"),
        ({"port": "x"}, None, "own.example"),
    ],
)
def test_scheme_and_host(fields: dict[str, str], scheme: str | None, host: str | None) -> None:
    """Of the position that names the client, if the list has it, else of the nearest."""
    sent = {"host": "own.example", **{f"x-forwarded-{name}": value for name, value in fields.items()}}
    found = Trust(PROXIES, FIELDS).read(sent.get)
    assert (found.scheme, found.host) == (scheme, host)


def test_a_field_that_is_not_named_is_ignored() -> None:
    """A proxy that sets one field passes a client's other ones through."""
    sent = {
        f"x-forwarded-{name}": value
        for name, value in (("for", "1.1.1.1"), ("host", "evil"), ("proto", "https"))
    }
    sent["forwarded"] = "for=6.6.6.6;host=evil"
    assert Trust(PROXIES).read(sent.get) == Forwarded("1.1.1.1", None, "https")
    assert Trust(PROXIES, ["x-forwarded-proto"]).read(sent.get) == Forwarded(None, None, "https")


@pytest.mark.parametrize(
    ("peers", "peer", "allowed"),
    [
        (PROXIES, "127.0.0.1", True),
        (PROXIES, "::ffff:127.0.0.1", True),
        (PROXIES, "10.255.0.1", True),
        (PROXIES, "11.0.0.1", False),
        (PROXIES, "2001:db8:1::1", True),
        (PROXIES, "2001:db9::1", False),
        (PROXIES, None, False),
        (("unix",), None, True),
        (("unix",), "127.0.0.1", False),
        (("*",), "8.8.8.8", True),
        (("*",), None, True),
        (("0.0.0.0/0",), "8.8.8.8", True),
        (("0.0.0.0/0",), "::1", False),
    ],
)
def test_who_is_believed(peers: tuple[str, ...], peer: str | None, allowed: bool) -> None:
    """Addresses, networks, Unix sockets, everyone; an IPv4 address is the same on a socket of both families."""
    assert Trust(peers).allows_peer(peer) is allowed


def test_everybody_is_believed() -> None:
    """Then the leftmost wins, which any client may have written."""
    assert Trust(["*"]).read({"x-forwarded-for": "6.6.6.6, 203.0.113.7"}.get).address == "6.6.6.6"


@pytest.mark.parametrize(
    "text", ["", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/x", "a.example", "::/129", "fe80::1%lo", "10.0.0.0/"]
)
def test_what_is_no_network(text: str) -> None:
    """A mistake in the list is an error, not a hole."""
    with pytest.raises(ValueError, match="is not a"):
        read_network(text)


REQUEST = (
    b"GET /a HTTP/1.1\r\nHost: own.example\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.7:9\r\n"
    b"X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\nConnection: close\r\n\r\n"
)


def tell(req: Any, res: Any) -> None:
    res.end(f"{req.client.address} {req.client.port} {req.scheme} {req.host}")


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        body = f"{scope['client'][0]} {scope['client'][1]} {scope['scheme']}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    names = ("REMOTE_ADDR", "REMOTE_PORT", "wsgi.url_scheme", "HTTPS", "HTTP_X_FORWARDED_FOR")
    return [" ".join(str(environ.get(name)) for name in names).encode()]


OPTIONS: dict[str, Any] = {"trusted_proxies": ["127.0.0.1", "10.0.0.0/8"]}

SERVED: list[tuple[Any, dict[str, Any], str]] = [
    (lambda **options: http.create_server(tell, **options), OPTIONS, r"203\.0\.113\.7 9 https own\.example"),
    (
        lambda **options: http.create_server(tell, **options),
        {**OPTIONS, "forwardedHeaders": ["X-Forwarded-Host"]},
        r"127\.0\.0\.1 \d+ http a\.example",
    ),
    (lambda **options: http.create_server(tell, **options), {}, r"127\.0\.0\.1 \d+ http own\.example"),
    (
        lambda **options: http.create_server(tell, **options),
        {"trusted_proxies": ["10.0.0.0/8"]},
        r"127\.0\.0\.1 \d+ http own\.example",
    ),
    (lambda **options: asgi.create_server(app, **options), OPTIONS, r"203\.0\.113\.7 9 https"),
    (lambda **options: asgi.create_server(app, **options), {}, r"127\.0\.0\.1 \d+ http"),
    (
        lambda **options: wsgi.create_server(wsgi_app, **options),
        OPTIONS,
        r"203\.0\.113\.7 9 https on 6\.6\.6\.6, 203\.0\.113\.7:9,10\.1\.1\.1",
    ),
    (lambda **options: wsgi.create_server(wsgi_app, **options), {}, r"127\.0\.0\.1 \d+ http None 6\.6\..*"),
]


@pytest.mark.parametrize(("make", "options", "expected"), SERVED)
@on_both_loops
async def test_a_program_is_told_of_the_client(make: Any, options: dict[str, Any], expected: str) -> None:
    """In each interface, where the peer is a proxy that is trusted; the fields stay."""
    async with make(**options) as server:
        await server.listen(0, "127.0.0.1")
        answer = await asyncio.to_thread(talk, server.address()["port"], REQUEST)
    body = answer.partition(b"\r\n\r\n")[2].decode()
    assert re.search(rf"(^|\n){expected}(\r|$)", body), body


def test_options_are_checked() -> None:
    """A list of peers, and names of fields; None is the default."""
    server = http.create_server(trusted_proxies=("::1",))
    server.trusted_proxies = None
    assert server.trusted_proxies is None
    for wrong in ("127.0.0.1", [1], 3):
        with pytest.raises(InvalidArgTypeError):
            http.create_server(trusted_proxies=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgValueError, match="is not an address"):
        http.create_server(trusted_proxies=["a.example"])
    with pytest.raises(InvalidArgValueError, match="must be of x-forwarded-for"):
        server.forwarded_headers = ("via",)


def test_a_program_may_set_them() -> None:
    """As any attribute of a request."""
    req = http.IncomingMessage(None)
    assert (req.client, req.scheme, req.host) == ((None, None), "http", "")
    req.client = req.host = "mine"
    assert (req.client, req.host) == ("mine", "mine")


@on_both_loops
async def test_a_record_has_both() -> None:
    """The other end of the connection, and the client."""
    server = http.create_server(tell, trusted_proxies=["127.0.0.1", "10.0.0.0/8"])
    records: list[Any] = []
    server.on("record", records.append)
    async with server:
        await server.listen(0, "127.0.0.1")
        await asyncio.to_thread(talk, server.address()["port"], REQUEST)  # type: ignore[index,call-overload]
    assert [(each.peer, each.client) for each in records] == [("127.0.0.1", "203.0.113.7")]
