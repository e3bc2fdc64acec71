"""The options of a server as attributes, and what follows from them.

Law: what a request asks of them is worked out when one is assigned, not when the request comes.
"""

from __future__ import annotations

import math
import socket as system
from collections.abc import Callable, Collection
from typing import Any

from writehead._http1.framing import KEEP
from writehead._http1.parser_pool import ParserPool
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._node import validators
from writehead._node.spelling import node_spelling
from writehead._semantics import fields as _fields

MAX_HEADER_SIZE = 16384

MessageClass = Callable[[Any], IncomingMessage]
ResponseClass = Callable[..., ServerResponse]


class Settings:
    """The options of a server; see `Server`."""

    keep_alive_timeout: Any
    keepAliveTimeout: Any
    keep_alive_timeout_buffer: Any
    keepAliveTimeoutBuffer: Any
    max_requests_per_socket: Any
    maxRequestsPerSocket: Any
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
    http_allow_half_open: bool
    httpAllowHalfOpen: bool
    emit_close_after_finish: bool
    emitCloseAfterFinish: bool
    should_upgrade_callback: Callable[[IncomingMessage], object] | None
    shouldUpgradeCallback: Callable[[IncomingMessage], object] | None
    unique_headers: Collection[str]
    uniqueHeaders: Collection[str]

    _closing: bool
    _listening_socket: Any
    _complete = False
    _ever_odd = False

    def _keep_options(self, kept: dict[str, Any]) -> None:
        """Take the checked options that the server is made with."""
        self._message_class: MessageClass = kept.pop("IncomingMessage") or IncomingMessage
        self._response_class: ResponseClass = kept.pop("ServerResponse") or ServerResponse
        for name, value in kept.items():
            setattr(self, name, value)
        self._reckon_keep_alive()
        self._note_options()
        self._complete = True

    def _note_options(self) -> None:
        """Work out anew what follows from the options: one was assigned."""
        # Connections that are open keep the pool of the old limits.
        self._parsers = ParserPool(
            self.max_header_size or MAX_HEADER_SIZE,
            _count_limit(self.max_headers_count),
            self.insecure_http_parser,
        )
        self._mark = self.high_water_mark
        timeout = self.timeout
        in_time = _is_number(timeout) and 0 < timeout < math.inf
        self._idle_seconds = timeout / 1000 if in_time else 0.0
        self._response_options: dict[str, Any] = {}
        if self._mark != 65536:
            self._response_options["high_water_mark"] = self._mark
        if self.reject_non_standard_body_writes:
            self._response_options["reject_non_standard_body_writes"] = True
        self._note_peculiar()

    def _note_progress(self) -> None:
        """Hear that progress is to be looked at more often, or less."""

    def _note_peculiar(self) -> None:
        """Note whether a connection or a request has to be told of any option (see `Connection._adapt`)."""
        # asyncio does not see that a socket it was given is TCP, if it does not say so itself.
        family, proto = (getattr(self._listening_socket, name, None) for name in ("family", "proto"))
        self._no_delay_due = proto == 0 and family in (system.AF_INET, system.AF_INET6)
        self._welcoming = bool(
            self.max_connections is None
            and self.no_delay
            and not (self.keep_alive or self._closing or self._no_delay_due)
        )
        # A connection keeps the mark and the leniency that it was opened with.
        self._ever_odd = self._ever_odd or self._mark != 65536 or self.insecure_http_parser
        self._peculiar = bool(
            self._closing
            or self._ever_odd
            or self.reject_non_standard_body_writes
            or self.unique_headers
            or self.emit_close_after_finish
            or self.join_duplicate_headers
        )
        self._straight = not (
            self._peculiar
            or self.max_requests_per_socket
            or self.optimize_empty_requests
            or self._message_class is not IncomingMessage
            or self._response_class is not ServerResponse
        )

    @property
    def IncomingMessage(self) -> MessageClass:
        """The class that requests are made of, with `(socket)`; `None` sets the library's own."""
        return self._message_class

    @IncomingMessage.setter
    def IncomingMessage(self, value: MessageClass | None) -> None:
        self._message_class = validators.assigned("IncomingMessage", value) or IncomingMessage
        self._note_peculiar()

    @property
    def ServerResponse(self) -> ResponseClass:
        """The class that responses are made of, with `(req, **options)`; `None` sets the library's own."""
        return self._response_class

    @ServerResponse.setter
    def ServerResponse(self, value: ResponseClass | None) -> None:
        self._response_class = validators.assigned("ServerResponse", value) or ServerResponse
        self._note_peculiar()

    def _note_requests(self) -> None:
        """Work out what follows from the limit of requests: it is told in heads."""
        self._reckon_keep_alive()
        self._note_peculiar()

    def _reckon_keep_alive(self) -> None:
        timeout = self.keep_alive_timeout
        self._keep_lines = KEEP
        if _is_number(timeout) and timeout > 0:
            limit = f", max={_fields.text(self.max_requests_per_socket)}" if self._max_at_work() else ""
            self._keep_lines = f"{KEEP}Keep-Alive: timeout={int(timeout // 1000)}{limit}\r\n"
        self._keep_alive_seconds = self._reckon_seconds()

    def _max_at_work(self) -> bool:
        return _is_number(self.max_requests_per_socket) and self.max_requests_per_socket > 0

    def _reckon_seconds(self) -> float:
        timeout = self.keep_alive_timeout
        if not _is_number(timeout) or timeout <= 0:
            return 0.0
        buffer = self.keep_alive_timeout_buffer
        if not _is_number(buffer) or buffer < 0 or buffer == float("inf"):
            buffer = 1000
        return float(timeout + buffer) / 1000


def _count_limit(count: Any) -> int:
    if not _is_number(count):
        return 2000
    return int(count) if count > 0 and count != float("inf") else 0


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)


def _twin(name: str) -> property:
    """Return the property that stands for the attribute `name` under its Node spelling."""

    def get(settings: Settings) -> Any:
        return getattr(settings, name)

    def set_(settings: Settings, value: Any) -> None:
        setattr(settings, name, value)

    return property(get, set_, doc=f"The Node spelling of `{name}`.")


def _option(name: str, what: str, note: Callable[[Settings], None] | None) -> property:
    """Return an option that may be assigned later; `note` sees to what follows from it."""
    inner = "_given_" + name

    def read(self: Settings) -> Any:
        return getattr(self, inner)

    def assign(self: Settings, value: Any) -> None:
        setattr(self, inner, validators.assigned(name, value) if self._complete else value)
        if note is not None and self._complete:
            note(self)

    return property(read, assign, doc=what)


for _name, _what in {
    "max_header_size": "Bytes of target, field names and values of one head; `None`: `http.max_header_size`.",
    "max_headers_count": "How many fields one head may have; 0: any number.",
    "insecure_http_parser": "Whether malformed requests are taken.",
    "high_water_mark": "Bytes from which `write` returns False, and an unread body is read no further.",
    "reject_non_standard_body_writes": "Whether a body for HEAD, 204 or 304 raises instead of being dropped.",
    "emit_close_after_finish": "Whether responses emit 'close' after 'finish', as Node's do.",
    "join_duplicate_headers": "Whether `req.headers` joins duplicates that are otherwise dropped.",
    "optimize_empty_requests": "Whether a request without a body starts ended, with no 'end' and 'close'.",
    "timeout": "Milliseconds that a connection may be without traffic; 0: no limit.",
    "unique_headers": "Names, in lower case, whose list values are sent as one line.",
}.items():
    setattr(Settings, _name, _option(_name, _what, Settings._note_options))

for _name, _what in {
    "max_connections": "How many connections may be open at a time; `None`: any number.",
    "no_delay": "Whether small packets leave at once (TCP_NODELAY).",
    "keep_alive": "Whether the system probes idle connections (SO_KEEPALIVE); not HTTP's keep-alive.",
}.items():
    setattr(Settings, _name, _option(_name, _what, Settings._note_peculiar))

for _name, _what in {
    "keep_alive_timeout": "Milliseconds that an idle connection is kept after an answer; 0: no limit.",
    "keep_alive_timeout_buffer": "Milliseconds that the server waits longer than the Keep-Alive header says.",
}.items():
    setattr(Settings, _name, _option(_name, _what, Settings._reckon_keep_alive))

_what = "How many requests one connection may make; 0: any number."
Settings.max_requests_per_socket = _option("max_requests_per_socket", _what, Settings._note_requests)

for _name, _what in {
    "body_timeout": "Milliseconds that a request body may make no progress; 0: no limit.",
    "write_timeout": "Milliseconds that an answer with bytes to send may make no progress; 0: no limit.",
}.items():
    setattr(Settings, _name, _option(_name, _what, lambda settings: settings._note_progress()))

for _name, _what in {
    "request_timeout": "Milliseconds for a whole request; 0: no limit.",
    "headers_timeout": "Milliseconds for the head of a request, from its first byte; 0: no limit.",
    "connections_checking_interval": "Milliseconds between two looks at those two; 0: none.",
    "require_host_header": "Whether HTTP/1.1 requests without one good Host field get 400.",
    "http_allow_half_open": "Whether a client that has ended its side still gets what handlers are at.",
    "should_upgrade_callback": "`f(req)` that says whether a request to upgrade is taken, or `None`.",
    "keep_alive_initial_delay": "When the first TCP keep-alive probe goes; in whole seconds, as in Node.",
}.items():
    setattr(Settings, _name, _option(_name, _what, None))

for _name in list(Settings.__annotations__):
    if "_" in _name and not _name.startswith("_"):
        setattr(Settings, node_spelling(_name), _twin(_name))
