"""The options of WebSockets: what each may be, and what a connection keeps of them.

Durations are milliseconds for programs, and seconds in `ConnectionOptions`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from writehead._node import option_names, validators
from writehead._node.spelling import snake
from writehead.errors import InvalidArgTypeError, OutOfRangeError

Check = Callable[[object, str], Any]


@dataclass(frozen=True, slots=True)
class DeflateOptions:
    """The options of permessage-deflate, in the spelling of Python."""

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
    origins: frozenset[str] | None = None  # that may connect; None: any


def _within(least: int, most: int) -> Check:
    def check(value: object, argument: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidArgTypeError(argument, "a whole number", value)
        if not least <= value <= most:
            raise OutOfRangeError(argument, f">= {least} && <= {most}", value)
        return value

    return check


def _origins(value: object, argument: str) -> frozenset[str]:
    if isinstance(value, str | bytes) or not isinstance(value, Collection):
        raise InvalidArgTypeError(argument, "a collection of str", value)
    for each in value:
        if not isinstance(each, str):
            raise InvalidArgTypeError(argument, "a collection of str", each)
    return frozenset(each.lower() for each in value)


_DEFLATE: Mapping[str, Check] = {
    "threshold": validators.integer,
    # zlib cannot deflate with a window of 8 bits.
    "server_max_window_bits": _within(9, 15),
    "client_max_window_bits": _within(9, 15),
    "server_no_context_takeover": validators.boolean,
    "client_no_context_takeover": validators.boolean,
    "mem_level": _within(1, 9),
    "level": _within(-1, 9),
}

_NOT_OF_DEFLATE = {
    "zlib_deflate_options": "give level and mem_level",
    "zlib_inflate_options": "what is inflated has no options",
    "concurrency_limit": "messages are compressed at once, in the thread of the loop",
}


def read_options(
    owner: str,
    options: Any,
    keywords: Mapping[str, Any],
    checks: Mapping[str, Check],
    instead: Mapping[str, str],
) -> dict[str, Any]:
    """Return the given options in the spelling of Python, checked; None means not given, keywords win.

    Raises:
        InvalidArgTypeError: `options` is no mapping.
        UnknownOptionError: there is no such option.
    """
    if options is not None and not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping", options)
    kept = {}
    for name, value in (*(options or {}).items(), *keywords.items()):
        spelled = name if name in checks else snake(name) if isinstance(name, str) else name
        if spelled not in checks:
            raise option_names.unknown(owner, name, checks, instead)
        if value is not None:
            kept[spelled] = checks[spelled](value, spelled)
    return kept


def _deflate(value: object, argument: str) -> DeflateOptions | Literal[False]:
    if isinstance(value, DeflateOptions):
        return value
    if isinstance(value, Mapping):
        return DeflateOptions(**read_options(argument, value, {}, _DEFLATE, _NOT_OF_DEFLATE))
    if not isinstance(value, bool):
        raise InvalidArgTypeError(argument, "of type bool, or a mapping", value)
    return DeflateOptions() if value else False


#: The options that both faces have.
SHARED: Mapping[str, Check] = {
    "max_payload": validators.integer,
    "per_message_deflate": _deflate,
    "auto_pong": validators.boolean,
    "close_timeout": validators.milliseconds,
    "ping_interval": validators.milliseconds,
    "ping_timeout": validators.milliseconds,
    "origins": _origins,
}


#: Options of npm's `ws` that there are no more, and what is in their place.
NOT_OF_WEBSOCKETS = {
    "allow_synchronous_events": "events come as soon as their frames are read",
    "max_buffered_chunks": "max_payload limits what is kept",
    "max_fragments": "fragments are joined as they come, and cost nothing",
    "max_pending_auto_pongs": "nothing is read while too much waits for a client",
    "skip_utf8_validation": "text is a str, so it is always checked",
    "generate_mask": "it is for clients, and this is a server library",
    "handshake_timeout": "it is for clients, and this is a server library",
    "follow_redirects": "it is for clients, and this is a server library",
    "protocol_version": "it is for clients, and this is a server library",
}


def connection_options(kept: Mapping[str, Any]) -> ConnectionOptions:
    """Return what a connection needs of checked options."""
    found = {name: kept[name] for name in SHARED if name in kept}
    if "per_message_deflate" in found:
        found["deflate"] = found.pop("per_message_deflate") or None
    for name in ("close_timeout", "ping_interval", "ping_timeout"):
        if name in found:
            found[name] /= 1000
    found["max_payload"] = found.get("max_payload", _MAX_PAYLOAD) or None  # 0: no limit, as in `ws`
    return ConnectionOptions(**found)


_MAX_PAYLOAD = next(each.default for each in fields(ConnectionOptions) if each.name == "max_payload")
