"""The options of a WSGI mount: as type checkers see them, read and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from writehead._node import option_names, validators
from writehead._node.spelling import snake
from writehead._node.validators import Duration
from writehead._server.option_types import SecureServerOptions
from writehead.errors import InvalidArgTypeError, OutOfRangeError


class MountOptions(TypedDict, total=False):
    """The options of `wsgi.attach`, in both spellings; None means not given."""

    path: str | None
    root_path: str | None
    rootPath: str | None
    threads: int | None
    max_waiting: int | None
    maxWaiting: int | None
    retry_after: Duration
    retryAfter: Duration
    strict: bool | None


class HostOptions(SecureServerOptions, MountOptions, total=False):
    """The options of `wsgi.create_server`: those of `attach` and of `https.create_server`, in both spellings."""


def _threads(value: object, argument: str) -> int:
    count = validators.integer(value, argument)
    if not count:
        raise OutOfRangeError(argument, ">= 1", value)
    return count


def _as_given(value: Any, argument: str) -> Any:
    """Leave the check to `Mount`."""
    return value


#: The default of each option, and its check.
_OPTIONS: dict[str, tuple[Any, Callable[[object, str], Any]]] = {
    "path": ("/", _as_given),
    "root_path": ("", _as_given),
    "threads": (min(32, (os.cpu_count() or 1) + 4), _threads),
    "max_waiting": (1000, validators.integer),
    "retry_after": (1000, validators.milliseconds),
    "strict": (False, validators.boolean),
}


def is_of_mount(name: object) -> bool:
    """Tell whether a WSGI mount has an option of this name, in either spelling."""
    return isinstance(name, str) and (name in _OPTIONS or snake(name) in _OPTIONS)


def read_mount_options(options: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return every option of a WSGI mount under its Python spelling; keywords win over `options`.

    Raises:
        UnknownOptionError, InvalidArgTypeError, OutOfRangeError.
    """
    if options is not None and not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping", options)
    kept = {name: default for name, (default, _) in _OPTIONS.items()}
    for name, value in (*(options or {}).items(), *keywords.items()):
        if not is_of_mount(name):
            raise option_names.unknown("a WSGI mount", name, _OPTIONS)
        spelled = name if name in _OPTIONS else snake(name)
        if value is not None:
            kept[spelled] = _OPTIONS[spelled][1](value, spelled)
    return kept
