"""The options of servers, as type checkers and editors see them."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, TypedDict

from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._node.validators import Duration

#: PEM as `str` or bytes, or the path of a PEM file; more than one in a list.
Pem = str | bytes | PathLike[str] | Sequence[str | bytes | PathLike[str]] | None


class ServerOptions(TypedDict, total=False):
    """The options of `http.create_server`, by keyword; each may be None, which is as if it was not given.

    Source: https://nodejs.org/api/http.html#httpcreateserveroptions-requestlistener
    """

    headers_timeout: Duration
    request_timeout: Duration
    connections_checking_interval: Duration
    keep_alive_timeout: Duration
    keep_alive_timeout_buffer: Duration
    timeout: Duration
    body_timeout: Duration
    write_timeout: Duration
    max_header_size: int | None
    max_headers_count: int | None
    max_requests_per_socket: int | None
    max_connections: int | None
    high_water_mark: int | None
    no_delay: bool | None
    keep_alive: bool | None
    keep_alive_initial_delay: Duration
    require_host_header: bool | None
    join_duplicate_headers: bool | None
    insecure_http_parser: bool | None
    optimize_empty_requests: bool | None
    reject_non_standard_body_writes: bool | None
    http_allow_half_open: bool | None
    emit_close_after_finish: bool | None
    unique_headers: Iterable[str | Iterable[str]] | None
    should_upgrade_callback: Callable[[IncomingMessage], object] | None
    IncomingMessage: type[IncomingMessage] | None
    ServerResponse: type[ServerResponse] | None


class SecureContextOptions(TypedDict, total=False):
    """What a secure context is made of: of a server, `set_secure_context`, `add_context` and `sni_callback`.

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
    honor_cipher_order: bool | None
    min_version: str | ssl.TLSVersion | None
    max_version: str | ssl.TLSVersion | None
    secure_options: int | None


#: What `sni_callback` may answer: a context, options of one, or None for that of the server.
Context = ssl.SSLContext | Mapping[str, Any] | None


class SecureServerOptions(ServerOptions, SecureContextOptions, total=False):
    """The options of `https.create_server`, by keyword.

    Source: https://nodejs.org/api/tls.html#tlscreateserveroptions-secureconnectionlistener
    """

    request_cert: bool | None
    reject_unauthorized: bool | None
    alpn_protocols: Sequence[str | bytes] | None
    sni_callback: (
        Callable[[str], Context | Awaitable[Context]]
        | Callable[[str, Callable[[BaseException | None, Context], None]], object]
        | None
    )
    handshake_timeout: Duration
