"""Hosts WSGI applications, such as those of Flask and Django: each request is a call in a thread.

Source: https://peps.python.org/pep-3333/
"""

from __future__ import annotations

from typing import Any, Unpack
from wsgiref.types import WSGIApplication

from writehead import __version__, http
from writehead._guests.host_options import split_options, wants_tls
from writehead._guests.wsgi.file_wrapper import FileWrapper
from writehead._guests.wsgi.mount import Mount
from writehead._guests.wsgi.options import (
    HostOptions,
    MountOptions,
    is_of_mount,
    read_mount_options,
)
from writehead._server.server import Server

__all__ = [
    "FileWrapper",
    "HostOptions",
    "Mount",
    "MountOptions",
    "attach",
    "createServer",
    "create_server",
]


def attach(
    server: Server,
    app: WSGIApplication,
    options: MountOptions | None = None,
    **keywords: Unpack[MountOptions],
) -> Mount:
    """Let `app` serve the requests below a path, in the place of the listeners of 'request'.

    Each request is a call in a thread of the mount's own; a request waits while all are busy. The server may listen
    already.

    Args:
        server: an `http.Server` or `https.Server`.
        app: a WSGI application.
        options: a mapping of options, in either spelling.
        keywords: options by keyword: `path` (default "/"), the prefix of the targets that belong to the app;
            `root_path`, a prefix that a proxy has removed from the targets; `threads`, how many requests are served
            at the same time (default: the processors and 4, at the most 32); `max_waiting`, how many more may wait
            (default 1000), past which the response is 503 with `Retry-After`; `retry_after`, what that says, in
            milliseconds (default 1000) or a `timedelta`; `strict`, to refuse hop-by-hop headers of the app, which
            else are dropped with a warning.

    Raises:
        InvalidArgTypeError, InvalidArgValueError, OutOfRangeError, UnknownOptionError.

    Source: PEP 3333
    """
    return Mount(server, app, read_mount_options(options, keywords), f"writehead/{__version__}")


def create_server(
    app: WSGIApplication,
    options: HostOptions | None = None,
    **keywords: Unpack[HostOptions],
) -> Server:
    """Make a server that does not listen yet, and attach `app`; what the app does not take gets 404.

    Args:
        app: a WSGI application.
        options: a mapping of the options of `attach` and of `http.create_server`, in either spelling; with `key`,
            `cert` or `ssl_context` it is an `https.Server`, and has the options of that.
        keywords: the same by keyword.

    Raises:
        As `attach` and `http.create_server`.
    """
    of_server, of_mount = split_options({} if options is None else options, is_of_mount)
    more_of_server, more_of_mount = split_options(keywords, is_of_mount)
    mount_options = read_mount_options(of_mount, more_of_mount)
    make: Any = http.Server
    if wants_tls({**of_server, **more_of_server}):
        from writehead import https

        make = https.Server
    server: Server = make(of_server, **more_of_server)
    Mount(server, app, mount_options, f"writehead/{__version__}")
    return server


createServer = create_server
