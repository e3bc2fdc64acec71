"""Channel: the bytes of one connection, in and out, its idle time and its end.

HTTP and the `Socket` share it; the program uses the Socket alone.

Invariant: 'close' comes once and last. What was passed on before `destroy` still leaves; what was held
does not, and its callbacks are called with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from writehead._loop import readiness
from writehead._loop.timers import IdleTimers
from writehead._net.channel_state import BUSY, CALM, Owner
from writehead._net.config import SocketConfig
from writehead._net.linger import linger
from writehead._net.write_queue import WriteQueue
from writehead._node.failure_log import log_unheard
from writehead._semantics.outcome import Outcome
from writehead._streams.stages import CLOSED, DESTROYED, ENDED, FLUSHED
from writehead.errors import ConnectionLostError, HTTPError, StreamDestroyedError, SystemCallError


class Channel(WriteQueue):
    """A connection below HTTP: the protocol of its transport, and the `Sink` of its exchanges."""

    __slots__ = ()

    # -- called by the transport -----------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Push data to a socket that the program owns."""
        self.note_read(len(data))
        if not self.socket._push(data):
            self.pause_reading()

    def note_read(self, size: int) -> None:
        """Count bytes that were read; of a raw connection those that TLS has read."""
        self.bytes_read += size
        if self.idle_after:
            self.touch()

    def eof_received(self) -> bool:
        """Note the peer's FIN; the socket stays writable (half-open)."""
        self.peer_ended = True
        self.socket._on_peer_end()
        return True

    def pause_writing(self) -> None:
        """Note that the system took only a part of what was written."""
        self._gather()
        self.blocked = True

    def resume_writing(self) -> None:
        """Call the callbacks in order: the system has all that was passed on."""
        self.blocked = False
        if self.idle_after:
            self.touch()
        waiting, self.waiting = self.waiting, None
        for due in waiting or ():
            self._call_due(due)
        if self.need_drain and not waiting:
            self._call_due([])
        if self.writing and not self.blocked:
            self.finish_writing()

    # -- reading ---------------------------------------------------------------

    def pause_reading(self) -> None:
        if not self.reading_paused and self.transport is not None and not self.transport.is_closing():
            self.reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self.reading_paused and self.transport is not None and not self.transport.is_closing():
            self.reading_paused = False
            self.ticks.outside(self.transport.resume_reading)

    def stop_reading(self) -> None:
        """Stop reading, as the data is not consumed; emit 'pause'."""
        if not self.reading_paused:
            self.pause_reading()
            if self.heard:
                self.tells_resume = True
                self.emit("pause")

    def read_on(self) -> None:
        """Read again; emit 'resume' in a later tick if `stop_reading` has emitted 'pause'."""
        self.resume_reading()
        if self.tells_resume and not self.reading_paused:
            self.tells_resume = False
            self.ticks.later(self.emit, "resume")

    # -- its idle time ---------------------------------------------------------

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
                self.blame(Outcome.TIMEOUT_IDLE)
                self.give_up()
            self.emit("timeout")
        finally:
            if holds:
                self.ticks.run()

    def give_up(self) -> None:
        """Destroy it for the server: what waits for it gets a ConnectionLostError."""
        if not self.fate:
            self.lost_error = ConnectionLostError()
            self.destroy()

    def pass_to(self, config: SocketConfig, owner: Owner) -> None:
        """Pass this socket to another server."""
        self._end_upgrade()
        seconds = self.idle_after
        if self.timers is not None:
            self.timers.forget(self)
        self.timers = config.timers
        self.config = config
        self.owner = owner
        self.own_context = None
        if seconds:
            self.watch_idle(seconds)

    # -- its end ---------------------------------------------------------------

    def connection_lost(self, exc: BaseException | None) -> None:
        """Emit 'error' if there was one, then 'close', and notify the owner."""
        if self.fate is CLOSED:
            return
        self.blocked = False
        self._gather()
        if not self.fate:
            self.blame(Outcome.CLIENT_CLOSED if self.peer_ended and exc is None else Outcome.CLIENT_RESET)
            self.fate = DESTROYED
            self.taken = False
            error = None if exc is None else system_error(exc)
            self.errored = error
            self.lost_error = lost = error or SystemCallError("ECANCELED", "write")
            self._drop_held(None if not self.due else lost)
            if error is not None:
                self.ticks.later(self._emit_error, error)
        if self.timers is not None:
            self.timers.forget(self)
        self.ticks.later(self._emit_close)

    def lose_unheard(self) -> None:
        """Close a socket without listeners for which nothing waits."""
        if not self.fate:
            self.ease = BUSY
            self.taken = False
            if self.timers is not None:
                self.timers.forget(self)
        self.fate = CLOSED
        self.owner = self.socket = None

    def _emit_error(self, error: BaseException) -> None:
        socket = self.socket
        if self.owner is not None:
            self.owner.on_socket_error(error)
        elif not socket.listener_count("error"):
            log_unheard(error, "socket", None, socket)
        if socket.listener_count("error"):
            self.emit("error", error)

    def _emit_close(self) -> None:
        if self.fate is CLOSED:
            return  # it was lost twice within a tick
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            error = self.lost_error or SystemCallError("ECANCELED", "write")
            for due in waiting:
                for done in due:
                    done(error)
        self.fate = CLOSED
        owner = self.owner
        if owner is None:
            self.emit("close", self.errored is not None)
        else:
            self._close_under(owner)
        self.socket._on_close()
        self._end_upgrade()
        self._let_go()

    def refuse_upgrade(self, rendered: bytes) -> None:
        """Send a response in the place of what the client has asked to upgrade to."""
        notes = self.upgrade
        if notes is not None and rendered:
            notes.outcome = Outcome.FINISHED
            notes.note_response(rendered)
        self.put_now(rendered)

    def _end_upgrade(self) -> None:
        """Tell the notes of an upgrade, if there are any."""
        if self.upgrade is not None and self.config is not None:
            self.config.end_upgrade(self)

    def _let_go(self) -> None:
        """Break the reference cycles: nothing more is emitted."""
        self.owner = None
        self.socket = None

    def _close_under(self, owner: Owner) -> None:
        """Close requests, then responses in between the 'close' listeners, in Node's order."""
        listeners = self.socket._entries("close")
        before = owner.on_socket_close()
        self._tell_close(listeners[:before])
        owner.close_responses()
        self._tell_close(listeners[before:])

    def _tell_close(self, listeners: tuple[Callable[..., object], ...]) -> None:
        self.socket._call_each(listeners, self.context, "close", (self.errored is not None,))

    def end_writing(self) -> None:
        """Take no more, and send FIN behind what was taken."""
        self.corked = 0
        self._gather()
        self.writing = ENDED
        self._commit()
        self.ticks.later(self.finish_writing)
        if self.owner is not None:
            self.owner.on_written_end()

    def finish_writing(self) -> None:
        """Send FIN once the system has taken all bytes."""
        if self.writing is FLUSHED or self.fate:
            return
        if self.committed:
            self._pass_on(self.committed)
        if self.blocked or self._is_lost():
            return
        self.writing = FLUSHED
        if self.destroy_when_flushed and not self.expects_more:
            self.ticks.next_round(self._emit_finish)
            return
        transport = self.transport
        if transport is not None and not transport.is_closing() and transport.can_write_eof():
            try:
                transport.write_eof()
            except OSError as exc:
                self.destroy(system_error(exc))
                return
        self.ticks.next_round(self._emit_finish)

    def end_flushed(self, heard: bool) -> None:
        """End and close a socket that has nothing left to send, and no listeners: `destroy_soon` in one step.

        With `heard` listeners may still be added to it.
        """
        calm = self.ease == CALM
        self.ease = BUSY
        self.destroy_when_flushed = True
        self.writing = FLUSHED
        if heard:
            self.ticks.next_round(self._emit_finish)
        elif calm and self.end_callbacks is None:  # by far the commonest: `destroy` would notify no listener
            self.fate = DESTROYED
            if self.idle_group and self.timers is not None:
                self.timers.forget(self)
            self.transport.close()
        else:
            self.destroy()

    def _emit_finish(self) -> None:
        callbacks, self.end_callbacks = self.end_callbacks, None
        for callback in callbacks or ():
            callback()
        self.emit("finish")
        if self.destroy_when_flushed or (
            self.peer_ended and (self.owner is not None or self.socket is None or self.socket.readable_ended)
        ):
            self.destroy()

    def destroy_soon(self) -> None:
        """End, and destroy when all is flushed, without waiting for the peer."""
        self.destroy_when_flushed = True
        if self.writing is FLUSHED:
            self.destroy()
        elif not self.writing:
            self.end_writing()

    def destroy(self, error: BaseException | None = None) -> None:
        """Close at once; unsent bytes are dropped.

        'error' (if one is given) and 'close' follow in a later tick.
        """
        if self.fate:
            return
        self.settle()
        self.taken = not (self.blocked or self._is_lost())
        self.fate = DESTROYED
        self._gather()
        self.errored = error
        self._drop_held((error or StreamDestroyedError("write")) if self.due else None)
        callbacks, self.end_callbacks = self.end_callbacks, None
        for callback in callbacks or ():
            self.ticks.later(callback, error or StreamDestroyedError("end"))
        if error is not None:
            self.ticks.later(self._emit_error, error)
        if self.timers is not None:
            self.timers.forget(self)
        if self.transport is None:
            self.ticks.later(self._emit_close)
        elif not (self.writing is FLUSHED or self.said_all) or self.blocked:
            self.transport.abort()
        elif not self._lingers():
            self.transport.close()

    def read_for(self, seconds: float) -> None:
        """Let it linger for so many seconds when it is closed, whatever the client does."""
        self.expects_more = True
        self.linger_seconds = seconds

    def end_gently(self, seconds: float) -> None:
        """Send FIN at once, and close so many seconds later: what comes meanwhile is read, and thrown away."""
        self.said_all = True
        self.read_for(seconds)
        self.destroy()

    def _lingers(self) -> bool:
        """Let the connection linger if its client sends, or has sent what was not read; see `linger`."""
        if self.peer_ended or self.config is None or not self._may_get_more():
            return False
        return linger(self.transport, self.config, self.ticks, self.linger_seconds)

    def _may_get_more(self) -> bool:
        """Tell whether the client is likely to send: the rest of a request, or data after an upgrade."""
        owner = self.owner
        return self.expects_more or owner is None or owner.reads_request or self.has_unread()

    def _drop_held(self, error: BaseException | None) -> None:
        self.last = None
        self.held = []
        self.held_size = 0
        self.committed = 0
        due, self.due = self.due, None
        if due is not None and error is not None:
            for done in due:
                self.ticks.later(done, error)


def system_error(exc: BaseException) -> BaseException:
    if not isinstance(exc, OSError) or isinstance(exc, HTTPError):  # errors of TLS are converted already
        return exc
    syscall = "write" if isinstance(exc, BrokenPipeError) else "read"
    return SystemCallError.from_oserror(exc, syscall)
