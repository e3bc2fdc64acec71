"""Mount: what the guests that host an application have in common."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._native.choice import Head
from writehead._net.socket import Socket
from writehead._server.server import Server
from writehead.errors import InvalidArgTypeError, InvalidArgValueError

App = TypeVar("App")


class Mount(Generic[App]):
    """An application that a server hosts below a path.

    Attributes:
        app: the application.
        path: the path below which it takes requests: "/" or, as in "/api", without a slash at its end.
        root_path: the prefix that a proxy has removed from the targets, without a slash at its end.
        server: the server.
    """

    exact = False
    takes_requests = True
    stop_seconds: float = 0.0

    def __init__(self, server: Server, app: App, path: str, root_path: str) -> None:
        if not isinstance(server, Server):
            raise InvalidArgTypeError("server", "an http.Server or https.Server", server)
        self.app = app
        self.path: str = checked_path(path)
        self.root_path: str = checked_root_path(root_path)
        self.server = server

    @property
    def rootPath(self) -> str:  # the other spelling
        """The same as `root_path`."""
        return self.root_path

    def detach(self) -> None:
        """Take no more requests; those under way go on, and the application is shut down with the server."""
        guests = self.server._guests
        if guests is not None:
            guests.remove(self)

    # -- called by the server ------------------------------------------------------

    def take_head(self, connection: Any, head: Head) -> Any:
        """Serve an ordinary request in a faster way; False: there is none, and `take` serves it."""
        return False

    def take(self, request: IncomingMessage, response: ServerResponse) -> None:
        """Serve a request."""
        raise NotImplementedError

    def wants_websocket(self, request: IncomingMessage) -> bool:
        """Tell whether the application takes a WebSocket handshake."""
        return False

    def take_websocket(self, request: IncomingMessage, socket: Socket, head: bytes) -> None:
        """Serve a handshake that is wanted."""
        raise NotImplementedError

    def on_closing(self, draining: bool) -> None:
        """Called when the server begins to close; by a drain, or by `close` alone."""

    def on_deadline(self, draining: bool) -> None:
        """Called when the connections are closed that are left."""

    async def start(self) -> None:
        """Get ready for requests."""

    async def drain(self) -> None:
        """Wait for what runs for requests."""

    async def stop(self) -> None:
        """End what `start` began."""


def checked_path(path: Any) -> str:
    """Return the path of a mount, without a slash at its end; "/" stays."""
    if not isinstance(path, str):
        raise InvalidArgTypeError("path", "of type str", path)
    if not path.startswith("/"):
        raise InvalidArgValueError("path", path, "must begin with '/', as in '/api'")
    for character in "?#%":
        if character in path:
            raise InvalidArgValueError("path", path, f"must be a decoded path without {character!r}")
    return path.rstrip("/") or "/"


def checked_root_path(root_path: Any) -> str:
    """Return a root path, with a slash at its beginning and none at its end; "" for "/"."""
    if not isinstance(root_path, str):
        raise InvalidArgTypeError("root_path", "of type str", root_path)
    path = root_path.rstrip("/")
    return path if not path or path.startswith("/") else "/" + path
