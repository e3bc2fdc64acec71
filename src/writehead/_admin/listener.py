"""The admin listener and the control socket: a server with small limits, beside those of the program."""

from __future__ import annotations

import os
import socket as system
from collections.abc import Sequence

from writehead import http
from writehead._admin.access import Tokens, is_loopback
from writehead._admin.api import Api
from writehead._admin.operated import Operated
from writehead._server.bind import bind
from writehead._server.listen_target import Target
from writehead.errors import SystemCallError

#: Connections at once.
MOST_CONNECTIONS = 32

#: How long a head may take, and a whole request, in milliseconds.
HEADERS_TIMEOUT = 5_000
REQUEST_TIMEOUT = 10_000

#: What does not read its response for so long is closed.
WRITE_TIMEOUT = 10_000

#: A host, empty for every address, and a port; or the path of a Unix socket.
Place = tuple[str, int] | str


async def listen(
    place: Place, operated: Operated, *, token: str | None = None, names: Sequence[str] = ()
) -> http.Server:
    """Serve the admin API at `place`, and return the server, which listens, and which `http.run()` does not wait for.

    A Unix socket can be used by its owner alone.

    Raises:
        SystemCallError: it cannot listen.
    """
    unix = isinstance(place, str)
    api = Api(
        operated,
        tokens=Tokens(token),
        names=tuple(names),
        open=unix or place[0] == "localhost" or is_loopback(place[0]),
        unix=unix,
    )
    server = http.create_server(
        api,
        headers_timeout=HEADERS_TIMEOUT,
        request_timeout=REQUEST_TIMEOUT,
        write_timeout=WRITE_TIMEOUT,
        body_timeout=REQUEST_TIMEOUT,
        connections_checking_interval=1_000,
    )
    server.max_connections = MOST_CONNECTIONS
    server.unref()
    if not isinstance(place, str):
        return await server.listen(_bound(*place))
    before = os.umask(0o177)
    try:
        listening = server.listen(path="\0" + place[1:] if place.startswith("@") else place)
    finally:
        os.umask(before)
    return await listening


def _bound(host: str, port: int) -> system.socket:
    """Return a socket that listens at an address, which is looked up at once: a loop would start a thread for it.

    Raises:
        SystemCallError: the address is taken, or there is none.
    """
    target = Target()
    target.port = port
    if not host:
        return bind(target)
    try:
        found = system.getaddrinfo(host, port, type=system.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SystemCallError("ENOTFOUND", "getaddrinfo", host) from None
    return bind(target, str(found[0][4][0]))
