"""Health checks: the paths of a server that it answers itself, before the program and its limits, and without a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from writehead._guests.websocket.places import NoRequests
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._net.socket import Socket
from writehead._shared.readiness import Readiness


class HealthPath(NoRequests):
    """The guest of one path, which is compared as it was sent.

    Args:
        path: begins with a slash.
        readiness: tells whether requests can be served; None: it is asked whether this process runs, and it does.
    """

    exact = True
    takes_requests = True

    def __init__(self, path: str, readiness: Callable[[], Readiness] | None) -> None:
        self.path = path
        self._readiness = readiness

    def take_head(self, connection: object, head: object) -> bool:
        """Leave it to `take`."""
        return False

    def take(self, request: IncomingMessage, response: ServerResponse) -> None:
        """Answer a health check; no record is made of one that finds all well."""
        readiness = None if self._readiness is None else self._readiness()
        if readiness in (None, "ready"):
            response._exchange.began = None
        send_health(request, response, readiness)

    def wants_websocket(self, request: IncomingMessage) -> bool:
        return False

    def take_websocket(self, request: IncomingMessage, socket: Socket, head: bytes) -> None:
        raise AssertionError  # it wants none


def attach_health(
    server: Any, health_path: str | None, ready_path: str | None, readiness: Callable[[], Readiness]
) -> None:
    """Let a server answer the paths of health checks; one that is None is not answered."""
    if health_path is not None:
        server._attach(HealthPath(health_path, None))
    if ready_path is not None:
        server._attach(HealthPath(ready_path, readiness))


def send_health(request: IncomingMessage, response: ServerResponse, readiness: Readiness | None) -> None:
    """Answer a health check: whether requests can be served; None: that this process runs."""
    fields = {"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8"}
    if request._method not in ("GET", "HEAD"):
        response.write_head(405, {**fields, "Allow": "GET, HEAD", "Content-Length": 0})
        response.end()
        return
    body = "ok\n" if readiness is None else f"{readiness}\n"
    status = 200 if readiness in (None, "ready") else 503
    response.write_head(status, {**fields, "Content-Length": len(body)})
    response.end(body)
