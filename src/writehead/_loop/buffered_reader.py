"""Feed: large packets read into a buffer that is there already.

Left to themselves the loops allocate up to 256 KiB for each packet, which makes the heap
grow and shrink every time: large uploads take twice as long.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Feed(asyncio.BufferedProtocol):
    """Stands before a protocol: all it hears is passed on, bytes as a view of the buffer.

    Args:
        protocol: who gets it; what it wants to keep of a view, it copies at once.
        buffer: where to read to; all connections of a loop share it.
    """

    __slots__ = ("_buffer", "_protocol")

    def __init__(self, protocol: Any, buffer: memoryview) -> None:
        self._protocol = protocol
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the loop the buffer."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what was read."""
        self._protocol.data_received(self._buffer[:nbytes])

    def data_received(self, data: bytes) -> None:
        """Pass on a packet of a transport that looks at no kind of protocol: TLS, or one in memory."""
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        keep: bool | None = self._protocol.eof_received()
        return keep

    def pause_writing(self) -> None:
        """Pass it on."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        self._protocol.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Pass it on."""
        self._protocol.connection_lost(exc)
