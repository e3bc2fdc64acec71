"""The handshake: what the fields of a request offer, and the head that accepts it (RFC 6455, 4.2).

Invariant: pure functions. What is broken is refused before any program is called.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from websockets.exceptions import InvalidHeader
from websockets.headers import parse_extension
from websockets.typing import ExtensionHeader

from writehead._guests.websocket.refusal import Refusal

#: What is added to a key to accept it (RFC 6455, 1.3).
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

_KEY = re.compile(r"[+/0-9A-Za-z]{22}==")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

_OTHER_VERSION = (("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket"))


@dataclass(frozen=True, slots=True)
class Offer:
    """What a client offers in its handshake."""

    key: str
    protocols: list[str]  # in its order
    extensions: list[ExtensionHeader]  # those that it knows, with their parameters


def read(fields: Mapping[str, list[str]]) -> Offer | Refusal:
    """Return what a handshake offers, or why it is refused; `fields` by lower-case name."""
    if fields.get("sec-websocket-version") != ["13"]:
        return Refusal(426, "Sec-WebSocket-Version must be 13, once", _OTHER_VERSION)
    keys = fields.get("sec-websocket-key", ())
    if len(keys) != 1 or _KEY.fullmatch(keys[0]) is None:
        return Refusal(400, "Sec-WebSocket-Key must be 16 bytes in base64, once")
    if "transfer-encoding" in fields or any(each.strip("0") for each in fields.get("content-length", ())):
        return Refusal(400, "a WebSocket handshake has no body")
    protocols = _protocols(fields.get("sec-websocket-protocol", ()))
    if protocols is None:
        return Refusal(400, "Sec-WebSocket-Protocol must be a list of different tokens")
    try:
        extensions = [
            each for value in fields.get("sec-websocket-extensions", ()) for each in parse_extension(value)
        ]
    except InvalidHeader:
        return Refusal(400, "Sec-WebSocket-Extensions cannot be parsed")
    return Offer(keys[0], protocols, extensions)


def _protocols(values: Sequence[str]) -> list[str] | None:
    """Return the subprotocols of all lines; None if one is empty, repeated or no token."""
    found = [each.strip(" \t") for value in values for each in value.split(",")]
    if len(set(found)) != len(found) or any(_TOKEN.fullmatch(each) is None for each in found):
        return None
    return found


def accept_key(key: str) -> str:
    """Return the value of Sec-WebSocket-Accept for the key of a client."""
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def lines_of(key: str, protocol: str | None, extensions: str | None) -> list[str]:
    """Return the lines of the head that accepts a handshake, without those of the program."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_key(key)}",
    ]
    if protocol:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    if extensions:
        lines.append(f"Sec-WebSocket-Extensions: {extensions}")
    return lines


def head_of(lines: Iterable[str]) -> bytes:
    """Return the bytes of a head."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
