"""ASGI applications in memory: a server that hosts one, and what tests ask of it.

Law: expected bytes stand in the tests. Only the date is masked: `Date: D`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from tests.kit.masks import dateless
from writehead import asgi, testing

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
KEPT = b"Date: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
ENDED = b"Date: D\r\nConnection: close\r\n"
FAILURE = b"HTTP/1.1 500 Internal Server Error\r\n%sContent-Length: 21\r\n\r\nInternal Server Error"

App = Callable[[Any, Any, Any], Awaitable[None]]
Handler = Callable[[Any, Any], Awaitable[None]]

START: dict[str, Any] = {"type": "http.response.start", "status": 200}
LAST: dict[str, Any] = {"type": "http.response.body", "body": b"ok"}
DISCONNECT = {"type": "http.disconnect"}


def start(*headers: tuple[bytes, bytes], status: int = 200, **more: Any) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers), **more}


def body(data: Any = b"", more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def request(data: bytes = b"", more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


class AppStage:
    """A server in memory that hosts an application without lifespan; `log` is for what happens in it.

    With `held` the first requests wait for the start of the application.
    """

    def __init__(self, handler: Any, held: bool = False, **options: Any) -> None:
        self.log: list[Any] = []
        self.done = asyncio.Event()
        options.setdefault("lifespan", "off")
        self._handler = handler
        self.server = asgi.create_server(self._run, options)
        self.mount: Any = self.server._guests._attached[0]  # type: ignore[union-attr]
        if options["lifespan"] == "off" and not held:
            with contextlib.suppress(StopIteration):  # nothing is waited for: requests need not be held
                self.server._guests._start_all().send(None)  # type: ignore[union-attr]
        self.clock = testing.listen(self.server)
        self.scopes: list[Any] = []

    async def _run(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        try:
            return await self._handler(scope, receive, send)
        finally:
            self.done.set()

    def connect(self) -> testing.Client:
        return testing.connect(self.server)

    def send(self, *packets: bytes) -> testing.Client:
        client = self.connect()
        for packet in packets:
            client.send(packet)
        return client

    async def exchange(self, *packets: bytes) -> bytes:
        """Return what a client hears that sends `packets`, when the application has ended."""
        client = self.send(*packets)
        await self.ended()
        return dateless(client.received)

    async def ended(self) -> None:
        """Wait for the end of every call, and for what it has caused."""
        await rounds()
        while self.mount.calls:
            await asyncio.sleep(0)
        await rounds()
        testing.settle()

    async def close(self) -> None:
        self.server.close_all_connections()
        await self.server.close()


async def rounds(count: int = 10) -> None:
    """Let the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


async def raised_by(awaitable: Awaitable[Any]) -> BaseException | None:
    """Return what awaiting raises."""
    try:
        await awaitable
    except Exception as error:
        return error
    return None


async def read_body(receive: Any) -> bytes:
    """Receive a whole body."""
    parts = []
    while True:
        message = await receive()
        assert message["type"] == "http.request", message
        parts.append(message["body"])
        if not message["more_body"]:
            return b"".join(parts)


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Respond at once."""
    await send(START)
    await send(LAST)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Respond with the body of the request."""
    data = await read_body(receive)
    await send(START)
    await send(body(data))
