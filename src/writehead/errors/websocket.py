"""Errors of WebSockets."""

from __future__ import annotations

from writehead.errors.base import HTTPError


class WebSocketError(HTTPError, ValueError):
    """A WebSocket's frame or handshake breaks the protocol, or it is used in two ways at once; `code` says how.

    `close_code` is the code of the close frame that the peer got, if it got one.
    """

    code: str = "ERR_WEBSOCKET"

    def __init__(
        self, code: str, text: str, close_code: int | None = None, status: int | None = None
    ) -> None:
        super().__init__(text)
        self.code = code
        self.close_code = close_code
        self.status = status

    @property
    def by_client(self) -> bool:
        """Whether the peer has caused it, by a frame or a handshake; if not, the program has."""
        return self.close_code is not None or self.status is not None

    byClient = by_client

    @property
    def closeCode(self) -> int | None:
        """The Node spelling of `close_code`."""
        return self.close_code


class WebSocketNotOpenError(HTTPError, RuntimeError):
    """Send only while `ready_state` is OPEN: the connection is closing, or closed."""

    code = "ERR_WEBSOCKET_NOT_OPEN"

    def __init__(self, ready_state: int) -> None:
        name = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")[ready_state]
        super().__init__(f"WebSocket is not open: readyState {ready_state} ({name})")
        self.ready_state = ready_state

    @property
    def readyState(self) -> int:
        """The Node spelling of `ready_state`."""
        return self.ready_state
