"""Error responses: what a client is sent whose bytes cannot be served, in its turn, before the connection ends."""

from __future__ import annotations

from typing import Any

from writehead._connection.state import ConnectionState
from writehead._http1.exchange import Http1Exchange
from writehead._http1.framing import bare_response
from writehead.errors import ConnectionLostError, RequestTimeoutError


class ErrorResponses(ConnectionState):
    """A connection, as far as it answers for what is malformed or late."""

    __slots__ = ()

    def _on_malformed(self, error: BaseException, at_once: bool = False) -> None:
        """Bytes that cannot be served: 'clientError', or the default answer in its turn."""
        if getattr(error, "code", None) == "HPE_CLOSED_CONNECTION":
            return  # the client said it was done: what it sends after that is ignored
        self._closed_input = True
        self._start = None
        if self._error_told:
            return
        self._error_told = True
        self.channel.expects_more = not isinstance(
            error, RequestTimeoutError
        )  # from that client nothing comes
        if self._config.on_client_error(error, self.socket):
            return
        status = getattr(error, "status", None) or 400
        answer = bare_response(status)
        broken = self._incoming
        if broken is None and not at_once and (self.current is not None or self._queue):
            self._pending_error = (answer, error)
            return
        current = self.current
        if broken is not None and self._queue and not at_once:
            last = self._queue[-1]
            if last.response is not None and last.response.req is broken:  # type: ignore[attr-defined]
                self._lose_last(last, answer, error)
                return
        if current is not None and current.stage:
            answer = b""
        self._pending_error = (answer, error)
        self._send_pending_error()

    def _lose_last(self, last: Http1Exchange, answer: bytes, error: BaseException) -> None:
        """The last in line is the broken one: what it has not begun, the answer replaces."""
        assert self._queue is not None
        if not last.stage:
            self._queue.pop()
            if not self._queue:
                self._queue = None
            response: Any = last.response
            last.drop()
            self._incoming = None
            response.req._abort(with_socket=False)
            response._on_lost(ConnectionLostError())
            self._pending_error = (answer, error)
        else:
            last.stays = False
            self._pending_error = (b"", error)

    def _send_pending_error(self) -> None:
        assert self._pending_error is not None
        answer, error = self._pending_error
        channel = self.channel
        self._pending_error = None
        if answer and not (channel.writing or channel.fate):
            channel.put_now(answer)
            channel.said_all = True
        self.socket.destroy(error)
