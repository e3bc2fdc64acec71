"""Errors of starting and stopping a server."""

from __future__ import annotations

from writehead.errors.base import HTTPError
from writehead.errors.streams import AbortError


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


class DrainingError(AbortError):
    """End the response, which has no end of its own: the server is draining, and still sends what is written."""

    code = "ERR_SERVER_DRAINING"

    def __init__(self) -> None:
        super().__init__("The server is draining")


class ServerCutError(AbortError):
    """Give up: the time of a drain is over, and the connection is closed in the next turn of the loop."""

    code = "ERR_SERVER_CUT"

    def __init__(self) -> None:
        super().__init__("The connection is cut: the time of the drain is over")
