"""WebSocketServer: its options, whom it lets in, its events and its end; and `upgrade`."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.websocket_client import SWITCHING, close, handshake, refused, shake, text, until
from writehead import http, https
from writehead.errors import (
    ConnectionLostError,
    InvalidArgTypeError,
    InvalidArgValueError,
    OutOfRangeError,
    ServerNotRunningError,
    SystemCallError,
    UnknownOptionError,
    WebSocketError,
)
from writehead.websocket import VerifyInfo, WebSocket, WebSocketServer, upgrade


async def serve(**options: Any) -> tuple[Any, WebSocketServer]:
    server = http.create_server()
    wss = WebSocketServer(server=server, **options)
    await server.listen(0)
    return server, wss


async def ask(server: Any, *lines: str, target: str = "/") -> bytes:
    """Return the head that a handshake gets."""
    client = await dial(server)
    client.send(handshake(target, *lines))
    head = await client.until(b"\r\n\r\n")
    client.close()
    return head


# -- options --------------------------------------------------------------------------------------


def test_one_way_to_get_handshakes() -> None:
    """Exactly one of `server`, `port` and `no_server`."""
    server = http.create_server()
    for options in (
        {},
        {"server": server, "port": 0},
        {"server": server, "no_server": True},
        {"noServer": False},
    ):
        with pytest.raises(InvalidArgValueError, match="one and only one"):
            WebSocketServer(options)  # type: ignore[arg-type]
    WebSocketServer(no_server=True)
    WebSocketServer({"noServer": True})
    WebSocketServer({"server": https.create_server()})


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"server": 5}, InvalidArgTypeError),
        ({"no_server": 1}, InvalidArgTypeError),
        ({"path": 5}, InvalidArgTypeError),
        ({"path": "ws"}, InvalidArgValueError),
        ({"path": "/ws?x"}, InvalidArgValueError),
        ({"max_payload": -1}, OutOfRangeError),
        ({"max_payload": "1"}, InvalidArgTypeError),
        ({"per_message_deflate": 5}, InvalidArgTypeError),
        ({"per_message_deflate": {"threshold": -1}}, OutOfRangeError),
        ({"per_message_deflate": {"server_max_window_bits": 8}}, OutOfRangeError),
        ({"per_message_deflate": {"client_max_window_bits": 16}}, OutOfRangeError),
        ({"per_message_deflate": {"mem_level": 0}}, OutOfRangeError),
        ({"per_message_deflate": {"level": True}}, InvalidArgTypeError),
        ({"per_message_deflate": {"zlibDeflateOptions": {}}}, UnknownOptionError),
        ({"handle_protocols": 5}, InvalidArgTypeError),
        ({"verify_client": 5}, InvalidArgTypeError),
        ({"origins": "https://a"}, InvalidArgTypeError),
        ({"origins": [5]}, InvalidArgTypeError),
        ({"client_tracking": 5}, InvalidArgTypeError),
        ({"auto_pong": 5}, InvalidArgTypeError),
        ({"close_timeout": -1}, OutOfRangeError),
        ({"ping_interval": "x"}, InvalidArgTypeError),
        ({"WebSocket": dict}, InvalidArgTypeError),
        ({"WebSocket": WebSocket()}, InvalidArgTypeError),
        ({"maxPayloads": 5}, UnknownOptionError),
        ({"skipUTF8Validation": True}, UnknownOptionError),
    ],
)
def test_options_are_checked(options: Any, error: type[Exception]) -> None:
    """A wrong one raises, and says what would be right."""
    with pytest.raises(error):
        WebSocketServer({"noServer": True, **options} if "no_server" not in options else options)


def test_a_mapping_is_expected() -> None:
    """Not a server, as one may think."""
    with pytest.raises(InvalidArgTypeError):
        WebSocketServer(http.create_server())  # type: ignore[arg-type]


def test_unknown_options_get_a_hint() -> None:
    """The nearest name, or what is in the place of one of `ws`."""
    with pytest.raises(UnknownOptionError, match="did you mean 'maxPayload'"):
        WebSocketServer({"noServer": True, "maxPayloads": 5})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(UnknownOptionError, match="max_payload limits"):
        WebSocketServer({"noServer": True, "maxBufferedChunks": 5})  # type: ignore[typeddict-unknown-key]


def test_the_options_are_told() -> None:
    """What was given, completed, by either spelling; None means not given."""
    wss = WebSocketServer({"noServer": True, "maxPayload": 5, "pingInterval": None}, close_timeout=7)
    assert wss.options["max_payload"] == wss.options["maxPayload"] == 5
    assert (wss.options["closeTimeout"], wss.options["ping_interval"]) == (7, 0)
    assert (wss.options["path"], wss.options["WebSocket"]) == (None, WebSocket)
    with pytest.raises(KeyError):
        wss.options["unknown"]


@on_both_loops
async def test_max_payload_may_be_unlimited() -> None:
    """0, as in `ws`."""
    server, wss = await serve(max_payload=0)
    got: list[Any] = []
    wss.on("connection", lambda ws: ws.on("message", lambda data: got.append(len(data))))
    client = await shake(server)
    client.send(text("x" * 20_000_000))
    await until(lambda: got)
    assert got == [20_000_000]
    await client.say_goodbye()
    await server.close()


# -- server, port, no_server -----------------------------------------------------------------------


@on_both_loops
async def test_paths() -> None:
    """Several servers with a path each just work; the query does not count; other paths get 400."""
    server = http.create_server(lambda req, res: res.end("plain"))
    seen: list[str] = []
    for path in ("/a", "/b", "/%C3%A9"):
        wss = WebSocketServer(server=server, path=path)
        wss.on("connection", lambda ws, req, path=path: seen.append(f"{path} {req.url}"))
    await server.listen(0)
    for target in ("/a", "/b?x=1", "/%C3%A9"):
        assert (await ask(server, target=target)).startswith(b"HTTP/1.1 101 ")
    assert seen == ["/a /a", "/b /b?x=1", "/%C3%A9 /%C3%A9"]
    for target in ("/", "/a/", "/a/b", "/A", "/%c3%a9"):
        got = await refused(server, handshake(target))
        assert got.startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"), target
        assert got.endswith(b"there is no WebSocket at this path\n")
    await server.close()


@on_both_loops
async def test_other_paths_go_on_to_upgrade_listeners() -> None:
    """And to `should_upgrade_callback`; the server's own path does not."""
    server, _ = await serve(path="/a")
    server.on("upgrade", lambda req, socket, head: socket.end(f"upgrade {req.url}"))
    assert await refused(server, handshake("/b")) == b"upgrade /b"
    assert (await ask(server, target="/a")).startswith(b"HTTP/1.1 101 ")
    server.remove_all_listeners("upgrade")
    server.should_upgrade_callback = lambda req: False
    assert (await refused(server, handshake("/b", "Connection: close"))).startswith(b"HTTP/1.1 404 ")
    await server.close()


@on_both_loops
async def test_plain_requests_go_to_the_server() -> None:
    """As ever; 404 if nobody listens."""
    server, _ = await serve()
    assert (await refused(server, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).startswith(
        b"HTTP/1.1 404 "
    )
    server.on("request", lambda req, res: res.end("plain"))
    assert (await refused(server, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).endswith(
        b"plain"
    )
    await server.close()


@on_both_loops
async def test_a_server_of_its_own() -> None:
    """`port`: it listens at once, answers plain requests with 426, and is closed with the WebSocketServer."""
    listening: list[str] = []
    wss = WebSocketServer({"port": 0, "host": "127.0.0.1"}, lambda: listening.append("callback"))
    wss.on("listening", lambda: listening.append("event"))
    await until(lambda: len(listening) == 2)
    address: Any = wss.address()
    assert address["address"] == "127.0.0.1"
    port = address["port"]
    client = await shake(port)
    got = await refused(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert got.startswith(
        b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nContent-Type: text/plain\r\n"
    )
    assert b"\r\nContent-Length: 16\r\n" in got
    assert got.endswith(b"\r\n\r\nUpgrade Required")
    closing = asyncio.ensure_future(_wait(wss.close()))
    await asyncio.sleep(0.01)
    assert not closing.done()
    await client.say_goodbye()
    await closing
    with pytest.raises(ConnectionRefusedError):
        await dial(port)
    assert wss.address() is None


async def _wait(closing: Any) -> None:
    await closing


@on_both_loops
async def test_an_error_of_the_server_is_its_own() -> None:
    """A port that is taken."""
    first = WebSocketServer(port=0, host="127.0.0.1")
    address: Any = None
    while address is None:
        await asyncio.sleep(0)
        address = first.address()
    second = WebSocketServer(port=address["port"], host="127.0.0.1")
    found: list[Any] = []
    second.on("error", found.append)
    await until(lambda: found)
    assert isinstance(found[0], SystemCallError)
    assert found[0].code == "EADDRINUSE"
    await first.close()


@on_both_loops
async def test_handshakes_given_by_hand() -> None:
    """`no_server`: `handle_upgrade` makes the handshake, and does not emit 'connection'."""
    server = http.create_server()
    wss = WebSocketServer(no_server=True, path="/ws")
    log: list[Any] = []
    wss.on("connection", lambda ws: log.append("connection"))

    def opened(ws: Any, req: Any) -> None:
        log.append((req.url, ws.ready_state))
        ws.send("hi")

    server.on("upgrade", lambda req, socket, head: wss.handle_upgrade(req, socket, head, opened))
    await server.listen(0)
    client = await shake(server, "/ws")
    assert await client.message() == "hi"
    assert log == [("/ws", WebSocket.OPEN)]
    assert len(wss.clients or ()) == 1
    await client.say_goodbye()
    assert (await refused(server, handshake("/other"))).startswith(b"HTTP/1.1 400 ")
    with pytest.raises(WebSocketError) as caught:
        wss.address()
    assert caught.value.code == "ERR_WEBSOCKET_NO_SERVER"
    await server.close()


@on_both_loops
async def test_what_handle_upgrade_may_be_given() -> None:
    """A socket that 'upgrade' has passed on, once, and a callback."""
    server = http.create_server()
    wss = WebSocketServer(no_server=True)
    raised: list[Any] = []

    def attempt(*args: Any) -> None:
        try:
            wss.handle_upgrade(*args)
        except Exception as error:
            raised.append(error)

    def upgraded(req: Any, socket: Any, head: bytes) -> None:
        attempt(req, socket, head, None)
        attempt(req, 5, head, print)
        wss.handle_upgrade(req, socket, head, lambda ws, req: None)
        attempt(req, socket, head, print)

    server.on("upgrade", upgraded)
    server.on("request", lambda req, res: (attempt(req, req.socket, b"", print), res.end()))
    await server.listen(0)
    client = await shake(server)
    await client.say_goodbye()
    await refused(server, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert [type(each) for each in raised] == [
        InvalidArgTypeError,
        InvalidArgTypeError,
        WebSocketError,
        InvalidArgValueError,
    ]
    assert raised[2].code == "ERR_WEBSOCKET_UPGRADED_TWICE"
    await server.close()


@on_both_loops
async def test_what_is_no_handshake_is_refused_by_hand() -> None:
    """Another protocol that an 'upgrade' listener passes on by mistake."""
    server = http.create_server()
    wss = WebSocketServer(no_server=True)
    server.on("upgrade", lambda req, socket, head: wss.handle_upgrade(req, socket, head, print))
    await server.listen(0)
    got = await refused(server, handshake("/", "Upgrade: x", without="Upgrade"))
    assert got.startswith(b"HTTP/1.1 400 ")
    await server.close()


@on_both_loops
async def test_should_handle_may_be_overridden() -> None:
    """By either name; if it raises, that is logged and nobody takes the handshake."""

    class Choosy(WebSocketServer):
        def shouldHandle(self, req: Any) -> bool:
            if req.url == "/raise":
                raise ZeroDivisionError
            return bool(req.url == "/yes")

    server = http.create_server()
    Choosy(server=server)
    await server.listen(0)
    assert (await ask(server, target="/yes")).startswith(b"HTTP/1.1 101 ")
    assert (await refused(server, handshake("/no"))).startswith(b"HTTP/1.1 400 ")
    assert (await refused(server, handshake("/raise"))).startswith(b"HTTP/1.1 400 ")
    await server.close()


# -- whom it lets in ----------------------------------------------------------------------------------


@on_both_loops
async def test_verify_client() -> None:
    """Truth lets in, else 401; `info` is a mapping, and has attributes."""
    infos: list[VerifyInfo] = []

    def verify(info: VerifyInfo) -> object:
        infos.append(info)
        return info.req.url == "/in"

    server, wss = await serve(verify_client=verify)
    seen: list[Any] = []
    wss.on("connection", lambda ws: seen.append(ws))
    assert (await ask(server, "Origin: https://a", target="/in")) == SWITCHING
    assert (await refused(server, handshake("/out"))) == (
        b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: close\r\n\r\n"
        b"Unauthorized\n"
    )
    assert len(seen) == 1
    info = infos[0]
    assert (info.origin, info.secure, info.req.url) == ("https://a", False, "/in")
    assert dict(info) == {"origin": "https://a", "req": info.req, "secure": False}
    assert infos[1]["origin"] is None
    assert len(info) == 3
    with pytest.raises(KeyError):
        info["keys"]
    await server.close()


@on_both_loops
async def test_verify_client_with_done() -> None:
    """`done(ok, code, message, headers)`, now or later; a second call does nothing."""
    waiting: list[Any] = []

    def verify(info: Any, done: Any) -> None:
        if info.req.url == "/later":
            waiting.append(done)
        elif info.req.url == "/no":
            done(False)
            done(True)
        else:
            done(False, 429, "slowly", {"Retry-After": 5})

    server, _ = await serve(verifyClient=verify)
    assert (await refused(server, handshake("/no"))).startswith(b"HTTP/1.1 401 ")
    assert (await refused(server, handshake("/x"))) == (
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n"
        b"Connection: close\r\n\r\nslowly\n"
    )
    client = await dial(server)
    client.send(handshake("/later"))
    await until(lambda: waiting)
    waiting[0](True)
    waiting[0](False)
    assert await client.until(b"\r\n\r\n") == SWITCHING
    client.close()
    await server.close()


@on_both_loops
async def test_verify_client_may_be_async_and_may_fail(caplog: Any) -> None:
    """What it raises is logged, and the client gets 500; a client that leaves ends it."""
    go = asyncio.Event()

    async def verify(info: Any) -> bool:
        await go.wait()
        if info.req.url == "/raise":
            raise ZeroDivisionError
        return bool(info.req.url == "/in")

    server, wss = await serve(verify_client=verify)
    seen: list[Any] = []
    wss.on("connection", lambda ws: seen.append(ws))
    gone = await dial(server)
    gone.send(handshake("/in"))
    await asyncio.sleep(0.01)
    gone.abort()
    await asyncio.sleep(0.01)
    go.set()
    assert (await refused(server, handshake("/out"))).startswith(b"HTTP/1.1 401 ")
    assert (await refused(server, handshake("/raise"))).startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert (await ask(server, target="/in")) == SWITCHING
    assert len(seen) == 1
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert record.exc_info[0] is ZeroDivisionError
    await server.close()


@on_both_loops
async def test_origins() -> None:
    """Others get 403; a handshake without Origin passes."""
    server, _ = await serve(origins=["https://example.org"])
    assert (await ask(server, "Origin: https://EXAMPLE.org")) == SWITCHING
    assert (await ask(server)) == SWITCHING
    got = await refused(server, handshake("/", "Origin: https://evil.example"))
    assert got.startswith(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n")
    await server.close()


@on_both_loops
async def test_the_first_subprotocol_is_chosen_by_default() -> None:
    """As in `ws`."""
    server, wss = await serve()
    chosen: list[str] = []
    wss.on("connection", lambda ws: chosen.append(ws.protocol))
    assert b"Sec-WebSocket-Protocol: b\r\n" in await ask(server, "Sec-WebSocket-Protocol: b, a")
    assert b"WebSocket-Protocol" not in await ask(server)
    assert chosen == ["b", ""]
    await server.close()


@on_both_loops
async def test_handle_protocols(caplog: Any) -> None:
    """It chooses one of those that were offered, or none; it may be async, and is not asked if none is offered."""
    asked: list[Any] = []
    answer: list[Any] = ["b", False, None, "c", None]

    async def choose(protocols: list[str], req: Any) -> Any:
        asked.append((protocols, req.url))
        return answer.pop(0)

    server, _ = await serve(handle_protocols=choose)
    line = "Sec-WebSocket-Protocol: a, b"
    assert b"Sec-WebSocket-Protocol: b\r\n" in await ask(server, line)
    assert await ask(server, line) == SWITCHING
    assert await ask(server, line) == SWITCHING
    assert (await refused(server, handshake("/", line))).startswith(b"HTTP/1.1 500 ")
    assert await ask(server) == SWITCHING
    assert asked == [(["a", "b"], "/")] * 4
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert "must be one that was offered" in str(record.exc_info[1])
    await server.close()


@on_both_loops
async def test_a_handshake_that_closing_overtakes_is_503() -> None:
    """The server closes while `verify_client` thinks."""
    waiting: list[Any] = []
    server, _ = await serve(verify_client=lambda info, done: waiting.append(done))
    client = await dial(server)
    client.send(handshake())
    await until(lambda: waiting)
    closing = server.close()
    waiting[0](True)
    assert (await client.rest()).startswith(b"HTTP/1.1 503 ")
    await closing


# -- events ------------------------------------------------------------------------------------------


@on_both_loops
async def test_headers_may_be_looked_at_and_added_to() -> None:
    """'headers' (lines, req), before the 101."""
    server, wss = await serve()

    def add(lines: list[str], req: Any) -> None:
        assert lines[0] == "HTTP/1.1 101 Switching Protocols"
        lines.append(f"X-Target: {req.url}")

    wss.on("headers", add)
    assert await ask(server, target="/x") == SWITCHING[:-2] + b"X-Target: /x\r\n\r\n"
    await server.close()


@on_both_loops
async def test_a_line_that_no_header_can_be_is_500(caplog: Any) -> None:
    """Nothing of it is sent."""
    server, wss = await serve()
    wss.on("headers", lambda lines: lines.append("X: a\r\nSet-Cookie: b"))
    assert (await refused(server, handshake())).startswith(b"HTTP/1.1 500 ")
    await server.close()


@on_both_loops
async def test_ws_client_error_takes_over_the_answer() -> None:
    """(error, socket, req) for a handshake that is broken."""
    server, wss = await serve()
    log: list[Any] = []

    def on_error(error: Any, socket: Any, req: Any) -> None:
        log.append((error.code, error.status, req.url))
        socket.end("HTTP/1.1 418 I'm a Teapot\r\n\r\n")

    wss.on("wsClientError", on_error)
    got = await refused(server, handshake("/x", without="Sec-WebSocket-Key"))
    assert got == b"HTTP/1.1 418 I'm a Teapot\r\n\r\n"
    got = await refused(server, handshake("/y", "Sec-WebSocket-Version: 8", without="Sec-WebSocket-Version"))
    assert got == b"HTTP/1.1 418 I'm a Teapot\r\n\r\n"
    assert log == [("ERR_WEBSOCKET_HANDSHAKE", 400, "/x"), ("ERR_WEBSOCKET_HANDSHAKE", 426, "/y")]
    await server.close()


@on_both_loops
async def test_a_listener_of_ws_client_error_that_raises(caplog: Any) -> None:
    """It is logged, and the socket destroyed."""
    server, wss = await serve()
    wss.on("wsClientError", lambda error: 1 / 0)
    got = await refused(server, handshake("/", without="Sec-WebSocket-Key"))
    assert got in (b"", b"<reset>")
    assert len([each for each in caplog.records if each.levelno >= logging.ERROR]) == 1
    await server.close()


@on_both_loops
async def test_a_listener_of_connection_that_raises(caplog: Any) -> None:
    """It is logged, and the WebSocket closed with 1011; so is one that is async."""
    server, wss = await serve()
    wss.on("connection", lambda ws: 1 / 0)
    client = await shake(server)
    assert await client.close_frame() == (1011, "")
    client.send(close(1011))
    await client.ended()
    wss.remove_all_listeners("connection")

    async def fail(ws: Any, req: Any) -> None:
        await ws.receive()
        raise ZeroDivisionError

    wss.on("connection", fail)
    client = await shake(server)
    client.send(text("x"))
    assert await client.close_frame() == (1011, "")
    client.send(close(1011))
    await client.ended()
    assert len([each for each in caplog.records if each.levelno >= logging.ERROR]) == 2
    await server.close()


@on_both_loops
async def test_a_callback_of_handle_upgrade_that_raises(caplog: Any) -> None:
    """As a listener of 'connection'."""
    server = http.create_server()
    wss = WebSocketServer(no_server=True)
    server.on(
        "upgrade", lambda req, socket, head: wss.handle_upgrade(req, socket, head, lambda ws, req: 1 / 0)
    )
    await server.listen(0)
    client = await shake(server)
    assert await client.close_frame() == (1011, "")
    client.send(close(1011))
    await client.ended()
    assert len([each for each in caplog.records if each.levelno >= logging.ERROR]) == 1
    await server.close()


# -- clients, classes, the end --------------------------------------------------------------------------


@on_both_loops
async def test_clients() -> None:
    """A live set; one that closes has left it before 'close' is emitted."""
    server, wss = await serve()
    left: list[int] = []
    wss.on("connection", lambda ws: ws.on("close", lambda: left.append(len(wss.clients or ()))))
    clients = wss.clients
    assert clients == set()
    first, second = [await shake(server) for _ in range(2)]
    assert len(clients) == 2
    await first.say_goodbye()
    await until(lambda: left)
    await second.say_goodbye()
    await until(lambda: len(left) == 2)
    assert left == [1, 0]
    await server.close()


@on_both_loops
async def test_without_tracking_there_are_no_clients() -> None:
    """`close` waits for them all the same."""
    server, wss = await serve(client_tracking=False)
    assert wss.clients is None
    client = await shake(server)
    closing = asyncio.ensure_future(_wait(wss.close()))
    await asyncio.sleep(0.01)
    assert not closing.done()
    await client.say_goodbye()
    await closing
    await server.close()


@on_both_loops
async def test_a_class_of_the_programs_own(caplog: Any) -> None:
    """It is made in the place of WebSocket; if its constructor fails, that is 500."""

    class Chatter(WebSocket):
        def __init__(self) -> None:
            super().__init__()
            self.name = "somebody"
            if fails:
                raise ZeroDivisionError

    fails: list[bool] = []
    server, wss = await serve(WebSocket=Chatter)
    made: list[Any] = []
    wss.on("connection", made.append)
    await (await shake(server)).say_goodbye()
    assert made[0].name == "somebody"
    fails.append(True)
    assert (await refused(server, handshake())).startswith(b"HTTP/1.1 500 ")
    await server.close()


@on_both_loops
async def test_close_takes_no_more_and_leaves_the_open_ones() -> None:
    """'close' when they are gone; the HTTP server goes on."""
    server, wss = await serve()
    log: list[str] = []
    wss.on("close", lambda: log.append("event"))
    client = await shake(server)
    wss.close(lambda: log.append("callback"))
    wss.close()
    assert (await refused(server, handshake("/", "Connection: close"))).startswith(b"HTTP/1.1 404 ")
    assert log == []
    await client.say_goodbye()
    await until(lambda: log)
    assert log == ["event", "callback"]
    late: list[Any] = []
    wss.close(lambda error: late.append(error))
    await wss.close()
    await until(lambda: late)
    assert isinstance(late[0], ServerNotRunningError)
    await server.close()


async def test_close_of_one_without_connections() -> None:
    """'close' comes in a later tick."""
    wss = WebSocketServer(no_server=True)
    log: list[str] = []
    wss.on("close", lambda: log.append("close"))
    closing = wss.close()
    assert log == []
    await closing
    assert log == ["close"]


@on_both_loops
async def test_a_server_that_closes_waits_for_its_clients() -> None:
    """As for other upgraded sockets; a drain closes them with 1012."""
    server, _ = await serve()
    client = await shake(server)
    closing = asyncio.ensure_future(_wait(server.close()))
    await asyncio.sleep(0.01)
    assert not closing.done()
    client.send(text("still open"))
    await client.say_goodbye()
    await closing
    server, _ = await serve()
    clients = [await shake(server) for _ in range(2)]
    draining = server.drain(timeout=50)
    for client in clients:
        assert await client.close_frame() == (1012, "")
    clients[0].send(close(1012))
    await clients[0].ended()
    await draining
    assert await clients[1].rest() == []


@on_both_loops
async def test_a_closed_one_refuses_handshakes_by_hand() -> None:
    """503."""
    server = http.create_server()
    wss = WebSocketServer(no_server=True)
    server.on("upgrade", lambda req, socket, head: wss.handle_upgrade(req, socket, head, print))
    await wss.close()
    await server.listen(0)
    assert (await refused(server, handshake())).startswith(b"HTTP/1.1 503 ")
    await server.close()


# -- upgrade ---------------------------------------------------------------------------------------------


@on_both_loops
async def test_upgrade_in_one_call() -> None:
    """For an 'upgrade' listener: it returns the WebSocket, and raises if the handshake was refused."""
    server = http.create_server()
    raised: list[Any] = []

    @server.on("upgrade")
    async def chat(req: Any, socket: Any, head: bytes) -> None:
        try:
            ws = await upgrade(
                req, socket, head, {"maxPayload": 10, "perMessageDeflate": True}, origins=["https://a"]
            )
        except (WebSocketError, ConnectionLostError) as error:
            raised.append(error)
            return
        async for message in ws:
            await ws.send(message)

    await server.listen(0)
    client = await shake(server, "/", "Sec-WebSocket-Extensions: permessage-deflate", behind=text("early"))
    assert b"Sec-WebSocket-Extensions: permessage-deflate" in client.head
    assert await client.message() == "early"
    client.send(text("x" * 11))
    assert (await client.close_frame())[0] == 1009
    await client.ended()
    for request, status in (
        (handshake("/", without="Sec-WebSocket-Key"), 400),
        (handshake("/", "Origin: https://b"), 403),
    ):
        assert (await refused(server, request)).startswith(b"HTTP/1.1 %d " % status)
        assert raised.pop(0).status == status
    await server.close()
    with pytest.raises(UnknownOptionError):
        await upgrade(None, None, b"", path="/x")  # type: ignore[arg-type, call-arg]


@on_both_loops
async def test_upgrade_of_a_client_that_has_left() -> None:
    """ConnectionLostError, now or while earlier responses are awaited."""
    held: list[Any] = []
    server = http.create_server(lambda req, res: held.append(res))
    raised: list[Any] = []

    @server.on("upgrade")
    async def chat(req: Any, socket: Any, head: bytes) -> None:
        if req.url == "/gone":
            socket.destroy()
        try:
            await upgrade(req, socket, head)
        except ConnectionLostError as error:
            raised.append(error)

    await server.listen(0)
    client = await dial(server)
    client.send(handshake("/gone"))
    await until(lambda: raised)
    client.close()
    client = await dial(server)
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + handshake("/behind"))
    await until(lambda: held)
    client.abort()
    await until(lambda: len(raised) == 2)
    await server.close()
