"""What the tests of WSGI hosting share: a server over a real socket that hosts an app, and what it says to a client.

Apps run in threads; what a test and an app tell each other goes through `Signal`, which waits on either side.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from tests.kit.loops import TIMEOUT
from tests.kit.masks import dateless
from tests.kit.raw_client import RawClient, dial, request
from writehead import http, wsgi

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

PLAIN = [("Content-Type", "text/plain")]
CLOSED = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n"
"""The head of a response without fields of the app, on a connection that closes."""

FAILED = (
    b"HTTP/1.1 500 Internal Server Error\r\nDate: D\r\nConnection: close\r\nContent-Length: 21\r\n\r\n"
    b"Internal Server Error"
)


class Signal:
    """Waited for by a thread, or by a test on the loop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        self._event.set()

    def is_set(self) -> bool:
        return self._event.is_set()

    def wait(self) -> None:
        """Wait in a thread."""
        assert self._event.wait(TIMEOUT), "nobody has given the signal"

    async def arrives(self) -> None:
        """Wait on the loop."""
        await asyncio.to_thread(self.wait)


@contextlib.asynccontextmanager
async def hosted(app: App, **options: Any) -> AsyncIterator[http.Server]:
    """Host an app on a port of the system."""
    server = wsgi.create_server(app, **options)
    async with server:
        await server.listen(0, "127.0.0.1")
        try:
            yield server
        finally:
            server.close_all_connections()


def mount_of(server: http.Server) -> wsgi.Mount:
    """Return the only mount of a server."""
    guests: Any = server._guests
    mount: wsgi.Mount = guests._attached[0]
    return mount


async def say(server: http.Server, data: bytes) -> bytes:
    """Send `data`; return all that comes until the server ends, without dates."""
    client = await dial(server)
    client.send(data)
    return await client.rest()


async def ask(
    app: App, target: str = "/", *lines: str, method: str = "GET", body: bytes = b"", **options: Any
) -> bytes:
    """Return the response of an app to one request, whose connection ends with it."""
    async with hosted(app, **options) as server:
        return await say(server, request(target, *lines, method=method, body=body))


async def environ_of(target: str = "/", *lines: str, body: bytes = b"", **options: Any) -> Environ:
    """Return the environ of one request."""
    got: list[Environ] = []

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        got.append(environ)
        start_response("200 OK", [])
        return []

    await ask(app, target, *lines, body=body, **options)
    return got[0]


def answering(body: Any, headers: Any = (), status: str = "200 OK") -> App:
    """Return an app with this response."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        start_response(status, list(headers))
        return body  # type: ignore[no-any-return]

    return app


def keep(body: bytes, *fields: bytes) -> bytes:
    """Return the response 200 on a connection that stays."""
    head = b"HTTP/1.1 200 OK\r\n" + b"".join(each + b"\r\n" for each in fields)
    return (
        head
        + b"Date: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: %d\r\n\r\n%s"
        % (
            len(body),
            body,
        )
    )


async def until(condition: Callable[[], object]) -> None:
    """Wait until `condition` holds."""
    async with asyncio.timeout(TIMEOUT):
        while not condition():
            await asyncio.sleep(0.001)


__all__ = [
    "CLOSED",
    "FAILED",
    "PLAIN",
    "App",
    "Environ",
    "RawClient",
    "Signal",
    "StartResponse",
    "answering",
    "ask",
    "dateless",
    "dial",
    "environ_of",
    "hosted",
    "keep",
    "mount_of",
    "request",
    "say",
    "until",
]
