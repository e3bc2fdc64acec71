"""One HTTP/1 connection: it parses requests, has the server dispatch them, and hands upgrades over.

    data_received -> a whole request, or a parser -> head: exchange and response -> dispatch
                                                  -> body, end: the request

Invariant: everything that a read causes happens inside `data_received`: what is written meanwhile
leaves together at its end, then the later ticks run.
"""

from __future__ import annotations

import logging
from typing import Any

from writehead._connection.backlog import HEAD, REQUESTS, SLICE, SMALL_READ, UPGRADES, Backlog
from writehead._connection.config import DrainStage
from writehead._connection.reading import LARGE_READ, Reading
from writehead._connection.upgraded import QueuedResponses, Raw
from writehead._http1.exchange import Http1Exchange
from writehead._http1.framing import CLOSE
from writehead._http1.parser import END, End, ParsedHead, RequestParser
from writehead._loop.selector import once_taken, untie
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._native.choice import Head, scan_head
from writehead._net.socket import Socket
from writehead._semantics.outcome import Outcome
from writehead._streams.stages import KNOWN

logger = logging.getLogger("writehead")

_new_message = IncomingMessage.__new__
_new_response = ServerResponse.__new__


class Connection(Reading):
    """A connection that speaks HTTP/1."""

    __slots__ = ()

    given = False  # by hand, not accepted by the server

    # -- called by the transport -----------------------------------------------

    def connection_made(self, transport: Any, socket: Socket | None = None) -> None:
        """Make the socket, unless one was given by hand, and have the server emit 'connection'."""
        config = self._config
        if socket is None:
            transport.set_write_buffer_limits(0)
            socket = Socket(transport, config, self)
        self.socket = socket
        self.channel = channel = socket._channel
        self.ticks = channel.ticks
        now = config.timers.clock.time
        self._start = now()
        self._parsers = config.parsers
        if seconds := config.idle_seconds:
            socket.set_timeout(seconds * 1000)
        if not config.on_accept(self):
            self._closed_input = True

    def data_received(self, data: bytes, backlog: Backlog | None = None) -> None:
        """Parse data, dispatch its requests, pass on what they wrote, run the later ticks.

        With `backlog` the same for a slice of `data` that was read before.
        """
        channel = self.channel
        size = len(data)
        if backlog is None:
            channel.bytes_read += size
            if self._backlog is not None:
                return self._append(data)
        ticks = self.ticks
        holds = not ticks.held
        ticks.held = True
        channel.in_read = True
        heard = channel.heard and backlog is None and self.socket.listener_count("data") > 0
        try:
            if backlog is not None:
                self._serve_backlog(backlog)
            elif not self._closed_input:
                parser = self._parser
                if parser is None:
                    rest = self._serve_heads(data, size, 0)
                    if rest is not None and self._read(data, rest):
                        return self._pass_empty_lines(data, heard, holds)
                elif parser.take_body(size):
                    incoming = self._incoming
                    if incoming is None or not incoming._hand_over(data):
                        self._on_body(data)
                    elif self._reading is not None:
                        self._reading.bytes_in += size
                    if not self._feeding and size > LARGE_READ:
                        self._listen_to_body()
                elif self._read(data):
                    return self._pass_empty_lines(data, heard, holds)
            if heard:
                channel.emit("data", data)
            if self._queue is not None:
                self._gather()
            ending: Any = channel.end_read()
            if ending is not None:
                self.retire(ending)
            if holds:
                if ticks.due:
                    ticks.run()
                else:
                    ticks.held = False
        except BaseException as error:  # an interrupt, or a bug here: failures of listeners do not get so far
            channel.in_read = False
            channel.settle()
            if isinstance(error, Exception):
                self._give_up(error)
                if holds:
                    ticks.run()
                return None
            if holds:
                ticks.release()
            raise
        if self._keep_alive_set and self.current is not None:
            self._start_keeping_time()
        if channel.idle_after:
            channel.active_at = self._config.timers.clock.time()
            if channel.idle_fired:
                channel.touch()

    def serve_slice(self) -> None:
        """Serve the next slice of a read that waits."""
        backlog = self._backlog
        if backlog is None:
            return
        backlog.waits = False
        if self._closed_input:
            self._drop_backlog()
        elif not self._holds_back:
            self.data_received(backlog.data, backlog)
            if self._backlog is None and self.channel.reading_paused:
                self.on_socket_resume()

    def _give_up(self, error: Exception) -> None:
        """Abort a connection whose data could not be served because of a bug here, which the log names."""
        self.channel.blame(Outcome.FAILED)
        logger.error("a connection was aborted: its data could not be served", exc_info=error)
        self._closed_input = True
        self._start = None
        self.socket.destroy(error)

    def _pass_empty_lines(self, data: bytes, heard: bool, holds: bool) -> None:
        """End a read of empty lines before a next request (RFC 9112, 2.2): the keep-alive wait goes on."""
        if heard:
            self.channel.emit("data", data)
        ending: Any = self.channel.end_read()
        if ending is not None:
            self.retire(ending)
        if holds:
            self.ticks.run()

    def _serve_heads(self, data: bytes, size: int, at: int) -> int | None:
        """Serve the ordinary requests that begin at `at`; return where `data` goes on with anything else.

        None if there is no rest, or it is not to be parsed now.
        """
        parsers = self._parsers
        config = self._config
        channel = self.channel
        left = REQUESTS
        while True:
            head = scan_head(data, at, parsers.scan_limit, parsers.max_count)
            if head is None:
                return at
            at = head.end
            message: IncomingMessage  # or what stands for one
            fast = config.fast_path
            call: Any = None
            if config.take_head is not None:
                if head.may_begin(config.guest_starts):  # most that no guest takes do not
                    call = config.take_head(self, head)
                fast = call is None and config.fast_path_beside_guests
            if fast and not (channel.heard or channel.fate):
                # Fast path: what `_make_message`, `_serve` and the dispatch do for an ordinary request, without
                # their calls: 44,500 instructions for `plain` instead of 47,900.
                context = config.copy_context()
                message = _new_message(IncomingMessage)
                message._listeners = message._flowing = None
                message._consumed = False
                message._length = 0
                message._socket = self.socket
                message._begin(self, head, "1.1", context)
                response = _new_response(ServerResponse)
                exchange = Http1Exchange()
                keep = head.keep_alive
                response._begin(message, exchange, keep, head.method == "HEAD")
                exchange.last_allowed = False
                exchange.connection = self
                exchange.response = response
                exchange.stays = keep
                exchange.keep_lines = config.keep_alive_lines if keep else CLOSE
                if config.on_record is None:
                    exchange.began = None
                else:  # what `_note_head` does, without its call
                    exchange.began = config.record_clock()
                    exchange.head = head
                    exchange.peer = self.peer or self.make_peer()
                self._incoming = message
                self._used = True
                if self.current is None:
                    self.current = exchange
                    exchange.sink = channel
                else:
                    exchange.sink = None
                    self._enqueue(exchange)
                config.call_listeners("request", message, response)
            elif call:  # a guest serves it
                message = call
            else:
                made = self._make_message(head, "1.1")
                if made is None or not self._serve(made, head.keep_alive, ordinary=True):
                    return None
                message = self._incoming or made  # a guest may have put a call in its place
            if head.length:
                at = self._serve_body(head, data, size, at)
            elif message is self._incoming:  # else the connection is lost already
                self._start = self._incoming = None
                message._complete = True
                if message._flowing is None and message._listeners is None:
                    message._end_state = KNOWN  # all that `_push_end` does without listeners
                    message._reading = False
                else:
                    message._push_end()
                if self.channel.reading_paused:
                    self.on_socket_resume()
            if call:
                call.begin()
            if not head.keep_alive and self._parser is None:
                self._closed_input = True  # what comes behind the last request is ignored
                return None
            if at == size:
                return None
            left -= 1
            if not left or self.ticks.waiting:
                self._wait_for_slice(Backlog(data, at))
                return None

    def _serve_body(self, head: Head, data: bytes, size: int, at: int) -> int:
        """Pass on the body that `data` has from `at` on, of an ordinary request; return where it goes on."""
        end = at + head.length
        newest = self._queue[-1] if self._queue else self.current
        self._reading = None if newest is None or newest.began is None else newest
        if end <= size:
            self._on_body(data[at:end])
            self._on_message_complete([])
            return end
        parser = self._parser = self._parsers.take()
        parser.begin_body(head, head.length, end - size)
        self._head_complete = True
        if at < size:
            self._on_body(data[at:])
        self._read_on_in_request(size, False)
        return size

    def eof_received(self) -> bool:
        """Handle the client's FIN: no more requests are served."""
        channel = self.channel
        holds = self.ticks.hold()
        try:
            channel.peer_ended = True
            end = error = None
            if not self._closed_input:
                parser = self._parser
                end = None if parser is None else parser.end_of_input()
                if end is END:
                    self._on_message_complete([])
                elif end is not None:
                    error = end
            self.ticks.later(channel.emit, "end")
            if error is None and self._config.allow_half_open and self._owes_responses:
                self._closed_input = True  # the last response ends the connection: see `_go_on`
            elif end is not END and self._owes_responses and self.ticks.loop is not None:
                self._end_after_rounds(error if isinstance(error, BaseException) else None)
            elif isinstance(error, BaseException):
                self._on_malformed(error, at_once=True)  # no responses are waited for after a FIN
            else:
                self._end_behind_input()
        finally:
            if holds:
                self.ticks.run()
        return True

    def pause_writing(self) -> None:
        """Note that the system took only a part of what was written."""
        self.channel.pause_writing()

    def resume_writing(self) -> None:
        """Call back for all that the system has taken."""
        once_taken(self.channel.transport, self.ticks, self._resume_writing)

    def _resume_writing(self) -> None:
        holds = self.ticks.hold()
        try:
            self.channel.resume_writing()
            self._look_at_queue()
            if self._backlog is not None:
                self._read_on()
        finally:
            if holds:
                self.ticks.run()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Notify the requests and responses, the socket and the server that the connection has gone."""
        channel = self.channel
        untie(channel.transport)
        if (
            exc is None
            and self.current is None
            and self._queue is None
            and self._incoming is None
            and not channel.heard
            and channel.owner is self
            and not (
                channel.waiting or channel.due or channel.held or channel.end_callbacks or channel.errored
            )
        ):
            # Fast path for by far the commonest end: between two requests, without listeners.
            self._closed_input = True
            self._backlog = None
            if self._parser is not None:
                self._abandon_parser()
            channel.lose_unheard()
            self._config.on_lost(self)
            return
        holds = self.ticks.hold()
        try:
            self._closed_input = True
            self._backlog = None
            self._config.on_socket_gone()
            self.channel.connection_lost(exc)
        finally:
            if holds:
                self.ticks.run()

    # -- reading ---------------------------------------------------------------

    def _read(self, data: bytes, at: int = 0) -> bool:
        """Parse data from `at` on; True if it was nothing but empty lines, in the keep-alive wait."""
        if self.ticks.waiting and len(data) - at > SMALL_READ:
            self._wait_for_slice(Backlog(data, at))
            return False
        return self._read_slice(data, at)

    def _read_slice(self, data: bytes, at: int, backlog: Backlog | None = None) -> bool:
        """Parse data, or more of a backlog, and serve the events, or a slice of them."""
        parser = self._parser
        if parser is None:
            parser = self._parser = self._parsers.take()
        under_way = parser.mid_message
        if self._config.on_record is not None and not under_way:
            self._first_at = self._config.record_clock()
        if backlog is None:
            found = parser.feed(data[at:])
        else:
            under_way = backlog.was_under_way
            found = backlog.found or (parser.feed_more() if parser.upgrade is None else [])
        rest: list[Any] = []
        if len(found) > REQUESTS:
            rest = found[self._walk_slice(found) :]
        else:
            self._walk(found)
        if (rest or parser.more) and self._waits_behind(parser, data, at, rest, under_way):
            return False
        if parser.upgrade is not None and self._decline_upgrades(parser, data, at):
            return False
        if self._closed_input:
            return False
        if parser.error is not None:
            parser.error.move_to(data, at)
            self._on_malformed(parser.error)
        elif parser.mid_message:
            self._head_complete = parser.head_complete
            self._read_on_in_request(len(data), under_way)
        elif parser.poolable and len(found) <= 2:  # a client that pipelines keeps it
            self._parser = None
            self._parsers.give(parser)
        if found and self._config.closing and self.is_idle and not self._config.keeps_idle:
            # That was the rest of a body, behind its response.
            self.socket.destroy()
        return not (found or parser.mid_message or parser.error) and self._keep_alive_set

    def _read_on_in_request(self, size: int, under_way: bool) -> None:
        """Note that a read of `size` bytes has ended inside a request; `under_way`: it had begun inside it, too."""
        if size > LARGE_READ and not self._feeding:
            self._listen_to_body()
        if self._start is None or not under_way:  # the first request has had the time since the accept
            self._start = self._config.timers.clock.time()

    def _decline_upgrades(self, parser: RequestParser, data: bytes, at: int) -> bool:
        """Serve the request to upgrade, and those behind it; True if some wait for the next slice."""
        left = UPGRADES
        while parser.upgrade is not None and not self._closed_input:
            self._on_upgrade(parser, parser.upgrade)
            left -= 1
            if self._waits_behind(parser, data, at, [], True, over=not left):
                return True
        return False

    # -- slices ------------------------------------------------------------------

    def _serve_backlog(self, backlog: Backlog) -> None:
        self._backlog = None
        if backlog.found is not None:
            self._read_slice(backlog.data, backlog.at, backlog)
        else:
            data = backlog.data
            rest = self._serve_heads(data, len(data), backlog.at) if self._parser is None else backlog.at
            if rest is not None:
                self._read_slice(data, rest)
        if backlog.more and not self._closed_input:
            self._append(backlog.more)

    def _walk_slice(self, found: list[Any]) -> int:
        """Serve a slice of the events; return where the rest begins."""
        left = SLICE
        end = 0
        while end < len(found) and left > 0:
            kind = type(found[end])
            left -= 1 if kind is bytes or kind is End else HEAD
            end += 1
        self._walk(found[:end])
        return end

    def _walk(self, found: list[Any]) -> None:
        for item in found:
            if type(item) is bytes:
                self._on_body(item)
            elif type(item) is End:
                self._on_message_complete(item.trailers)
            elif self._on_head(item, item.version) is None:
                return

    # -- upgrade ---------------------------------------------------------------

    def _on_upgrade(self, parser: RequestParser, head: ParsedHead) -> None:
        """Accept or decline a request to upgrade."""
        if self._keep_alive_set:
            self._start_keeping_time()
        message = self._make_message(head, head.version)
        if message is None:
            return
        if head.method == "CONNECT" or self._config.wants_upgrade(message):
            self._hand_over(message, parser.rest)
        elif self._serve(message, head.keep_alive) and not self._closed_input:
            self._walk(parser.decline_upgrade())

    def _hand_over(self, message: IncomingMessage, head: bytes) -> None:
        socket, channel = self.socket, self.channel
        self._closed_input = True
        self._incoming = None
        self._start = None
        self._abandon_parser()
        config = self._config
        config.on_gone(self)
        context = message._release()
        assert message._head is not None
        self._begin_upgrade(message._head)
        # If the socket is destroyed, the next response stays in the queue, and has to be notified.
        channel.owner = QueuedResponses(self) if self.current is not None or self._queue else None
        raw = Raw(socket, config, message)
        config.upgraded.add(raw)
        self._listen_by(raw)
        channel.own_context = context  # the context of this request, from now on
        channel.resume_reading()
        config.on_upgrade(message, socket, head)
        if config.drain >= DrainStage.GRACE and raw in config.upgraded:
            message._tell_of_drain()
