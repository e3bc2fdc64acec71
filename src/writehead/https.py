"""Node's `https` for Python: the server of `http` over TLS.

Source: https://nodejs.org/api/https.html
"""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import re
import ssl
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from writehead._connection.http1 import Connection
from writehead._connection.link import Link
from writehead._net.socket import Socket, channel_of
from writehead._node import option_names, spelling, validators
from writehead._node.callbacks import Callback
from writehead._node.signatures import typed_as
from writehead._server.given import GivenHandshake, give
from writehead._server.lifecycle import CloseCallback
from writehead._server.option_types import SecureContextOptions, SecureServerOptions, ServerOptions
from writehead._server.options import OPTIONS, is_known
from writehead._server.server import Server as PlainServer
from writehead._tls.context import CONTEXT, REFUSED, check_demand, given, make_context, with_certificate
from writehead._tls.handshake import Answer, Handshake, HandshakeConfig
from writehead._tls.records import PIECE
from writehead._tls.transport import TLSTransport
from writehead.errors import (
    HandshakeTimeoutError,
    InvalidArgTypeError,
    InvalidArgValueError,
    ServerNameRequiredError,
)
from writehead.errors.received import Secret, harmless

if TYPE_CHECKING:
    from writehead._server.secure_server_emitter import SecureServerEmitter
else:  # the same, without the types of its events
    SecureServerEmitter = PlainServer

__all__ = ["SecureContextOptions", "SecureServerOptions", "Server", "createServer", "create_server"]

_NOTHING: SecureContextOptions = {}

#: The TLS options of a server; the others are those of `http`.
_OPTIONS = frozenset(
    (
        *CONTEXT,
        *REFUSED,
        "request_cert",
        "reject_unauthorized",
        "alpn_protocols",
        "sni_callback",
        "handshake_timeout",
    )
)


def _of_http(options: Mapping[str, Any]) -> ServerOptions:
    """Return the options that `http.Server` has."""
    found = {name: value for name, value in options.items() if is_known(name)}
    return cast("ServerOptions", found)  # each value is checked where it is read


def _of_tls(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other options: those of TLS, and unknown ones."""
    return {name: value for name, value in options.items() if not is_known(name)}


class Server(SecureServerEmitter):
    """An HTTP/1 server over TLS.

    Events: those of `http.Server`, of which 'connection' gives the raw socket before the
    handshake; 'secureConnection' (socket) when the handshake is done; 'tlsClientError'
    (error, socket) when it failed, behind a 'clientError' of the same.

    Args:
        options: a mapping of options, or the handler.
        handler: a listener of 'request'.
        keywords: options by keyword; see `create_server`.

    Source: https://nodejs.org/api/https.html#class-httpsserver
    """

    def __init__(
        self,
        options: SecureServerOptions | Callback | None = None,
        handler: Callback | None = None,
        **keywords: Unpack[SecureServerOptions],
    ) -> None:
        if callable(options) and not isinstance(options, Mapping):
            options, handler = None, options
        if options is not None and not isinstance(options, Mapping):
            raise InvalidArgTypeError("options", "a mapping", Secret(options))
        if handler is not None and not callable(handler):
            raise InvalidArgTypeError("handler", "of type function", Secret(handler))
        tls, more = _of_tls(options or {}), _of_tls(keywords)
        for name in (*tls, *more):
            if spelling.snake(str(name)) not in _OPTIONS and spelling.snake(str(name)) not in REFUSED:
                known = {*_OPTIONS, *OPTIONS}
                raise option_names.unknown("an https server", name, known, option_names.NOT_OF_TLS_SERVERS)
        secure = with_certificate(given(tls, more, more=_OPTIONS))
        super().__init__(_of_http(options or {}), handler, **_of_http(keywords))
        self._handshake = self._make_handshake_config()
        self._make_connection = partial(Handshake, self._handshake)
        timeout = secure.get("handshake_timeout", 120_000)
        if not isinstance(timeout, dt.timedelta):
            timeout = harmless(timeout)
        self._handshake.timeout = validators.milliseconds(timeout, "handshake_timeout") / 1000
        self._ask(secure)
        self._handshake.protocols = _alpn(secure.get("alpn_protocols"))
        self._name_callback = _name_callback(secure.get("sni_callback"))
        self._handshake.has_names = self._name_callback is not None
        self._named: list[tuple[re.Pattern[str], ssl.SSLContext]] = []
        self._made_of_options: list[ssl.SSLContext] = []  # these use the server's `verify_mode`
        self._handshake.buffer = memoryview(bytearray(PIECE))
        self._handshakes: set[Handshake] = set()
        check_demand(secure.get("ssl_context"), self._asked)
        self._use(secure)

    def _make_handshake_config(self) -> HandshakeConfig:
        """Make the configuration of handshakes, with the callbacks of this server."""
        config = HandshakeConfig()
        config.shared = self._config
        config.find_context = self._find_context
        config.on_accept = self._on_handshake_begun
        config.on_handshake = self._on_handshake
        config.on_failed = self._on_handshake_failed
        config.on_gone = self._on_handshake_gone
        return config

    # -- certificates ----------------------------------------------------------

    def set_secure_context(
        self,
        options: SecureContextOptions | ssl.SSLContext = _NOTHING,
        **keywords: Unpack[SecureContextOptions],
    ) -> None:
        """Use another certificate for new connections; open ones keep theirs.

        Args:
            options: `key`, `cert` and the others of `create_server` that make a context (those
                not given revert to their defaults), or an `ssl.SSLContext`.
            keywords: the same by keyword.

        Raises:
            InvalidArgTypeError, InvalidArgValueError, TLSError: as for `create_server`; the
                old certificate stays in use.
        """
        if options is _NOTHING and not keywords:
            raise InvalidArgTypeError("options", "a mapping or an ssl.SSLContext", None)
        self._use(given(options, keywords))

    setSecureContext = set_secure_context

    def add_context(
        self,
        hostname: str,
        context: SecureContextOptions | ssl.SSLContext = _NOTHING,
        **keywords: Unpack[SecureContextOptions],
    ) -> None:
        """Use `context` for clients that ask for `hostname` (SNI); if several match, the one added last.

        Args:
            hostname: a name in which `*` stands for any part without a dot.
            context: options that make a context, or an `ssl.SSLContext`.
            keywords: the same by keyword.

        Raises:
            ServerNameRequiredError: the name is empty.
            InvalidArgTypeError, InvalidArgValueError, TLSError: as for `create_server`.
        """
        if not hostname:
            raise ServerNameRequiredError
        if not isinstance(hostname, str):
            raise InvalidArgTypeError("hostname", "of type str", harmless(hostname))
        pattern = re.compile(re.escape(hostname).replace(r"\*", "[^.]*"), re.IGNORECASE)
        options = given(context, keywords)
        made = self._made(options)
        self._named.append((pattern, made))
        self._handshake.has_names = True
        if "ssl_context" not in options:
            self._made_of_options.append(made)

    addContext = add_context

    def _use(self, options: Mapping[str, Any]) -> None:
        self._handshake.context = context = self._made(options)
        self._demand = context.verify_mode
        for each in self._made_of_options:
            each.verify_mode = max(each.verify_mode, self._demand)

    def _ask(self, options: Mapping[str, Any]) -> None:
        """Ask clients for certificates as `request_cert` and `reject_unauthorized` say, from the next context on."""
        self._asked = _verify_mode(options)
        self._demand = ssl.CERT_NONE if self._asked is None else self._asked

    def _made(self, options: Mapping[str, Any]) -> ssl.SSLContext:
        """Make the context of `options`; an `ssl_context` among them may require client certificates itself."""
        ask = self._asked if "ssl_context" in options else self._demand
        return make_context(options, ask, self._handshake.protocols)

    def _find_context(self, name: str, answer: Answer) -> None:
        """Call `answer` with the context for `name`, now or later."""
        if self._name_callback is not None:
            self._name_callback(name, self._reader(answer))
            return
        for pattern, context in reversed(self._named):
            if pattern.fullmatch(name):
                answer(None, context)
                return
        answer(None, None)

    def _reader(self, answer: Answer) -> Callable[[Any, Any], None]:
        """Return a callback that turns the result of `sni_callback` into a context and calls `answer` with it."""

        def read(error: Any, found: Any = None) -> None:
            context = None
            if error is None and found is not None:
                try:
                    context = self._made(given(found, {}))
                except Exception as exc:
                    error = exc
            answer(error, context)

        return read

    # -- connections -----------------------------------------------------------

    @typed_as(SecureServerEmitter.emit)
    def emit(self, name: Hashable, *args: Any) -> bool:
        """Call the listeners of `name` with `args`; serve a given stream, as `http.Server.emit` does.

        With 'connection' its TLS handshake begins; with 'secureConnection' the handshake is already done
        (on a `Socket` of an https server, a transport of asyncio), and HTTP begins.

        Source: https://nodejs.org/api/tls.html#event-connection
        """
        if name != "secureConnection" or not args:
            return super().emit(name, *args)
        give(self._config, args[0], super()._make_given)
        return True

    def _make_given(self) -> asyncio.BaseProtocol:
        return GivenHandshake(self._handshake, self._config)

    def _on_handshake_begun(self, handshake: Handshake) -> bool:
        """Count a connection, and emit 'connection' before anything is read."""
        self._connection_count += 1
        limit = self.max_connections
        over = limit is not None and self._connection_count > limit
        dropped = over and not (handshake.given or self._makes_room)
        if handshake.raw_channel is None and (dropped or self.listener_count("connection")):
            handshake.raw_channel = channel_of(Socket(handshake.raw, self._config))
            handshake.raw_channel.own_context = handshake.context
        if dropped:
            self._drop(handshake.raw_channel)
            return False
        self._handshakes.add(handshake)
        if self._config.closing and not self._config.keeps_idle:
            handshake.abort()
            return False
        if handshake.raw_channel is not None:
            self._notify_in(handshake.context, "connection", handshake.raw_channel.socket)
        return True

    def _on_handshake(self, handshake: Handshake, transport: TLSTransport) -> None:
        """Begin HTTP on a connection whose handshake is done."""
        self._handshakes.discard(handshake)
        connection = Connection(self._config)
        transport.set_protocol(connection)
        connection.connection_made(transport)

    def _on_accept(self, connection: Link) -> bool:
        socket, channel = connection.socket, connection.channel
        if connection.given:
            self._connection_count += 1
        else:
            channel.own_context = channel.transport.context
        self._connections.add(connection)
        if self._config.closing and (connection.given or self._config.drain):
            self._admit_late(connection)
        if not self.no_delay:
            socket.set_no_delay(False)
        if self.keep_alive:
            socket.set_keep_alive(True, self.keep_alive_initial_delay * 1000)
        self._notify_in(channel.context, "secureConnection", socket)
        return True

    def _on_handshake_failed(self, handshake: Handshake, error: BaseException) -> None:
        """Emit 'clientError' and 'tlsClientError' for a failed handshake, if they have listeners."""
        if not (self.listener_count("clientError") or self.listener_count("tlsClientError")):
            return
        socket = Socket(handshake.failed_transport(), self._config)
        channel = channel_of(socket)
        channel.own_context = handshake.context
        handshake.failed_channel = channel
        if not isinstance(error, HandshakeTimeoutError):  # Node: after a timeout the socket is still open
            socket.destroy()
            channel.errored = error
        self._notify_in(handshake.context, "clientError", error, socket)
        self._notify_in(handshake.context, "tlsClientError", error, socket)
        socket.destroy()

    def _on_handshake_gone(self, handshake: Handshake) -> None:
        self._handshakes.discard(handshake)
        self._on_socket_gone()

    def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None:
        super()._listener_failed(error, event, args)
        if event == "secureConnection":
            args[0].destroy(error if isinstance(error, Exception) else None)
        elif event == "tlsClientError":
            args[1].destroy()

    def close(self, callback: CloseCallback | None = None) -> Self:
        """Stop accepting connections, as `http.Server.close`; unfinished handshakes are aborted.

        Args:
            callback: called at 'close', with ServerNotRunningError if it did not listen.
        """
        super().close(callback)
        if not self._config.drain:
            self._abort_handshakes()
        return self

    def close_all_connections(self) -> None:
        """Close every connection and every handshake at once, busy or not, except upgraded ones."""
        super().close_all_connections()
        self._abort_handshakes()

    closeAllConnections = close_all_connections

    def _abort_handshakes(self) -> None:
        for handshake in list(self._handshakes):
            handshake.abort()

    @property
    def _half_open(self) -> int:
        return len(self._handshakes)

    def _end_idle(self) -> None:
        super()._end_idle()
        for handshake in list(self._handshakes):
            if handshake.is_silent:
                handshake.abort()

    def _cut(self) -> None:
        super()._cut()
        self._abort_handshakes()


def _verify_mode(options: Mapping[str, Any]) -> ssl.VerifyMode | None:
    """Return whether clients need a certificate; None leaves it to an `ssl_context`."""
    if "request_cert" not in options:
        return None
    if not options["request_cert"]:
        return ssl.CERT_NONE
    # Node: any value but False rejects.
    return ssl.CERT_OPTIONAL if options.get("reject_unauthorized") is False else ssl.CERT_REQUIRED


def _alpn(protocols: Any) -> list[str]:
    if protocols is None:
        return ["http/1.1"]
    if not isinstance(protocols, (list, tuple)):
        raise InvalidArgTypeError("alpn_protocols", "a list of str", harmless(protocols))
    return [_protocol(each, protocols) for each in protocols]


def _protocol(name: Any, protocols: Any) -> str:
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    if not isinstance(name, str):
        raise InvalidArgTypeError("alpn_protocols", "a list of str", harmless(name))
    if not (0 < len(name) < 256 and name.isascii()):  # RFC 7301, 3.1; Python's `ssl` takes ASCII alone
        reason = "must have names of 1 to 255 bytes of ASCII"
        raise InvalidArgValueError("alpn_protocols", harmless(protocols), reason)
    return name


def _name_callback(callback: Any) -> Callable[[str, Callable[..., None]], None] | None:
    """Return `callback` in Node's form, `callback(name, answer)`, also if it returns its result.

    Raises:
        InvalidArgTypeError: it cannot be called.
    """
    if callback is None:
        return None
    if not callable(callback):
        raise InvalidArgTypeError("sni_callback", "of type function", harmless(callback))
    try:
        inspect.signature(callback).bind("name", None)
    except TypeError:
        return _returning(callback)
    return callback  # type: ignore[no-any-return]  # `bind` has checked that


def _returning(callback: Callable[[str], Any]) -> Callable[[str, Callable[..., None]], None]:
    async def wait(result: Any, answer: Callable[..., None]) -> None:
        try:
            answer(None, await result)
        except Exception as error:
            answer(error)

    def ask(name: str, answer: Callable[..., None]) -> None:
        result = callback(name)
        if inspect.isawaitable(result):
            task = asyncio.get_running_loop().create_task(wait(result, answer))
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
        else:
            answer(None, result)

    return ask


_tasks: set[asyncio.Task[None]] = set()


def create_server(
    options: SecureServerOptions | Callable[..., object] | None = None,
    handler: Callable[..., object] | None = None,
    **keywords: Unpack[SecureServerOptions],
) -> Server:
    """Make an HTTPS server that does not listen yet.

    It takes the options of `http.create_server` and, in either spelling, those of TLS:

    - `key`, `cert`: PEM as `str` or bytes, or the path of a PEM file; lists of these for
      more than one certificate. A `str` is PEM if it has a "-----BEGIN". `passphrase`
      opens an encrypted key. A `cert` may hold its key.
    - `ca`, `crl`: the authorities whose client certificates are trusted, and revocation lists;
      PEM or paths. Without `ca`, the authorities that the system trusts.
    - `request_cert` (False): ask clients for a certificate. `reject_unauthorized` (True):
      refuse clients without one. One that cannot be verified is always refused.
    - `ssl_context`: an `ssl.SSLContext` in place of all these. The server sets its ALPN
      protocols, and its `verify_mode` if `request_cert` requires a higher one.
    - `sni_callback`: `f(name)`, which returns or awaits the context, or `f(name, answer)`,
      which calls `answer(error, context)`. The context is an `ssl.SSLContext`, a mapping of
      options, or None for the server's own.
    - `min_version` ("TLSv1.2"), `max_version` ("TLSv1.3"), `ciphers`, `ecdh_curve`, `dhparam`,
      `honor_cipher_order`, `secure_options`: as in Node, or `ssl.TLSVersion`.
    - `alpn_protocols` (["http/1.1"]).
    - `handshake_timeout` (120000 ms; 0: no limit): for the whole handshake.

    Args:
        options: a mapping of options in either spelling, or the handler.
        handler: a plain or `async def` function of `(req, res)`: a listener of 'request'.
        keywords: options in Python spelling; durations in milliseconds.

    Raises:
        InvalidArgTypeError, InvalidArgValueError, OutOfRangeError, InvalidProtocolVersionError:
            an option of a wrong type or value, or one that Python does not support (`pfx`).
        TLSError: a key or certificate that OpenSSL refuses.
        FileNotFoundError, PermissionError: a path that cannot be read.

    Source: https://nodejs.org/api/https.html#httpscreateserveroptions-requestlistener,
    https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener
    """
    return Server(options, handler, **keywords)


createServer = create_server
