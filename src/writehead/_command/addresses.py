"""Where to listen, as an operator writes it.

    HOST:PORT, :PORT, [::1]:PORT    TCP
    unix:PATH, unix:@NAME           a Unix socket; an abstract name
    fd://N                          the descriptor of a socket that is bound already

Pure: no name is looked up.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from writehead._command.kinds import Kind


class Address(NamedTuple):
    """A place to listen: a host and a port, a path, or a descriptor; what it is not is None."""

    host: str | None = None
    port: int | None = None
    path: str | None = None  # "@name" is an abstract one
    fd: int | None = None

    def __str__(self) -> str:
        """Return it as it is written."""
        if self.path is not None:
            return f"unix:{self.path}"
        if self.fd is not None:
            return f"fd://{self.fd}"
        return host_and_port(self.host or "", self.port or 0)


def host_and_port(host: str, port: int) -> str:
    """Return an address as a URL has it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


_FORMS = "write HOST:PORT, :PORT, [::1]:PORT, unix:PATH, unix:@NAME or fd://N"


def read_address(text: str) -> Address:
    """Return the address that `text` is.

    Raises:
        ValueError: it is none; the text goes on after the value.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.strip("@") or "\0" in path:
            raise ValueError("has no path behind unix:")
        return Address(path=path)
    if text.startswith("fd://"):
        return Address(fd=_number(text.removeprefix("fd://"), 2**31 - 1, "a descriptor"))
    host, colon, port = text.rpartition(":")
    if not colon:
        raise ValueError(f"is no address to listen on ({_FORMS})")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host and "/" not in host:
        raise ValueError(f"is no address to listen on: write [{host}]:{port} with an IPv6 address")
    if not (host.isascii() and host.isprintable()) or set(host) & set(" /[]@"):
        raise ValueError(f"is no address to listen on ({_FORMS})")
    return Address(host=host, port=_number(port, 65535, "a port"))


def _number(text: str, most: int, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:20]) > most:
        raise ValueError(f"has {text!r}, which is not {what}, 0 to {most}")
    return int(text)


class Place(Kind[Address]):
    """An address to listen on.

    Args:
        metavar: what stands for it in the help.
        descriptors: whether it may be the descriptor of a socket.
    """

    def __init__(self, metavar: str = "ADDRESS", *, descriptors: bool = True) -> None:
        self.metavar = metavar
        self._descriptors = descriptors

    def read(self, text: str) -> Address:
        found = read_address(text)
        if found.fd is not None and not self._descriptors:
            raise ValueError("is not HOST:PORT or unix:PATH")
        return found

    def plain(self, value: Any) -> Any:
        return list(value)

    def made(self, data: Any) -> Any:
        return Address(*data)
