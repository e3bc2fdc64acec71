"""The exchange of a message that has none: it was sent, or it was never given to a wire.

Invariant: nothing that is called here reaches a connection, which is another response's by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from writehead._semantics.exchange import Done, Entry, Frame, ResponseHead, ResponseSide, Sink


class NoExchange:
    """Takes everything and sends nothing; a socket that is assigned to its message is remembered."""

    response: ResponseSide | None = None
    chunked = False
    body_allowed = True
    frames: Mapping[int, Frame] = {}
    informs = True
    keep_reads: bool | None = None
    last_allowed = False
    promised: str | None = None
    reports_drain = False
    refused = False
    stays = True
    coming: Sink | None = None
    void = False
    _sink: Sink | None = None
    _lost_socket: Any = None  # of a connection that has gone: its channel knows it no longer

    @property
    def socket(self) -> Any:
        """The user's side of the sink."""
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

    def respond(self, status: int, fields: Iterable[Entry], body: bytes) -> None:
        """Do nothing."""

    def write(self, chunk: bytes, done: Done | None) -> bool:
        """Do nothing."""
        return True

    def stream(self) -> Sink | None:
        """Return None: nothing goes straight anywhere."""
        return None

    @property
    def plain(self) -> bool:
        """Return False: nothing leaves."""
        return False

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
        """Remember a socket that has gone."""
        if self._sink is not None:
            self._lost_socket = self._sink.socket


class HeldSocket(NoExchange):
    """That of a message without a head, which was given a socket: `destroy` goes there."""

    def abort(self, error: BaseException | None) -> None:
        """Destroy the socket."""
        sink = self._sink or self.coming
        if sink is not None:
            sink.destroy(error)


#: That of every message that was sent; one that gets a socket again has a `NoExchange` of its own.
SENT = NoExchange()
