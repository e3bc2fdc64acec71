"""Sending: the messages of an application on their way to the exchange.

    idle -> start -> started (head held) -> head gone -> last body (-> trailers) -> done
                                    broken: a body that does not match its Content-Length

Invariant: a message that is refused has sent nothing; what was taken is sent whole and in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import IntEnum
from typing import Any

from writehead._guests.asgi.app_types import Message
from writehead._guests.asgi.receiving import Receiving
from writehead._guests.asgi.response_start import KEEP_ALIVE, Fields, entries_of, read_start
from writehead._loop.ticks import TickQueue
from writehead._native.choice import LARGE
from writehead._semantics.exchange import Entry, Pieces, RequestHead, ResponseHead
from writehead._semantics.status import STATUS_CODES, body_allowed
from writehead.errors import (
    ASGIMessageError,
    ASGIStateError,
    ConnectionLostError,
    ContentLengthMismatchError,
)


class State(IntEnum):
    """How far a response is."""

    IDLE = 0
    STARTED = 1  # the head is held
    HEAD_GONE = 2
    TRAILERS = 3  # the body is complete
    BROKEN = 4
    DONE = 5


IDLE, STARTED, HEAD_GONE, TRAILERS, BROKEN, DONE = State

_EXPECTED = {
    IDLE: ("nothing was sent yet", "'http.response.start'"),
    STARTED: ("the response has started", "'http.response.body'"),
    HEAD_GONE: ("the response has started", "'http.response.body'"),
    TRAILERS: ("the body is complete", "'http.response.trailers'"),
    BROKEN: ("the body did not match its content-length", "no more messages"),
}

FAILURE = b"Internal Server Error"

#: Statuses for which a whole response can take the fast path.
_ORDINARY = frozenset(code for code in STATUS_CODES if code >= 200 and body_allowed(False, code))


class Sending(Receiving):
    """The part of a call that sends; its exchange reports to it, as to a response."""

    _state: State = IDLE
    # What the start says; see `read_start`.
    _status = 200
    _fields: Fields
    _length: int | None = None
    _is_ordinary = True
    _connection: str | None = None
    _offers_trailers = True
    _has_trailers = False
    _body_bytes = 0
    _small = LARGE  # a body of fewer bytes alone does not fill the connection
    _dropped = 0  # bytes of a body that is not sent, since the loop was let go on
    _writers: list[asyncio.Future[None]] | None = None  # the calls that wait for the client
    _listeners: Any = None  # as of a message: set if its end is to be reported
    _gathered: Pieces | None = None  # where small pieces of the body may be added
    task: asyncio.Task[Any] | None = None  # while it runs behind its first step
    _has_begun = False  # the task is behind its first step
    _is_hindered = False  # the client has left, or a file may be under way
    _lock: asyncio.Lock | None = None  # of files, which are not sent in one step
    _holds_head = False  # while a file is opened: the head waits for its size
    _head_alone = False  # the head was sent without a body
    _sent_100 = False
    _general = False  # excluded from the fast path, by HEAD for example
    head: RequestHead  # of the request
    for_head = False  # in response to HEAD
    keeps = True  # the client wants the connection kept
    version = "1.1"
    ticks: TickQueue

    # -- called by the application -----------------------------------------------

    async def send(self, message: Message) -> None:
        """Send a message; wait while the client is slow.

        Raises:
            ASGIMessageError: it is malformed, or of an unknown type.
            ASGIStateError: it does not fit now.
            ContentLengthMismatchError: the body is longer or shorter than announced.
            ConnectionLostError: the client has left.
        """
        if self._is_hindered:
            await self._send_hindered(message)
            return
        try:
            kind = message["type"]
        except (TypeError, KeyError, IndexError):
            raise _untyped(message) from None
        if kind == "http.response.body":
            body = message.get("body", b"")
            if type(body) is not bytes:
                body = as_body(body, kind)
            more = message.get("more_body")
            pieces = self._gathered
            # Fast path: a small piece behind another of this tick; see `OutgoingMessage.write`.
            room = pieces.add(body) if more and pieces is not None else None
            if room is None:
                room = self._take_body(body, more)
            elif not room:
                self._exchange.refuse_more()
            if not room:
                await self._wait_for_client()
        elif kind == "http.response.start":
            self._take_start(message, kind)
        else:
            await self._send_other(message, kind)

    async def _send_hindered(self, message: Message) -> None:
        """Send a message behind a file that may be under way, or to a client that has left."""
        if self._is_lost:
            await self._refuse()
        try:
            kind = message["type"]
        except (TypeError, KeyError, IndexError):
            raise _untyped(message) from None
        if kind == "http.response.start":
            self._take_start(message, kind)
        else:
            await self._send_other(message, kind)

    async def _send_other(self, message: Message, kind: Any) -> None:
        """Send a message of another type, or a body while a file may be under way."""
        raise NotImplementedError

    def _take_start(self, message: Message, kind: str) -> None:
        status, fields, length, is_ordinary, connection, trailers = read_start(message, kind)
        if self._state is not IDLE:
            self._misfit("http.response.start")
            return
        self._status, self._fields, self._length, self._is_ordinary = status, fields, length, is_ordinary
        if connection is not None:
            self._connection = connection
        if trailers and self._offers_trailers:
            self._has_trailers = True
        self._state = STARTED
        if self._has_begun:
            self.ticks.next_round(self._let_head_go)

    def _misfit(self, kind: str) -> None:
        """Raise for a message that does not fit now; ignore one behind the end, with a warning."""
        if self._state == DONE:
            self._warn_of_more(kind)
        else:
            raise ASGIStateError(kind, *_EXPECTED[self._state])

    def _warn_of_more(self, kind: str) -> None:
        raise NotImplementedError

    async def _refuse(self) -> None:
        """Raise, as the client has left; what listens to `receive` goes first, and may end the work in its way."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        raise ConnectionLostError

    # -- the body ----------------------------------------------------------------

    def _take_body(self, body: bytes, more: object) -> bool:
        """Send a piece of the body, behind the head; False if the caller is to wait for the client."""
        if self._state is HEAD_GONE:
            return self._write(body) if more else self._end(body)
        if self._state is not STARTED:
            self._misfit("http.response.body")
            return True
        exchange: Any = self._exchange
        size = len(body)
        length = self._length
        if more or self._has_trailers:
            self._check_length(size, exact=not more)
            self._begin(None)
            return self._write(body) if more else self._end(body)
        if (
            self._is_ordinary
            and not self._general
            and (length is None or length == size)
            and self._status in _ORDINARY
            # The fast path: see `Exchange.respond`.
            and exchange.respond(self._status, self._fields, body, length is None)
        ):
            self._state = DONE
            self._is_done = True
            if self._readers:
                self._wake_readers()
            return (size < LARGE and exchange.flows) or self._has_room()
        self._check_length(size, exact=True)
        self._begin(size)
        return self._end(body)

    def _check_length(self, size: int, exact: bool) -> None:
        """Break the response if a further piece of so many bytes does not match its Content-Length."""
        length = self._length
        if length is None or self._is_without_body:
            return
        total = self._body_bytes + size
        if total > length or (exact and total < length):
            gone = self._state is HEAD_GONE
            self._state = BROKEN
            if gone:
                self._cut()
            raise ContentLengthMismatchError(total, length)

    @property
    def _is_without_body(self) -> bool:
        """Whether no body is sent, whatever the application gives."""
        return self.for_head or not body_allowed(False, self._status)

    def _write(self, body: bytes) -> bool:
        """Send a piece of the body behind which more will come."""
        exchange: Any = self._exchange
        size = len(body)
        self._head_alone = False
        self._check_length(size, exact=False)
        self._body_bytes += size
        if not exchange.body_allowed:
            return self._drop(size)
        if not body:
            exchange.flush()  # never an empty chunk, which would end the body
            return True
        room: bool = exchange.write(body, None)
        self._gathered = exchange.pieces()
        return room

    def _drop(self, size: int) -> bool:
        """Drop a piece of a body that is not sent; False to let the loop go on after each mark of bytes."""
        self._dropped += size
        exchange: Any = self._exchange
        if self._dropped < self._mark:
            exchange.flush()
            return True
        self._dropped = 0
        self.ticks.next_round(self._on_drained)
        return False

    def _end(self, body: bytes) -> bool:
        """Send the last piece of the body, and end the response unless trailers follow."""
        exchange: Any = self._exchange
        self._check_length(len(body), exact=True)
        self._body_bytes += len(body)
        if self._has_trailers:
            self._state = TRAILERS
            self._gathered = None
            return self._write_last(body)
        self._finish()
        exchange.end(body or None, ())  # of the trailers there is none
        return (len(body) < self._small and exchange.flows) or self._has_room()

    def _write_last(self, body: bytes) -> bool:
        exchange: Any = self._exchange
        if body and exchange.body_allowed:
            room: bool = exchange.write(body, None)
            return room
        exchange.flush()
        return True

    def _finish(self) -> None:
        """Note that the application has given the whole response."""
        self._state = DONE
        self._is_done = True
        self._gathered = None
        if self._readers:
            self._wake_readers()

    # -- the head ----------------------------------------------------------------

    def _begin(self, size: int | None) -> None:
        """Render the head and hold it; `size` is that of the whole body, where it is known."""
        exchange: Any = self._exchange
        keep = self._keeps_open
        known = None if self.for_head else size
        exchange.begin(
            ResponseHead(
                self._sendable(keep),
                self._status,
                STATUS_CODES.get(self._status, "unknown"),
                self.for_head,
                keep,
                self.version == "1.1",
                known,
                known is not None,
            )
        )
        self._state = HEAD_GONE
        self._may_continue = False

    @property
    def _keeps_open(self) -> bool:
        """Whether the connection may stay open: a client that was not told to send the body may still send it."""
        return self.keeps and not (self._expects and not (self._sent_100 or self._complete))

    def _sendable(self, keep: bool) -> list[Entry]:
        """Return the fields that may be sent with this response."""
        exchange: Any = self._exchange
        unsent = set()
        if self._status == 204:  # RFC 9110, 8.6
            unsent.add("content-length")
        if not self._sends_trailers:
            unsent.add("trailer")
        if self._connection == KEEP_ALIVE and not (
            keep and self.version == "1.1" and not (exchange.must_close or exchange.last_allowed)
        ):
            unsent.add("connection")
        return [each for each in entries_of(self._fields) if each[0] not in unsent]

    @property
    def _sends_trailers(self) -> bool:
        """Whether trailers will be sent: they were promised, the client wants them, and the body is chunked."""
        return (
            self._has_trailers
            and self.version == "1.1"
            and self._length is None
            and not self._is_without_body
            and takes_trailers(self.head.pairs())
        )

    def _let_head_go(self) -> None:
        """Send the head alone: the application has not sent a body in the same turn of the loop."""
        task = self.task
        if task is not None and task.done():
            return  # what becomes of the response follows from how it has ended
        if self._state == STARTED and not (self._is_lost or self._holds_head):
            self._begin(None)
            self._head_alone = True
            exchange: Any = self._exchange
            exchange.flush()

    def _send_continue(self) -> None:
        if self._state <= STARTED and not self._is_lost and self._exchange is not None:
            self._sent_100 = True
            self._exchange.inform(100, (), None)

    # -- the client --------------------------------------------------------------

    def _has_room(self) -> bool:
        """Tell whether less than the mark waits in the connection; if not, the end is to be reported."""
        exchange: Any = self._exchange
        if exchange is None or exchange.pending < self._mark:
            return True
        self._listeners = ()
        return False

    async def _wait_for_client(self) -> None:
        """Wait until the client has taken what waits for it."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._writers is None:
            self._writers = []
        self._writers.append(future)
        await future
        if self._is_lost:
            await self._refuse()

    def _on_drained(self) -> None:
        """Let the calls go on that wait for the client."""
        writers, self._writers = self._writers, None
        for future in writers or ():
            if not future.done():
                future.set_result(None)

    def _cut(self) -> None:
        raise NotImplementedError


def takes_trailers(pairs: Iterable[tuple[bytes, bytes]]) -> bool:
    """Tell whether a client has said `TE: trailers` (RFC 9110, 10.1.4); names are in lower case."""
    return any(
        token.strip(b" \t").lower() == b"trailers"
        for name, value in pairs
        if name == b"te"
        for token in value.split(b",")
    )


def _untyped(message: object) -> ASGIMessageError:
    return ASGIMessageError(None, None, "must be a dict with a 'type'", message)


def as_body(body: Any, kind: str) -> bytes:
    """Return a bytes-like object as bytes, which the application cannot change any more."""
    try:
        with memoryview(body) as view:
            return view.tobytes()
    except TypeError:
        raise ASGIMessageError(kind, "body", "must be bytes-like", body) from None
