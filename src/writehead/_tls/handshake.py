"""Handshake: the TLS handshake of an accepted connection, step by step, without a task.

    connection_made -> data_received … -> done: the server gets a TLSTransport
                                       -> failed: the server gets the error, the connection ends

The ClientHello is read first, so that OpenSSL begins with the context for its server name. A switch later
(`SSLObject.context`) would keep the verify mode, the tickets and the sessions of the first context.

Invariants: until the handshake is done no HTTP object exists, and nothing but TLS is written; the whole
handshake of a connection is made with one context.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextvars import Context
from typing import Any, Protocol

from writehead._loop import readiness
from writehead._loop.selector import untie
from writehead._loop.ticks import TickQueue, tick_queue
from writehead._loop.timers import IdleTimers
from writehead._node.contexts import run_in
from writehead._tls.client_hello import ClientHello
from writehead._tls.transport import TLSTransport
from writehead.errors import ConnectionLostError, HandshakeTimeoutError, SystemCallError, TLSError

#: An alert that `ssl` has no name for (RFC 7301, 3.2).
NO_APPLICATION_PROTOCOL = 120

#: Takes the context that a server name asks for (None: the server's own), or an error.
Answer = Callable[[BaseException | None, ssl.SSLContext | None], None]


class Shared(Protocol):
    """The config that the handshakes of a server share with its connections."""

    timers: IdleTimers
    copy_context: Callable[[], Context]


class HandshakeConfig:
    """What the handshakes of one server share; written by the server alone.

    - `shared`: the idle timers, and a factory of contexts for connections.
    - `context`: for a client that asks for no server name, or for one without a context of its own.
    - `timeout`: seconds for a whole handshake; 0: no limit.
    - `protocols`: for ALPN; empty: whatever a client offers is accepted.
    - `buffer`: where large reads go; all connections share it.
    - `has_names`: whether `find_context` is to be called.
    - `find_context(name, answer)`: call `answer` with the context for a server name, now or later.
    - `on_accept(handshake)`: count the connection and emit 'connection'; False if nothing is read of it.
    - `on_handshake(handshake, transport)`: the handshake is done.
    - `on_failed(handshake, error)`: the handshake has failed.
    - `on_gone(handshake)`: the connection has ended before the handshake was done.
    """

    __slots__ = (
        "buffer",
        "context",
        "find_context",
        "has_names",
        "on_accept",
        "on_failed",
        "on_gone",
        "on_handshake",
        "protocols",
        "shared",
        "timeout",
    )

    shared: Shared
    context: ssl.SSLContext
    timeout: float
    protocols: list[str]
    buffer: memoryview
    has_names: bool
    find_context: Callable[[str, Answer], object]
    on_accept: Callable[[Handshake], bool]
    on_handshake: Callable[[Handshake, TLSTransport], object]
    on_failed: Callable[[Handshake, BaseException], object]
    on_gone: Callable[[Handshake], object]


class Handshake(asyncio.Protocol):
    """The protocol of a connection until its handshake is done."""

    __slots__ = (
        "active_at",
        "_answered",
        "_asking",
        "_blocked",
        "_config",
        "_error",
        "_hello",
        "idle_after",
        "idle_fired",
        "idle_group",
        "_incoming",
        "_name",
        "_outgoing",
        "_over",
        "_own_context",
        "_ssl",
        "_ticks",
        "_used",
        "failed_channel",
        "raw",
        "raw_channel",
    )

    given = False  # by hand, not accepted by the server

    raw: Any  # the transport below

    def __init__(self, config: HandshakeConfig) -> None:
        self._config = config
        self.raw_channel: Any = None  # of the socket that listeners of 'connection' were given
        self.failed_channel: Any = None  # of the socket that listeners of 'clientError' were given
        self._over = False
        self._blocked = False
        self._error: BaseException | None = None
        self.idle_after = 0.0
        self.idle_fired = False
        self.idle_group = 0.0
        self.active_at = 0.0
        self._hello: ClientHello | None = ClientHello()  # until a context was chosen
        self._name = ""  # of the server, as the client asks for it
        self._asking = False  # `find_context` was called, and has not called back yet
        self._answered = False
        self._used: ssl.SSLContext
        self._own_context: Context | None = None

    @property
    def context(self) -> Context:
        """The context in which listeners and callbacks of this connection run; made at the first use."""
        if self._own_context is None:
            self._own_context = self._config.shared.copy_context()
        return self._own_context

    # -- called by the transport -----------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Start the timeout; the client sends first (RFC 8446, 2)."""
        self.raw = transport
        self._ticks: TickQueue = tick_queue()
        transport.set_write_buffer_limits(0)
        self._in_tick(self._begin)

    def _begin(self) -> None:
        config = self._config
        if not config.on_accept(self):
            self._over = True
            return
        self._use(config.context)
        if config.timeout:
            config.shared.timers.watch(self, config.timeout)

    def _use(self, context: ssl.SSLContext) -> None:
        """Begin the handshake with `context`."""
        self._used = context
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def data_received(self, data: bytes) -> None:
        """Pass data to the ClientHello, then to OpenSSL."""
        if self._over:
            return
        hello = self._hello
        if hello is None:
            self._in_tick(self._step, data)
        elif self._asking:
            hello.received += data  # a transport may pass on what it had read before the pause
        elif hello.feed(data):
            self._in_tick(self._on_hello, hello)

    def eof_received(self) -> bool:
        """Close the connection: the client has sent FIN before the handshake was done."""
        return False

    def pause_writing(self) -> None:
        """Note that the system took only a part of what was written."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Note that the system has all that was written."""
        self._blocked = False

    def connection_lost(self, exc: BaseException | None) -> None:
        """Notify the server, with an error if it was the client that left."""
        untie(self.raw)
        self._in_tick(self._go, exc)

    def _go(self, exc: BaseException | None) -> None:
        config = self._config
        left = not self._over and (self.raw_channel is None or not self.raw_channel.fate)
        self._end()
        config.on_gone(self)
        if left and isinstance(exc, OSError):
            config.on_failed(self, SystemCallError.from_oserror(exc, "read"))
        if self.raw_channel is not None:
            self.raw_channel.connection_lost(None)
        if left and not isinstance(exc, OSError):
            # Node: after the 'close' of the raw socket.
            self._ticks.later(config.on_failed, self, ConnectionLostError("socket hang up"))
            self._ticks.later(self._close_failed)
        else:
            self._close_failed()

    def _close_failed(self) -> None:
        if self.failed_channel is not None:
            self.failed_channel.connection_lost(None)

    def _in_tick(self, function: Callable[..., object], *args: Any) -> None:
        holds = self._ticks.hold()
        try:
            function(*args)
        finally:
            if holds:
                self._ticks.run()

    # -- the steps -------------------------------------------------------------

    def _step(self, data: bytes) -> None:
        self._incoming.write(data)
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._flush()  # the alert
            self._fail(TLSError.from_sslerror(error))
        else:
            self._finish()

    def _refuse(self, alert: int, error: BaseException) -> None:
        """Fail with an alert (RFC 8446, 6) before OpenSSL has written anything."""
        self.raw.write(bytes((21, 3, 3, 0, 2, 2, alert)))
        self._fail(error)

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.raw.write(self._outgoing.read())

    def _finish(self) -> None:
        """Hand the connection over to HTTP, with the data that has come for it already."""
        if self._lacks_certificate():
            self._fail(
                TLSError("ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", "the session has no client certificate")
            )
            return
        self._end()
        self._flush()
        transport = self._transport()
        transport.raw_channel = self.raw_channel
        transport.context = self._own_context
        self.raw.set_protocol(transport)
        self._config.on_handshake(self, transport)
        if self._blocked:
            transport.pause_writing()
        if self._incoming.pending and not transport.is_closing():
            transport.data_received(b"")

    def _lacks_certificate(self) -> bool:
        """Tell whether a required certificate is missing: OpenSSL asks no client that resumes a session.

        The session may be older than the requirement: a program may raise `verify_mode` of a context in use.
        """
        required = self._used.verify_mode == ssl.CERT_REQUIRED
        return required and not self._ssl.getpeercert(binary_form=True)

    def _fail(self, error: BaseException) -> None:
        self._end()
        self._config.on_failed(self, error)
        self.raw.abort()

    def failed_transport(self) -> TLSTransport:
        """Return the transport of the socket that listeners of a failed handshake get."""
        return self._transport()

    def _transport(self) -> TLSTransport:
        transport = TLSTransport(self.raw, self._config.buffer, self._ssl, self._incoming, self._outgoing)
        transport.server_name = self._name
        return transport

    @property
    def is_silent(self) -> bool:
        """Whether the client has sent nothing."""
        return self._hello is not None and not self._hello.received

    def abort(self) -> None:
        """Abort the connection without an error."""
        self._end()
        self.raw.abort()

    def _end(self) -> None:
        self._over = True
        self._hello = None
        if self.idle_after:
            self._config.shared.timers.forget(self)

    def on_idle(self) -> None:
        readiness.judge(self.raw, readiness.READ, lambda: not self._over, self._time_out)

    def _time_out(self) -> None:
        self._in_tick(self._fail, HandshakeTimeoutError())

    # -- the server name that the client asks for (RFC 6066, 3) ------------------

    def _on_hello(self, hello: ClientHello) -> None:
        """Choose the context for the server name, which may take time, then go on."""
        config = self._config
        if not (hello.name and config.has_names):
            self._answer_hello(None)
            return
        self._asking = True
        try:
            run_in(self.context, config.find_context, hello.name, self._answer)
        except Exception as error:
            self._answer(error, None)
        if not self._answered:
            self.raw.pause_reading()

    def _answer(self, error: BaseException | None, context: ssl.SSLContext | None) -> None:
        if self._answered or self._over:
            return
        self._answered = True
        self._error = error
        self._ticks.later(self._on_answer, context)

    def _on_answer(self, context: ssl.SSLContext | None) -> None:
        if self._over:
            return
        self._asking = False
        self.raw.resume_reading()
        if self._error is not None:
            self._refuse(ssl.ALERT_DESCRIPTION_INTERNAL_ERROR, self._error)
        else:
            self._answer_hello(context)

    def _answer_hello(self, context: ssl.SSLContext | None) -> None:
        """Begin the handshake with `context`, or with the one that its own `sni_callback` chooses."""
        hello, self._hello = self._hello, None
        assert hello is not None
        self._name = hello.name
        if context is not None and context is not self._used:
            self._use(context)
        for _ in range(2):
            try:
                switched = self._begin_with(hello)
            except Exception as error:
                self._refuse(ssl.ALERT_DESCRIPTION_INTERNAL_ERROR, error)
                return
            if switched is None:
                return
            self._use(switched)
        self._refuse(
            ssl.ALERT_DESCRIPTION_INTERNAL_ERROR,
            TLSError("ERR_SSL_CALLBACK_FAILED", "the sni_callback of the chosen context chose a third one"),
        )

    def _begin_with(self, hello: ClientHello) -> ssl.SSLContext | None:
        """Begin the handshake; return the context that the program's `sni_callback` has chosen instead."""
        if self._used.sni_callback is not None and not hello.name.isascii():
            # Python fails to decode it, and writes a traceback to standard error.
            error = TLSError("ERR_SSL_BAD_EXTENSION", f"the server name is not ASCII: {hello.name!r}")
            self._refuse(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME, error)
            return None
        self._incoming.write(hello.received)
        try:
            self._ssl.do_handshake()
        except ssl.SSLWantReadError:
            switched = self._ssl.context
            if switched is self._used and self._ssl.session_reused:
                switched = self._ask_own_callback(hello.name)
            if switched is not self._used:
                return switched
            if self._is_foreign(hello):
                text = f"no common protocol (ALPN): the client offers {hello.protocols!r} alone"
                self._refuse(NO_APPLICATION_PROTOCOL, TLSError("ERR_SSL_NO_APPLICATION_PROTOCOL", text))
                return None
        except ssl.SSLError as error:
            self._flush()  # the alert
            self._fail(TLSError.from_sslerror(error))
            return None
        self._flush()
        return None

    def _is_foreign(self, hello: ClientHello) -> bool:
        """Tell whether client and server have no protocol of ALPN in common; Python's `ssl` would go on."""
        served, offered = self._config.protocols, hello.protocols
        return bool(served and offered) and not any(each.encode() in offered for each in served)

    def _ask_own_callback(self, name: str) -> ssl.SSLContext:
        """Return the context that the `sni_callback` of the context in use chooses for `name`.

        For a session that is resumed in TLS 1.2, OpenSSL calls it with the session's name instead.
        """
        callback: Any = self._used.sni_callback
        if callback is None:
            return self._used
        asked = self._used.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
        alert = run_in(self.context, callback, asked, name or None, self._used)
        if alert is not None:
            raise TLSError("ERR_SSL_CALLBACK_FAILED", f"the sni_callback of the context refuses {name!r}")
        return asked.context
