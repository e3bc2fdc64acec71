"""The kinds of values that say which proxies are believed, and what of them."""

from __future__ import annotations

import ipaddress

from writehead._command.kinds import Kind

#: The fields that can be believed.
FIELDS = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "forwarded")


class Believed(Kind[str]):
    """The name of a field that proxies add."""

    metavar = "NAMES"

    def read(self, text: str) -> str:
        if text.lower() not in FIELDS:
            raise ValueError(f"is not one of {', '.join(FIELDS)}")
        return text.lower()


class Peer(Kind[str]):
    """An address, a network, `unix` or `*`."""

    metavar = "PEERS"

    def read(self, text: str) -> str:
        if text.lower() in ("unix", "*"):
            return text.lower()
        try:
            return str(ipaddress.ip_network(text)).removesuffix("/32").removesuffix("/128")
        except ValueError:
            raise ValueError("is not an address, a network (10.0.0.0/8), unix or *") from None
