"""Lingering: how a connection is closed whose client still sends (RFC 9112, 9.6).

If a socket is closed with unread bytes, the system sends RST, and the client may lose the part of the
response that it has not received. So FIN is sent, what comes is read and thrown away, and the socket is
closed once the client has closed its side or its time is over. For HTTP and for listeners the connection
has ended by then; the server counts it until the socket is closed.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from writehead._loop.selector import untie
from writehead._loop.ticks import TickQueue
from writehead._loop.timers import Handle
from writehead._net.config import SocketConfig

if sys.platform != "win32":
    import fcntl
    import termios

#: The socket is closed after so many seconds without progress in either direction, and in all.
PATIENCE = 2.0
LONGEST = 30.0

#: Seconds between two checks.
LOOK = 0.25

#: How many bytes are thrown away at the most.
MOST_BYTES = 64 * 1024 * 1024

#: How many connections of a server linger at the most; others are closed at once.
MOST_LINGERING = 1000


class Linger(asyncio.BufferedProtocol):
    """The protocol of a connection that HTTP has let go of.

    With `seconds` it ends after so many, whatever the client does; else when that helps no more.
    """

    __slots__ = (
        "_began",
        "_buffer",
        "_config",
        "_handle",
        "_received",
        "_seen",
        "_seen_at",
        "_transport",
        "is_brief",
    )

    _handle: Handle

    def __init__(
        self, transport: Any, config: SocketConfig, buffer: memoryview, seconds: float | None = None
    ) -> None:
        self._transport = transport
        self._config = config
        self._buffer = buffer
        self._received = 0
        self._seen = (0, unsent(transport))
        self._began = self._seen_at = config.timers.clock.time()
        config.lingering.add(self)
        config.on_linger()
        self.is_brief = seconds is not None
        if seconds is None:
            self._wait()
        else:
            self._handle = config.timers.clock.call_at(self._began + seconds, self.abort)

    def _wait(self) -> None:
        clock = self._config.timers.clock
        self._handle = clock.call_at(clock.time() + LOOK, self._look)

    def _look(self) -> None:
        now = self._config.timers.clock.time()
        left = unsent(self._transport)
        closing = self._config.closing
        # A server that is closing waits for its response to arrive, not for an upload to end.
        state = (0 if closing else self._received, left)
        if state != self._seen:
            self._seen, self._seen_at = state, now
        late = now - self._seen_at >= PATIENCE or now - self._began >= LONGEST
        if late or (closing and not left):
            self.abort()
        else:
            self._wait()

    def abort(self) -> None:
        """Close the socket now."""
        self._transport.abort()

    # -- called by the transport -----------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the shared buffer; what is read into it is not looked at."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Throw away what has come."""
        self._received += nbytes
        if self._received > MOST_BYTES:
            self.abort()

    def eof_received(self) -> bool:
        """Close: the client has closed its side."""
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        """Notify the server that the connection has ended."""
        untie(self._transport)
        self._handle.cancel()
        self._config.lingering.discard(self)
        self._config.on_socket_gone()


def linger(transport: Any, config: SocketConfig, ticks: TickQueue, seconds: float | None = None) -> bool:
    """Send FIN and let the connection linger, for so many `seconds` if any; False if it is to be closed at once.

    The system must have all its bytes. Its protocol is notified that the connection is lost.
    """
    raw = getattr(transport, "below", transport)  # what came over TLS need not be decrypted
    if raw.get_extra_info("socket") is None or raw.is_closing():
        return False  # in memory nothing is lost
    if (seconds is None and len(config.lingering) >= MOST_LINGERING) or not transport.can_write_eof():
        return False
    try:
        transport.write_eof()
    except OSError:  # the client has gone
        return False
    before = raw.get_protocol()
    ticks.outside(_take_over, raw, config, ticks.buffer, seconds)
    ticks.next_round(lambda: before.connection_lost(None))
    return True


def _take_over(raw: Any, config: SocketConfig, buffer: memoryview, seconds: float | None) -> None:
    raw.set_protocol(Linger(raw, config, buffer, seconds))
    # uvloop looks at the kind of protocol when reading begins.
    raw.pause_reading()
    raw.resume_reading()


def unsent(transport: Any) -> int:
    """Return how many bytes the client has not acknowledged; 0 where the system does not say."""
    sock = transport.get_extra_info("socket")
    if sys.platform == "win32" or sock.fileno() < 0:
        return 0
    try:
        queued = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int.from_bytes(queued, sys.byteorder)
