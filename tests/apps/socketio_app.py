"""A server of Socket.IO."""

from __future__ import annotations

from typing import Any

import socketio

server = socketio.AsyncServer(async_mode="asgi", ping_interval=1, ping_timeout=5)
app = socketio.ASGIApp(server)


@server.event
async def connect(sid: str, environ: dict[str, Any]) -> None:
    await server.emit("welcome", {"path": environ["PATH_INFO"]}, to=sid)


@server.event
async def echo(sid: str, data: Any) -> Any:
    return data


@server.event
async def shout(sid: str, data: str) -> None:
    await server.emit("heard", data.upper())
