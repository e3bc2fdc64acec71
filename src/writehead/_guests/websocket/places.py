"""The places of a WebSocketServer in the table of guests of its HTTP server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from writehead._guests.websocket.refusal import WRONG_PATH
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._net.socket import Socket
from writehead._node.contexts import run_in
from writehead._node.failure_log import log_failure

if TYPE_CHECKING:
    from writehead._guests.websocket.web_socket_server import WebSocketServer
    from writehead._server.server import Server


class NoRequests:
    """The part of a guest that takes handshakes alone, and has nothing to start."""

    takes_requests = False

    def take(self, request: IncomingMessage, response: ServerResponse) -> None:
        raise AssertionError  # it takes none

    def take_head(self, connection: object, head: object) -> bool:
        raise AssertionError

    def on_closing(self, draining: bool) -> None:
        """Do nothing."""

    def on_deadline(self, draining: bool) -> None:
        """Do nothing."""

    async def start(self) -> None:
        """Do nothing: it is ready."""

    async def drain(self) -> None:
        """Do nothing: what it runs ends with its connections."""

    async def stop(self) -> None:
        """Do nothing: it may take handshakes again when the server listens again."""


class Place(NoRequests):
    """The path of a WebSocketServer, or every path."""

    def __init__(self, web_socket_server: WebSocketServer, path: str | None) -> None:
        self._server = web_socket_server
        self.path = path or "/"
        self.exact = path is not None

    def wants_websocket(self, request: IncomingMessage) -> bool:
        try:
            return bool(run_in(request._listener_context, self._server.should_handle, request))
        except Exception as error:
            log_failure(error, "should_handle", self._server, request)
            return False

    def take_websocket(self, request: IncomingMessage, socket: Socket, head: bytes) -> None:
        self._server._take(request, socket, head)

    def on_closing(self, draining: bool) -> None:
        """Close the clients with 1012, in a drain; else they stay, as in `ws`."""
        if draining:
            for ws in list(self._server.clients or ()):
                ws.close(1012)

    def on_deadline(self, draining: bool) -> None:
        """Cut the clients that are left of a drain."""
        if draining:
            for ws in list(self._server.clients or ()):
                ws.terminate()


class EmptyPlace(NoRequests):
    """All other paths of a server that has a WebSocketServer: a handshake that nobody takes is refused."""

    path = "/"
    exact = False

    def __init__(self, server: Server) -> None:
        self._server = server

    def wants_websocket(self, request: IncomingMessage) -> bool:
        server = self._server
        if server.listener_count("upgrade") or server.should_upgrade_callback is not None:
            return False
        guests = server._guests
        assert guests is not None
        others = (each for each in guests.asked(request) if not isinstance(each, EmptyPlace))
        return not any(each.wants_websocket(request) for each in others)

    def take_websocket(self, request: IncomingMessage, socket: Socket, head: bytes) -> None:
        WRONG_PATH.answer(socket)
