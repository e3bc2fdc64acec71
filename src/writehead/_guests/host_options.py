"""The options of `create_server` for an application: which are the server's, and which are the mount's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from writehead.errors import InvalidArgTypeError


def split_options(
    options: Any, is_of_mount: Callable[[object], bool]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options of a server that are given, and those of a mount.

    Raises:
        InvalidArgTypeError: `options` is no mapping.
    """
    if not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping", options)
    return (
        {name: value for name, value in options.items() if not is_of_mount(name) and value is not None},
        {name: value for name, value in options.items() if is_of_mount(name)},
    )


def wants_tls(options: Mapping[str, Any]) -> bool:
    """Tell whether these options are of an `https.Server`."""
    return any(options.get(name) is not None for name in ("key", "cert", "ssl_context"))
