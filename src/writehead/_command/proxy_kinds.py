"""The kinds of values that say which proxies are believed, and what of them."""

from __future__ import annotations

from writehead._command.kinds import Kind
from writehead._semantics.forwarded import FIELDS, read_network


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
        read_network(text)
        return text
