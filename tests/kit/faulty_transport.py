"""A transport in memory that can delay, split, drop, stall, half-close and reset at a chosen point."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KINDS = ("split", "delay", "reset", "fin", "stall-reset", "stall", "drop", "stop", "cut")
"""What can happen at a point:

split        from here on one byte comes and three leave at a time
delay        nothing comes or leaves for a while
reset        the peer resets
fin          the peer half-closes; the rest of its bytes never come
stall-reset  the system takes nothing more; then the peer resets
stall        the system takes nothing more, for good
drop         nothing more comes, for good
stop         the server is told to close
cut          the server cuts all connections
"""
HARMLESS = ("", "split", "delay")
TURNS_OF_A_DELAY = 12


@dataclass(frozen=True, slots=True)
class Plan:
    """Which fault happens, and where: before byte `at` of the input, or at operation `at` of the output."""

    kind: str = ""
    side: str = "in"
    at: int = -1


class FaultyTransport(asyncio.Transport):
    """One connection; `received` is what has reached the client."""

    def __init__(self, plan: Plan, fault: Callable[[FaultyTransport], None], room: int = 1 << 30) -> None:
        super().__init__()
        self.plan = plan
        self.received = bytearray()
        self.operations = 0
        self.lost = False
        self.eof_sent = False
        self.fed_eof = False
        self.room = room
        """How many bytes the system takes in a turn."""
        self._loop = asyncio.get_running_loop()
        self._fault = fault
        self._protocol: Any = None
        self._buffer = bytearray()
        self._high = 65536
        self._closing = False
        self._blocked = False
        self._reading = True
        self._draining = False

    # -- what a protocol may ask

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 40000), "sockname": ("127.0.0.1", 80)}.get(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> Any:
        return self._protocol

    def is_closing(self) -> bool:
        return self._closing

    def is_reading(self) -> bool:
        return self._reading and not self._closing

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = 65536 if high is None else high

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return (self._high // 4, self._high)

    def get_write_buffer_size(self) -> int:
        return len(self._buffer)

    def can_write_eof(self) -> bool:
        return True

    def write(self, data: Any) -> None:
        self._step()
        if self._closing or not data:
            return
        assert not self.eof_sent, "a write behind the FIN"
        taken = 0 if self._buffer else min(self.room, len(data))
        self.received += data[:taken]
        self._buffer += data[taken:]
        if len(self._buffer) > self._high and not self._blocked:
            self._blocked = True
            self._protocol.pause_writing()
        self._drain_later()

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        self._step()
        self.eof_sent = True

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._step()
            if not self._buffer:
                self._lose(None)

    def abort(self) -> None:
        self._closing = True
        self._buffer.clear()
        self._lose(None)

    # -- what the system and the peer do

    def _step(self) -> None:
        self.operations += 1
        if self.plan.side == "out" and self.operations == self.plan.at:
            # Never inside the call: a transport tells of a failure on a later turn of the loop.
            self._loop.call_soon(self._fault, self)

    def _drain_later(self) -> None:
        if self._buffer and not self._draining and not self.lost:
            self._draining = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        self._draining = False
        if self.lost or not self.room:
            return
        self.received += self._buffer[: self.room]
        del self._buffer[: self.room]
        if not self._buffer:
            if self._closing:
                self._lose(None)
                return
            if self._blocked:
                self._blocked = False
                self._step()
                self._protocol.resume_writing()
        self._drain_later()

    def set_room(self, room: int) -> None:
        """Let the system take so many bytes in a turn from now on."""
        self.room = room
        self._drain_later()

    def _lose(self, error: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self._loop.call_soon(self._protocol.connection_lost, error)

    def reset(self) -> None:
        """The peer resets: what is unsent is gone."""
        if not self.lost:
            self._closing = True
            self._buffer.clear()
            self._lose(ConnectionResetError(104, "Connection reset by peer"))

    def feed(self, data: bytes) -> None:
        """Hand bytes to the protocol."""
        if data and not self._closing and not self.fed_eof:
            self._protocol.data_received(data)

    def feed_eof(self) -> None:
        """Half-close from the peer's side."""
        if not self._closing and not self.fed_eof:
            self.fed_eof = True
            if not self._protocol.eof_received():
                self.close()
