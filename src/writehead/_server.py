"""Server: listens, accepts, and gives each request to its listeners."""

from __future__ import annotations

import asyncio
import logging
import os
import socket as system
from collections.abc import Callable, Generator, Mapping
from datetime import timedelta
from typing import Any, Self

from writehead import _fields, _options
from writehead._callbacks import Callback, call_back
from writehead._clock import Clock, IdleTimers
from writehead._connection import Connection
from writehead._failures import log_failure
from writehead._http1.parser import RequestParser
from writehead._incoming import IncomingMessage
from writehead._listen import Target, address_of, bind, read_arguments
from writehead._response import ServerResponse
from writehead._socket import Socket
from writehead._sweep import Sweep, late_ones
from writehead._turns import later
from writehead.errors import (
    InvalidArgTypeError,
    RequestTimeoutError,
    ServerAlreadyListenError,
    ServerNotRunningError,
    SystemCallError,
)
from writehead.events import EventEmitter

logger = logging.getLogger("writehead")

MAX_HEADER_SIZE = 16384

#: How many idle parsers a server keeps for its next packets.
SPARE_PARSERS = 64

#: What `async with` waits for busy connections before it cuts them, in seconds.
GRACE = 5.0

_open: list[Server] = []
_watchers: list[Callable[[], object]] = []
_unheard: list[BaseException] = []


def open_servers() -> list[Server]:
    """Return the servers that hold the loop, in the order in which they began to."""
    return [server for server in _open if not server._unref]


def on_all_closed(callback: Callable[[], object]) -> None:
    """Call `callback` on a later turn whenever the last open server closes."""
    _watchers.append(callback)


def take_unheard_errors() -> list[BaseException]:
    """Return, once, the errors of `listen` that nobody listened to."""
    errors = list(_unheard)
    _unheard.clear()
    return errors


class _Waiter:
    """What `await server` waits for: the outcome of the last `listen` or `close`."""

    __slots__ = ("awaited", "done", "error", "futures")

    def __init__(self) -> None:
        self.done = False
        self.awaited = False
        self.error: BaseException | None = None
        self.futures: list[asyncio.Future[None]] = []

    def settle(self, error: BaseException | None) -> None:
        if self.done:
            return
        self.done = True
        self.error = error
        for future in self.futures:
            if not future.done():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)


class Server(EventEmitter):
    """An HTTP/1 server.

    Events: 'request' (req, res), 'connection' (socket), 'listening', 'close', 'error'
    (error), 'checkContinue' (req, res), 'checkExpectation' (req, res), 'clientError'
    (error, socket), 'connect' and 'upgrade' (req, socket, head), 'dropRequest' (req,
    socket), 'drop' (mapping), 'timeout' (socket).

    Args:
        options: a mapping of options, or the handler.
        handler: a listener of 'request'.
        keywords: options by keyword; durations in milliseconds.

    Raises:
        InvalidArgTypeError, OutOfRangeError: an option of a wrong type or value.

    Source: https://nodejs.org/api/http.html#class-httpserver
    """

    request_timeout: float
    headers_timeout: float
    connections_checking_interval: float
    timeout: float
    write_timeout: float
    body_timeout: float
    max_header_size: int | None
    max_headers_count: Any
    max_connections: int | None
    no_delay: bool
    keep_alive: bool
    keep_alive_initial_delay: int
    high_water_mark: int
    require_host_header: bool
    join_duplicate_headers: bool
    insecure_http_parser: bool
    reject_non_standard_body_writes: bool
    optimize_empty_requests: bool
    emit_close_after_finish: bool
    should_upgrade_callback: Callable[..., Any] | None

    _clock: Clock | None = None
    _timers: IdleTimers
    _unref = False
    _grace = 0.0

    #: Node's name for: a client that has ended its side still gets what was written (always True).
    allow_half_open = True
    allowHalfOpen = True

    def __init__(
        self,
        options: Mapping[str, Any] | Callback | None = None,
        handler: Callback | None = None,
        **keywords: Any,
    ) -> None:
        if callable(options) and not isinstance(options, Mapping):
            options, handler = None, options
        kept = _options.server_options(options, keywords)  # type: ignore[arg-type]  # checked there
        if handler is not None and not callable(handler):
            raise InvalidArgTypeError("handler", "a function", handler)
        self._message_class: Callable[[Any], IncomingMessage] = (
            kept.pop("IncomingMessage") or IncomingMessage
        )
        self._response_class: Callable[..., ServerResponse] = (
            kept.pop("ServerResponse") or ServerResponse
        )
        self._unique_headers: frozenset[str] = kept.pop("unique_headers")
        self._keep_alive_timeout: Any = kept.pop("keep_alive_timeout")
        self._max_requests: Any = kept.pop("max_requests_per_socket")
        self._keep_alive_timeout_buffer: Any = kept.pop("keep_alive_timeout_buffer")
        for name, value in kept.items():
            setattr(self, name, value)
        self._closing = False
        self._response_options: dict[str, Any] = {}
        if self.high_water_mark != 65536:
            self._response_options["high_water_mark"] = self.high_water_mark
        if self.reject_non_standard_body_writes:
            self._response_options["reject_non_standard_body_writes"] = True
        self._reckon_keep_alive()
        self._connections: set[Connection] = set()
        self._connection_count = 0
        self._parsers: list[RequestParser] = []
        self._listening_socket: system.socket | None = None
        self._acceptor: asyncio.AbstractServer | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._sweep: Sweep | None = None
        self._bound_path: str | None = None
        self._resolving: object | None = None
        self._close_pending = 0
        self._waiter: _Waiter | None = None
        self._note_peculiar()
        if handler is not None:
            self.on("request", handler)

    def _note_peculiar(self) -> None:
        """Note whether a request has to be told of any option (see `Connection._adapt`)."""
        self._peculiar = bool(
            self._closing
            or self.high_water_mark != 65536
            or self.reject_non_standard_body_writes
            or self._unique_headers
            or self.emit_close_after_finish
            or self.insecure_http_parser
            or self.join_duplicate_headers
            or self.body_timeout
        )

    # -- options that are worked out when they are set --------------------------

    @property
    def keep_alive_timeout(self) -> Any:
        """Milliseconds that an idle connection is kept after an answer; 0: no limit."""
        return self._keep_alive_timeout

    @keep_alive_timeout.setter
    def keep_alive_timeout(self, value: Any) -> None:
        self._keep_alive_timeout = value / timedelta(milliseconds=1) if isinstance(value, timedelta) else value
        self._reckon_keep_alive()

    keepAliveTimeout = keep_alive_timeout

    @property
    def max_requests_per_socket(self) -> Any:
        """How many requests one connection may make; 0: any number."""
        return self._max_requests

    @max_requests_per_socket.setter
    def max_requests_per_socket(self, value: Any) -> None:
        self._max_requests = value
        self._reckon_keep_alive()

    maxRequestsPerSocket = max_requests_per_socket

    def _reckon_keep_alive(self) -> None:
        timeout = self._keep_alive_timeout
        self._keep_alive_line = ""
        if _is_number(timeout) and timeout > 0:
            limit = f", max={_fields.text(self._max_requests)}" if self._max_at_work() else ""
            self._keep_alive_line = f"Keep-Alive: timeout={int(timeout // 1000)}{limit}\r\n"
        self._keep_alive_seconds = self._reckon_seconds()

    def _max_at_work(self) -> bool:
        return _is_number(self._max_requests) and self._max_requests > 0

    @property
    def keep_alive_timeout_buffer(self) -> Any:
        """Milliseconds that the server waits longer than the Keep-Alive header says."""
        return self._keep_alive_timeout_buffer

    @keep_alive_timeout_buffer.setter
    def keep_alive_timeout_buffer(self, value: Any) -> None:
        self._keep_alive_timeout_buffer = value
        self._reckon_keep_alive()

    keepAliveTimeoutBuffer = keep_alive_timeout_buffer

    def _idle_seconds(self) -> float:
        """Return `timeout` in seconds; 0 where it is no time."""
        timeout = self.timeout
        return timeout / 1000 if _is_number(timeout) and 0 < timeout < float("inf") else 0.0

    def _reckon_seconds(self) -> float:
        timeout = self._keep_alive_timeout
        if not _is_number(timeout) or timeout <= 0:
            return 0.0
        buffer = self._keep_alive_timeout_buffer
        if not _is_number(buffer) or buffer < 0 or buffer == float("inf"):
            buffer = 1000
        return float(timeout + buffer) / 1000

    # -- listening -------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether the server has an address and accepts connections."""
        return self._listening_socket is not None

    def listen(self, *args: Any, **keywords: Any) -> Self:
        """Listen for connections; 'listening' follows on a later turn, or 'error'.

        `await server.listen(...)` returns at 'listening' and raises what 'error' carries.

        Args:
            args: `(port, host, backlog, callback)`, each of which may be left out; a
                mapping of `port`, `host`, `path`, `backlog`, `fd`, `reuse_port`,
                `ipv6_only`, `readable_all`, `writable_all`, `exclusive`, `signal`; the
                path of a Unix socket; an open `socket.socket`; another Server.
            keywords: the names of that mapping.

        Raises:
            BadPortError, InvalidArgValueError: the arguments are wrong.
            ServerAlreadyListenError: it listens already.
        """
        target = read_arguments(args, keywords)
        if self._listening_socket is not None:
            raise ServerAlreadyListenError
        self._waiter = _Waiter()
        self._closing = False
        self._note_peculiar()
        if target.callback is not None:
            self.once("listening", target.callback)
        if target.signal is not None:
            _on_abort(target.signal, self.close)
        self._hold()
        if target.host:
            self._resolving = token = object()
            later(self._resolve, target, token)
        else:
            self._resolving = None
            self._bind(target, None)
        return self

    def _resolve(self, target: Target, token: object) -> None:
        asyncio.get_running_loop().create_task(self._look_up(target, token))

    async def _look_up(self, target: Target, token: object) -> None:
        host = target.host or ""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=system.SOCK_STREAM)
            address = next(
                (str(each[4][0]) for each in found if not str(each[4][0]).startswith("fe80:")),
                str(found[0][4][0]),
            )
        except OSError:
            if self._resolving is token:
                self._fail_listening(target, SystemCallError("ENOTFOUND", "getaddrinfo", host))
            return
        if self._resolving is token:
            self._resolving = None
            self._bind(target, address)

    def _bind(self, target: Target, address: str | None) -> None:
        self._bound_path = target.path
        try:
            self._listening_socket = sock = bind(target, address)
        except SystemCallError as error:
            later(self._fail_listening, target, error)
            return
        later(self._begin, sock)

    def _fail_listening(self, target: Target, error: BaseException) -> None:
        self._resolving = None
        if target.callback is not None:
            self.remove_listener("listening", target.callback)
        self._let_go()
        self._tell_error(error)

    def _tell_error(self, error: BaseException) -> None:
        waiter = self._waiter
        if waiter is not None:
            waiter.settle(error)
        if self._notify("error", error) or (waiter is not None and waiter.awaited):
            return
        _unheard.append(error)
        logger.error("%s", error)

    def _begin(self, sock: system.socket) -> None:
        """Accept connections, and tell that the server listens."""
        if self._listening_socket is not sock:
            return  # closed meanwhile
        loop = asyncio.get_running_loop()
        self._ready(loop)
        if sock.fileno() >= 0:
            self._accepting = loop.create_task(self._accept(loop, sock))
        assert self._sweep is not None
        self._sweep.start(self._checking_interval())
        if self._waiter is not None:
            self._waiter.settle(None)
        self._notify("listening")

    def _ready(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make what needs a clock."""
        clock = self._clock or loop
        self._timers = IdleTimers(clock)
        self._sweep = Sweep(clock, self._look)

    async def _accept(self, loop: asyncio.AbstractEventLoop, sock: system.socket) -> None:
        if self._listening_socket is not sock:
            return  # closed before the first turn
        if sock.fileno() < 0:
            return  # closed before it began
        acceptor = await loop.create_server(self._make_connection, sock=sock, backlog=sock_backlog(sock))
        if self._listening_socket is sock:
            self._acceptor = acceptor
        else:
            acceptor.close()

    def _make_connection(self) -> asyncio.BaseProtocol:
        return Connection(self)

    def address(self) -> dict[str, Any] | str | None:
        """Return address, family and port; the path of a Unix socket; None when not listening."""
        if self._listening_socket is None:
            return self._bound_path
        return address_of(self._listening_socket)

    # -- closing ---------------------------------------------------------------

    def _stop(self, grace: float) -> None:
        """Close, and let idle connections bring a request that is on its way for `grace` seconds."""
        self._grace = grace
        try:
            self.close()
        finally:
            self._grace = 0.0

    def close(self, callback: Callback | None = None) -> Self:
        """Accept no more; 'close' follows when the last connection is gone.

        Idle connections are closed now, busy ones after their answers, which say
        `Connection: close` if their head is not fixed yet. `await server.close()`
        returns at 'close'.

        Args:
            callback: called at 'close', with ServerNotRunningError if it did not listen.
        """
        running = self._listening_socket is not None or self._resolving is not None
        error = None if running else ServerNotRunningError()
        self._waiter = waiter = _Waiter()
        if callable(callback):
            self.once("close", _CloseCallback(callback, error))
        elif error is not None:
            pass
        self._resolving = None
        if running:
            self._stop_listening()
        self._closing = True
        self._note_peculiar()
        if self._sweep is not None and not (self.write_timeout or self.body_timeout):
            self._sweep.stop()
        for connection in list(self._connections):
            connection.close_in_order(self._grace)
        self._close_pending += 1
        self.once("close", lambda: waiter.settle(error))
        self._close_if_drained()
        return self

    def _stop_listening(self) -> None:
        sock, self._listening_socket = self._listening_socket, None
        acceptor, self._acceptor = self._acceptor, None
        path, self._bound_path = self._bound_path, None
        if acceptor is not None:
            acceptor.close()
        elif sock is not None:
            sock.close()
        if path and not path.startswith("\0"):
            try:
                os.unlink(path)
            except OSError:
                return

    def _close_if_drained(self) -> None:
        if self._closing and self._close_pending and not self._connection_count:
            later(self._emit_close)

    def _emit_close(self) -> None:
        if not self._close_pending or self._connection_count:
            return
        self._close_pending -= 1
        self._let_go()
        self._notify("close")
        self._close_if_drained()

    def close_idle_connections(self) -> None:
        """Close the connections that wait for a request."""
        for connection in list(self._connections):
            if connection.is_idle:
                connection.socket.destroy()

    closeIdleConnections = close_idle_connections

    def close_all_connections(self) -> None:
        """Cut every connection that HTTP owns, whatever it does."""
        for connection in list(self._connections):
            connection.socket.destroy()

    closeAllConnections = close_all_connections

    def get_connections(self, callback: Callback) -> Self:
        """Call `callback(None, n)` on a later turn with the number of open connections."""
        if not callable(callback):
            raise InvalidArgTypeError("callback", "a function", callback)
        later(lambda: callback(None, self._connection_count))
        return self

    getConnections = get_connections

    def set_timeout(self, msecs: Any = 0, callback: Callback | None = None) -> Self:
        """Set `timeout` for new connections; `callback` becomes a 'timeout' listener."""
        if callable(msecs):
            msecs, callback = 120_000, msecs
        self.timeout = msecs / timedelta(milliseconds=1) if isinstance(msecs, timedelta) else msecs
        if callback is not None:
            self.on("timeout", callback)
        return self

    setTimeout = set_timeout

    # -- the loop that it holds ------------------------------------------------

    def ref(self) -> Self:
        """Let the server hold the loop of `run()` again."""
        self._unref = False
        return self

    def unref(self) -> Self:
        """Let `run()` return although the server is open."""
        self._unref = True
        if not open_servers():
            _tell_watchers()
        return self

    def _hold(self) -> None:
        if self not in _open:
            _open.append(self)

    def _let_go(self) -> None:
        if self._listening_socket is None and not self._connection_count and self in _open:
            _open.remove(self)
        if not open_servers():
            _tell_watchers()

    # -- awaiting --------------------------------------------------------------

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait for the last `listen` or `close`."""
        return self._wait().__await__()

    async def _wait(self) -> Self:
        waiter = self._waiter
        if waiter is None:
            return self
        waiter.awaited = True
        if not waiter.done:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            waiter.futures.append(future)
            await future
        elif waiter.error is not None:
            raise waiter.error
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close; what is busy has five seconds, then it is cut."""
        if self._listening_socket is None and not self._connection_count:
            return
        self.close()
        try:
            await asyncio.wait_for(self._wait(), GRACE)
        except ServerNotRunningError:
            return
        except TimeoutError:
            self.close_all_connections()
            await self._wait()

    # -- connections -----------------------------------------------------------

    def _on_accept(self, connection: Connection) -> bool:
        socket = connection.socket
        limit = self.max_connections
        self._connection_count += 1
        if limit is not None and self._connection_count > limit:
            self._drop(socket)
            return False
        self._connections.add(connection)
        if not self.no_delay:
            socket.set_no_delay(False)
        if self.keep_alive:
            socket.set_keep_alive(True, self.keep_alive_initial_delay * 1000)
        if self._closing:
            connection.close_in_order()
        self._notify("connection", socket)
        return True

    def _drop(self, socket: Socket) -> None:
        facts = None
        if socket.remote_address is not None:
            facts = {
                f"{side}_{name}": getattr(socket, f"{side}_{name}")
                for side in ("local", "remote")
                for name in ("address", "port", "family")
            }
        socket._owner = None
        socket.destroy()
        self._notify("drop", facts)

    def _on_gone(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def _on_socket_gone(self) -> None:
        self._connection_count -= 1
        if self._closing:
            self._close_if_drained()

    def _take_parser(self, make_message: Callable[[], Any]) -> RequestParser:
        if self._parsers:
            parser = self._parsers.pop()
            parser.reuse(make_message)
            return parser
        return RequestParser(
            make_message,
            self.max_header_size or MAX_HEADER_SIZE,
            _count_limit(self.max_headers_count),
            self.insecure_http_parser,
            lazy_fields=True,
        )

    def _give_parser(self, parser: RequestParser) -> None:
        if len(self._parsers) < SPARE_PARSERS:
            parser.reuse(_nobody)  # or it would hold the connection
            self._parsers.append(parser)

    # -- requests --------------------------------------------------------------

    def _dispatch(self, req: IncomingMessage, res: ServerResponse, connection: Connection) -> None:
        """Apply what comes before 'request': Host, the limit of requests, Expect."""
        if req._http_version == "1.1":
            head = req._raw_head
            if head is None:
                hosts = req._values_of(b"host")
                good = _is_host(hosts)
                expect = _joined(req._values_of(b"expect"))
            else:
                good = head.host_is_good
                if good is None:
                    good = head.host_is_good = _is_host(head.values_of(b"host"))
                    head.expect = _joined(head.values_of(b"expect"))
                expect = head.expect
            if not good and self.require_host_header:
                if not self.insecure_http_parser or not req._values_of(b"host"):
                    _answer_empty(res, 400)
                    return
            if self._max_requests and self._over_limit(req, res, connection):
                return
            if expect is not None:
                self._expect(expect.decode("latin-1"), req, res)
                return
        if self.optimize_empty_requests and not _has_body(req):
            req._start_ended()
        self._notify("request", req, res)

    def _over_limit(self, req: IncomingMessage, res: ServerResponse, connection: Connection) -> bool:
        if not self._max_at_work():
            return False
        connection.counted_requests += 1
        if connection.counted_requests > self._max_requests:
            self._notify("dropRequest", req, connection.socket)
            res._exchange.last_allowed = True
            res._odd = True
            res.write_head(503)
            res.end()
            return True
        if connection.counted_requests == self._max_requests:
            res._exchange.last_allowed = True
            res._odd = True
        return False

    def _expect(self, expect: str, req: IncomingMessage, res: ServerResponse) -> None:
        if _fields.has_continue(expect):
            res._expects_continue = True
            res._odd = True
            if self.listener_count("checkContinue"):
                self._notify("checkContinue", req, res)
                return
            res.write_continue()
            self._notify("request", req, res)
        elif self.listener_count("checkExpectation"):
            self._notify("checkExpectation", req, res)
        else:
            res.write_head(417)
            res.end()

    def _wants_upgrade(self, req: IncomingMessage) -> bool:
        callback = self.should_upgrade_callback
        if callback is None:
            return self.listener_count("upgrade") > 0
        try:
            return bool(callback(req))
        except Exception as error:
            self._listener_failed(error, "upgrade", (req, req.socket, b""))
            return False

    def _hand_over(self, req: IncomingMessage, socket: Socket, head: bytes) -> None:
        event = "connect" if req._method == "CONNECT" else "upgrade"
        if not self._notify(event, req, socket, head):
            socket.destroy()

    def _refuse(self, error: BaseException, socket: Socket) -> bool:
        return self._notify("clientError", error, socket)

    def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None:
        log_failure(error, event, self)
        if event in ("request", "checkContinue", "checkExpectation"):
            args[1]._fail()
        elif event == "connection":
            args[0].destroy(error if isinstance(error, Exception) else None)
        elif event in ("upgrade", "connect", "clientError"):
            args[1].destroy()

    # -- clocks ----------------------------------------------------------------

    def _checking_interval(self) -> float:
        """Seconds between two looks; shorter where a progress timeout asks for it."""
        intervals = [self.connections_checking_interval]
        intervals += [each / 4 for each in (self.write_timeout, self.body_timeout) if each]
        return min(intervals) / 1000

    def _look(self, now: float) -> None:
        late = late_ones(self._connections, now, self.headers_timeout / 1000, self.request_timeout / 1000)
        for connection in late:
            connection.expire(RequestTimeoutError())  # type: ignore[attr-defined]  # a Connection
        if self.write_timeout or self.body_timeout:
            for each in list(self._connections):
                each.look_at_progress(now, self.write_timeout / 1000, self.body_timeout / 1000)


class _CloseCallback:
    """A callback of `close`: told of the error, if there is one."""

    __slots__ = ("callback", "error")

    def __init__(self, callback: Callback, error: BaseException | None) -> None:
        self.callback = callback
        self.error = error

    def __call__(self) -> object:
        return self.callback() if self.error is None else call_back(self.callback, self.error)


def _has_body(req: IncomingMessage) -> bool:
    return bool(req._values_of(b"content-length") or req._values_of(b"transfer-encoding"))


def _is_host(hosts: list[bytes]) -> bool:
    """Judge the Host fields of a request: one, and a host (RFC 9112, 3.2)."""
    return len(hosts) == 1 and _fields.is_host(hosts[0].decode("latin-1"))


def _nobody() -> IncomingMessage:
    raise AssertionError("a spare parser was fed")


def _joined(values: list[bytes]) -> bytes | None:
    return b", ".join(values) if values else None


def _answer_empty(res: ServerResponse, status: int) -> None:
    """Answer as Node does for its own refusals: a head that closes, an empty chunked body."""
    res.write_head(status, ["Connection", "close"])
    res.end()


def _tell_watchers() -> None:
    for callback in _watchers:
        later(callback)


def _on_abort(signal: Any, callback: Callable[[], object]) -> None:
    if getattr(signal, "aborted", False):
        later(callback)
    elif hasattr(signal, "add_event_listener"):
        signal.add_event_listener("abort", lambda *_: callback())
    elif hasattr(signal, "add_done_callback"):
        signal.add_done_callback(lambda *_: callback())


def sock_backlog(sock: system.socket) -> int:
    """Return the backlog to repeat: the loop calls `listen` once more."""
    return 511


def _count_limit(count: Any) -> int:
    if not _is_number(count):
        return 2000
    return int(count) if count > 0 and count != float("inf") else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value


for _name in ["request_timeout", "headers_timeout", "connections_checking_interval", "write_timeout", "body_timeout", "max_header_size", "max_headers_count", "max_connections", "no_delay", "keep_alive", "keep_alive_initial_delay", "high_water_mark", "require_host_header", "join_duplicate_headers", "insecure_http_parser", "reject_non_standard_body_writes", "optimize_empty_requests", "emit_close_after_finish", "should_upgrade_callback"]:
    _head, *_tail = _name.split("_")
    setattr(
        Server,
        _head + "".join(word.capitalize() for word in _tail),
        property(
            lambda self, name=_name: getattr(self, name),
            lambda self, value, name=_name: setattr(self, name, value),
        ),
    )
