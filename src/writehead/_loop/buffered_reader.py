"""Feed: large reads into a buffer that all connections of a loop share.

By themselves the loops allocate up to 256 KiB for each read, so that the heap grows and
shrinks every time: large uploads take twice as long.
"""

from __future__ import annotations

import asyncio
from typing import Any


class Feed(asyncio.BufferedProtocol):
    """Passes all calls of a transport on to a protocol, data as a view of the buffer.

    Args:
        protocol: the protocol behind it; what it wants to keep of a view, it copies at once.
        buffer: where to read to; all connections of a loop share it.
    """

    __slots__ = ("_buffer", "_protocol")

    def __init__(self, protocol: Any, buffer: memoryview) -> None:
        self._protocol = protocol
        self._buffer = buffer

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer to read to."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on what was read."""
        self._protocol.data_received(self._buffer[:nbytes])

    def data_received(self, data: bytes) -> None:
        """Pass on data of a transport that always calls `data_received`: TLS, or one in memory."""
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on the end of the input."""
        keep: bool | None = self._protocol.eof_received()
        return keep

    def pause_writing(self) -> None:
        """Pass on that the system took only a part."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the system has taken all."""
        self._protocol.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Pass on that the connection has gone."""
        self._protocol.connection_lost(exc)
