"""Recording: each exchange of a connection has one record, where anybody takes records.

    head -> begun, on its exchange -> the response writes to it -> sent, or lost -> told, once

Invariant: whatever has begun is told once, also what was refused before there was an exchange, and an upgrade. While
nobody takes records, none is made.
"""

from __future__ import annotations

from typing import Any

from writehead._connection.config import ConnectionConfig
from writehead._connection.state import ConnectionState
from writehead._http1.exchange import NOTHING_SENT, Http1Exchange
from writehead._net.addresses import address_text
from writehead._net.channel import Channel
from writehead._semantics import record as _record
from writehead._semantics.exchange import RequestHead
from writehead._semantics.outcome import Outcome
from writehead._semantics.record import Peer, Record

_new = Record.__new__

FINISHED = Outcome.FINISHED

#: The status of a connection that was handed over, unless it is known that another was sent.
SWITCHED, CONNECTED = 101, 200


class Recording(ConnectionState):
    """The part of a connection that makes records."""

    __slots__ = ()

    def _begin_record(self, head: RequestHead | None, began: float | None = None) -> Record:
        """Begin the record of a request whose head has come, and its first byte when it `began`; None: now."""
        peer = self.peer
        if peer is None:
            peer = self._make_peer()
        record = _new(Record)
        record._head = head
        record._peer = peer
        peer.requests = record.request = peer.requests + 1
        record._received = now = peer.now()
        record._began = now if began is None else began
        record._first = record._sent = record._route = record.error = None
        record.outcome = FINISHED
        record.status = _record.NOTHING_SENT
        record.bytes_in = record.bytes_out = 0
        return record

    def _make_peer(self) -> Peer:
        config = self._config
        transport = self.channel.transport
        address, port = _address_of(transport)
        encrypted = _info(transport, "ssl_object")
        tls = None if encrypted is None else encrypted.version() or "TLS"
        self.peer = peer = Peer(next(config.connection_numbers), address, port, tls, config.record_clock)
        return peer

    def note_first_byte(self, record: Record) -> None:
        """Note that the first byte of a response leaves next."""
        channel = self.channel
        record._first = self._config.record_clock()
        record._passed = channel.bytes_passed + channel.unpassed

    def _end_record(self, exchange: Http1Exchange) -> None:
        """Tell the record of an exchange whose response was sent."""
        config = self._config
        tell = config.on_record
        record, exchange.record = exchange.record, None
        if tell is not None and record is not None:
            record._ended = config.record_clock()
            tell(record)

    def tell_record(self, record: Record) -> None:
        """Tell the record of an exchange that is over.

        None is told if nobody takes records any more.
        """
        config = self._config
        tell = config.on_record
        if tell is not None:
            record._ended = config.record_clock()
            tell(record)

    # -- what was not sent whole -----------------------------------------------------

    def lose_response(self, exchange: Http1Exchange, response: Any) -> Record | None:
        """Note on a response, and on its record, how it was lost; return the record, which is to be told."""
        channel = self.channel
        outcome = response._outcome
        if outcome is None:
            outcome = response._outcome = channel.cause or Outcome.DESTROYED
        record = exchange.record
        if record is None:
            return None
        record.outcome = outcome
        if record.error is None:
            record.error = getattr(response, "_errored", None) or channel.errored
        sent = record._first is not None or (
            exchange.stage != NOTHING_SENT and (exchange.sink is not None or exchange.gathered)
        )
        exchange.count_pieces()
        if sent and record._first is not None:
            passed = channel.bytes_passed - record._passed
            sent = passed > 0
            record.bytes_out = max(min(record.bytes_out, passed - record.head_bytes_out), 0)
        exchange.record = None
        if not sent:
            record.status = _record.NOTHING_SENT
            record.bytes_out = 0
            record._sent = None
        return record

    # -- requests without an exchange ----------------------------------------------------

    def _begin_refusal(
        self, error: BaseException, outcome: Outcome = Outcome.BAD_REQUEST, record: Record | None = None
    ) -> None:
        """Begin the record of a request that gets an error response in the place of an exchange."""
        if record is None:
            if self._config.on_record is None:
                return
            record = self._begin_record(None, self._first_at)
        record.outcome = outcome
        record.error = error
        self._refused = record

    def _end_refusal(self, rendered: bytes = b"") -> None:
        """Tell the record of a refused request, if there is one, whose response was `rendered`."""
        record = self._refused
        if record is not None:
            self._refused = None
            note_response(record, rendered)
            self.tell_record(record)

    def _begin_upgrade(self, head: RequestHead) -> None:
        """Begin the record of a connection that is handed over; its end is that of the socket."""
        if self._config.on_record is None:
            return
        record = self._begin_record(head, self._first_at)
        record.outcome = Outcome.UPGRADED
        record.status = CONNECTED if head.method == "CONNECT" else SWITCHED
        channel = self.channel
        record._passed = channel.bytes_passed + channel.unpassed
        record.bytes_in = -channel.bytes_read
        channel.upgrade = record


def note_response(record: Record, rendered: bytes) -> None:
    """Note a whole response that was not sent by an exchange."""
    if rendered:
        record.status = int(rendered[9:12])
        record._sent = rendered
        record.bytes_out = len(rendered) - record.head_bytes_out


def end_upgrade(config: ConnectionConfig, channel: Channel) -> None:
    """Tell the record of a connection that was handed over, and has ended."""
    record, channel.upgrade = channel.upgrade, None
    tell = config.on_record
    if record is None or tell is None:
        return
    if channel.cause is Outcome.FAILED:
        record.outcome = channel.cause
    record.bytes_in += channel.bytes_read
    record.bytes_out = channel.bytes_passed - record._passed
    if not record.bytes_out:
        record.status = _record.NOTHING_SENT
    record.error = channel.errored
    record._ended = config.record_clock()
    tell(record)


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
