"""Error responses: what the client of a malformed or late request is sent before its connection ends."""

from __future__ import annotations

from typing import Any

from writehead._connection.recording import Recording
from writehead._http1.exchange import ALL_WRITTEN, Http1Exchange
from writehead._http1.framing import bare_response
from writehead._semantics.outcome import Outcome
from writehead.errors import ConnectionLostError, RequestTimeoutError


class ErrorResponses(Recording):
    """The part of a connection that responds to what is malformed or late."""

    __slots__ = ()

    def _on_malformed(
        self, error: BaseException, at_once: bool = False, cause: Outcome | None = None
    ) -> None:
        """Emit 'clientError' for data that cannot be served, or send the default response in its order."""
        if getattr(error, "code", None) == "HPE_CLOSED_CONNECTION":
            return  # what a client sends after its last request is ignored
        self._closed_input = True
        self._start = None
        if self._error_told:
            return
        self._error_told = True
        malformed = self._incoming
        late = isinstance(error, RequestTimeoutError)
        outcome = cause or Outcome.BAD_REQUEST
        if getattr(error, "code", None) == "HPE_INVALID_EOF_STATE":
            outcome = Outcome.CLIENT_CLOSED
        elif late and malformed is not None:
            outcome = cause or Outcome.TIMEOUT_REQUEST
        if len(self.exchanges()) <= (malformed is not None):
            self.channel.blame(outcome)
        if malformed is None and not (late and not self._reads_head):
            self._begin_refusal(self._noted(None), error, outcome)
        # A client that is late is not likely to send more.
        self.channel.expects_more = not late
        if self._config.on_client_error(error, self.socket):
            self._end_refusal()
            return
        status = getattr(error, "status", None) or 400
        rendered = bare_response(status)
        if malformed is None and not at_once and (self.current is not None or self._queue):
            self._pending_error = (rendered, error)
            return
        current = self.current
        if malformed is not None and self._queue and not at_once:
            last = self._queue[-1]
            if last.response is not None and last.response.req is malformed:  # type: ignore[attr-defined]
                last.response._outcome = outcome  # type: ignore[attr-defined]
                self._lose_last(last, rendered, error)
                return
        if current is not None and current.stage:
            rendered = b""
        self.channel.blame(outcome)
        self._pending_error = (rendered, error)
        self._send_pending_error()

    @property
    def _reads_head(self) -> bool:
        """Whether a part of a head has come."""
        return self._parser is not None and self._parser.mid_message

    def fail_socket(self, error: BaseException) -> bool:
        """Handle an 'error' that the program has emitted on the socket, as Node's own listener does."""
        if not self._error_told:
            self._error_told = True
            if not self._config.on_client_error(error, self.socket):
                self._end_after_error(error)
        return True

    def _end_after_error(self, error: BaseException) -> None:
        current = self.current
        begun = current is not None and current.stage
        if begun == ALL_WRITTEN:
            self.channel.said_all = True  # a complete response still leaves
        self._pending_error = (b"" if begun else bare_response(400), error)
        self._send_pending_error()

    def _lose_last(self, last: Http1Exchange, rendered: bytes, error: BaseException) -> None:
        """End behind the response to a malformed request; if not begun, send the error response instead."""
        assert self._queue is not None
        if not last.stage:
            self._queue.pop()
            if not self._queue:
                self._queue = None
            response: Any = last.response
            last.drop()
            self._incoming = None
            if self.lose_response(last, response):
                self._begin_refusal(last, error, last.outcome)
            response.req._abort(with_socket=False)
            response._on_lost(ConnectionLostError())
            self._pending_error = (rendered, error)
        else:
            last.stays = False
            self._pending_error = (b"", error)

    def _send_pending_error(self) -> None:
        """Send the error response, if there is one, and close."""
        assert self._pending_error is not None
        rendered, error = self._pending_error
        channel = self.channel
        self._pending_error = None
        if rendered and not (channel.writing or channel.fate):
            channel.put_now(rendered)
            channel.said_all = True
            self._note_error_response(rendered)
        self._end_refusal()
        self.socket.destroy(error)

    def _note_error_response(self, rendered: bytes) -> None:
        """Note what was sent in the place of the response of an exchange, or of a request that has none."""
        current = self.current
        notes = self._refused or current
        if notes is not None and notes.began is not None:
            self.note_first_byte(notes)
            notes.passed -= len(rendered)
            notes.note_response(rendered)
