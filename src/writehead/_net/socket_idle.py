"""Idle sockets: who has neither read nor written for too long, once what has come is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from writehead._loop import readiness
from writehead._loop.timers import IdleTimers
from writehead._net.config import SocketConfig
from writehead._net.write_queue import Owner, SocketFlow
from writehead.errors import ConnectionLostError


class SocketIdle(SocketFlow):
    """The idle time of a Socket; see there."""

    __slots__ = ()

    def _watch_idle(self, seconds: float) -> None:
        if self._destroyed:
            return  # nobody would end the watch
        if self._timers is None:
            if not seconds:
                return
            self._timers = IdleTimers(asyncio.get_running_loop())
        self._timers.watch(self, seconds)

    def _has_unread(self) -> bool:
        """Tell whether bytes have come that were not read yet."""
        return readiness.is_ready(self._transport, readiness.READ)

    def _judge(self, is_late: Callable[[], object], verdict: Callable[[], object]) -> None:
        """Call `verdict` if it `is_late`, once what has come is read, and what can leave has left."""
        events = 0
        if not (self._reading_paused or self._peer_ended):
            events = readiness.READ
        if self._blocked or self._sends_beside:
            events |= readiness.WRITE
        readiness.judge(self._transport, events, is_late, verdict)

    def _touch(self) -> None:
        """Something was read or written: the idle time begins anew."""
        if self._timers is not None:
            self._active_at = self._timers.clock.time()
            if self._idle_fired:
                self._timers.watch(self, self._idle_after)

    def _on_idle(self) -> None:
        self._judge(self._is_still_idle, self._end_idle)

    def _is_still_idle(self) -> bool:
        if self._owner is not None and self._owner._waits_for_turn:
            return False
        return self._idle_fired and bool(self._idle_after) and not self._destroyed

    def _end_idle(self) -> None:
        if self._blocked:
            unsent = self._transport.get_write_buffer_size()
            if unsent != self._unsent_at_idle:  # Node: a large write that moves is no idleness
                self._unsent_at_idle = unsent
                self._watch_idle(self._idle_after)
                return
        held = self._turns.hold()
        try:
            listened = self._owner._on_socket_timeout() if self._owner is not None else True
            if not listened:
                self._give_up()
            self._notify("timeout")
        finally:
            if held:
                self._turns.run()

    def _give_up(self) -> None:
        """Destroy it for the server: who waits for it has lost the connection, and has destroyed nothing."""
        if not self._destroyed:
            self._lost_error = ConnectionLostError()
            self.destroy()

    def _pass_to(self, config: SocketConfig, owner: Owner) -> None:
        """Let another server have this socket."""
        seconds = self._idle_after
        if self._timers is not None:
            self._timers.forget(self)
        self._timers = config.timers
        self._config = config
        self._owner = owner
        self._own_context = None
        if seconds:
            self._watch_idle(seconds)
