"""The same bytes to npm's `ws` and to us: the same frames come back, and the same events happen.

Needs Node and `ws` 8. `WRITEHEAD_WS` names the folder of the module, such as `node_modules/ws`; otherwise it is looked
for where npm installs globally. The differences that are known stand in the table of the reference, and here.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.kit.node import node
from tests.kit.raw_client import dial
from tests.kit.websocket_client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    close,
    frame,
    frames_of,
    handshake,
    text,
)
from writehead.websocket import WebSocketServer

PEER = Path(__file__).parent.parent / "kit" / "ws_peer.js"


def folder_of_ws() -> str | None:
    """Return the folder of the module; None if it cannot be had."""
    named = os.environ.get("WRITEHEAD_WS")
    if named:
        return named
    npm = shutil.which("npm")
    if npm is None:
        return None
    found = subprocess.run([npm, "root", "-g"], capture_output=True, text=True, check=False).stdout.strip()
    return f"{found}/ws" if found and Path(found, "ws").is_dir() else None


#: Name, lines of the handshake, what the client sends.
SCENARIOS: list[tuple[str, tuple[str, ...], bytes]] = [
    ("nothing but a close", (), close(1000, "bye")),
    ("an empty close", (), close()),
    ("messages", (), text("a") + frame(BINARY, b"\xff") + text("") + frame(BINARY) + close(1001)),
    ("fragments", (), frame(TEXT, b"\xc3", first=0) + frame(CONTINUATION, b"\xa9") + close(1000)),
    (
        "control frames between",
        (),
        frame(BINARY, b"a", first=0)
        + frame(PING, b"p")
        + frame(PONG, b"q")
        + frame(CONTINUATION, b"b")
        + close(1000),
    ),
    ("data behind a close", (), close(3000, "x") + text("late")),
    ("a close with each kind of code", (), close(4999, "é")),
    ("subprotocols", ("Sec-WebSocket-Protocol: b, a",), close(1000)),
    ("a close by the server", (), text("do ws.close(4001, 'x')") + close(4001)),
    ("a close without a code", (), text("do ws.close()") + close()),
    (
        "what is sent",
        (),
        text("do ws.send('é'); ws.send(Buffer.from([255])); ws.ping('p'); ws.pong()") + close(1000),
    ),
    ("a terminate", (), text("do ws.terminate()")),
    ("fragments sent", (), text("do ws.send('a', {fin: false}); ws.send('b')") + close(1000)),
    ("a code that may not be sent", (), close(1005)),
    ("a close with one byte", (), frame(CLOSE, b"\x03")),
    ("a reason that is no text", (), close(1000, b"\xff")),
    ("text that is none", (), frame(TEXT, b"\xff")),
    ("no mask", (), frame(TEXT, b"x", key=None)),
    ("an unknown opcode", (), frame(3, b"x")),
    ("RSV1 without agreement", (), frame(TEXT, b"x", first=FIN | RSV1)),
    ("RSV2", (), frame(TEXT, b"x", first=FIN | 0x20)),
    ("a continuation of nothing", (), frame(CONTINUATION, b"x")),
    ("a start inside a message", (), frame(TEXT, b"x", first=0) + text("y")),
    ("a long ping", (), frame(PING, bytes(126))),
    ("a ping in fragments", (), frame(PING, first=0)),
    ("a message that is too long", (), frame(BINARY, bytes(1001))),
    ("fragments that are too long", (), frame(BINARY, bytes(600), first=0) + frame(CONTINUATION, bytes(600))),
    ("a length above 2^53", (), b"\x82\xff\x00\x20" + bytes(6)),
    ("a message before a fault", (), text("a") + frame(TEXT, b"\xff")),
]

#: Where we differ: what `ws` does stands in the reference as well.
KNOWN = {
    "lengths in a longer form": (frame(TEXT, b"x", form=126) + close(1000), "message"),
    "a close frame inside a message": (frame(TEXT, b"x", first=0) + close(1000), "close"),
}

OPTIONS = {"maxPayload": 1000}


class Ours:
    """Our server, which does what `ws_peer.js` does."""

    def __init__(self) -> None:
        self.events: list[list[Any]] = []
        self.wss = WebSocketServer({"port": 0, "host": "127.0.0.1", **OPTIONS})  # type: ignore[typeddict-item]
        self.wss.on("connection", self.connected)

    def connected(self, ws: Any, req: Any) -> None:
        tell = lambda *event: self.events.append(list(event))
        tell("connection", ws.protocol, ws.extensions)

        def message(data: Any, is_binary: bool) -> None:
            tell("message", data.hex() if is_binary else data, is_binary)
            if not is_binary and data.startswith("do "):
                for call in data[3:].split("; "):
                    source = call.replace("Buffer.from([255])", "b'\\xff'").replace(
                        "{fin: false}", "{'fin': False}"
                    )
                    eval(source, {"ws": ws})

        ws.on("message", message)
        ws.on("ping", lambda data: tell("ping", data.hex()))
        ws.on("pong", lambda data: tell("pong", data.hex()))
        ws.on("error", lambda error: tell("error", error.code))
        ws.on("close", lambda code, reason: tell("close", code, reason))

    async def port(self) -> int:
        while (address := self.wss.address()) is None:
            await asyncio.sleep(0.001)
        return int(address["port"])  # type: ignore[index]  # not of a Unix socket


async def exchange(port: int, lines: tuple[str, ...], data: bytes) -> tuple[bytes, list[tuple[int, bytes]]]:
    """Return the head that the client gets, and the frames behind it."""
    client = await dial(port)
    client.send(handshake("/", *lines))
    head = await client.until(b"\r\n\r\n")
    head, _, rest = head.partition(b"\r\n\r\n")
    client.received = b""
    client.send(data)
    frames = frames_of(rest + (await client.rest()).removesuffix(b"<reset>"))
    return head, frames


def comparable(frames: list[tuple[int, bytes]], events: list[list[Any]]) -> tuple[Any, Any]:
    """Drop the reasons of our close frames for faults: `ws` gives none."""
    fault = any(event[0] == "error" for event in events)
    kept = [(first, payload[:2] if fault and first == FIN | CLOSE else payload) for first, payload in frames]
    return kept, events


async def until_closed(events: list[list[Any]]) -> None:
    while not (events and events[-1][0] == "close"):
        await asyncio.sleep(0.002)


async def test_the_same_happens_as_with_ws() -> None:
    """Heads, frames and events are those of `ws`, scenario by scenario."""
    folder = folder_of_ws()
    if folder is None:
        pytest.skip("NOT COMPARED WITH ws: npm install -g ws@8, or set WRITEHEAD_WS to its folder")
    peer = await asyncio.create_subprocess_exec(
        node(), str(PEER), folder, json.dumps(OPTIONS), stdout=asyncio.subprocess.PIPE
    )
    assert peer.stdout is not None
    theirs: list[list[Any]] = []
    port = json.loads(await peer.stdout.readline())[1]
    stdout = peer.stdout

    async def listen() -> None:
        while line := await stdout.readline():
            theirs.append(json.loads(line))

    listening = asyncio.ensure_future(listen())
    ours = Ours()
    own_port = await ours.port()
    different = []
    try:
        for name, lines, data in SCENARIOS:
            theirs.clear()
            ours.events.clear()
            found = await exchange(port, lines, data)
            await until_closed(theirs)
            own = await exchange(own_port, lines, data)
            await until_closed(ours.events)
            if found[0] != own[0] or comparable(found[1], theirs) != comparable(own[1], ours.events):
                different.append((name, found, list(theirs), own, list(ours.events)))
        for name, (data, event) in KNOWN.items():
            theirs.clear()
            await exchange(port, (), data)
            await until_closed(theirs)
            assert any(each[0] == event for each in theirs), name
            assert not any(each[0] == "error" for each in theirs), name
    finally:
        peer.kill()
        await peer.wait()
        await listening
    await ours.wss.close()
    assert different == []
