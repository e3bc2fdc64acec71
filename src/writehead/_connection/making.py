"""Making: the message, the response and the exchange of a head that has come.

Invariant: if the constructor of a program's class raises, that client gets a 500 behind the responses to
its earlier requests, and its connection ends; no other connection is affected.
"""

from __future__ import annotations

import logging
from typing import Any

from writehead._connection.closing import Closing
from writehead._http1.dressed_exchange import Dress
from writehead._http1.exchange import Http1Exchange
from writehead._http1.framing import CLOSE, bare_response
from writehead._message.incoming import IncomingMessage
from writehead._message.no_exchange import SENT
from writehead._message.response import ServerResponse
from writehead._node.contexts import run_in
from writehead._node.failure_log import name_request
from writehead._semantics.exchange import RequestHead
from writehead._semantics.outcome import Outcome
from writehead._semantics.record import Notes
from writehead.errors import PayloadTooLargeError

logger = logging.getLogger("writehead")

_new = ServerResponse.__new__


class Making(Closing):
    """The part of a connection that creates messages, responses and exchanges."""

    __slots__ = ()

    def _make_message(self, head: RequestHead, version: str) -> IncomingMessage | None:
        """Make the message of a head; None if the constructor of a program's class fails."""
        config = self._config
        context = config.copy_context()
        try:
            message = context.run(config.message_class, self.socket)
        except Exception as error:
            logger.error("the constructor of an IncomingMessage failed: its client gets 500", exc_info=error)
            self._refuse_unmade(error, self._noted(head))
            return None
        message._begin(self, head, version, context)
        return message

    def _refuse_unmade(self, error: BaseException, notes: Notes | None) -> None:
        """Respond with 500 to a request that cannot be made, behind the responses to those before it."""
        self._begin_refusal(notes, error, Outcome.FINISHED)
        self._closed_input = True
        self._start = self._incoming = None
        self._pending_error = (bare_response(500), error)
        if self.current is None and self._queue is None:
            self._send_pending_error()

    def _on_head(self, head: RequestHead, version: str = "1.1") -> IncomingMessage | None:
        """Make what serves a request, and have the server call its listeners; None if it cannot be made."""
        message = self._make_message(head, version)
        return message if message is not None and self._serve(message, head.keep_alive) else None

    def _serve(self, message: IncomingMessage, keep: bool, ordinary: bool = False) -> bool:
        """Make the response to a message, and have the server call the listeners; False if it cannot be made.

        Args:
            message: the request.
            keep: whether the client wants the connection kept.
            ordinary: whether it has one valid Host, and no Expect.
        """
        config = self._config
        channel = self.channel
        if config.max_body and self._refuses_length(message):
            return False
        self._used = True
        self._incoming = message
        exchange = config.make_exchange()
        exchange.connection = self
        exchange.stays = keep
        exchange.last_allowed = False
        exchange.keep_lines = config.keep_alive_lines if keep else CLOSE
        head = message._head
        exchange.began = None
        if config.on_record is not None and head is not None:
            self._note_head(exchange, head, None if ordinary else self._first_at)
            if not ordinary or head.length:  # type: ignore[attr-defined]  # it is a `Head`
                self._reading = exchange
        if config.response_class is ServerResponse and message._http_version == "1.1":
            response = _new(ServerResponse)
            response._begin(message, exchange, keep, message._method == "HEAD")
            exchange.response = response
        else:
            made = self._make_response(message, exchange)
            if made is None:
                return False
            response = made
            response._adapt(message._method == "HEAD", keep)
        if not config.fast_path_response:
            self._adapt(message, response, exchange)
        if self.current is None and not channel.fate:
            self.current = exchange
            exchange.sink = channel
            if channel.writing:
                exchange.outlive_sink()
            if response._listeners is not None:
                response._get_socket(self.socket, channel)
            if channel.heard:
                exchange.after_listeners = self.socket.listener_count("close")
        else:
            exchange.sink = None
            self._enqueue(exchange)
        config.dispatch(message, response, self, ordinary)
        return True

    def _refuses_length(self, message: IncomingMessage) -> bool:
        """Refuse a request with 413 whose body is announced as too long; begin to count that of any other."""
        self._body_size = 0
        most = self._config.max_body
        if all(int(value) <= most for value in message._values_of(b"content-length")):
            return False
        self._incoming = None
        self._on_malformed(PayloadTooLargeError(most))
        return True

    @property
    def dress(self) -> Dress:
        """What is changed in the head of every response."""
        return self._config.dress

    def _make_response(self, message: IncomingMessage, exchange: Http1Exchange) -> ServerResponse | None:
        """Call the constructor of the program's response class; None if it fails."""
        config = self._config
        message._join_duplicates = config.join_duplicates  # the constructor may read the fields
        message._exchange = exchange
        try:
            return run_in(
                message._listener_context, config.response_class, message, **config.response_options
            )
        except Exception as error:
            logger.exception("the constructor of a ServerResponse failed: its client gets 500")
            self._refuse_unmade(error, None if exchange.began is None else exchange)
            return None
        finally:
            message._exchange = None

    def _adapt(self, message: IncomingMessage, response: ServerResponse, exchange: Http1Exchange) -> None:
        """Apply the options that few servers set."""
        config = self._config
        if config.closing:
            for other in self.exchanges():  # the last one in the queue closes, not those before it
                other.must_close = False
            exchange.must_close = True
            if config.drain:
                exchange.watched = True
                exchange.came = config.timers.clock.time()
        mark = self.channel.mark
        message._apply(mark, config.join_duplicates)
        response._apply(
            mark, config.reject_body, config.unique_headers, config.close_after_finish, config.lenient
        )

    def open_exchange(self, call: Any, keep: bool, has_body: bool) -> Http1Exchange:
        """Begin the exchange of an ordinary request that `call` serves, in the place of a message and a response.

        It is called as those would be: see `ServedRequest` and `ServedResponse`.
        """
        config = self._config
        exchange = config.make_exchange()
        exchange.last_allowed = False
        exchange.connection = self
        exchange.response = call
        exchange.stays = keep
        exchange.keep_lines = config.keep_alive_lines if keep else CLOSE
        exchange.began = None
        if config.on_record is not None:
            self._note_head(exchange, call.head)
        self._start = None
        if has_body:
            self._body_size = 0
            self._incoming = call
            self._reading = exchange if config.on_record is not None else None
        self._used = True
        if self.current is None:
            self.current = exchange
            exchange.sink = self.channel
        else:
            exchange.sink = None
            self._enqueue(exchange)
        return exchange

    def replace(self, request: IncomingMessage, response: ServerResponse, call: Any) -> bool:
        """Let `call` have the place of a request and its response; False if the client has left already.

        It gets what has come of the body. From now on it is called in their place.
        """
        exchange = response._exchange
        if request._fate or response._fate or exchange is SENT:
            return False
        call.take_over(request, response)
        exchange.response = call
        response._exchange = SENT
        request._source = None
        if self._incoming is request:
            self._incoming = call
        return True

    def fail_request(self, request: IncomingMessage) -> None:
        """Fail the response to `request`, a listener of which failed."""
        for exchange in self.exchanges():
            response: Any = exchange.response
            if response is not None and response.req is request:
                response._fail()

    def refuse_body(self, request: IncomingMessage, error: BaseException) -> None:
        """Respond with 413 to `request`, whose body is longer than its reader wants, and close."""
        for exchange in self.exchanges():
            response: Any = exchange.response
            if response is not None and response.req is request and not response.headers_sent:
                response._rule(Outcome.BAD_REQUEST)
                response.write_head(413, ["Connection", "close"])
                response.end()

    @property
    def is_lenient(self) -> bool:
        """Whether it takes malformed requests."""
        return self._parsers.lenient

    def count_request(self) -> int:
        """Count a request against `max_requests_per_socket`."""
        self._counted_requests += 1
        return self._counted_requests

    def describe(self) -> str:
        """Name the request under way, or the state, for the log."""
        exchanges = self.exchanges()
        response: Any = exchanges[0].response if exchanges else None
        request = self._incoming if response is None else response.req
        if request is not None:
            return name_request(request)
        if self._start is not None or self._backlog is not None:
            return "a request that has not come whole"
        return "the end of a response"

    @property
    def age(self) -> float | None:
        """How many seconds ago the request under way came, if that is known."""
        for exchange in self.exchanges():
            if exchange.began is not None:
                return exchange.peer.now() - exchange.began
            return None if exchange.came is None else self._config.timers.clock.time() - exchange.came
        return None
