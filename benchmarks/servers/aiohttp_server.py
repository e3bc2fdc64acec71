"""The workloads on aiohttp's web server, on uvloop."""

from __future__ import annotations

import ssl

import uvloop
from aiohttp import web

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

FILE = big_file()
TEXT = {"Content-Type": "text/plain"}


async def plain(request: web.Request) -> web.StreamResponse:
    """One header, 13 bytes."""
    return web.Response(body=HELLO, headers=TEXT)


async def browser(request: web.Request) -> web.StreamResponse:
    """Read one header, send five."""
    request.headers["cookie"]
    response = web.Response(body=BROWSER, headers=dict(BROWSER_FIELDS))
    for cookie in COOKIES:
        response.headers.add("set-cookie", cookie)
    return response


async def stream(request: web.Request) -> web.StreamResponse:
    """Fifty writes."""
    response = web.StreamResponse(headers=TEXT)
    response.enable_chunked_encoding()
    await response.prepare(request)
    for _ in range(STREAM_COUNT):
        await response.write(STREAM_CHUNK)
    await response.write_eof()
    return response


async def big(request: web.Request) -> web.StreamResponse:
    """One large body."""
    return web.Response(body=BIG, headers=TEXT)


async def file(request: web.Request) -> web.StreamResponse:
    """One large file."""
    return web.FileResponse(FILE, headers=TEXT)


async def upload(request: web.Request) -> web.StreamResponse:
    """Count the body."""
    length = 0
    async for chunk in request.content.iter_any():
        length += len(chunk)
    return web.Response(body=str(length).encode(), headers=TEXT)


HANDLERS = {
    "plain": plain,
    "idle": plain,
    "async": plain,
    "browser": browser,
    "stream": stream,
    "big": big,
    "file": file,
    "upload": upload,
    "upload-iter": upload,
}


def main() -> None:
    """Serve one workload."""
    workload, port, certificate, key = arguments()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{target:.*}", HANDLERS[workload])
    web.run_app(
        app,
        host="127.0.0.1",
        port=port,
        backlog=2048,
        access_log=None,
        print=lambda *_: None,
        keepalive_timeout=IDLE_TIMEOUT if workload == "idle" else 75,
        ssl_context=context,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()
