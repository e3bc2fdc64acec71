"""permessage-deflate: what is agreed, what is compressed, and when memory is taken for it."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import pytest
from websockets.headers import parse_extension

from tests.kit.loops import on_both_loops
from tests.kit.websocket_client import (
    BINARY,
    CONTINUATION,
    FIN,
    PING,
    RSV1,
    TEXT,
    close,
    deflated,
    frame,
    text,
)
from tests.websocket.test_connection_of_websocket import Served
from writehead._guests.websocket.deflate import Deflate, agree
from writehead._guests.websocket.options import DeflateOptions

NAME = "permessage-deflate"


def agreed(offers: str, **options: Any) -> str | None:
    found = agree(parse_extension(offers), DeflateOptions(**options))
    return None if found is None else found[0]


@pytest.mark.parametrize(
    ("offers", "answer"),
    [
        (NAME, f"{NAME}; server_max_window_bits=12"),
        (f"{NAME}; client_max_window_bits", f"{NAME}; server_max_window_bits=12; client_max_window_bits=12"),
        (
            f"{NAME}; client_max_window_bits=15",
            f"{NAME}; server_max_window_bits=12; client_max_window_bits=12",
        ),
        (
            f"{NAME}; client_max_window_bits=10",
            f"{NAME}; server_max_window_bits=12; client_max_window_bits=10",
        ),
        (f"{NAME}; client_max_window_bits=9", f"{NAME}; server_max_window_bits=12; client_max_window_bits=9"),
        (f"{NAME}; server_max_window_bits=10", f"{NAME}; server_max_window_bits=10"),
        (f"{NAME}; server_max_window_bits=15", f"{NAME}; server_max_window_bits=12"),
        (
            f"{NAME}; server_no_context_takeover; client_no_context_takeover",
            f"{NAME}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
        ),
        (f"x-other; a=1, {NAME}", f"{NAME}; server_max_window_bits=12"),
        # The first that can be met: these cannot.
        (f"{NAME}; client_max_window_bits=8, {NAME}", f"{NAME}; server_max_window_bits=12"),
        (f"{NAME}; server_max_window_bits=8, {NAME}", f"{NAME}; server_max_window_bits=12"),
        (f"{NAME}; unknown, {NAME}", f"{NAME}; server_max_window_bits=12"),
        (f"{NAME}; client_max_window_bits=8", None),
        (f"{NAME}; server_max_window_bits=8", None),
        (f"{NAME}; server_max_window_bits", None),
        (f"{NAME}; server_max_window_bits=16", None),
        (f"{NAME}; server_no_context_takeover=1", None),
        (f"{NAME}; client_max_window_bits; client_max_window_bits", None),
        ("x-other", None),
    ],
)
def test_what_is_agreed(offers: str, answer: str | None) -> None:
    """The first offer that can be met, with windows of 12 bits if we may choose; others are passed over."""
    assert agreed(offers) == answer


def test_what_the_options_change() -> None:
    """Windows, and context takeover."""
    assert agreed(
        f"{NAME}; client_max_window_bits",
        server_max_window_bits=15,
        client_max_window_bits=9,
        server_no_context_takeover=True,
        client_no_context_takeover=True,
    ) == (
        f"{NAME}; server_no_context_takeover; client_no_context_takeover; "
        "server_max_window_bits=15; client_max_window_bits=9"
    )


def extension(offer: str = f"{NAME}; client_max_window_bits", **options: Any) -> Deflate:
    found = agree(parse_extension(offer), DeflateOptions(**options))
    assert found is not None
    return found[1]


def test_the_objects_of_zlib_are_made_when_a_message_needs_them() -> None:
    """Some 45 KiB for both ways, none before."""
    made = extension()
    assert not {"encoder", "decoder"} & vars(made).keys()
    tracemalloc.start()
    try:
        for _ in range(3):
            sent = made.frame(FIN | TEXT, b"x" * 2000)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert "encoder" in vars(made)
    assert "decoder" not in vars(made)
    assert kept < 50_000
    assert sent[0] == FIN | RSV1 | TEXT


def test_level_and_memory_are_passed_on() -> None:
    """`level` 0 does not compress at all."""
    data = b"x" * 2000
    assert len(extension(level=0).frame(FIN | BINARY, data)) > 2000
    assert len(extension(level=9, mem_level=9).frame(FIN | BINARY, data)) < 100


def inflated(decoder: Any, payload: bytes) -> bytes:
    data: bytes = decoder.decompress(payload + b"\x00\x00\xff\xff")
    return data


def test_the_window_is_kept_from_one_message_to_the_next_unless_agreed_otherwise() -> None:
    """With `server_no_context_takeover` each stands alone."""
    data = bytes(range(256)) * 8
    made, alone = extension(), extension(f"{NAME}; server_no_context_takeover")
    sizes = [len(made.frame(FIN | BINARY, data)) for _ in range(2)]
    assert sizes[1] < sizes[0]
    frames = [alone.frame(FIN | BINARY, data) for _ in range(2)]
    assert frames[0] == frames[1]
    assert "encoder" not in vars(alone)


@on_both_loops
async def test_compressed_messages_both_ways() -> None:
    """Whole and in fragments; small ones are sent as they are; control frames are never compressed."""
    served = Served(per_message_deflate=True)
    served.wss.on("connection", lambda ws: ws.on("message", lambda data: ws.send(data)))
    await served.listen()
    client = await served.shake(f"Sec-WebSocket-Extensions: {NAME}; client_max_window_bits")
    assert b"client_max_window_bits=12" in client.head
    decoder = zlib.decompressobj(wbits=-12)
    compressor = zlib.compressobj(wbits=-12)
    for at in range(3):
        data = (b"%d" % at) * 3000
        payload = (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        middle = len(payload) // 2
        client.send(
            frame(TEXT, payload[:middle], first=RSV1),
            frame(PING, b"p"),
            frame(CONTINUATION, payload[middle:]),
        )
        assert await client.read() == (0x8A, b"p")
        first, answer = await client.read()
        assert first == FIN | RSV1 | TEXT
        assert inflated(decoder, answer) == data
    client.send(text("small"))
    assert await client.read() == (FIN | TEXT, b"small")
    client.send(close(1000))
    await client.rest()
    await served.close()


@on_both_loops
async def test_a_client_that_keeps_no_context() -> None:
    """Each of its messages stands alone."""
    served = await Served(per_message_deflate=True).listen()
    client = await served.shake(f"Sec-WebSocket-Extensions: {NAME}; client_no_context_takeover")
    for _ in range(2):
        client.send(frame(BINARY, deflated(b"y" * 5000, bits=15), first=FIN | RSV1))
    client.send(close(1000))
    await client.rest()
    assert served.log[:2] == [b"y" * 5000] * 2
    await served.close()
