"""An application of Starlette."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

from gates import AsyncGates
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

gates = AsyncGates()


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


async def url(request: Request) -> Response:
    client = request.client.host if request.client else None
    return JSONResponse({"path": request.url.path, "query": request.url.query, "client": client})


async def stream(request: Request) -> Response:
    async def pieces() -> AsyncIterator[str]:
        yield "first\n"
        await gates.wait(f"go {request.path_params['key']}")
        yield "second\n"

    return StreamingResponse(pieces(), media_type="text/plain")


async def events(request: Request) -> Response:
    async def each() -> AsyncIterator[str]:
        try:
            yield "data: 0\n\n"
            await asyncio.Event().wait()
        finally:
            gates.open(f"left {request.path_params['key']}")

    return StreamingResponse(each(), media_type="text/event-stream")


async def upload(request: Request) -> Response:
    digest, size = hashlib.sha256(), 0
    async for piece in request.stream():
        digest.update(piece)
        size += len(piece)
        await asyncio.sleep(0)
    return JSONResponse({"size": size, "sha256": digest.hexdigest()})


async def slow(request: Request) -> Response:
    key, size = request.path_params["key"], 0
    async for piece in request.stream():
        if not size:
            gates.open(f"reading {key}")
            await gates.wait(f"go {key}")
        size += len(piece)
    return JSONResponse({"size": size})


async def file(request: Request) -> Response:
    return FileResponse(os.environ["APPS_FILE"], media_type="application/octet-stream")


async def background(request: Request) -> Response:
    key = request.path_params["key"]

    async def task() -> None:
        await gates.wait(f"go {key}")
        gates.open(f"done {key}")

    return PlainTextResponse("accepted", background=BackgroundTask(task))


async def state(request: Request) -> Response:
    return PlainTextResponse(request.state.word)


async def boom(request: Request) -> Response:
    raise LookupError("boom")


async def open_gate(request: Request) -> Response:
    gates.open(request.query_params["name"])
    return PlainTextResponse("")


async def wait_gate(request: Request) -> Response:
    return PlainTextResponse(await gates.wait(request.query_params["name"]))


async def echo(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol=(websocket.scope["subprotocols"] or [None])[0])
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            gates.open(f"closed {websocket.path_params['key']}", f"{message['code']}")
            return
        text = message.get("text")
        if text is not None and text.startswith("close "):
            await websocket.close(int(text.split()[1]), "as asked")
            return
        if text is not None:
            await websocket.send_text(text)
        else:
            await websocket.send_bytes(message["bytes"])


async def refuse(websocket: WebSocket) -> None:
    await websocket.close(4003)


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
    yield {"word": "set at start"}


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/hello", hello),
        Route("/url/{rest:path}", url),
        Route("/stream/{key}", stream),
        Route("/events/{key}", events),
        Route("/upload", upload, methods=["POST"]),
        Route("/slow/{key}", slow, methods=["POST"]),
        Route("/file", file),
        Route("/background/{key}", background),
        Route("/state", state),
        Route("/boom", boom),
        Route("/open", open_gate, methods=["POST"]),
        Route("/wait", wait_gate),
        WebSocketRoute("/ws/{key}", echo),
        WebSocketRoute("/refused", refuse),
    ],
)
