"""How a socket ends: FIN on either side, `destroy`, an error, and 'close' after all else.

Law: 'close' comes once and last. What was passed on before `destroy` still leaves; what was held does
not, and its callbacks hear why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from writehead._net.linger import linger
from writehead._net.socket_idle import SocketIdle
from writehead._net.write_queue import BUSY, CALM, Owner
from writehead._node.failure_log import log_unheard
from writehead.errors import HTTPError, StreamDestroyedError, SystemCallError


class SocketEnd(SocketIdle):
    """The end of a Socket; see there."""

    def eof_received(self) -> bool:
        """Note the peer's FIN; the socket stays writable (half-open)."""
        self._peer_ended = True
        self._push_end()
        if not self._length:
            self.read(0)  # Node: 'end' comes although nobody reads
        return True

    def _ended(self) -> None:
        if self._taker is not None:
            self._taker.on_end()
        if self._finished:
            self.destroy()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell everyone: 'error' where there was one, then 'close'."""
        if self._closed:
            return
        self._blocked = False
        self._ease = BUSY
        if not self._destroyed:
            self._destroyed = True
            self._taken = False
            error = None if exc is None else system_error(exc)
            self._errored = error
            self._lost_error = lost = error or SystemCallError("ECANCELED", "write")
            self._drop_held(None if not self._due else lost)
            if error is not None:
                self._turns.later(self._emit_error, error)
        if self._timers is not None:
            self._timers.forget(self)
        self._turns.later(self._emit_close)

    def _lose_unheard(self) -> None:
        """Close a socket of which nobody hears and nothing waits."""
        if not self._destroyed:
            self._ease = BUSY
            self._destroyed = True
            self._taken = False
            if self._timers is not None:
                self._timers.forget(self)
        self._closed = True
        self._owner = None

    def _emit_error(self, error: BaseException) -> None:
        self._had_error = True
        if self._owner is not None:
            self._owner._on_socket_error(error)
            if self.listener_count("error"):
                self._notify("error", error)
        elif self.listener_count("error"):
            self._notify("error", error)
        else:
            log_unheard(error, "socket", None, self)

    def _emit_close(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            error = self._lost_error or SystemCallError("ECANCELED", "write")
            for due in waiting:
                for done in due:
                    done(error)
        self._closed = True
        owner = self._owner
        if owner is None:
            self._notify("close", self._errored is not None)
        else:
            self._close_under(owner)
        self._close_reading()
        self._owner = None  # break the ring of references

    def _close_under(self, owner: Owner) -> None:
        """Close what HTTP has here in Node's order: requests; then responses among the listeners."""
        listeners = self._entries("close")
        before = owner._on_socket_close()
        self._tell_close(listeners[:before])
        owner._close_responses()
        self._tell_close(listeners[before:])

    def _tell_close(self, listeners: tuple[Callable[..., object], ...]) -> None:
        self._call_each(listeners, self._listener_context, "close", (self._errored is not None,))

    def _close_reading(self) -> None:
        """End the wait of who reads a socket of the user's own (`async for`)."""
        if self._taker is not None:
            self._taker.on_close()

    def _finish_writing(self) -> None:
        """Send FIN when all has been taken."""
        if self._finished or self._destroyed:
            return
        if self._committed:
            self._pass_on(self._committed)
        if self._blocked or self._is_lost():
            return
        self._finished = True
        if self._destroy_when_flushed and not self._linger:
            self._turns.next_round(self._emit_finish)
            return
        transport = self._transport
        if transport is not None and not transport.is_closing() and transport.can_write_eof():
            try:
                transport.write_eof()
            except OSError as exc:
                self.destroy(system_error(exc))
                return
        self._turns.next_round(self._emit_finish)

    def _end_flushed(self, heard: bool) -> None:
        """End and close a socket that has nothing left to send, and no listeners: `destroy_soon` in one step.

        With `heard` somebody may yet come to listen to it.
        """
        calm = self._ease == CALM
        self._ease = BUSY
        self._destroy_when_flushed = self._written_ended = self._finished = True
        if heard:
            self._turns.next_round(self._emit_finish)
        elif calm and self._end_callbacks is None:  # by far the commonest: `destroy` has nobody to tell
            self._destroyed = True
            if self._idle_group and self._timers is not None:
                self._timers.forget(self)
            self._transport.close()
        else:
            self.destroy()

    def _emit_finish(self) -> None:
        callbacks, self._end_callbacks = self._end_callbacks, None
        for callback in callbacks or ():
            callback()
        self._notify("finish")
        if self._destroy_when_flushed or (
            self._peer_ended and (self._owner is not None or self._end_emitted)
        ):
            self.destroy()

    def destroy(self, error: BaseException | None = None) -> Self:
        """Close the connection at once; unsent bytes are dropped.

        'error' (if one is given) and 'close' are emitted in a later tick.
        """
        if self._destroyed:
            return self
        self.settle()
        self._taken = not (self._blocked or self._is_lost())
        self._destroyed = True
        self._ease = BUSY
        self._errored = error
        self._drop_held((error or StreamDestroyedError("write")) if self._due else None)
        callbacks, self._end_callbacks = self._end_callbacks, None
        for callback in callbacks or ():
            self._turns.later(callback, error or StreamDestroyedError("end"))
        if error is not None:
            self._turns.later(self._emit_error, error)
        if self._timers is not None:
            self._timers.forget(self)
        if self._transport is None:
            self._turns.later(self._emit_close)
        elif not (self._finished or self._said_all) or self._blocked:
            self._transport.abort()
        elif not self._lingers():
            self._transport.close()
        return self

    def _lingers(self) -> bool:
        """Let the connection linger if its client sends, or has sent what was not read; see `_linger`."""
        if self._peer_ended or self._server is None or not self._may_get_more():
            return False
        return linger(self._transport, self._server, self._turns)

    def _may_get_more(self) -> bool:
        """Tell whether the client is likely to send: in mid-request, or what an upgrade was for."""
        owner = self._owner
        return (
            self._linger
            or owner is None
            or getattr(owner, "_incoming", None) is not None
            or self._has_unread()
        )

    def _drop_held(self, error: BaseException | None) -> None:
        self._last = None
        self._held = []
        self._held_size = 0
        self._committed = 0
        due, self._due = self._due, None
        if due is not None and error is not None:
            for done in due:
                self._turns.later(done, error)


def system_error(exc: BaseException) -> BaseException:
    if not isinstance(exc, OSError) or isinstance(exc, HTTPError):  # a failure of TLS is ours already
        return exc
    syscall = "write" if isinstance(exc, BrokenPipeError) else "read"
    return SystemCallError.from_oserror(exc, syscall)
