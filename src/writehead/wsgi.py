"""Hosts WSGI applications, each request in a thread of its mount's pool.

Source: https://peps.python.org/pep-3333/
"""

from __future__ import annotations

from datetime import timedelta
from wsgiref.types import WSGIApplication

from writehead import __version__
from writehead._guests.wsgi.file_wrapper import FileWrapper
from writehead._guests.wsgi.mount import WSGIMount as Mount
from writehead._server.server import Server

__all__ = ["FileWrapper", "Mount", "attach"]


def attach(
    server: Server,
    app: WSGIApplication,
    *,
    path: str = "/",
    root_path: str = "",
    threads: int | None = None,
    max_waiting: int = 1000,
    retry_after: float | timedelta = 1000,
    strict: bool = False,
) -> Mount:
    """Let `app` serve the requests below `path`, in the place of the listeners of 'request'."""
    mount = Mount(
        server,
        app,
        path,
        root_path,
        threads=threads,
        max_waiting=max_waiting,
        retry_after=retry_after,
        strict=strict,
        software=f"writehead/{__version__}",
    )
    server._attach(mount)
    return mount
