"""The exchange of HTTP/1: renders one response into bytes.

An exchange that is first in the response queue writes to its sink; one that is not, or
that a program has made, is queued and keeps its bytes. Its state moves one way:

    no head -> head rendered and held -> head sent -> ended -> flushed
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Protocol

from writehead._http1 import framing
from writehead._http1.head import (
    STATUS_LINES,
    date_line,
    informational_head,
    trailer_lines,
)
from writehead._loop.ticks import TickQueue, later
from writehead._native.choice import LARGE, render_response
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import Done, Pieces, ResponseHead, ResponseSide, Sink, StoredFields
from writehead._semantics.record import Notes


class Stage(IntEnum):
    """How much of a response was sent."""

    NOTHING_SENT = 0
    HEAD_SENT = 1
    ALL_WRITTEN = 2  # `end` was called: all bytes were written to the sink, or queued
    ALL_TAKEN = 3  # and the operating system has them


# As names of the module: looked up faster than members of a class.
NOTHING_SENT, HEAD_SENT, ALL_WRITTEN, ALL_TAKEN = Stage


class Http1Connection(Protocol):
    """What an exchange uses of its connection."""

    ticks: TickQueue

    def note_first_byte(self, notes: Notes) -> None: ...
    @property
    def keep_lines(self) -> str: ...
    def on_queued(self, size: int) -> None: ...
    def retire(self, exchange: Http1Exchange) -> None: ...
    def on_head(self, exchange: Http1Exchange) -> None: ...


class Http1Exchange(Notes):
    """Renders one response as HTTP/1, and writes or queues its bytes."""

    # Class defaults: an exchange is made for every request, and few of these change.
    stage: int = NOTHING_SENT.value
    response: ResponseSide | None = None
    connection: Http1Connection | None = None  # None for a response that a program has made
    sink: Sink | None = None  # None while it is queued
    coming: Sink | None = None  # the sink while 'socket' is emitted, before `attach`; or one that has ended
    _queued: list[tuple[bytes, Done | None]] | None = None
    _queued_size = 0
    _head: bytes | None = None
    _merged: list[tuple[bytes, Done | None]] | None = None
    _merged_size = 0
    _corked = 0
    chunked = False
    body_allowed = True
    gathered = False  # its bytes were sent with the response before it
    stays = True  # the connection stays open after this response
    last_allowed = False
    void = False
    lost_socket: Any = None  # of a lost connection, whose channel no longer refers to it
    after_listeners = 0  # how many 'close' listeners the socket had before it was attached
    keep_reads: bool | None = None  # the `should_keep_alive` that follows from the head; None: unchanged
    refused = False  # some bytes were not sent, and will not be
    informs = True  # whether a 1xx may be sent (not to HTTP/1.0)
    keep_lines = framing.KEEP  # the Connection lines of a connection that stays open
    must_close = False  # the server is closing: every response says `Connection: close`
    watched = False  # its connection is to be told when it has a head
    came: float | None = None  # when the request came, if that is known, by the clock of the server
    promised: str | None = None  # the program's Content-Length, where the body must match it
    _gathered: Any = None  # where its small chunks are gathered, as far as they are not counted,
    _gathered_before = 0  # and how many bytes of others were before

    # -- called by the response -------------------------------------------------

    @property
    def socket(self) -> Any:
        """The Socket, or the writable that the program has assigned."""
        sink = self.sink or self.coming
        return None if sink is None else sink.socket or self.lost_socket

    @property
    def reports_drain(self) -> bool:
        """Whether the exchange calls `_on_drained`: if it is on a connection."""
        return self.connection is not None

    @property
    def queued(self) -> bool:
        """Whether it waits for other responses, or for a socket."""
        return self.sink is None

    @property
    def flows(self) -> bool:
        """Whether what is written goes to the operating system, which has taken all before it."""
        sink: Any = self.sink
        return sink is not None and not sink.blocked

    @property
    def pending(self) -> int:
        """Bytes accepted and not yet with the operating system."""
        below = 0 if self.sink is None else self.sink.pending
        return self._queued_size + self._merged_size + below

    @property
    def mark(self) -> int | None:
        """The high-water mark of the sink; None while queued."""
        return None if self.sink is None else self.sink.mark

    def begin(self, head: ResponseHead) -> None:
        """Decide the framing, render the head and hold it.

        Raises:
            TrailerInvalidError: see `framing.decide`; nothing is changed then.
        """
        if self.must_close:
            head.keep = False
        keep_lines = self.keep_lines
        if head.keep and keep_lines is framing.CLOSE and self.connection is not None:
            keep_lines = self.connection.keep_lines  # the client asked to close, the program keeps it open
        fields = framing.render_fields(head)
        decided = framing.decide(head, keep_lines, self.last_allowed)
        self._head = text = framing.head_text(head, fields, decided.lines).encode("latin-1")
        if self.began is not None:
            self.status = head.status
            self.sent = text
        self.chunked = decided.chunked
        self.body_allowed = decided.body_allowed
        self.stays = decided.stays
        self.last_allowed = self.last_allowed and decided.lines.startswith(framing.CLOSE)
        self.promised = None
        if head.content_length is not None and not decided.chunked and decided.body_allowed:
            self.promised = head.content_length if head.transfer_encoding is None else None
        if head.connection is not None and not _fields.has_close(head.connection):
            self.keep_reads = True
        if head.status in (204, 304) and _fields.is_chunked(head.transfer_encoding or ""):
            self.keep_reads = False
        if head.expect:  # Node sends such a head at once
            self.flush()
        if self.watched and self.connection is not None:
            self.connection.on_head(self)

    def write(self, chunk: bytes, done: Done | None) -> bool:
        """Send one piece of the body; False at or over the high-water mark."""
        if not self.body_allowed:
            if done is not None:
                later(done, None)
            return True
        if not chunk:
            return self._put(b"", done)
        if self.began is not None:
            self.bytes_out += len(chunk)
        if not self.chunked:
            return self._put(chunk, done)
        if self._corked and self.stage:
            return self._merge(chunk, done)
        return self._put_chunk(chunk, done)

    def _put_chunk(self, chunk: bytes, done: Done | None) -> bool:
        *before, last = framing.chunk_parts(chunk)
        for part in before:
            self._put(part, None)
        return self._put(last, done)

    def end(self, chunk: bytes | None, trailers: Sequence[tuple[str, str]]) -> None:
        """Send the last chunk and what ends the body; `response._on_flushed` follows."""
        while self._corked:
            self.uncork()
        self.stage = ALL_WRITTEN
        last = b""
        if self.body_allowed:
            if chunk:
                last = chunk
            if self.began is not None:
                self.bytes_out += len(last)
                self.count_pieces()
            if self.chunked:
                ending = b"0\r\n\r\n"
                if trailers:
                    ending = f"0\r\n{trailer_lines(trailers)}\r\n".encode("latin-1")
                if not last:
                    last = ending
                else:
                    *before, last = framing.chunk_parts(last, ending)
                    for part in before:
                        self._put(part, None)
        head = self._head
        if head is not None:
            self._head = None
            self._note_head()
            if len(last) < LARGE:
                last = head + last
            else:
                self._send(head, None)
        sink = self.sink
        if sink is not None:
            self.refused = not sink.put_last(last, self)
        else:
            self._queue_up(last, self.on_passed)

    def respond(self, status: int, fields: StoredFields, body: bytes, announce: bool = True) -> bool:
        """Render and send a whole response in one step: the fast path, with the same bytes as `begin` and `end`.

        For an ordinary status to HTTP/1.1, without a field that affects the framing; but with `announce` False,
        the Content-Length is among them.
        """
        data = render_response(STATUS_LINES[status], fields, date_line(), self.keep_lines, body, announce)
        if data is None:
            return False
        self.stage = ALL_WRITTEN
        if self.began is not None:
            self.status = status
            self.bytes_out = len(body)
            self.sent = data
        sink = self.sink
        if sink is None:
            self._queue_whole(data, body)
        elif not (sink.put_last(data, self) if len(body) < LARGE else sink.put_last(data, self, body)):
            self.refused = True
        return True

    def _queue_whole(self, data: bytes, body: bytes) -> None:
        if len(body) < LARGE:
            self._add_to_queue(data, self.on_passed)
        else:
            self._add_to_queue(data, None)
            self._add_to_queue(body, self.on_passed)

    def pieces(self) -> Pieces | None:
        """Return where small chunks may be added: head sent, chunked, not corked."""
        sink = self.sink
        if sink is not None and self.stage and self.chunked and self.body_allowed and not self._corked:
            chunks: Any = sink.chunks()
            if self.began is not None and self._gathered is None and chunks is not None:
                self._gathered = chunks
                self._gathered_before = chunks.total
            return chunks  # type: ignore[no-any-return]
        return None

    def refuse_more(self) -> None:
        """Note that `pieces()` has no more room."""
        if self.sink is not None:
            self.sink.refuse_more()

    @property
    def plain(self) -> bool:
        """Whether the body is sent unframed: not in chunks."""
        return not self.chunked

    def on_settled(self) -> None:
        """Ask the sink whether the last bytes were passed on, now or by the end of the current read."""
        sink = self.sink
        if sink is None or sink.is_settled(self):
            self.on_passed(None)

    def flush(self) -> None:
        """Send the held head now."""
        head = self._head
        if head is None:
            return
        self._head = None
        self.stage = HEAD_SENT
        self._note_head()
        if self.sink is not None:
            self.sink.put_now(head)
            self.sink.settle()  # not at the end of the current read: the listener may take long
        else:
            self._queue_up(head, None)

    def inform(self, code: int, fields: Iterable[tuple[str, Any]], done: Done | None) -> bool:
        """Send an informational response (RFC 9110, 15.2); to HTTP/1.0 only call `done`."""
        if not self.informs:
            if done is not None:
                later(done, None)
            return True
        block = informational_head(code, fields)
        if self.sink is not None:
            self.sink.settle()  # so that earlier bytes are sent before it
            self.sink.put_now(block, done)
            self.sink.settle()
            return self.sink.pending < self.sink.mark
        return self._queue_up(block, done)

    def abort(self, error: BaseException | None) -> None:
        """Destroy the connection; while queued, drop the response."""
        sink = self.sink or self.coming
        if sink is not None:
            sink.destroy(error)
        else:
            self.void = True
            self.drop()

    def cork(self) -> None:
        """Join the chunks that follow into one."""
        self._corked += 1
        if self.sink is not None:
            self.sink.cork()

    def uncork(self) -> bool:
        """Undo one cork, and send what was gathered after the last; return whether there was anything."""
        if not self._corked:
            return False
        self._corked -= 1
        merged = self._merged
        if not self._corked and merged is not None:
            self._merged = None
            self._merged_size = 0
            done = [callback for _, callback in merged if callback is not None]
            self._put_chunk(b"".join([chunk for chunk, _ in merged]), _all_done(done) if done else None)
        if self.sink is not None:
            self.sink.uncork()
        return merged is not None and not self._corked

    # -- called by the response queue ------------------------------------------

    def attach(self, sink: Sink) -> None:
        """Write what was queued to `sink`, and from now on all else."""
        self.sink = sink
        for _ in range(self._corked):
            sink.cork()
        if self.gathered:
            assert self.connection is not None
            self.connection.ticks.later(self.on_settled)
            return
        queued = self._queued
        if queued is None:
            return
        self._note_head()
        self._queued = None
        size, self._queued_size = self._queued_size, 0
        if self.connection is not None:
            self.connection.on_queued(-size)
        last = len(queued) - 1
        for index, (data, done) in enumerate(queued):
            if index == last and not self._corked:
                sink.put_now(data, done)
            else:
                sink.put(data, done)

    def outlive_sink(self) -> None:
        """Queue what the response still writes: the sink has ended and sends nothing more (Node: `writable`)."""
        if self.stage < ALL_WRITTEN:
            self.coming = self.sink
            self.sink = None
            if self.response is not None:
                self.response._on_outlived()

    def gather(self) -> bytes | None:
        """Hand over the bytes of a whole queued response, to be sent in one write with the one before it.

        None if it has not ended, or has a callback for a part of it. The caller counts the bytes.
        """
        queued = self._queued
        if self.stage < ALL_WRITTEN or queued is None or len(queued) != 1 or self.void or not self.stays:
            return None
        self._queued = None
        self._queued_size = 0
        self.gathered = True
        return queued[0][0]

    def detach(self) -> None:
        """Give up the sink, and undo this response's corks on it; what follows is queued."""
        sink = self.sink
        self.sink = None
        if sink is not None:
            for _ in range(self._corked):
                sink.uncork()

    def drop(self) -> None:
        """Drop what is queued, and its callbacks: the connection was lost."""
        self.refused = self.refused or self._queued is not None
        self.lost_socket = self.socket
        if self.connection is not None and self._queued_size:
            self.connection.on_queued(-self._queued_size)
        self._queued = None
        self._queued_size = 0
        self._merged = None
        self._merged_size = 0

    def settle(self) -> None:
        """Pass on now what `end` has left for the end of the current read."""
        if self.sink is not None:
            self.sink.settle()

    # -- private ---------------------------------------------------------------

    def _note_head(self) -> None:
        """Note that the head leaves next, unless it is queued."""
        if self.began is not None and self.first is None and self.sink is not None:
            assert self.connection is not None
            self.connection.note_first_byte(self)

    def count_pieces(self) -> None:
        """Count the small chunks that were gathered."""
        chunks, self._gathered = self._gathered, None
        if chunks is not None:
            self.bytes_out += chunks.total - self._gathered_before

    def count_copied(self, size: int) -> None:
        """Count bytes of the body that the kernel has copied to the client."""
        self.bytes_out += size

    def _put(self, data: bytes, done: Done | None) -> bool:
        head = self._head
        if head is not None:
            self._head = None
            self._note_head()
            self.stage = self.stage or HEAD_SENT  # it may be `end` that sends the head
            if len(data) < LARGE:
                data = head + data
            else:
                self._send(head, None)
        return self._send(data, done)

    def _send(self, data: bytes, done: Done | None) -> bool:
        sink = self.sink
        if sink is not None:
            return sink.put(data, done)
        return self._queue_up(data, done)

    def _queue_up(self, data: bytes, done: Done | None) -> bool:
        if self.coming is not None and self.coming.destroyed:
            return False
        self._add_to_queue(data, done)
        response = self.response
        mark = 65536 if response is None else response.writable_high_water_mark
        return self._queued_size < mark

    def _add_to_queue(self, data: bytes, done: Done | None) -> None:
        """Queue `data` until there is a sink."""
        if self._queued is None:
            self._queued = []
        self._queued.append((data, done))
        self._queued_size += len(data)
        if self.connection is not None:
            self.connection.on_queued(len(data))

    def _merge(self, chunk: bytes, done: Done | None) -> bool:
        if self._merged is None:
            self._merged = []
        self._merged.append((chunk, done))
        self._merged_size += len(chunk)
        response = self.response
        mark = 65536 if response is None else response.writable_high_water_mark
        return self._merged_size < mark

    def on_passed(self, error: BaseException | None) -> None:
        """Called when the last bytes were passed on."""
        if error is not None or self.stage == ALL_TAKEN:
            return
        self.stage = ALL_TAKEN
        # Corked after its end: the socket goes on to the next response.
        if self._corked and self.connection is not None:
            self.detach()
        response = self.response
        if self.connection is not None:
            self.connection.retire(self)
        elif response is not None:
            response._on_flushed()


def _all_done(callbacks: list[Done]) -> Done:
    def done(error: BaseException | None) -> None:
        for callback in callbacks:
            callback(error)

    return done
