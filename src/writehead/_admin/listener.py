"""The admin listener and the control socket: a server with small limits, beside those of the program."""

from __future__ import annotations

import os
from collections.abc import Sequence

from writehead import http
from writehead._admin.access import Tokens, is_loopback
from writehead._admin.api import Api
from writehead._admin.operated import Operated

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
        host, port = place
        return await server.listen(port, host or None)
    before = os.umask(0o177)
    try:
        listening = server.listen(path="\0" + place[1:] if place.startswith("@") else place)
    finally:
        os.umask(before)
    return await listening
