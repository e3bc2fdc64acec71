"""A connection in memory: a transport that a test controls, and a clock that it advances.

Invariant: events of the network come from outside of all ticks, in order; `settle` delivers
them, within a running loop or without one.
"""

from __future__ import annotations

import asyncio
import errno
import heapq
import itertools
import math
import os
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from writehead._loop.ticks import TickQueue, tick_queue
from writehead._node import validators

HOME = ("127.0.0.1", 80)

_due: deque[tuple[TickQueue, Callable[[], object]]] = deque()


def soon(callback: Callable[[], object]) -> None:
    """Call `callback` from outside of all ticks, as an event loop does for events of the network."""
    queue = tick_queue()
    _due.append((queue, callback))
    if queue.loop is not None:
        queue.loop.call_soon(settle)


def settle() -> None:
    """Call everything that is due: callbacks of later ticks, and events of transports in memory.

    Every method of a client calls it. It does not wait for tasks: use `await` for that.
    """
    queue = tick_queue()
    if queue.held:
        return  # inside a tick, whose caller runs the rest
    queue.run()
    for _ in range(len(_due)):
        owner, callback = _due.popleft()
        if owner is queue:
            callback()
            queue.run()
        elif owner.loop is None or not owner.loop.is_closed():
            _due.append((owner, callback))
    if any(owner is queue for owner, _ in _due):
        settle()


class Clock:
    """A clock that stands still until `advance`."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self._now

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> _Timer:
        """Call `callback(*args)` when the clock reaches `when`, in seconds."""
        timer = _Timer(callback, args)
        heapq.heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def advance(self, duration: float | timedelta) -> None:
        """Advance by `duration` milliseconds (or a `timedelta`) and call due timers, in order.

        Raises:
            InvalidArgTypeError, OutOfRangeError: `duration` is not a duration.
        """
        end = self._now + validators.milliseconds(duration, "duration") / 1000
        settle()
        while self._timers and self._timers[0][0] <= end + 1e-9:  # rounding errors of float sums are smaller
            when, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, when)
            timer.ring()
            settle()
        self._now = max(self._now, end)


class _Timer:
    __slots__ = ("args", "callback", "cancelled")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.callback: Callable[..., object] = callback
        self.args: tuple[Any, ...] = args
        self.cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True

    def ring(self) -> None:
        if not self.cancelled:
            self.callback(*self.args)


class MemoryTransport(asyncio.Transport):
    """One end of a connection in memory; a test controls what the network does.

    Args:
        protocol: the protocol that is notified.
        peer: address and port of the other end.
        local: address and port of this end.
    """

    def __init__(
        self, protocol: asyncio.BaseProtocol, peer: tuple[str, int], local: tuple[str, int] = HOME
    ) -> None:
        super().__init__()
        #: All bytes sent, which the other end could have read.
        self.written: bytearray = bytearray()
        #: Whether this end has sent its FIN, or is closed.
        self.ended: bool = False
        #: Whether the connection is gone.
        self.closed: bool = False
        #: Called when one of these three has changed.
        self.on_change: Callable[[], object] = bool
        self._protocol: Any = protocol
        self._facts: dict[str, Any] = {"peername": peer, "sockname": local}
        self._room = math.inf
        self._buffer = bytearray()
        self._marks = (16384, 65536)
        self._blocked = self._closing = self._fin_wanted = False
        self._reading = True
        self._inbox: deque[bytes | BaseException | None] = deque()  # None: FIN
        self._failure: BaseException | None = None

    # -- what the other end and the network do

    @property
    def room(self) -> float:
        """How many more bytes the transport accepts; `math.inf` at first. Queued bytes are sent when it grows."""
        return self._room

    @room.setter
    def room(self, count: float) -> None:
        self._room = count
        soon(self._flush)

    def feed(self, item: bytes | BaseException | None) -> None:
        """Let data, a FIN (None) or an error arrive; it waits while reading is paused."""
        self._inbox.append(item)
        if isinstance(item, BaseException):
            self.fail(item)
        soon(self._deliver)

    def fail(self, error: BaseException | None = None) -> None:
        """Make the next write fail, by default with EPIPE: the peer is gone."""
        self._failure = error or BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    def _deliver(self) -> None:
        if not (self._inbox and self._reading) or self._closing:
            return
        item = self._inbox.popleft()
        if isinstance(item, BaseException):
            self._lose(item)
        elif item is None:
            if not self._protocol.eof_received():
                self.close()
        else:
            self._protocol.data_received(item)
        soon(self._deliver)

    def _flush(self) -> None:
        if self._room and self._buffer and not self.closed:
            count = int(min(self._room, len(self._buffer)))
            self._room -= count
            self.written += self._buffer[:count]
            del self._buffer[:count]
        if self._blocked and len(self._buffer) <= self._marks[0] and not self.closed:
            self._blocked = False
            self._protocol.resume_writing()
        if not self._buffer and self._fin_wanted:
            self.ended = True
        if not self._buffer and self._closing:
            self._lose(None)
        self.on_change()

    def _lose(self, error: BaseException | None) -> None:
        if self.closed:
            return
        self.closed = self.ended = self._closing = True
        self._buffer.clear()
        self._inbox.clear()
        soon(lambda: self._protocol.connection_lost(error))
        self.on_change()

    # -- the interface of asyncio.Transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return 'peername' or 'sockname'; for other names `default`."""
        return self._facts.get(name, default)

    def get_protocol(self) -> Any:
        """Return the protocol that is notified."""
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Notify another protocol from now on."""
        self._protocol = protocol

    def is_reading(self) -> bool:
        """Tell whether reading is not paused."""
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        """Keep arriving data until `resume_reading`."""
        self._reading = False

    def resume_reading(self) -> None:
        """Pass data to the protocol again."""
        self._reading = True
        soon(self._deliver)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the numbers of queued bytes at which the protocol is paused and resumed."""
        high = 65536 if high is None else high
        self._marks = (high // 4 if low is None else low, high)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return both limits, the low one first."""
        return self._marks

    def get_write_buffer_size(self) -> int:
        """Return how many bytes are queued."""
        return len(self._buffer)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send as many bytes as there is room for, and queue the rest."""
        if self._closing:
            return
        assert not self._fin_wanted, "bytes after the FIN"
        if self._failure is not None:
            self._closing = True
            soon(lambda: self._lose(self._failure))
            return
        taken = 0 if self._buffer else int(min(self._room, len(data)))
        self._room -= taken
        self.written += data[:taken]
        self._buffer += data[taken:]
        if len(self._buffer) > self._marks[1] and not self._blocked:
            self._blocked = True
            self._protocol.pause_writing()
        self.on_change()

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Write all pieces."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Return True: a FIN can be sent."""
        return True

    def write_eof(self) -> None:
        """Send a FIN after the queued bytes."""
        self._fin_wanted = True
        soon(self._flush)

    def is_closing(self) -> bool:
        """Tell whether `close` or `abort` was called, or the connection is gone."""
        return self._closing

    def close(self) -> None:
        """Close when the queued bytes are sent."""
        self._closing = True
        soon(self._flush)

    def abort(self) -> None:
        """Close now; queued bytes are dropped."""
        self._closing = True
        self._buffer.clear()
        soon(lambda: self._lose(None))
