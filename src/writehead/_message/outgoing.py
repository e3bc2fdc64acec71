"""OutgoingMessage: a message that is written through an exchange.

Invariant: its state moves one way: open -> rendered (the head is fixed) -> finished (`end`
was called) -> flushed ('finish') or closed ('close'); exactly one of the two events comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from writehead._loop.ticks import later
from writehead._loop.waiters import Waiters
from writehead._message.no_exchange import SENT, HeldSocket
from writehead._message.outgoing_state import OutgoingState
from writehead._message.standalone import WritableSink, set_timeout_of
from writehead._node.byte_input import as_bytes
from writehead._node.callbacks import Callback, UserCallback, user_callback
from writehead._node.failure_log import log_unheard, users_place
from writehead._node.spelling import snake
from writehead._node.validators import milliseconds
from writehead._semantics.exchange import Sink
from writehead._semantics.outcome import Outcome
from writehead._streams.stages import CLOSED, DESTROYED, ENDED, FLUSHED
from writehead.errors import (
    BodyNotAllowedError,
    ConnectionLostError,
    ContentLengthMismatchError,
    InvalidArgTypeError,
    MethodNotImplementedError,
    StreamAlreadyFinishedError,
    StreamCannotPipeError,
    StreamDestroyedError,
    StreamWriteAfterEndError,
)

if TYPE_CHECKING:
    from writehead._net.socket import Socket
    from writehead._node.argument_types import Chunk, Duration


class OutgoingMessage(OutgoingState):
    """A message that is written: headers, then a body in pieces.

    Events: 'finish' (the operating system has all bytes), 'close' (the connection was
    lost before that), 'drain', 'error', 'pipe', 'socket', 'timeout', 'unpipe'.

    Args:
        high_water_mark: how many queued bytes make `write` return False while there is no socket;
            or a mapping of both options.
        reject_non_standard_body_writes: whether to raise if a body is written where none is allowed.

    Source: https://nodejs.org/api/http.html#class-httpoutgoingmessage
    """

    def __init__(
        self,
        high_water_mark: int | Mapping[str, Any] | None = None,
        reject_non_standard_body_writes: bool = False,
    ) -> None:
        if isinstance(high_water_mark, Mapping):  # Node: one object of options
            options = {snake(name): value for name, value in high_water_mark.items()}
            high_water_mark = options.get("high_water_mark")
            reject_non_standard_body_writes = options.get("reject_non_standard_body_writes", False)
        self._high_water_mark = 65536 if high_water_mark is None else int(high_water_mark)
        self._reject_body = bool(reject_non_standard_body_writes)

    # -- the body --------------------------------------------------------------

    def _implicit_head(self) -> None:
        raise MethodNotImplementedError("_implicitHeader()")

    def write(
        self, chunk: Chunk, encoding: str | Callback | None = None, callback: Callback | None = None
    ) -> bool:
        """Send a piece of the body; the first one sends the head before it.

        Args:
            chunk: `str` (in `encoding`, default utf-8) or any bytes-like object.
            encoding: one of Node's names; may be left out before `callback`.
            callback: called once the operating system has the piece, or with an error.

        Returns:
            False when the caller should wait for 'drain'.

        Raises:
            StreamNullValuesError, InvalidArgTypeError, UnknownEncodingError,
            BodyNotAllowedError, ContentLengthMismatchError; and what rendering the
            head raises (see `ServerResponse.write_head`).
        """
        pieces = self._pieces
        if pieces is not None and encoding is None and callback is None:
            # Fast path: a small piece behind another of this tick. `stream` takes 230,000 instructions with
            # it, 390,000 without.
            room = pieces.add(chunk if type(chunk) is bytes else as_bytes(chunk, None))
            if room:
                return True
            if room is False:
                self._need_drain = True
                self._exchange.refuse_more()
                return False
        if encoding is not None and callable(encoding):
            encoding, callback = None, encoding
        data = as_bytes(chunk, encoding)
        if self._writing or self._fate:
            self._refuse_write(user_callback(callback, self))
            return False
        if not self._rendered:
            self._implicit_head()
        exchange = self._exchange
        if self._reject_body and not exchange.body_allowed:
            raise BodyNotAllowedError
        if self._strict:
            self._check_length(len(data), exact=False)
        self._body_bytes += len(data)
        done = None if callback is None else user_callback(callback, self)
        sent = exchange.write(data, done)
        if not self._strict:
            self._pieces = exchange.pieces()
        if sent:
            return True
        self._need_drain = True
        return False

    def _refuse_write(self, callback: UserCallback | None) -> None:
        error = (
            StreamWriteAfterEndError("write()", users_place())
            if self._writing
            else StreamDestroyedError("write")
        )
        if callback is not None:
            later(callback, error)
        if not self._fate:
            later(self._emit_error, error)

    def _emit_error(self, error: BaseException) -> None:
        if not (self._fate and self._listeners is not None):
            self._tell_error(error)

    def _tell_error(self, error: BaseException) -> None:
        if not self._notify("error", error):
            self._on_unheard(error)

    def _on_unheard(self, error: BaseException) -> None:
        """Log an 'error' that has no listener."""
        log_unheard(error, "response", getattr(self, "req", None), self.socket)

    def _check_length(self, size: int, exact: bool) -> None:
        promised = self._exchange.promised
        if promised is None:
            return
        total = self._body_bytes + size
        number = promised.isascii() and promised.isdigit() and len(promised) < 20
        length = int(promised) if number else None
        if length is None or (total != length if exact else total > length):
            raise ContentLengthMismatchError(total, promised if length is None else length)

    def end(
        self,
        data: Chunk | Callback | None = None,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Send the last piece, if any, and complete the message.

        Args:
            data: as `chunk` of `write`; None and "" mean no more data.
            encoding: as for `write`; any argument may be left out.
            callback: called at 'finish'.

        Raises:
            As `write`, before anything is sent; then `end` may be called again.
        """
        if data is not None and callable(data):
            data, encoding, callback = None, None, data
        elif encoding is not None and callable(encoding):
            encoding, callback = None, encoding
        more = not (data is None or (isinstance(data, str) and not data))
        if self._writing:
            self._end_again(more, callback)
            return self
        chunk = as_bytes(data, encoding) if more else None
        if self._fate:
            if chunk is None and not self._rendered:
                self._render_for(0)  # Node renders it, and may raise, though it is not sent
            if self._rendered and self._exchange.void:
                self._exchange.refused = True  # its head was not sent
            self._writing = ENDED
            return self
        if not self._rendered:
            self._render_for(0 if chunk is None else len(chunk))
        exchange = self._exchange
        if chunk is not None and self._reject_body and not exchange.body_allowed:
            raise BodyNotAllowedError
        if self._strict:
            self._check_length(0 if chunk is None else len(chunk), exact=True)
        if callback is not None and callable(callback):
            self.once("finish", callback)
        self._writing = ENDED
        self._pieces = None
        self._cork_depth = 0
        exchange.end(chunk, self._trailers)
        return self

    def _render_for(self, length: int) -> None:
        """Render the head of a message whose body is `length` bytes."""
        self._known_length = length
        try:
            self._implicit_head()
        finally:
            self._known_length = None

    def _end_again(self, more: bool, callback: Any) -> None:
        called = user_callback(callback, self)
        if more:  # of whatever type
            if not self._fate:
                error = StreamWriteAfterEndError("end()", users_place())
                if called is not None:
                    later(called, error)
                later(self._emit_error, error)
        elif called is not None:
            if self.writable_finished:
                called(StreamAlreadyFinishedError("end"))
            else:
                self.on("finish", callback)

    def flush_headers(self) -> None:
        """Send the head now; repeated calls do nothing.

        Raises:
            What rendering the head raises (see `ServerResponse.write_head`).
        """
        if not self._rendered:
            self._implicit_head()
        if not self._writing:
            self._exchange.flush()

    flushHeaders = flush_headers

    def cork(self) -> None:
        """Gather what is written until `uncork` is called as often; `end` undoes all corks."""
        self._cork_depth += 1
        self._general = True
        self._pieces = None
        self._exchange.cork()

    def uncork(self) -> None:
        """Undo one `cork`; the last call sends what was gathered as one chunk."""
        if not self._cork_depth:
            return
        self._cork_depth -= 1
        if self._exchange.uncork() and self._need_drain and not self.writable_length:
            self._on_drained()

    # -- the end ---------------------------------------------------------------

    def _on_drained(self) -> None:
        if self._need_drain and not self._writing and not self._fate:
            self._need_drain = False
            if self._waiters is not None:
                self._waiters.wake("drain")
            self._notify("drain")

    def _on_flushed(self) -> None:
        if self._writing is FLUSHED or self._fate is CLOSED:
            return
        self._writing = FLUSHED
        if self._waiters is not None:
            self._waiters.wake("finish")
        self._notify("finish")

    def _prepare_close(self) -> None:
        """Schedule the last step at Node's point: before the next response gets the socket."""
        later(self._after_finish)

    def _after_finish(self) -> None:
        if not self._fate:
            self._fate = DESTROYED
        self._close()

    def _close(self) -> None:
        if self._fate is CLOSED:
            return
        self._fate = CLOSED
        if self._writing is not FLUSHED or self._close_after_finish:
            if self._waiters is not None and self._writing is not FLUSHED:
                self._waiters.fail(lambda: self._errored or ConnectionLostError())
            self._notify("close")

    def _on_outlived(self) -> None:
        """Called when the socket has ended, so that nothing more is sent (Node: `writable`)."""
        self._pieces = None

    def _on_lost(self, error: BaseException | None) -> None:
        """Called when the connection was lost: emit 'close', unless 'finish' was emitted."""
        if self._fate is CLOSED:
            return
        self._fate = DESTROYED
        self._pieces = None
        if self._writing is FLUSHED:
            self._close()
            return
        if self._errored is None:
            self._errored = error
        if self._writing and self._exchange is not SENT:
            self._exchange.refused = True  # the operating system has not got all of it, and will not
        self._close()

    def destroy(self, error: BaseException | None = None) -> Self:
        """Abort the response and close its connection; 'close' follows when it is closed.

        Args:
            error: becomes `errored`, and the socket emits it as 'error'.
        """
        if self._fate:
            return self
        self._fate = DESTROYED
        self._pieces = None
        self._errored = error
        exchange = self._exchange
        waiting = exchange.socket is None and exchange is not SENT
        if waiting and self._outcome is None:
            self._outcome = Outcome.DESTROYED
        if self.writable_length:  # what was not sent never will be
            exchange.refused = True
        exchange.abort(error)
        if waiting or (exchange is SENT and self._writing is not FLUSHED):
            later(self._close)
        return self

    # -- Python's own ----------------------------------------------------------

    async def drain(self) -> None:
        """Wait until all queued bytes have been sent; return at once unless a `write` has returned False.

        Raises:
            ConnectionLostError: 'close' was emitted first, or will be.
        """
        if self._fate and self._writing is not FLUSHED:
            # At once: a program that writes in an endless loop would keep 'close' from being emitted.
            raise self._errored or ConnectionLostError()
        if self._need_drain and not self._writing and self._fate is not CLOSED:
            exchange = self._exchange
            if exchange.reports_drain or exchange.socket is None:
                await self._first_of("drain", "finish")
            elif self.writable_length:
                await self._first_of("drain", "finish", beside=exchange.socket)
        elif self._writing or not self._exchange.body_allowed:
            # No `write` returns False: let other connections be served between calls of `write` and `drain`.
            await asyncio.sleep(0)

    async def wait_finished(self) -> None:
        """Wait for the end of the response: return at 'finish'.

        Raises:
            ConnectionLostError: 'close' was emitted instead.
        """
        if self._writing is FLUSHED:
            return
        if self._fate is CLOSED:
            raise self._errored or ConnectionLostError()
        await self._first_of("finish")

    waitFinished = wait_finished

    def _own_waiters(self) -> Waiters:
        """Return the tasks that wait for an event of this response, or for its end."""
        waiters = self._waiters
        if waiters is None:
            waiters = self._waiters = Waiters()
            if self._listeners is None:
                self._listeners = {}  # so that its end is reported
        return waiters

    async def _first_of(self, *events: str, beside: Any = None) -> None:
        """Wait for one of `events`, or for 'drain' of the writable `beside`, which Node does not pass on."""
        waiters = self._own_waiters()
        if beside is None:
            await waiters.first_of(events)
            return

        def wake(*_: object) -> None:
            waiters.wake("drain")

        beside.on("drain", wake)
        try:
            await waiters.first_of(events)
        finally:
            beside.remove_listener("drain", wake)

    # -- streams ---------------------------------------------------------------

    def pipe(self, destination: object = None, **options: object) -> None:
        """Emit 'error' with `ERR_STREAM_CANNOT_PIPE`, as Node does."""
        self._tell_error(StreamCannotPipeError())

    # -- the socket ------------------------------------------------------------

    @property
    def socket(self) -> Socket | None:
        """The Socket; None while queued behind other responses, and from 'finish' on."""
        return self._exchange.socket  # type: ignore[no-any-return]  # or the writable that the program has given

    @socket.setter
    def socket(self, value: Sink | None) -> None:
        self._move_to(value)

    connection = socket

    def _move_to(self, socket: Any) -> None:
        """Keep `socket` for `set_timeout` and `destroy`; nothing is written to it."""
        self._exchange = HeldSocket()
        self._exchange.coming = None if socket is None else WritableSink(socket)

    def set_timeout(self, msecs: Duration, callback: Callback | None = None) -> Self:
        """Emit 'timeout' after `msecs` without activity on the connection; 0 switches off.

        With no 'timeout' listener on request, response or server the connection is
        destroyed then.

        Args:
            msecs: milliseconds, or a `timedelta`.
            callback: becomes a listener of 'timeout'.

        Raises:
            InvalidArgTypeError, OutOfRangeError.
        """
        if callback is not None:
            if not callable(callback):
                raise InvalidArgTypeError("callback", "of type function", callback)
        socket = self.socket
        if not (self._writing is FLUSHED if socket is None else getattr(socket, "destroyed", False)):
            milliseconds(msecs, "msecs")
        if callback is not None:
            self.on("timeout", callback)
        if socket is not None:
            set_timeout_of(socket, msecs)
        elif self._writing is not FLUSHED:
            self.once("socket", lambda socket: set_timeout_of(socket, msecs))
        return self

    setTimeout = set_timeout
