"""The scope of a request: what an application is told of it before it receives anything.

Invariant: every dict and list in it is new, as middleware writes into them; what a connection knows once is kept for it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Any

from writehead._guests.asgi.tls import tls_of
from writehead._net.addresses import address_text
from writehead._semantics.forwarded import Trust
from writehead._semantics.targets import authority_of, decoded_path, split_target

#: The version of the specification of HTTP that is told to applications: from 2.4 on, Starlette would rely on `send`
#: alone to notice that a client has left, so that a generator with nothing to send would outlive it.
HTTP_SPEC = "2.3"

_ASGI = {"version": "3.0", "spec_version": HTTP_SPEC}

_MAPPED = "::ffff:"  # an IPv4 address on a socket of both families (RFC 4291, 2.5.5.2)

Pairs = list[tuple[bytes, bytes]]

#: The extension of our own: its "event" is set when the server begins to close.
CLOSING = "writehead.closing"

#: The extension that tests have, and what keeps its information for the response that is the n-th from now on.
DEBUG = "http.response.debug"
KeepDebug = Callable[[int, Mapping[str, Any]], object]


class Place:
    """What is the same for every request of a connection."""

    __slots__ = (
        "client",
        "keep_debug",
        "method",
        "more",
        "root_path",
        "scheme",
        "scope",
        "server",
        "target",
        "trust",
        "version",
    )

    def __init__(self, transport: Any, trust: Trust | None = None) -> None:
        #: Address and port of the client; None on a Unix socket.
        self.client: tuple[str, int] | None = _client(_name(transport, "peername"))
        #: Address and port that it has connected to; a path and None on a Unix socket.
        self.server: tuple[str, int | None] | None = _server(_name(transport, "sockname"))
        encrypted = transport.get_extra_info("ssl_object")
        self.scheme = "http" if encrypted is None else "https"
        #: Called with the information of `http.response.debug`, by test clients; else None.
        self.keep_debug: KeepDebug | None = _name(transport, DEBUG)
        #: The extensions that few connections have.
        self.more: dict[str, dict[str, Any]] = {}
        if encrypted is not None:
            self.more["tls"] = tls_of(encrypted)
        if self.keep_debug is not None:
            self.more[DEBUG] = {}
        #: What proxies are believed to say; None if the peer is none.
        self.trust = (
            trust if trust is not None and trust.allows_peer(self.client and self.client[0]) else None
        )
        #: The scope of a request of these, to be copied, without what is new in each.
        self.scope: dict[str, Any] = {}
        self.target: bytes | None = None
        self.method = self.version = self.root_path = ""

    def renew(self, method: str, target: bytes, version: str, root_path: str, removed: str) -> None:
        """Make the scope to be copied for a request that differs from the one before."""
        self.method, self.target, self.version, self.root_path = method, target, version, root_path
        raw, query = split_target(target)
        self.scope = {
            "type": "http",
            "asgi": None,
            "http_version": version,
            "method": method,
            "scheme": self.scheme,
            "path": removed + decoded_path(raw),
            "raw_path": raw,
            "query_string": query,
            "root_path": root_path,
            "headers": None,
            "client": self.client,
            "server": self.server,
            "state": None,
            "extensions": None,
        }


def place_of(connection: Any) -> Place:
    """Return what is the same for every request of `connection`, made once."""
    place: Place | None = connection.place
    if place is None:
        place = connection.place = Place(connection.channel.transport, connection.channel.config.trust)
    return place


def _name(transport: Any, which: str) -> Any:
    try:
        return transport.get_extra_info(which)
    except (AttributeError, OSError, ValueError):  # uvloop: the connection ended before it was accepted
        return None


def _client(name: Any) -> tuple[str, int] | None:
    return (_host(name), name[1]) if isinstance(name, tuple) and len(name) >= 2 else None


def _server(name: Any) -> tuple[str, int | None] | None:
    if isinstance(name, bytes | str):
        return (os.fsdecode(name), None) if name else None
    return _client(name)


def _host(name: tuple[Any, ...]) -> str:
    host = address_text(name)
    if host[:7].lower() == _MAPPED and "." in host:
        return host[7:]
    return host


def _with_host(pairs: Pairs, target: bytes) -> Pairs:
    """Return the fields with the authority of an absolute target in the place of Host (RFC 9112, 3.2.2)."""
    authority = authority_of(target)
    if authority is None:
        return pairs
    return [(name, authority if name == b"host" else value) for name, value in pairs]


def http_scope(
    place: Place,
    method: str,
    target: bytes,
    version: str,
    pairs: Pairs,
    root_path: str,
    state: dict[str, Any],
    removed: str,
    closing: asyncio.Event,
) -> dict[str, Any]:
    """Return the scope of an HTTP request.

    Args:
        place: what is the same for its connection.
        method: as sent.
        target: as sent.
        version: of HTTP.
        pairs: the fields, names in lower case; they become part of the scope.
        root_path: what `path` begins with, and the application does not route by.
        state: of the lifespan, which is copied.
        removed: the prefix that a proxy has removed from the target.
        closing: is set when the server begins to close.
    """
    if (
        target != place.target
        or method != place.method
        or version != place.version
        or root_path != place.root_path
    ):
        place.renew(method, target, version, root_path, removed)
    if not target.startswith(b"/"):
        pairs = _with_host(pairs, target)
    scope = place.scope.copy()
    if place.trust is not None:
        _add_forwarded(scope, place.trust, pairs)
    scope["asgi"] = _ASGI.copy()
    scope["headers"] = pairs
    scope["state"] = state.copy()
    if version == "1.0" or place.more:
        scope["extensions"] = _extensions(place, version, closing)
    else:
        scope["extensions"] = {
            "http.response.early_hint": {},
            "http.response.trailers": {},
            "http.response.pathsend": {},
            "http.response.zerocopysend": {},
            CLOSING: {"event": closing},
        }
    return scope


def _add_forwarded(scope: dict[str, Any], trust: Trust, pairs: Pairs) -> None:
    """Put what a proxy says of the client into a scope; the host goes by its field, which stays as it was sent."""

    def get(name: str) -> str | None:
        key = name.encode("ascii")
        found = [value for each, value in pairs if each == key]
        return b", ".join(found).decode("latin-1") if found else None

    address, port, scheme, _ = trust.read(get)
    if address is not None:
        scope["client"] = (address, port or 0)
    if scheme is not None:
        scope["scheme"] = scheme


def _extensions(place: Place, version: str, closing: asyncio.Event) -> dict[str, dict[str, Any]]:
    extensions: dict[str, dict[str, Any]] = {
        "http.response.pathsend": {},
        "http.response.zerocopysend": {},
        CLOSING: {"event": closing},
    }
    if version != "1.0":
        extensions["http.response.early_hint"] = {}
        extensions["http.response.trailers"] = {}
    for name, value in place.more.items():
        extensions[name] = value.copy()
    return extensions
