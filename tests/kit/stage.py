"""What the tests of the server and of its connections share: a server in memory with a log.

Law: expected bytes stand in the tests. Only the date is masked: `Date: D`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.kit.masks import dateless
from writehead import http, testing

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
OK_CLOSE = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"


def answer(body: bytes, head: bytes = OK) -> bytes:
    """Return the response of a handler that has called `end(body)` and nothing else."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


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
    """Read the body, then respond with it."""
    parts: list[bytes] = []
    req.on("data", parts.append)
    req.on("end", lambda: res.end(b"".join(parts) or b"-"))


def silent(req: Any, res: Any) -> None:
    """Send no response."""


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
