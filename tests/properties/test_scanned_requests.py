"""Ordinary heads are read by `scan_head`, and all others by the parser; nobody can tell."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.kit.masks import dateless
from writehead import http, testing

LINES = [
    b"GET / HTTP/1.1\r\n",
    b"GET /a HTTP/1.1\r\n",
    b"HEAD / HTTP/1.1\r\n",
    b"POST / HTTP/1.1\r\n",
    b"GET /a#b HTTP/1.1\r\n",
    b"GET / HTTP/1.0\r\n",
    b"GET /a\nX: y HTTP/1.1\r\n",
    b"get / HTTP/1.1\r\n",
    b"\r\nGET / HTTP/1.1\r\n",
    b"GET / HTTP/1.1\r\nX: y\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n",
    b"",
]
BLOCKS = [
    b"Host: a\r\n\r\n",
    b"Host: b\r\n\r\n",
    b"Host: a\r\nX: y\r\n\r\n",
    b"X: y\r\n\r\n",
    b"Host: a\r\nConnection: close\r\n\r\n",
    b"Host: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    b"Host: a\r\nContent-Length: 3\r\n\r\n",
    b"Host: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\n",
    b"Host: a\r\nExpect: 100-continue\r\n\r\n",
    b"Host: a\r\nX:" + b"y" * 2048 + b"\r\n\r\n",
    b"\r\n",
]
REQUEST = st.builds(
    lambda line, block, rest: line + block + rest,
    *map(st.sampled_from, (LINES, BLOCKS, [b"", b"", b"abc", b"\r\n"])),
)
PACKET = st.lists(REQUEST, min_size=1, max_size=3).map(b"".join)


def serve(packets: list[bytes], lanes: bool) -> Any:
    """Return what requests were seen and what the client got; without `lanes` each byte goes through the parser."""
    seen: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        seen.append((req.method, req.url, req.http_version, req.raw_headers))
        res.end(f"{len(seen)}")

    server = http.create_server(handle)
    if not lanes:
        server._config.parsers.scan_limit = 0
    client = testing.connect(server)
    for packet in packets:
        client.send(packet)
    testing.settle()
    return seen, dateless(client.received), client.ended


@settings(deadline=None, max_examples=300)
@given(st.lists(PACKET, min_size=2, max_size=5))
@example([LINES[0] + BLOCKS[0], LINES[6] + BLOCKS[0]])
@example([LINES[0] + BLOCKS[0], LINES[0] + BLOCKS[1]])
@example([LINES[0] + BLOCKS[0], LINES[0] + BLOCKS[2] + LINES[0] + BLOCKS[0]])
def test_the_requests_before_make_no_difference(packets: list[bytes]) -> None:
    """Whatever came before, on this connection or in this packet."""
    assert serve(packets, lanes=True) == serve(packets, lanes=False)
