"""Lingering: how a connection is closed whose client still sends (RFC 9112, 9.6).

A system answers bytes that nobody will read with RST, and with that the client may lose what it has not received
of the answer. So FIN goes out, what comes is read and thrown away, and the socket is closed once the client has
closed its side, too, or has had its time. HTTP has let go of the connection by then: to it, and to listeners, it
has ended; the server counts it until it has.
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

#: Seconds without progress, in either direction, and in all, after which the socket is closed.
PATIENCE = 2.0
LONGEST = 30.0

#: Seconds between two looks.
LOOK = 0.25

#: So many bytes are thrown away at the most.
MOST_BYTES = 64 * 1024 * 1024

#: So many connections of a server linger at the most; those beyond are closed at once.
MOST_LINGERING = 1000


class Linger(asyncio.BufferedProtocol):
    """The protocol of a connection that HTTP has let go of."""

    __slots__ = ("_began", "_buffer", "_config", "_handle", "_received", "_seen", "_seen_at", "_transport")

    _handle: Handle

    def __init__(self, transport: Any, config: SocketConfig, buffer: memoryview) -> None:
        self._transport = transport
        self._config = config
        self._buffer = buffer
        self._received = 0
        self._seen = (0, unsent(transport))
        self._began = self._seen_at = config.timers.clock.time()
        config.lingering.add(self)
        config.on_linger()
        self._wait()

    def _wait(self) -> None:
        clock = self._config.timers.clock
        self._handle = clock.call_at(clock.time() + LOOK, self._look)

    def _look(self) -> None:
        now = self._config.timers.clock.time()
        left = unsent(self._transport)
        closing = self._config.closing
        # A server that closes waits for its answer to arrive, not for an upload to end.
        state = (0 if closing else self._received, left)
        if state != self._seen:
            self._seen, self._seen_at = state, now
        late = now - self._seen_at >= PATIENCE or now - self._began >= LONGEST
        if late or (closing and not left):
            self.cut()
        else:
            self._wait()

    def cut(self) -> None:
        """Close now."""
        self._transport.abort()

    # -- what the transport says -----------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the loop a buffer that nobody reads."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Throw away what has come."""
        self._received += nbytes
        if self._received > MOST_BYTES:
            self.cut()

    def eof_received(self) -> bool:
        """Close: the client has closed its side."""
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let the server forget it."""
        untie(self._transport)
        self._handle.cancel()
        self._config.lingering.discard(self)
        self._config.on_socket_gone()


def linger(transport: Any, config: SocketConfig, ticks: TickQueue) -> bool:
    """End the connection of `transport`, all of whose bytes the system has; False if it is to be closed at once.

    Its protocol is told that the connection is gone.
    """
    raw = getattr(transport, "below", transport)  # what came over TLS need not be decrypted
    if raw.get_extra_info("socket") is None or raw.is_closing():
        return False  # in memory nothing is lost
    if len(config.lingering) >= MOST_LINGERING or not transport.can_write_eof():
        return False
    try:
        transport.write_eof()
    except OSError:  # the client has gone
        return False
    before = raw.get_protocol()
    ticks.outside(_take_over, raw, config, ticks.buffer)
    ticks.next_round(lambda: before.connection_lost(None))
    return True


def _take_over(raw: Any, config: SocketConfig, buffer: memoryview) -> None:
    raw.set_protocol(Linger(raw, config, buffer))
    # uvloop looks at the kind of protocol when reading begins.
    raw.pause_reading()
    raw.resume_reading()


def unsent(transport: Any) -> int:
    """Return how many bytes the client's system does not have yet, where the system tells."""
    sock = transport.get_extra_info("socket")
    if sys.platform == "win32" or sock.fileno() < 0:
        return 0
    try:
        answer = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int.from_bytes(answer, sys.byteorder)
