"""Frames and handshakes as a client writes them, and a client over a real socket."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

from tests.kit.raw_client import RawClient, dial

MASK = b"\x37\xfa\x21\x3d"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # of KEY, both as in RFC 6455, 1.3

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN, RSV1 = 0x80, 0x40

#: The head of a handshake that was accepted, without subprotocol and extensions.
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n\r\n"
)


def mask(payload: bytes, key: bytes = MASK) -> bytes:
    repeated = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(len(payload))


def frame(
    opcode: int, payload: bytes = b"", *, first: int = FIN, key: bytes | None = MASK, form: int | None = None
) -> bytes:
    """Return a frame; `key` None: not masked; `form`: which form of the length, 0, 126 or 127."""
    size = len(payload)
    if form is None:
        form = 0 if size < 126 else 126 if size < 65536 else 127
    masked = 0 if key is None else 0x80
    head = bytes((first | opcode, masked | (form or size)))
    if form:
        head += size.to_bytes(2 if form == 126 else 8)
    return head + payload if key is None else head + key + mask(payload, key)


def text(data: str) -> bytes:
    return frame(TEXT, data.encode())


def close(code: int | None = None, reason: str | bytes = "") -> bytes:
    rest = reason.encode() if isinstance(reason, str) else reason
    return frame(CLOSE, b"" if code is None else code.to_bytes(2) + rest)


def deflated(payload: bytes, bits: int = 12) -> bytes:
    """Return a payload as a new compressor makes it."""
    made = zlib.compressobj(wbits=-bits)
    return (made.compress(payload) + made.flush(zlib.Z_SYNC_FLUSH))[:-4]


def handshake(
    target: str = "/", *lines: str, without: str = "", method: str = "GET", version: str = "1.1"
) -> bytes:
    """Return a handshake with `lines` besides its own, of which that named `without` is left out."""
    own = [
        "Host: a",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
    ]
    kept = [each for each in own if not without or not each.lower().startswith(without.lower() + ":")]
    return "\r\n".join([f"{method} {target} HTTP/{version}", *kept, *lines, "", ""]).encode("latin-1")


def frames_of(data: bytes) -> list[tuple[int, bytes]]:
    """Return first byte and payload of each frame of a server."""
    found = []
    at = 0
    while at < len(data):
        first, size = data[at], data[at + 1]
        at += 2
        assert size < 128, "a server masks nothing"
        if size > 125:
            width = 2 if size == 126 else 8
            size = int.from_bytes(data[at : at + width])
            at += width
        found.append((first, data[at : at + size]))
        assert len(data) >= at + size, "the last frame is not whole"
        at += size
    return found


class WebSocketClient:
    """A client whose every byte the test writes, and sees."""

    def __init__(self, raw: RawClient) -> None:
        self.raw = raw
        self.head = b""

    def send(self, *frames: bytes) -> None:
        self.raw.send(b"".join(frames))

    async def read(self) -> tuple[int, bytes]:
        """Return first byte and payload of the next frame."""
        reader = self.raw.reader
        first, size = await reader.readexactly(2)
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
        return first, await reader.readexactly(size)

    async def message(self) -> str | bytes:
        """Return the next message."""
        first, payload = await self.read()
        assert first in (FIN | TEXT, FIN | BINARY), (first, payload)
        return payload.decode() if first == FIN | TEXT else payload

    async def close_frame(self) -> tuple[int | None, str]:
        """Return code and reason of the close frame that comes next."""
        first, payload = await self.read()
        assert first == FIN | CLOSE, (first, payload)
        return (int.from_bytes(payload[:2]), payload[2:].decode()) if payload else (None, "")

    async def ended(self) -> None:
        """Read to the end; nothing more comes."""
        assert await self.raw.reader.read() == b""
        self.raw.close()

    async def rest(self) -> list[tuple[int, bytes]]:
        """Read to the end; return the frames that come."""
        data = b""
        try:
            while part := await self.raw.reader.read(1 << 20):
                data += part
        except ConnectionResetError:
            pass
        self.raw.close()
        return frames_of(data)

    async def say_goodbye(self) -> None:
        """Close in order."""
        self.send(close(1000))
        assert await self.close_frame() == (1000, "")
        await self.ended()


async def shake(
    where: Any, target: str = "/", *lines: str, context: Any = None, behind: bytes = b""
) -> WebSocketClient:
    """Connect and make the handshake; `behind` comes with it."""
    client = WebSocketClient(await dial(where, context))
    client.raw.send(handshake(target, *lines) + behind)
    client.head = await client.raw.reader.readuntil(b"\r\n\r\n")
    assert client.head.startswith(b"HTTP/1.1 101 "), client.head
    return client


async def refused(where: Any, request: bytes, context: Any = None) -> bytes:
    """Send a request and return all that comes until the end."""
    client = await dial(where, context)
    client.send(request)
    return await client.rest()


async def until(condition: Any) -> None:
    """Let the loop run until a condition holds."""
    while not condition():
        await asyncio.sleep(0.001)
