"""What the tests of the server and of its connections share: a server in memory with a log, and both loops.

Law: expected bytes stand in the tests. Only the date is masked: `Date: D`.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.conftest import TIMEOUT, loop_factory
from writehead import http, testing

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
OK_CLOSE = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


def answer(body: bytes, head: bytes = OK) -> bytes:
    """Return the answer of a handler that has called `end(body)` and nothing else."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def dateless(data: bytes) -> bytes:
    return re.sub(rb"Date: [^\r\n]+ GMT\r\n", b"Date: D\r\n", data)


class Stage:
    """A server in memory; `log` has what happened on it, in order."""

    def __init__(self, handler: Callable[..., Any] | None = None, **options: Any) -> None:
        self.log: list[Any] = []
        self.server = http.create_server(options)
        self.server.on("request", self._note)
        self.server.on("request", handler or answer_at_once)
        self.clock = testing.listen(self.server)

    def _note(self, req: Any, res: Any) -> None:
        self.log.append(f"{req.method} {req.url}")

    def note_errors(self) -> None:
        """Listen to 'clientError': note the error, and close without a word."""

        def note(error: Any, socket: Any) -> None:
            self.log.append(error)
            socket.destroy()

        self.server.on("clientError", note)

    def connect(self) -> testing.Client:
        return testing.connect(self.server)

    def send(self, *packets: bytes) -> testing.Client:
        client = self.connect()
        for packet in packets:
            client.send(packet)
        return client

    def exchange(self, *packets: bytes) -> bytes:
        """Return what a client hears that sends `packets`."""
        return dateless(self.send(*packets).received)


def answer_at_once(req: Any, res: Any) -> None:
    res.end("ok")


def answer_at_end(req: Any, res: Any) -> None:
    """Read the body, then answer with it."""
    parts: list[bytes] = []
    req.on("data", parts.append)
    req.on("end", lambda: res.end(b"".join(parts) or b"-"))


def silent(req: Any, res: Any) -> None:
    """Never answer."""


def events(log: list[Any], emitter: Any, names: str, prefix: str = "") -> None:
    """Note each event of `names` in `log`, with its first argument where that is plain."""

    def listen(name: str) -> None:
        def note(*args: Any) -> None:
            told = [prefix + name]
            told += [
                getattr(each, "code", each) for each in args if isinstance(each, bytes | bool | Exception)
            ]
            log.append(" ".join(map(str, told)))

        emitter.on(name, note)

    for name in names.split():
        listen(name)


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an `async def` test on uvloop and on asyncio's own loop."""

    @functools.wraps(test)
    def run(loop_name: str, **fixtures: Any) -> None:
        async def limited() -> None:
            async with asyncio.timeout(TIMEOUT):
                await test(**fixtures)

        with asyncio.Runner(loop_factory=loop_factory(loop_name)) as runner:
            runner.run(limited())

    own = inspect.signature(test)
    loop = inspect.Parameter("loop_name", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = own.replace(parameters=[loop, *own.parameters.values()])  # type: ignore[attr-defined]
    del run.__wrapped__  # type: ignore[attr-defined]  # pytest would look through it
    return pytest.mark.parametrize("loop_name", ["uvloop", "asyncio"])(run)


class Dialled:
    """A raw client on a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.received = b""

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def end(self) -> None:
        self.writer.write_eof()

    async def until(self, mark: bytes) -> bytes:
        """Read on until `mark` has come; return all received, without dates."""
        while mark not in self.received:
            data = await self.reader.read(65536)
            assert data, f"closed after {self.received!r}"
            self.received += data
        return dateless(self.received)

    async def rest(self) -> bytes:
        """Read to the end; return all received, without dates."""
        try:
            while data := await self.reader.read(1 << 20):
                self.received += data
        except ConnectionResetError:
            self.received += b"<reset>"
        self.writer.close()
        return dateless(self.received)

    def close(self) -> None:
        self.writer.close()

    def abort(self) -> None:
        """Reset the connection."""
        import socket
        import struct

        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def dial(server: Any) -> Dialled:
    """Connect to a server that listens on a port or on a path."""
    address = server.address()
    if isinstance(address, str):
        return Dialled(*await asyncio.open_unix_connection(address))
    host = "127.0.0.1" if address["address"] in ("::", "0.0.0.0") else address["address"]
    return Dialled(*await asyncio.open_connection(host, address["port"]))
