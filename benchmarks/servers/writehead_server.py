"""The workloads on writehead."""

from __future__ import annotations

from typing import Any

from benchmarks.servers.payload import (
    BIG,
    BROWSER,
    BROWSER_FIELDS,
    COOKIES,
    HELLO,
    IDLE_TIMEOUT,
    STREAM_CHUNK,
    STREAM_COUNT,
    arguments,
    big_file,
)
from writehead import http

FILE = big_file()
COOKIE_LIST = list(COOKIES)


def plain(req: Any, res: Any) -> None:
    """One header, 13 bytes."""
    res.set_header("content-type", "text/plain")
    res.end(HELLO)


async def plain_async(req: Any, res: Any) -> None:
    """The same from a coroutine."""
    res.set_header("content-type", "text/plain")
    res.end(HELLO)


def browser(req: Any, res: Any) -> None:
    """Read one header, send five."""
    req.headers["cookie"]
    for name, value in BROWSER_FIELDS:
        res.set_header(name, value)
    res.set_header("set-cookie", COOKIE_LIST)
    res.end(BROWSER)


def stream(req: Any, res: Any) -> None:
    """Fifty writes."""
    res.set_header("content-type", "text/plain")
    for _ in range(STREAM_COUNT):
        res.write(STREAM_CHUNK)
    res.end()


def big(req: Any, res: Any) -> None:
    """One large body."""
    res.set_header("content-type", "text/plain")
    res.end(BIG)


async def file(req: Any, res: Any) -> None:
    """One large file."""
    res.set_header("content-type", "text/plain")
    await res.send_file(FILE)


def upload(req: Any, res: Any) -> None:
    """Count the body by 'data'."""
    length = 0

    def count(chunk: bytes) -> None:
        nonlocal length
        length += len(chunk)

    req.on("data", count)
    req.on("end", lambda: plain_length(res, length))


async def upload_iter(req: Any, res: Any) -> None:
    """Count the body by `async for`."""
    length = 0
    async for chunk in req:
        length += len(chunk)
    plain_length(res, length)


def plain_length(res: Any, length: int) -> None:
    """Answer an upload."""
    res.set_header("content-type", "text/plain")
    res.end(str(length))


HANDLERS = {
    "plain": plain,
    "idle": plain,
    "async": plain_async,
    "browser": browser,
    "stream": stream,
    "big": big,
    "file": file,
    "upload": upload,
    "upload-iter": upload_iter,
}


def main() -> None:
    """Serve one workload."""
    workload, port, certificate, key = arguments()
    handler = HANDLERS.get(workload)
    options = {"keep_alive_timeout": IDLE_TIMEOUT * 1000} if workload == "idle" else {}
    server: Any
    if workload.startswith("asgi") or workload == "fastapi":
        from benchmarks.servers.asgi_app import application
        from writehead import asgi

        server = asgi.create_server(application(workload), options, lifespan="off")
    elif workload == "wsgi":
        from benchmarks.servers.wsgi_app import app
        from writehead import wsgi

        server = wsgi.create_server(app, options)
    elif workload == "websocket":
        from writehead import websocket

        server = http.create_server(options)
        wss = websocket.WebSocketServer(server=server)
        wss.on("connection", lambda ws, req: ws.on("message", lambda data, is_binary: ws.send(data)))
    elif certificate:
        from writehead import https  # so that only this workload pays for it

        server = https.create_server({"cert": certificate, "key": key, **options}, handler)
    else:
        server = http.create_server(options, handler)
    server.listen({"port": port, "host": "127.0.0.1", "backlog": 2048})
    http.run()


if __name__ == "__main__":
    main()
