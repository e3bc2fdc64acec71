"""Time limits of a connection: a request that is late, a body or response that makes no progress."""

from __future__ import annotations

from typing import Any

from writehead._connection.response_queue import ResponseQueue
from writehead._connection.state import Progress
from writehead._semantics.outcome import Outcome
from writehead.errors import RequestTimeoutError, WriteTimeoutError


class TimeLimits(ResponseQueue):
    """The part of a connection that enforces time limits."""

    __slots__ = ()

    def expire(self, error: BaseException, cause: Outcome | None = None) -> None:
        """Respond to the request under way, which is late, and close."""
        holds = self.ticks.hold()
        try:
            self._on_malformed(error, cause=cause)
        finally:
            if holds:
                self.ticks.run()

    def is_late(self, now: float, headers_timeout: float, request_timeout: float) -> bool:
        """Tell whether the request under way takes longer than so many seconds (0: no limit)."""
        if self._start is None or self._closed_input or self._backlog is not None:
            return False  # what waits may be the rest of it, and has come in time
        age = now - self._start
        return (not self._head_complete and 0 < headers_timeout < age) or 0 < request_timeout < age

    def look_at_progress(self, now: float, write_timeout: float, body_timeout: float) -> None:
        """Close if a body or a response makes no progress for so many seconds (0: no limit)."""
        channel = self.channel
        seen = self._progress
        if seen is None:
            seen = self._progress = Progress()
        if not (body_timeout and self._awaits_body()):
            seen.received = -1
        elif channel.bytes_read != seen.received:
            seen.received, seen.received_since = channel.bytes_read, now
        elif now - seen.received_since > body_timeout:
            channel.judge(
                self._body_stands_still, lambda: self.expire(RequestTimeoutError(), Outcome.TIMEOUT_BODY)
            )
        unsent = self._progress_of_response() if write_timeout else -1
        if unsent == -1 or unsent != seen.unsent:
            seen.unsent, seen.unsent_since = unsent, now
        elif now - seen.unsent_since > write_timeout:
            channel.judge(self._response_stands_still, self._end_late_response)

    def _end_late_response(self) -> None:
        self.channel.blame(Outcome.TIMEOUT_WRITE)
        self.socket.destroy(WriteTimeoutError())

    def _progress_of_response(self) -> int:
        """Return a number that changes whenever the client receives data; -1 if none waits for it."""
        channel = self.channel
        if channel.blocked:
            return int(channel.transport.get_write_buffer_size())
        # While the kernel copies a file, what is left is not known; the socket counts what has been sent.
        return -2 - channel.bytes_passed if channel.sends_beside else -1

    def _awaits_body(self) -> bool:
        """Tell whether the client is expected to send the rest of a body."""
        incoming = self._incoming
        if incoming is None or self.channel.reading_paused or self._closed_input:
            return False
        for exchange in self.exchanges():
            response: Any = exchange.response
            if response is not None and response.req is incoming:
                # A client that expects 100-continue waits for it (RFC 9110, 10.1.1).
                return not response._awaits_continue
        return True

    def _body_stands_still(self) -> bool:
        seen = self._progress
        return seen is not None and self._awaits_body() and self.channel.bytes_read == seen.received

    def _response_stands_still(self) -> bool:
        seen = self._progress
        return seen is not None and seen.unsent != -1 and self._progress_of_response() == seen.unsent
