"""Requests for guests and for listeners, in one read: each is served once, by whom it is for, in order."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.kit.masks import dateless
from writehead import asgi, http, testing

TARGETS = ["/api/1", "/api", "/x", "/", "/apix", "/%61pi/2", "/x%20y", "/api/3?q"]
OF_THE_APP = {"/api/1", "/api", "/%61pi/2", "/api/3?q"}

Request = tuple[str, str, bytes]
REQUEST = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST"]), st.sampled_from(TARGETS), st.sampled_from([b"", b"abc"])
)


def sent(request: Request) -> bytes:
    method, target, body = request
    length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
    return f"{method} {target} HTTP/1.1\r\nHost: a\r\n{length}\r\n".encode() + (
        body if method == "POST" else b""
    )


async def served(reads: list[list[Request]], listens: bool) -> tuple[list[str], list[bytes]]:
    """Return who served which target, and the bodies that came back."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        target = scope["raw_path"].decode() + (
            "?" + scope["query_string"].decode() if scope["query_string"] else ""
        )
        seen.append(f"app {target}")
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": f"app {target}".encode()})

    def handle(req: Any, res: Any) -> None:
        seen.append(f"listener {req.url}")
        res.end(f"listener {req.url}")

    server = http.create_server(handle)
    if listens:
        server.on("connection", lambda socket: socket.on("data", lambda chunk: None))
    asgi.attach(server, app, path="/api", lifespan="off")
    client = testing.connect(server)
    for _ in range(5):
        await asyncio.sleep(0)
    for requests in reads:
        client.send(b"".join(map(sent, requests)))
        for _ in range(5):
            await asyncio.sleep(0)
    testing.settle()
    bodies = dateless(client.received).split(b"HTTP/1.1 200 OK\r\n")[1:]
    server.close_all_connections()
    await server.close()
    return seen, [each.partition(b"\r\n\r\n")[2] for each in bodies]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(REQUEST, min_size=1, max_size=6), min_size=1, max_size=3), st.booleans())
@example([[("GET", "/api/1", b""), ("GET", "/x", b""), ("GET", "/api/3?q", b""), ("GET", "/", b"")]], False)
@example([[("GET", "/api/1", b""), ("GET", "/x", b"")]], True)
def test_each_is_served_once_by_whom_it_is_for(reads: list[list[Request]], listens: bool) -> None:
    """However they are mixed, and with listeners on the socket, too."""
    requests = [request for read in reads for request in read]
    expected = [f"{'app' if target in OF_THE_APP else 'listener'} {target}" for _, target, _ in requests]
    with asyncio.Runner() as runner:
        seen, bodies = runner.run(served(reads, listens))
    assert seen == expected
    assert bodies == [
        b"" if method == "HEAD" else who.encode()
        for (method, _, _), who in zip(requests, expected, strict=True)
    ]
