"""FrameQueue: the frames of one WebSocket on their way to its channel.

Invariant: frames leave whole and in order. Those that are put in one tick, or while a read is parsed, leave in one
write; from the high-water mark on at once.
"""

from __future__ import annotations

import asyncio

from writehead._connection.config import ConnectionConfig
from writehead._connection.upgraded import Upgraded
from writehead._guests.websocket.frames import SHORT_HEADERS, frame
from writehead._guests.websocket.reader import FrameReader
from writehead._net.socket import Socket
from writehead._semantics.exchange import Done
from writehead.errors import ConnectionLostError


class FrameQueue(Upgraded):
    """The part of a connection that sends.

    Attributes:
        reader: what reads the client's frames; it has the extension that was agreed.
    """

    __slots__ = ("_flush_due", "_in_read", "_mark", "_out", "_out_size", "reader")

    def __init__(self, socket: Socket, config: ConnectionConfig, reader: FrameReader) -> None:
        super().__init__(socket, config)
        self.reader = reader
        self._mark = self.channel.mark
        self._out: list[bytes] = []
        self._out_size = 0
        self._flush_due = self._in_read = False

    @property
    def pending(self) -> int:
        """How many bytes of frames wait."""
        return self._out_size + self.channel.pending

    def put(self, data: bytes) -> None:
        """Send frames at the end of the tick, or of the read that is parsed."""
        self._out.append(data)
        self._out_size = size = self._out_size + len(data)
        if size >= self._mark:
            self.flush()
        elif not (self._in_read or self._flush_due):
            self._flush_due = True
            self.channel.ticks.later(self._flush_later)

    def _flush_later(self) -> None:
        self._flush_due = False
        self.flush()

    def flush(self) -> None:
        """Pass on the frames that were put."""
        out = self._out
        if not out:
            return
        data = out[0] if len(out) == 1 else b"".join(out)
        self._out = []
        self._out_size = 0
        channel = self.channel
        channel.put_alone(data)
        if channel.blocked and channel.pending >= self._mark:
            self._on_blocked()

    def _on_blocked(self) -> None:
        """Called when too many bytes wait for the client."""
        raise NotImplementedError

    def send(self, first: int, payload: bytes, compress: bool = True) -> None:
        """Send a whole message, compressed if that was agreed and it is large enough."""
        size = len(payload)
        deflate = self.reader.deflate
        if size > 125 or (deflate is not None and size >= deflate.threshold):
            self.send_fragment(first, payload, self.compresses(payload, compress))
            return
        # What `frame` and `put` do, for most messages.
        self._out.append(SHORT_HEADERS[first][size] + payload)
        self._out_size = total = self._out_size + size + 2
        if total >= self._mark:
            self.flush()
        elif not (self._in_read or self._flush_due):
            self._flush_due = True
            self.channel.ticks.later(self._flush_later)

    def compresses(self, payload: bytes, allowed: bool) -> bool:
        """Tell whether a message that begins with `payload` is to be compressed."""
        deflate = self.reader.deflate
        return deflate is not None and allowed and len(payload) >= deflate.threshold

    def send_fragment(self, first: int, payload: bytes, compressed: bool) -> None:
        """Send a frame of a message, of which all are compressed or none."""
        deflate = self.reader.deflate
        self.put(
            frame(first, payload) if deflate is None or not compressed else deflate.frame(first, payload)
        )

    def call_when_sent(self, done: Done) -> None:
        """Call `done` when the system has all that was put, with an error if it is lost."""
        self.flush()
        self.channel.call_when_passed(done)

    async def drain(self, mark: int = 1) -> None:
        """Return when fewer than `mark` bytes wait, or the system has all.

        Raises:
            ConnectionLostError: the connection was lost first.
        """
        if self.pending < mark:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                raised = ConnectionLostError()
                raised.__cause__ = error
                future.set_exception(raised)

        self.call_when_sent(done)
        await future
