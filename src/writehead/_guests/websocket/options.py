"""The options of a WebSocket connection; durations are in seconds here, in milliseconds outside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeflateOptions:
    """The options of permessage-deflate; `option_reading` says what each may be."""

    threshold: int = 1024  # bytes
    server_max_window_bits: int = 12
    client_max_window_bits: int = 12
    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    mem_level: int = 5
    level: int = -1  # zlib's default


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """What a connection needs to know, for either face."""

    max_payload: int | None = 16 * 1024 * 1024  # bytes, after inflating; None: no limit
    deflate: DeflateOptions | None = None
    auto_pong: bool = True
    close_timeout: float = 30.0
    ping_interval: float = 0.0  # 0: no keep-alive
    ping_timeout: float = 20.0
