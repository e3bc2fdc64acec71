"""IP addresses as text, with the zone that an address of one link has (RFC 4007, 11)."""

from __future__ import annotations

import re
import socket
from typing import Any, Literal, TypedDict

_ZONE = re.compile(r"[0-9A-Za-z.:-]+")  # as in Node's `net.isIP`


class AddressInfo(TypedDict):
    """Where a server listens, or one end of a connection."""

    address: str
    family: Literal["IPv4", "IPv6"]
    port: int


def is_ipv6(host: str) -> bool:
    """Tell whether `host` is an IPv6 address, perhaps with a zone (RFC 4007, 11)."""
    address, percent, zone = host.partition("%")
    if percent and not _ZONE.fullmatch(zone):
        return False
    try:
        socket.inet_pton(socket.AF_INET6, address)
    except (OSError, ValueError):  # ValueError: a null character, or one that is not ASCII
        return False
    return True


def address_text(name: tuple[Any, ...]) -> str:
    """Return the address in a socket name of the system, its zone included, as Node shows it."""
    address: str = name[0]
    if len(name) < 4 or not name[3] or "%" in address:
        return address
    try:
        return f"{address}%{socket.if_indextoname(name[3])}"
    except OSError:  # the interface has gone
        return f"{address}%{name[3]}"


def sockaddr(family: socket.AddressFamily, address: str, port: int) -> tuple[Any, ...]:
    """Return what `bind` takes; a zone that names no interface is left out, as in libuv."""
    if family != socket.AF_INET6:
        return address, port
    plain, _, zone = address.partition("%")
    try:
        return plain, port, 0, socket.if_nametoindex(zone) if zone else 0
    except OSError:
        return plain, port, 0, 0
