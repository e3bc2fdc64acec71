"""What is asked of servers of WebSockets, by ASGI."""

from __future__ import annotations

import base64
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from comparison.client import Client, Response, key, read_all, read_until
from comparison.verdicts import Tried, Verdict, check, not_offered, probe

WEBSOCKET = "WebSocket"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Socket:
    """A WebSocket, frame by frame."""

    def __init__(self, sock: socket.socket, head: bytes, rest: bytes) -> None:
        self.sock = sock
        self.head = Response(head)
        self.data = rest

    def send(self, payload: bytes, opcode: int = TEXT, *, final: bool = True, masked: bool = True) -> None:
        """Send a frame."""
        self.sock.sendall(frame(payload, opcode, final=final, masked=masked))

    def receive(self, seconds: float = 5) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame; (0, b"") if there is none."""
        self.sock.settimeout(seconds)
        try:
            head = self._take(2)
            size = head[1] & 0x7F
            if size > 125:
                size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
            return head[0] & 0x0F, self._take(size)
        except (OSError, EOFError):
            return 0, b""

    def _take(self, size: int) -> bytes:
        while len(self.data) < size:
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError
            self.data += piece
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def close_code(self) -> int:
        """Return the code of the close frame that comes; 0 if none does."""
        while True:
            opcode, payload = self.receive()
            if opcode in (CLOSE, 0):
                return int.from_bytes(payload[:2], "big")


def frame(payload: bytes, opcode: int = TEXT, *, final: bool = True, masked: bool = True) -> bytes:
    """Return the bytes of a frame, with a mask of zeros."""
    bit = 0x80 if masked else 0
    size = len(payload)
    if size < 126:
        length = bytes([bit | size])
    elif size < 65536:
        length = bytes([bit | 126]) + struct.pack(">H", size)
    else:
        length = bytes([bit | 127]) + struct.pack(">Q", size)
    return bytes([(0x80 if final else 0) | opcode]) + length + (b"\0" * 4 if masked else b"") + payload


def handshake(client: Client, target: str, *fields: str) -> tuple[socket.socket, bytes, bytes]:
    """Ask for a WebSocket; return the socket, the head of the response and what follows it."""
    nonce = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {target} HTTP/1.1",
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {nonce}",
        "Sec-WebSocket-Version: 13",
        *fields,
    ]
    sock = client.connect()
    sock.sendall("\r\n".join([*lines, "", ""]).encode())
    head, mark, rest = read_until(sock, b"\r\n\r\n", 5).partition(b"\r\n\r\n")
    return sock, head + mark, rest


@contextmanager
def opened(client: Client, mine: str = "none", *fields: str) -> Iterator[Socket]:
    """Open a WebSocket to the page that echoes."""
    sock, head, rest = handshake(client, f"/ws?key={mine}", *fields)
    with sock:
        status = Response(head).status
        if status != 101:
            raise NoWebSocket(f"status {status}" if status else "no response")
        yield Socket(sock, head, rest)


class NoWebSocket(Exception):
    """The handshake was refused."""


@probe(WEBSOCKET, "Subprotocol and headers of the application are in the handshake")
def accept(tried: Tried) -> Verdict:
    with opened(tried, "none", "Sec-WebSocket-Protocol: chat, other") as ws:
        got = ws.head.status, ws.head.field("sec-websocket-protocol"), ws.head.field("x-own")
    return check(got == (101, "chat", "1"), got)


@probe(WEBSOCKET, "Messages come back: short, long, in pieces")
def echo(tried: Tried) -> Verdict:
    got = []
    with opened(tried) as ws:
        for payload in (b"hello", b"", b"x" * 70_000):
            ws.send(payload)
            got.append(ws.receive() == (TEXT, payload))
        ws.send(b"\0\xff", BINARY)
        got.append(ws.receive() == (BINARY, b"\0\xff"))
        ws.send(b"he", final=False)
        ws.send(b"llo", 0)
        got.append(ws.receive() == (TEXT, b"hello"))
    return check(all(got), got)


@probe(WEBSOCKET, "A ping is answered, also between the pieces of a message")
def ping(tried: Tried) -> Verdict:
    with opened(tried) as ws:
        ws.send(b"he", final=False)
        ws.send(b"there?", PING)
        pong = ws.receive()
        ws.send(b"llo", 0)
        echoed = ws.receive()
    return check((pong, echoed) == ((PONG, b"there?"), (TEXT, b"hello")), f"{pong}, {echoed}")


@probe(WEBSOCKET, "Compression (permessage-deflate) is agreed on")
def compression(tried: Tried) -> Verdict:
    with opened(tried, "none", "Sec-WebSocket-Extensions: permessage-deflate") as ws:
        got = ws.head.field("sec-websocket-extensions") or ""
    return check("permessage-deflate" in got, got) if got else not_offered()


@probe(WEBSOCKET, "A refusal is a 403")
def refuse(tried: Tried) -> Verdict:
    sock, head, _ = handshake(tried, "/ws_refuse")
    sock.close()
    return check(Response(head).status == 403, Response(head).status or "no response")


@probe(WEBSOCKET, "A refusal may be a response of the application (websocket.http.response)")
def deny(tried: Tried) -> Verdict:
    sock, head, rest = handshake(tried, "/ws_deny")
    with sock:
        answer = Response(head + rest + read_all(sock, 1))
    if answer.status == 403:
        return not_offered()
    return check(
        (answer.status, answer.field("x-why"), answer.body) == (418, "teapot", b"short and stout"),
        answer.status,
    )


@probe(WEBSOCKET, "Code and reason of the application reach the client")
def close_by_app(tried: Tried) -> Verdict:
    with opened(tried) as ws:
        ws.send(b"close 4001")
        opcode, payload = ws.receive()
    return check((opcode, payload) == (CLOSE, b"\x0f\xa1as asked"), payload)


@probe(WEBSOCKET, "Code and reason of the client reach the application")
def close_by_client(tried: Tried) -> Verdict:
    mine = key()
    with opened(tried, mine) as ws:
        ws.send(b"\x0f\xa2why", CLOSE)
        ws.close_code()
        got = tried.seen(mine)
    return check(got == [4002, "why"], got)


@probe(WEBSOCKET, "An empty close frame is 1005")
def close_empty(tried: Tried) -> Verdict:
    mine = key()
    with opened(tried, mine) as ws:
        ws.send(b"", CLOSE)
        ws.close_code()
        got = tried.seen(mine)
    return check(got[0] == 1005, got[0])


@probe(WEBSOCKET, "A connection that is lost is 1006")
def lost(tried: Tried) -> Verdict:
    mine = key()
    with opened(tried, mine) as ws:
        ws.send(b"hello")
        ws.receive()
    got = tried.seen(mine)
    return check(got[0] == 1006, got[0])


@probe(WEBSOCKET, "Text that is no UTF-8 is refused with 1007")
def bad_text(tried: Tried) -> Verdict:
    with opened(tried) as ws:
        ws.send(b"\xff\xfe")
        code = ws.close_code()
    return check(code == 1007, code or "no close frame")


@probe(WEBSOCKET, "A frame without a mask is refused with 1002")
def unmasked(tried: Tried) -> Verdict:
    with opened(tried) as ws:
        ws.send(b"hello", masked=False)
        code = ws.close_code()
    return check(code == 1002, code or "no close frame")


@probe(WEBSOCKET, "A reserved opcode is refused with 1002")
def opcode(tried: Tried) -> Verdict:
    with opened(tried) as ws:
        ws.send(b"hello", 3)
        code = ws.close_code()
    return check(code == 1002, code or "no close frame")


@probe(WEBSOCKET, "A message of 20 MB is refused with 1009")
def too_big(tried: Tried) -> Verdict:
    with opened(tried) as ws:
        try:
            ws.send(b"x" * (20 << 20))
        except ConnectionError:
            pass  # it has not read all
        code = ws.close_code()
    return check(code == 1009, code or "no close frame")


@probe(WEBSOCKET, "An exception of the application is 1011")
def failure(tried: Tried) -> Verdict:
    with opened(tried) as ws:
        ws.send(b"fail")
        code = ws.close_code()
    return check(code == 1011, code or "no close frame")


@probe(WEBSOCKET, "An application that returns without a close leaves nobody hanging")
def returned(tried: Tried) -> Verdict:
    with opened(tried) as ws:
        ws.send(b"return")
        begun = time.monotonic()
        code = ws.close_code()
        took = time.monotonic() - begun
    return check(took < 4, f"{code or 'cut'}" if took < 4 else "hangs")


@probe(WEBSOCKET, "`send` raises an `OSError` when the client has gone")
def send_to_nobody(tried: Tried) -> Verdict:
    mine = key()
    with opened(tried, mine) as ws:
        ws.send(b"after the end")
        time.sleep(0.1)
    got = tried.seen(mine)[0]
    return check(got == "OSError", got)


@probe(WEBSOCKET, "A client that floods an application that does not receive has to wait")
def flood(tried: Tried) -> Verdict:
    mine = key()
    size = 100 << 20
    with opened(tried, mine) as ws:
        ws.send(b"stop reading")
        piece = frame(b"x" * 65536, BINARY)
        sent = flooded(ws.sock, piece, size)
        tried.tell(f"{mine}go")
    return check(sent < size, f"{sent >> 20} of {size >> 20} MiB taken")


def flooded(sock: socket.socket, piece: bytes, size: int) -> int:
    """Send frames until the system takes no more for a second; return how many bytes it took."""
    sock.settimeout(1)
    sent = 0
    try:
        while sent < size:
            sock.sendall(piece)
            sent += len(piece)
    except OSError:
        pass
    return sent


@probe(WEBSOCKET, "At a stop, WebSockets are closed with 1012 (or 1001)")
def stop(tried: Tried) -> Verdict:
    with tried.another() as (client, made), opened(client) as ws:
        ws.send(b"hello")
        ws.receive()
        made.program.signal(signal.SIGTERM)
        code = ws.close_code()
    return check(code in (1001, 1012), code or "cut")
