"""Socket: a connection as the program sees it, over an asyncio transport."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Self

from writehead._net.channel import Channel
from writehead._net.channel_state import Owner
from writehead._net.config import SocketConfig
from writehead._net.socket_info import SocketInfo
from writehead._node import validators
from writehead._node.byte_input import as_bytes
from writehead._node.callbacks import Callback, UserCallback, user_callback
from writehead._node.failure_log import users_place
from writehead._node.signatures import typed_as
from writehead._streams.stages import FLUSHED, READABLE, SCHEDULED
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

if TYPE_CHECKING:
    from writehead._net.socket_emitter import SocketEmitter
    from writehead._node.argument_types import Chunk, Duration
else:  # the same, without the types of its events
    SocketEmitter = SocketInfo


class Socket(SocketEmitter):
    """A connection to a client.

    Before an upgrade the bytes that arrive go to the parser; after 'upgrade' or 'connect'
    it is a stream in both directions that the program uses alone.

    Events: 'close' (had_error), 'data' (bytes), 'drain', 'end', 'error' (error),
    'finish', 'timeout'.
    Source: https://nodejs.org/api/net.html#class-netsocket
    """

    _ends_by_close = False  # a two-way stream outlives its reading side
    _tells_waiter = True
    _timeout: float | None = None
    _message: Any = None  # the response that was given this socket by `assign_socket`

    def __init__(
        self,
        transport: asyncio.Transport | None = None,
        config: SocketConfig | None = None,
        owner: Owner | None = None,
    ) -> None:
        self._listeners = None
        self._channel = Channel(self, transport, config, owner)

    @property
    def _listener_context(self) -> Context:  # type: ignore[override]  # made when a listener is called
        return self._channel.context

    # -- writing, for the program -----------------------------------------------

    def write(
        self, data: Chunk, encoding: str | Callback | None = None, callback: Callback | None = None
    ) -> bool:
        """Write raw bytes, whatever HTTP is writing.

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
        channel = self._channel
        if channel.writing or channel.fate:
            self._refuse(done)
            return False
        return channel.write(chunk, done)

    def end(
        self,
        data: Chunk | Callback | None = None,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Write `data`, flush, and send FIN; reading goes on until the client's FIN.

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
        channel = self._channel
        if data is not None:
            over = channel.writing or channel.fate
            ended = channel.writing
            self.write(data, encoding)
            if over:
                if called is not None and ended:
                    self._fail_later(called, StreamWriteAfterEndError("end()", users_place()))
                return self
        if called is not None:
            self._call_at_end(called)
        if not (channel.writing or channel.fate):
            channel.end_writing()
        return self

    def destroy(self, error: BaseException | None = None) -> Self:
        """Close the connection at once; unsent bytes are dropped.

        'error' (if one is given) and 'close' are emitted in a later tick.
        """
        self._channel.destroy(error)
        return self

    def destroy_soon(self) -> None:
        """End, and destroy when all is flushed, without waiting for the client."""
        self._channel.destroy_soon()

    destroySoon = destroy_soon

    def _call_at_end(self, callback: UserCallback) -> None:
        channel = self._channel
        if channel.writing is FLUSHED:
            self._fail_later(callback, StreamAlreadyFinishedError("end"))
        elif not channel.fate:
            if channel.end_callbacks is None:
                channel.end_callbacks = []
            channel.end_callbacks.append(callback)

    def _refuse(self, callback: UserCallback | None) -> None:
        """Fail a write after `end` or `destroy`; after `end`, destroy the socket too."""
        if not self._channel.writing:
            self._fail_later(callback, StreamDestroyedError("write"))
            return
        error = StreamWriteAfterEndError("write()", users_place())
        self._fail_later(callback, error)
        self.destroy(error)

    def _fail_later(self, callback: UserCallback | None, error: BaseException) -> None:
        if callback is not None:
            self._channel.ticks.later(callback, error)

    def cork(self) -> None:
        """Hold back what is written until `uncork` was called as often."""
        self._channel.cork()

    def uncork(self) -> None:
        """Undo one `cork`; the last one sends what was held back, in one write."""
        self._channel.uncork()

    async def drain(self) -> None:
        """Return when the operating system has everything written.

        Raises:
            ConnectionLostError: the connection was lost first.
            StreamDestroyedError: the program has destroyed the socket.
        """
        if self._channel.fate:
            raise self._why_not_drained(self._channel.lost_error or StreamDestroyedError("drain"))
        if not self._channel.pending:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(self._why_not_drained(error))

        self._channel.call_when_passed(done)
        await future

    def _why_not_drained(self, error: BaseException) -> BaseException:
        """Return what `drain` raises for `error`: of one class whenever the client has left."""
        cause = error
        if isinstance(error, StreamDestroyedError):
            channel = self._channel
            lost, errored = channel.lost_error, channel.errored
            if not (channel.peer_ended or lost or (errored and is_client_error(errored))):
                return error
            cause = lost or errored or error
        elif not isinstance(error, SystemCallError):
            return error
        if isinstance(cause, ConnectionLostError):
            return cause
        named = cause if isinstance(cause, SystemCallError) else ConnectionLostError(syscall="write")
        raised = ConnectionLostError(named.message, named.syscall)
        raised.__cause__ = cause
        return raised

    # -- errors ----------------------------------------------------------------

    @typed_as(SocketEmitter.emit)
    def emit(self, name: Hashable, *args: Any) -> bool:
        """Call the listeners of `name` with `args`; return whether there were any.

        The server also handles an 'error' that the program emits while HTTP has the socket: by 'clientError';
        without a listener of that the client gets 400, if no response has begun, and the connection ends.
        """
        owner = self._channel.owner
        if name != "error" or owner is None or not owner.fail_socket(as_error(args)):
            return super().emit(name, *args)
        if self.listener_count("error"):
            super().emit(name, *args)
        return True

    # -- reading ---------------------------------------------------------------

    def _add(self, name: Hashable, listener: Listener, once: bool = False, front: bool = False) -> None:
        super()._add(name, listener, once, front)
        self._channel.heard = True
        if front and name == "close" and self._channel.owner is not None:
            self._channel.owner.count_close_listener(1, -1)

    def _remove_at(self, name: Hashable, found: tuple[Listener, ...], position: int) -> None:
        super()._remove_at(name, found, position)
        if name == "close" and self._channel.owner is not None:
            self._channel.owner.count_close_listener(-1, position)

    @property
    def _carries(self) -> bool:
        """Whether a response of its connection has this socket."""
        return self._channel.owner is not None and self._channel.owner.has_response

    def pause(self) -> Self:
        """Stop reading; 'pause' is emitted at once."""
        super().pause()
        if self._channel.owner is not None:
            self._channel.pause_reading()
        return self

    def resume(self) -> Self:
        """Start reading, or go on; 'resume' is emitted in a later tick."""
        super().resume()
        self._channel.tells_resume = False
        if self._channel.owner is not None:
            self._channel.owner.on_socket_resume()
        return self

    def _want(self) -> None:
        self._channel.resume_reading()

    def _on_peer_end(self) -> None:
        """Emit 'end' when the data that came before the client's FIN is read."""
        self._push_end()
        if not self._length:
            self.read(0)  # Node: 'end' comes even if the socket is not read

    def _ended(self) -> None:
        if self._waiter is not None:
            self._waiter.on_end()
        if self._channel.writing is FLUSHED:
            self.destroy()

    def _take_unread(self) -> bytes:
        """Return data that was received and not read, for another server."""
        rest: bytes = self._take(self._length) if self._length else b""
        return rest

    def _let_http_end(self) -> bool:
        """Let HTTP emit 'end' again; False if it was emitted, or is about to be."""
        if self._end_state >= SCHEDULED:
            return False
        self._end_state = READABLE
        return True

    def _on_close(self) -> None:
        """End the wait of a reader (`async for`): the connection is closed."""
        if self._waiter is not None:
            self._waiter.on_close()

    def set_encoding(self, encoding: str | None = None) -> Self:
        """Refuse: a socket of an HTTP server gives out bytes, after an upgrade too (Node).

        Raises:
            SocketEncodingError: always.
        """
        raise SocketEncodingError

    setEncoding = set_encoding

    # -- time ------------------------------------------------------------------

    def set_timeout(self, msecs: Duration, callback: Callback | None = None) -> Self:
        """Emit 'timeout' after `msecs` without reading or writing; 0 switches off.

        Args:
            msecs: milliseconds, or a `timedelta`.
            callback: becomes a one-time listener of 'timeout'; with 0 it is removed.

        Raises:
            InvalidArgTypeError, OutOfRangeError.
        """
        if self._channel.fate:
            return self
        value = validators.milliseconds(msecs, "msecs")
        self._timeout = value
        if self._channel.owner is not None:
            self._channel.owner.on_timeout_asked()
        self._channel.watch_idle(value / 1000)
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
        """The idle timeout in force, the keep-alive wait included, in milliseconds; None before the first."""
        if self._channel.owner is not None:
            self._channel.owner.on_timeout_asked()
        if self._channel.fate or (self._timeout is None and not self._channel.idle_group):
            return self._timeout
        milliseconds = round(self._channel.idle_after * 1000, 3)
        return int(milliseconds) if milliseconds.is_integer() else milliseconds

    def _log_subject(self) -> tuple[Any, Any]:
        return None, self


def channel_of(socket: Socket) -> Channel:
    """Return the Channel of a Socket, for the code that serves it."""
    return socket._channel
