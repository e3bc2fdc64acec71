"""An application of Quart."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from typing import Any

from gates import AsyncGates
from quart import Quart, Response, current_app, request, send_file, websocket

gates = AsyncGates()
app = Quart(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 << 20


@app.before_serving
async def start() -> None:
    app.config["WORD"] = "set at start"


@app.get("/hello")
async def hello() -> Response:
    return Response("hello", mimetype="text/plain")


@app.get("/url/<path:rest>")
async def url(rest: str) -> dict[str, str | None]:
    return {"path": request.path, "query": request.query_string.decode(), "client": request.remote_addr}


@app.get("/stream/<key>")
async def stream(key: str) -> Response:
    async def pieces() -> AsyncIterator[str]:
        yield "first\n"
        await gates.wait(f"go {key}")
        yield "second\n"

    return Response(pieces(), mimetype="text/plain")


@app.get("/events/<key>")
async def events(key: str) -> Response:
    async def each() -> AsyncIterator[str]:
        try:
            yield "data: 0\n\n"
            await asyncio.Event().wait()
        finally:
            gates.open(f"left {key}")

    response = Response(each(), mimetype="text/event-stream")
    response.timeout = None
    return response


@app.post("/upload")
async def upload() -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    async for piece in request.body:
        digest.update(piece)
        size += len(piece)
        await asyncio.sleep(0)
    return {"size": size, "sha256": digest.hexdigest()}


@app.get("/file")
async def file() -> Response:
    return await send_file(os.environ["APPS_FILE"], mimetype="application/octet-stream", conditional=True)


@app.get("/background/<key>")
async def background(key: str) -> Response:
    async def task() -> None:
        await gates.wait(f"go {key}")
        gates.open(f"done {key}")

    current_app.add_background_task(task)
    return Response("accepted", mimetype="text/plain")


@app.get("/state")
async def state() -> Response:
    return Response(current_app.config["WORD"], mimetype="text/plain")


@app.get("/boom")
async def boom() -> str:
    raise LookupError("boom")


@app.post("/open")
async def open_gate() -> str:
    gates.open(request.args["name"])
    return ""


@app.get("/wait")
async def wait_gate() -> Response:
    return Response(await gates.wait(request.args["name"]), mimetype="text/plain")


@app.websocket("/ws/<key>")
async def echo(key: str) -> None:
    asked = websocket.requested_subprotocols
    await websocket.accept(subprotocol=asked[0] if asked else None)
    try:
        while True:
            data = await websocket.receive()
            if isinstance(data, str) and data.startswith("close "):
                await websocket.close(int(data.split()[1]), "as asked")
                return
            await websocket.send(data)
    except asyncio.CancelledError:
        gates.open(f"closed {key}", "cancelled")
        raise


@app.websocket("/refused")
async def refuse() -> tuple[str, int]:
    return "no", 403
