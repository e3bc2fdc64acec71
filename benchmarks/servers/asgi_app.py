"""The workloads as ASGI applications, for uvicorn, granian, hypercorn and writehead alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from benchmarks.servers.payload import (
    BIG,
    BROWSER,
    BROWSER_FIELDS,
    COOKIES,
    HELLO,
    STREAM_CHUNK,
    STREAM_COUNT,
    big_file,
)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Fields = list[tuple[bytes, bytes]]

FILE = str(big_file())


def start(fields: Iterable[tuple[str, str]], length: int | None) -> dict[str, Any]:
    """The event that begins an answer; without a length the server sends chunks."""
    wire = [(name.encode(), value.encode()) for name, value in fields]
    if length is not None:
        wire.append((b"content-length", b"%d" % length))
    return {"type": "http.response.start", "status": 200, "headers": wire}


TEXT = (("content-type", "text/plain"),)
HELLO_START = start(TEXT, len(HELLO))
BIG_START = start(TEXT, len(BIG))
STREAM_START = start(TEXT, None)
BROWSER_START = start((*BROWSER_FIELDS, *(("set-cookie", cookie) for cookie in COOKIES)), len(BROWSER))


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """One header, 13 bytes."""
    await send(HELLO_START)
    await send({"type": "http.response.body", "body": HELLO})


async def browser(scope: Scope, receive: Receive, send: Send) -> None:
    """Read one header, send five."""
    for name, _value in scope["headers"]:
        if name == b"cookie":
            break
    await send(BROWSER_START)
    await send({"type": "http.response.body", "body": BROWSER})


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """Fifty body events."""
    await send(STREAM_START)
    for _ in range(STREAM_COUNT):
        await send({"type": "http.response.body", "body": STREAM_CHUNK, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def big(scope: Scope, receive: Receive, send: Send) -> None:
    """One large body."""
    await send(BIG_START)
    await send({"type": "http.response.body", "body": BIG})


async def file(scope: Scope, receive: Receive, send: Send) -> None:
    """One large file, by the server's own means; only a server with the extension is asked."""
    await send(BIG_START)
    await send({"type": "http.response.pathsend", "path": FILE})


async def upload(scope: Scope, receive: Receive, send: Send) -> None:
    """Count the body."""
    length = 0
    while True:
        event = await receive()
        length += len(event.get("body", b""))
        if not event.get("more_body"):
            break
    body = b"%d" % length
    await send(start(TEXT, len(body)))
    await send({"type": "http.response.body", "body": body})


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each message back."""
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})


def fastapi() -> Any:
    """Make the application of FastAPI, which only its own workload pays for."""
    from benchmarks.servers.fastapi_app import app

    return app


def application(workload: str) -> Any:
    """The application of a workload."""
    return fastapi() if workload == "fastapi" else APPLICATIONS[workload]


APPLICATIONS = {
    "plain": plain,
    "idle": plain,
    "async": plain,
    "browser": browser,
    "stream": stream,
    "big": big,
    "file": file,
    "upload": upload,
    "upload-iter": upload,
    "asgi": plain,
    "asgi-browser": browser,
    "asgi-stream": stream,
    "websocket": websocket,
    "asgi-websocket": websocket,
}
