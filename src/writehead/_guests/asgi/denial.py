"""Denial: an HTTP response of the application in the place of a WebSocket (`websocket.http.response`).

Source: https://asgi.readthedocs.io/en/latest/extensions.html#websocket-denial-response
"""

from __future__ import annotations

from collections.abc import Callable

from writehead._guests.asgi.app_types import Message
from writehead._guests.asgi.sending import DONE, Sending, as_body
from writehead._http1.exchange import Http1Exchange
from writehead._net.channel import Channel


class Denial(Sending):
    """The response to a handshake; its connection ends with it.

    Args:
        channel: what it is sent on.
        on_sent: called when the system has all of it.
    """

    keeps = False
    _general = True  # the fast path is for connections that may stay open

    def __init__(self, channel: Channel, on_sent: Callable[[], object]) -> None:
        self.ticks = channel.ticks
        self._mark = channel.mark
        self._on_sent = on_sent
        exchange = Http1Exchange()
        exchange.response = self
        exchange.sink = channel
        self._exchange = exchange

    @property
    def is_complete(self) -> bool:
        """Whether the application has given all of it."""
        return self._state == DONE

    def start(self, message: Message, kind: str) -> None:
        """Take status and fields.

        Raises:
            ASGIMessageError: the message is malformed.
        """
        self._take_start(message, kind)
        self._has_trailers = False  # they are not offered

    def send_body(self, message: Message, kind: str) -> bool:
        """Take a piece of the body; False if the caller is to wait for the client.

        Raises:
            ASGIMessageError: the message is malformed.
            ContentLengthMismatchError: the body is longer or shorter than announced.
        """
        return self._take_body(as_body(message.get("body", b""), kind), bool(message.get("more_body")))

    def lose(self) -> None:
        """Note that the client has left."""
        self._is_lost = True

    def _cut(self) -> None:
        self._exchange.abort(None)

    # -- called by the exchange ------------------------------------------------------------

    @property
    def writable_high_water_mark(self) -> int:
        """How many bytes may wait."""
        return self._mark

    def _on_flushed(self) -> None:
        self._on_sent()

    def _prepare_close(self) -> None:
        """Do nothing: it has no listeners."""

    def _on_lost(self, error: BaseException | None) -> None:
        """Do nothing: the connection notifies the call."""

    def _on_outlived(self) -> None:
        """Do nothing: nobody ends the socket but this response."""
