"""Whatever is written is read back by a stranger, h11, as what was meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from writehead import http, testing

TOKEN = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=8)
TEXT = st.text(st.characters(codec="latin-1", exclude_characters="".join(map(chr, [*range(32), *range(127, 160)]))),
               max_size=20).map(str.strip)  # fmt: skip
FIELDS = st.lists(st.tuples(TOKEN.map("X-".__add__), st.one_of(TEXT, st.lists(TEXT, max_size=3))), max_size=4)
CHUNK = st.one_of(
    st.binary(max_size=50), st.sampled_from([b"x" * 16_384, b"y" * 70_000]), st.text(max_size=20)
)
STEP = st.one_of(
    st.tuples(st.just("write"), CHUNK),
    st.tuples(st.just("write"), CHUNK),
    st.just(("flush_headers",)),
    st.just(("cork",)),
    st.just(("uncork",)),
    st.just(("turn",)),
)
STATUS = st.sampled_from([200, 201, 204, 205, 304, 404, 500, 599])


def as_bytes(chunk: Any) -> bytes:
    return chunk if isinstance(chunk, bytes) else chunk.encode("utf-8", "replace")


def lines_of(fields: Iterable[tuple[str, Any]]) -> list[tuple[bytes, bytes]]:
    """Return the lines that fields make: names in lower case, each item of a list on its own."""
    store: dict[str, Any] = {}
    for name, value in fields:
        store[name.lower()] = value
    lines = []
    for name, value in store.items():
        for item in value if isinstance(value, list) else [value]:
            lines.append((name.encode(), item.strip(" \t").encode("latin-1")))
    return lines


class Read:
    """What h11 makes of the bytes of a server, for one request after the other."""

    def __init__(self, received: bytes, method: str, version: str, ended: bool) -> None:
        self.client = h11.Connection(h11.CLIENT)
        headers = [("Host", "a")]
        if version == "1.0":
            headers.append(("Connection", "close"))
        self.client.send(h11.Request(method=method, target="/", headers=headers))
        self.client.send(h11.EndOfMessage())
        self.client.receive_data(received)
        if ended:
            self.client.receive_data(b"")
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        self.trailers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.complete = False
        while (event := self.client.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Response):
                self.status, self.fields = event.status_code, list(event.headers)
            elif isinstance(event, h11.Data):
                self.body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self.complete, self.trailers = True, list(event.headers)
                break
        self.rest = self.client.trailing_data[0]


@settings(deadline=None, max_examples=300)
@given(
    fields=FIELDS,
    status=STATUS,
    steps=st.lists(STEP, max_size=8),
    last=st.one_of(st.none(), CHUNK),
    trailers=FIELDS,
    method=st.sampled_from(["GET", "HEAD"]),
    version=st.sampled_from(["1.1", "1.0"]),
    announced=st.booleans(),
)
def test_any_writes_read_back(
    fields: list[Any],
    status: int,
    steps: list[Any],
    last: Any,
    trailers: list[Any],
    method: str,
    version: str,
    announced: bool,
) -> None:
    """Status, fields, body, trailers; and the connection is in step for the next request."""
    body = b"".join(as_bytes(step[1]) for step in steps if step[0] == "write") + as_bytes(last or b"")
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(f"{method} / HTTP/{version}\r\nHost: a\r\n\r\n")
    res = held[0]
    res.status_code = status
    for name, value in fields:
        res.set_header(name, value)
    if announced and status not in (204, 304):
        res.set_header("Content-Length", len(body))
    res.add_trailers(dict(trailers))
    for name, *arguments in steps:
        if name == "turn":
            testing.settle()
        else:
            getattr(res, name)(*arguments)
    res.end(last)
    testing.settle()
    read = Read(client.received, method, version, client.ended)
    bodiless = method == "HEAD" or status in (204, 304)
    assert read.complete
    assert read.status == status
    assert read.body == (b"" if bodiless else body)
    automatic = {b"date", b"connection", b"keep-alive", b"content-length", b"transfer-encoding"}
    assert [line for line in read.fields if line[0] not in automatic] == lines_of(fields)
    if res.chunked_encoding and not bodiless:
        assert read.trailers == lines_of(
            (name, value if value != [] else "") for name, value in dict(trailers).items()
        ) or len({n.lower() for n, _ in trailers}) < len(trailers)
    else:
        assert read.trailers == []
    assert read.rest == b""
    if version == "1.1":
        assert client.request("GET", "/next") is not None
        held[1].end("next")
        testing.settle()
        assert client.received.endswith(b"\r\n\r\nnext")
    else:
        assert client.ended
