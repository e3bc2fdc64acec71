"""The options of WebSockets, as type checkers and editors see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from writehead._guests.websocket.web_socket import WebSocket
from writehead._message.incoming import IncomingMessage
from writehead._node.validators import Duration
from writehead._server.server import Server


class PerMessageDeflateOptions(TypedDict, total=False):
    """The options of permessage-deflate (RFC 7692), in both spellings."""

    threshold: int
    server_max_window_bits: int
    serverMaxWindowBits: int
    client_max_window_bits: int
    clientMaxWindowBits: int
    server_no_context_takeover: bool
    serverNoContextTakeover: bool
    client_no_context_takeover: bool
    clientNoContextTakeover: bool
    mem_level: int
    memLevel: int
    level: int


@dataclass(frozen=True)
class VerifyInfo(Mapping[str, Any]):
    """What `verify_client` is asked about: a mapping that has its items as attributes, too."""

    #: The Origin of the handshake; None without one, as from a client that is no browser.
    origin: str | None
    #: The request of the handshake.
    req: IncomingMessage
    #: Whether the connection is encrypted.
    secure: bool

    def __getitem__(self, name: str) -> Any:
        if name not in _INFO:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(_INFO)

    def __len__(self) -> int:
        return len(_INFO)


_INFO = ("origin", "req", "secure")

#: `f(protocols, req)` that returns, or awaits, one of the protocols, or False or None for none.
HandleProtocols = Callable[
    [list[str], IncomingMessage], str | Literal[False] | Awaitable[str | Literal[False] | None] | None
]

#: `done(ok, code, message, headers)`, where all but the first may be left out.
VerifyDone = Callable[..., None]

#: `f(info)` that returns, or awaits, whether a client may connect, or `f(info, done)`.
VerifyClient = Callable[[VerifyInfo], object] | Callable[[VerifyInfo, VerifyDone], object]


class WebSocketOptions(TypedDict, total=False):
    """The options that `WebSocketServer` and `upgrade` share, in both spellings; None means not given."""

    max_payload: int | None
    maxPayload: int | None
    per_message_deflate: bool | PerMessageDeflateOptions | None
    perMessageDeflate: bool | PerMessageDeflateOptions | None
    handle_protocols: HandleProtocols | None
    handleProtocols: HandleProtocols | None
    verify_client: VerifyClient | None
    verifyClient: VerifyClient | None
    origins: Collection[str] | None
    auto_pong: bool | None
    autoPong: bool | None
    close_timeout: Duration
    closeTimeout: Duration
    ping_interval: Duration
    pingInterval: Duration
    ping_timeout: Duration
    pingTimeout: Duration
    WebSocket: type[WebSocket] | None


class WebSocketServerOptions(WebSocketOptions, total=False):
    """The options of `WebSocketServer`, in both spellings; None means not given.

    Source: https://github.com/websockets/ws/blob/master/doc/ws.md#new-websocketserveroptions-callback
    """

    server: Server | None
    port: int | None
    host: str | None
    backlog: int | None
    no_server: bool | None
    noServer: bool | None
    path: str | None
    client_tracking: bool | None
    clientTracking: bool | None
