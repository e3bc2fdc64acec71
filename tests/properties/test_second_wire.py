"""A second wire, of records, carries any response: a message knows nothing of how it is written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit.check_exchange import Head, check_exchange
from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.received import Fields, Received, read_http1
from tests.kit.record_exchange import (
    OF_HTTP1,
    MalformedRecordError,
    RecordExchange,
    read_records,
    record,
)
from tests.kit.response_stage import Request, Writable, code_of
from tests.kit.wire_programs import Played, Program, draw, play
from writehead import http
from writehead._http1.exchange import Http1Exchange
from writehead._semantics.exchange import Exchange


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Programs fail as they like."""
    caplog.set_level(logging.CRITICAL, "writehead")


def make(head: Head) -> RecordExchange:
    exchange = RecordExchange()
    exchange.response = head
    return exchange


def on_http1(program: Program) -> Played:
    return play(program, Http1Exchange, read_http1)


def on_records(program: Program) -> Played:
    return play(program, RecordExchange, read_records)


def end_to_end(fields: Fields, own: frozenset[str]) -> Fields:
    """Return the fields that are not of a wire; the Date without its time."""
    return [
        (name, "D" if name == "date" and value.endswith("GMT") else value)
        for name, value in fields
        if name not in own
    ]


def compare(http1: Played, records: Played) -> None:
    """Hold what a program has seen, and what a reader gets, against each other."""
    assert records.log == http1.log
    first, second = http1.received, records.received
    assert (second.status, second.body) == (first.status, first.body)
    own = OF_HTTP1 if "content-length" in http1.headers else OF_HTTP1 | {"content-length"}
    assert end_to_end(second.fields, own) == end_to_end(first.fields, own)
    assert [(code, end_to_end(fields, own)) for code, fields in second.informational] == [
        (code, end_to_end(fields, own)) for code, fields in first.informational
    ]
    if http1.chunked:  # RFC 9112, 7.1: nothing else has trailers, or an end of its own
        assert (second.trailers, second.ended) == (first.trailers, first.ended)
    elif http1.whole:
        assert first.ended
        assert second.ended


#: The wires, and what reads them.
WIRES: list[tuple[Callable[[], Exchange], Callable[[bytes], Received]]] = [
    (Http1Exchange, read_http1),
    (RecordExchange, read_records),
]


def test_the_kit() -> None:
    """Records keep the promises of the seam."""
    check_exchange(make, read_records)


@pytest.mark.parametrize("seed", [*range(48), 89, 211])  # the last two see 'drain'
def test_a_program_sees_no_difference(seed: int) -> None:
    """Results, errors, state and the order of events are those on HTTP/1; and a reader gets the same response."""
    program = draw(seed)
    compare(on_http1(program), on_records(program))


def by_hand(wire: Callable[[], Exchange], sink: Any = None) -> tuple[Any, Any]:
    """Return a response on a wire, and the writable that it has got."""
    request = Request()
    request._exchange = wire()  # type: ignore[attr-defined]
    request._http_version = "1.1"  # type: ignore[attr-defined]
    res, sink = http.ServerResponse(request), sink or Writable()
    res.assign_socket(sink)
    return res, sink


def shows_chunks(res: Any) -> Any:
    res.write("a")
    return res.chunked_encoding


def counts_its_frames(res: Any) -> Any:
    res.detach_socket(res.socket)
    res.flush_headers()
    before = res.writable_length
    res.write("a" * 20)
    return res.writable_length - before


def heeds_connection(res: Any) -> Any:
    res.should_keep_alive = False
    res.set_header("Connection", "keep-alive").flush_headers()
    return res.should_keep_alive


def refuses_trailer_fields(res: Any) -> Any:
    res.set_header("Trailer", "X-T").set_header("Content-Length", 1)
    return (
        code_of(lambda: res.end("a")) if type(res._exchange) is not RecordExchange else res.end("a").finished
    )


def heeds_expect(res: Any) -> Any:
    res.set_header("Expect", "x").write_head(200)
    return bool(res.socket.taken)


def waits_with_nothing_to_send(res: Any) -> Any:
    res.set_header("Content-Length", 1).write("a")
    res.detach_socket(res.socket)
    res.end()
    return res.writable_length > 0


@pytest.mark.parametrize(
    ("look", "http1", "records"),
    [
        (shows_chunks, True, False),
        (counts_its_frames, 26, 25),
        (heeds_connection, True, False),
        (refuses_trailer_fields, "ERR_HTTP_TRAILER_INVALID", True),
        (heeds_expect, True, False),
        (waits_with_nothing_to_send, False, True),
    ],
)
def test_what_is_of_http1_by_nature(look: Callable[[Any], Any], http1: Any, records: Any) -> None:
    """All that a program may see of a wire: how a body is framed, and what a head says of the connection."""
    assert look(by_hand(Http1Exchange)[0]) == http1
    assert look(by_hand(RecordExchange)[0]) == records


def test_trailers_need_no_chunks() -> None:
    """HTTP/1 leaves them out behind a length; records have a place for them always."""
    received = []
    for wire, read in WIRES:
        res, sink = by_hand(wire)
        res.add_trailers({"X-T": "1"})
        res.end("a")
        received.append(read(sink.taken).trailers)
    assert received == [[], [("x-t", "1")]]


def test_no_field_of_the_connection_is_recorded() -> None:
    """Not in the head, nor before it (RFC 9113, 8.2.2)."""
    res, sink = by_hand(RecordExchange)
    fields = {name: "x" for name in OF_HTTP1} | {"X-A": "1"}
    res.write_information(103, fields)
    res.writeHead(200, fields).end()
    received = read_records(sink.taken)
    assert received.informational == [(103, [("x-a", "1")])]
    assert [name for name, _ in received.fields] == ["x-a", "date"]


def test_a_field_kept_by_one_wire_is_not_sent_by_another() -> None:
    """HTTP/1 keeps the line of a field that is set again and again; records have no lines."""
    for wire, read in WIRES * 3:
        res, sink = by_hand(wire)
        res.set_header("X-Kept", "1").end("a")
        assert read(sink.taken).all("x-kept") == ["1"]


@pytest.mark.parametrize(
    "data",
    [
        record(b"D", b"a"),
        record(b"E"),
        record(b"H", b"[200, []]") * 2,
        record(b"H", b"[200, []]") + record(b"I", b"[103, []]"),
        record(b"H", b"[200, []]") + record(b"T", b'[["a", "1"]]') + record(b"D", b"a"),
        record(b"H", b"[200, []]") + record(b"E") * 2,
        record(b"H", b'[200, [["A", "1"]]]'),
        record(b"H", b'[200, [["connection", "x"]]]'),
        record(b"H", b"[200, []]") + record(b"?"),
    ],
)
def test_the_reader_is_strict(data: bytes) -> None:
    """Records that are out of their order, or say what no record may, are no response."""
    with pytest.raises(MalformedRecordError):
        read_records(data)


@on_both_loops
async def test_what_waits_for_a_response(tmp_path: Path) -> None:
    """Files, pipelines, `drain` and `wait_finished` are served by either wire."""
    path = tmp_path / "file"
    path.write_bytes(b"f" * 200_000)

    async def poured(res: Any) -> None:
        await http.pipeline([b"p" * 50_000] * 3, res)

    async def drained(res: Any) -> None:
        for _ in range(3):
            res.write(b"d" * 30_000)
            await res.drain()
        res.end()
        await res.wait_finished()

    for handler in (lambda res: res.send_file(path, 1, 150_000), poured, drained):
        received = []
        for wire, read in WIRES:
            res, sink = by_hand(wire, Draining(16_384))
            await handler(res)
            received.append(read(sink.taken))
            assert res.writable_finished
        assert received[1].ended
        assert (received[1].body, received[1].ended) == (received[0].body, received[0].ended)
        assert len(received[1].body) in (150_000, 90_000)


class Draining(Writable):
    """A slow writable, whose system takes all at the next round of the loop."""

    def __init__(self, high_water_mark: int) -> None:
        super().__init__(high_water_mark, slow=True)

    def write(self, data: bytes, encoding: Any = None, callback: Any = None) -> bool:
        asyncio.get_running_loop().call_soon(self._drain)
        return super().write(data, encoding, callback)

    def _drain(self) -> None:
        full = self.writable_length >= self.writable_high_water_mark
        self.take()
        if full:
            self.emit("drain")


@on_both_loops
async def test_a_file_over_a_socket_is_framed(tmp_path: Path) -> None:
    """The kernel copies only what the wire sends as it is: records have their frames on a real socket, too."""
    path = tmp_path / "file"
    path.write_bytes(b"f" * 200_000)
    sent = asyncio.get_running_loop().create_future()

    async def upgrade(_req: Any, socket: Any, _head: bytes) -> None:
        res, _ = by_hand(RecordExchange, socket)
        try:
            await res.send_file(path)
        finally:
            socket.end()
        sent.set_result(True)

    async with http.create_server() as server:
        server.on("upgrade", upgrade)
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        received = read_records(await client.rest())
        await sent
    assert (received.body, received.ended) == (path.read_bytes(), True)
