"""A second wire, which is not HTTP/1: records of a type, a length and a payload; and their reader.

    H  the head              JSON: [status, [[name, value], ...]]
    I  an informational one  the same
    D  a piece of the body   bytes
    T  the trailers          JSON: [[name, value], ...]
    E  the end               nothing

Law: it shares nothing with HTTP/1 but the semantics, so that what passes through here owes nothing to that wire.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum
from time import time
from typing import Any

from tests.kit.received import Fields, Received
from writehead._loop.ticks import later
from writehead._semantics import fields as _fields
from writehead._semantics.dates import http_date
from writehead._semantics.exchange import (
    REMOVED_LENGTH,
    Done,
    Entry,
    Pieces,
    ResponseHead,
    ResponseSide,
    Sink,
    StoredFields,
)
from writehead._semantics.outcome import Outcome
from writehead._semantics.status import body_allowed

HEADER = struct.Struct(">cI")

#: Fields of one connection of HTTP/1, which no other version may carry (RFC 9113, 8.2.2).
OF_HTTP1 = frozenset(("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"))


class Stage(IntEnum):
    """How far an exchange has come."""

    OPEN = 0
    HEAD_SENT = 1
    ENDED = 2
    FLUSHED = 3


def record(kind: bytes, payload: bytes = b"") -> bytes:
    """Return one record."""
    return HEADER.pack(kind, len(payload)) + payload


def _entry(each: Any) -> Entry:
    """Return a stored field, or a pair of bytes as one."""
    if len(each) == 3:
        return each[0], each[1], each[2]
    name, value = (part.decode("latin-1") for part in each)
    return name.lower(), name, value


class RecordExchange:
    """The records of one response."""

    def __init__(self) -> None:
        self.response: ResponseSide | None = None
        self.chunked = False  # no head of this wire says so
        self.body_allowed = True
        self.informs = True
        self.keep_reads: bool | None = None  # no field speaks of the connection
        self.last_allowed = False
        self.promised: str | None = None
        self.refused = False
        self.stays = True  # the end of a response is a record, never that of the connection
        self.coming: Sink | None = None
        self.void = False
        self.began: float | None = None
        self.route: Any = None
        self.error: BaseException | None = None
        self.outcome = Outcome.FINISHED
        self._stage = Stage.OPEN
        self._sink: Sink | None = None
        self._gone: Any = None  # the socket of a connection that is no more
        self._held = b""  # the head, until something is sent
        self._waiting: list[tuple[bytes, Done | None]] = []  # for a sink
        self._gathered: list[tuple[bytes, Done | None]] = []  # for the last `uncork`
        self._corks = 0

    # -- what it says of itself ------------------------------------------------

    @property
    def socket(self) -> Any:
        """The user's side of the sink."""
        sink = self._sink or self.coming
        return None if sink is None else sink.socket or self._gone

    @property
    def reports_drain(self) -> bool:
        """No connection stands behind it."""
        return False

    @property
    def queued(self) -> bool:
        """Whether it waits for a socket."""
        return self._sink is None

    @property
    def pending(self) -> int:
        """What waits here and below."""
        here = sum(len(data) for data, _ in self._waiting + self._gathered)
        return here if self._sink is None else here + self._sink.pending

    @property
    def mark(self) -> int | None:
        """The sink's mark."""
        return None if self._sink is None else self._sink.mark

    # -- what the message asks -------------------------------------------------

    def begin(self, head: ResponseHead) -> None:
        """Render the head and hold it."""
        pairs: Fields = []
        promised = None
        dated = not head.send_date
        for key, name, value in head.fields:
            items = _fields.items(name, value, key in head.unique)
            dated = dated or key == "date"
            if key == "content-length" and items:
                promised = _fields.text(items[-1])
            if key not in OF_HTTP1:
                pairs += [(key, _fields.text(item).strip(" \t")) for item in items]
        if not dated:
            pairs.append(("date", http_date(time())))
        has_body = body_allowed(head.for_head, head.status)
        announced = has_body or (head.announce and body_allowed(False, head.status))
        if promised is None and announced and head.length is not None and not head.removed & REMOVED_LENGTH:
            pairs.append(("content-length", str(head.length)))
        self.body_allowed = has_body
        self.promised = promised if has_body else None
        self._held = record(b"H", json.dumps([head.status, pairs]).encode())

    def respond(self, status: int, fields: StoredFields, body: bytes, announce: bool = True) -> bool:
        """Send a whole response."""
        entries: Iterable[Any] = fields.values() if isinstance(fields, dict) else fields or ()
        self.begin(ResponseHead(map(_entry, entries), status, length=len(body) if announce else None))
        self.end(body, ())
        return True

    def write(self, chunk: bytes, done: Done | None) -> bool:
        """Send a piece of the body, in a record of its own or, corked, of the pieces that come with it."""
        if not self.body_allowed:
            if done is not None:
                later(done, None)
            return True
        if chunk and self._corks and self._stage:
            self._gathered.append((chunk, done))
            return sum(len(data) for data, _ in self._gathered) < self._own_mark
        return self._put(record(b"D", chunk) if chunk else b"", done)

    def pieces(self) -> Pieces | None:
        """Return where pieces may be added: itself, where nothing has to come before them."""
        free = self._stage == Stage.HEAD_SENT and self.body_allowed and not self._corks
        return self if free and self._sink is not None else None

    def add(self, piece: object, /) -> bool | None:
        """Take a small piece."""
        if self._sink is None or self._corks or type(piece) is not bytes or not 0 < len(piece) < 1024:
            return None
        return self._sink.put(record(b"D", piece))

    def refuse_more(self) -> None:
        """Do nothing: the sink knows."""

    @property
    def plain(self) -> bool:
        """Each piece of the body has its header."""
        return False

    def count_copied(self, size: int) -> None:
        """Do nothing: it has no records."""

    def end(self, chunk: bytes | None, trailers: Sequence[tuple[str, str]]) -> None:
        """Send the last piece, the trailers and the end."""
        while self._corks:
            self.uncork()
        self._stage = Stage.ENDED
        last, self._held = self._held, b""
        if self.body_allowed:
            if chunk:
                last += record(b"D", chunk)
            if trailers:
                pairs = [(name.lower(), value.strip(" \t")) for name, value in trailers]
                last += record(b"T", json.dumps(pairs).encode())
        self._put_last(last + record(b"E"))

    def _put_last(self, data: bytes) -> None:
        if self._sink is None:
            self._waiting.append((data, self.on_passed))
        elif not self._sink.put_last(data, self):
            self.refused = True

    def flush(self) -> None:
        """Send the head, if it is held."""
        data, self._held = self._held, b""
        if data:
            self._stage = Stage.HEAD_SENT
            self._put_now(data, None)

    def settle(self) -> None:
        """Let what waits for the end of a read go."""
        if self._sink is not None:
            self._sink.settle()

    def inform(self, code: int, fields: Iterable[tuple[str, Any]], done: Done | None) -> bool:
        """Send an informational response, to a client that takes any."""
        if not self.informs:
            if done is not None:
                later(done, None)
            return True
        pairs = [
            (name.lower(), _fields.text(value).strip(" \t"))
            for name, value in fields
            if name.lower() not in OF_HTTP1
        ]
        return self._put_now(record(b"I", json.dumps([code, pairs]).encode()), done)

    def abort(self, error: BaseException | None) -> None:
        """Destroy the sink; without one, take nothing with it."""
        sink = self._sink or self.coming
        if sink is not None:
            sink.destroy(error)
        else:
            self.void = True
            self.drop()

    def cork(self) -> None:
        """Gather pieces until as many calls of `uncork`."""
        self._corks += 1
        if self._sink is not None:
            self._sink.cork()

    def uncork(self) -> bool:
        """Undo one `cork`; tell whether it was the last one and anything was gathered."""
        if not self._corks:
            return False
        self._corks -= 1
        gathered = []
        if not self._corks:
            gathered, self._gathered = self._gathered, []
        if gathered:
            self._put(record(b"D", b"".join(data for data, _ in gathered)), _all(gathered))
        if self._sink is not None:
            self._sink.uncork()
        return bool(gathered)

    def attach(self, sink: Sink) -> None:
        """Send to `sink`, first what has waited."""
        self._sink = sink
        for _ in range(self._corks):
            sink.cork()
        waiting, self._waiting = self._waiting, []
        for index, (data, done) in enumerate(waiting, 1):
            if index < len(waiting) or self._corks:
                sink.put(data, done)
            else:
                sink.put_now(data, done)

    def detach(self) -> None:
        """Take the sink away, and this response's corks from it; what follows waits for another."""
        sink, self._sink = self._sink, None
        if sink is not None:
            for _ in range(self._corks):
                sink.uncork()

    def drop(self) -> None:
        """Forget what waits: it will not be taken."""
        self.refused = self.refused or bool(self._waiting)
        self._gone = self.socket
        self._waiting = []
        self._gathered = []

    # -- what the sink says of the last bytes ----------------------------------

    def on_settled(self) -> None:
        """Ask whether they were taken."""
        if self._sink is None or self._sink.is_settled(self):
            self.on_passed(None)

    def on_passed(self, error: BaseException | None) -> None:
        """They were taken, or the connection has failed."""
        if error is not None or self._stage == Stage.FLUSHED:
            return
        self._stage = Stage.FLUSHED
        if self.response is not None:
            self.response._on_flushed()

    # -- inside ----------------------------------------------------------------

    @property
    def _own_mark(self) -> int:
        return 65536 if self.response is None else self.response.writable_high_water_mark

    def _put(self, data: bytes, done: Done | None) -> bool:
        if self._held:
            data, self._held = self._held + data, b""
            self._stage = max(self._stage, Stage.HEAD_SENT)
        if self._sink is not None:
            return self._sink.put(data, done)
        return self._wait(data, done)

    def _put_now(self, data: bytes, done: Done | None) -> bool:
        sink = self._sink
        if sink is None:
            return self._wait(data, done)
        sink.settle()
        sink.put_now(data, done)
        sink.settle()
        return sink.pending < sink.mark

    def _wait(self, data: bytes, done: Done | None) -> bool:
        self._waiting.append((data, done))
        return sum(len(each) for each, _ in self._waiting) < self._own_mark


def _all(pieces: list[tuple[bytes, Done | None]]) -> Done | None:
    callbacks = [done for _, done in pieces if done is not None]

    def done(error: BaseException | None) -> None:
        for callback in callbacks:
            callback(error)

    return done if callbacks else None


class MalformedRecordError(Exception):
    """The bytes are no records of one response, in their order."""


def read_records(data: bytes, _method: str = "GET", _closed: bool = False) -> Received:
    """Return what the records of one response say; a record that is not whole yet is left out."""
    received = Received()
    while len(data) >= HEADER.size:
        kind, size = HEADER.unpack_from(data)
        payload, data = data[HEADER.size : HEADER.size + size], data[HEADER.size + size :]
        if len(payload) < size:
            break
        if (
            received.ended
            or (received.status is None) != (kind in b"HI")
            or (received.trailers and kind != b"E")
        ):
            raise MalformedRecordError(kind)
        _take(received, kind, payload)
    return received


def _take(received: Received, kind: bytes, payload: bytes) -> None:
    if kind == b"D":
        received.body += payload
    elif kind == b"E":
        received.ended = True
    elif kind == b"T":
        received.trailers = _pairs(json.loads(payload))
    elif kind in (b"H", b"I"):
        status, pairs = json.loads(payload)
        if kind == b"H":
            received.status, received.fields = status, _pairs(pairs)
        else:
            received.informational.append((status, _pairs(pairs)))
    else:
        raise MalformedRecordError(kind)


def _pairs(pairs: list[list[str]]) -> Fields:
    for name, _ in pairs:
        if name != name.lower() or name in OF_HTTP1:
            raise MalformedRecordError(name)
    return [(name, value) for name, value in pairs]
