"""Server: listens, accepts, and gives each request to its listeners."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, Self

from writehead import _fields, _options
from writehead._callbacks import Callback
from writehead._connection import Connection
from writehead._failures import log_failure
from writehead._http1.framing import KEEP
from writehead._http1.pool import ParserPool
from writehead._incoming import IncomingMessage
from writehead._listening import Held, Listening
from writehead._response import ServerResponse
from writehead._socket import Socket
from writehead._spellings import node_spelling
from writehead._sweep import late_ones
from writehead.errors import InvalidArgTypeError, RequestTimeoutError

MAX_HEADER_SIZE = 16384


class Server(Listening):
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
    requestTimeout: float
    headers_timeout: float
    headersTimeout: float
    connections_checking_interval: float
    connectionsCheckingInterval: float
    timeout: float
    write_timeout: float
    writeTimeout: float
    body_timeout: float
    bodyTimeout: float
    max_header_size: int | None
    maxHeaderSize: int | None
    max_headers_count: Any
    maxHeadersCount: Any
    max_connections: int | None
    maxConnections: int | None
    no_delay: bool
    noDelay: bool
    keep_alive: bool
    keepAlive: bool
    keep_alive_initial_delay: int
    keepAliveInitialDelay: int
    high_water_mark: int
    highWaterMark: int
    require_host_header: bool
    requireHostHeader: bool
    join_duplicate_headers: bool
    joinDuplicateHeaders: bool
    insecure_http_parser: bool
    insecureHTTPParser: bool
    reject_non_standard_body_writes: bool
    rejectNonStandardBodyWrites: bool
    optimize_empty_requests: bool
    optimizeEmptyRequests: bool
    emit_close_after_finish: bool
    emitCloseAfterFinish: bool
    should_upgrade_callback: Callable[..., Any] | None
    shouldUpgradeCallback: Callable[..., Any] | None

    #: Node's name for: a client that has ended its side still gets what was written (always True).
    allow_half_open = True
    allowHalfOpen = True
    _complete = False
    _ever_odd = False

    def __init__(
        self,
        options: Mapping[str, Any] | Callback | None = None,
        handler: Callback | None = None,
        **keywords: Any,
    ) -> None:
        if callable(options) and not isinstance(options, Mapping):
            options, handler = None, options
        kept = _options.server_options(options, keywords)
        if handler is not None and not callable(handler):
            raise InvalidArgTypeError("handler", "a function", handler)
        self._message_class: Callable[[Any], IncomingMessage] = kept.pop("IncomingMessage") or IncomingMessage
        self._response_class: Callable[..., ServerResponse] = kept.pop("ServerResponse") or ServerResponse
        self._unique_headers: frozenset[str] = kept.pop("unique_headers")
        self._keep_alive_timeout: Any = kept.pop("keep_alive_timeout")
        self._max_requests: Any = kept.pop("max_requests_per_socket")
        self._keep_alive_timeout_buffer: Any = kept.pop("keep_alive_timeout_buffer")
        for name, value in kept.items():
            setattr(self, name, value)
        self._response_options: dict[str, Any] = {}
        if self.high_water_mark != 65536:
            self._response_options["high_water_mark"] = self.high_water_mark
        if self.reject_non_standard_body_writes:
            self._response_options["reject_non_standard_body_writes"] = True
        self._reckon_keep_alive()
        self._connections: set[Connection] = set()
        self._note_options()
        self._complete = True
        if handler is not None:
            self.on("request", handler)

    def _note_options(self) -> None:
        """Work out anew what follows from the options: one was assigned."""
        # Connections that are open keep the pool of the old limits.
        self._parsers = ParserPool(
            self.max_header_size or MAX_HEADER_SIZE,
            _count_limit(self.max_headers_count),
            self.insecure_http_parser,
        )
        timeout = self.timeout
        in_time = _is_number(timeout) and 0 < timeout < math.inf
        self._idle_seconds = timeout / 1000 if in_time else 0.0
        self._note_peculiar()

    def _note_peculiar(self) -> None:
        """Note whether a request has to be told of any option (see `Connection._adapt`)."""
        # A connection keeps the mark and the leniency that it was opened with.
        self._ever_odd = self._ever_odd or self.high_water_mark != 65536 or self.insecure_http_parser
        self._peculiar = bool(
            self._closing
            or self._ever_odd
            or self.reject_non_standard_body_writes
            or self._unique_headers
            or self.emit_close_after_finish
            or self.join_duplicate_headers
            or self.body_timeout
        )
        self._straight = not (
            self._peculiar
            or self._max_requests
            or self.optimize_empty_requests
            or self._message_class is not IncomingMessage
            or self._response_class is not ServerResponse
        )

    # -- options that are worked out when they are set --------------------------

    @property
    def keep_alive_timeout(self) -> Any:
        """Milliseconds that an idle connection is kept after an answer; 0: no limit."""
        return self._keep_alive_timeout

    @keep_alive_timeout.setter
    def keep_alive_timeout(self, value: Any) -> None:
        self._keep_alive_timeout = _options.assigned("keep_alive_timeout", value)
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
        self._note_peculiar()

    maxRequestsPerSocket = max_requests_per_socket

    def _reckon_keep_alive(self) -> None:
        timeout = self._keep_alive_timeout
        self._keep_lines = KEEP
        if _is_number(timeout) and timeout > 0:
            limit = f", max={_fields.text(self._max_requests)}" if self._max_at_work() else ""
            self._keep_lines = f"{KEEP}Keep-Alive: timeout={int(timeout // 1000)}{limit}\r\n"
        self._keep_alive_seconds = self._reckon_seconds()

    def _max_at_work(self) -> bool:
        return _is_number(self._max_requests) and self._max_requests > 0

    @property
    def keep_alive_timeout_buffer(self) -> Any:
        """Milliseconds that the server waits longer than the Keep-Alive header says."""
        return self._keep_alive_timeout_buffer

    @keep_alive_timeout_buffer.setter
    def keep_alive_timeout_buffer(self, value: Any) -> None:
        self._keep_alive_timeout_buffer = _options.assigned("keep_alive_timeout_buffer", value)
        self._reckon_keep_alive()

    keepAliveTimeoutBuffer = keep_alive_timeout_buffer

    def _reckon_seconds(self) -> float:
        timeout = self._keep_alive_timeout
        if not _is_number(timeout) or timeout <= 0:
            return 0.0
        buffer = self._keep_alive_timeout_buffer
        if not _is_number(buffer) or buffer < 0 or buffer == float("inf"):
            buffer = 1000
        return float(timeout + buffer) / 1000

    @property
    def _held(self) -> list[Held]:
        return list(self._connections)

    def _make_connection(self) -> asyncio.BaseProtocol:
        return Connection(self)

    def set_timeout(self, msecs: Any = 0, callback: Callback | None = None) -> Self:
        """Set `timeout` for new connections; `callback` becomes a 'timeout' listener.

        Args:
            msecs: milliseconds, or a `timedelta`; 0 switches off.

        Source: https://nodejs.org/api/http.html#serversettimeoutmsecs-callback
        """
        if callable(msecs):
            msecs, callback = 120_000, msecs
        self.timeout = msecs
        if callback is not None:
            self.on("timeout", callback)
        return self

    setTimeout = set_timeout

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
        elif getattr(self._listening_socket, "proto", 1) == 0:  # asyncio did not see that it is TCP
            socket.set_no_delay()
        if self.keep_alive:
            socket.set_keep_alive(True, self.keep_alive_initial_delay * 1000)
        if self._closing:
            connection.close_in_order(self._grace)
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

    # -- requests --------------------------------------------------------------

    def _dispatch(self, req: IncomingMessage, res: ServerResponse, connection: Connection) -> None:
        """Apply what comes before 'request': Host, the limit of requests, Expect."""
        if req._http_version == "1.1":
            head = req._raw_head
            if head is None:
                hosts, expects = _hosts_and_expects(req._field_bytes())
                good = _is_host(hosts)
                expect = _joined(expects)
            else:
                good = head.host_is_good
                expect = head.expect
            if not good and not self._excuses_host(req, connection):
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

    def _excuses_host(self, req: IncomingMessage, connection: Connection) -> bool:
        """Tell whether a Host field that is missing, doubled or no host is let through."""
        lenient = connection._parsers.lenient
        return not self.require_host_header or (lenient and bool(req._values_of(b"host")))

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
        intervals = [self.connections_checking_interval, self.write_timeout / 4, self.body_timeout / 4]
        return min((each for each in intervals if each), default=0) / 1000

    def _look(self, now: float) -> None:
        for connection in self._connections:
            connection._last_head = None  # an idle one keeps no memory of what it was asked
        late = late_ones(self._connections, now, self.headers_timeout / 1000, self.request_timeout / 1000)
        for each in late:
            each.expire(RequestTimeoutError())  # type: ignore[attr-defined]  # a Connection
        if self.write_timeout or self.body_timeout:
            for connection in list(self._connections):
                connection.look_at_progress(now, self.write_timeout / 1000, self.body_timeout / 1000)


def _has_body(req: IncomingMessage) -> bool:
    return bool(req._values_of(b"content-length") or req._values_of(b"transfer-encoding"))


def _hosts_and_expects(fields: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the values of the two fields that each request is asked for, in one walk."""
    hosts = []
    expects = []
    for at in range(0, len(fields), 2):
        size = len(fields[at])
        if size == 4:
            if fields[at].lower() == b"host":
                hosts.append(fields[at + 1])
        elif size == 6 and fields[at].lower() == b"expect":
            expects.append(fields[at + 1])
    return hosts, expects


def _is_host(hosts: list[bytes]) -> bool:
    """Judge the Host fields of a request: one, and a host (RFC 9112, 3.2)."""
    return len(hosts) == 1 and _fields.is_host(hosts[0].decode("latin-1"))


def _twin(name: str) -> property:
    """Return the property that stands for the attribute `name` under its Node spelling."""

    def get(server: Server) -> Any:
        return getattr(server, name)

    def set_(server: Server, value: Any) -> None:
        setattr(server, name, value)

    return property(get, set_, doc=f"The Node spelling of `{name}`.")


def _joined(values: list[bytes]) -> bytes | None:
    return b", ".join(values) if values else None


def _answer_empty(res: ServerResponse, status: int) -> None:
    """Answer as Node does for its own refusals: a head that closes, an empty chunked body."""
    res.write_head(status, ["Connection", "close"])
    res.end()


def _count_limit(count: Any) -> int:
    if not _is_number(count):
        return 2000
    return int(count) if count > 0 and count != float("inf") else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)


def _option(name: str, noted: bool) -> property:
    """Return an option that may be assigned later; `noted` if other things follow from it."""
    inner = "_given_" + name

    def read(self: Server) -> Any:
        return getattr(self, inner)

    def assign(self: Server, value: Any) -> None:
        setattr(self, inner, _options.assigned(name, value) if self._complete else value)
        if noted and self._complete:
            self._note_options()

    return property(read, assign, doc=f"The option `{name}`.")


for _name in (
    "max_header_size",
    "max_headers_count",
    "insecure_http_parser",
    "high_water_mark",
    "reject_non_standard_body_writes",
    "emit_close_after_finish",
    "join_duplicate_headers",
    "body_timeout",
    "optimize_empty_requests",
    "timeout",
):
    setattr(Server, _name, _option(_name, noted=True))

for _name in (
    "request_timeout",
    "headers_timeout",
    "connections_checking_interval",
    "write_timeout",
    "keep_alive_initial_delay",
):
    setattr(Server, _name, _option(_name, noted=False))

for _name in list(Server.__annotations__):
    if "_" in _name and not _name.startswith("_"):
        setattr(Server, node_spelling(_name), _twin(_name))
