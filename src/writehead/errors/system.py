"""Node's names and texts for errors of the system."""

from __future__ import annotations

import errno
import os
import socket

# libuv's texts where they differ from the C library's.
_TEXTS = {
    "EADDRNOTAVAIL": "address not available",
    "EAFNOSUPPORT": "address family not supported",
    "ECANCELED": "operation canceled",
    "EMFILE": "too many open files",
    "ENFILE": "file table overflow",
    "ENOTSOCK": "socket operation on non-socket",
    "ETIMEDOUT": "connection timed out",
}
_NOT_FOUND = tuple(
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if hasattr(socket, name)
)
_RESOLVER_NAMES = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}


def text_of(name: str) -> str:
    """Return the meaning of a name: "address already in use" for "EADDRINUSE"."""
    number = getattr(errno, name, None)
    if name in _TEXTS:
        return _TEXTS[name]
    return "unknown error" if number is None else os.strerror(number).lower()


def sentence(name: str, syscall: str, address: str | None, port: int | None, text: str | None) -> str:
    """Return Node's text for a failed call; `text` replaces the meaning of `name`."""
    # Node: "read ECONNRESET", "getaddrinfo ENOTFOUND host", "listen EADDRINUSE: address already in use a:80".
    if text is None and syscall in ("listen", "bind", "connect"):
        text = text_of(name)
    words = f"{syscall} {name}" if text is None else f"{syscall} {name}: {text}"
    if address is None:
        return words
    return f"{words} {address}:{port}" if port is not None and port > 0 else f"{words} {address}"


def name_of(error: OSError, syscall: str) -> str:
    """Return Node's name for an error of the system: "EADDRINUSE", "ENOTFOUND", or "UNKNOWN"."""
    if isinstance(error, socket.gaierror):
        return (
            "ENOTFOUND" if error.errno in _NOT_FOUND else _RESOLVER_NAMES.get(error.errno or 0, "ENOTFOUND")
        )
    if error.errno is None:
        return _name_by_class(error)
    name = errno.errorcode.get(error.errno, "UNKNOWN")
    # libuv: a Unix path in a missing directory fails like one without permission.
    return "EACCES" if name == "ENOENT" and syscall == "listen" else name


def _name_by_class(error: OSError) -> str:
    # A loop may raise these without a number, as asyncio's "Connection lost".
    if isinstance(error, ConnectionResetError):
        return "ECONNRESET"
    if isinstance(error, BrokenPipeError):
        return "EPIPE"
    if isinstance(error, ConnectionAbortedError):
        return "ECONNABORTED"
    return "ETIMEDOUT" if isinstance(error, TimeoutError) else "UNKNOWN"
