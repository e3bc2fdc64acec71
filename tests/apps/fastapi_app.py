"""An application of FastAPI."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

from fastapi import BackgroundTasks, FastAPI, Request, UploadFile, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, PlainTextResponse, StreamingResponse
from fastapi.sse import EventSourceResponse
from gates import AsyncGates
from pydantic import BaseModel

gates = AsyncGates()


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    yield {"word": "set at start"}


app = FastAPI(lifespan=lifespan)


@app.get("/hello", response_class=PlainTextResponse)
async def hello() -> str:
    return "hello"


@app.get("/url/{rest:path}")
async def url(request: Request) -> dict[str, str | None]:
    client = request.client.host if request.client else None
    return {"path": request.url.path, "query": request.url.query, "client": client}


class Item(BaseModel):
    name: str
    price: float


@app.post("/items")
async def items(item: Item) -> Item:
    return item


@app.get("/thread", response_class=PlainTextResponse)
def thread() -> str:
    """A plain function, which FastAPI calls in a thread."""
    return "from a thread"


@app.get("/stream/{key}")
async def stream(key: str) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        yield "first\n"
        await gates.wait(f"go {key}")
        yield "second\n"

    return StreamingResponse(pieces(), media_type="text/plain")


@app.get("/events/{key}", response_class=EventSourceResponse)
async def events(key: str) -> AsyncIterator[int]:
    try:
        yield 0
        await asyncio.Event().wait()
    finally:
        gates.open(f"left {key}")


@app.post("/upload")
async def upload(request: Request) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    async for piece in request.stream():
        digest.update(piece)
        size += len(piece)
        await asyncio.sleep(0)
    return {"size": size, "sha256": digest.hexdigest()}


@app.post("/form")
async def form(file: UploadFile) -> dict[str, Any]:
    data = await file.read()
    return {"name": file.filename, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


@app.post("/slow/{key}")
async def slow(key: str, request: Request) -> dict[str, int]:
    size = 0
    async for piece in request.stream():
        if not size:
            gates.open(f"reading {key}")
            await gates.wait(f"go {key}")
        size += len(piece)
    return {"size": size}


@app.get("/file")
async def file() -> FileResponse:
    return FileResponse(os.environ["APPS_FILE"], media_type="application/octet-stream")


@app.get("/background/{key}", response_class=PlainTextResponse)
async def background(key: str, tasks: BackgroundTasks) -> str:
    async def task() -> None:
        await gates.wait(f"go {key}")
        gates.open(f"done {key}")

    tasks.add_task(task)
    return "accepted"


@app.get("/state", response_class=PlainTextResponse)
async def state(request: Request) -> str:
    word: str = request.state.word
    return word


@app.get("/boom")
async def boom() -> None:
    raise LookupError("boom")


@app.post("/open", response_class=PlainTextResponse)
async def open_gate(name: str) -> str:
    gates.open(name)
    return ""


@app.get("/wait", response_class=PlainTextResponse)
async def wait_gate(name: str) -> str:
    return await gates.wait(name)


@app.websocket("/ws/{key}")
async def echo(websocket: WebSocket, key: str) -> None:
    await websocket.accept(subprotocol=(websocket.scope["subprotocols"] or [None])[0])
    try:
        while True:
            message = await websocket.receive()
            websocket._raise_on_disconnect(message)
            text = message.get("text")
            if text is not None and text.startswith("close "):
                await websocket.close(int(text.split()[1]), "as asked")
                return
            if text is not None:
                await websocket.send_text(text)
            else:
                await websocket.send_bytes(message["bytes"])
    except WebSocketDisconnect as left:
        gates.open(f"closed {key}", f"{left.code}")


@app.websocket("/refused")
async def refuse(websocket: WebSocket) -> None:
    await websocket.close(4003)
