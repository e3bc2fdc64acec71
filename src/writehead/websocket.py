"""WebSockets, in the manner of npm's `ws`.

    wss = websocket.WebSocketServer(server=server, path="/ws")

    @wss.on("connection")
    async def echo(ws, req):
        async for message in ws:
            await ws.send(message)

Source: https://github.com/websockets/ws
"""

from __future__ import annotations

from writehead._guests.websocket.option_types import (
    PerMessageDeflateOptions,
    VerifyInfo,
    WebSocketOptions,
    WebSocketServerOptions,
)
from writehead._guests.websocket.web_socket import WebSocket
from writehead._guests.websocket.web_socket_server import WebSocketServer, broadcast, upgrade

__all__ = [
    "PerMessageDeflateOptions",
    "VerifyInfo",
    "WebSocket",
    "WebSocketOptions",
    "WebSocketServer",
    "WebSocketServerOptions",
    "broadcast",
    "upgrade",
]
