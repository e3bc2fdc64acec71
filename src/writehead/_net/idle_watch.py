"""Idle sockets: those that have neither read nor written for too long, data not read yet included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from writehead._loop import readiness
from writehead._loop.timers import IdleTimers
from writehead._net.channel_state import Owner
from writehead._net.config import SocketConfig
from writehead._net.write_queue import WriteQueue
from writehead.errors import ConnectionLostError


class IdleWatch(WriteQueue):
    """The part of a `Channel` that watches its idle time."""

    __slots__ = ()

    def watch_idle(self, seconds: float) -> None:
        """Call `on_idle` after so many seconds without reading or writing; 0 ends that."""
        if self.fate:
            return  # the watch would never end
        if self.timers is None:
            if not seconds:
                return
            self.timers = IdleTimers(asyncio.get_running_loop())
        self.timers.watch(self, seconds)

    def has_unread(self) -> bool:
        """Tell whether bytes have come that were not read yet."""
        return readiness.is_ready(self.transport, readiness.READ)

    def judge(self, is_late: Callable[[], object], verdict: Callable[[], object]) -> None:
        """Call `verdict` if `is_late()` still holds once the loop has read and written what it can."""
        events = 0
        if not (self.reading_paused or self.peer_ended):
            events = readiness.READ
        if self.blocked or self.sends_beside:
            events |= readiness.WRITE
        readiness.judge(self.transport, events, is_late, verdict)

    def touch(self) -> None:
        """Start the idle time anew: something was read or written."""
        if self.timers is not None:
            self.active_at = self.timers.clock.time()
            if self.idle_fired:
                self.timers.watch(self, self.idle_after)

    def on_idle(self) -> None:
        """Emit 'timeout', and close if there is no listener, if the connection is still idle."""
        self.judge(self._is_still_idle, self._end_idle)

    def _is_still_idle(self) -> bool:
        if self.owner is not None and self.owner.waits_for_slice:
            return False
        return self.idle_fired and bool(self.idle_after) and not self.fate

    def _end_idle(self) -> None:
        if self.blocked:
            unsent = self.transport.get_write_buffer_size()
            if unsent != self.unsent_at_idle:  # Node: a large write that makes progress is not idle
                self.unsent_at_idle = unsent
                self.watch_idle(self.idle_after)
                return
        holds = self.ticks.hold()
        try:
            listened = self.owner.on_socket_timeout() if self.owner is not None else True
            if not listened:
                self.give_up()
            self.emit("timeout")
        finally:
            if holds:
                self.ticks.run()

    def destroy(self, error: BaseException | None = None) -> None:
        """Close at once; see `Channel`."""
        raise NotImplementedError

    def give_up(self) -> None:
        """Destroy it for the server: what waits for it gets a ConnectionLostError."""
        if not self.fate:
            self.lost_error = ConnectionLostError()
            self.destroy()

    def pass_to(self, config: SocketConfig, owner: Owner) -> None:
        """Pass this socket to another server."""
        seconds = self.idle_after
        if self.timers is not None:
            self.timers.forget(self)
        self.timers = config.timers
        self.config = config
        self.owner = owner
        self.own_context = None
        if seconds:
            self.watch_idle(seconds)
