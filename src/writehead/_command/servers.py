"""The server of a target: the one that the program has made, or one that is made for it; with the options of the settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from writehead import http, https
from writehead._command.failures import CommandError
from writehead._command.interfaces import Found, Interface
from writehead._command.settings import (
    CA_CERTS,
    CERT_REQS,
    CERTFILE,
    CIPHERS,
    CRL,
    DATE_HEADER,
    FORWARDED_ALLOW_IPS,
    FORWARDED_HEADERS,
    HEADER,
    KEYFILE,
    KEYFILE_PASSWORD,
    LIFESPAN,
    MAX_BODY,
    MAX_CONNECTIONS,
    MAX_HEADER_SIZE,
    MAX_HEADERS_COUNT,
    PROXY_HEADERS,
    ROOT_PATH,
    SERVER_HEADER,
    THREADS,
    TIMEOUT_BODY,
    TIMEOUT_HEADERS,
    TIMEOUT_KEEP_ALIVE,
    TIMEOUT_REQUEST,
    TIMEOUT_WRITE,
    TLS_MIN,
    WS_MAX_SIZE,
    WS_PER_MESSAGE_DEFLATE,
    WS_PING_INTERVAL,
    WS_PING_TIMEOUT,
    Setting,
)
from writehead._command.values import Values
from writehead.errors import InvalidArgTypeError, InvalidArgValueError, TLSError

logger = logging.getLogger("writehead")

#: The settings that are options of a server, and the names of these.
OF_SERVERS: tuple[tuple[Setting[Any], str], ...] = (
    (TIMEOUT_KEEP_ALIVE, "keep_alive_timeout"),
    (TIMEOUT_HEADERS, "headers_timeout"),
    (TIMEOUT_REQUEST, "request_timeout"),
    (TIMEOUT_BODY, "body_timeout"),
    (TIMEOUT_WRITE, "write_timeout"),
    (MAX_HEADER_SIZE, "max_header_size"),
    (MAX_HEADERS_COUNT, "max_headers_count"),
    (MAX_BODY, "max_body_size"),
    (DATE_HEADER, "send_date"),
)

#: Those of proxies, which go together.
OF_PROXIES: tuple[Setting[Any], ...] = (PROXY_HEADERS, FORWARDED_HEADERS, FORWARDED_ALLOW_IPS)

#: The same of TLS; those of one with a default are given only with a certificate.
OF_TLS: tuple[tuple[Setting[Any], str, Callable[[Any], Any]], ...] = (
    (CERTFILE, "cert", Path),
    (KEYFILE, "key", Path),
    (KEYFILE_PASSWORD, "passphrase", str),
    (CA_CERTS, "ca", Path),
    (CRL, "crl", Path),
    (CIPHERS, "ciphers", str),
    (TLS_MIN, "min_version", str),
)

#: The settings that one interface alone has a use for.
OF_INTERFACES: dict[Interface, tuple[Setting[Any], ...]] = {
    Interface.ASGI: (LIFESPAN, WS_MAX_SIZE, WS_PING_INTERVAL, WS_PING_TIMEOUT, WS_PER_MESSAGE_DEFLATE),
    Interface.WSGI: (THREADS,),
}


def server_for(found: Found, name: str, values: Values) -> http.Server:
    """Return the server of what was found: itself, or one that is made for it.

    Raises:
        CommandError: a certificate cannot be used, or it is an application of another interface.
    """
    for note in without_effect(found, values):
        logger.warning("%s", note)
    with certificate_errors(values):
        try:
            if found.is_server:
                return _adapted(found.object, name, values)
            server = _made_for(found, values)
            server._makes_room = values[MAX_CONNECTIONS] > 0
            return server
        except InvalidArgTypeError as error:  # of an application whose interface was said, and is another
            raise CommandError(f"{name}: {error}") from None


def _made_for(found: Found, values: Values) -> http.Server:
    tls = tls_options(values)
    options: Any = {**server_options(values, given=False), **tls}  # each is checked where it is read
    if found.interface is Interface.ASGI:
        from writehead import asgi

        options.update(_of_asgi(values))
        return asgi.create_server(found.object, options)
    if found.interface is Interface.WSGI:
        from writehead import wsgi

        options.update({"root_path": values[ROOT_PATH], "threads": values[THREADS]})
        return wsgi.create_server(found.object, options)
    if tls:
        return https.create_server(options, found.object)
    return http.create_server(options, found.object)


def _of_asgi(values: Values) -> dict[str, Any]:
    return {
        "root_path": values[ROOT_PATH],
        "lifespan": values[LIFESPAN],
        "websocket": {
            "max_payload": values[WS_MAX_SIZE],
            "ping_interval": values[WS_PING_INTERVAL],
            "ping_timeout": values[WS_PING_TIMEOUT],
            "per_message_deflate": values[WS_PER_MESSAGE_DEFLATE],
        },
    }


def _adapted(server: http.Server, name: str, values: Values) -> http.Server:
    """Return a server of the program; what was given replaces its own options."""
    for option, value in server_options(values, given=True).items():
        setattr(server, option, value)
    tls: Any = tls_options(values)
    if tls:
        if not isinstance(server, https.Server):
            raise CommandError(
                f"{name} is a server of http, and {values.source(CERTFILE)} needs one of https"
            )
        if "request_cert" in tls:
            server._ask({name: tls.pop(name) for name in ("request_cert", "reject_unauthorized")})
        server.set_secure_context(tls)
    if values.source(MAX_CONNECTIONS):
        server._makes_room = True
    return server


def server_options(values: Values, *, given: bool) -> dict[str, Any]:
    """Return the options of a server that the settings are.

    Args:
        values: the settings.
        given: whether only those are returned that were given: for servers that have options already.
    """
    found = {option: values[each] for each, option in OF_SERVERS if not given or values.source(each)}
    if not values.source(TIMEOUT_HEADERS):
        found.pop("headers_timeout", None)  # its default is not more than the time for the whole request
    if values.source(MAX_CONNECTIONS) or not given:
        found["max_connections"] = values[MAX_CONNECTIONS] or None
    if values[SERVER_HEADER] or values[HEADER]:
        own = (("Server", "writehead"),) if values[SERVER_HEADER] else ()
        found["default_headers"] = (*own, *values[HEADER])
    if not given or any(map(values.source, OF_PROXIES)):
        found["trusted_proxies"] = values[FORWARDED_ALLOW_IPS] if values[PROXY_HEADERS] else ()
        found["forwarded_headers"] = values[FORWARDED_HEADERS]
    return found


def tls_options(values: Values) -> dict[str, Any]:
    """Return the options of TLS that the settings are; none without a certificate."""
    if values[CERTFILE] is None:
        return {}
    found = {name: made(values[each]) for each, name, made in OF_TLS if values[each] is not None}
    if values[CERT_REQS] != "none":
        found["request_cert"] = True
        found["reject_unauthorized"] = values[CERT_REQS] == "required"
    return found


@contextmanager
def certificate_errors(values: Values) -> Iterator[None]:
    """Let what is wrong with a certificate end the command."""
    try:
        yield
    except OSError as error:  # the path of one of the two
        file = error.filename or values[CERTFILE]
        raise CommandError(f"cannot use the certificate {str(file)!r}: {error.strerror}") from None
    except TLSError as error:
        raise CommandError(f"cannot use the certificate {values[CERTFILE]!r}: {error}") from None
    except InvalidArgValueError as error:
        raise CommandError(f"cannot use the certificate {values[CERTFILE]!r}: {error}") from None


def without_effect(found: Found, values: Values) -> list[str]:
    """Return what is to be told of settings that were given, and that a target has no use for."""
    idle = [
        each
        for interface, settings in OF_INTERFACES.items()
        if interface is not found.interface
        for each in settings
    ]
    if found.interface is Interface.NODE:
        idle.append(ROOT_PATH)
    return [f"{values.source(each)} has no effect on a {found.kind}" for each in idle if values.source(each)]
