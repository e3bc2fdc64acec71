"""The exchange of a message that was sent already, or never had a connection.

Invariant: no method reaches a connection, which may carry another response by now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from writehead._semantics.exchange import Done, Pieces, ResponseHead, ResponseSide, Sink, StoredFields
from writehead._semantics.outcome import Outcome


class NoExchange:
    """Accepts every call and sends nothing; remembers a socket that is assigned to its message."""

    response: ResponseSide | None = None
    chunked = False
    body_allowed = True
    informs = True
    keep_reads: bool | None = None
    last_allowed = False
    promised: str | None = None
    reports_drain = False
    refused = False
    stays = True
    coming: Sink | None = None
    void = False
    began: float | None = None
    route: Any = None
    error: BaseException | None = None
    outcome = Outcome.FINISHED
    _sink: Sink | None = None
    _lost_socket: Any = None  # of a lost connection, whose channel no longer refers to it

    @property
    def socket(self) -> Any:
        """The Socket or the writable that the program knows."""
        sink = self._sink or self.coming
        return None if sink is None else sink.socket or self._lost_socket

    @property
    def queued(self) -> bool:
        """Whether it waits for a socket."""
        return self._sink is None

    @property
    def pending(self) -> int:
        """Bytes that the sink has not passed on."""
        return 0 if self._sink is None else self._sink.pending

    @property
    def mark(self) -> int | None:
        """The high-water mark of the sink, if there is one."""
        return None if self._sink is None else self._sink.mark

    def begin(self, head: ResponseHead) -> None:
        """Do nothing."""

    def respond(self, status: int, fields: StoredFields, body: bytes, announce: bool = True) -> bool:
        """Do nothing."""
        return True

    def write(self, chunk: bytes, done: Done | None) -> bool:
        """Do nothing."""
        return True

    def pieces(self) -> Pieces | None:
        """Return None: nothing is gathered."""
        return None

    def refuse_more(self) -> None:
        """Do nothing."""

    @property
    def plain(self) -> bool:
        """Return False: nothing is sent."""
        return False

    def count_copied(self, size: int) -> None:
        """Do nothing."""

    def end(self, chunk: bytes | None, trailers: Sequence[tuple[str, str]]) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""

    def settle(self) -> None:
        """Do nothing."""

    def inform(self, code: int, fields: Iterable[tuple[str, Any]], done: Done | None) -> bool:
        """Do nothing."""
        return True

    def abort(self, error: BaseException | None) -> None:
        """Do nothing."""

    def cork(self) -> None:
        """Do nothing."""

    def uncork(self) -> bool:
        """Do nothing."""
        return False

    def attach(self, sink: Sink) -> None:
        """Remember the sink."""
        self._sink = sink

    def detach(self) -> None:
        """Forget the sink."""
        self._sink = None

    def drop(self) -> None:
        """Remember the socket of a lost connection."""
        if self._sink is not None:
            self._lost_socket = self._sink.socket


class HeldSocket(NoExchange):
    """The exchange of an `OutgoingMessage` whose `socket` was set; aborting it destroys the socket."""

    def abort(self, error: BaseException | None) -> None:
        """Destroy the socket."""
        sink = self._sink or self.coming
        if sink is not None:
            sink.destroy(error)


#: The exchange of every message that was sent, until it gets a socket again and with it its own `NoExchange`.
SENT = NoExchange()
