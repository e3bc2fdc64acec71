"""Hosting ASGI applications: FastAPI, Starlette, Django and others.

    from writehead import asgi, http

    server = asgi.create_server(app)
    server.listen(8000)
    http.run()

Source: https://asgi.readthedocs.io/en/latest/specs/
"""

from __future__ import annotations

from typing import Any, Unpack

from writehead import http
from writehead._guests.asgi.app_types import ASGIApp, Message, Receive, Scope, Send
from writehead._guests.asgi.mount import Mount, check_app
from writehead._guests.asgi.options import (
    HostOptions,
    LifespanMode,
    MountOptions,
    is_of_mount,
    read_mount_options,
)
from writehead._guests.host_options import split_options, wants_tls

__all__ = [
    "ASGIApp",
    "HostOptions",
    "LifespanMode",
    "Message",
    "Mount",
    "MountOptions",
    "Receive",
    "Scope",
    "Send",
    "attach",
    "createServer",
    "create_server",
]


def attach(
    server: http.Server,
    app: ASGIApp,
    options: MountOptions | None = None,
    **keywords: Unpack[MountOptions],
) -> Mount:
    """Let `server` host an ASGI application: it takes the requests below `path`, before 'request' is emitted.

    Of several mounts the one with the longest path takes a request. On a server that listens already the
    startup of the application begins at once, and it takes requests when that is complete.

    Args:
        server: an `http.Server` or `https.Server`.
        app: an ASGI 3 application.
        options: a mapping of the options below, in either spelling.
        keywords: the options by keyword, in Python spelling. `path`: the path below which the application takes
            requests, "/" by default. `root_path`: a prefix that a proxy has removed from the targets. `lifespan`:
            "auto", "on" or "off". `lifespan_startup_timeout`, `lifespan_shutdown_timeout`: milliseconds; 0, the
            default of the first: no limit; 10000 is that of the second. `cancel_after_disconnect`: milliseconds after
            which the application's task is cancelled once its client has left; None, the default: never.
            `websocket`: whether it takes WebSockets, or a mapping of their options.

    Raises:
        InvalidArgTypeError: `app` is no ASGI 3 application, or an option has a wrong type.
        InvalidArgValueError, OutOfRangeError, UnknownOptionError: of an option.
    """
    check_app(app)
    return Mount(server, app, read_mount_options(options, keywords))


def create_server(
    app: ASGIApp, options: HostOptions | None = None, **keywords: Unpack[HostOptions]
) -> http.Server:
    """Make a server that hosts an ASGI application; what the application does not take gets 404.

    Args:
        app: an ASGI 3 application.
        options: a mapping of options in either spelling: of `http.create_server`, `https.create_server` and `attach`.
        keywords: the same by keyword. With `key`, `cert` or `ssl_context` the server is an `https.Server`.

    Raises:
        InvalidArgTypeError, InvalidArgValueError, OutOfRangeError, UnknownOptionError: of an option.
    """
    check_app(app)
    of_server, of_mount = split_options({} if options is None else options, is_of_mount)
    more_of_server, more_of_mount = split_options(keywords, is_of_mount)
    mount_options = read_mount_options(of_mount, more_of_mount)
    make: Any = http.Server
    if wants_tls({**of_server, **more_of_server}):
        from writehead import https

        make = https.Server
    server: http.Server = make(of_server, **more_of_server)
    Mount(server, app, mount_options)
    return server


createServer = create_server
