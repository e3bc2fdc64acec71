"""WebSocketServer: takes the handshakes of a server, in the manner of npm's `ws`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Unpack

from writehead._guests.websocket.frames import BINARY, WHOLE_BINARY, WHOLE_TEXT, frame
from writehead._guests.websocket.option_types import WebSocketOptions, WebSocketServerOptions
from writehead._guests.websocket.options import (
    NOT_OF_WEBSOCKETS,
    SHARED,
    Check,
    connection_options,
    read_options,
)
from writehead._guests.websocket.places import EmptyPlace, Place
from writehead._guests.websocket.sending import message_of
from writehead._guests.websocket.upgrading import Upgrading
from writehead._guests.websocket.web_socket import Outcome, WebSocket
from writehead._loop.ticks import later
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._net.addresses import AddressInfo
from writehead._net.socket import Socket
from writehead._node import validators
from writehead._node.callbacks import Callback
from writehead._node.failure_log import log_failure
from writehead._node.spelling import snake
from writehead._server.server import Server
from writehead.errors import (
    InvalidArgTypeError,
    InvalidArgValueError,
    ServerNotRunningError,
    WebSocketError,
)
from writehead.events import EventEmitter

if TYPE_CHECKING:
    from writehead._guests.websocket.web_socket_server_emitter import WebSocketServerEmitter
    from writehead._node.argument_types import Chunk
else:  # the same, without the types of its events
    WebSocketServerEmitter = EventEmitter

#: Clients for which more bytes than this wait are left out of a broadcast.
MOST_WAITING = 1024 * 1024


class WebSocketServer(WebSocketServerEmitter):
    """Takes the WebSocket handshakes of an HTTP server, of a server of its own, or those that it is given.

    Events: 'connection' (ws, req), 'headers' (lines, req) before a handshake is accepted, 'listening', 'error'
    (error), 'close', 'wsClientError' (error, socket, req): its listener answers a handshake that is broken.

    Args:
        options: a mapping of options: one of `server`, `port` and `no_server`, and others.
        callback: a one-time listener of 'listening'.
        keywords: options by keyword; durations in milliseconds.

    Raises:
        InvalidArgTypeError, InvalidArgValueError, OutOfRangeError, UnknownOptionError: an option is wrong.

    Source: https://github.com/websockets/ws/blob/master/doc/ws.md#class-websocketserver
    """

    _argument_counts: Mapping[Hashable, float] = {
        "close": 0,
        "connection": 2,
        "error": 1,
        "headers": 2,
        "listening": 0,
        "newListener": 2,
        "removeListener": 2,
        "wsClientError": 3,
    }

    def __init__(
        self,
        options: WebSocketServerOptions | None = None,
        callback: Callback | None = None,
        **keywords: Unpack[WebSocketServerOptions],
    ) -> None:
        kept = read_options(_OWNER, options, keywords, _CHECKS, NOT_OF_WEBSOCKETS)
        self._options = _Options({**_DEFAULTS, **kept})
        if sum((bool(kept.get("server")), "port" in kept, bool(kept.get("no_server")))) != 1:
            reason = 'must have one and only one of "port", "server" and "no_server"'
            raise InvalidArgValueError("options", kept, reason)
        self._listener_context = copy_context()
        self._connection_options = connection_options(kept)
        self._verify_client: Callback | None = kept.get("verify_client")
        self._handle_protocols: Callback | None = kept.get("handle_protocols")
        self._clients: set[WebSocket] | None = set() if self._options["client_tracking"] else None
        self._open_count = 0
        self._closing = self._closed = False
        self._closers: list[asyncio.Future[None]] = []
        self._places: list[Place | EmptyPlace] = []
        self._server: Server | None = kept.get("server")
        self._owns_server = "port" in kept
        if callback is not None:
            self.once("listening", callback)
        if self._owns_server:
            self._server = Server(_respond_426)
        if self._server is not None:
            self._join(self._server)
        if self._owns_server and self._server is not None:
            self._server.listen(_listen_arguments(kept))

    def _join(self, server: Server) -> None:
        server.on("listening", self._on_listening)
        server.on("error", self._on_error)
        self._places = [Place(self, self._options["path"]), EmptyPlace(server)]
        for place in self._places:
            server._attach(place)

    def _on_listening(self) -> None:
        self._notify("listening")

    def _on_error(self, error: Exception) -> None:
        self._notify("error", error)

    # -- what it is ----------------------------------------------------------------------

    @property
    def clients(self) -> set[WebSocket] | None:
        """The open connections, as they are; None with `client_tracking=False`."""
        return self._clients

    @property
    def options(self) -> Mapping[str, Any]:
        """The options, completed by their defaults; by either spelling."""
        return self._options

    def address(self) -> AddressInfo | str | None:
        """Return the address of the HTTP server, as `server.address()` does.

        Raises:
            WebSocketError: there is no server (`no_server`).
        """
        if self._options["no_server"]:
            text = 'The server is operating in "noServer" mode: it has no address'
            raise WebSocketError("ERR_WEBSOCKET_NO_SERVER", text)
        return None if self._server is None else self._server.address()

    def should_handle(self, req: IncomingMessage) -> bool:
        """Tell whether a handshake is for this server: by `path`; a subclass may override it."""
        path = self._options["path"]
        return path is None or req.url.partition("?")[0] == path

    shouldHandle = should_handle

    # -- handshakes ------------------------------------------------------------------------

    def handle_upgrade(
        self,
        req: IncomingMessage,
        socket: Socket,
        head: bytes,
        callback: Callable[[WebSocket, IncomingMessage], object],
    ) -> None:
        """Answer a handshake, as of a listener of 'upgrade'; 'connection' is not emitted.

        Args:
            req: the request.
            socket: its Socket.
            head: what came behind the request.
            callback: called with the WebSocket and the request, when it is open.

        Raises:
            InvalidArgTypeError, InvalidArgValueError: `socket` is not one that 'upgrade' has passed on.
            WebSocketError: it was called before with this socket.
        """
        if not callable(callback):
            raise InvalidArgTypeError("callback", "of type function", callback)
        upgrading = Upgrading(self, req, socket, head, lambda ws: self._call_back(callback, ws, req), _ignore)
        upgrading.begin()

    handleUpgrade = handle_upgrade

    def _call_back(
        self, callback: Callable[[WebSocket, IncomingMessage], object], ws: WebSocket, req: IncomingMessage
    ) -> None:
        self._call_each((callback,), req._listener_context, "callback", (ws, req))

    def _take(self, req: IncomingMessage, socket: Socket, head: bytes) -> None:
        """Answer a handshake of the server, and emit 'connection'."""

        def emit(ws: WebSocket) -> None:
            self._notify_in(req._listener_context, "connection", ws, req)

        Upgrading(self, req, socket, head, emit, _ignore).begin()

    def _make_web_socket(self) -> WebSocket:
        made: WebSocket = self._options["WebSocket"]()
        return made

    def _notify_client_error(self, error: WebSocketError, socket: Socket, req: IncomingMessage) -> bool:
        return self._notify_in(req._listener_context, "wsClientError", error, socket, req)

    def _add_client(self, ws: WebSocket) -> None:
        self._open_count += 1
        if self._clients is not None:
            self._clients.add(ws)
        ws._on_end = self._remove_client

    def _remove_client(self, ws: WebSocket) -> None:
        self._open_count -= 1
        if self._clients is not None:
            self._clients.discard(ws)
        if self._closing and not self._owns_server and not self._open_count:
            later(self._emit_close)

    def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None:
        """Log what a listener raised, and end the connection that it was called for."""
        ws = args[0] if args and isinstance(args[0], WebSocket) else None
        if ws is not None:
            ws._listener_failed(error, event, args)
            return
        request = next((each for each in args if isinstance(each, IncomingMessage)), None)
        log_failure(error, event, self, request)
        if event == "wsClientError":
            args[1].destroy()

    # -- the end -----------------------------------------------------------------------------

    def close(self, callback: Callback | None = None) -> Outcome:
        """Take no more handshakes; 'close' is emitted when all connections are gone, which stay open as they are.

        A server of its own is closed. `await wss.close()` returns at 'close'.

        Args:
            callback: called at 'close'; with ServerNotRunningError if it is closed already.
        """
        if self._closed:
            if callback is not None:
                later(self._call_each, (callback,), self._listener_context, "callback", (_not_running(),))
            return Outcome(_nothing)
        if callback is not None:
            self.once("close", callback)
        if not self._closing:
            self._closing = True
            self._leave()
        return Outcome(self._wait_closed)

    def _leave(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.off("listening", self._on_listening)
            server.off("error", self._on_error)
            if server._guests is not None:
                for place in self._places:
                    server._guests.remove(place)
        if server is not None and self._owns_server:
            server.close(self._emit_close)
        elif not self._open_count:
            later(self._emit_close)

    def _emit_close(self, *_: object) -> None:
        if self._closed:
            return
        self._closed = True
        for future in self._closers:
            if not future.done():
                future.set_result(None)
        self._notify("close")

    async def _wait_closed(self) -> None:
        if self._closed:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._closers.append(future)
        try:
            await future
        finally:
            self._closers.remove(future)


def _not_running() -> ServerNotRunningError:
    return ServerNotRunningError()


async def _nothing() -> None:
    """Do nothing."""


def _ignore(error: BaseException) -> None:
    """Do nothing: the client has its answer."""


def _respond_426(req: IncomingMessage, res: ServerResponse) -> None:
    """Respond to a plain request to a server for WebSockets alone."""
    body = "Upgrade Required"
    res.write_head(426, {"Upgrade": "websocket", "Content-Type": "text/plain", "Content-Length": len(body)})
    res.end(body)


# -- options -------------------------------------------------------------------------------


class _Options(dict[str, Any]):
    """Options by the Python spelling, also found by Node's."""

    def __missing__(self, name: object) -> Any:
        spelled = snake(name) if isinstance(name, str) else name
        if spelled == name or spelled not in self:
            raise KeyError(name)
        return self[str(spelled)]


def _server_of(value: object, argument: str) -> Server:
    if not isinstance(value, Server):
        raise InvalidArgTypeError(argument, "an http.Server or https.Server", value)
    return value


def _path_of(value: object, argument: str) -> str:
    if not isinstance(value, str):
        raise InvalidArgTypeError(argument, "of type str", value)
    if not value.startswith("/") or "?" in value or "#" in value:
        raise InvalidArgValueError(argument, value, "must begin with '/', and have no query")
    return value


def _web_socket_class(value: object, argument: str) -> type[WebSocket]:
    if not (isinstance(value, type) and issubclass(value, WebSocket)):
        raise InvalidArgTypeError(argument, "a subclass of WebSocket", value)
    return value


def _anything(value: object, argument: str) -> object:
    return value  # `listen` checks it


_OWNER = "a WebSocketServer"

#: The options that are about a connection,
_OF_CONNECTIONS: Mapping[str, Check] = {
    **SHARED,
    "handle_protocols": validators.callback,
    "verify_client": validators.callback,
    "WebSocket": _web_socket_class,
}

#: and all.
_CHECKS: Mapping[str, Check] = {
    **_OF_CONNECTIONS,
    "server": _server_of,
    "port": _anything,
    "host": _anything,
    "backlog": _anything,
    "no_server": validators.boolean,
    "path": _path_of,
    "client_tracking": validators.boolean,
}

_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(_CHECKS),
    "max_payload": 16 * 1024 * 1024,
    "per_message_deflate": False,
    "auto_pong": True,
    "close_timeout": 30_000,
    "ping_interval": 0,
    "ping_timeout": 20_000,
    "no_server": False,
    "client_tracking": True,
    "WebSocket": WebSocket,
}


def _listen_arguments(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: kept[name] for name in ("port", "host", "backlog") if name in kept}


# -- functions of the module ----------------------------------------------------------------


async def upgrade(
    req: IncomingMessage,
    socket: Socket,
    head: bytes,
    options: WebSocketOptions | None = None,
    **keywords: Unpack[WebSocketOptions],
) -> WebSocket:
    """Answer a handshake, in a listener of 'upgrade', and return the WebSocket.

    Args:
        req: the request.
        socket: its Socket.
        head: what came behind the request.
        options: those of `WebSocketServer` that are about a connection.
        keywords: the same by keyword.

    Raises:
        WebSocketError: the handshake was refused; `status` is that of the response.
        ConnectionLostError: the client has left.
    """
    kept: Any = read_options("upgrade", options, keywords, _OF_CONNECTIONS, NOT_OF_WEBSOCKETS)
    server = WebSocketServer(kept, no_server=True, client_tracking=False)
    future: asyncio.Future[WebSocket] = asyncio.get_running_loop().create_future()

    def open_(ws: WebSocket) -> None:
        if future.done():
            ws.terminate()  # the task was cancelled
        else:
            future.set_result(ws)

    def refuse(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    Upgrading(server, req, socket, head, open_, refuse).begin()
    return await future


def broadcast(clients: Iterable[WebSocket] | None, data: Chunk) -> int:
    """Send a message, framed once, to each client that is open and for which less than 1 MiB waits.

    It is not compressed.

    Args:
        clients: such as `wss.clients`.
        data: as for `send`.

    Returns:
        How many clients it was sent to.
    """
    opcode, payload = message_of(data, None)
    message = frame(WHOLE_BINARY if opcode == BINARY else WHOLE_TEXT, payload)
    return sum(each._send_frame(message, MOST_WAITING) for each in list(clients or ()))
