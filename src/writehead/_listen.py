"""What `listen` was asked for, and the socket that comes of it.

Law: no event loop here. A socket is bound and listening when `bind` returns; accepting
is the server's.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from writehead import _socket_file
from writehead._options import snake
from writehead._socket_file import SocketFile
from writehead.errors import BadPortError, InvalidArgValueError, SystemCallError

BACKLOG = 511


@dataclass(slots=True)
class Target:
    """Where to listen."""

    port: int | None = None
    host: str | None = None
    path: str | None = None
    fd: int | None = None
    sock: socket.socket | None = None
    adopted: Any = None  # another server, whose socket is shared
    backlog: int = BACKLOG
    reuse_port: bool = False
    ipv6_only: bool = False
    readable_all: bool = False
    writable_all: bool = False
    signal: Any = None
    callback: Any = field(default=None)
    file: SocketFile | None = None  # that `bind` has made for `path`


def read_arguments(args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Target:
    """Return the target that the arguments of `listen` name.

    Raises:
        BadPortError: a port that is not an integer from 0 to 65535.
        InvalidArgValueError: neither a port nor a path, or of a wrong type.
    """
    target = Target()
    rest = list(args)
    if rest and callable(rest[-1]) and not hasattr(rest[-1], "getsockname"):
        target.callback = rest.pop()
    while rest and rest[-1] is None:
        rest.pop()
    options = {snake(name): value for name, value in keywords.items() if value is not None}
    if callable(options.get("callback")):
        target.callback = options.pop("callback")
    if rest:
        _read_first(target, rest[0], options, rest[1:])
    if options or not rest:
        _read_options(target, options, named=bool(options) and not rest)
    return target


def _read_first(target: Target, first: Any, options: dict[str, Any], more: list[Any]) -> None:
    if isinstance(first, Mapping):
        given = {snake(name): value for name, value in first.items()}
        for name, value in given.items():
            options.setdefault(name, value)
        if not options.keys() & {"port", "path"} and not _is_fd(options.get("fd")):
            raise InvalidArgValueError("options", first, "must have the property 'port' or 'path'")
        options.setdefault("port", None)
        return
    if isinstance(first, socket.socket):
        target.sock = first
    elif hasattr(first, "_listening_socket"):
        target.adopted = first
    elif isinstance(first, str) and not first.strip().isdigit():
        target.path = first
    else:
        if isinstance(first, bool) or not isinstance(first, (int, float, str)):
            raise InvalidArgValueError("options", first, "must be a port, a path or a mapping")
        target.port = _port(first, "options.port")
    for value in more:
        if isinstance(value, str):
            target.host = value
        elif isinstance(value, int) and not isinstance(value, bool):
            target.backlog = value


def _read_options(target: Target, options: dict[str, Any], named: bool) -> None:
    if "signal" in options:
        target.signal = options["signal"]
    for name in ("reuse_port", "ipv6_only", "readable_all", "writable_all"):
        setattr(target, name, bool(options.get(name, getattr(target, name))))
    if isinstance(options.get("backlog"), int):
        target.backlog = options["backlog"]
    if options.get("host") is not None:
        target.host = str(options["host"])
    fd, port, path = options.get("fd"), options.get("port"), options.get("path")
    if _is_fd(fd):
        target.fd = fd
    elif port is not None:
        if isinstance(port, bool) or not isinstance(port, (int, float, str)):
            raise InvalidArgValueError("options", options, "must have a port that is a number")
        target.port = _port(port, "options.port")
    elif path is not None:
        if not isinstance(path, str):
            path = os.fspath(path)
        target.path = path
    elif named and fd is not None:
        raise InvalidArgValueError("fd", fd, "must be 0 or more")
    elif target.port is None and target.path is None and target.sock is None and target.adopted is None:
        target.port = 0


def _is_fd(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _port(value: int | float | str, argument: str) -> int:
    try:
        number = float(value)
    except ValueError:
        raise BadPortError(argument, value) from None
    if not 0 <= number <= 65535 or number != int(number):
        raise BadPortError(argument, value)
    return int(number)


def bind(target: Target, address: str | None = None) -> socket.socket:
    """Bind and listen.

    Args:
        target: what to listen on.
        address: the address that `target.host` was resolved to.

    Raises:
        SystemCallError: in Node's words, with code, syscall, address and port.
    """
    if target.sock is not None:
        return _listening(target.sock, target.backlog)
    if target.adopted is not None:
        shared: socket.socket | None = target.adopted._listening_socket
        if shared is None:
            raise SystemCallError("EINVAL", "listen")
        return shared.dup()
    if target.fd is not None:
        return _from_fd(target.fd, target.backlog)
    if target.path is not None:
        return _unix(target)
    if address is not None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return _tcp(target, family, address)
    try:
        return _tcp(target, socket.AF_INET6, "::")
    except SystemCallError as error:
        if error.code not in ("EAFNOSUPPORT", "EADDRNOTAVAIL", "EINVAL"):
            raise
        return _tcp(target, socket.AF_INET, "0.0.0.0")  # Node's default: every address


def _listening(sock: socket.socket, backlog: int) -> socket.socket:
    sock.setblocking(False)
    try:
        sock.listen(backlog)
    except OSError as exc:
        raise SystemCallError.from_oserror(exc, "listen") from None
    return sock


def _from_fd(fd: int, backlog: int) -> socket.socket:
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            raise SystemCallError("EINVAL", "listen")
        return _listening(socket.socket(fileno=fd), backlog)
    except OSError as exc:
        if isinstance(exc, SystemCallError):
            raise
        raise SystemCallError("EINVAL", "listen") from None


def _tcp(target: Target, family: socket.AddressFamily, address: str) -> socket.socket:
    port = target.port or 0
    try:
        # asyncio switches Nagle's algorithm off only where the protocol is told.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as exc:
        raise SystemCallError.from_oserror(exc, "listen", address, port) from None
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if target.reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(target.ipv6_only))
        sock.setblocking(False)
        sock.bind((address, port))
        sock.listen(target.backlog)
    except OSError as exc:
        sock.close()
        raise SystemCallError.from_oserror(exc, "listen", address, port) from None
    return sock


def _unix(target: Target) -> socket.socket:
    path = target.path or ""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if path.startswith("\0"):
            sock.bind(path)
            sock.listen(target.backlog)
        else:
            mode = (0o444 if target.readable_all else 0) | (0o222 if target.writable_all else 0)
            target.file = _socket_file.bind(sock, path, target.backlog, mode)
    except OSError as exc:
        sock.close()
        if isinstance(exc, FileNotFoundError):  # Node's word for a missing directory
            raise SystemCallError("EACCES", "listen", path, -1) from None
        raise SystemCallError.from_oserror(exc, "listen", path, -1) from None
    return sock


def address_of(sock: socket.socket) -> dict[str, Any] | str:
    """Return what `address()` says of a listening socket."""
    name = sock.getsockname()
    if isinstance(name, bytes):
        return "\0" + name[1:].decode()
    if isinstance(name, str):
        return name
    family = "IPv6" if sock.family == socket.AF_INET6 else "IPv4"
    return {"address": name[0], "family": family, "port": name[1]}
