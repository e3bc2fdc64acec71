"""The line of responses on one connection: who has the socket, who waits, what ends it.

    an exchange is flushed -> retired -> the next in line gets the socket, or the clock runs

Law: answers leave in the order of their requests, the default answer to what is broken among
them; nobody behind the last one gets anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from writehead._connection.backlog import Backlog
from writehead._connection.loss import LOST, abort, give_up, lose_in_turns
from writehead._http1.exchange import ENDED, Http1Exchange
from writehead._http1.field_block import RawHead
from writehead._http1.framing import bare_response
from writehead._http1.parser import RequestParser
from writehead._http1.parser_pool import ParserPool
from writehead._loop.ticks import Turns
from writehead._message.incoming import IncomingMessage
from writehead._message.no_exchange import SENT
from writehead._message.response import ServerResponse
from writehead._net.socket import Socket
from writehead._net.write_queue import LAST
from writehead.errors import ConnectionLostError, RequestTimeoutError

if TYPE_CHECKING:
    from writehead._connection.config import ConnectionConfig

#: How many requests may wait behind the one that is being answered before reading stops. Node has
#: no such limit; each costs some 3 KiB, which a client buys with 25 bytes.
MOST_WAITING = 100


class PacketState(asyncio.Protocol):
    """What is asked of a connection for every packet, side by side in memory (see `_flow.PacketState`)."""

    __slots__ = (
        "_backlog",
        "_closed_input",
        "_config",
        "_current",
        "_incoming",
        "_keep_alive_set",
        "_last_head",
        "_now",
        "_parser",
        "_parsers",
        "_queue",
        "_start",
        "_used",
        "socket",
        "turns",
    )

    socket: Socket
    turns: Turns
    _parsers: ParserPool
    _last_head: RawHead | None  # of the request before it, until the next sweep


class Line(PacketState):
    """The state of a connection, and the order in which it answers."""

    __slots__ = (
        "__weakref__",
        "_error_told",
        "_feeding",
        "_head_complete",
        "_last_words",
        "_parked",
        "_read_paused",
        "_received",
        "_received_since",
        "_released",
        "_unsent",
        "_unsent_since",
        "counted_requests",
    )

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self._backlog: Backlog | None = None  # a part of a packet that waits for its turn
        self._parser: RequestParser | None = None
        self._current: Http1Exchange | None = None
        self._queue: deque[Http1Exchange] | None = None
        self._incoming: IncomingMessage | None = None
        self._parked = 0  # bytes that wait in queued exchanges
        self._used = False  # a request has begun
        self._start: float | None = None  # when the message under way began; None: idle
        self._head_complete = False
        self._keep_alive_set = False
        self._read_paused = False
        self._closed_input = False  # what still comes is ignored
        self._error_told = False
        self._feeding = False  # large packets come by a BodyFeed
        self._released = False  # an upgrade took the socket
        self._last_words: tuple[bytes, BaseException] | None = None
        self._received = -1  # bytes, at the last look that saw more of a body; -1: none is awaited
        self._received_since = 0.0
        self._unsent = -1
        self._unsent_since = 0.0
        self.counted_requests = 0  # of HTTP/1.1, for max_requests_per_socket

    @property
    def keep_lines(self) -> str:
        """What a head says of a connection that stays."""
        return self._config.keep_alive_lines

    # -- the order ---------------------------------------------------------------

    def _give_socket(self, exchange: Http1Exchange, response: ServerResponse) -> None:
        self._current = exchange
        if response._listeners is not None:
            response._on_socket(self.socket, self.socket)
        exchange.after_listeners = self.socket.listener_count("close")
        exchange.attach(self.socket)

    def retire(self, exchange: Http1Exchange) -> None:
        """A response has left whole: see to its request, then to the next in line."""
        while True:
            response: Any = exchange.response
            request = response.req
            response._exchange = SENT
            exchange.response = None
            heard = response._listeners is not None  # by somebody who may listen to the request next
            if (
                request._listeners is None
                and not heard
                and request._complete
                and not request._consumed
                and not request._length
                and type(request) is IncomingMessage
            ):
                # An empty body that nobody looked at: what its events would leave behind.
                request._flowing = request._consumed = request._end_emitted = True
                request._destroyed = request._closed = True
            else:
                request._leave()
            if heard:
                response._prepare_close()
                break
            if not response._closed:
                response._flushed = response._destroyed = response._closed = True
            queue = self._queue
            if queue is None or not self._goes_along(queue[0]):
                break
            exchange = queue.popleft()
            if not queue:
                self._queue = None
                self._look_at_queue()
        self._current = None
        if (
            self._queue is not None
            or self._closed_input
            or not exchange.stays
            or exchange.last_allowed
            or self._config.closing
        ):
            self._go_on(exchange, request, heard)
        else:
            seconds = self._config.keep_alive_seconds
            socket = self.socket
            if seconds != socket._idle_after or not self._keep_alive_set or socket._idle_fired:
                self._wait_for_more()  # else the clock has not been stopped
        if heard:
            response._on_flushed()

    def _goes_along(self, exchange: Http1Exchange) -> bool:
        """Tell whether the next in line has left with the one before it, and nobody hears of that."""
        response: Any = exchange.response
        return exchange.gathered and response._listeners is None and not self.socket._destroyed

    def _go_on(self, exchange: Http1Exchange, request: IncomingMessage, heard: bool) -> None:
        """Let the next in line out, or end the connection behind the last."""
        if not exchange.stays:
            self._last_words = None  # its end may be what delimits the answer just given
        if self._queue is not None and exchange.stays:
            self._next()
        elif not exchange.stays or exchange.last_allowed or self._config.closing:
            self._stop(request, heard)
        elif self._last_words is not None:
            self._say_last_words()
        elif self.socket._peer_ended and self._start is None and not self._error_told:
            self._end_behind_input()
        elif not self._released:
            self._wait_for_more()

    def _wait_for_more(self) -> None:
        """Let the keep-alive clock run."""
        if seconds := self._config.keep_alive_seconds:
            self._keep_alive_set = True
            self.socket._watch_idle(seconds)

    def _on_timeout_asked(self) -> None:
        """The user looks at the socket's timeout, or sets it: a request under way has ended the keep-alive wait."""
        if self._keep_alive_set and self._current is not None:
            self._start_keeping_time(self.socket)

    def _start_keeping_time(self, socket: Socket) -> None:
        """End the keep-alive wait: `server.timeout` counts again."""
        self._keep_alive_set = False
        if seconds := self._config.idle_seconds:
            socket._watch_idle(seconds)
        else:
            socket._idle_after = 0.0

    def _stop(self, request: IncomingMessage, heard: bool) -> None:
        """End the connection behind a last response; what is unread stays unread."""
        over = self._closed_input  # the client said so: it sends no more
        self._closed_input = True
        if self._last_words is not None and self._queue is None:
            self._say_last_words()
            return
        socket = self.socket
        if not request._complete:
            socket._linger = True
        elif socket._listeners is None and not (socket._written_ended or socket._blocked or socket._held):
            if over or not socket._has_unread():
                socket._end_flushed(heard or request._listeners is not None)
                return
        socket.destroy_soon()

    def _next(self) -> None:
        queue = self._queue
        assert queue is not None
        exchange = queue.popleft()
        if not queue:
            self._queue = None
        response: Any = exchange.response
        if exchange.void or self.socket._destroyed:
            self.socket.destroy()
            self._queue = self._queue or deque()
            self._queue.appendleft(exchange)
            return
        self._give_socket(exchange, response)
        if response._need_drain and not response._finished:
            if response.writable_length:
                self.socket._need_drain = True  # of what it had written while it waited
            else:
                response._on_drained()
        self._look_at_queue()

    def _on_socket_drain(self) -> None:
        self._look_at_queue()
        current = self._current
        if current is not None and current.response is not None and not current.pending:
            current.response._on_drained()

    def _on_socket_resume(self) -> None:
        """Read on, unless a full body or a full line forbids it."""
        incoming = self._incoming
        if not self._read_paused and (incoming is None or not incoming._is_full):
            self._read_on()

    def want_body(self, message: IncomingMessage) -> None:
        """A request asks for more of its body."""
        if message is self._incoming and not self._read_paused:
            self._read_on()

    @property
    def _holds_back(self) -> bool:
        """Whether what has come is to wait for the client to take its answers, or for the reader of a body."""
        incoming = self._incoming
        return self.socket._blocked or (incoming is not None and incoming._is_full)

    def _read_on(self) -> None:
        """Serve what waits of the last packet, if anything does; else read the next."""
        backlog = self._backlog
        if backlog is None:
            self.socket._read_on()
        elif self._closed_input:
            self._drop_backlog()
        elif not backlog.waits:
            backlog.waits = True
            self.turns.wait(self)

    @property
    def _waits_for_turn(self) -> bool:
        """Whether it is for others' sake that it stands still."""
        return self._backlog is not None and self._backlog.waits

    def take_turn(self) -> None:
        """Serve the next slice of what waits."""
        raise NotImplementedError

    def _drop_backlog(self) -> None:
        """Forget what waits: nothing more is served."""
        self._backlog = None
        self.socket._read_on()

    def _enqueue(self, exchange: Http1Exchange) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(exchange)
        # Node looks as a head completes, and at the bytes alone.
        if (
            self._parked >= self.socket._high_water_mark
            or self.socket._need_drain
            or len(self._queue) >= MOST_WAITING
        ):
            self._hold_reading()

    def on_parked(self, size: int) -> None:
        """Count bytes that wait in the line."""
        self._parked += size

    def _hold_reading(self) -> None:
        self._read_paused = True
        self.socket._stop_reading()

    def _look_at_queue(self) -> None:
        """Read on once what waits in the line is below the mark."""
        if (
            self._read_paused
            and self._parked <= self.socket._high_water_mark
            and (self._queue is None or len(self._queue) < MOST_WAITING)
        ):
            self._read_paused = False
            self._on_socket_resume()

    def _gather(self) -> None:
        """Let whole responses that wait in the line leave with the one before them."""
        current = self._current
        queue = self._queue
        socket = self.socket
        if current is None or queue is None or current.stage < ENDED or not current.stays:
            return
        if socket._committed not in (LAST, len(socket._held)) or socket._blocked or not socket.writable:
            return
        parts = []
        size = 0
        for exchange in queue:
            ready = exchange.gather()
            if ready is None:
                break
            parts.append(ready)
            size += len(ready)
        if parts:
            self._parked -= size
            socket.put_ahead(parts, size)

    # -- errors ----------------------------------------------------------------

    def _on_broken(self, error: BaseException, at_once: bool = False) -> None:
        """Bytes that cannot be served: 'clientError', or the default answer in its turn."""
        if getattr(error, "code", None) == "HPE_CLOSED_CONNECTION":
            return  # the client said it was done: what it sends after that is ignored
        self._closed_input = True
        self._start = None
        if self._error_told:
            return
        self._error_told = True
        self.socket._linger = not isinstance(error, RequestTimeoutError)  # from that client nothing comes
        if self._config.on_client_error(error, self.socket):
            return
        status = getattr(error, "status", None) or 400
        answer = bare_response(status)
        broken = self._incoming
        if broken is None and not at_once and (self._current is not None or self._queue):
            self._last_words = (answer, error)
            return
        current = self._current
        if broken is not None and self._queue and not at_once:
            last = self._queue[-1]
            if last.response is not None and last.response.req is broken:  # type: ignore[attr-defined]
                self._lose_last(last, answer, error)
                return
        if current is not None and current.stage:
            answer = b""
        self._last_words = (answer, error)
        self._say_last_words()

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
            self._last_words = (answer, error)
        else:
            last.stays = False
            self._last_words = (b"", error)

    def _say_last_words(self) -> None:
        assert self._last_words is not None
        answer, error = self._last_words
        socket = self.socket
        self._last_words = None
        if answer and socket.writable:
            socket.put_now(answer)
            socket._said_all = True
        socket.destroy(error)

    # -- the end of the input ----------------------------------------------------

    @property
    def _owes_answers(self) -> bool:
        """Whether a request that came whole is not answered yet."""
        current = self._current
        if current is None:
            return False
        response: Any = current.response
        return self._incoming is None or response is None or response.req is not self._incoming

    def _end_patiently(self, error: BaseException | None) -> None:
        """Take the peer's FIN while responses are under way: a task among their handlers gets its next steps.

        Node has run every microtask before it looks at the network again. Here a task needs a
        round of the loop for each of them, and its request and the FIN may have come in one packet.
        """
        self._closed_input = True
        if error is None:
            self.turns.after_rounds(self._end_behind_input)
        else:
            self.turns.after_rounds(lambda: self._on_broken(error, at_once=True))

    def _end_behind_input(self) -> None:
        """End the connection, of which nothing more is read."""
        socket = self.socket
        if not (socket._destroyed or self._released):
            socket.end()
            if socket._finished:
                socket.destroy()

    def _exchanges(self) -> list[Http1Exchange]:
        exchanges = [] if self._current is None else [self._current]
        return exchanges + list(self._queue or ())

    # -- what the socket says --------------------------------------------------

    def _on_socket_timeout(self) -> bool:
        socket = self.socket
        listened = False
        if self._incoming is not None:
            listened = self._incoming._notify("timeout", socket)
        if self._current is not None and self._current.response is not None:
            response: Any = self._current.response
            listened = response._notify("timeout", socket) or listened
        return self._config.notify(socket._listener_context, "timeout", socket) or listened

    def _on_socket_error(self, error: BaseException) -> None:
        if not self._error_told:
            self._error_told = True
            self._config.on_client_error(error, self.socket)

    def _on_socket_close(self) -> int:
        """The connection has gone: abort the requests, oldest first.

        Returns how many of the socket's 'close' listeners stood before the response got it.
        """
        self._config.on_gone(self)
        self._closed_input = True
        self._backlog = None
        self._abandon_parser()
        for exchange in self._exchanges()[:LOST]:
            abort(exchange)
        incoming, self._incoming = self._incoming, None
        source: Any = None if incoming is None else incoming._source
        if incoming is not None and source is self:
            incoming._lose()
        return 0 if self._current is None else self._current.after_listeners

    def _abandon_parser(self) -> None:
        parser, self._parser = self._parser, None
        if parser is not None:
            parser.abandon()

    def _close_responses(self) -> None:
        """Close the responses: the current one now, those that waited a turn later."""
        exchanges = self._exchanges()
        current, self._current = self._current, None
        self._queue = None
        for exchange in exchanges[:LOST]:
            give_up(exchange, exchange is current)
        if len(exchanges) > LOST:
            lose_in_turns(exchanges[LOST:])
