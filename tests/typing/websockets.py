"""Checked by mypy and pyright, never run: WebSockets, their options and their events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, assert_type

from writehead import http, websocket


class Chatter(websocket.WebSocket):
    name: str = ""


def choose(protocols: list[str], req: http.IncomingMessage) -> str | None:
    return protocols[0]


async def choose_later(protocols: list[str], req: http.IncomingMessage) -> str:
    return protocols[0]


def verify(info: websocket.VerifyInfo) -> bool:
    return info.secure


def done(error: Exception | None) -> None: ...
def verify_by(info: websocket.VerifyInfo, done: Callable[..., None]) -> None: ...
def connected(ws: websocket.WebSocket, req: http.IncomingMessage) -> None: ...
def alone(ws: websocket.WebSocket) -> None: ...
def wrong(ws: int) -> None: ...


server = http.create_server()
wss = websocket.WebSocketServer(server=server, path="/ws", max_payload=5, ping_interval=timedelta(seconds=20))
websocket.WebSocketServer({"port": 0, "perMessageDeflate": {"threshold": 5, "memLevel": 9}}, lambda: None)
websocket.WebSocketServer(no_server=True, handle_protocols=choose, verify_client=verify, WebSocket=Chatter)
websocket.WebSocketServer(noServer=True, handle_protocols=choose_later, verifyClient=verify_by, origins={"a"})
websocket.WebSocketServer(ports=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
websocket.WebSocketServer(port="a")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
websocket.WebSocketServer({"prot": 5})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

assert_type(wss.clients, set[websocket.WebSocket] | None)
assert_type(wss.on("connection", connected), websocket.WebSocketServer)
assert_type(wss.on("connection", alone), websocket.WebSocketServer)
wss.on("connection", wrong)  # type: ignore[unused-coroutine]  # pyright: ignore[reportDeprecated]
wss.on("wsClientError", lambda error, socket, req: socket.end(str(error.status)))
wss.handle_upgrade
wss.handleUpgrade


@wss.on("connection")
async def chat(ws: websocket.WebSocket, req: http.IncomingMessage) -> None:
    async for message in ws:
        assert_type(message, str | bytes)
        await ws.send(message)
    assert_type(await ws.receive(), str | bytes)
    assert_type(ws.ready_state, int)
    assert_type(ws.req, http.IncomingMessage | None)
    assert_type(ws.close_code, int | None)
    ws.send(b"x", {"binary": True}, done)
    ws.send(bytearray(b"x"), lambda: None)
    ws.send(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ws.ping("x", lambda: None)
    await ws.close(1000, "bye")
    ws.on("message", lambda data, is_binary: ws.send(data))
    ws.on("close", lambda code, reason: print(code + 1, reason.upper()))
    ws.on("ping", lambda data: data.hex())
    async with ws as same:
        assert_type(same, websocket.WebSocket)


@server.on("upgrade")
async def upgraded(req: http.IncomingMessage, socket: http.Socket, head: bytes) -> None:
    ws = await websocket.upgrade(req, socket, head, {"maxPayload": 5}, auto_pong=False)
    assert_type(ws, websocket.WebSocket)
    assert_type(websocket.broadcast(wss.clients, "x"), int)
    await websocket.upgrade(req, socket, head, path="/")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def info_of(info: websocket.VerifyInfo) -> None:
    assert_type(info.origin, str | None)
    assert_type(info.secure, bool)
    assert_type(info["req"], Any)
