"""The settings of where a server listens."""

from __future__ import annotations

from writehead._command.addresses import Address, Place
from writehead._command.kinds import Octal, Several, Switch, Text, Whole
from writehead._command.setting import Setting, WithScript

HOST = Setting(
    "host",
    Text("HOST"),
    "127.0.0.1",
    "address to listen on",
    "The address to listen on; `0.0.0.0` is every IPv4 address, `::` every address of both kinds.",
    shown="127.0.0.1",
    with_script=WithScript.PLACE,
)
PORT = Setting(
    "port",
    Whole("PORT", "a port", 0, 65535),
    8000,
    "port to listen on; 0: any that is free",
    "The port to listen on; 0 is any that is free, and the banner says which.",
    shown="8000",
    with_script=WithScript.PLACE,
)
BIND: Setting[tuple[Address, ...]] = Setting(
    "bind",
    Several(Place()),
    (),
    "where to listen; may be given many times",
    "Where to listen: `HOST:PORT`, `:PORT` (every address), `[::1]:PORT`, `unix:PATH`, `unix:@NAME` (an abstract name), `fd://N` (a descriptor). "
    "It may be given many times.",
    letter="b",
    with_script=WithScript.PLACE,
)
UDS: Setting[str | None] = Setting(
    "uds",
    Text("PATH"),
    None,
    "Unix socket to listen on",
    "The path of a Unix socket to listen on, or `@` and an abstract name. Its owner alone may use it, unless `--uds-permissions` says more; the "
    "file of a process that has ended is replaced.",
    with_script=WithScript.PLACE,
)
FD: Setting[int | None] = Setting(
    "fd",
    Whole("N", "a descriptor", 0, 2**31 - 1),
    None,
    "descriptor of a socket to listen on",
    "The descriptor of a socket to listen on, which systemd or a parent process has bound; systemd's first is 3.",
    with_script=WithScript.PLACE,
)
UDS_PERMISSIONS = Setting(
    "uds-permissions",
    Octal(),
    0o600,
    "mode of a Unix socket",
    "The permissions of the file of a Unix socket, in octal digits. It has them before its name appears.",
    aliases=("uds-mode",),
    shown="600",
)
BACKLOG = Setting(
    "backlog",
    Whole("N", "a number of connections", 1, 65535),
    2048,
    "connections that may wait",
    "How many connections may wait to be accepted; the system may allow fewer (`net.core.somaxconn`).",
    shown="2048",
    with_script=WithScript.DEFAULT,
)
IPV6_ONLY = Setting(
    "ipv6-only",
    Switch(),
    False,
    "with ::, no IPv4",
    "Whether `::` is every IPv6 address alone.",
    with_script=WithScript.DEFAULT,
)
GROUP = (HOST, PORT, BIND, UDS, FD, UDS_PERMISSIONS, BACKLOG, IPV6_ONLY)
