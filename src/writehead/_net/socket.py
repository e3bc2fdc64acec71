"""Socket: a connection as its user sees it, over an asyncio transport."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any, Self

from writehead._net.socket_info import SocketFacts
from writehead._net.write_queue import BUSY
from writehead._node import validators
from writehead._node.byte_input import as_bytes
from writehead._node.callbacks import Callback, UserCallback, user_callback
from writehead._node.failure_log import users_place
from writehead.errors import (
    ConnectionLostError,
    InvalidArgTypeError,
    SocketEncodingError,
    StreamAlreadyFinishedError,
    StreamDestroyedError,
    StreamWriteAfterEndError,
    SystemCallError,
)
from writehead.errors.client import is_client_error
from writehead.events import Listener, as_error


class Socket(SocketFacts):
    """A connection to a client.

    Before an upgrade the bytes that arrive go to the parser; after 'upgrade' or 'connect'
    it is a stream in both directions that the program uses alone.

    Events: 'close' (had_error), 'data' (bytes), 'drain', 'end', 'error' (error),
    'finish', 'timeout'.
    Source: https://nodejs.org/api/net.html#class-netsocket
    """

    # -- writing, for users ----------------------------------------------------

    def write(
        self, data: Any, encoding: str | Callback | None = None, callback: Callback | None = None
    ) -> bool:
        """Write raw bytes; what HTTP may be writing is not looked at.

        Args:
            data: `str` (in `encoding`, default utf-8) or any bytes-like object.
            encoding: one of Node's names; may be left out before `callback`.
            callback: called when the operating system has the bytes, with an error if not.

        Returns:
            False when the caller should wait for 'drain'.

        Raises:
            InvalidArgTypeError, StreamNullValuesError, UnknownEncodingError.
        """
        if callable(encoding):
            encoding, callback = None, encoding
        done = user_callback(callback, self)
        chunk = as_bytes(data, encoding)
        if self._written_ended or self._destroyed:
            self._refuse(done)
            return False
        if self._corked:
            return self.put(chunk, done)
        if self._turn_corked:
            return self.put(chunk, done)
        self.put_now(chunk, done)
        self.settle()
        if self.pending >= self._high_water_mark:
            if not self._need_drain:
                self._need_drain = True
                self._turns.later(self._passed, [])
            return False
        return True

    def end(
        self,
        data: Any = None,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Write `data`, flush, and send FIN; reading goes on until the peer's.

        Args:
            data: as for `write`; may be left out.
            encoding: as for `write`.
            callback: called at 'finish'.
        """
        if callable(data):
            data, encoding, callback = None, None, data
        elif callable(encoding):
            encoding, callback = None, encoding
        called = user_callback(callback, self)
        if data is not None:
            over = self._written_ended or self._destroyed
            ended = self._written_ended
            self.write(data, encoding)
            if over:
                if called is not None and ended:
                    self._fail_later(called, StreamWriteAfterEndError("end()", users_place()))
                return self
        if called is not None:
            self._call_at_end(called)
        if self._written_ended or self._destroyed:
            return self
        self._corked = 0
        self._ease = BUSY
        self._written_ended = True
        self._commit()
        self._turns.later(self._finish_writing)
        current = getattr(self._owner, "_current", None)
        if current is not None and current._sink is self:
            current.outlive_sink()
        return self

    def destroy_soon(self) -> None:
        """End, and destroy when all is flushed, without waiting for the peer."""
        self._destroy_when_flushed = True
        if self._finished:
            self.destroy()
        elif not self._written_ended:
            self.end()

    destroySoon = destroy_soon

    def _call_at_end(self, callback: UserCallback) -> None:
        if self._finished:
            self._fail_later(callback, StreamAlreadyFinishedError("end"))
        elif not self._destroyed:
            if self._end_callbacks is None:
                self._end_callbacks = []
            self._end_callbacks.append(callback)

    def _refuse(self, callback: UserCallback | None) -> None:
        """Take no more: after `end` that destroys the socket, too."""
        if not self._written_ended:
            self._fail_later(callback, StreamDestroyedError("write"))
            return
        error = StreamWriteAfterEndError("write()", users_place())
        self._fail_later(callback, error)
        self.destroy(error)

    def _fail_later(self, callback: UserCallback | None, error: BaseException) -> None:
        if callback is not None:
            self._turns.later(callback, error)

    def cork(self) -> None:
        """Gather what is written until as many calls of `uncork`."""
        self.settle()
        self._ease = BUSY
        self._corked += 1
        ending = self._ending
        if ending is not None:  # it takes back what its response has corked
            self._ending = None
            self._turns.due.appendleft((ending.on_settled, ()))

    def uncork(self) -> None:
        """Undo one `cork`; the last one sends what was gathered, in one go."""
        if not self._corked:
            return
        self._corked -= 1
        if not self._corked and not self._turn_corked and (self._held or self._due):
            self._commit()

    async def drain(self) -> None:
        """Return when everything written is with the operating system.

        Raises:
            ConnectionLostError: the connection went away first.
            StreamDestroyedError: the program has destroyed the socket.
        """
        if self._destroyed:
            raise self._why_not_drained(self._lost_error or StreamDestroyedError("drain"))
        if not self.pending:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(self._why_not_drained(error))

        self.settle()
        self._ease = BUSY
        self._owe(done)
        if not self._turn_corked and not self._corked:
            self._commit()
        await future

    def _why_not_drained(self, error: BaseException) -> BaseException:
        """Return what `drain` raises for `error`: one class for a client that left, whatever ended the socket."""
        cause = error
        if isinstance(error, StreamDestroyedError):
            if not (
                self._peer_ended or self._lost_error or (self._errored and is_client_error(self._errored))
            ):
                return error
            cause = self._lost_error or self._errored or error
        elif not isinstance(error, SystemCallError):
            return error
        if isinstance(cause, ConnectionLostError):
            return cause
        named = cause if isinstance(cause, SystemCallError) else ConnectionLostError(syscall="write")
        lost = ConnectionLostError(named.message, named.syscall)
        lost.__cause__ = cause
        return lost

    # -- errors ----------------------------------------------------------------

    def emit(self, name: Hashable, *args: Any) -> bool:
        """Call the listeners of `name` with `args`; return whether there were any.

        An 'error' of the program's own, while HTTP has the socket, is heard by the server too: 'clientError',
        or without a listener 400, where no response has begun, and the end of the connection.
        """
        fail = getattr(self._owner, "fail_socket", None) if name == "error" else None
        if fail is None:
            return super().emit(name, *args)
        fail(as_error(args))
        if self.listener_count("error"):
            super().emit(name, *args)
        return True

    # -- reading ---------------------------------------------------------------

    def _add(self, name: Hashable, listener: Listener, once: bool = False, front: bool = False) -> None:
        super()._add(name, listener, once, front)
        if front and name == "close":
            self._count_before_response(1)

    def remove_listener(self, name: Hashable, listener: Listener) -> Self:
        """Remove `listener` once, the last one added."""
        before = self._entries("close")
        super().remove_listener(name, listener)
        left = self._entries("close")
        if len(left) < len(before):
            place = next((n for n, entry in enumerate(left) if entry is not before[n]), len(left))
            self._count_before_response(-1, place)
        return self

    removeListener = remove_listener
    off = remove_listener

    def _count_before_response(self, change: int, place: int = -1) -> None:
        """Note that a 'close' listener came or went before the place of the response's own."""
        current = getattr(self._owner, "_current", None)
        if current is not None and place < current.after_listeners:
            current.after_listeners += change

    @property
    def _carries(self) -> bool:
        """Whether a response of its connection has this socket."""
        current = getattr(self._owner, "_current", None)
        return current is not None and current._sink is self

    def pause(self) -> Self:
        """Stop reading; 'pause' is emitted at once."""
        super().pause()
        if self._owner is not None:
            self._pause_transport()
        return self

    def resume(self) -> Self:
        """Start reading, or go on; 'resume' is emitted in a later tick."""
        super().resume()
        self._tells_resume = False
        if self._owner is not None:
            self._owner._on_socket_resume()
        return self

    def _stop_reading(self) -> None:
        """Stop reading, as nobody takes what comes; who listens to 'pause' hears of it."""
        if not self._reading_paused:
            self._pause_transport()
            if self._listeners is not None:
                self._tells_resume = True
                self._notify("pause")

    def _read_on(self) -> None:
        """Read again; of what `_stop_reading` told, 'resume' comes on a later turn."""
        self._resume_transport()
        if self._tells_resume and not self._reading_paused:
            self._tells_resume = False
            self._turns.later(self._notify, "resume")

    def set_encoding(self, encoding: str | None = None) -> Self:
        """Refuse: a socket of an HTTP server gives out bytes, after an upgrade too (Node).

        Raises:
            SocketEncodingError: always.
        """
        raise SocketEncodingError

    setEncoding = set_encoding

    # -- time ------------------------------------------------------------------

    def set_timeout(self, msecs: Any, callback: Callback | None = None) -> Self:
        """Emit 'timeout' after `msecs` without reading or writing; 0 switches off.

        Args:
            msecs: milliseconds, or a `timedelta`.
            callback: becomes a one-time listener of 'timeout'; with 0 it is removed.

        Raises:
            InvalidArgTypeError, OutOfRangeError.
        """
        if self._destroyed:
            return self
        value = validators.milliseconds(msecs, "msecs")
        self._timeout = value
        if self._owner is not None:
            self._owner._on_timeout_asked()
        self._watch_idle(value / 1000)
        if callback is not None:
            if not callable(callback):
                raise InvalidArgTypeError("callback", "of type function", callback)
            if value:
                self.once("timeout", callback)
            else:
                self.remove_listener("timeout", callback)
        return self

    setTimeout = set_timeout

    @property
    def timeout(self) -> float | None:
        """The idle timeout at work, the keep-alive wait included, in milliseconds; None before the first."""
        if self._owner is not None:
            self._owner._on_timeout_asked()
        if self._destroyed or (self._timeout is None and not self._idle_group):
            return self._timeout
        milliseconds = round(self._idle_after * 1000, 3)
        return int(milliseconds) if milliseconds.is_integer() else milliseconds

    def _log_subject(self) -> tuple[Any, Any]:
        return None, self
