"""The server over transports in memory: the library's own work, without kernel and without client."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from benchmarks.load import request_bytes
from benchmarks.servers.writehead_server import HANDLERS
from benchmarks.workloads import WORKLOADS, Workload
from writehead import http

PACKET = 65536
"""A large request arrives in pieces of this size."""

PLAIN = ("plain", "async", "browser", "stream", "big", "upload", "upload-iter", "pipeline", "varied", "churn")
"""The workloads that make sense without a kernel."""


class Wire(asyncio.Transport):
    """A transport that takes everything at once and keeps the size of it, and the last piece."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 40000), "sockname": ("127.0.0.1", 80)})
        self.size = 0
        self.last = b""
        self.closed = False

    def write(self, data: Any) -> None:
        """Take a piece."""
        self.size += len(data)
        self.last = data

    def writelines(self, list_of_data: Any) -> None:
        """Take several."""
        for data in list_of_data:
            self.write(data)

    def get_write_buffer_size(self) -> int:
        """Nothing ever waits."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Without effect."""

    def is_closing(self) -> bool:
        """Whether the server closed it."""
        return self.closed

    def close(self) -> None:
        """Note it."""
        self.closed = True

    def abort(self) -> None:
        """Note it."""
        self.closed = True

    def can_write_eof(self) -> bool:
        """As a TCP transport."""
        return True

    def write_eof(self) -> None:
        """Without effect."""

    def pause_reading(self) -> None:
        """Without effect."""

    def resume_reading(self) -> None:
        """Without effect."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Without effect."""


class Rig:
    """A server with a number of open connections, driven one loop turn at a time."""

    def __init__(self, workload: str, connections: int = 64) -> None:
        self.workload: Workload = WORKLOADS[workload]
        self.handler = HANDLERS.get(self.workload.handler)
        request = request_bytes(self.workload) * self.workload.depth
        self.packets = [request[at : at + PACKET] for at in range(0, len(request), PACKET)]
        self.kinds = itertools.cycle(range(1, self.workload.kinds + 1))
        self.count = connections
        self.pairs: list[tuple[Any, Wire]] = []

    async def open(self) -> None:
        """Start the server and connect."""
        self.server = self.make_server()
        await self.server.listen(0, "127.0.0.1")
        self.pairs = [self.connect() for _ in range(self.count)]

    def make_server(self) -> http.Server:
        """Make the server of the workload."""
        if self.handler is not None:
            return http.create_server(self.handler)
        from benchmarks.servers.asgi_app import APPLICATIONS
        from writehead import asgi  # which revisions before it do not have

        return asgi.create_server(APPLICATIONS[self.workload.handler], lifespan="off")

    def connect(self) -> tuple[Any, Wire]:
        """One more connection."""
        protocol, wire = self.server._make_connection(), Wire()
        protocol.connection_made(wire)
        return protocol, wire

    async def turn(self) -> None:
        """One request (or one batch of them) on every connection."""
        if "Connection: close" in self.workload.fields:
            return await self.turn_anew()
        if self.workload.kinds > 1:
            for pair in self.pairs:
                self._bring([pair], request_bytes(self.workload, next(self.kinds)))
            await asyncio.sleep(0)
            return None
        for packet in self.packets:
            self._bring(self.pairs, packet)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return None

    @staticmethod
    def _bring(pairs: list[tuple[Any, Wire]], packet: bytes) -> None:
        """Let the loop bring a packet, as in life: a task that waits for it can run at once."""
        loop = asyncio.get_running_loop()
        for protocol, _wire in pairs:
            loop.call_soon(protocol.data_received, packet)

    async def turn_anew(self) -> None:
        """One request on each of as many new connections."""
        pairs = [self.connect() for _ in range(self.count)]
        self._bring(pairs, self.packets[0])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for protocol, _wire in pairs:
            protocol.connection_lost(None)
        await asyncio.sleep(0)

    async def check(self) -> None:
        """Make sure that what is measured is served."""
        if "Connection: close" in self.workload.fields:
            return
        protocol, wire = self.pairs[0]
        before = wire.size
        for packet in self.packets:
            protocol.data_received(packet)
        for _ in itertools.takewhile(lambda _: wire.size - before < len(self.workload.answer), range(100)):
            await asyncio.sleep(0)
        ending = wire.last.removesuffix(b"0\r\n\r\n").removesuffix(b"\r\n")
        if not ending.endswith(self.workload.answer[-10:]):
            raise RuntimeError(f"{self.workload.name} is not answered: {wire.last[-200:]!r}")

    async def close(self) -> None:
        """Disconnect and stop."""
        for protocol, _wire in self.pairs:
            protocol.connection_lost(None)
        await asyncio.sleep(0)
        await self.server.close()

    @property
    def requests(self) -> int:
        """Requests in one turn."""
        return self.count * self.workload.depth
