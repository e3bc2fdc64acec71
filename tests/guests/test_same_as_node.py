"""An ASGI application and the same program in Node's style give the same bytes, whatever the response is.

Law: the faster way of ordinary requests and the general one give the same, too.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.apps import AppStage, read_body, rounds
from tests.kit.loops import loop_factory
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from writehead import asgi, http, testing

NAMES = ["A", "b-c", "X-Long-Name", "Content-Type", "ETag", "Set-Cookie", "Location", "Server", "vary"]
VALUES = ["", "x", "text/plain; charset=utf-8", "\xe5\xff", "a\tb", '"etag"', "0", "y" * 300]
PIECES = st.sampled_from([b"", b"a", b"bc", b"d" * 500, b"e" * 20_000, b"f" * 70_000])
SECOND = b"GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Own(http.IncomingMessage):
    """Of a program; so no request takes the faster way."""


@dataclass
class Program:
    """A response: how it is made, and what for."""

    method: str
    version: str
    persistence: str
    data: bytes | None  # of the request
    expects: bool
    reads: bool  # the data is read before the response begins
    turn: bool  # before the response begins, the loop goes round
    status: int
    headers: list[tuple[str, str]]
    pieces: list[bytes]
    empty_end: bool  # the last message has no bytes
    flush: bool  # the head leaves before any bytes

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """Respond as an ASGI application."""
        if scope["path"] == "/second":
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"second"})
            return
        if self.reads:
            assert await read_body(receive) == (self.data or b"")
        if self.turn:
            await asyncio.sleep(0)
        headers = [(name.encode(), value.encode("latin-1")) for name, value in self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        pieces = self.pieces
        if self.flush:
            await send({"type": "http.response.body", "more_body": True})
        for piece in pieces if self.empty_end else pieces[:-1]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        last = b"" if self.empty_end or not pieces else pieces[-1]
        await send({"type": "http.response.body", "body": last})

    async def listener(self, req: Any, res: Any) -> None:
        """Respond as a listener of 'request'."""
        if req.url == "/second":
            res.end("second")
            return
        if self.reads:
            assert await req.bytes() == (self.data or b"")
        if self.turn:
            await asyncio.sleep(0)
        res.status_code = self.status
        for name, value in self.headers:
            res.set_header(name, value)
        if self.flush:
            res.flush_headers()
        for piece in self.pieces if self.empty_end else self.pieces[:-1]:
            res.write(piece)
        if not self.pieces or (self.empty_end and (self.pieces or self.flush)):
            res.end()
        else:
            res.end(b"" if self.empty_end else self.pieces[-1])

    @property
    def request(self) -> bytes:
        expect = "Expect: 100-continue\r\n" if self.expects else ""
        length = "" if self.data is None else f"Content-Length: {len(self.data)}\r\n"
        head = f"{self.method} / HTTP/{self.version}\r\nHost: a\r\n{self.persistence}{expect}{length}\r\n".encode()
        return head + (self.data or b"")


@st.composite
def programs(draw: Any) -> Program:
    """Return programs without what the two styles do differently on purpose."""
    status = draw(st.sampled_from([200, 201, 204, 206, 299, 301, 304, 404, 500, 599]))
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    headers = [(name, draw(st.sampled_from(VALUES))) for name in names]
    pieces = draw(st.lists(PIECES, max_size=3))
    empty_end = draw(st.booleans())
    version = draw(st.sampled_from(["1.1", "1.1", "1.1", "1.0"]))
    method = draw(st.sampled_from(["GET", "GET", "POST", "HEAD"]))
    reads = draw(st.booleans())
    flush = draw(st.booleans())
    in_one = not flush and (len(pieces) <= 1 and not empty_end or not pieces)
    # Node announces no length to HTTP/1.0 by itself; and it sends one with 204.
    if status != 204 and (draw(st.booleans()) or (version == "1.0" and in_one)):
        length = ("Content-Length", str(sum(map(len, pieces))))
        headers.insert(draw(st.integers(0, len(headers))), length)
    if draw(st.integers(0, 5)) == 0:
        headers.append(("Connection", "close"))
    if draw(st.integers(0, 5)) == 0:
        headers.append(("Date", "Thu, 01 Jan 1970 00:00:00 GMT"))
    return Program(
        method,
        version,
        draw(st.sampled_from(["", "Connection: close\r\n", "Connection: keep-alive\r\n"])),
        draw(st.one_of(st.none(), st.sampled_from([b"", b"abc", b"z" * 100_000])))
        if method == "POST"
        else None,
        method == "POST" and reads and version == "1.1" and draw(st.booleans()),
        reads,
        draw(st.booleans()),
        status,
        headers,
        pieces,
        empty_end,
        flush,
    )


async def heard(client: testing.Client, program: Program) -> bytes:
    """Return what a client hears that sends the request, and another, which shows whether the connection stays."""
    client.send(program.request)
    await rounds(20)
    client.send(SECOND)
    await client.until(lambda: client.closed)
    return dateless(client.received)


@given(programs())
def test_the_bytes_are_those_of_the_same_program_in_nodes_style(program: Program) -> None:
    """Head, framing, body, and what becomes of the connection."""

    async def ways() -> tuple[bytes, bytes, bytes]:
        fast, general = AppStage(program.app), AppStage(program.app, IncomingMessage=Own)
        node = http.create_server(program.listener)
        found = (
            await heard(fast.connect(), program),
            await heard(general.connect(), program),
            await heard(testing.connect(node), program),
        )
        await fast.close()
        await general.close()
        return found

    fast, general, node = asyncio.run(ways())
    assert fast == node
    assert general == node


async def heard_over_a_socket(server: http.Server, program: Program) -> bytes:
    """Return the same of a server on a port; the second request comes behind the first response."""
    async with server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(program.request)
        await rounds(20)
        client.send(SECOND)
        return dateless(await client.rest())


@pytest.mark.parametrize("loop_name", ["uvloop", "asyncio"])
@settings(max_examples=30)
@given(program=programs())
def test_they_are_over_sockets_too(loop_name: str, program: Program) -> None:
    """On both loops, in as many packets as the system makes of them."""

    async def ways() -> tuple[bytes, bytes]:
        return (
            await heard_over_a_socket(asgi.create_server(program.app, lifespan="off"), program),
            await heard_over_a_socket(http.create_server(program.listener), program),
        )

    with asyncio.Runner(loop_factory=loop_factory(loop_name)) as runner:
        hosted, node = runner.run(ways())
    assert hosted == node
