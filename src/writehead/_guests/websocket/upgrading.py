"""Upgrading: one handshake that a WebSocketServer answers.

    behind earlier responses -> check -> verify_client -> handle_protocols -> 'headers' -> 101
                                    `-> refusal -----------------------------------------> closed

Invariant: a client that leaves meanwhile ends it; no function of the program is called after that.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from writehead._connection.upgraded import behind_responses
from writehead._guests.websocket.checking import offer_of, refuses, upgraded_by
from writehead._guests.websocket.option_types import VerifyInfo
from writehead._guests.websocket.refusal import (
    CLOSING,
    FAILED,
    WRONG_PATH,
    Refusal,
    not_verified,
)
from writehead._guests.websocket.web_socket import WebSocket
from writehead._message.incoming import IncomingMessage
from writehead._net.socket import Socket, channel_of
from writehead._node.contexts import run_in
from writehead._node.failure_log import log_failure
from writehead._node.signatures import most_arguments
from writehead._semantics.fields import check_text
from writehead.errors import (
    ConnectionLostError,
    InvalidArgValueError,
    WebSocketError,
)

if TYPE_CHECKING:
    from writehead._guests.websocket.connection import Connection
    from writehead._guests.websocket.handshake import Offer
    from writehead._guests.websocket.web_socket_server import WebSocketServer

_tasks: set[asyncio.Task[None]] = set()


class Upgrading:
    """One handshake.

    Args:
        server: whose options and events it follows.
        request: the request of the handshake.
        socket: its connection.
        head: what came behind the request.
        on_open: called with the WebSocket, when it is open.
        on_refused: called with the error, if it is refused or the client leaves.
    """

    _connection: Connection | None = None
    _offer: Offer
    _verified = False  # `verify_client` has said whether it may connect

    def __init__(
        self,
        server: WebSocketServer,
        request: IncomingMessage,
        socket: Socket,
        head: bytes,
        on_open: Callable[[WebSocket], object],
        on_refused: Callable[[BaseException], object],
    ) -> None:
        self._server = server
        self._request = request
        self._socket = socket
        self._head = head
        self._on_open = on_open
        self._on_refused = on_refused
        self._raw = upgraded_by(socket)
        self._over = False

    def begin(self) -> None:
        """Answer the handshake, now or when earlier responses are sent."""
        if self._socket.destroyed:
            self._on_refused(ConnectionLostError())
            return
        if channel_of(self._socket).owner is not None:
            self._socket.once("close", self._lose)
        behind_responses(self._socket, self._check)

    def _lose(self, *_: object) -> None:
        if not self._over:
            self._over = True
            self._on_refused(ConnectionLostError())

    def _check(self) -> None:
        """Refuse what is broken or unwanted, without a function of the program but `should_handle`."""
        if self._over or self._socket.destroyed:
            return
        refusal = self._find_fault()
        if refusal is None:
            self._take_over()
            self._verify()
            return
        error = _error_of(refusal)
        tells = refusal.status in (400, 426) and refusal is not WRONG_PATH
        if tells and self._server._notify_client_error(error, self._socket, self._request):
            self._over = True
            self._on_refused(error)
        else:
            self._refuse(refusal)

    def _find_fault(self) -> Refusal | None:
        request, server = self._request, self._server
        offer = offer_of(request, self._raw.config, server._connection_options.origins)
        if isinstance(offer, Refusal):
            return offer
        self._offer = offer
        if server._closing:
            return CLOSING
        if not run_in(request._listener_context, server.should_handle, request):
            return WRONG_PATH
        return None

    def _take_over(self) -> None:
        from writehead._guests.websocket.connection import Connection

        options = self._server._connection_options
        self._connection = Connection(self._socket, self._raw.config, options, self)
        self._connection.begin(self._head)

    # -- the program decides -------------------------------------------------------------

    def _verify(self) -> None:
        verify: Any = self._server._verify_client
        if verify is None:
            self._choose_protocol()
            return
        socket = self._socket
        origin = self._request.headers.get("origin")
        info = VerifyInfo(origin, self._request, bool(socket.encrypted))
        if most_arguments(verify) == 2:
            self._call(verify, (info, self._done), lambda _: None)
        else:
            self._call(verify, (info,), lambda ok: self._done(bool(ok)))

    def _done(
        self,
        ok: object,
        code: int = 401,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Let the client in, or refuse it; what `verify_client` calls."""
        refusal = None if ok else not_verified(code, message, headers)
        if self._over or self._verified:
            return
        self._verified = True
        if refusal is None:
            self._choose_protocol()
        else:
            self._refuse(refusal)

    def _choose_protocol(self) -> None:
        protocols = self._offer.protocols
        choose = self._server._handle_protocols
        if choose is None or not protocols:
            self._accept(protocols[0] if protocols else None)
        else:
            self._call(choose, (protocols[:], self._request), self._accept)

    def _call(
        self, function: Callable[..., Any], args: tuple[Any, ...], then: Callable[[Any], object]
    ) -> None:
        """Call a function of the program, and `then` with what it returns or awaits; if it fails, refuse."""
        try:
            result = run_in(self._request._listener_context, function, *args)
        except Exception as error:
            self._fail(error, function)
            return
        if inspect.isawaitable(result):
            loop = asyncio.get_running_loop()
            task = loop.create_task(
                self._await(result, function, then), context=self._request._listener_context
            )
            _tasks.add(task)
            task.add_done_callback(_tasks.discard)
        elif not self._over:
            then(result)

    async def _await(
        self, result: Awaitable[Any], function: Callable[..., Any], then: Callable[[Any], object]
    ) -> None:
        try:
            value = await result
        except (Exception, asyncio.CancelledError) as error:
            self._fail(error, function)
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        if not self._over:
            then(value)

    def _fail(self, error: BaseException, function: Callable[..., Any]) -> None:
        name = getattr(function, "__name__", "callback")
        log_failure(error, name, self._server, self._request, self._socket)
        if not self._over:
            self._refuse(FAILED)

    # -- the answer ------------------------------------------------------------------------

    def _accept(self, protocol: Any) -> None:
        try:
            if protocol and protocol not in self._offer.protocols:
                reason = f"must be one that was offered: {', '.join(self._offer.protocols)}"
                raise InvalidArgValueError("protocol", protocol, reason)
            if refuses(self._raw.config) or self._server._closing:
                self._refuse(CLOSING)
                return
            self._open(protocol or "")
        except Exception as error:
            self._fail(error, self._server._handle_protocols or self._accept)

    def _open(self, protocol: str) -> None:
        from writehead._guests.websocket import deflate, handshake

        server, offer = self._server, self._offer
        options = server._connection_options.deflate
        agreed = None if options is None else deflate.agree(offer.extensions, options)
        extensions, extension = (None, None) if agreed is None else agreed
        lines = handshake.lines_of(offer.key, protocol, extensions)
        server._notify_in(self._request._listener_context, "headers", lines, self._request)
        head = handshake.head_of([check_text(each, "handshake headers") for each in lines])
        ws = server._make_web_socket()
        connection = self._connection
        assert connection is not None
        self._over = True
        ws._open(connection, self._request, protocol)
        connection.accept(head, extension)
        server._add_client(ws)
        self._on_open(ws)

    def _refuse(self, refusal: Refusal) -> None:
        self._over = True
        if self._connection is None:
            refusal.answer(self._socket)
        else:
            self._connection.refuse(refusal.render())
        self._on_refused(_error_of(refusal))

    # -- the face of the connection before it is open: only its loss is of interest ------------

    def _on_messages(self, messages: list[str | bytes]) -> None:
        raise AssertionError

    def _on_ping(self, data: bytes) -> None:
        raise AssertionError

    _on_pong = _on_ping

    def _on_fault(self, error: WebSocketError) -> None:
        raise AssertionError

    def _on_drain(self) -> None:
        raise AssertionError

    def _on_closing(self) -> None:
        """Do nothing: it is not open."""

    def _on_gone(self, lost: BaseException | None) -> None:
        self._lose()


def _error_of(refusal: Refusal) -> WebSocketError:
    return WebSocketError("ERR_WEBSOCKET_HANDSHAKE", refusal.text, status=refusal.status)
