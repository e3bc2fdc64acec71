"""Makes the listening socket for the arguments of `listen`.

Invariant: no event loop here. The socket is bound when `bind` returns, and listens, too, unless the
target is deferred; the server accepts.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from typing import Literal

from writehead._net.addresses import AddressInfo, address_text, sockaddr
from writehead._server import socket_file
from writehead._server.listen_target import Target
from writehead.errors import SystemCallError

#: Returns a socket that a supervisor has bound for all workers, as Node's cluster does; None in a single process.
_bind_for_all: Callable[[Target, str | None], socket.socket] | None = None


def share_sockets(bind_for_all: Callable[[Target, str | None], socket.socket]) -> None:
    """Let `listen` get its sockets from a supervisor, unless it is `exclusive`."""
    global _bind_for_all
    _bind_for_all = bind_for_all


def bind(target: Target, address: str | None = None) -> socket.socket:
    """Return a socket that is bound to `target` and listens, unless the target is deferred.

    Args:
        target: what to listen on.
        address: the address that `target.host` was resolved to.

    Raises:
        SystemCallError: Node's error, with code, syscall, address and port.
    """
    if target.sock is not None:
        if target.deferred:  # it is bound; whether it listens already is another's business
            target.sock.setblocking(False)
            return target.sock
        return _listening(target.sock, target.backlog)
    if target.adopted is not None:
        shared: socket.socket | None = target.adopted._listening_socket
        if shared is None:
            raise SystemCallError("EINVAL", "listen")
        return shared.dup()
    if target.fd is not None:
        return _from_fd(target.fd, target.backlog)
    if _bind_for_all is not None and not target.exclusive:
        return _listening(_bind_for_all(target, address), target.backlog)
    return bind_here(target, address)


def bind_here(target: Target, address: str | None = None) -> socket.socket:
    """Return a socket that this process binds to a path or an address; arguments and errors are those of `bind`."""
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
    if sock.fileno() >= 0 and sock.type == socket.SOCK_SEQPACKET:  # it could listen, but no loop accepts it
        raise SystemCallError("EOPNOTSUPP", "listen")
    try:
        sock.setblocking(False)
        sock.listen(backlog)
    except OSError as exc:
        raise SystemCallError.from_oserror(exc, "listen") from None
    return sock


def _from_fd(fd: int | float, backlog: int) -> socket.socket:
    if fd > 2**31 - 1 or fd != int(fd):
        raise SystemCallError("EINVAL", "listen")
    fd = int(fd)
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            raise SystemCallError("EINVAL", "listen")
        sock = socket.socket(fileno=fd)
    except OSError as exc:
        if isinstance(exc, SystemCallError):
            raise
        raise SystemCallError("EINVAL", "listen") from None
    try:
        return _listening(sock, backlog)
    except SystemCallError:
        sock.detach()  # the caller still owns the descriptor
        raise


def _tcp(target: Target, family: socket.AddressFamily, address: str) -> socket.socket:
    port = target.port or 0
    try:
        # asyncio switches Nagle's algorithm off only if `proto` is IPPROTO_TCP.
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
        sock.bind(sockaddr(family, address, port))
        if not target.deferred:
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
            target.file = socket_file.bind(sock, path, target.backlog, mode)
    except OSError as exc:
        sock.close()
        if isinstance(exc, FileNotFoundError):  # Node's code for a missing directory
            raise SystemCallError("EACCES", "listen", path, -1) from None
        if exc.errno is None:  # raised by Python itself: the path is too long for the system
            raise SystemCallError("EINVAL", "listen", path, -1) from None
        raise SystemCallError.from_oserror(exc, "listen", path, -1) from None
    return sock


def listen_now(sock: socket.socket, backlog: int) -> None:
    """Let a socket that is bound listen.

    Raises:
        SystemCallError: another process has begun to listen there.
    """
    try:
        sock.listen(backlog)
    except OSError as exc:
        raise SystemCallError.from_oserror(exc, "listen", *sock.getsockname()[:2]) from None


def address_of(sock: socket.socket) -> AddressInfo | str:
    """Return what `server.address()` returns for a listening socket."""
    name = sock.getsockname()
    if isinstance(name, bytes):
        return os.fsdecode(name)
    if isinstance(name, str):
        return name
    family: Literal["IPv4", "IPv6"] = "IPv6" if sock.family == socket.AF_INET6 else "IPv4"
    return {"address": address_text(name), "family": family, "port": name[1]}
