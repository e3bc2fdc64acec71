"""Recording: what is noted of each exchange of a connection, where anybody takes records.

    head -> begun -> the response notes what is sent -> sent, or lost -> told, once

Invariant: whatever has begun is told once, also what was refused before there was an exchange, and an upgrade. While
nobody takes records, nothing is noted.
"""

from __future__ import annotations

from typing import Any

from writehead._connection.config import ConnectionConfig
from writehead._connection.state import ConnectionState
from writehead._http1.exchange import NOTHING_SENT, Http1Exchange
from writehead._net.addresses import address_text
from writehead._net.channel import Channel
from writehead._semantics.exchange import RequestHead
from writehead._semantics.outcome import Outcome
from writehead._semantics.record import Notes, Peer

#: The status of a connection that was handed over.
SWITCHED, CONNECTED = 101, 200


class Recording(ConnectionState):
    """The part of a connection that notes its exchanges."""

    __slots__ = ()

    def _note_head(self, notes: Notes, head: RequestHead | None, began: float | None = None) -> None:
        """Begin the notes of a request whose head has come, and its first byte when it `began`; None: now."""
        notes.peer = peer = self.peer or self.make_peer()
        notes.head = head
        if began is None:
            notes.began = peer.now()
        else:
            notes.began = began
            notes.received = peer.now()

    def _noted(self, head: RequestHead | None) -> Notes | None:
        """Begin the notes of a request that gets no exchange; None if nobody takes records."""
        if self._config.on_record is None:
            return None
        notes = Notes()
        self._note_head(notes, head, self._first_at)
        return notes

    def make_peer(self) -> Peer:
        """Make what the records of this connection share."""
        config = self._config
        transport = self.channel.transport
        address, port = _address_of(transport)
        encrypted = _info(transport, "ssl_object")
        self.peer = peer = Peer(
            next(config.connection_numbers),
            address,
            port,
            None if encrypted is None else encrypted.version() or "TLS",
            config.record_clock,
        )
        trust = config.trust
        peer.trust = trust if trust is not None and trust.allows_peer(address) else None
        return peer

    def note_first_byte(self, notes: Notes) -> None:
        """Note that the first byte of a response leaves next."""
        channel = self.channel
        notes.first = self._config.record_clock()
        notes.passed = channel.bytes_passed + channel.unpassed

    def tell_notes(self, notes: Notes) -> None:
        """Tell of an exchange that is over."""
        config = self._config
        tell = config.on_record
        if tell is not None:
            notes.ended = config.record_clock()
            tell(notes)

    # -- what was not sent whole -----------------------------------------------------

    def lose_response(self, exchange: Http1Exchange, response: Any) -> bool:
        """Note how a response was lost; return whether its exchange is to be told of."""
        channel = self.channel
        outcome = response._outcome
        if outcome is None:
            outcome = response._outcome = channel.cause or Outcome.DESTROYED
        if exchange.began is None:
            return False
        exchange.outcome = outcome
        if exchange.error is None:
            exchange.error = getattr(response, "_errored", None) or channel.errored
        exchange.count_pieces()
        if exchange.first is not None:
            passed = channel.bytes_passed - exchange.passed
            exchange.bytes_out = max(min(exchange.bytes_out, passed - exchange.head_size), 0)
            if passed <= 0:
                exchange.forget_response()
        elif exchange.stage == NOTHING_SENT or (exchange.sink is None and not exchange.gathered):
            exchange.forget_response()
        return True

    # -- requests without an exchange ----------------------------------------------------

    def _begin_refusal(self, notes: Notes | None, error: BaseException, outcome: Outcome) -> None:
        """Let an error response be that of a request which gets no exchange, or loses it."""
        if notes is not None:
            notes.outcome = outcome
            notes.error = error
            self._refused = notes

    def _end_refusal(self) -> None:
        """Tell of a refused request, if there is one: its response was sent, or will not be."""
        notes = self._refused
        if notes is not None:
            self._refused = None
            self.tell_notes(notes)

    def _begin_upgrade(self, head: RequestHead) -> None:
        """Begin the notes of a connection that is handed over; its end is that of the socket."""
        notes = self._noted(head)
        if notes is not None:
            channel = self.channel
            notes.outcome = Outcome.UPGRADED
            notes.status = CONNECTED if head.method == "CONNECT" else SWITCHED
            notes.passed = channel.bytes_passed + channel.unpassed
            notes.bytes_in = -channel.bytes_read
            channel.upgrade = notes


def end_upgrade(config: ConnectionConfig, channel: Channel) -> None:
    """Tell of a connection that was handed over, and has ended."""
    notes, channel.upgrade = channel.upgrade, None
    tell = config.on_record
    if notes is None or tell is None:
        return
    if channel.cause is Outcome.FAILED:
        notes.outcome = Outcome.FAILED
    notes.bytes_in += channel.bytes_read
    passed = channel.bytes_passed - notes.passed
    notes.bytes_out = max(passed - notes.head_size, 0)
    if not passed:
        notes.forget_response()
    notes.error = channel.errored
    notes.ended = config.record_clock()
    tell(notes)


def _address_of(transport: Any) -> tuple[str | None, int | None]:
    name = _info(transport, "peername")
    if isinstance(name, tuple) and len(name) >= 2:
        return address_text(name), name[1]
    return None, None


def _info(transport: Any, which: str) -> Any:
    try:
        return transport.get_extra_info(which)
    except (AttributeError, OSError, ValueError):  # uvloop: the connection ended before it was accepted
        return None
