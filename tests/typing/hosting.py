"""Checked by mypy and pyright, never run: hosting WSGI applications."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, assert_type
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from writehead import http, https, wsgi


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]


class App:
    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"a")
        return []


def fits(server: http.Server, secure: https.Server) -> None:
    mount = wsgi.attach(server, app, path="/a", root_path="/b", threads=4, max_waiting=10)
    assert_type(mount, wsgi.Mount)
    assert_type(mount.running, int)
    assert_type(mount.waiting, int)
    assert_type(mount.threads, int)
    assert_type(mount.retry_after, float)
    assert_type(mount.path, str)
    assert_type(mount.app, WSGIApplication)
    assert_type(mount.server, http.Server)
    mount.detach()
    wsgi.attach(
        secure, App(), {"rootPath": "/x", "maxWaiting": 3}, retryAfter=timedelta(seconds=1), strict=True
    )
    assert_type(wsgi.create_server(app), http.Server)
    wsgi.create_server(app, {"keepAliveTimeout": 75_000, "path": "/x"}, key="a", cert="b", threads=None)
    wsgi.createServer(App())
    for block in wsgi.FileWrapper(io.BytesIO(), 1024):
        assert_type(block, bytes)
    wsgi.FileWrapper(open("a", "rb")).close()


async def coroutine(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    return []


def does_not_fit(server: http.Server) -> None:
    wsgi.attach(server, coroutine)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    wsgi.attach(server, app, threads="4")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    wsgi.attach(server, app, thread=4)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    wsgi.FileWrapper("path")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
