"""Errors of starting and stopping a server."""

from __future__ import annotations

from writehead.errors.base import HTTPError


class ServerAlreadyListenError(HTTPError, RuntimeError):
    """Call `close` before the next `listen`."""

    code = "ERR_SERVER_ALREADY_LISTEN"

    def __init__(self) -> None:
        super().__init__("Listen method has been called more than once without closing.")


class ServerNotRunningError(HTTPError, RuntimeError):
    """Call `listen` before `close`: the server is not running."""

    code = "ERR_SERVER_NOT_RUNNING"

    def __init__(self) -> None:
        super().__init__("Server is not running.")
