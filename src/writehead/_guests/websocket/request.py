"""What is a WebSocket handshake, and how one is refused; without the library that reads the rest of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from writehead._message.incoming import IncomingMessage
from writehead._semantics.status import STATUS_CODES


def is_handshake(request: IncomingMessage) -> bool:
    """Tell whether a request asks for a WebSocket: GET over HTTP/1.1, `upgrade`, and `websocket` alone (RFC 6455, 4.1)."""
    if request.method != "GET" or request.http_version != "1.1":
        return False
    fields = request.headers_distinct
    upgrade = fields.get("upgrade", ())
    return len(upgrade) == 1 and upgrade[0].lower() == "websocket" and _asks_upgrade(fields)


def _asks_upgrade(fields: Mapping[str, list[str]]) -> bool:
    tokens = ",".join(fields.get("connection", ())).lower().split(",")
    return "upgrade" in (each.strip(" \t") for each in tokens)


class Refusal(NamedTuple):
    """The response to a handshake that is refused; `code` is that of the error for who asked for it."""

    status: int
    text: str
    fields: tuple[tuple[str, str], ...] = ()
    code: str = "ERR_WEBSOCKET_HANDSHAKE"

    def render(self) -> bytes:
        """Return its bytes: a head, and one line that says what is wrong."""
        body = f"{self.text}\n".encode()
        lines = [
            f"HTTP/1.1 {self.status} {STATUS_CODES.get(self.status, 'Unknown')}",
            *(f"{name}: {value}" for name, value in self.fields),
            "Content-Type: text/plain",
            f"Content-Length: {len(body)}",
            "Connection: close",
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


#: How the handshakes are refused of a server that is closing,
CLOSING = Refusal(503, "the server is closing")

#: where the library is missing,
NOT_INSTALLED = Refusal(501, "WebSockets are not supported here")

#: and for the path or the origin.
WRONG_PATH = Refusal(400, "there is no WebSocket at this path")
WRONG_ORIGIN = Refusal(403, "this origin may not connect")
