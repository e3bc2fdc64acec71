"""The arguments of `listen`, in every form, as one Target.

Invariant: nothing is opened here, and a wrong argument raises before anything has changed.
"""

from __future__ import annotations

import math
import os
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from writehead._node import option_names
from writehead._node.spelling import snake
from writehead._server.socket_file import SocketFile
from writehead.errors import BadPortError, InvalidArgTypeError, InvalidArgValueError

BACKLOG = 511
_LARGEST_BACKLOG = 2**31 - 1  # the largest C int; the system has a lower limit of its own

#: The options of `listen`.
OPTIONS = (
    "port",
    "host",
    "path",
    "backlog",
    "fd",
    "reuse_port",
    "ipv6_only",
    "readable_all",
    "writable_all",
    "exclusive",
    "signal",
    "callback",
)

# https://tc39.es/ecma262/#sec-stringtonumber
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_IN_ANOTHER_BASE = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+")
_BASES = {"x": 16, "o": 8, "b": 2}


class Target:
    """Where to listen."""

    def __init__(self) -> None:
        self.port: int | None = None
        self.host: str | None = None
        self.path: str | None = None
        self.fd: int | float | None = None
        self.sock: socket.socket | None = None
        self.adopted: Any = None  # another server, whose socket is shared
        self.backlog: int = BACKLOG
        self.reuse_port: bool = False
        self.exclusive: bool = False  # bound here, and not by a supervisor for all workers
        self.ipv6_only: bool = False
        self.readable_all: bool = False
        self.writable_all: bool = False
        self.signal: Any = None
        self.callback: Any = None
        self.file: SocketFile | None = None  # the file that `bind` made for `path`
        #: Whether clients are refused until the server is ready: a TCP port is bound, and listens later. The file of a
        #: Unix socket that does not listen would pass for one that a dead process has left.
        self.deferred: bool = False


def read_arguments(args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Target:
    """Return the target that the arguments of `listen` name.

    Raises:
        BadPortError: a port that is not an integer from 0 to 65535.
        InvalidArgTypeError, InvalidArgValueError: any other argument of a wrong type or value.
        UnknownOptionError: an option that `listen` does not have.
    """
    target = Target()
    rest = list(args)
    if rest and callable(rest[-1]) and not hasattr(rest[-1], "getsockname"):
        target.callback = rest.pop()
    while rest and rest[-1] is None:
        rest.pop()
    options = _spelled(keywords)
    if rest and isinstance(rest[0], Mapping):
        if len(rest) > 1:
            raise InvalidArgTypeError("callback", "of type function", rest[1])
        options = _read_mapping(rest.pop(0), options)
    elif rest:
        _read_first(target, rest[0])
        _read_more(target, rest[1:])
    _read_options(target, options)
    if not (rest or options.keys() & {"port", "path", "fd"}):
        target.port = 0
        _read_options(target, {**_default_place, **options})
    return target


_default_place: dict[str, Any] = {}


def set_default_place(**place: str | int | None) -> None:
    """Let `listen` without a port, a path and a descriptor listen there, in place of any port.

    Args:
        place: options of `listen`; None is not given.
    """
    _default_place.clear()
    _default_place.update((name, value) for name, value in place.items() if value is not None)


def _spelled(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given options under their Python spelling."""
    for name in options:
        if snake(str(name)) not in OPTIONS:
            raise option_names.unknown("listen", name, OPTIONS, option_names.NOT_OF_LISTEN)
    return {snake(name): value for name, value in options.items() if value is not None}


def _read_mapping(mapping: Mapping[str, Any], keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a mapping and of the keywords; keywords win."""
    options = {**_spelled(mapping), **keywords}
    names = {*map(snake, mapping), *keywords}
    if not names & {"port", "path"} and not _is_fd(options.get("fd")):
        raise InvalidArgValueError("options", mapping, 'must have the property "port" or "path"')
    if not options.keys() & {"port", "path"} and not _is_fd(options.get("fd")):
        if options.get("fd") is None and "port" not in names:
            raise InvalidArgValueError("options", mapping, "must have a path that is a str")
        options["port"] = 0  # Node: a port of undefined or null means any
    return options


def _read_first(target: Target, first: Any) -> None:
    """Read the first positional argument: a port, a path, an open socket or another server."""
    if isinstance(first, socket.socket):
        target.sock = _plain(first)
    elif hasattr(first, "_listening_socket"):
        target.adopted = first
    elif isinstance(first, os.PathLike):
        target.path = _path(first)
    elif isinstance(first, str) and number_of(first) is None:
        target.path = _path_in_place_of_port(first)
    elif isinstance(first, (int, float, str)) and not isinstance(first, bool):
        target.port = _port(first)
    else:
        raise InvalidArgValueError("options", first, "must be a port, a path or a mapping")


def _plain(sock: socket.socket) -> socket.socket:
    if isinstance(sock, ssl.SSLSocket):
        raise InvalidArgValueError(
            "options", sock, "must be a plain socket: `https.create_server` makes TLS of it"
        )
    return sock


def _path_in_place_of_port(text: str) -> str:
    """Return a positional text that is a path; a text that may be a host is refused."""
    number = _number(text)
    if number is not None and number < 0:
        raise BadPortError("options.port", text)
    if text.startswith("unix:"):
        reason = f'is an address, not a path: listen(path="{text.removeprefix("unix:").removeprefix("//")}")'
    elif "://" in text or not (text.startswith("\0") or "/" in text or os.sep in text):
        reason = (
            'is neither a port nor a path: listen(3000, "127.0.0.1") takes a port and a host, '
            'listen(path="app.sock") a path without a slash'
        )
    else:
        return _path(text)
    raise InvalidArgValueError("port", text, reason)


def _read_more(target: Target, values: list[Any]) -> None:
    """Read the positional arguments after the first: a host, a backlog."""
    for place, value in enumerate(values):
        if value is None:
            continue
        if isinstance(value, str) and target.host is None and place == 0:
            target.host = _host(value)
        elif place < 2:
            target.backlog = _backlog(value)
        else:
            raise InvalidArgTypeError("callback", "of type function", value)


def _read_options(target: Target, options: Mapping[str, Any]) -> None:
    target.signal = _signal(options.get("signal"))
    if "callback" in options:
        if not callable(options["callback"]):
            raise InvalidArgTypeError("callback", "of type function", options["callback"])
        target.callback = options["callback"]
    for name in ("reuse_port", "exclusive", "ipv6_only", "readable_all", "writable_all"):
        setattr(target, name, bool(options.get(name)))
    if "backlog" in options:
        target.backlog = _backlog(options["backlog"])
    if "host" in options:
        target.host = _host(options["host"])
    _read_place(target, options)


def _read_place(target: Target, options: Mapping[str, Any]) -> None:
    """Read the options that say where to listen: a descriptor wins over a port, a port over a path."""
    fd, port, path = options.get("fd"), options.get("port"), options.get("path")
    if _is_fd(fd):
        target.fd = fd
    elif port is not None:
        if isinstance(port, bool) or not isinstance(port, (int, float, str)):
            raise InvalidArgValueError("options", dict(options), "must have a port that is a number")
        target.port = _port(port)
    elif path is not None:
        target.path = _path(path)
    elif fd is not None:
        raise InvalidArgValueError("fd", fd, "must be 0 or more")


def _is_fd(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _path(value: Any) -> str:
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise InvalidArgValueError("path", value, "must be a str or a path")
    path = os.fsdecode(value)
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise InvalidArgValueError("path", value, "must be in characters that the system knows") from None
    if not path.strip(_SPACE):
        raise InvalidArgValueError("path", value, "must not be empty")
    if "\0" in path[1:]:
        raise InvalidArgValueError(
            "path", value, "must be a str without null bytes, but for a first one (an abstract name)"
        )
    return path


def _host(value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgTypeError("host", "of type str", value)
    if "\0" in value:
        raise InvalidArgValueError("host", value, "must be a str without null bytes")
    return value


def _backlog(value: Any) -> int:
    number = number_of(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise InvalidArgTypeError("backlog", "of type number", value)
    if not number or math.isnan(number):
        return BACKLOG
    return (
        int(number) if 0 < number < _LARGEST_BACKLOG else _LARGEST_BACKLOG
    )  # as listen(2) reads a negative one


def _signal(value: Any) -> Any:
    if value is None or hasattr(value, "add_done_callback") or hasattr(value, "add_event_listener"):
        return value
    raise InvalidArgTypeError("options.signal", "an AbortSignal, a Future or a Task", value)


def _port(value: int | float | str) -> int:
    number = number_of(value) if isinstance(value, str) and value.strip(_SPACE) else value
    if isinstance(number, str) or number is None or not 0 <= number <= 65535 or number != int(number):
        raise BadPortError("options.port", value)
    return int(number)


_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


def number_of(text: str) -> float | None:
    """Return the number, zero or more, that Node reads in a text ("0x50" is 80, "" is 0); None if there is none."""
    number = _number(text)
    return None if number is None or number < 0 else number


def _number(text: str) -> float | None:
    text = text.strip(_SPACE)
    if not text:
        return 0
    if _IN_ANOTHER_BASE.fullmatch(text):
        return int(text[2:], _BASES[text[1].lower()])
    if _DECIMAL.fullmatch(text):
        return float(text)
    return {"Infinity": math.inf, "+Infinity": math.inf, "-Infinity": -math.inf}.get(text)
