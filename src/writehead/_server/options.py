"""The options of a server, each declared once; values that depend on them are updated at assignment.

    create_server(keep_alive_timeout=...)    read_options -> Settings._keep_options -> all dependent values
    server.keep_alive_timeout = ...          Option.__set__ -> the values that depend on this one

Invariant: connections and requests read no option, only the values in the `ConnectionConfig`.
"""

from __future__ import annotations

import math
import socket as system
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeGuard

from writehead._connection.config import ConnectionConfig
from writehead._http1.dressed_exchange import Dress, DressedExchange
from writehead._http1.exchange import Http1Exchange
from writehead._http1.framing import KEEP
from writehead._http1.parser_pool import ParserPool
from writehead._message import incoming, response
from writehead._node import option_names, validators
from writehead._node.spelling import snake
from writehead._node.validators import HIGH_WATER_MARK, Names, or_none
from writehead._semantics import fields as _fields
from writehead._semantics import forwarded
from writehead._server import option_checks
from writehead._server.option_kinds import (
    Bytes,
    BytesOrNone,
    Count,
    Milliseconds,
    MillisecondsOrAnything,
    MillisecondsOrNone,
    Option,
    Seconds,
    Switch,
    Truth,
)
from writehead.errors import InvalidArgTypeError, OutOfRangeError

MAX_HEADER_SIZE = 16384

Fields = Mapping[str, Any] | Iterable[tuple[str, Any]]
MessageClass = Callable[[Any], incoming.IncomingMessage]
ResponseClass = Callable[..., response.ServerResponse]


def _or_own(own: Callable[..., Any]) -> Callable[[object, str], Callable[..., Any]]:
    """Return the check of a class option, for which None means `own`."""
    return lambda value, argument: own if value is None else validators.class_(value, argument)


def _most_headers(count: float | None) -> int:
    if not _is_number(count):
        return 2000
    return int(count) if 0 < count < math.inf else 0


def _buffer(given: object) -> float:
    return given if _is_number(given) and 0 <= given < math.inf else 1000


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


class Settings:
    """The options of a server; see `Server`."""

    _config: ConnectionConfig
    _listening_socket: Any
    _guests: Any
    _once_adapted = False  # an open connection may have a high-water mark or leniency of its own

    def _keep_options(self, kept: Mapping[str, Any]) -> None:
        """Store the checked options that the server is made with."""
        self.__dict__.update(kept)
        self._work_out_parsers()
        self._work_out_keep_alive()
        self._work_out_connections()
        self._work_out_messages()
        self._work_out_trust()

    # -- values that depend on options -----------------------------------------

    def _work_out_parsers(self) -> None:
        """Update how heads are parsed; open connections keep their parsers and limits."""
        self._config.lenient = self.insecure_http_parser
        self._config.parsers = ParserPool(
            self.max_header_size or MAX_HEADER_SIZE,
            _most_headers(self.max_headers_count),
            self.insecure_http_parser,
        )
        self._choose_fast_paths()

    def _work_out_connections(self) -> None:
        """Update the time limits of connections."""
        timeout = self.timeout
        self._config.idle_seconds = timeout / 1000 if _is_number(timeout) and 0 < timeout < math.inf else 0.0
        self._config.allow_half_open = self.http_allow_half_open

    def _work_out_messages(self) -> None:
        """Update the classes and the options of requests and responses."""
        config = self._config
        config.message_class = self.IncomingMessage
        config.response_class = self.ServerResponse
        config.high_water_mark = self.high_water_mark
        config.reject_body = self.reject_non_standard_body_writes
        config.unique_headers = self.unique_headers
        config.close_after_finish = self.emit_close_after_finish
        config.join_duplicates = self.join_duplicate_headers
        config.empty_requests_end = self.optimize_empty_requests
        config.max_body = self.max_body_size
        entries = tuple((name.lower(), name, value) for name, value in self.default_headers or ())
        config.dress = Dress(entries, self.send_date)
        config.make_exchange = DressedExchange if entries or not self.send_date else Http1Exchange
        config.response_options = {}
        if config.high_water_mark != HIGH_WATER_MARK:
            config.response_options["high_water_mark"] = config.high_water_mark
        if config.reject_body:
            config.response_options["reject_non_standard_body_writes"] = True
        self._choose_fast_paths()

    def _work_out_trust(self) -> None:
        """Update which proxies are believed; open connections of applications keep what they have."""
        peers = self.trusted_proxies
        self._config.trust = forwarded.Trust(peers, self.forwarded_headers or ()) if peers else None

    def _work_out_keep_alive(self) -> None:
        """Update the keep-alive time, and the header lines that announce it."""
        config = self._config
        most = self.max_requests_per_socket
        config.most_requests = most if _is_number(most) and most > 0 else 0
        config.keep_alive_lines = KEEP
        config.keep_alive_seconds = 0.0
        timeout = self.keep_alive_timeout
        if _is_number(timeout) and timeout > 0:
            maximum = f", max={_fields.text(most)}" if config.most_requests else ""
            config.keep_alive_lines = f"{KEEP}Keep-Alive: timeout={int(timeout // 1000)}{maximum}\r\n"
            config.keep_alive_seconds = float(timeout + _buffer(self.keep_alive_timeout_buffer)) / 1000
        self._choose_fast_paths()

    def _choose_fast_paths(self) -> None:
        """Update which steps connections and requests may skip because no option needs them."""
        config = self._config
        # asyncio knows that a given socket is TCP only if its `proto` is IPPROTO_TCP.
        family, proto = (getattr(self._listening_socket, name, None) for name in ("family", "proto"))
        self._no_delay_due = proto == 0 and family in (system.AF_INET, system.AF_INET6)
        config.fast_path_accept = bool(
            self.max_connections is None
            and self.no_delay
            and not (self.keep_alive or config.closing or self._no_delay_due)
        )
        # A connection keeps the high-water mark and the leniency that it was opened with.
        if self.high_water_mark != HIGH_WATER_MARK or self.insecure_http_parser:
            self._once_adapted = True
        config.fast_path_response = not (
            config.closing
            or self._once_adapted
            or self.max_body_size
            or self.default_headers
            or not self.send_date
            or self.reject_non_standard_body_writes
            or self.unique_headers
            or self.emit_close_after_finish
            or self.join_duplicate_headers
        )
        config.fast_path_beside_guests = (
            config.fast_path_response
            and not (self.max_requests_per_socket or self.optimize_empty_requests)
            and self.IncomingMessage is incoming.IncomingMessage
            and self.ServerResponse is response.ServerResponse
        )
        config.fast_path = config.fast_path_beside_guests and self._guests is None

    def _note_progress(self) -> None:
        """Called when the interval between progress checks has changed."""

    def _work_out_checks(self) -> None:
        """Update how often progress is checked."""
        self._note_progress()

    # -- time ----------------------------------------------------------------------

    request_timeout: Milliseconds = Milliseconds(
        300_000,
        validators.whole_milliseconds,
        validators.limit,
        doc="Milliseconds for a whole request; 0: no limit.",
    )
    requestTimeout = request_timeout

    headers_timeout: Milliseconds = Milliseconds(
        60_000,
        validators.whole_milliseconds,
        validators.limit,
        doc="Milliseconds for the head of a request, from its first byte; 0: no limit.",
    )
    headersTimeout = headers_timeout

    connections_checking_interval: Milliseconds = Milliseconds(
        30_000,
        validators.whole_milliseconds,
        validators.milliseconds,
        doc="Milliseconds between two checks of those two; 0: none.",
    )
    connectionsCheckingInterval = connections_checking_interval

    keep_alive_timeout: MillisecondsOrNone = MillisecondsOrNone(
        5_000,
        validators.whole_milliseconds,
        or_none(validators.keep_alive),
        follows=_work_out_keep_alive,
        doc="Milliseconds that an idle connection is kept after a response; 0: no limit.",
    )
    keepAliveTimeout = keep_alive_timeout

    keep_alive_timeout_buffer: MillisecondsOrAnything = MillisecondsOrAnything(
        1_000,
        validators.whole_milliseconds,
        validators.buffer,
        follows=_work_out_keep_alive,
        doc="Milliseconds by which the server waits longer than the Keep-Alive header says.",
    )
    keepAliveTimeoutBuffer = keep_alive_timeout_buffer

    timeout: MillisecondsOrNone = MillisecondsOrNone(
        0,
        validators.milliseconds,
        or_none(validators.limit),
        follows=_work_out_connections,
        doc="Milliseconds that a connection may be without traffic; 0: no limit.",
    )

    body_timeout: Milliseconds = Milliseconds(
        0,
        validators.milliseconds,
        follows=_work_out_checks,
        doc="Milliseconds that a request body may make no progress; 0: no limit.",
    )
    bodyTimeout = body_timeout

    write_timeout: Milliseconds = Milliseconds(
        0,
        validators.milliseconds,
        follows=_work_out_checks,
        doc="Milliseconds that a response with bytes to send may make no progress; 0: no limit.",
    )
    writeTimeout = write_timeout

    # -- connections ---------------------------------------------------------------

    max_connections: Count = Count(
        None, _choose_fast_paths, doc="How many connections may be open at a time; `None`: any number."
    )
    maxConnections = max_connections

    max_requests_per_socket: Count = Count(
        0, _work_out_keep_alive, doc="How many requests one connection may make; 0: any number."
    )
    maxRequestsPerSocket = max_requests_per_socket

    no_delay: Truth = Truth(
        True, _choose_fast_paths, doc="Whether small writes are sent at once (TCP_NODELAY)."
    )
    noDelay = no_delay

    keep_alive: Truth = Truth(
        False,
        _choose_fast_paths,
        doc="Whether the system probes idle connections (SO_KEEPALIVE); not HTTP's keep-alive.",
    )
    keepAlive = keep_alive

    keep_alive_initial_delay: Seconds = Seconds(
        0,
        validators.whole_seconds,
        validators.delay,
        doc="When the first TCP keep-alive probe is sent; in whole seconds, as in Node.",
    )
    keepAliveInitialDelay = keep_alive_initial_delay

    http_allow_half_open: Switch = Switch(
        False,
        _work_out_connections,
        doc="Whether a client that has ended its side still gets responses that are not complete.",
    )
    httpAllowHalfOpen = http_allow_half_open

    # -- requests and responses ----------------------------------------------------

    max_header_size: BytesOrNone = BytesOrNone(
        None,
        validators.integer,
        or_none(validators.integer),
        follows=_work_out_parsers,
        doc="Bytes of target, field names and values of one head; `None`: `http.max_header_size`.",
    )
    maxHeaderSize = max_header_size

    max_headers_count: Count = Count(
        2000, _work_out_parsers, doc="How many fields one head may have; 0: any number."
    )
    maxHeadersCount = max_headers_count

    insecure_http_parser: Switch = Switch(
        False, _work_out_parsers, doc="Whether malformed requests are accepted."
    )
    insecureHTTPParser = insecure_http_parser

    require_host_header: Switch = Switch(
        True, doc="Whether HTTP/1.1 requests without one good Host field get 400."
    )
    requireHostHeader = require_host_header

    join_duplicate_headers: Switch = Switch(
        False, _work_out_messages, doc="Whether `req.headers` joins duplicates that are otherwise dropped."
    )
    joinDuplicateHeaders = join_duplicate_headers

    optimize_empty_requests: Switch = Switch(
        False,
        _work_out_messages,
        doc="Whether a request without a body starts ended, with no 'end' and 'close'.",
    )
    optimizeEmptyRequests = optimize_empty_requests

    high_water_mark: Bytes = Bytes(
        HIGH_WATER_MARK,
        validators.mark,
        follows=_work_out_messages,
        doc="Bytes from which `write` returns False, and reading of an unread body pauses.",
    )
    highWaterMark = high_water_mark

    reject_non_standard_body_writes: Switch = Switch(
        False, _work_out_messages, doc="Whether a body for HEAD, 204 or 304 raises instead of being dropped."
    )
    rejectNonStandardBodyWrites = reject_non_standard_body_writes

    emit_close_after_finish: Switch = Switch(
        False, _work_out_messages, doc="Whether responses emit 'close' after 'finish', as Node's do."
    )
    emitCloseAfterFinish = emit_close_after_finish

    unique_headers: Option[frozenset[str], Names | None] = Option(
        frozenset(),
        validators.names,
        follows=_work_out_messages,
        doc="Names, in lower case, whose list values are sent as one line.",
    )
    uniqueHeaders = unique_headers

    max_body_size: Bytes = Bytes(
        0,
        validators.integer,
        follows=_work_out_messages,
        doc="Bytes that the body of a request may have; 0: any number.",
    )
    maxBodySize = max_body_size

    default_headers: Option[tuple[tuple[str, str], ...] | None, Fields | None] = Option(
        (),
        option_checks.header_fields,
        or_none(option_checks.header_fields),
        follows=_work_out_messages,
        doc="Fields of every response that has none of that name.",
    )
    defaultHeaders = default_headers

    send_date: Switch = Switch(True, _work_out_messages, doc="Whether responses have a Date.")
    sendDate = send_date

    trusted_proxies: Option[tuple[str, ...] | None, Names | None] = Option(
        (),
        option_checks.peers,
        or_none(option_checks.peers),
        follows=_work_out_trust,
        doc="Proxies that are believed: addresses, networks, `unix` for Unix sockets, `*` for everyone.",
    )
    trustedProxies = trusted_proxies

    forwarded_headers: Option[tuple[str, ...] | None, Names | None] = Option(
        forwarded.USUAL,
        option_checks.believed,
        or_none(option_checks.believed),
        follows=_work_out_trust,
        doc="Their fields that are believed, in lower case: `x-forwarded-for`, `-proto`, `-host`, `-port`, `forwarded`.",
    )
    forwardedHeaders = forwarded_headers

    should_upgrade_callback: Option[Callable[..., Any] | None, Callable[..., Any] | None] = Option(
        None,
        validators.callback,
        or_none(validators.callback),
        doc="`f(req)` that returns whether an upgrade request is accepted, or `None`.",
    )
    shouldUpgradeCallback = should_upgrade_callback

    IncomingMessage: Option[MessageClass, MessageClass | None] = Option(
        incoming.IncomingMessage,
        validators.class_,
        _or_own(incoming.IncomingMessage),
        follows=_work_out_messages,
        doc="The class that requests are made of, with `(socket)`; `None` sets the library's own.",
    )

    ServerResponse: Option[ResponseClass, ResponseClass | None] = Option(
        response.ServerResponse,
        validators.class_,
        _or_own(response.ServerResponse),
        follows=_work_out_messages,
        doc="The class that responses are made of, with `(req, **options)`; `None` sets the library's own.",
    )


#: The options of a server, by their names in Python spelling.
OPTIONS: dict[str, Option[Any, Any]] = {
    name: each for name, each in vars(Settings).items() if isinstance(each, Option) and each.name == name
}


def read_options(options: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of a server under its Python spelling: the given value, checked, or the default.

    Keywords win over `options`. `None` means not given. Durations are
    milliseconds, but `keep_alive_initial_delay` is kept in whole seconds.

    Raises UnknownOptionError for a name that does not exist, and the error of a wrong value.
    """
    if options is not None and not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping", options)
    given: dict[str, Any] = {}
    for names in (options or {}, keywords):
        for name, value in names.items():
            if not is_known(name):
                raise option_names.unknown("a server", name, OPTIONS, option_names.NOT_OF_SERVERS)
            given[_spelled(name)] = value
    kept = {name: each.default for name, each in OPTIONS.items()}
    for name, each in OPTIONS.items():
        if given.get(name) is not None:
            kept[name] = each.check(given[name], name)
    _relate(kept, given.get("headers_timeout") is not None)
    return kept


def is_known(name: object) -> bool:
    """Tell whether a server has an option of this name, in either spelling."""
    return isinstance(name, str) and _spelled(name) in OPTIONS


def _spelled(name: str) -> str:
    return name if name in OPTIONS else snake(name)


def _relate(kept: dict[str, Any], given: bool) -> None:
    """Limit the time for a head to the time for a whole request."""
    head, request = kept["headers_timeout"], kept["request_timeout"]
    if not given:
        kept["headers_timeout"] = min(head, request)  # 0 switches off both, as in Node
    elif head > request > 0:
        raise OutOfRangeError("headers_timeout", "<= request_timeout", head)


def set_default(name: str, value: object) -> None:
    """Let `value` be the default of an option, for the servers that are made from now on.

    Raises the error of a wrong value.
    """
    each = OPTIONS[name]
    each.default = each.check(value, name)
