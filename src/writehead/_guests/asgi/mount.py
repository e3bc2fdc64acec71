"""Mount: an ASGI application that a server hosts below a path."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextvars import Context, copy_context
from typing import Any, Protocol

from writehead._guests import mount
from writehead._guests.asgi import failures, websocket_call
from writehead._guests.asgi.app_types import ASGIApp
from writehead._guests.asgi.call import Call
from writehead._guests.asgi.lifespan import END_GRACE, Lifespan
from writehead._guests.asgi.options import LifespanMode
from writehead._guests.asgi.scope import place_of
from writehead._guests.websocket.options import ConnectionOptions
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._native.choice import Head
from writehead._net.socket import Socket
from writehead._server.server import Server
from writehead.errors import InvalidArgTypeError

_new = Call.__new__

#: Seconds that calls may go on when their connections were closed at the deadline of a stop,
CANCEL_AFTER = 1.0

#: and that they then may take to end, once they are cancelled.
CANCEL_GRACE = 1.0


class Running(Protocol):
    """A call of the application, for a request or a WebSocket."""

    task: asyncio.Task[Any] | None
    overdue: asyncio.TimerHandle | None


class Closable(Protocol):
    """A WebSocket, when the server closes."""

    def on_closing(self) -> None: ...
    def on_deadline(self) -> None: ...


class Mount(mount.Mount[ASGIApp]):
    """An ASGI application that a server hosts; `asgi.attach` makes it.

    Attributes:
        app: the application.
        path: the path below which it takes requests, without a slash at its end; or "/".
        root_path: the prefix that a proxy has removed, without a slash at its end.
        server: the server.
        state: what the application keeps for its requests; a new dict with each start of the server.
    """

    def __init__(self, server: Server, app: ASGIApp, options: Mapping[str, Any]) -> None:
        super().__init__(server, check_app(app), options["path"], options["root_path"])
        self.state: dict[str, Any] = {}
        #: The calls under way.
        self.calls: set[Running] = set()
        #: The WebSockets whose connections are there, with an application or behind it.
        self.websockets: set[Closable] = set()
        #: What their connections need to know; None: it takes none.
        self.websocket_options: ConnectionOptions | None = options["websocket"]
        self._mode: LifespanMode = options["lifespan"]
        self._startup_timeout = options["lifespan_startup_timeout"] / 1000
        self._shutdown_timeout = options["lifespan_shutdown_timeout"] / 1000
        self._patience: float | None = options["cancel_after_disconnect"]
        self._lifespan: Lifespan | None = None
        self.copy_context: Callable[[], Context] = copy_context
        #: Set when the server begins to close; the same for all that the server hosts.
        self.closing: asyncio.Event = asyncio.Event()
        self._drained: asyncio.Future[None] | None = None
        self._cancelling: asyncio.TimerHandle | None = None
        limit = self._shutdown_timeout + END_GRACE if self._shutdown_timeout else threading.TIMEOUT_MAX
        self.stop_seconds: float = CANCEL_AFTER + CANCEL_GRACE + limit
        self.scope_root: str = self.root_path + ("" if self.path == "/" else self.path)
        self.called: Callable[[Any, Any, Any], Coroutine[Any, Any, Any]]
        self.called = app if _is_async(app) else self._call  # type: ignore[assignment]
        self._config = server._config
        server._attach(self)

    async def _call(self, scope: Any, receive: Any, send: Any) -> Any:
        """Call an application that is no `async def` function: all that it does is done in its task."""
        return await self.app(scope, receive, send)

    # -- start and stop ----------------------------------------------------------

    async def start(self) -> None:
        """Run the startup of the application.

        Raises:
            LifespanError: it has failed.
        """
        self.state = {}
        self.copy_context = copy_context().copy
        self._lifespan = None
        assert self.server._guests is not None
        self.closing = self.server._guests.closing
        if self._mode == "off":
            return
        lifespan = Lifespan(self.app, self._mode == "on", self._startup_timeout, self._shutdown_timeout)
        await lifespan.start()
        if lifespan.is_supported:
            self._lifespan = lifespan
            self.copy_context = lifespan.context.copy
            self.state = lifespan.state

    async def drain(self) -> None:
        """Wait for the last call."""
        while self.calls:
            self._drained = asyncio.get_running_loop().create_future()
            await self._drained
        if self._cancelling is not None:
            self._cancelling.cancel()
            self._cancelling = None

    async def stop(self) -> None:
        """Run the shutdown of the application.

        Raises:
            LifespanError: it has failed, and `lifespan` is "on".
        """
        lifespan, self._lifespan = self._lifespan, None
        if lifespan is not None:
            await lifespan.stop()

    # -- requests ----------------------------------------------------------------

    def take(self, request: IncomingMessage, response: ServerResponse) -> None:
        """Run the application for a request."""
        connection: Any = request._source
        head = request._head
        if connection is None or head is None:
            return  # the client has left already
        call = _new(Call)
        call.set_up(self, connection, head, place_of(connection))
        if connection.replace(request, response, call):
            call.begin()

    def take_head(self, connection: Any, head: Head) -> Any:
        """Begin a call for an ordinary request; the connection runs it when it has read what has come of the body."""
        channel = connection.channel
        if not self._config.fast_path_beside_guests or channel.heard or channel.fate:
            return False
        call = _new(Call)
        call.set_up(self, connection, head, connection.place or place_of(connection))
        call._exchange = connection.open_exchange(call, head.keep_alive, head.length > 0)
        if not head.keep_alive:
            call.keeps = False
        if head.method == "HEAD":
            call.for_head = call._general = True
        if not head.length:
            call._complete = True
        return call

    # -- WebSockets ----------------------------------------------------------------

    def wants_websocket(self, request: IncomingMessage) -> bool:
        """Tell whether it takes WebSockets."""
        return self.websocket_options is not None

    def take_websocket(self, request: IncomingMessage, socket: Socket, head: bytes) -> None:
        """Run the application for a WebSocket."""
        websocket_call.take(self, request, socket, head)

    def on_closing(self, draining: bool) -> None:
        """Close the WebSockets with 1012."""
        for call in list(self.websockets):
            call.on_closing()

    def on_deadline(self, draining: bool) -> None:
        """Cut the WebSockets that are left; a while later, if the server closes, cancel the calls that are left."""
        for call in list(self.websockets):
            call.on_deadline()
        if self._config.closing and self._cancelling is None:
            loop = asyncio.get_running_loop()
            self._cancelling = loop.call_later(CANCEL_AFTER, self._cancel_calls, loop)

    def _cancel_calls(self, loop: asyncio.AbstractEventLoop) -> None:
        self._cancelling = None
        if not self.calls:
            return
        failures.warn_of_cancelled(list(self.calls), CANCEL_AFTER)
        for call in list(self.calls):
            if call.task is not None:
                call.task.cancel()
        self._cancelling = loop.call_later(CANCEL_GRACE, self._leave_calls)

    def _leave_calls(self) -> None:
        """Wait no longer for calls that go on though they were cancelled."""
        self._cancelling = None
        for call in list(self.calls):
            self._forget(call)

    # -- the end of a call ---------------------------------------------------------

    def _forget(self, call: Running) -> None:
        """Note that a call is over."""
        self.calls.discard(call)
        if self._drained is not None and not self.calls:
            drained, self._drained = self._drained, None
            if not drained.done():
                drained.set_result(None)

    def _limit(self, call: Running) -> None:
        """Limit the time of a call whose client has left."""
        task = call.task
        if self._patience is not None and task is not None:
            call.overdue = task.get_loop().call_later(self._patience / 1000, task.cancel)


def _is_async(app: Any) -> bool:
    """Tell whether calling `app` runs nothing of it, but makes a coroutine."""
    called = app if inspect.isroutine(app) else type(app).__call__
    return inspect.iscoroutinefunction(called)


def check_app(app: Any) -> Any:
    """Return an application of ASGI 3.

    Raises:
        InvalidArgTypeError: it is none.
    """
    expected = "an ASGI 3 application, called as app(scope, receive, send)"
    if not callable(app):
        raise InvalidArgTypeError("app", expected, app)
    try:
        inspect.signature(app).bind(None, None, None)
    except TypeError:
        advice = "; asgiref.compatibility.guarantee_single_callable makes one of an ASGI 2 application"
        raise InvalidArgTypeError("app", expected + advice, app) from None
    except ValueError:  # a builtin without a signature
        pass
    return app
