"""The workloads: what the client sends and what every server must answer.

A server program is started for one workload and knows its name, so that no server pays for a router.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.servers.payload import (
    BIG,
    BROWSER,
    HELLO,
    JSON,
    MESSAGE,
    STREAM_CHUNK,
    STREAM_COUNT,
    UPLOAD_SIZE,
)

BROWSER_FIELDS = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Referer: http://localhost/catalogue/index.html?page=7&sort=price",
    "Connection: keep-alive",
    "Cookie: session=4f1c0b7d9a2e4c52b7f1; theme=dark; consent=yes; _ga=GA1.2.1284.99",
    "Upgrade-Insecure-Requests: 1",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-User: ?1",
    'If-None-Match: W/"2f-18c9"',
    "Cache-Control: max-age=0",
    "DNT: 1",
)
"""Fifteen fields; the client's own Host is the sixteenth."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of load.

    `handler` is the name the server programs know it by; `answer` the body that every answer must have;
    `kinds` how many requests differ in their target and in the value of a field; `depth` how many requests, or
    messages of a WebSocket, a connection has in flight.
    """

    name: str
    about: str
    handler: str
    answer: bytes
    connections: int = 64
    fields: tuple[str, ...] = ()
    body: int = 0
    depth: int = 1
    kinds: int = 1
    tls: bool = False
    websocket: bool = False


WORKLOADS = {
    load.name: load
    for load in (
        Workload("plain", "64 connections, one header, 13 bytes", "plain", HELLO),
        Workload("plain1k", "the same over 1,000 connections", "plain", HELLO, connections=1000),
        Workload(
            "browser",
            "16 request headers, one read; five response headers",
            "browser",
            BROWSER,
            fields=BROWSER_FIELDS,
        ),
        Workload("stream", "50 chunks of 1 KiB", "stream", STREAM_CHUNK * STREAM_COUNT),
        Workload("big", "a body of 1 MiB in one piece", "big", BIG),
        Workload("file", "a file of 1 MiB", "file", BIG),
        Workload("upload", "POST of 1 MiB, read by 'data'", "upload", b"%d" % UPLOAD_SIZE, body=UPLOAD_SIZE),
        Workload(
            "upload-iter",
            "POST of 1 MiB, read by async for",
            "upload-iter",
            b"%d" % UPLOAD_SIZE,
            body=UPLOAD_SIZE,
        ),
        Workload("pipeline", "plain, 16 requests at a time", "plain", HELLO, depth=16),
        Workload("varied", "plain, 4,096 targets and values of a field", "plain", HELLO, kinds=4096),
        Workload("churn", "plain, a connection per request", "plain", HELLO, fields=("Connection: close",)),
        Workload("tls", "plain over TLS", "plain", HELLO, tls=True),
        Workload("async", "plain from an async def handler", "async", HELLO),
        Workload("asgi", "plain from an ASGI application", "asgi", HELLO),
        Workload(
            "asgi-browser",
            "browser from an ASGI application",
            "asgi-browser",
            BROWSER,
            fields=BROWSER_FIELDS,
        ),
        Workload(
            "asgi-stream", "stream from an ASGI application", "asgi-stream", STREAM_CHUNK * STREAM_COUNT
        ),
        Workload("fastapi", "JSON from an application of FastAPI", "fastapi", JSON),
        Workload("wsgi", "plain from a WSGI app", "wsgi", HELLO),
        Workload(
            "websocket", "WebSocket echo of 32 bytes, 1 in flight", "websocket", MESSAGE, 8, websocket=True
        ),
        Workload("websocket16", "the same, 16 in flight", "websocket", MESSAGE, 8, depth=16, websocket=True),
        Workload(
            "asgi-websocket",
            "websocket from an ASGI application",
            "asgi-websocket",
            MESSAGE,
            8,
            websocket=True,
        ),
        Workload(
            "asgi-websocket16",
            "websocket16 from an ASGI application",
            "asgi-websocket",
            MESSAGE,
            8,
            depth=16,
            websocket=True,
        ),
    )
}
