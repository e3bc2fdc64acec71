"""The settings of the protocols that are spoken."""

from __future__ import annotations

from typing import Literal

from writehead._command.kinds import Choice, Duration, Size, Switch
from writehead._command.setting import Setting

HTTP: Setting[Literal["auto", "1"]] = Setting(
    "http",
    Choice("VERSION", {"auto": "auto", "1": "1"}),
    "auto",
    "auto, 1",
    "The versions of HTTP that are spoken: `1` is HTTP/1.1 and 1.0, as `auto` is.",
    shown="auto",
    reload=True,
)
WS_MAX_SIZE = Setting(
    "ws-max-size",
    Size(),
    16 * 1024**2,
    "bytes of a message",
    "How many bytes a message of a WebSocket may have; 0 is no limit. For ASGI applications.",
    shown="16m",
    reload=True,
)
WS_PING_INTERVAL = Setting(
    "ws-ping-interval",
    Duration(),
    20_000.0,
    "how often clients are asked",
    "How often the client of a WebSocket is asked whether it is there; 0 is never. For ASGI applications.",
    shown="20s",
    reload=True,
)
WS_PING_TIMEOUT = Setting(
    "ws-ping-timeout",
    Duration(),
    20_000.0,
    "how long an answer may take",
    "How long it may take to answer that; 0 is for ever. For ASGI applications.",
    shown="20s",
    reload=True,
)
WS_PER_MESSAGE_DEFLATE = Setting(
    "ws-per-message-deflate",
    Switch("BOOL"),
    True,
    "compress messages",
    "Whether messages of WebSockets are compressed, with clients that can do so. For ASGI applications.",
    shown="on",
    reload=True,
)
GROUP = (HTTP, WS_MAX_SIZE, WS_PING_INTERVAL, WS_PING_TIMEOUT, WS_PER_MESSAGE_DEFLATE)
