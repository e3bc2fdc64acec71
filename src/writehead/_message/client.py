"""The client of a request: of its socket, or what proxies say that are trusted. Worked out when it is asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

from writehead._semantics.forwarded import NOTHING, Forwarded
from writehead._semantics.targets import authority_of


class Client(NamedTuple):
    """Who has sent a request.

    Args:
        address: the IP address; None on a Unix socket.
        port: the port; None if a proxy does not say it.
    """

    address: str | None
    port: int | None


def client_of(req: Any) -> Client:
    """Return who has sent a request."""
    found = _forwarded(req)
    if found.address is not None:
        return Client(found.address, found.port)
    socket = req._socket
    return Client(getattr(socket, "remote_address", None), getattr(socket, "remote_port", None))


def scheme_of(req: Any) -> str:
    """Return the scheme of a request."""
    return _forwarded(req).scheme or ("https" if getattr(req._socket, "encrypted", False) else "http")


def host_of(req: Any) -> str:
    """Return the host of a request, of an absolute target rather than of Host (RFC 9112, 3.2.2)."""
    host = _forwarded(req).host
    if host is not None:
        return host
    authority = authority_of(req.url.encode("latin-1", "replace"))
    if authority is not None:
        return authority.decode("latin-1")
    return req.headers.get("host") or ""


def _forwarded(req: Any) -> Forwarded:
    channel = getattr(req._socket, "_channel", None)
    trust = None if channel is None or channel.config is None else channel.config.trust
    if trust is None or not trust.allows_peer(req._socket.remote_address):
        return NOTHING
    found: Forwarded = trust.read(req.headers.get)
    return found
