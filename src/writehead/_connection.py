"""One HTTP/1 connection: bytes to requests, exchanges in their order, persistence, upgrade, cut.

    data_received -> parser -> head: exchange and response -> the server's dispatch
                             -> body, end: the request
    an exchange is flushed -> retired -> the next in line gets the socket, or the clock runs

Law: everything that a packet causes happens inside `_turn`: what is written meanwhile
leaves together at its end, then the later turns run.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from writehead._clock import IdleTimers
from writehead._http1.exchange import Http1Exchange
from writehead._http1.found import END
from writehead._http1.parser import RequestParser
from writehead._http1.pool import ParserPool
from writehead._incoming import IncomingMessage
from writehead._outgoing import GONE
from writehead._response import ServerResponse
from writehead._socket import Socket
from writehead.errors import ConnectionLostError, RequestTimeoutError, WriteTimeoutError

logger = logging.getLogger("writehead")

Request = IncomingMessage
Response = ServerResponse


_new = ServerResponse.__new__
_new_message = IncomingMessage.__new__

#: How long a closing server waits for a request whose first bytes have come, in seconds.
UNREAD_GRACE = 1.0


def bare_answer(status: int) -> bytes:
    """Return the answer to what cannot be served: a head and nothing else."""
    return _BARE[status]


_BARE = {
    status: f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n\r\n".encode()
    for status, reason in (
        (400, "Bad Request"),
        (408, "Request Timeout"),
        (413, "Payload Too Large"),
        (431, "Request Header Fields Too Large"),
        (505, "HTTP Version Not Supported"),
    )
}


class Host(Protocol):
    """What a connection needs of its server."""

    _timers: IdleTimers
    _closing: bool
    _keep_alive_line: str
    _message_class: Callable[[Any], IncomingMessage]
    _response_class: Callable[..., ServerResponse]
    _response_options: dict[str, Any]
    _unique_headers: frozenset[str]
    high_water_mark: int
    timeout: float
    keep_alive_timeout: Any
    insecure_http_parser: bool
    emit_close_after_finish: bool
    body_timeout: float
    _keep_alive_seconds: float
    _peculiar: bool
    _parsers: ParserPool
    _idle_seconds: float
    reject_non_standard_body_writes: bool
    join_duplicate_headers: bool

    def _on_accept(self, connection: Connection) -> bool: ...
    def _on_gone(self, connection: Connection) -> None: ...
    def _on_socket_gone(self) -> None: ...
    def _dispatch(self, req: Request, res: Response, connection: Connection) -> None: ...
    def _wants_upgrade(self, req: Request) -> bool: ...
    def _hand_over(self, req: Request, socket: Socket, head: bytes) -> None: ...
    def _refuse(self, error: BaseException, socket: Socket) -> bool: ...
    def _notify(self, name: str, *args: Any) -> bool: ...


class Connection(asyncio.Protocol):
    """A connection that speaks HTTP/1."""

    __slots__ = (
        "__weakref__",
        "_closed_input",
        "_current",
        "_error_told",
        "_head_complete",
        "_incoming",
        "_keep_alive_set",
        "_last_words",
        "_now",
        "_parked",
        "_parser",
        "_parsers",
        "_queue",
        "_read_paused",
        "_released",
        "_requests",
        "_server",
        "_start",
                "_unsent",
        "_unsent_since",
        "counted_requests",
        "progress_at",
        "socket",
        "turns",
    )

    socket: Socket

    def __init__(self, server: Host) -> None:
        self._server = server
        self._parser: RequestParser | None = None
        self._current: Http1Exchange | None = None
        self._queue: deque[Http1Exchange] | None = None
        self._incoming: IncomingMessage | None = None
        self._parked = 0  # bytes that wait in queued exchanges
        self._requests = 0
        self._start: float | None = None  # when the message under way began; None: idle
        self._head_complete = False
        self._keep_alive_set = False
        self._read_paused = False
        self._closed_input = False  # what still comes is ignored
        self._error_told = False
        self._released = False  # an upgrade took the socket
        self._last_words: tuple[bytes, BaseException] | None = None
        self.progress_at = 0.0
        self._unsent = -1
        self._unsent_since = 0.0
        self.counted_requests = 0  # of HTTP/1.1, for max_requests_per_socket

    # -- what the transport says -----------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Make the socket, and let the server tell of it."""
        server = self._server
        transport.set_write_buffer_limits(0)
        self.socket = socket = Socket(
            transport,
            server,  # type: ignore[arg-type]  # a Server, seen from below
            server._timers,
            server.high_water_mark,
        )
        socket._owner = self
        self.turns = socket._turns
        self._now = server._timers.clock.time
        self._start = server._timers.clock.time()
        self._parsers = server._parsers
        if seconds := server._idle_seconds:
            socket.set_timeout(seconds * 1000)
        if not server._on_accept(self):
            self._closed_input = True

    def data_received(self, data: bytes) -> None:
        """Take a packet: parse, dispatch, write what came of it, run the later turns."""
        socket = self.socket
        socket._bytes_read += len(data)
        turns = self.turns
        mine = not turns.held
        turns.held = True
        socket._in_packet = True
        heard = socket._listeners is not None and "data" in socket._listeners
        try:
            if not self._closed_input and (
                self._parser is not None or data[-4:] != b"\r\n\r\n" or not self._read_whole(data)
            ):
                self._read(data)
            if heard:
                socket._notify("data", data)
            if self._queue is not None:
                self._gather()
            if socket._committed:
                socket._pass_on(socket._committed)
            ending: Any = socket._ending
            if ending is not None:
                socket._ending = None
                if socket._blocked or socket._destroyed or socket._transport.is_closing():
                    ending.on_settled()
                else:
                    ending.flushed = True
                    self.retire(ending)
            socket._in_packet = False
            if mine and turns.due:
                turns.run()
        finally:
            if mine:
                turns.held = False
                if turns.due:
                    turns.release()
            socket._in_packet = False
            if socket._committed:
                socket._pass_on(socket._committed)
        if socket._idle_after:
            socket._active_at = self._now()
            if socket._idle_fired:
                socket._touch()

    def _read_whole(self, data: bytes) -> bool:
        """Serve a packet that is one whole request without a body; False if it is anything else.

        By far the commonest packet, so its way is short: no parser of its own, no list of
        things found (see `_http1.whole`).
        """
        server = self._server
        parsers = self._parsers
        if len(data) >= parsers.lane_limit:
            return False
        lane = parsers.lane or parsers.make_lane()
        whole = lane(data)
        if whole is None:
            parsers.lane = None  # it may be inside a request
            return False
        if server._message_class is IncomingMessage:
            message = _new_message(IncomingMessage)
            message._socket = self.socket
        else:
            made = self._make_message_safely()
            if made is None:
                return True
            message = made
        message._method, message._target, head = whole
        message._http_version = "1.1"
        message._raw_head = head
        self._start = None
        if not head.keep_alive:
            message._should_keep_alive = False
        self._on_head(message)
        if not head.keep_alive:
            self._closed_input = True  # what comes behind its last request is ignored
        if message is not self._incoming:
            return True  # it is lost already
        self._start = self._incoming = None
        message._complete = True
        if message._flowing is None and message._listeners is None and message._decoder is None:
            message._eof = True  # all that `_push_end` does for a body nobody asked for
            message._reading = False
        else:
            message._push_end()
        if self.socket._reading_paused:
            self._on_socket_resume()
        return True

    def _gather(self) -> None:
        """Let whole responses that wait in the line leave with the one before them."""
        current = self._current
        queue = self._queue
        socket = self.socket
        if current is None or queue is None or not (current.ended and current.stays):
            return
        if socket._committed != len(socket._held) or socket._blocked or socket._destroyed:
            return
        for exchange in queue:
            ready = exchange.gather()
            if ready is None:
                break
            socket.put_ahead(ready)

    def eof_received(self) -> bool:
        """Take the peer's FIN: nothing more is served (server.md: half-close)."""
        socket = self.socket
        mine = self.turns.hold()
        try:
            socket._peer_ended = True
            error = None
            if not self._closed_input:
                parser = self._parser
                end = None if parser is None else parser.end_of_input()
                if end is END:
                    self._on_message_complete()
                elif end is not None:
                    error = end
            self.turns.later(socket._notify, "end")
            if isinstance(error, BaseException):
                self._on_broken(error, at_once=True)  # after a FIN nobody waits for a turn
            else:
                socket.end()
                if socket._finished:
                    socket.destroy()
        finally:
            if mine:
                self.turns.run()
        return True

    def pause_writing(self) -> None:
        """Note that the system took only a part."""
        self.socket._blocked = True

    def resume_writing(self) -> None:
        """Call back for all that has been taken."""
        mine = self.turns.hold()
        try:
            self.socket.resume_writing()
            self._look_at_queue()
        finally:
            if mine:
                self.turns.run()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection has gone."""
        mine = self.turns.hold()
        try:
            self._closed_input = True
            self._server._on_socket_gone()
            self.socket.connection_lost(exc)
        finally:
            if mine:
                self.turns.run()

    # -- reading ---------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            parser = self._parser = self._parsers.take(self._make_message)
        try:
            found = parser.feed(data)
        except Exception as error:  # a message class of the user's that fails
            self._give_up_making(error)
            return
        self._walk(found)
        while parser.upgrade is not None and not self._closed_input:
            self._on_upgrade(parser, parser.upgrade)
        if self._closed_input:
            return
        if parser.error is not None:
            self._on_broken(parser.error)
        elif parser.mid_message:
            if self._start is None:
                self._start = self._server._timers.clock.time()
            self._head_complete = parser.head_complete
        elif parser.poolable and len(found) <= 2:  # who pipelines keeps it
            self._parser = None
            self._parsers.give(parser)

    def _make_message(self) -> IncomingMessage:
        return self._server._message_class(self.socket)

    def _make_message_safely(self) -> IncomingMessage | None:
        try:
            return self._make_message()
        except Exception as error:
            self._give_up_making(error)
            return None

    def _give_up_making(self, error: BaseException) -> None:
        logger.error("an IncomingMessage could not be made", exc_info=error)
        self._closed_input = True
        self.socket.destroy(error)

    def _walk(self, found: list[Any]) -> None:
        for item in found:
            if item is END:
                self._on_message_complete()
            elif type(item) is bytes:
                self._on_body(item)
            else:
                self._on_head(item)

    def _on_head(self, message: IncomingMessage) -> None:
        socket = self.socket
        server = self._server
        if self._keep_alive_set:
            self._start_keeping_time(socket)
        self._requests += 1
        exchange = Http1Exchange()
        exchange.line = self
        exchange.keep_alive_line = server._keep_alive_line
        message._source = self
        self._incoming = message
        if server._response_class is ServerResponse and message._http_version == "1.1":
            # What its constructor does, without the call.
            response = _new(ServerResponse)
            response.req = message
            response._exchange = exchange
            exchange.response = response
        else:
            made = self._make_response(message, exchange)
            if made is None:
                return
            response = made
        if server._peculiar:
            self._adapt(message, response, exchange)
        if not message._should_keep_alive:
            response._should_keep_alive = False
            response._odd = True
        elif response._odd:
            response._should_keep_alive = True
        if self._current is None and not socket._destroyed:
            self._current = exchange
            exchange._sink = socket
            if response._listeners is not None:
                response._on_socket(socket)
            if socket._listeners is not None:
                exchange.after_listeners = socket.listener_count("close")
        else:
            self._enqueue(exchange)
        server._dispatch(message, response, self)

    def _make_response(self, message: IncomingMessage, exchange: Http1Exchange) -> ServerResponse | None:
        """Call the constructor of a response class; None if it fails."""
        server = self._server
        message._exchange = exchange
        try:
            return server._response_class(message, **server._response_options)
        except Exception as error:
            logger.exception("a ServerResponse could not be made")
            self._closed_input = True
            self.socket.destroy(error)
            return None
        finally:
            message._exchange = None

    def _adapt(self, message: IncomingMessage, response: ServerResponse, exchange: Http1Exchange) -> None:
        """Apply the options that few servers set."""
        server = self._server
        response._odd = True
        if server._closing:
            for other in self._exchanges():  # the last one in line closes, not those before it
                other.must_close = False
            exchange.must_close = True
        mark = server.high_water_mark
        message._high_water_mark = response._high_water_mark = mark
        response._reject_body = server.reject_non_standard_body_writes
        response._unique_headers = server._unique_headers
        response._close_after_finish = server.emit_close_after_finish
        response._lenient = server.insecure_http_parser
        message._join_duplicates = server.join_duplicate_headers
        if server.body_timeout:
            self.progress_at = server._timers.clock.time()

    def _start_keeping_time(self, socket: Socket) -> None:
        self._keep_alive_set = False
        if seconds := self._server._idle_seconds:
            socket._watch_idle(seconds)
        else:
            socket._idle_after = 0.0

    def _enqueue(self, exchange: Http1Exchange) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(exchange)
        # Node looks as a head completes: by bytes, not by the number of requests.
        if self._parked >= self._server.high_water_mark or self.socket._need_drain:
            self._hold_reading()

    def on_parked(self, size: int) -> None:
        """Count bytes that wait in the line."""
        self._parked += size

    def _hold_reading(self) -> None:
        self._read_paused = True
        self.socket._pause_transport()

    def _look_at_queue(self) -> None:
        """Read on once what waits in the line is below the mark."""
        if self._read_paused and self._parked <= self._server.high_water_mark:
            self._read_paused = False
            self._on_socket_resume()

    def _on_body(self, chunk: bytes) -> None:
        incoming = self._incoming
        if incoming is None or self._closed_input:
            return
        if self._server.body_timeout:
            self.progress_at = self._server._timers.clock.time()
        if not incoming._push(chunk):
            self.socket._pause_transport()
        if self.turns.due or self.socket._ending is not None:
            self._run_turns()

    def _run_turns(self) -> None:
        """Let what this packet has caused so far happen now (Node: after each piece of body)."""
        socket = self.socket
        if socket._committed:
            socket._pass_on(socket._committed)
        ending = socket._ending
        if ending is not None:
            socket._ending = None
            ending.on_settled()
        self.turns.run()
        self.turns.hold()

    def _on_message_complete(self) -> None:
        incoming = self._incoming
        self._incoming = None
        self._start = None
        self._head_complete = False
        if incoming is not None:
            incoming._complete = True
            incoming._push_end()
        if self.socket._reading_paused:
            self._on_socket_resume()

    def want_body(self, message: IncomingMessage) -> None:
        """A request asks for more of its body."""
        if message is self._incoming and not self._read_paused:
            self.socket._resume_transport()

    # -- upgrade ---------------------------------------------------------------

    def _on_upgrade(self, parser: RequestParser, message: Any) -> None:
        """Take or decline a message that wishes to leave HTTP."""
        server = self._server
        if self._keep_alive_set:
            self._start_keeping_time(self.socket)
        message._source = self
        if message._method == "CONNECT" or server._wants_upgrade(message):
            self._hand_over(message, parser.rest)
            return
        message._upgrade = False
        self._on_head(message)
        if not self._closed_input:
            self._walk(parser.decline_upgrade())

    def _hand_over(self, message: IncomingMessage, head: bytes) -> None:
        socket = self.socket
        self._closed_input = True
        self._released = True
        self._incoming = None
        self._start = None
        self._parser = None
        server = self._server
        server._on_gone(self)
        message._complete = True
        message._source = None
        message._push_end()
        socket._owner = _Leftovers(self) if self._current is not None else None
        socket.transport.set_protocol(_Raw(socket, server))
        socket._resume_transport()
        server._hand_over(message, socket, head)

    # -- writing ---------------------------------------------------------------

    def _give_socket(self, exchange: Http1Exchange, response: ServerResponse) -> None:
        self._current = exchange
        if response._listeners is not None:
            response._on_socket(self.socket)
        exchange.after_listeners = self.socket.listener_count("close")
        exchange.attach(self.socket)

    def retire(self, exchange: Http1Exchange) -> None:
        """A response has left whole: see to its request, then to the next in line."""
        response: Any = exchange.response
        request = response.req
        response._exchange = GONE
        exchange.response = None
        self._current = None
        server = self._server
        if (
            request._listeners is None
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
        heard = response._listeners is not None
        if heard:
            response._prepare_close()
        if self._queue is not None or not exchange.stays or exchange.last_allowed or server._closing:
            self._go_on(exchange, request)
        elif self._last_words is not None:
            self._say_last_words()
        elif not self._released and (seconds := server._keep_alive_seconds):
            socket = self.socket
            self._keep_alive_set = True
            if seconds == socket._idle_group and socket._in_packet and not socket._idle_fired:
                socket._idle_after = seconds  # the packet's end notes the time
            else:
                socket._watch_idle(seconds)
        if heard:
            response._on_flushed()
        elif not response._closed:
            response._flushed = response._destroyed = response._closed = True

    def _go_on(self, exchange: Http1Exchange, request: IncomingMessage) -> None:
        """Let the next in line out, or end the connection behind the last."""
        if not exchange.stays or not self._queue:
            self._stop(request)
        else:
            self._next()

    def _stop(self, request: IncomingMessage) -> None:
        """End the connection behind a last response; what is unread stays unread."""
        self._closed_input = True
        if self._last_words is not None and self._queue is None:
            self._say_last_words()
            return
        if not request._complete:
            self.socket._linger = True
        self.socket.destroy_soon()

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
        if response._need_drain and not response._finished and not response.writable_length:
            response._on_drained()
        self._look_at_queue()

    def _on_socket_drain(self) -> None:
        self._look_at_queue()
        if self._current is not None and self._current.response is not None:
            self._current.response._on_drained()

    def _on_socket_resume(self) -> None:
        """Read on, unless a full body or a full line forbids it."""
        incoming = self._incoming
        if not self._read_paused and (incoming is None or not incoming._is_full):
            self.socket._resume_transport()

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
        if self._server._refuse(error, self.socket):
            return
        status = getattr(error, "status", None) or 400
        answer = bare_answer(status)
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
        if current is not None and current.head_sent:
            answer = b""
        self._last_words = (answer, error)
        self._say_last_words()

    def _lose_last(self, last: Http1Exchange, answer: bytes, error: BaseException) -> None:
        """The last in line is the broken one: what it has not begun, the answer replaces."""
        assert self._queue is not None
        if not last.head_sent:
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
        socket.destroy(error)

    def expire(self, error: BaseException) -> None:
        """A clock has run out on the message under way."""
        mine = self.turns.hold()
        try:
            self._on_broken(error)
        finally:
            if mine:
                self.turns.run()

    def is_late(self, now: float, headers_timeout: float, request_timeout: float) -> bool:
        """Tell whether the message under way takes longer than the given seconds (0: no limit)."""
        if self._start is None or self._closed_input:
            return False
        age = now - self._start
        return (not self._head_complete and 0 < headers_timeout < age) or 0 < request_timeout < age

    def fail_request(self, request: IncomingMessage) -> None:
        """A listener of `request` failed: its response answers for it."""
        for exchange in self._exchanges():
            response: Any = exchange.response
            if response is not None and response.req is request:
                response._fail()

    def refuse_body(self, request: IncomingMessage, error: BaseException) -> None:
        """The body of `request` is longer than its reader wants: say so, and close."""
        for exchange in self._exchanges():
            response: Any = exchange.response
            if response is not None and response.req is request and not response.headers_sent:
                response.write_head(413, ["Connection", "close"])
                response.end()

    def look_at_progress(self, now: float, write_timeout: float, body_timeout: float) -> None:
        """Cut the connection if a body, or an answer, has stood still for so many seconds."""
        socket = self.socket
        if body_timeout and self._incoming is not None and not socket._reading_paused:
            if now - self.progress_at > body_timeout:
                self.expire(RequestTimeoutError())
                return
        if write_timeout and socket._blocked:
            unsent = socket.transport.get_write_buffer_size()
            if unsent != self._unsent:
                self._unsent, self._unsent_since = unsent, now
            elif now - self._unsent_since > write_timeout:
                socket.destroy(WriteTimeoutError())
        else:
            self._unsent = -1

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
        return self._server._notify("timeout", socket) or listened

    def _on_socket_error(self, error: BaseException) -> None:
        if not self._error_told:
            self._error_told = True
            self._server._refuse(error, self.socket)

    def _on_socket_close(self) -> int:
        """The connection has gone: abort the requests, oldest first.

        Returns how many of the socket's 'close' listeners stood before the response got it.
        """
        self._server._on_gone(self)
        self._closed_input = True
        self._parser = None
        for exchange in self._exchanges():
            response: Any = exchange.response
            if response is not None:
                response.req._abort()
        incoming, self._incoming = self._incoming, None
        if incoming is not None and incoming._source is self:
            incoming._lose()
        return 0 if self._current is None else self._current.after_listeners

    def _close_responses(self) -> None:
        """Close the responses: the current one now, those that waited a turn later."""
        exchanges = self._exchanges()
        current, self._current = self._current, None
        self._queue = None
        for exchange in exchanges:
            response: Any = exchange.response
            exchange.drop()
            exchange.line = exchange.response = None
            if response is not None:
                if exchange is current:
                    response._on_lost(None)
                else:
                    self.turns.later(response._on_lost, ConnectionLostError())

    # -- stopping --------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether a request was served and nothing of another has come."""
        return (
            self._current is None
            and self._queue is None
            and self._incoming is None
            and self._last_words is None
            and self._start is None
            and not self._released
        )

    @property
    def is_silent(self) -> bool:
        """Whether it has never begun a request."""
        return self._requests == 0 and (self._parser is None or not self._parser.mid_message)

    def close_in_order(self, grace: float = 0.0) -> None:
        """Go when what is busy is done; at once when nothing is.

        With `grace` (seconds) an idle connection may still bring the request that is on
        its way; its answer says that it is the last.
        """
        if self.is_silent or (self.is_idle and not grace and not self.socket._has_unread()):
            self.socket.destroy()
            return
        if self.is_idle:
            self._keep_alive_set = True
            self.socket._watch_idle(grace or UNREAD_GRACE)
        exchanges = self._exchanges()
        for exchange in exchanges:
            exchange.must_close = exchange is exchanges[-1]
            response: Any = exchange.response
            response._odd = True


class _Raw(asyncio.Protocol):
    """Feeds a socket that HTTP has given up."""

    __slots__ = ("server", "socket")

    def __init__(self, socket: Socket, server: Host) -> None:
        self.socket = socket
        self.server = server

    def data_received(self, data: bytes) -> None:
        self._in_turn(self.socket.data_received, data)

    def eof_received(self) -> bool:
        self._in_turn(self.socket.eof_received)
        return True

    def pause_writing(self) -> None:
        self.socket.pause_writing()

    def resume_writing(self) -> None:
        self._in_turn(self.socket.resume_writing)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.server._on_socket_gone()
        self._in_turn(self.socket.connection_lost, exc)

    def _in_turn(self, function: Callable[..., object], *args: Any) -> None:
        turns = self.socket._turns
        mine = turns.hold()
        try:
            function(*args)
        finally:
            if mine:
                turns.run()


class _Leftovers:
    """Owns what is left of HTTP on an upgraded socket: responses of earlier requests."""

    __slots__ = ("connection",)

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def _on_socket_drain(self) -> None:
        self.connection._on_socket_drain()

    def _on_socket_timeout(self) -> bool:
        return True

    def _on_socket_error(self, error: BaseException) -> None:
        """The user owns the errors now."""

    def _on_socket_close(self) -> int:
        return self.connection._on_socket_close()

    def _close_responses(self) -> None:
        self.connection._close_responses()

    def _on_socket_resume(self) -> None:
        self.connection.socket._resume_transport()

