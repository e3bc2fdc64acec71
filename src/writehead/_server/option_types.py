"""The options of servers, as type checkers and editors see them."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, TypedDict

from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._node.validators import Duration, Names

#: PEM as `str` or bytes, or the path of a PEM file; more than one in a list.
Pem = str | bytes | PathLike[str] | Sequence[str | bytes | PathLike[str]] | None


class ServerOptions(TypedDict, total=False):
    """The options of `http.create_server`, in both spellings; None means not given.

    Source: https://nodejs.org/api/http.html#httpcreateserveroptions-requestlistener
    """

    headers_timeout: Duration
    headersTimeout: Duration
    request_timeout: Duration
    requestTimeout: Duration
    connections_checking_interval: Duration
    connectionsCheckingInterval: Duration
    keep_alive_timeout: Duration
    keepAliveTimeout: Duration
    keep_alive_timeout_buffer: Duration
    keepAliveTimeoutBuffer: Duration
    timeout: Duration
    body_timeout: Duration
    bodyTimeout: Duration
    write_timeout: Duration
    writeTimeout: Duration
    max_header_size: int | None
    maxHeaderSize: int | None
    max_headers_count: int | None
    maxHeadersCount: int | None
    max_requests_per_socket: int | None
    maxRequestsPerSocket: int | None
    max_connections: int | None
    maxConnections: int | None
    high_water_mark: int | None
    highWaterMark: int | None
    no_delay: bool | None
    noDelay: bool | None
    keep_alive: bool | None
    keepAlive: bool | None
    keep_alive_initial_delay: Duration
    keepAliveInitialDelay: Duration
    require_host_header: bool | None
    requireHostHeader: bool | None
    join_duplicate_headers: bool | None
    joinDuplicateHeaders: bool | None
    insecure_http_parser: bool | None
    insecureHTTPParser: bool | None
    optimize_empty_requests: bool | None
    optimizeEmptyRequests: bool | None
    reject_non_standard_body_writes: bool | None
    rejectNonStandardBodyWrites: bool | None
    http_allow_half_open: bool | None
    httpAllowHalfOpen: bool | None
    emit_close_after_finish: bool | None
    emitCloseAfterFinish: bool | None
    unique_headers: Names | None
    uniqueHeaders: Names | None
    max_body_size: float | None
    maxBodySize: float | None
    default_headers: Mapping[str, Any] | Iterable[tuple[str, Any]] | None
    defaultHeaders: Mapping[str, Any] | Iterable[tuple[str, Any]] | None
    send_date: bool | None
    sendDate: bool | None
    trusted_proxies: Names | None
    trustedProxies: Names | None
    forwarded_headers: Names | None
    forwardedHeaders: Names | None
    should_upgrade_callback: Callable[[IncomingMessage], object] | None
    shouldUpgradeCallback: Callable[[IncomingMessage], object] | None
    IncomingMessage: type[IncomingMessage] | None
    ServerResponse: type[ServerResponse] | None


class SecureContextOptions(TypedDict, total=False):
    """The options of a secure context: of a server, `set_secure_context`, `add_context` and `sni_callback`.

    Source: https://nodejs.org/api/tls.html#tlscreatesecurecontextoptions
    """

    ssl_context: ssl.SSLContext | None
    key: Pem
    cert: Pem
    ca: Pem
    crl: Pem
    passphrase: str | bytes | None
    ciphers: str | None
    dhparam: str | bytes | PathLike[str] | bool | None
    ecdh_curve: str | None
    ecdhCurve: str | None
    honor_cipher_order: bool | None
    honorCipherOrder: bool | None
    min_version: str | ssl.TLSVersion | None
    minVersion: str | ssl.TLSVersion | None
    max_version: str | ssl.TLSVersion | None
    maxVersion: str | ssl.TLSVersion | None
    secure_options: int | None
    secureOptions: int | None


#: The results of `sni_callback`: a context, the options of one, or None for that of the server.
Context = ssl.SSLContext | SecureContextOptions | None


#: `f(name)` that returns or awaits the context, or Node's `f(name, answer)` that calls `answer` with it.
NameCallback = (
    Callable[[str], Context | Awaitable[Context]]
    | Callable[[str, Callable[[BaseException | None, Context], None]], object]
    | None
)


class SecureServerOptions(ServerOptions, SecureContextOptions, total=False):
    """The options of `https.create_server`, in both spellings.

    Source: https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener
    """

    request_cert: bool | None
    requestCert: bool | None
    reject_unauthorized: bool | None
    rejectUnauthorized: bool | None
    alpn_protocols: Sequence[str | bytes] | None
    ALPNProtocols: Sequence[str | bytes] | None
    sni_callback: NameCallback
    SNICallback: NameCallback
    handshake_timeout: Duration
    handshakeTimeout: Duration
