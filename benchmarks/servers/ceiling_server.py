"""The ceiling: an asyncio protocol on uvloop that writes one constant answer per read and parses nothing."""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

import uvloop

from benchmarks.servers.payload import HELLO, arguments

ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: %d\r\n\r\n%s"
) % (len(HELLO), HELLO)


class Constant(asyncio.Protocol):
    """Answer every read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self.write = cast(asyncio.Transport, transport).write  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Answer."""
        self.write(ANSWER)


async def main() -> None:
    """Serve."""
    _workload, port, certificate, key = arguments()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Constant, "127.0.0.1", port, backlog=2048, ssl=context)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
