"""Hosts WSGI applications, such as those of Flask and Django: each request is a call in a thread.

Source: https://peps.python.org/pep-3333/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack
from wsgiref.types import WSGIApplication

from writehead import __version__, http, https
from writehead._guests.wsgi.file_wrapper import FileWrapper
from writehead._guests.wsgi.mount import Mount
from writehead._guests.wsgi.options import (
    HostOptions,
    MountOptions,
    is_of_mount,
    read_mount_options,
)
from writehead._server.server import Server
from writehead.errors import InvalidArgTypeError

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
    of_server, of_app = _split({} if options is None else options)
    more_of_server, more_of_app = _split(keywords)
    make: Any = https.Server if _wants_tls({**of_server, **more_of_server}) else http.Server
    server: Server = make(of_server, **more_of_server)
    attach(server, app, of_app, **more_of_app)
    return server


createServer = create_server


def _split(options: Any) -> tuple[dict[str, Any], Any]:
    """Return the options of a server that are given, and those of a mount."""
    if not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping", options)
    return (
        {name: value for name, value in options.items() if not is_of_mount(name) and value is not None},
        {name: value for name, value in options.items() if is_of_mount(name)},
    )


def _wants_tls(options: Mapping[str, Any]) -> bool:
    return any(options.get(name) is not None for name in ("key", "cert", "ssl_context"))
