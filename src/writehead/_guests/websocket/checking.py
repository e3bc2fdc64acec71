"""What is checked of a handshake before any program hears of it, for both faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from writehead._connection.config import ConnectionConfig, DrainStage
from writehead._connection.upgraded import Raw
from writehead._guests.websocket.library import is_installed
from writehead._guests.websocket.refusal import CLOSING, NOT_INSTALLED, WRONG_ORIGIN, Refusal
from writehead._message.incoming import IncomingMessage
from writehead._net.socket import Socket
from writehead._server.guests import is_handshake
from writehead.errors import InvalidArgTypeError, InvalidArgValueError, WebSocketError

if TYPE_CHECKING:
    from writehead._guests.websocket.handshake import Offer


def upgraded_by(socket: Any) -> Raw:
    """Return the protocol of a socket that 'upgrade' has passed on.

    Raises:
        InvalidArgTypeError: it is no Socket.
        WebSocketError: a handshake on it was answered already.
        InvalidArgValueError: HTTP has it.
    """
    if not isinstance(socket, Socket):
        raise InvalidArgTypeError("socket", "an instance of Socket", socket)
    transport: Any = socket.transport
    protocol = None if transport is None else transport.get_protocol()
    if isinstance(protocol, Raw):
        return protocol
    if getattr(protocol, "face", None) is not None:
        text = "handle_upgrade() was called more than once with the same socket"
        raise WebSocketError("ERR_WEBSOCKET_UPGRADED_TWICE", text)
    raise InvalidArgValueError("socket", socket, "is not one that 'upgrade' has passed on")


def offer_of(
    request: IncomingMessage, config: ConnectionConfig, origins: frozenset[str] | None
) -> Offer | Refusal:
    """Return what a handshake offers, or why it is refused.

    Args:
        request: the request.
        config: of the server that it has come to.
        origins: those that may connect, in lower case; None: any. One without Origin is of no browser, and may.
    """
    if not is_installed():
        return NOT_INSTALLED
    from writehead._guests.websocket import handshake

    if not is_handshake(request):
        return Refusal(400, "this is no WebSocket handshake")
    fields = _fields_of(request)
    offer = handshake.read(fields)
    if isinstance(offer, Refusal):
        return offer
    if refuses(config):
        return CLOSING
    if origins is not None and any(each.lower() not in origins for each in fields.get("origin", ())):
        return WRONG_ORIGIN
    return offer


def refuses(config: ConnectionConfig) -> bool:
    """Tell whether a server takes no more WebSockets: it closes, and not only has announced it."""
    return config.closing and config.drain is not DrainStage.ANNOUNCED


#: The fields that are looked at.
_WANTED = frozenset(
    (
        b"content-length",
        b"origin",
        b"sec-websocket-extensions",
        b"sec-websocket-key",
        b"sec-websocket-protocol",
        b"sec-websocket-version",
        b"transfer-encoding",
    )
)


def _fields_of(request: IncomingMessage) -> dict[str, list[str]]:
    """Return the values of those by name; the request, which lives as long as its WebSocket, keeps nothing for it."""
    found: dict[str, list[str]] = {}
    for name, value in () if request._head is None else request._head.pairs():
        if name in _WANTED:
            found.setdefault(name.decode(), []).append(value.decode("latin-1"))
    return found
