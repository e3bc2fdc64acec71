"""The response queue of one connection: which response has the socket, which wait, what ends it.

    an exchange is flushed -> retired -> the next in the queue gets the socket, or the keep-alive clock runs

Invariant: responses leave in the order of their requests, the error response to a malformed one
among them; nothing leaves behind the last one.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from writehead._connection.error_response import ErrorResponses
from writehead._connection.loss import LOST, abort, give_up, lose_in_slices
from writehead._http1.exchange import ALL_WRITTEN, Http1Exchange
from writehead._message.incoming import IncomingMessage
from writehead._message.no_exchange import SENT
from writehead._message.response import ServerResponse
from writehead._net.channel_state import LAST
from writehead._semantics.outcome import Outcome
from writehead._streams.stages import CLOSED, EMITTED, FLUSHED

#: How long an idle connection that a drain has ended is read, in seconds: closed at once, it would answer a request that
#: is on its way with RST, which may overtake the end of a response.
LAST_READ = 0.05

#: How many responses may wait behind the one that has the socket before reading stops. Node has
#: no such limit; each costs some 3 KiB, which a client buys with 25 bytes.
MOST_WAITING = 100


class ResponseQueue(ErrorResponses):
    """The part of a connection that keeps its responses in order."""

    __slots__ = ()

    @property
    def keep_lines(self) -> str:
        """The header lines of a response after which the connection stays open."""
        return self._config.keep_alive_lines

    # -- the order ---------------------------------------------------------------

    def _give_socket(self, exchange: Http1Exchange, response: ServerResponse) -> None:
        self.current = exchange
        response._get_socket(self.socket, self.channel)
        exchange.after_listeners = self.socket.listener_count("close")
        exchange.attach(self.channel)

    def retire(self, exchange: Http1Exchange) -> None:
        """Finish the request of a response that was sent, then let the next in the queue go on."""
        while True:
            response: Any = exchange.response
            request = response.req
            response._exchange = SENT
            exchange.response = None
            heard = response._listeners is not None  # one of them may listen to the request next
            if exchange.began is not None and not heard:
                config = self._config
                tell = config.on_record
                if tell is not None:  # what `tell_notes` does, without its call
                    exchange.ended = config.record_clock()
                    tell(exchange)
            if (
                type(request) is IncomingMessage
                and request._listeners is None
                and not heard
                and request._complete
                and not request._consumed
                and not request._length
            ):
                # Fast path: the state after the events of an empty body, which has no listener.
                request._flowing = request._consumed = True
                request._end_state = EMITTED
                request._fate = CLOSED
            else:
                request._leave()
            if heard:
                response._prepare_close()
            elif response._fate is not CLOSED:
                response._writing = FLUSHED
                response._fate = CLOSED
            queue = self._queue
            if heard or queue is None or not self._goes_along(queue[0]):
                break
            exchange = queue.popleft()
            if not queue:
                self._queue = None
                self._look_at_queue()
        self.current = None
        config = self._config
        if (
            queue is not None
            or self._closed_input
            or not exchange.stays
            or exchange.last_allowed
            or config.closing
        ):
            self._go_on(exchange, request, heard)
        else:
            seconds = config.keep_alive_seconds
            channel = self.channel
            if seconds != channel.idle_after or not self._keep_alive_set or channel.idle_fired:
                self._wait_for_more()  # else the clock has not been stopped
        if heard:
            response._on_flushed()
            if exchange.began is not None:
                self.tell_notes(exchange)

    def _goes_along(self, exchange: Http1Exchange) -> bool:
        """Tell whether the next in the queue was sent with the one before it, and has no listener."""
        response: Any = exchange.response
        return exchange.gathered and response._listeners is None and not self.channel.fate

    def _go_on(self, exchange: Http1Exchange, request: IncomingMessage, heard: bool) -> None:
        """Let the next in the queue out, or end the connection behind the last."""
        if not exchange.stays:
            self._pending_error = None  # its end may be what delimits the response just sent
        config = self._config
        if self._queue is not None and exchange.stays:
            self._next()
        elif not exchange.stays or exchange.last_allowed or (config.closing and not config.keeps_idle):
            if (
                config.drain and exchange.stays
            ):  # its head was sent before the drain: the client may ask again
                self.channel.read_for(LAST_READ)
            self._stop(request, heard)
        elif self._pending_error is not None:
            self._send_pending_error()
        elif self.channel.peer_ended and self._start is None and not self._error_told:
            self._end_behind_input()
        elif self.channel.owner is self:
            self._wait_for_more()

    def _wait_for_more(self) -> None:
        """Start the keep-alive wait."""
        if seconds := self._config.keep_alive_seconds:
            self._keep_alive_set = True
            self.channel.watch_idle(seconds)

    def on_timeout_asked(self) -> None:
        """End the keep-alive wait if a request is under way: the program uses the socket's timeout."""
        if self._keep_alive_set and self.current is not None:
            self._start_keeping_time()

    def _start_keeping_time(self) -> None:
        """End the keep-alive wait: `server.timeout` counts again."""
        self._keep_alive_set = False
        channel = self.channel
        if seconds := self._config.idle_seconds:
            channel.watch_idle(seconds)
        else:
            channel.idle_after = 0.0

    def _stop(self, request: IncomingMessage, heard: bool) -> None:
        """End the connection behind a last response; nothing more is read."""
        over = self._closed_input  # the client has announced its last request
        self._closed_input = True
        if self._pending_error is not None and self._queue is None:
            self._send_pending_error()
            return
        channel = self.channel
        if not request._complete:
            channel.expects_more = True
        elif not (
            channel.heard or channel.writing or channel.blocked or channel.held or channel.expects_more
        ):
            if over or not channel.has_unread():
                channel.end_flushed(heard or request._listeners is not None)
                return
        channel.destroy_soon()

    def _next(self) -> None:
        queue = self._queue
        assert queue is not None
        exchange = queue.popleft()
        if not queue:
            self._queue = None
        response: Any = exchange.response
        if exchange.void or self.channel.fate:
            self.socket.destroy()
            self._queue = self._queue or deque()
            self._queue.appendleft(exchange)
            return
        self._give_socket(exchange, response)
        if response.writable_need_drain:
            if response.writable_length:
                self.channel.owe_drain()  # of what it had written while it waited
            else:
                response._on_drained()
        self._look_at_queue()

    def on_socket_drain(self) -> None:
        self._look_at_queue()
        current = self.current
        if current is not None and current.response is not None and not current.pending:
            current.response._on_drained()

    def on_socket_resume(self) -> None:
        """Read on, unless the body or the response queue is full."""
        incoming = self._incoming
        if not self._read_paused and (incoming is None or not incoming._is_full):
            self._read_on()

    def want_body(self, message: IncomingMessage) -> None:
        """Read on for a request that asks for more of its body."""
        if message is self._incoming and not self._read_paused:
            self._read_on()

    @property
    def _holds_back(self) -> bool:
        """Whether data that has come waits for the client to take responses, or for the reader of a body."""
        incoming = self._incoming
        return self.channel.blocked or (incoming is not None and incoming._is_full)

    def _read_on(self) -> None:
        """Serve what waits of the last read, if anything does; else read on."""
        backlog = self._backlog
        if backlog is None:
            self.channel.read_on()
        elif self._closed_input:
            self._drop_backlog()
        elif not backlog.waits:
            backlog.waits = True
            self.ticks.wait(self)

    @property
    def reads_request(self) -> bool:
        """Whether a request has begun to come, and is not complete."""
        return self._incoming is not None

    @property
    def has_response(self) -> bool:
        """Whether a response has the socket."""
        return self.current is not None and not self.current.queued

    def count_close_listener(self, change: int, place: int) -> None:
        """Note that a 'close' listener came or went before the place of the response's own."""
        current = self.current
        if current is not None and place < current.after_listeners:
            current.after_listeners += change

    def on_written_end(self) -> None:
        """Keep what the response still writes to a socket that was ended."""
        current = self.current
        if current is not None and current.sink is not None:
            current.outlive_sink()

    @property
    def waits_for_slice(self) -> bool:
        """Whether it stands still because other connections are served first."""
        return self._backlog is not None and self._backlog.waits

    def serve_slice(self) -> None:
        """Serve the next slice of what waits."""
        raise NotImplementedError

    def _drop_backlog(self) -> None:
        """Drop what waits: nothing more is served."""
        self._backlog = None
        self.channel.read_on()

    def _enqueue(self, exchange: Http1Exchange) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(exchange)
        # Node looks when a head is complete, and at the bytes alone.
        if (
            self._queued_bytes >= self.channel.mark
            or self.channel.need_drain
            or len(self._queue) >= MOST_WAITING
        ):
            self._hold_reading()

    def on_queued(self, size: int) -> None:
        """Count bytes that wait in the queue."""
        self._queued_bytes += size

    def _hold_reading(self) -> None:
        self._read_paused = True
        self.channel.stop_reading()

    def _look_at_queue(self) -> None:
        """Read on once what waits in the queue is below the mark."""
        if (
            self._read_paused
            and self._queued_bytes <= self.channel.mark
            and (self._queue is None or len(self._queue) < MOST_WAITING)
        ):
            self._read_paused = False
            self.on_socket_resume()

    def _gather(self) -> None:
        """Send whole responses that wait in the queue along with the one before them."""
        current = self.current
        queue = self._queue
        channel = self.channel
        if current is None or queue is None or current.stage < ALL_WRITTEN or not current.stays:
            return
        if (
            channel.committed not in (LAST, len(channel.held))
            or channel.blocked
            or channel.writing
            or channel.fate
        ):
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
            self._queued_bytes -= size
            channel.put_ahead(parts, size)

    # -- the end of the input ----------------------------------------------------

    @property
    def _owes_responses(self) -> bool:
        """Whether the response to a complete request has not been sent yet."""
        current = self.current
        if current is None:
            return False
        response: Any = current.response
        return self._incoming is None or response is None or response.req is not self._incoming

    def _end_after_rounds(self, error: BaseException | None) -> None:
        """Handle the client's FIN while responses are under way, some rounds of the loop later.

        Node runs every microtask before it polls the network again. Here a handler's task needs a
        round of the loop for each step, and its request and the FIN may have come in one read.
        """
        self._closed_input = True
        if error is None:
            self.ticks.after_rounds(self._end_behind_input)
        else:
            self.ticks.after_rounds(lambda: self._on_malformed(error, at_once=True))

    def _end_behind_input(self) -> None:
        """End the connection; nothing more is read from it."""
        channel = self.channel
        if channel.owner is self and not channel.fate:
            channel.blame(Outcome.CLIENT_CLOSED)
            self.socket.end()
            if channel.writing is FLUSHED:
                self.socket.destroy()

    # -- called by the socket --------------------------------------------------

    def on_socket_timeout(self) -> bool:
        socket = self.socket
        listened = False
        if self._incoming is not None:
            listened = self._incoming._notify("timeout", socket)
        if self.current is not None and self.current.response is not None:
            response: Any = self.current.response
            listened = response._notify("timeout", socket) or listened
        return self._config.notify(self.channel.context, "timeout", socket) or listened

    def on_socket_error(self, error: BaseException) -> None:
        if not self._error_told:
            self._error_told = True
            self._config.on_client_error(error, self.socket)

    def on_socket_close(self) -> int:
        """Abort the requests, oldest first: the connection has gone.

        Returns how many of the socket's 'close' listeners were added before the response got it.
        """
        self._config.on_gone(self)
        self._closed_input = True
        self._backlog = None
        self._end_refusal()
        self._abandon_parser()
        for exchange in self.exchanges()[:LOST]:
            abort(exchange)
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming._lose(self)
        return 0 if self.current is None else self.current.after_listeners

    def _abandon_parser(self) -> None:
        parser, self._parser = self._parser, None
        if parser is not None:
            parser.abandon()

    def close_responses(self) -> None:
        """Close the responses: the current one now, queued ones a tick later."""
        exchanges = self.exchanges()
        current, self.current = self.current, None
        self._queue = None
        for exchange in exchanges[:LOST]:
            give_up(exchange, exchange is current)
        if len(exchanges) > LOST:
            lose_in_slices(exchanges[LOST:])
