"""The handshake: what is one, how it is refused, and the head that accepts it."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from tests.kit.stage import answer
from tests.kit.websocket_client import ACCEPT, KEY, SWITCHING, handshake, refused, shake, text
from writehead import http, https, websocket
from writehead._guests.websocket import library
from writehead._guests.websocket.handshake import Offer, accept_key, read
from writehead._guests.websocket.refusal import Refusal, not_verified
from writehead.errors import InvalidArgTypeError, InvalidCharError, InvalidHTTPTokenError, OutOfRangeError

GOOD = {"sec-websocket-version": ["13"], "sec-websocket-key": [KEY]}


def fields(**changed: Any) -> dict[str, list[str]]:
    given = {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in {**GOOD, **given}.items() if value is not None}


def test_the_key_is_accepted_as_the_rfc_says() -> None:
    """RFC 6455, 1.3."""
    assert accept_key(KEY) == ACCEPT


@pytest.mark.parametrize("version", [None, ["12"], ["8"], ["13", "13"], ["13, 13"], [""], ["013"]])
def test_another_version_is_426(version: Any) -> None:
    """Missing, doubled, or not 13: the response says which."""
    found = read(fields(sec_websocket_version=version))
    assert isinstance(found, Refusal)
    assert found.render() == (
        b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n"
        b"Content-Type: text/plain\r\nContent-Length: 39\r\nConnection: close\r\n\r\n"
        b"Sec-WebSocket-Version must be 13, once\n"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"sec_websocket_key": None},
        {"sec_websocket_key": [KEY, KEY]},
        {"sec_websocket_key": [KEY[:-1]]},
        {"sec_websocket_key": ["dGhlIHNhbXBsZSBub25jZQ"]},
        {"sec_websocket_key": ["not base64 at all !!!!=="]},
        {"sec_websocket_key": ["c2hvcnQ="]},
        {"content_length": ["1"]},
        {"content_length": ["0", "10"]},
        {"transfer_encoding": ["chunked"]},
        {"sec_websocket_protocol": [""]},
        {"sec_websocket_protocol": ["a,,b"]},
        {"sec_websocket_protocol": ["a,"]},
        {"sec_websocket_protocol": ["a, a"]},
        {"sec_websocket_protocol": ["a", "b, a"]},
        {"sec_websocket_protocol": ["a b"]},
        {"sec_websocket_protocol": ["a;b"]},
        {"sec_websocket_extensions": [""]},
        {"sec_websocket_extensions": ["a b"]},
        {"sec_websocket_extensions": ["a; =1"]},
        {"sec_websocket_extensions": ['permessage-deflate; a="b c"']},
        {"sec_websocket_extensions": ["fine", "a;"]},
    ],
)
def test_a_broken_handshake_is_400(changed: Any) -> None:
    """A bad key, a body, subprotocols or extensions that do not parse: one line says what."""
    found = read(fields(**changed))
    assert isinstance(found, Refusal)
    assert found.status == 400
    head, _, body = found.render().partition(b"\r\n\r\n")
    assert head == (
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close"
        % len(body)
    )
    assert body.count(b"\n") == 1
    assert body.endswith(b"\n")


def test_the_version_is_looked_at_before_the_key_and_that_before_the_rest() -> None:
    """The first fault is told."""
    found = read(fields(sec_websocket_version=["8"], sec_websocket_key=["x"], content_length=["5"]))
    assert isinstance(found, Refusal)
    assert found.status == 426
    found = read(fields(sec_websocket_key=["x"], content_length=["5"]))
    assert isinstance(found, Refusal)
    assert "Key" in found.text


def test_what_is_offered() -> None:
    """Subprotocols in the client's order, over several lines; unknown extensions are passed over later."""
    found = read(
        fields(
            sec_websocket_protocol=["b, a", "c"],
            sec_websocket_extensions=["x-y; z=1", "permessage-deflate"],
            content_length=["0"],
        )
    )
    assert found == Offer(KEY, ["b", "a", "c"], [("x-y", [("z", "1")]), ("permessage-deflate", [])])
    assert read(fields()) == Offer(KEY, [], [])


async def serve(**options: Any) -> tuple[Any, websocket.WebSocketServer]:
    server = http.create_server(lambda req, res: res.end("plain"))
    wss = websocket.WebSocketServer(server=server, **options)
    await server.listen(0)
    return server, wss


@on_both_loops
async def test_the_head_that_accepts() -> None:
    """Its lines, in this order: no Date, no length; subprotocol and extensions if they were agreed."""
    server, _ = await serve(per_message_deflate=True)
    client = await shake(server)
    assert client.head == SWITCHING
    await client.say_goodbye()
    lines = ("Sec-WebSocket-Protocol: chat, other", "Sec-WebSocket-Extensions: permessage-deflate")
    client = await shake(server, "/", *lines)
    assert client.head == SWITCHING[:-2] + (
        b"Sec-WebSocket-Protocol: chat\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n\r\n"
    )
    await client.say_goodbye()
    await server.close()


@on_both_loops
async def test_with_another_method_or_version_it_is_an_ordinary_request() -> None:
    """POST, HTTP/1.0, another protocol or no `Connection: upgrade`: it never gets a 101."""
    server, _ = await serve()
    for request in (
        handshake("/", "Connection: close", method="POST"),
        handshake("/", version="1.0", without="Connection"),
        handshake("/", "Connection: close", without="Connection"),
        handshake("/", "Upgrade: h2c", "Connection: close", without="Upgrade"),
        handshake("/", "Upgrade: h2c", "Connection: close"),
        handshake("/", "Upgrade: websocket, h2c", "Connection: close", without="Upgrade"),
    ):
        assert (await refused(server, request)).startswith(b"HTTP/1.1 200 OK\r\n"), request
    await server.close()


@on_both_loops
async def test_names_are_read_in_any_case() -> None:
    """`Connection` may have other tokens."""
    server, _ = await serve()
    client = await dial(server)
    request = handshake("/", "connection: keep-alive, UPGRADE", "upgrade: WebSocket", without="Connection")
    client.send(request.replace(b"Upgrade: websocket\r\n", b""))
    assert await client.until(b"\r\n\r\n") == SWITCHING
    client.close()
    await server.close()


@on_both_loops
async def test_a_bad_handshake_is_refused_before_anybody_hears_of_it() -> None:
    """400 and 426 go out, and the connection ends."""
    server, wss = await serve()
    heard: list[Any] = []
    wss.on("connection", lambda ws, req: heard.append(ws))
    wss.on("headers", lambda lines, req: heard.append(lines))
    found = await refused(server, handshake("/", without="Sec-WebSocket-Key"))
    assert found.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Connection: close\r\n" in found
    found = await refused(server, handshake("/", "Sec-WebSocket-Version: 8", without="Sec-WebSocket-Version"))
    assert found.startswith(
        b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n"
    )
    found = await refused(server, handshake("/", "Content-Length: 3") + b"abc")
    assert found.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert heard == []
    await server.close()


@on_both_loops
async def test_a_handshake_while_the_server_closes_is_503() -> None:
    """A connection that was open before may still ask."""
    server, wss = await serve()
    keeper = await shake(server)
    waiting = await dial(server)
    waiting.send(b"GET / HTTP/1.1\r\n")
    closing = server.close()
    waiting.send(handshake().partition(b"\r\n")[2])
    head, _, body = (await waiting.rest()).partition(b"\r\n\r\n")
    assert head == (
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 22\r\nConnection: close"
    )
    assert body == b"the server is closing\n"
    await keeper.say_goodbye()
    await closing


@on_both_loops
async def test_what_comes_behind_the_handshake_waits_until_it_is_accepted() -> None:
    """Messages in the same packet, and those that come while `verify_client` thinks."""
    import asyncio

    gate = asyncio.Event()

    async def verify(info: Any) -> bool:
        await gate.wait()
        return True

    server, wss = await serve(verify_client=verify)
    got: list[Any] = []
    wss.on("connection", lambda ws, req: ws.on("message", lambda data: got.append(data)))
    raw = await dial(server)
    raw.send(handshake() + text("a"))
    await asyncio.sleep(0.01)
    raw.send(text("b"))
    await asyncio.sleep(0.01)
    assert got == []
    gate.set()
    await raw.until(SWITCHING)
    raw.send(text("c"))
    while len(got) < 3:
        await asyncio.sleep(0.001)
    assert got == ["a", "b", "c"]
    raw.close()
    await server.close()


@on_both_loops
async def test_earlier_responses_are_sent_first() -> None:
    """A handshake behind a request that is not answered yet waits for that."""
    held: list[Any] = []
    server = http.create_server(lambda req, res: held.append(res))
    wss = websocket.WebSocketServer(server=server)
    wss.on("connection", lambda ws, req: ws.send("hi"))
    await server.listen(0)
    client = await dial(server)
    client.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + handshake())
    while not held:
        import asyncio

        await asyncio.sleep(0.001)
    held[0].end("one")
    got = await client.until(b"\x81\x02hi")
    assert got == dateless(answer(b"one") + SWITCHING + b"\x81\x02hi")
    client.close()
    await server.close()


@on_both_loops
async def test_over_tls() -> None:
    """`wss:`, of a server of `https`."""
    server = https.create_server(**authority().options())
    wss = websocket.WebSocketServer(server=server)
    wss.on("connection", lambda ws, req: ws.on("message", lambda data: ws.send(data)))
    await server.listen(0)
    client = await shake(server, context=authority().context())
    client.send(text("secret"))
    assert await client.message() == "secret"
    await client.say_goodbye()
    await server.close()


@on_both_loops
async def test_without_the_library_it_is_501(monkeypatch: Any, caplog: Any) -> None:
    """One error in the log says what to install."""
    for name in [each for each in sys.modules if each.split(".")[0] == "websockets"]:
        monkeypatch.delitem(sys.modules, name)
    package = "writehead._guests.websocket."
    for name in ("connection", "handshake", "reader", "deflate"):
        monkeypatch.delitem(sys.modules, package + name, raising=False)
        monkeypatch.delattr(sys.modules[package[:-1]], name, raising=False)
    monkeypatch.setitem(sys.modules, "websockets", None)
    monkeypatch.setattr(library, "_told", False)
    server, _ = await serve()
    for _ in range(2):
        found = await refused(server, handshake())
        assert found.startswith(b"HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\n")
    await server.close()
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "pip install 'websockets>=17,<18'" in record.getMessage()


def test_what_verify_client_may_refuse_with() -> None:
    """A status from 300 on, a message, and fields that do not say how the response is framed."""
    found = not_verified(302, "gone", {"Location": "/login", "content-length": "9", "Connection": "x"})
    assert found.render() == (
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
        b"Connection: close\r\n\r\ngone\n"
    )
    assert not_verified(401, None, None).text == "Unauthorized"
    assert not_verified(599, None, {"Content-Type": "text/html"}).render() == (
        b"HTTP/1.1 599 unknown\r\nContent-Type: text/html\r\nContent-Length: 8\r\nConnection: close\r\n\r\nrefused\n"
    )
    for code in (299, 600):
        with pytest.raises(OutOfRangeError):
            not_verified(code, None, None)
    with pytest.raises(InvalidArgTypeError):
        not_verified("401", None, None)  # type: ignore[arg-type]
    with pytest.raises(InvalidHTTPTokenError):
        not_verified(401, None, {"a b": "c"})
    with pytest.raises(InvalidCharError):
        not_verified(401, None, {"a": "b\r\nc: d"})
