"""The scope of a WebSocket, and what an application may say when it accepts one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from writehead._guests.asgi.app_types import Message
from writehead._guests.asgi.response_start import read_fields, read_pair
from writehead._guests.asgi.scope import Pairs, Place, http_scope
from writehead.errors import ASGIMessageError

#: The version of the specification of WebSockets that is told to applications.
WEBSOCKET_SPEC = "2.5"

#: Fields of the head that accepts a handshake which are ours.
_OURS = frozenset((b"connection", b"content-length", b"transfer-encoding", b"upgrade"))


def websocket_scope(
    place: Place,
    target: bytes,
    pairs: Pairs,
    subprotocols: list[str],
    root_path: str,
    state: dict[str, Any],
    removed: str,
    closing: asyncio.Event,
) -> dict[str, Any]:
    """Return the scope of a WebSocket: that of the request, without a method; see `http_scope`.

    Args:
        place: what is the same for its connection.
        target: of the handshake.
        pairs: its fields.
        subprotocols: that the client offers, in its order.
        root_path: what `path` begins with.
        state: of the lifespan, which is copied.
        removed: the prefix that a proxy has removed from the target.
        closing: is set when the server begins to close.
    """
    scope = http_scope(place, "GET", target, "1.1", pairs, root_path, state, removed, closing)
    del scope["method"]
    scope["type"] = "websocket"
    scope["asgi"]["spec_version"] = WEBSOCKET_SPEC
    scope["scheme"] = "ws" if scope["scheme"] == "http" else "wss"
    scope["subprotocols"] = subprotocols
    scope["extensions"] = {
        name: value for name, value in scope["extensions"].items() if not name.startswith("http.")
    }
    scope["extensions"]["websocket.http.response"] = {}
    return scope


def read_accept(message: Message, offered: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the subprotocol and the lines of the application's fields.

    Raises:
        ASGIMessageError: the subprotocol was not offered, or a field is malformed or not the application's.
    """
    kind = "websocket.accept"
    subprotocol = message.get("subprotocol")
    if subprotocol is not None and subprotocol not in offered:
        raise ASGIMessageError(kind, "subprotocol", "must be one that the client has offered", subprotocol)
    lines = []
    for pair in read_fields(message.get("headers", ()), kind):
        name, value = read_pair(pair, kind)
        lower = name.lower()
        if lower in _OURS or lower.startswith(b"sec-websocket-"):
            raise ASGIMessageError(kind, "headers", f"must not have {name!r}, which the server sends")
        lines.append(f"{name.decode('latin-1')}: {value.decode('latin-1')}")
    return subprotocol, lines
