"""The HTTP server: listens, accepts connections, and calls listeners with each request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Hashable, Mapping
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Self, Unpack

from writehead._connection.config import ConnectionConfig, DrainStage
from writehead._connection.http1 import Connection
from writehead._connection.link import Link
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._net.channel import Channel
from writehead._net.socket import Socket, channel_of
from writehead._node.callbacks import Callback
from writehead._node.contexts import run_in
from writehead._node.failure_log import log_failure, log_returned
from writehead._node.signatures import typed_as
from writehead._semantics import fields as _fields
from writehead._semantics.outcome import Outcome
from writehead._server.draining import Draining
from writehead._server.option_types import ServerOptions
from writehead._server.options import Settings, read_options
from writehead._server.timeouts import Slices, late_ones
from writehead.errors import InvalidArgTypeError, RequestTimeoutError

if TYPE_CHECKING:
    from writehead._node.argument_types import Duration
    from writehead._server.server_emitter import ServerEmitter
else:  # the same, without the types of its events
    ServerEmitter = Draining

#: How many connections that exceeded a time limit are ended in one slice,
EXPIRED = 16

#: and how many are checked for progress.
LOOKED_AT = 1024

#: Types of results that a handler probably means as the body; a handler with a `yield` returns a generator, unrun.
_BODIES = (str, bytes, bytearray, memoryview, Mapping, Generator, AsyncGenerator)


class Server(Settings, ServerEmitter):
    """An HTTP/1 server.

    Events: 'request' (req, res), 'connection' (socket), 'listening', 'close', 'error'
    (error), 'checkContinue' (req, res), 'checkExpectation' (req, res), 'clientError'
    (error, socket), 'connect' and 'upgrade' (req, socket, head), 'dropRequest' (req,
    socket), 'drop' (mapping), 'timeout' (socket), 'record' (record), 'draining' (info).

    Args:
        options: a mapping of options, or the handler.
        handler: a listener of 'request'.
        keywords: options by keyword; durations in milliseconds.

    Raises:
        InvalidArgTypeError, OutOfRangeError: an option of a wrong type or value.

    Source: https://nodejs.org/api/http.html#class-httpserver
    """

    #: Whether a client that has ended its side still gets what was written; always True (Node's `allowHalfOpen`).
    allow_half_open = True
    allowHalfOpen = True

    _progress_watched = False  # as of the last check

    def __init__(
        self,
        options: ServerOptions | Callback | None = None,
        handler: Callback | None = None,
        **keywords: Unpack[ServerOptions],
    ) -> None:
        if callable(options) and not isinstance(options, Mapping):
            options, handler = None, options
        kept = read_options(options, keywords)
        if handler is not None and not callable(handler):
            raise InvalidArgTypeError("handler", "of type function", handler)
        self._config = self._make_config()
        self._make_connection = partial(Connection, self._config)
        self._keep_options(kept)
        self._set_context(copy_context())
        self._closers = []
        self._more_doors = []
        self._warned_returns: set[object] = set()
        self._connections: set[Link] = set()
        if handler is not None:
            self.on("request", handler)

    def _make_config(self) -> ConnectionConfig:
        """Make the configuration of connections, with the callbacks of this server."""
        config = ConnectionConfig(self)
        if self._listeners is None:
            self._listeners = {}
        config.listeners = self._listeners
        config.arriving = set()
        config.upgraded = set()
        config.drain = DrainStage.NONE
        self._set_up_records(config)
        config.on_linger = self._on_linger
        config.on_socket_gone = self._on_socket_gone
        config.on_accept = self._on_accept
        config.on_gone = self._on_gone
        config.on_lost = self._on_lost
        config.call_listeners = self._call_request_listeners
        config.dispatch = self._dispatch
        config.take_head = None
        config.guest_starts = ()
        config.wants_upgrade = self._wants_upgrade
        config.on_upgrade = self._on_upgrade
        config.on_client_error = self._on_client_error
        config.notify = self._notify_in
        config.hold = self._hold
        config.open_by_hand = self._open_by_hand
        config.close_if_drained = self._close_if_drained
        return config

    @property
    def _links(self) -> list[Link]:
        return list(self._connections)

    def set_timeout(self, msecs: Duration | Callback = 0, callback: Callback | None = None) -> Self:
        """Set `timeout` for new connections; `callback` becomes a 'timeout' listener.

        Args:
            msecs: milliseconds, or a `timedelta`; 0 switches off.

        Source: https://nodejs.org/api/http.html#serversettimeoutmsecs-callback
        """
        if callable(msecs):
            callback, msecs = msecs, 120_000
        self.timeout = msecs  # the option converts a timedelta to milliseconds
        if callback is not None:
            self.on("timeout", callback)
        return self

    setTimeout = set_timeout

    # -- connections -----------------------------------------------------------

    @typed_as(ServerEmitter.emit)
    def emit(self, name: Hashable, *args: Any) -> bool:
        """Call the listeners of `name` with `args`; serve a stream that is given with 'connection'.

        `server.emit("connection", stream)` serves a connection that the server has not accepted itself: a
        connected `socket.socket`, an `asyncio.Transport`, or a `Socket` that 'upgrade' or 'connect' of this
        or of another server has passed on. The stream then belongs to the server. The server need not
        listen; listeners of 'connection' get the Socket, and `max_connections` does not apply.

        Raises:
            InvalidArgTypeError: with 'connection': the argument is no such stream.
            InvalidArgValueError: with 'connection': the stream listens, or is served or read already.

        Source: https://nodejs.org/api/http.html#event-connection
        """
        if name != "connection" or not args:
            return super().emit(name, *args)
        from writehead._server.given import give  # seldom needed

        give(self._config, args[0], self._make_given)
        return True

    def _make_given(self) -> asyncio.BaseProtocol:
        from writehead._server.given import GivenConnection

        return GivenConnection(self._config)

    def _on_accept(self, connection: Link) -> bool:
        """Count a connection and emit 'connection'; False if it exceeds `max_connections`."""
        self._connection_count += 1
        if self._config.fast_path_accept:
            self._connections.add(connection)
        elif not self._receive(connection):
            return False
        if self._listeners is not None and "connection" in self._listeners:
            self._notify_in(connection.channel.context, "connection", connection.socket)
        return True

    def _receive(self, connection: Link) -> bool:
        """Handle a connection in the general way; False if it exceeds `max_connections`."""
        socket = connection.socket
        limit = self.max_connections
        if (
            limit is not None
            and self._connection_count > limit
            and not (connection.given or self._makes_room)
        ):
            self._drop(connection.channel)
            return False
        self._connections.add(connection)
        if not self.no_delay:
            socket.set_no_delay(False)
        elif self._no_delay_due:
            socket.set_no_delay()
        if self.keep_alive:
            socket.set_keep_alive(True, self.keep_alive_initial_delay * 1000)
        if self._config.closing:
            self._admit_late(connection)
        return True

    def _drop(self, channel: Channel) -> None:
        socket = channel.socket
        info = None
        if socket.remote_address is not None:
            info = {}
            for side in ("local", "remote"):
                for name in ("address", "port", "family"):
                    info[f"{side}_{name}"] = info[side + name.capitalize()] = getattr(
                        socket, f"{side}_{name}"
                    )
        channel.owner = None
        channel.destroy()
        self._notify_in(channel.context, "drop", info)

    def _on_gone(self, connection: Link) -> None:
        self._connections.discard(connection)

    def _on_lost(self, connection: Link) -> None:
        """Called when a connection and its socket are gone."""
        self._connections.discard(connection)
        self._connection_count -= 1
        if self._listening_socket is None:
            self._close_if_drained()

    def _on_linger(self) -> None:
        self._connection_count += 1

    def _on_socket_gone(self) -> None:
        self._connection_count -= 1
        if self._listening_socket is None:
            self._close_if_drained()

    # -- requests --------------------------------------------------------------

    def _dispatch(
        self, req: IncomingMessage, res: ServerResponse, connection: Link, ordinary: bool = False
    ) -> None:
        """Check Host, the limit of requests and Expect, then call the listeners of 'request'.

        An `ordinary` request has one valid Host, and no Expect.
        """
        config = self._config
        if config.empty_requests_end:
            req._end_if_empty()
        expect = None
        if req._http_version == "1.1":
            if not ordinary:
                good, expect = req._host_and_expectation()
                if not good and not self._excuses_host(req, connection):
                    _respond_empty(res, 400)
                    return
            if config.most_requests and self._over_limit(req, res, connection):
                return
        if expect is not None:
            self._expect(expect.decode("latin-1"), req, res)
        elif self._guests is None or not self._host(req, res, "request"):
            self._call_request_listeners("request", req, res)

    def _call_request_listeners(self, name: str, req: IncomingMessage, res: ServerResponse) -> None:
        """Call the listeners that may respond, up to one that raises: the failure is the response then."""
        context = req._listener_context
        assert context is not None  # that of this request, which no listener has entered yet
        listeners = self._config.listeners.get(name)
        if listeners is None:
            self._refuse_unheard(res)
            return
        try:
            for listener in listeners:
                result = context.run(listener, req, res)
                if result is not None:
                    self._follow(result, name, (req, res), context, listener)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # as in `EventEmitter._call_each`
            run_in(context, self._listener_failed, error, name, (req, res))

    def _excuses_host(self, req: IncomingMessage, connection: Link) -> bool:
        """Tell whether a missing, repeated or invalid Host field is accepted."""
        lenient = connection.is_lenient
        return not self.require_host_header or (lenient and req._has_host())

    def _over_limit(self, req: IncomingMessage, res: ServerResponse, connection: Link) -> bool:
        count = connection.count_request()
        most = self._config.most_requests
        if count > most:
            res._rule(Outcome.REFUSED)
            self._notify_for(req, "dropRequest", connection.socket)
            res._allow_no_more()
            res.write_head(503)
            res.end()
            return True
        if count == most:
            res._allow_no_more()
        return False

    def _expect(self, expect: str, req: IncomingMessage, res: ServerResponse) -> None:
        if _fields.has_continue(expect):
            res._expect_continue()
            if self._host(req, res, "checkContinue", "request"):
                return
            if self.listener_count("checkContinue"):
                self._call_request_listeners("checkContinue", req, res)
                return
            res.write_continue()
            self._call_request_listeners("request", req, res)
        elif self.listener_count("checkExpectation"):
            self._call_request_listeners("checkExpectation", req, res)
        else:
            res.write_head(417)
            res.end()

    def _wants_upgrade(self, req: IncomingMessage) -> bool:
        if self._host_websocket(req):
            return True
        callback = self.should_upgrade_callback
        if callback is None:
            return self.listener_count("upgrade") > 0
        context = req._listener_context
        try:
            return bool(run_in(context, callback, req))
        except Exception as error:
            run_in(context, self._listener_failed, error, "upgrade", (req, req.socket, b""))
            return False

    def _notify_for(self, req: IncomingMessage, event: str, *args: Any) -> bool:
        """Emit an event of `req` in its context; False if it has no listener."""
        return self._notify_in(req._listener_context, event, req, *args)

    def _on_upgrade(self, req: IncomingMessage, socket: Socket, head: bytes) -> None:
        if self._take_websocket(req, socket, head):
            return
        event = "connect" if req.method == "CONNECT" else "upgrade"
        if not self._notify_for(req, event, socket, head):
            socket.destroy()

    def _on_client_error(self, error: BaseException, socket: Socket) -> bool:
        return self._notify_in(channel_of(socket).context, "clientError", error, socket)

    def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None:
        request, socket, response = _subjects(args)
        log_failure(error, event, self, request, socket, response)
        if event in ("request", "checkContinue", "checkExpectation"):
            args[1]._fail(error)
        elif event == "connection":
            args[0].destroy(error if isinstance(error, Exception) else None)
        elif event in ("upgrade", "connect", "clientError"):
            channel_of(args[1]).blame(Outcome.FAILED)
            args[1].destroy()

    def _returned(self, result: Any, event: Any, args: tuple[Any, ...], listener: object) -> None:
        """Warn, once for each listener, if `result` was probably meant as the body."""
        body = result
        for kind in (tuple, list):  # Flask accepts (body, status), and a list as JSON
            if isinstance(body, kind) and body:
                body = body[0]
        if (
            isinstance(body, _BODIES)
            and event in ("request", "checkContinue", "checkExpectation")
            and not args[1].writable_ended
        ):
            log_returned(result, event, args[0], listener, self._warned_returns)

    # -- time limits -----------------------------------------------------------

    def _checking_interval(self) -> float:
        """Return the seconds between two checks; shorter if a progress timeout needs it."""
        intervals = [self.connections_checking_interval, self.write_timeout / 4, self.body_timeout / 4]
        return min((each for each in intervals if each), default=0) / 1000

    def _note_progress(self) -> None:
        if self._sweep is not None and (self._listening_socket is not None or self._connection_count):
            self._sweep.start(self._checking_interval())

    def _look(self, now: float) -> None:
        limits = now, self.headers_timeout / 1000, self.request_timeout / 1000

        def expire(late: Any) -> None:
            late.channel.judge(
                lambda: late_ones([late], *limits),
                lambda: late.expire(RequestTimeoutError()),
            )

        Slices(late_ones(self._connections, *limits), expire, EXPIRED)
        watched = bool(self.write_timeout or self.body_timeout)
        # Once more after both were switched off, to forget what was recorded.
        if watched or self._progress_watched:
            seconds = self.write_timeout / 1000, self.body_timeout / 1000
            Slices(list(self._connections), lambda each: each.look_at_progress(now, *seconds), LOOKED_AT)
        self._progress_watched = watched
        self._heap.look(self._connection_count)


def _subjects(args: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """Return the request, socket and response among the arguments of an event, for the log; None for any missing."""
    found = [
        next((each for each in args if isinstance(each, kind)), None)
        for kind in (IncomingMessage, Socket, ServerResponse)
    ]
    return found[0], found[1], found[2]


def _respond_empty(res: ServerResponse, status: int) -> None:
    """Refuse a request as Node does: `Connection: close`, and an empty chunked body."""
    res._rule(Outcome.BAD_REQUEST)
    res.write_head(status, ["Connection", "close"])
    res.end()
