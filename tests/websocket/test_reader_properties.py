"""The fast path, the general way and the library alone read the same streams, cut anywhere, in the same way."""

from __future__ import annotations

import zlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from tests.kit.websocket_client import (
    BINARY,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    close,
    frame,
)
from tests.websocket.test_reader import events, extension, reader_of
from writehead._guests.websocket.reader import Closed, Fault, Ping, Pong

LIMIT = 1000

keys = st.binary(min_size=4, max_size=4)
payloads = st.one_of(
    st.binary(max_size=140),
    st.text(max_size=60).map(str.encode),
    st.sampled_from(
        [b"", b"x" * 125, b"x" * 126, b"x" * 999, b"x" * 1000, b"x" * 1001, b"\xff", "é€😀".encode()]
    ),
)


class Client:
    """Writes frames, some of them compressed, with one compressor."""

    def __init__(self, compressed: bool) -> None:
        self.compressor = zlib.compressobj(wbits=-12) if compressed else None

    def deflate(self, payload: bytes) -> bytes:
        assert self.compressor is not None
        return (self.compressor.compress(payload) + self.compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


@st.composite
def messages(draw: Any, client: Client) -> bytes:
    """One message, whole or in fragments, with control frames between those."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    payload = draw(st.text(max_size=200)).encode() if opcode == TEXT else draw(payloads)
    rsv = 0
    if client.compressor is not None and draw(st.booleans()):
        payload = client.deflate(payload)
        rsv = RSV1
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
    parts = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
    data = b""
    for at, part in enumerate(parts):
        first = (FIN if at == len(parts) - 1 else 0) | (rsv if at == 0 else 0)
        data += frame(opcode if at == 0 else CONTINUATION, part, first=first, key=draw(keys))
        if at < len(parts) - 1 and draw(st.booleans()):
            data += draw(controls)
    return data


controls = st.builds(
    lambda opcode, payload, key: frame(opcode, payload, key=key),
    st.sampled_from([PING, PONG]),
    st.binary(max_size=125),
    keys,
)

#: Frames of which some, or all, may not be sent.
wild = st.builds(
    lambda first, opcode, payload, key, form: frame(opcode, payload, first=first, key=key, form=form),
    st.sampled_from([FIN, 0, FIN | RSV1, FIN | 0x20, 0x10]),
    st.integers(0, 15),
    payloads,
    st.one_of(st.none(), keys, keys, keys),
    st.sampled_from([None, None, None, 126, 127]),
)

closes = st.one_of(
    st.just(close()),
    st.builds(
        close, st.sampled_from([1000, 1001, 1005, 999, 4000, 5000]), st.sampled_from(["", "bye", b"\xff"])
    ),
)


@st.composite
def streams(draw: Any, compressed: bool, broken: bool) -> bytes:
    client = Client(compressed)
    kinds = [messages(client), messages(client), controls]
    if broken:
        kinds += [wild, st.binary(max_size=20)]
    data = b"".join(draw(st.lists(st.one_of(kinds), max_size=8)))
    return data + (draw(closes) if draw(st.booleans()) else b"")


def cut(draw: Any, data: bytes) -> list[bytes]:
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def plain(found: list[Any]) -> list[Any]:
    """Return events as what can be compared: errors by what they say."""
    return [
        (each.error.code, each.error.close_code, each.error.message, each.reason, each.reply)
        if isinstance(each, Fault)
        else (type(each).__name__, each)
        for each in found
    ]


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_the_fast_path_reads_as_the_general_way(data: Any) -> None:
    """Random and broken streams, cut anywhere: the same events and the same bytes in reply."""
    compressed = data.draw(st.booleans())
    stream = data.draw(streams(compressed, broken=True))
    whole = events(reader_of(limit=LIMIT, compressed=compressed, fast=False), stream)
    pieces = cut(data.draw, stream)
    found = events(reader_of(limit=LIMIT, compressed=compressed), *pieces)
    assert plain(found) == plain(whole)
    slow = events(reader_of(limit=LIMIT, compressed=compressed, fast=False), *pieces)
    assert plain(slow) == plain(whole)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_whoever_pauses_reads_the_same(data: Any) -> None:
    """Events that are asked for later, behind more reads, are the same."""
    stream = data.draw(streams(compressed=False, broken=True))
    reader = reader_of(limit=LIMIT)
    found: list[Any] = []
    for piece in cut(data.draw, stream):
        reader.feed(piece)
        for _ in range(data.draw(st.integers(0, 2))):
            messages = reader.messages(2, 100)
            event = None if messages else reader.next()
            found += messages if event is None else [event]
    found += events(reader, b"")
    assert plain(found) == plain(events(reader_of(limit=LIMIT, fast=False), stream))


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_the_library_alone_reads_the_same(data: Any) -> None:
    """Streams whose frames are well formed: equal messages, control frames and close codes, and equal bytes."""
    compressed = data.draw(st.booleans())
    stream = data.draw(streams(compressed, broken=False))
    ours = events(reader_of(limit=LIMIT, compressed=compressed), *cut(data.draw, stream))
    library = Protocol(Side.SERVER, max_size=LIMIT)
    if compressed:
        library.extensions = [extension()]
    library.receive_data(stream)
    replies = b"".join(each.reply for each in ours if isinstance(each, Ping | Closed | Fault))
    assert replies == b"".join(library.data_to_send())
    assert [each for each in ours if not isinstance(each, Fault)] == of_library(library)


def of_library(library: Protocol) -> list[Any]:
    """Return the events of the library, fragments joined."""
    found: list[Any] = []
    parts: list[bytes] = []
    is_text = False
    for each in library.events_received():
        assert isinstance(each, Frame)
        payload = bytes(each.data)
        if each.opcode is Opcode.PING:
            found.append(Ping(payload, bytes((0x8A, len(payload))) + payload))
        elif each.opcode is Opcode.PONG:
            found.append(Pong(payload))
        elif each.opcode is Opcode.CLOSE:
            code, reason = (
                (library.close_rcvd.code, library.close_rcvd.reason) if library.close_rcvd else (0, "")
            )
            found.append(Closed(int(code), reason, bytes((0x88, len(payload))) + payload))
        else:
            is_text = each.opcode is Opcode.TEXT if each.opcode is not Opcode.CONT else is_text
            parts.append(payload)
            if each.fin:
                whole = b"".join(parts)
                parts = []
                found.append(whole.decode() if is_text else whole)
    return found
