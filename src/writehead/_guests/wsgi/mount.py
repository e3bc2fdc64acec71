"""Mount: a WSGI application that a server hosts below a path."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary
from wsgiref.types import WSGIApplication

from writehead._guests import mount
from writehead._guests.wsgi.dispatcher import Dispatcher
from writehead._guests.wsgi.environ import Environ, native, of_connection, of_request
from writehead._guests.wsgi.error_stream import ERRORS
from writehead._guests.wsgi.file_wrapper import FileWrapper
from writehead._guests.wsgi.served import Served
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._net.socket import Socket, channel_of
from writehead._server.server import Server
from writehead.errors import InvalidArgTypeError


class Mount(mount.Mount[WSGIApplication]):
    """A WSGI application that a server hosts below a path; `wsgi.attach` makes it.

    Attributes:
        app: the application.
        path: the path below which it takes requests: "/" or, as in "/api", without a slash at its end.
        root_path: the prefix that a proxy has removed from the targets, without a slash at its end.
        server: the server.
        threads: how many requests the app may serve at the same time.
        max_waiting: how many more may wait for a thread.
        retry_after: what clients of requests past that are told to wait, in milliseconds.
        strict: whether hop-by-hop headers of the app are refused, not dropped.
        multiprocess: what `wsgi.multiprocess` says: whether other processes run the app, too.
    """

    multiprocess = False

    def __init__(
        self, server: Server, app: WSGIApplication, options: Mapping[str, Any], software: str
    ) -> None:
        given: Any = app
        if not callable(given) or inspect.iscoroutinefunction(given):
            raise InvalidArgTypeError("app", "a WSGI application: a plain function or callable", app)
        super().__init__(server, app, options["path"], options["root_path"])
        self.threads: int = options["threads"]
        self.max_waiting: int = options["max_waiting"]
        self.retry_after: float = options["retry_after"]
        self.strict: bool = options["strict"]
        self._prefix = "" if self.path == "/" else native(self.path)
        self._software = software
        self._constants: WeakKeyDictionary[Socket, Environ] = WeakKeyDictionary()
        self._dispatcher: Dispatcher | None = None  # while the server runs
        server._attach(self)

    # -- its state -----------------------------------------------------------------

    @property
    def running(self) -> int:
        """How many requests have a thread."""
        return 0 if self._dispatcher is None else self._dispatcher.running

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return 0 if self._dispatcher is None else self._dispatcher.waiting

    # -- called by the server --------------------------------------------------------

    async def start(self) -> None:
        """Get ready for requests."""
        self._dispatcher = Dispatcher(self)

    def take(self, request: IncomingMessage, response: ServerResponse) -> None:
        """Serve a request."""
        assert self._dispatcher is not None  # the server has started it
        Served(self._dispatcher, request, response, self._environ(request)).begin()

    async def drain(self) -> None:
        """Wait for the threads."""
        if self._dispatcher is not None:
            await self._dispatcher.drain()

    async def stop(self) -> None:
        """End the threads."""
        if self._dispatcher is not None:
            self._dispatcher.stop()

    def _environ(self, request: IncomingMessage) -> Environ:
        constant = self._constants.get(request.socket)
        if constant is None:
            constant = self._constants[request.socket] = self._constant(request.socket)
        channel = channel_of(request.socket)
        trust = None if channel.config is None else channel.config.trust
        if trust is not None and not trust.allows_peer(request.socket.remote_address):
            trust = None
        return of_request(request, constant, self._prefix, trust)

    def _constant(self, socket: Socket) -> Environ:
        """Return what all requests of a connection have in their environ."""
        return {
            **of_connection(socket),
            "SCRIPT_NAME": native(self.root_path) + self._prefix,
            "SERVER_SOFTWARE": self._software,
            "wsgi.version": (1, 0),
            "wsgi.errors": ERRORS,
            "wsgi.input_terminated": True,
            "wsgi.multithread": self.threads > 1,
            "wsgi.multiprocess": self.multiprocess,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
        }
