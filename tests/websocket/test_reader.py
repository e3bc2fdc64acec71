"""FrameReader: what becomes of a client's bytes, in the fast path and in the general way."""

from __future__ import annotations

import logging
import tracemalloc
from typing import Any

import pytest

from tests.kit.websocket_client import (
    BINARY,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    close,
    deflated,
    frame,
    text,
)
from writehead._guests.websocket.deflate import Deflate, agree
from writehead._guests.websocket.options import DeflateOptions
from writehead._guests.websocket.reader import Closed, Fault, FrameReader, Ping, Pong


def extension() -> Deflate:
    found = agree([("permessage-deflate", [("client_max_window_bits", None)])], DeflateOptions())  # type: ignore[list-item]
    assert found is not None
    return found[1]


def reader_of(*, limit: int | None = 1000, compressed: bool = False, fast: bool = True) -> FrameReader:
    reader = FrameReader(limit, fast)
    if compressed:
        reader.deflate = extension()
    return reader


def events(reader: FrameReader, *reads: bytes) -> list[Any]:
    found = []
    for data in reads:
        reader.feed(data)
        while reader.waiting:
            waiting = reader.waiting
            messages = reader.messages(16, 65536)
            event = None if messages else reader.next()
            found += messages if event is None else [event]
            if reader.waiting == waiting and event is None:
                break
    return found


def fault(found: list[Any]) -> tuple[str, int | None, bytes]:
    """Return the code, the close code and the close frame of the only event, which is a fault."""
    (only,) = found
    assert isinstance(only, Fault)
    return only.error.code, only.error.close_code, only.reply


both = pytest.mark.parametrize("fast", [True, False])


@both
def test_messages(fast: bool) -> None:
    """Text is str, binary data bytes; empty ones are messages."""
    data = text("é") + frame(BINARY, b"\xff") + text("") + frame(BINARY)
    assert events(reader_of(fast=fast), data) == ["é", b"\xff", "", b""]


@both
def test_a_message_may_come_in_pieces(fast: bool) -> None:
    """Byte by byte, and the next behind it."""
    data = text("hello") + frame(BINARY, bytes(300)) + text("x")
    reads = [data[at : at + 1] for at in range(len(data))]
    assert events(reader_of(fast=fast), *reads) == ["hello", bytes(300), "x"]


def test_fragments_are_joined_and_control_frames_between_them_come_first() -> None:
    """The message is given once, whole; a character may be in two fragments."""
    euro = "€".encode()
    data = (
        frame(TEXT, b"a" + euro[:1], first=0)
        + frame(PING, b"p")
        + frame(CONTINUATION, euro[1:2], first=0)
        + frame(PONG)
        + frame(CONTINUATION, euro[2:] + b"z")
    )
    assert events(reader_of(), data) == [Ping(b"p", b"\x8a\x01p"), Pong(b""), "a€z"]


def test_the_fast_path_goes_on_behind_a_fragmented_message() -> None:
    """Its state is as if nothing had been."""
    reader = reader_of()
    assert events(reader, frame(BINARY, b"a", first=0) + frame(CONTINUATION, b"b")) == [b"ab"]
    assert reader._plain
    assert events(reader, text("c")) == ["c"]


def test_nothing_is_parsed_before_it_is_asked_for() -> None:
    """What was read waits as it came."""
    reader = reader_of()
    reader.feed(text("a") + text("b"))
    assert reader.messages(1, 65536) == ["a"]
    assert reader.waiting == len(text("b"))
    reader.feed(text("c") + text("d") + text("e") + frame(PING))
    assert [reader.next(), reader.messages(16, 2), reader.messages(16, 65536)] == ["b", ["c", "d"], ["e"]]
    assert reader.messages(16, 65536) == []
    assert [reader.next(), reader.next()] == [Ping(b"", b"\x8a\x00"), None]
    assert reader.waiting == 0


@both
def test_an_idle_reader_keeps_nothing(fast: bool) -> None:
    """Neither the last read nor, of a header that is not whole, more than that."""
    reader = reader_of(fast=fast)
    assert len(events(reader, text("x" * 99) * 100)) == 100
    assert reader._data == b""
    events(reader, text("x" * 99) * 100 + b"\x81")
    assert reader._data == b"\x81"


@both
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_over_the_limit_is_1009_as_soon_as_its_header_shows_it(fast: bool, opcode: int) -> None:
    """The limit itself may be sent; a byte more may not, and nothing of it is waited for."""
    assert events(reader_of(fast=fast), frame(BINARY, bytes(1000))) == [bytes(1000)]
    header = frame(opcode, bytes(1001))[:8]
    code, close_code, reply = fault(events(reader_of(fast=fast), header))
    assert (code, close_code) == ("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009)
    assert reply[:4] == bytes((0x88, len(reply) - 2)) + (1009).to_bytes(2)


def test_fragments_over_the_limit_are_1009() -> None:
    """All of a message counts."""
    data = frame(BINARY, bytes(600), first=0) + frame(CONTINUATION, bytes(401))[:8]
    assert fault(events(reader_of(), data))[:2] == ("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009)
    data = frame(BINARY, bytes(600), first=0) + frame(CONTINUATION, bytes(400))
    assert events(reader_of(), data) == [bytes(1000)]


def test_a_message_counts_as_it_is_after_inflating() -> None:
    """A bomb of a few bytes is 1009, and never there whole."""
    bomb = frame(BINARY, deflated(bytes(50_000_000)), first=FIN | RSV1)
    reader = reader_of(limit=100_000, compressed=True)
    tracemalloc.start()
    try:
        found = events(reader, bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert fault(found)[:2] == ("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009)
    assert peak < 1_000_000


def test_a_bomb_in_fragments_is_1009() -> None:
    """Each fragment may inflate to what is left of the limit."""
    data = deflated(bytes(3000))
    parts = frame(BINARY, data[:4], first=RSV1) + frame(CONTINUATION, data[4:])
    assert fault(events(reader_of(compressed=True), parts))[:2] == ("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009)


def test_an_endless_row_of_empty_fragments_costs_no_memory() -> None:
    """Nothing is kept of them."""
    reader = reader_of()
    events(reader, frame(TEXT, first=0))
    many = frame(CONTINUATION, first=0) * 1000
    events(reader, many)
    tracemalloc.start()
    try:
        for _ in range(10):
            assert events(reader, many) == []
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 5_000
    assert events(reader, frame(CONTINUATION, b"end")) == ["end"]


def test_tiny_fragments_cost_no_more_than_their_bytes() -> None:
    """A message of single bytes is kept as one piece."""
    reader = reader_of(limit=100_000)
    events(reader, frame(BINARY, b"x", first=0))
    many = frame(CONTINUATION, b"x", first=0) * 1000
    tracemalloc.start()
    try:
        for _ in range(20):
            events(reader, many)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 60_000
    assert events(reader, frame(CONTINUATION)) == [b"x" * 20_001]


@both
@pytest.mark.parametrize("payload", [b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_text_that_is_no_utf8_is_1007(fast: bool, payload: bytes) -> None:
    """A surrogate, what is above U+10FFFF, a character that is not whole."""
    code, close_code, reply = fault(events(reader_of(fast=fast), frame(TEXT, payload)))
    assert (code, close_code, reply[2:4]) == ("WS_ERR_INVALID_UTF8", 1007, b"\x03\xef")


def test_text_in_fragments_is_judged_at_the_end_of_each() -> None:
    """1007 comes at the frame that shows it, not at the end of the message."""
    assert fault(events(reader_of(), frame(TEXT, b"a\xff", first=0)))[:2] == ("WS_ERR_INVALID_UTF8", 1007)
    reader = reader_of()
    assert events(reader, frame(TEXT, b"a\xc3", first=0)) == []
    assert fault(events(reader, frame(CONTINUATION, b"a", first=0)))[:2] == ("WS_ERR_INVALID_UTF8", 1007)
    reader = reader_of()
    events(reader, frame(TEXT, b"a\xc3", first=0))
    assert fault(events(reader, frame(CONTINUATION)))[:2] == ("WS_ERR_INVALID_UTF8", 1007)


def test_binary_data_is_not_judged() -> None:
    """Fragments of it may be anything."""
    assert events(reader_of(), frame(BINARY, b"\xff", first=0) + frame(CONTINUATION, b"\xfe")) == [
        b"\xff\xfe"
    ]


@pytest.mark.parametrize(
    ("data", "event"),
    [
        (close(), Closed(1005, "", b"\x88\x00")),
        (close(1000), Closed(1000, "", b"\x88\x02\x03\xe8")),
        (close(4999, "bye €"), Closed(4999, "bye €", b"\x88\x09\x13\x87bye \xe2\x82\xac")),
    ],
)
def test_a_close_frame_is_echoed_and_what_comes_behind_it_is_ignored(data: bytes, event: Closed) -> None:
    """Its code and reason are those of the end."""
    reader = reader_of()
    assert events(reader, data + text("late")) == [event]
    assert events(reader, text("later")) == []
    assert (reader.ended, reader.waiting) == (True, 0)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_a_code_that_may_not_be_sent_is_1002(code: int) -> None:
    """RFC 6455, 7.4."""
    assert fault(events(reader_of(), close(code)))[:2] == ("WS_ERR_INVALID_CLOSE_CODE", 1002)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999])
def test_a_code_that_may_be_sent(code: int) -> None:
    """It is echoed."""
    assert events(reader_of(), close(code)) == [Closed(code, "", b"\x88\x02" + code.to_bytes(2))]


def test_a_reason_that_is_no_utf8_is_1007() -> None:
    """As text is."""
    assert fault(events(reader_of(), close(1000, b"\xff")))[:2] == ("WS_ERR_INVALID_UTF8", 1007)


def test_a_broken_compressed_message_is_1002() -> None:
    """zlib cannot read it."""
    data = frame(TEXT, b"\xff\xff\xff", first=FIN | RSV1)
    assert fault(events(reader_of(compressed=True), data))[:2] == ("Z_DATA_ERROR", 1002)


def test_after_our_close_frame_the_clients_is_not_echoed() -> None:
    """Messages that come before it are still read."""
    reader = reader_of()
    assert reader.close(4000, "x") == b"\x88\x03\x0f\xa0x"
    assert events(reader, text("late") + close(4000)) == ["late", Closed(4000, "", b"")]
    reader = reader_of()
    reader.close(None, "")
    (found,) = events(reader, frame(TEXT, b"\xff"))
    assert (found.error.close_code, found.reply) == (1007, b"")


def test_a_failure_of_the_library_is_1011(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """It is logged, and the connection is failed."""
    reader = reader_of()
    library = reader._open_library()

    def fail(frame: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(library, "recv_frame", fail)
    assert fault(events(reader, frame(PING)))[:2] == ("ERR_WEBSOCKET", 1011)
    assert [(each.name, each.levelno) for each in caplog.records] == [("writehead", logging.ERROR)]


def test_the_library_says_nothing_of_connections(caplog: Any) -> None:
    """Neither that one is open nor that it is closed."""
    caplog.set_level(logging.DEBUG)
    reader = reader_of()
    events(reader, close(1000))
    assert caplog.records == []


def test_the_mask_of_zeros() -> None:
    """It changes nothing."""
    assert events(reader_of(), frame(TEXT, b"abc", key=bytes(4))) == ["abc"]
