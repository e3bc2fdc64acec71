"""WebSockets of ASGI applications: the scope, the messages both ways, denials, and every end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from tests.kit.websocket_client import (
    BINARY,
    SWITCHING,
    TEXT,
    WebSocketClient,
    close,
    frame,
    handshake,
    refused,
    shake,
    text,
    until,
)
from writehead import asgi, http, testing
from writehead.errors import (
    ASGIMessageError,
    ASGIStateError,
    ConnectionLostError,
    ContentLengthMismatchError,
    InvalidArgTypeError,
    UnknownOptionError,
)

App = Callable[[Any, Any, Any], Awaitable[None]]


class Hosted:
    """A server with an application, and what that has noted."""

    def __init__(self, app: Callable[..., Awaitable[Any]], **options: Any) -> None:
        self.log: list[Any] = []
        self.app = app
        self.server = asgi.create_server(self._run, {"lifespan": "off", **options})

    async def _run(self, scope: Any, receive: Any, send: Any) -> Any:
        async def noted() -> Any:
            message = await receive()
            self.log.append(message)
            return message

        return await self.app(scope, noted, send)

    async def listen(self) -> Hosted:
        await self.server.listen(0)
        return self

    async def shake(self, *lines: str, target: str = "/", behind: bytes = b"") -> WebSocketClient:
        return await shake(self.server, target, *lines, behind=behind)

    async def close(self) -> None:
        await self.server.close()


async def hosted(app: Callable[..., Awaitable[Any]], **options: Any) -> Hosted:
    return await Hosted(app, **options).listen()


ACCEPT = {"type": "websocket.accept"}
CONNECT = {"type": "websocket.connect"}


def disconnect(code: int, reason: str = "") -> dict[str, Any]:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Accept, and send back what comes until the end."""
    await receive()
    await send(ACCEPT)
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


async def until_the_end(receive: Any) -> Any:
    while (message := await receive())["type"] != "websocket.disconnect":
        pass
    return message


def errors(caplog: Any) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]


# -- the scope -----------------------------------------------------------------------------


@on_both_loops
async def test_the_scope() -> None:
    """The keys of an HTTP scope without `method`; the rest is of WebSockets."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await echo(scope, receive, send)

    served = await hosted(app, path="/app", root_path="/proxy")
    lines = ("Sec-WebSocket-Protocol: b, a", "sec-websocket-protocol: c", "X-Name: v")
    client = await served.shake(*lines, target="/app/x%2Fy?q=1%20")
    await client.say_goodbye()
    (scope,) = scopes
    extensions = scope.pop("extensions")
    assert extensions.pop("websocket.http.response") == {}
    assert "tls" not in extensions
    assert not [each for each in extensions if each.startswith("http.")]
    headers = scope.pop("headers")
    assert (b"x-name", b"v") in headers
    assert headers[0] == (b"host", b"a")
    assert scope.pop("client")[0] == scope.pop("server")[0] == "127.0.0.1"
    assert scope == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/proxy/app/x/y",
        "raw_path": b"/app/x%2Fy",
        "query_string": b"q=1%20",
        "root_path": "/proxy/app",
        "subprotocols": ["b", "a", "c"],
        "state": {},
    }
    await served.close()


@on_both_loops
async def test_the_scope_over_tls() -> None:
    """`wss`, and the extension `tls`."""
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await echo(scope, receive, send)

    server = asgi.create_server(app, lifespan="off", **authority().options())
    await server.listen(0)
    client = await shake(server, context=authority().context())
    client.send(text("secret"))
    assert await client.message() == "secret"
    await client.say_goodbye()
    assert (scopes[0]["scheme"], scopes[0]["subprotocols"]) == ("wss", [])
    assert scopes[0]["extensions"]["tls"]["tls_version"] in (0x0303, 0x0304)
    await server.close()


@on_both_loops
async def test_the_state_is_a_copy_of_that_of_the_lifespan() -> None:
    """As for HTTP."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["n"] = 1
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen.append(dict(scope["state"]))
        scope["state"]["n"] = 2
        await echo(scope, receive, send)

    server = asgi.create_server(app)
    await server.listen(0)
    for _ in range(2):
        await (await shake(server)).say_goodbye()
    assert seen == [{"n": 1}, {"n": 1}]
    await server.close()


# -- receive ---------------------------------------------------------------------------------


@on_both_loops
async def test_messages_have_only_the_key_that_is_meant() -> None:
    """`text` or `bytes`; an empty one is a message; then the end, at every later call too."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await echo(scope, receive, send)
        for _ in range(3):
            await receive()

    served = await hosted(app)
    client = await served.shake()
    client.send(text("a"), frame(BINARY, b"\xff"), text(""), frame(BINARY))
    assert [await client.message() for _ in range(4)] == ["a", b"\xff", "", b""]
    client.send(close(4000, "bye"))
    assert await client.close_frame() == (4000, "bye")
    await client.ended()
    await served.close()
    assert served.log == [
        CONNECT,
        {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "bytes": b"\xff"},
        {"type": "websocket.receive", "text": ""},
        {"type": "websocket.receive", "bytes": b""},
        *[disconnect(4000, "bye")] * 4,
    ]


@on_both_loops
async def test_before_accept_a_second_call_waits_for_a_message() -> None:
    """It is given what comes after `websocket.accept`."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        second = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not second.done()
        await send(ACCEPT)
        await send({"type": "websocket.send", "text": (await second)["text"]})
        await until_the_end(receive)

    served = await hosted(app)
    client = await served.shake(behind=text("early"))
    assert await client.message() == "early"
    await client.say_goodbye()
    await served.close()


@on_both_loops
async def test_before_accept_a_second_call_waits_for_the_loss() -> None:
    """1006, also if the client only ends its side; `accept` after that is quiet: an OSError."""
    raised: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()
        try:
            await send(ACCEPT)
        except OSError as error:
            raised.append(error)
            raise

    served = await hosted(app)
    for end in ("end", "abort"):
        client = await dial(served.server)
        client.send(handshake())
        await until(lambda: CONNECT in served.log)
        getattr(client, end)()
        await until(lambda: len(raised) == 1)
        assert served.log == [CONNECT, disconnect(1006)]
        assert isinstance(raised.pop(), ConnectionLostError)
        served.log.clear()
        client.close()
    await served.close()


@on_both_loops
async def test_a_cancelled_receive_loses_nothing() -> None:
    """The next call gets the message."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        for _ in range(5):
            waiting = asyncio.ensure_future(receive())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.sleep(0)
        await send({"type": "websocket.send", "text": "ready"})
        several = [asyncio.ensure_future(receive()) for _ in range(3)]
        await asyncio.sleep(0)
        several[0].cancel()
        got = [(await each)["text"] for each in several[1:]]
        await send({"type": "websocket.send", "text": "".join(got)})
        await until_the_end(receive)

    served = await hosted(app)
    client = await served.shake()
    assert await client.message() == "ready"
    client.send(text("a"), text("b"))
    assert await client.message() == "ab"
    await client.say_goodbye()
    await served.close()


@on_both_loops
async def test_the_end_is_given_to_all_that_wait() -> None:
    """Several tasks may listen."""
    ends: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        ends.extend(await asyncio.gather(*[receive() for _ in range(3)]))

    served = await hosted(app)
    client = await served.shake()
    client.send(close())
    assert await client.close_frame() == (None, "")
    await until(lambda: len(ends) == 3)
    assert ends == [disconnect(1005)] * 3
    await client.ended()
    await served.close()


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (close(), disconnect(1005)),
        (close(1001, "going"), disconnect(1001, "going")),
        (frame(TEXT, b"\xff"), disconnect(1007, "invalid UTF-8 sequence: invalid start byte at position 0")),
        (frame(TEXT, b"x", key=None), disconnect(1002, "MASK must be set")),
    ],
)
@on_both_loops
async def test_the_code_of_the_end(data: bytes, end: Any) -> None:
    """The client's close frame, else ours; the messages before it come first."""

    async def listen(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await until_the_end(receive)

    served = await hosted(listen)
    client = await served.shake()
    client.send(text("a") + data)
    await until(lambda: served.log[-1] == end)
    assert served.log == [CONNECT, {"type": "websocket.receive", "text": "a"}, end]
    await client.rest()
    await served.close()


@on_both_loops
async def test_a_message_that_is_too_long_is_1009() -> None:
    """`max_payload`; the application is told, too."""
    served = await hosted(echo, websocket={"max_payload": 10})
    client = await served.shake()
    client.send(text("x" * 11))
    assert (await client.close_frame())[0] == 1009
    await until(lambda: served.log[-1].get("code") == 1009)
    await client.ended()
    await served.close()


@on_both_loops
async def test_a_lost_connection_is_1006() -> None:
    """In the midst of a message, or while the application waits to send."""

    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        try:
            while True:
                await send({"type": "websocket.send", "bytes": bytes(1_000_000)})
        except OSError:
            await receive()

    for app in (echo, flood):
        served = await hosted(app)
        client = await served.shake()
        client.send(text("whole")[:4])
        client.raw.pause_reading()
        await asyncio.sleep(0.02)
        client.raw.abort()
        await until(lambda served=served: served.log[-1] == disconnect(1006))
        await served.close()


# -- send: the handshake ------------------------------------------------------------------------


@on_both_loops
async def test_accept() -> None:
    """A subprotocol that was offered, and the application's fields behind ours."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        fields = [(b"X-One", b"1"), [b"set-cookie", b"a=b"]]
        await send({"type": "websocket.accept", "subprotocol": "b", "headers": fields})
        await until_the_end(receive)

    served = await hosted(app)
    client = await served.shake("Sec-WebSocket-Protocol: a, b")
    assert client.head == SWITCHING[:-2] + (
        b"Sec-WebSocket-Protocol: b\r\nX-One: 1\r\nset-cookie: a=b\r\n\r\n"
    )
    await client.say_goodbye()
    await served.close()


@on_both_loops
async def test_accept_without_a_subprotocol() -> None:
    """None is chosen by itself; deflate is agreed, where it is offered."""
    served = await hosted(echo)
    client = await served.shake("Sec-WebSocket-Protocol: a", "Sec-WebSocket-Extensions: permessage-deflate")
    assert client.head == SWITCHING[:-2] + (
        b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n\r\n"
    )
    await client.say_goodbye()
    await served.close()
    served = await hosted(echo, websocket={"perMessageDeflate": False})
    client = await served.shake("Sec-WebSocket-Extensions: permessage-deflate")
    assert client.head == SWITCHING
    await client.say_goodbye()
    await served.close()


REFUSED: list[tuple[Any, type[Exception]]] = [
    ({"type": "websocket.accept", "subprotocol": "c"}, ASGIMessageError),
    ({"type": "websocket.accept", "subprotocol": ""}, ASGIMessageError),
    *[
        ({"type": "websocket.accept", "headers": [(name, b"x")]}, ASGIMessageError)
        for name in (
            b"Sec-WebSocket-Accept",
            b"sec-websocket-extensions",
            b"Upgrade",
            b"connection",
            b"Content-Length",
            b"transfer-encoding",
            b"a b",
            "x",
        )
    ],
    ({"type": "websocket.accept", "headers": [(b"x", b"a\r\nb: c")]}, ASGIMessageError),
    ({"type": "websocket.accept", "headers": 5}, ASGIMessageError),
    ({"type": "websocket.send", "text": "x"}, ASGIStateError),
    ({"type": "websocket.http.response.body"}, ASGIStateError),
    ({"type": "websocket.http.response.start", "status": 100}, ASGIMessageError),
    ({"type": "websocket.http.response.start", "status": "403"}, ASGIMessageError),
    ({"type": "http.response.start", "status": 200}, ASGIMessageError),
    ({"type": 5}, ASGIMessageError),
    ({}, ASGIMessageError),
    (None, ASGIMessageError),
]


@on_both_loops
async def test_what_may_not_be_sent_while_connecting() -> None:
    """It raises, has sent nothing, and leaves the state as it was."""
    raised: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message, _ in REFUSED:
            try:
                await send(message)
            except Exception as error:
                raised.append(type(error))
        await echo(scope, receive, send)

    served = await hosted(app)
    client = await served.shake("Sec-WebSocket-Protocol: a")
    assert client.head == SWITCHING
    await client.say_goodbye()
    assert raised == [error for _, error in REFUSED]
    await served.close()


@on_both_loops
async def test_close_before_accept_is_403() -> None:
    """The connection ends, and `receive` gives the end: 1006."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.close", "code": 4000, "reason": "no"})
        await receive()
        await send({"type": "websocket.close"})
        with pytest.raises(ConnectionLostError):
            await send(ACCEPT)

    served = await hosted(app)
    assert await refused(served.server, handshake()) == (
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    await served.close()
    assert served.log == [CONNECT, disconnect(1006)]


@on_both_loops
async def test_a_denial_is_a_response_of_its_own() -> None:
    """Streamed as an HTTP body, binary; with the last piece the connection ends."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        fields = [(b"X-Why", b"secret"), (b"connection", b"keep-alive"), (b"content-length", b"5")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": fields})
        await send({"type": "websocket.http.response.body", "body": b"\xff\xfe", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": bytearray(b"abc")})
        await receive()

    served = await hosted(app)
    assert await refused(served.server, handshake()) == (
        b"HTTP/1.1 401 Unauthorized\r\nX-Why: secret\r\ncontent-length: 5\r\nDate: D\r\nConnection: close\r\n"
        b"\r\n\xff\xfeabc"
    )
    await served.close()
    assert served.log == [CONNECT, disconnect(1006)]


@on_both_loops
async def test_a_denial_without_a_length() -> None:
    """In one piece it is announced, in several it is chunked; the head goes out on the next turn."""

    async def whole(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 200, "trailers": True})
        await send({"type": "websocket.http.response.body", "body": b"abc"})

    async def pieces(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 999})
        for piece in (b"abc", b"", b"d"):
            await asyncio.sleep(0)
            await send({"type": "websocket.http.response.body", "body": piece, "more_body": True})
        await send({"type": "websocket.http.response.body"})

    served = await hosted(whole)
    assert await refused(served.server, handshake()) == (
        b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
    )
    await served.close()
    served = await hosted(pieces)
    assert await refused(served.server, handshake()) == (
        b"HTTP/1.1 999 unknown\r\nDate: D\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"
    )
    await served.close()


@on_both_loops
async def test_what_may_not_be_sent_while_denying() -> None:
    """The checks are those of a response."""
    raised: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        start = {
            "type": "websocket.http.response.start",
            "status": 403,
            "headers": [(b"content-length", b"1")],
        }
        await send(start)
        for message in (
            start,
            ACCEPT,
            {"type": "websocket.close"},
            {"type": "websocket.send", "text": "x"},
            {"type": "websocket.http.response.body", "body": "text"},
            {"type": "websocket.http.response.body", "body": b"xx"},
        ):
            try:
                await send(message)
            except Exception as error:
                raised.append(type(error))

    served = await hosted(app)
    await refused(served.server, handshake())
    await served.close()
    assert raised == [*[ASGIStateError] * 4, ASGIMessageError, ContentLengthMismatchError]


@on_both_loops
async def test_a_large_denial_waits_for_the_client() -> None:
    """`send` is complete when it is taken; a client that leaves ends the wait."""
    sent: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 200})
        for at in range(20):
            await send({"type": "websocket.http.response.body", "body": bytes(1_000_000), "more_body": True})
            sent.append(at)
        await send({"type": "websocket.http.response.body"})

    served = await hosted(app)
    client = await dial(served.server)
    client.pause_reading()
    client.send(handshake())
    await asyncio.sleep(0.05)
    assert len(sent) < 15
    client.resume_reading()
    assert len(await client.rest()) > 20_000_000
    sent.clear()
    client = await dial(served.server)
    client.pause_reading()
    client.send(handshake())
    await asyncio.sleep(0.05)
    client.abort()
    await served.close()
    assert len(sent) < 15


# -- send: messages and close ----------------------------------------------------------------------


WRONG: list[tuple[Any, type[Exception]]] = [
    ({"type": "websocket.send"}, ASGIMessageError),
    ({"type": "websocket.send", "text": None, "bytes": None}, ASGIMessageError),
    ({"type": "websocket.send", "text": "a", "bytes": b"b"}, ASGIMessageError),
    ({"type": "websocket.send", "text": b"a"}, ASGIMessageError),
    ({"type": "websocket.send", "bytes": "a"}, ASGIMessageError),
    ({"type": "websocket.send", "bytes": 5}, ASGIMessageError),
    ({"type": "websocket.send", "text": "\ud800"}, ASGIMessageError),
    *[
        ({"type": "websocket.close", "code": code}, ASGIMessageError)
        for code in (0, 999, 1005, 1006, 1015, 5000)
    ],
    ({"type": "websocket.close", "code": True}, ASGIMessageError),
    ({"type": "websocket.close", "code": "1000"}, ASGIMessageError),
    ({"type": "websocket.close", "reason": b"x"}, ASGIMessageError),
    ({"type": "websocket.close", "reason": "\ud800"}, ASGIMessageError),
    (ACCEPT, ASGIStateError),
    ({"type": "websocket.http.response.start", "status": 200}, ASGIStateError),
    ({"type": "websocket.receive"}, ASGIMessageError),
    ({}, ASGIMessageError),
]


@on_both_loops
async def test_what_may_not_be_sent_while_open() -> None:
    """It raises, and nothing of it is sent."""
    raised: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        for message, _ in WRONG:
            try:
                await send(message)
            except Exception as error:
                raised.append(type(error))
        await until_the_end(receive)

    served = await hosted(app)
    client = await served.shake()
    await client.say_goodbye()
    await served.close()
    assert raised == [error for _, error in WRONG]


@on_both_loops
async def test_messages_that_may_be_sent() -> None:
    """Text, any bytes-like object, empty ones; the other key may be None."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        changing = bytearray(b"1")
        await send({"type": "websocket.send", "bytes": changing})
        changing[0] = 0
        await send({"type": "websocket.send", "bytes": memoryview(b"22"), "text": None})
        await send({"type": "websocket.send", "text": "é", "bytes": None, "extra": 1})
        await send({"type": "websocket.send", "text": ""})
        await send({"type": "websocket.send", "bytes": b""})
        await until_the_end(receive)

    served = await hosted(app)
    client = await served.shake()
    assert [await client.message() for _ in range(5)] == [b"1", b"22", "é", "", b""]
    await client.say_goodbye()
    await served.close()


@on_both_loops
async def test_the_applications_close_reaches_the_client() -> None:
    """Code and reason; `receive` gives them at once, and later calls of `send` fail but for `websocket.close`."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await send({"type": "websocket.close", "code": 4001, "reason": "done"})
        await receive()
        await send({"type": "websocket.close", "code": 1000})
        for message in ({"type": "websocket.send", "text": "x"}, ACCEPT, {}, {"type": "unknown"}):
            with pytest.raises(ConnectionLostError):
                await send(message)

    served = await hosted(app)
    client = await served.shake()
    assert await client.close_frame() == (4001, "done")
    await until(lambda: len(served.log) == 2)
    assert served.log == [CONNECT, disconnect(4001, "done")]
    client.send(text("late") + close(4001))
    await client.ended()
    await served.close()


@on_both_loops
async def test_close_has_a_code_and_a_reason_by_default() -> None:
    """1000 and none; None means the same; a long reason is cut at a character, with a warning."""
    given: list[Any] = [{}, {"code": None, "reason": None}, {"code": 3000, "reason": "é" * 62}]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.close", **given[0]})

    served = await hosted(app)
    for expected in ((1000, ""), (1000, ""), (3000, "é" * 61)):
        client = await served.shake()
        assert await client.close_frame() == expected
        client.send(close(1000))
        await client.ended()
        given.pop(0)
    await served.close()


@on_both_loops
async def test_the_cut_reason_is_told(caplog: Any) -> None:
    """One warning names the request."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.close", "reason": "x" * 124})

    served = await hosted(app)
    client = await served.shake(target="/long")
    assert await client.close_frame() == (1000, "x" * 123)
    client.send(close(1000))
    await client.ended()
    await served.close()
    (line,) = errors(caplog)
    assert line.startswith("GET /long from 127.0.0.1:")


@on_both_loops
async def test_a_send_waits_while_the_client_is_slow() -> None:
    """It is complete when all is taken; reading goes on then."""
    sent: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        for at in range(20):
            await send({"type": "websocket.send", "bytes": bytes(1_000_000)})
            sent.append(at)
        await until_the_end(receive)

    served = await hosted(app)
    client = await served.shake()
    client.raw.pause_reading()
    await asyncio.sleep(0.05)
    assert len(sent) < 15
    client.raw.resume_reading()
    for _ in range(20):
        assert await client.message() == bytes(1_000_000)
    await client.say_goodbye()
    await served.close()


async def test_an_application_that_waits_for_nothing_lets_the_loop_go_on() -> None:
    """At least once each mark of bytes."""
    steps: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        ticker = asyncio.ensure_future(tick())
        for _ in range(100):
            await send({"type": "websocket.send", "bytes": bytes(10_000)})
        ticker.cancel()
        await until_the_end(receive)

    async def tick() -> None:
        while True:
            steps.append(1)
            await asyncio.sleep(0)

    served = Hosted(app)
    testing.listen(served.server)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    client = testing.connect(served.server)
    client.send(handshake())
    await client.until(lambda: len(client.received) > 1_000_000)
    assert len(steps) >= 1_000_000 // 70_000
    client.reset()


@on_both_loops
async def test_a_flood_meets_paused_reading() -> None:
    """An application that does not receive: sixteen messages wait, and all are there later."""
    go = asyncio.Event()
    got: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await go.wait()
        while (message := await receive())["type"] == "websocket.receive":
            got.append(message["text"])

    served = await hosted(app)
    client = await served.shake()
    client.send(text("x" * 1000) * 3000)
    (call,) = next(iter(served.server._guests.hosts())).websockets  # type: ignore[union-attr, attr-defined]
    await until(lambda: call.connection.channel.reading_paused)
    await asyncio.sleep(0.02)
    assert len(call._inbox.messages) == 16
    go.set()
    client.send(close(1000))
    assert await client.close_frame() == (1000, "")
    assert got == ["x" * 1000] * 3000
    await client.ended()
    await served.close()


# -- the application ends ------------------------------------------------------------------------------


ENDS: list[tuple[str, bool, bytes | tuple[int, str]]] = [
    ("connecting", False, b"HTTP/1.1 500 Internal Server Error\r\n"),
    ("connecting", True, b"HTTP/1.1 500 Internal Server Error\r\n"),
    ("open", False, (1000, "")),
    ("open", True, (1011, "")),
]


@pytest.mark.parametrize(("stage", "raises", "seen"), ENDS)
@on_both_loops
async def test_the_application_ends(stage: str, raises: bool, seen: Any, caplog: Any) -> None:
    """Before accept: 500 and an error; open: close frame 1000, or 1011 with the traceback."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if stage == "open":
            await send(ACCEPT)
        if raises:
            raise ZeroDivisionError("oops")

    served = await hosted(app)
    if stage == "connecting":
        got = await refused(served.server, handshake())
        assert got.startswith(seen)
        assert b"\r\nConnection: close\r\n" in got
    else:
        client = await served.shake()
        assert await client.close_frame() == seen
        client.send(text("late") * 100 + close(1000))
        await client.ended()
    await served.close()
    logged = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert len(logged) == (1 if raises or stage == "connecting" else 0)
    if raises:
        assert logged[0].exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("raises", [False, True])
@on_both_loops
async def test_the_application_ends_while_it_denies(raises: bool, caplog: Any) -> None:
    """The connection is cut: no last chunk."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.http.response.start", "status": 200})
        await send({"type": "websocket.http.response.body", "body": b"abc", "more_body": True})
        if raises:
            raise ZeroDivisionError("oops")

    served = await hosted(app)
    got = await refused(served.server, handshake())
    assert b"0\r\n\r\n" not in got
    await served.close()
    assert len([each for each in caplog.records if each.levelno >= logging.ERROR]) == 1


@on_both_loops
async def test_a_client_that_leaves_makes_no_noise(caplog: Any) -> None:
    """What the application raises for that is logged at DEBUG; its own errors are errors."""
    own: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(ACCEPT)
        await until_the_end(receive)
        if own:
            raise ZeroDivisionError
        await send({"type": "websocket.send", "text": "late"})

    served = await hosted(app)
    client = await served.shake()
    client.raw.abort()
    await served.server.close()
    assert errors(caplog) == []
    own.append(True)
    await served.listen()
    client = await served.shake()
    client.raw.abort()
    await served.close()
    assert len(errors(caplog)) == 1


@on_both_loops
async def test_a_returned_value_is_ignored_with_a_warning(caplog: Any) -> None:
    """As for HTTP."""

    async def app(scope: Any, receive: Any, send: Any) -> Any:
        await send(ACCEPT)
        return 5

    served = await hosted(app)
    client = await served.shake()
    assert await client.close_frame() == (1000, "")
    client.send(close(1000))
    await client.ended()
    await served.close()
    assert len(errors(caplog)) == 1


@on_both_loops
async def test_cancel_after_disconnect() -> None:
    """The task is cancelled so many milliseconds after its client has left; without it, never."""
    ended: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    served = await hosted(app, cancel_after_disconnect=1)
    client = await served.shake()
    client.raw.abort()
    await until(lambda: ended)
    assert ended == ["cancelled"]
    await served.close()


@on_both_loops
async def test_each_call_has_its_own_context() -> None:
    """A copy of that of the server; what a call sets is not seen by another."""
    import contextvars

    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.send", "text": variable.get()})
        variable.set("set by a call")
        await until_the_end(receive)

    variable.set("server")
    served = await hosted(app)
    for _ in range(2):
        client = await served.shake()
        assert await client.message() == "server"
        await client.say_goodbye()
    await served.close()


# -- the server closes -----------------------------------------------------------------------------------


@on_both_loops
async def test_a_server_that_closes_tells_with_1012() -> None:
    """Open WebSockets get a close frame, and the application a disconnect with the same code."""
    served = await hosted(echo)
    client = await served.shake()
    client.send(text("x"))
    assert await client.message() == "x"
    closing = asyncio.ensure_future(served.close())
    assert await client.close_frame() == (1012, "")
    await until(lambda: served.log[-1] == disconnect(1012))
    client.send(close(1012))
    await client.ended()
    await closing


@on_both_loops
async def test_a_server_that_closes_refuses_what_is_connecting() -> None:
    """503; the application gets the end."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()

    served = await hosted(app)
    client = await dial(served.server)
    client.send(handshake())
    await until(lambda: CONNECT in served.log)
    closing = asyncio.ensure_future(served.close())
    assert (await client.rest()).startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    await closing
    assert served.log == [CONNECT, disconnect(1006)]


@on_both_loops
async def test_at_the_deadline_it_is_cut() -> None:
    """`close_all_connections` ends those whose clients have not answered."""
    served = await hosted(echo)
    client = await served.shake()
    closing = asyncio.ensure_future(served.close())
    assert await client.close_frame() == (1012, "")
    served.server.close_all_connections()
    await closing
    client.raw.close()


@on_both_loops
async def test_the_client_may_be_slow_to_answer() -> None:
    """`close_timeout`, 10 seconds by default here; then it is cut."""
    served = await hosted(echo, websocket={"closeTimeout": 20})
    client = await served.shake()
    closing = asyncio.ensure_future(served.close())
    assert await client.close_frame() == (1012, "")
    await closing
    client.raw.close()


# -- who takes it -------------------------------------------------------------------------------------------


@on_both_loops
async def test_a_mount_may_leave_handshakes_alone() -> None:
    """With `websocket=False` 'upgrade' has them, or they are ordinary requests of the mount."""
    kinds: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        kinds.append(scope["type"])
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    served = await hosted(app, websocket=False)
    got = await refused(served.server, handshake("/", "Connection: close"))
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert kinds == ["http"]
    served.server.on("upgrade", lambda req, socket, head: socket.end("taken"))
    assert await refused(served.server, handshake()) == b"taken"
    await served.close()


@on_both_loops
async def test_a_bad_handshake_never_reaches_the_application() -> None:
    """Nor does POST get a 101."""
    served = await hosted(echo)
    assert (await refused(served.server, handshake("/", without="Sec-WebSocket-Key"))).startswith(
        b"HTTP/1.1 400 "
    )
    assert served.log == []
    await served.close()


@on_both_loops
async def test_origins() -> None:
    """Others get 403; one without Origin is no browser."""
    served = await hosted(echo, websocket={"origins": ["https://Example.org"]})
    for origin, status in (("https://example.org", b"101"), ("https://evil.example", b"403"), (None, b"101")):
        client = await dial(served.server)
        client.send(handshake("/", *([] if origin is None else [f"Origin: {origin}"])))
        assert (await client.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 " + status)
        client.close()
    await served.close()


def test_options_are_checked_when_it_is_attached() -> None:
    """A mapping of the options of WebSockets, in either spelling."""
    server = http.create_server()
    asgi.attach(server, echo, websocket={"maxPayload": 5, "ping_interval": 0})
    with pytest.raises(UnknownOptionError):
        asgi.attach(server, echo, websocket={"path": "/x"})
    with pytest.raises(InvalidArgTypeError):
        asgi.attach(server, echo, websocket=5)  # type: ignore[arg-type]


async def test_keep_alive_is_on_and_tells_the_application() -> None:
    """Every 20 seconds, and 20 more: 1011."""
    served = Hosted(echo)
    testing.listen(served.server)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    client = testing.connect(served.server)
    client.send(handshake())
    await client.until(lambda: client.received == SWITCHING)
    client.clock.advance(20_300)
    assert client.received[len(SWITCHING) :][:2] == b"\x89\x04"
    client.clock.advance(20_300)
    await until(lambda: served.log[-1] == disconnect(1011, "keepalive ping timeout"))
    assert dateless(client.received).endswith(b"keepalive ping timeout")
    await until(lambda: client.closed)
