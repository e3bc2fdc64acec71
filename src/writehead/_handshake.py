"""The TLS handshake of an accepted connection, step by step, without a task.

    connection_made -> data_received … -> done: the host gets a TLSTransport
                                       -> failed: the host gets the error, the connection ends

Law: until the handshake is done no HTTP object exists, and nothing but TLS is written.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextvars import Context
from typing import Any, Protocol

from writehead import _late
from writehead._clock import IdleTimers
from writehead._contexts import run_in
from writehead._tls import TLSTransport
from writehead._turns import Turns, turns
from writehead.errors import ConnectionLostError, HandshakeTimeoutError, SystemCallError, TLSError

#: Takes the context that a server name asks for (None: the server's own), or an error.
Answer = Callable[[BaseException | None, ssl.SSLContext | None], None]


class Host(Protocol):
    """What a handshake needs of its server."""

    _copy_context: Callable[[], Context]
    _timers: IdleTimers
    _handshake_seconds: float
    _context: ssl.SSLContext
    _room: memoryview  # where its connections read to
    _shaking: Handshake | None  # whose step it is, for the callback of a server name

    def _on_knock(self, handshake: Handshake) -> bool: ...
    def _on_handshake(self, handshake: Handshake, transport: TLSTransport) -> None: ...
    def _on_handshake_failed(self, handshake: Handshake, error: BaseException) -> None: ...
    def _on_handshake_gone(self, handshake: Handshake) -> None: ...
    def _find_context(self, name: str, answer: Answer) -> None: ...


class Handshake(asyncio.Protocol):
    """The protocol of a connection until its handshake is done."""

    __slots__ = (
        "_active_at",
        "_answered",
        "_asking",
        "_blocked",
        "_chosen",
        "_error",
        "_host",
        "_idle_after",
        "_idle_fired",
        "_idle_group",
        "_incoming",
        "_outgoing",
        "_over",
        "_own_context",
        "_seen",
        "_ssl",
        "_turns",
        "failed_socket",
        "raw",
        "raw_socket",
    )

    raw: Any  # the transport below

    def __init__(self, host: Host) -> None:
        self._host = host
        self.raw_socket: Any = None  # what listeners of 'connection' were given
        self.failed_socket: Any = None  # what listeners of 'clientError' were given
        self._over = False
        self._blocked = False
        self._error: BaseException | None = None
        self._idle_after = 0.0
        self._idle_fired = False
        self._idle_group = 0.0
        self._active_at = 0.0
        self._seen = b""  # all that came, to be read again with another context
        self._asking = False  # a context was asked for, and nobody has answered yet
        self._answered = False
        self._chosen: ssl.SSLContext | None = None
        self._own_context: Context | None = None

    @property
    def context(self) -> Context:
        """What code of the user's runs in that is called for this connection; made when there is some."""
        if self._own_context is None:
            self._own_context = self._host._copy_context()
        return self._own_context

    # -- what the transport says -----------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Start the clock; the client speaks first (RFC 8446, 2)."""
        self.raw = transport
        self._turns: Turns = turns()
        transport.set_write_buffer_limits(0)
        self._in_turn(self._begin)

    def _begin(self) -> None:
        host = self._host
        if not host._on_knock(self):
            self._over = True
            return
        self._make_ssl()
        if host._handshake_seconds:
            host._timers.watch(self, host._handshake_seconds)

    def _make_ssl(self) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = self._host._context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def data_received(self, data: bytes) -> None:
        """Take a step."""
        if not self._over:
            self._seen += data
            if not self._asking:
                self._in_turn(self._step, data)

    def eof_received(self) -> bool:
        """End the connection: the client has gone before it was set up."""
        return False

    def pause_writing(self) -> None:
        """Note that the system took only a part."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Note that the system has all that was written."""
        self._blocked = False

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tell the host, as an error if it was the client that left."""
        self._in_turn(self._go, exc)

    def _go(self, exc: BaseException | None) -> None:
        host = self._host
        left = not self._over and (self.raw_socket is None or not self.raw_socket.destroyed)
        self._end()
        host._on_handshake_gone(self)
        if left and isinstance(exc, OSError):
            host._on_handshake_failed(self, SystemCallError.from_oserror(exc, "read"))
        if self.raw_socket is not None:
            self.raw_socket.connection_lost(None)
        if left and not isinstance(exc, OSError):
            # Node: behind the 'close' of the raw socket.
            self._turns.later(host._on_handshake_failed, self, ConnectionLostError("socket hang up"))
            self._turns.later(self._close_failed)
        else:
            self._close_failed()

    def _close_failed(self) -> None:
        if self.failed_socket is not None:
            self.failed_socket.connection_lost(None)

    def _in_turn(self, function: Callable[..., object], *args: Any) -> None:
        mine = self._turns.hold()
        try:
            function(*args)
        finally:
            if mine:
                self._turns.run()

    # -- the steps -------------------------------------------------------------

    def _step(self, data: bytes) -> None:
        host = self._host
        self._incoming.write(data)
        host._shaking = self
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            if self._asking:
                self.raw.pause_reading()  # what OpenSSL wished to say of it is not sent
                return
            self._flush()  # the alert
            self._fail(self._error or TLSError.from_sslerror(error))
        else:
            self._finish()
        finally:
            host._shaking = None

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.raw.write(self._outgoing.read())

    def _finish(self) -> None:
        """Hand the connection over to HTTP, with what has come for it already."""
        self._end()
        self._flush()
        transport = self._transport()
        transport.raw_socket = self.raw_socket
        transport.context = self._own_context
        self.raw.set_protocol(transport)
        self._host._on_handshake(self, transport)
        if self._blocked:
            transport.pause_writing()
        if self._incoming.pending and not transport.is_closing():
            transport.data_received(b"")

    def _fail(self, error: BaseException) -> None:
        self._end()
        self._host._on_handshake_failed(self, error)
        self.raw.abort()

    def failed_transport(self) -> TLSTransport:
        """Return what a socket may stand on that tells of a failed handshake."""
        return self._transport()

    def _transport(self) -> TLSTransport:
        return TLSTransport(self.raw, self._host._room, self._ssl, self._incoming, self._outgoing)

    def cut(self) -> None:
        """End the connection; nobody is told of an error."""
        self._end()
        self.raw.abort()

    def _end(self) -> None:
        self._over = True
        self._seen = b""
        if self._idle_after:
            self._host._timers.forget(self)

    def _on_idle(self) -> None:
        _late.judge(self.raw, _late.READ, lambda: not self._over, self._time_out)

    def _time_out(self) -> None:
        self._in_turn(self._fail, HandshakeTimeoutError())

    # -- the name that the client asks for (RFC 6066, 3) -------------------------

    def on_server_name(self, name: str) -> int | None:
        """Choose the context for `name`, inside OpenSSL's reading of the ClientHello.

        Where the answer takes its time this attempt is given up, and the handshake begins
        again with the same bytes once it is there: OpenSSL cannot be made to wait.

        Returns:
            None to go on, or an alert that ends the attempt.
        """
        if not self._answered:
            try:
                run_in(self.context, self._host._find_context, name, self._answer)
            except Exception as error:
                self._answer(error, None)
        if not self._answered:
            self._asking = True
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        if self._error is not None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        if self._chosen is not None:
            self._ssl.context = self._chosen
        return None

    def _answer(self, error: BaseException | None, context: ssl.SSLContext | None) -> None:
        if self._answered or self._over:
            return
        self._answered = True
        self._error = error
        self._chosen = context
        if self._asking:
            self._asking = False
            self._turns.later(self._again)

    def _again(self) -> None:
        if self._over:
            return
        self.raw.resume_reading()
        self._make_ssl()
        self._step(self._seen)
