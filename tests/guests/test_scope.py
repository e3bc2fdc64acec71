"""The scope of a request, key by key."""

from __future__ import annotations

import asyncio
import socket as system
from pathlib import Path
from typing import Any

import pytest

from tests.kit.apps import GET, LAST, START, AppStage, hello
from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from writehead import asgi, http
from writehead._guests.asgi.scope import Place


async def scope_of(data: bytes, **options: Any) -> Any:
    """Return the scope of a request."""
    stage = AppStage(hello, **options)
    await stage.exchange(data)
    await stage.close()
    (scope,) = stage.scopes
    return scope


async def test_a_scope_has_these_keys_and_no_others() -> None:
    """With the types of the specification."""
    scope = await scope_of(b"GET /a%20b?c=%64 HTTP/1.1\r\nHost: h\r\n\r\n")
    client = scope.pop("client")
    assert client[0] == "127.0.0.1"
    assert isinstance(client[1], int)
    assert scope["extensions"].pop("http.response.debug") == {}  # in memory
    assert scope["extensions"].pop("writehead.closing").keys() == {"event"}
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/a b",
        "raw_path": b"/a%20b",
        "query_string": b"c=%64",
        "root_path": "",
        "headers": [(b"host", b"h")],
        "server": ("127.0.0.1", 80),
        "state": {},
        "extensions": {
            "http.response.early_hint": {},
            "http.response.trailers": {},
            "http.response.pathsend": {},
            "http.response.zerocopysend": {},
        },
    }


async def test_a_scope_is_new_for_each_request() -> None:
    """With every dict and list in it: middleware may write into them."""

    async def scribble(scope: Any, receive: Any, send: Any) -> None:
        scope["headers"].append((b"x", b"y"))
        scope["asgi"]["x"] = scope["state"]["x"] = scope["extensions"]["x"] = scope["x"] = 1
        scope["extensions"]["http.response.trailers"]["x"] = 1
        await hello(scope, receive, send)

    stage = AppStage(scribble)
    await stage.exchange(GET + GET)
    first, second = stage.scopes
    assert first == second
    assert second["headers"] == [(b"host", b"a"), (b"x", b"y")]
    for key in ("headers", "asgi", "state", "extensions"):
        assert first[key] is not second[key]
    closing, other = (each["extensions"]["writehead.closing"] for each in (first, second))
    assert closing is not other
    assert closing["event"] is other["event"]  # one for the server
    assert first["extensions"]["http.response.trailers"] is not second["extensions"]["http.response.trailers"]
    await stage.close()


async def test_http_1_0_has_fewer_extensions() -> None:
    """It knows no informational responses and no chunks."""
    scope = await scope_of(b"GET / HTTP/1.0\r\n\r\n")
    assert scope["http_version"] == "1.0"
    assert scope["extensions"].keys() == {
        "http.response.pathsend",
        "http.response.zerocopysend",
        "http.response.debug",
        "writehead.closing",
    }


@pytest.mark.parametrize(
    ("options", "target", "path", "raw", "root"),
    [
        ({}, b"/x", "/x", b"/x", ""),
        ({"path": "/api"}, b"/api/x", "/api/x", b"/api/x", "/api"),
        ({"path": "/api/"}, b"/api", "/api", b"/api", "/api"),
        ({"path": "/api"}, b"/%61pi/x", "/api/x", b"/%61pi/x", "/api"),
        ({"root_path": "/api"}, b"/x", "/api/x", b"/x", "/api"),
        ({"root_path": "api/"}, b"/x", "/api/x", b"/x", "/api"),
        ({"root_path": "/"}, b"/x", "/x", b"/x", ""),
        ({"root_path": "/v1", "path": "/api"}, b"/api/x", "/v1/api/x", b"/api/x", "/v1/api"),
        ({"rootPath": "/v1"}, b"/", "/v1/", b"/", "/v1"),
    ],
)
async def test_a_path_begins_with_the_root_path(
    options: Any, target: bytes, path: str, raw: bytes, root: str
) -> None:
    """`root_path` was removed from the target by a proxy, `path` was passed on."""
    scope = await scope_of(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % target, **options)
    assert (scope["path"], scope["raw_path"], scope["root_path"]) == (path, raw, root)


@pytest.mark.parametrize(
    ("target", "path", "raw", "query"),
    [
        (b"/a+b", "/a+b", b"/a+b", b""),
        (b"/a%2Fb", "/a/b", b"/a%2Fb", b""),
        (b"/%00", "/\0", b"/%00", b""),
        (b"/%", "/%", b"/%", b""),
        (b"/%ff", "/\ufffd", b"/%ff", b""),
        (b"/%C3%BC?%C3", "/ü", b"/%C3%BC", b"%C3"),
        (b"/?", "/", b"/", b""),
        (b"/?a?b", "/", b"/", b"a?b"),
        (b"//a", "//a", b"//a", b""),
        (b"/a/../b", "/a/../b", b"/a/../b", b""),
    ],
)
async def test_a_path_is_decoded_and_a_query_is_not(
    target: bytes, path: str, raw: bytes, query: bytes
) -> None:
    """What is no UTF-8 is replaced."""
    scope = await scope_of(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % target)
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (path, raw, query)


@pytest.mark.parametrize(
    ("line", "host", "path"),
    [
        (b"GET http://x:8/y?z HTTP/1.1", b"x:8", "/y"),
        (b"GET http://x HTTP/1.1", b"x", "/"),
        (b"GET http://x?z HTTP/1.1", b"x", "/"),
    ],
)
async def test_the_authority_of_an_absolute_target_is_the_host(line: bytes, host: bytes, path: str) -> None:
    """Whatever the field says (RFC 9112, 3.2.2)."""
    scope = await scope_of(line + b"\r\nHost: other\r\nA: b\r\n\r\n")
    assert scope["headers"] == [(b"host", host), (b"a", b"b")]
    assert scope["path"] == path


async def test_an_asterisk_is_its_own_path() -> None:
    """Of OPTIONS, for the server as a whole."""
    scope = await scope_of(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (scope["path"], scope["raw_path"]) == ("*", b"*")
    stage = AppStage(hello, path="/api")
    assert b" 404 " in await stage.exchange(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
    await stage.close()


async def test_headers_are_kept_one_by_one() -> None:
    """Names in lower case, order and duplicates kept, values without outer blanks; nothing is left out."""
    scope = await scope_of(
        b"POST / HTTP/1.1\r\nHost: h\r\nCOOKIE: a=1\r\nX-A:  b c \t\r\ncookie: b=2\r\nX-Empty:\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\nX-Latin: \xe9\r\n\r\n0\r\n\r\n"
    )
    assert scope["headers"] == [
        (b"host", b"h"),
        (b"cookie", b"a=1"),
        (b"x-a", b"b c"),
        (b"cookie", b"b=2"),
        (b"x-empty", b""),
        (b"transfer-encoding", b"chunked"),
        (b"connection", b"keep-alive"),
        (b"x-latin", b"\xe9"),
    ]
    assert isinstance(scope["headers"], list)
    assert all(type(pair) is tuple for pair in scope["headers"])


async def test_an_upgrade_that_nobody_wants_keeps_its_headers() -> None:
    """It is an ordinary request."""
    scope = await scope_of(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert scope["headers"][1:] == [(b"connection", b"upgrade"), (b"upgrade", b"h2c")]


class Wire:
    """A transport that knows names alone."""

    def __init__(self, peer: Any, local: Any) -> None:
        self._known = {"peername": peer, "sockname": local}

    def get_extra_info(self, name: str) -> Any:
        return self._known.get(name)


@pytest.mark.parametrize(
    ("peer", "local", "client", "server"),
    [
        (("192.0.2.1", 5), ("192.0.2.2", 80), ("192.0.2.1", 5), ("192.0.2.2", 80)),
        (
            ("::ffff:192.0.2.1", 5, 0, 0),
            ("::ffff:192.0.2.2", 80, 0, 0),
            ("192.0.2.1", 5),
            ("192.0.2.2", 80),
        ),
        (("2001:db8::1", 5, 0, 0), ("::1", 80, 0, 0), ("2001:db8::1", 5), ("::1", 80)),
        (("fe80::1%eth0", 5, 0, 2), ("::1", 80, 0, 0), ("fe80::1%eth0", 5), ("::1", 80)),
        (("::ffff:0:1", 5, 0, 0), ("::1", 80, 0, 0), ("::ffff:0:1", 5), ("::1", 80)),
        ("", "/run/app.sock", None, ("/run/app.sock", None)),
        (b"", b"/run/app.sock", None, ("/run/app.sock", None)),
        (None, "", None, None),
    ],
)
def test_addresses_are_plain(peer: Any, local: Any, client: Any, server: Any) -> None:
    """An IPv4 client of a socket of both families is one of IPv4; a zone stays; of a Unix socket there is the path."""
    place = Place(Wire(peer, local))
    assert (place.client, place.server, place.scheme) == (client, server, "http")


def test_a_connection_that_is_gone_has_no_addresses() -> None:
    """uvloop raises for it."""

    class Gone:
        def get_extra_info(self, name: str) -> Any:
            if name == "ssl_object":
                return None
            raise AttributeError(name)

    place = Place(Gone())
    assert (place.client, place.server) == (None, None)


@on_both_loops
async def test_addresses_over_a_socket_of_both_families() -> None:
    """Those of this connection, asked for once."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    server = asgi.create_server(app, lifespan="off")
    await server.listen(0)
    client = await dial(server)
    own = client.writer.get_extra_info("sockname")
    client.send(GET)
    await client.until(b"ok")
    client.close()
    await server.close()
    assert scopes[0]["client"] == own[:2]
    assert scopes[0]["server"] == client.writer.get_extra_info("peername")[:2]
    assert sorted(scopes[0]["extensions"]) == [
        "http.response.early_hint",
        "http.response.pathsend",
        "http.response.trailers",
        "http.response.zerocopysend",
        "writehead.closing",
    ]


@on_both_loops
async def test_addresses_over_a_unix_socket(tmp_path: Path) -> None:
    """The client has none; the server is its path."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    path = str(tmp_path / "s")
    server = asgi.create_server(app, lifespan="off")
    await server.listen(path)
    client = await dial(path)
    client.send(GET)
    await client.until(b"ok")
    client.close()
    await server.close()
    assert scopes[0]["client"] is None
    assert scopes[0]["server"] == (path, None)


@on_both_loops
async def test_a_socket_that_was_given_follows_the_same_rules() -> None:
    """Here one of a pair, which has no address."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await send(START)
        await send(LAST)

    async with http.create_server() as server:
        asgi.attach(server, app, lifespan="off")
        ours, theirs = system.socketpair()
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        server.emit("connection", theirs)
        await loop.sock_sendall(ours, GET)
        assert (await loop.sock_recv(ours, 1000)).endswith(b"ok")
        ours.close()
    assert (scopes[0]["client"], scopes[0]["server"]) == (None, None)


@pytest.mark.parametrize("target", [b"/%FF", b"/%", b"/\xff", b"/\x80?\xff"])
async def test_a_strange_target_is_a_request_or_400(target: bytes) -> None:
    """Never a crash."""
    stage = AppStage(hello)
    received = await stage.exchange(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % target)
    assert received.startswith((b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 400 Bad Request\r\n"))
    await stage.close()
