"""An application of Litestar."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

from gates import AsyncGates
from litestar import Litestar, MediaType, Request, WebSocket, get, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from litestar.response import File, Response, ServerSentEvent, Stream

gates = AsyncGates()


@get("/hello", media_type=MediaType.TEXT)
async def hello() -> str:
    return "hello"


@get("/url/{rest:path}")
async def url(request: Request[Any, Any, Any]) -> dict[str, str | None]:
    client = request.client.host if request.client else None
    return {"path": request.url.path, "query": request.url.query, "client": client}


@get("/stream/{key:str}", media_type=MediaType.TEXT)
async def stream(key: str) -> Stream:
    async def pieces() -> AsyncIterator[str]:
        yield "first\n"
        await gates.wait(f"go {key}")
        yield "second\n"

    return Stream(pieces())


@get("/events/{key:str}")
async def events(key: str) -> ServerSentEvent:
    async def each() -> AsyncIterator[str]:
        try:
            yield "0"
            await asyncio.Event().wait()
        finally:
            gates.open(f"left {key}")

    return ServerSentEvent(each())


@post("/upload", status_code=200, request_max_body_size=64 << 20)
async def upload(request: Request[Any, Any, Any]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    async for piece in request.stream():
        digest.update(piece)
        size += len(piece)
        await asyncio.sleep(0)
    return {"size": size, "sha256": digest.hexdigest()}


@post("/slow/{key:str}", status_code=200, request_max_body_size=64 << 20)
async def slow(key: str, request: Request[Any, Any, Any]) -> dict[str, int]:
    size = 0
    async for piece in request.stream():
        if not size:
            gates.open(f"reading {key}")
            await gates.wait(f"go {key}")
        size += len(piece)
    return {"size": size}


@get("/file")
async def file() -> File:
    return File(os.environ["APPS_FILE"], media_type="application/octet-stream")


@get("/background/{key:str}", media_type=MediaType.TEXT)
async def background(key: str) -> Response[str]:
    async def task() -> None:
        await gates.wait(f"go {key}")
        gates.open(f"done {key}")

    return Response("accepted", background=BackgroundTask(task))


@get("/state", media_type=MediaType.TEXT)
async def state(state: State) -> str:
    word: str = state.word
    return word


@get("/boom")
async def boom() -> None:
    raise LookupError("boom")


@post("/open", status_code=200)
async def open_gate(name: str) -> None:
    gates.open(name)


@get("/wait", media_type=MediaType.TEXT)
async def wait_gate(name: str) -> str:
    return await gates.wait(name)


@websocket("/ws/{key:str}")
async def echo(socket: WebSocket[Any, Any, Any], key: str) -> None:
    asked = socket.scope["subprotocols"]
    await socket.accept(subprotocols=asked[0] if asked else None)
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                gates.open(f"closed {key}", f"{message['code']}")
                return
            text = message.get("text")
            if text is not None and text.startswith("close "):
                await socket.close(int(text.split()[1]), "as asked")
                return
            if text is not None:
                await socket.send_text(text)
            else:
                await socket.send_bytes(message["bytes"])
    except WebSocketDisconnect as left:
        gates.open(f"closed {key}", f"{left.code}")


@websocket("/refused")
async def refuse(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.close(4003)


@contextlib.asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    app.state.word = "set at start"
    yield


app = Litestar(
    lifespan=[lifespan],
    route_handlers=[
        hello,
        url,
        stream,
        events,
        upload,
        slow,
        file,
        background,
        state,
        boom,
        open_gate,
        wait_gate,
        echo,
        refuse,
    ],
)
