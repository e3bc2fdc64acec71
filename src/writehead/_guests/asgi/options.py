"""The options of a mount: their types, their checks, and their defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict

from writehead._guests.mount import checked_path, checked_root_path
from writehead._guests.websocket.options import (
    NOT_OF_WEBSOCKETS,
    SHARED,
    ConnectionOptions,
    DeflateOptions,
    connection_options,
    read_options,
)
from writehead._node import option_names, validators
from writehead._node.spelling import snake
from writehead._node.validators import Duration
from writehead._server.option_types import SecureServerOptions
from writehead.errors import InvalidArgTypeError, InvalidArgValueError

#: Whether an application must have a lifespan ("on"), may have one ("auto"), or is not asked ("off").
LifespanMode = Literal["auto", "on", "off"]


class MountOptions(TypedDict, total=False):
    """The options of `asgi.attach`, in both spellings; None means not given."""

    path: str | None
    root_path: str | None
    rootPath: str | None
    lifespan: LifespanMode | None
    lifespan_startup_timeout: Duration
    lifespanStartupTimeout: Duration
    lifespan_shutdown_timeout: Duration
    lifespanShutdownTimeout: Duration
    cancel_after_disconnect: Duration
    cancelAfterDisconnect: Duration
    websocket: bool | Mapping[str, Any] | None


class HostOptions(SecureServerOptions, MountOptions, total=False):
    """The options of `asgi.create_server`: those of a server, of TLS, and of `asgi.attach`."""


def _mode(value: object, argument: str) -> str:
    if not isinstance(value, str):
        raise InvalidArgTypeError(argument, "of type str", value)
    if value not in ("auto", "on", "off"):
        raise InvalidArgValueError(argument, value, "must be 'auto', 'on' or 'off'")
    return value


def _websocket(value: object, argument: str) -> ConnectionOptions | None:
    if isinstance(value, Mapping):
        return connection_options(
            {**_WEBSOCKET, **read_options(argument, value, {}, SHARED, NOT_OF_WEBSOCKETS)}
        )
    if not isinstance(value, bool):
        raise InvalidArgTypeError(argument, "of type bool or a mapping of options", value)
    return connection_options(_WEBSOCKET) if value else None


#: How the WebSockets of an application differ from those of a `WebSocketServer` by default.
_WEBSOCKET = {
    "per_message_deflate": DeflateOptions(),
    "close_timeout": 10_000,
    "ping_interval": 20_000,
    "ping_timeout": 20_000,
}


_CHECKS: dict[str, tuple[Any, Callable[[Any, str], Any]]] = {
    "path": ("/", lambda value, _: checked_path(value)),
    "root_path": ("", lambda value, _: checked_root_path(value)),
    "lifespan": ("auto", _mode),
    "lifespan_startup_timeout": (0, validators.milliseconds),
    "lifespan_shutdown_timeout": (10_000, validators.milliseconds),
    "cancel_after_disconnect": (None, validators.milliseconds),
    "websocket": (connection_options(_WEBSOCKET), _websocket),
}


def is_of_mount(name: object) -> bool:
    """Tell whether a mount has an option of this name, in either spelling."""
    return isinstance(name, str) and snake(name) in _CHECKS


def read_mount_options(options: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of a mount under its Python spelling: the given value, checked, or the default.

    Raises:
        UnknownOptionError: a name that does not exist.
        InvalidArgTypeError, InvalidArgValueError, OutOfRangeError: a wrong value.
    """
    if options is not None and not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping", options)
    given: dict[str, Any] = {}
    for source in (options or {}, keywords):
        for name, value in source.items():
            if not is_of_mount(name):
                raise option_names.unknown("a mount", name, _CHECKS)
            if value is not None:
                given[snake(name)] = value
    return {
        name: check(given[name], name) if name in given else default
        for name, (default, check) in _CHECKS.items()
    }
