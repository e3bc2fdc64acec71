"""ServerResponse: the response to one request."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextvars import Context
from typing import TYPE_CHECKING, Any, Self

from writehead._message.file_body import FileRange, open_range, send_range
from writehead._message.header_store import checked_entry, field_pairs
from writehead._message.no_exchange import SENT, NoExchange
from writehead._message.outgoing import OutgoingMessage
from writehead._message.request_like import header_of, value_of, version_of
from writehead._message.response_notes import ResponseNotes
from writehead._message.standalone import exchange_by_hand, sink_of
from writehead._message.writable_watch import Watch
from writehead._node.callbacks import Callback
from writehead._node.failure_log import log_failure, users_place
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import Entry, Exchange, ResponseHead, Sink
from writehead._semantics.outcome import Outcome
from writehead._semantics.status import STATUS_CODES, body_allowed
from writehead._streams.stages import CLOSED, ENDED, FLUSHED
from writehead.errors import (
    ConnectionLostError,
    HeadersSentError,
    InternalAssertionError,
    InvalidStatusCodeError,
    SocketAssignedError,
    StreamWriteAfterEndError,
)

if TYPE_CHECKING:
    from writehead._node.argument_types import Chunk, File, HeaderFields

#: Standard status codes of responses that may have a body.
_ORDINARY = frozenset(code for code in STATUS_CODES if body_allowed(False, code))

#: Means that nothing was assigned, as None may be assigned.
UNSET: Any = object()

FAILURE_BODY = b"Internal Server Error"


class ServerResponse(ResponseNotes):
    """The response to one request; the server makes it and passes it to 'request'.

    One that a program makes is written to the socket or writable given to `assign_socket`.

    Args:
        req: the request, of which its method, its version and, below HTTP/1.1, its TE
            header are read.
        high_water_mark: how many queued bytes make `write` return False while there is no socket.
        reject_non_standard_body_writes: whether to raise if a body is written where none is allowed.

    Source: https://nodejs.org/api/http.html#class-httpserverresponse
    """

    _send_date = True
    _status_message: Any = None
    _late_message: Any = UNSET  # a status message that was set after the head was rendered
    _announces = False  # send Content-Length even if no body is sent
    _given: list[Entry] | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Exclude subclasses from the fast path: they may override any step of the general way."""
        super().__init_subclass__(**kwargs)
        cls._general = True

    def __init__(
        self,
        req: Any,
        high_water_mark: int | Mapping[str, Any] | None = None,
        reject_non_standard_body_writes: bool = False,
    ) -> None:
        self.req = req
        exchange = getattr(req, "_exchange", None)
        if exchange is None:
            exchange = exchange_by_hand()
            self._general = True
        exchange.response = self
        self._exchange = exchange
        OutgoingMessage.__init__(self, high_water_mark, reject_non_standard_body_writes)
        if getattr(req, "_http_version", None) != "1.1":
            self._general = True
            self._adapt_to_version(exchange)

    @property
    def _listener_context(self) -> Context | None:  # type: ignore[override]  # that of the request
        context: Context | None = getattr(self.req, "_listener_context", None)
        return context

    def _adapt_to_version(self, exchange: Exchange) -> None:
        major, minor = version_of(self.req)
        if major < 1 or minor < 1:  # Node's test, by which HTTP/2.0 counts as 1.0
            exchange.informs = major > 1 or not (major or minor)  # RFC 9110, 15.2; 0.0 is not known
            self._should_keep_alive = False
            self._may_chunk = _fields.is_chunked(header_of(self.req, "te"))

    # -- the head --------------------------------------------------------------

    @property
    def status_code(self) -> int:
        """The status code; becomes an `int` when the head is rendered."""
        return self._status_code  # type: ignore[no-any-return]  # or what was set, until then

    @status_code.setter
    def status_code(self, value: float | str) -> None:
        if self._rendered and self._status_message is None:
            self._status_message = self.status_message  # the phrase that was sent
        if type(value) is not int:
            self._general = True  # it is checked when the head is rendered
        self._status_code = value

    statusCode = status_code

    @property
    def status_message(self) -> str | None:
        """The reason phrase; None before the head is rendered means the standard one."""
        if self._late_message is not UNSET:
            return self._late_message  # type: ignore[no-any-return]  # as it was set
        if self._status_message is None and self._rendered:
            return STATUS_CODES.get(self._status_code, "unknown")
        return self._status_message  # type: ignore[no-any-return]  # as it was set

    @status_message.setter
    def status_message(self, value: str | None) -> None:
        if self._rendered:
            self._late_message = value
        else:
            self._status_message = value
            self._general = True

    statusMessage = status_message

    def write_head(
        self,
        status_code: float | str,
        reason: str | HeaderFields | None = None,
        headers: HeaderFields | None = None,
    ) -> Self:
        """Fix the head; it is sent with the first piece of the body, by `end` or by `flush_headers`.

        Args:
            status_code: 100 to 999.
            reason: the phrase; may be left out before `headers`.
            headers: a mapping, a flat list `[name, value, …]` or a list of pairs.

        Raises:
            HeadersSentError: a head was rendered before.
            InvalidStatusCodeError, InvalidArgTypeError, InvalidArgValueError,
            InvalidHTTPTokenError, InvalidHeaderValueError, InvalidCharError.
            TrailerInvalidError: a Trailer field, and the body will not be chunked.
        """
        if self._rendered:
            raise HeadersSentError("write")
        code = status_code if type(status_code) is int else _as_status(status_code)
        if not 100 <= code <= 999:
            raise InvalidStatusCodeError(status_code)
        before = self._status_message
        if isinstance(reason, str):
            self._status_message = before = reason
        else:
            if not before:
                self._status_message = STATUS_CODES.get(code, "unknown")
            if headers is None:
                headers = reason
        self._status_code = code
        try:
            self._render(headers)
        except BaseException:
            self._given = None
            self._status_message = before
            self._general = True
            raise
        return self

    writeHead = write_head
    write_header = write_head
    writeHeader = write_head

    def _implicit_head(self) -> None:
        self.write_head(self._status_code)

    def end(
        self,
        data: Chunk | Callback | None = None,
        encoding: str | Callback | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Send the last piece, if any, and complete the response; see `OutgoingMessage.end`."""
        if encoding is None and callback is None and not (self._general or self._rendered or self._fate):
            try:
                ordinary = self._status_code in _ORDINARY and self.write_head.__func__ is _write_head  # type: ignore[attr-defined]
            except AttributeError:  # `write_head` was replaced by a plain function on the instance
                ordinary = False
            if ordinary:
                # The fast path: see `Exchange.respond`.
                kind = type(data)
                body: Any
                body = data if kind is bytes else data.encode() if kind is str and data.isascii() else None  # type: ignore[union-attr]
                if body is not None and self._exchange.respond(self._status_code, self._store, body):
                    self._rendered = True
                    self._writing = ENDED
                    return self
        return super().end(data, encoding, callback)

    def _render(self, headers: Any) -> None:
        message = self._status_message
        reason = message if type(message) is str else _plain_text(message)
        if self._store is None:
            if not (reason.isascii() and reason.isprintable()):
                _fields.check_text(reason, "statusMessage")
            if headers is not None:
                self._given = self._checked(field_pairs(headers))
        else:
            if headers is not None:
                self._merge(headers)
            if not (reason.isascii() and reason.isprintable()):
                _fields.check_text(reason, "statusMessage")
        if self._expects_continue and not self._sent_100:
            self._should_keep_alive = False
        exchange = self._exchange
        if self._chunked and self._status_code in (204, 304):  # Node: a head that says chunked closes
            self._should_keep_alive = self._chunked = False
        exchange.begin(
            ResponseHead(
                self._fields(),
                self._status_code,
                reason,
                self._for_head_request,
                self._should_keep_alive,
                self._may_chunk,
                self._known_length,
                self._announces,
                self._removed,
                self._send_date,
                self._unique_headers,
            )
        )
        self._rendered = True
        if exchange.chunked:
            self._chunked = True
        if exchange.keep_reads is not None:
            self._should_keep_alive = exchange.keep_reads

    def _checked(self, pairs: Iterable[tuple[Any, Any]]) -> list[Entry]:
        return [checked_entry(name, value, self._lenient) for name, value in pairs]

    def _merge(self, headers: Any) -> None:
        pairs = list(field_pairs(headers))
        if isinstance(headers, (list, tuple)):
            for name, _ in pairs:
                self.remove_header(name)
            for name, value in pairs:
                if name:
                    self.append_header(name, value)
        else:
            for name, value in pairs:
                if name:
                    self.set_header(name, value)

    def _fields(self) -> Iterable[Entry]:
        if self._store is not None:
            return self._store.values()
        return self._given or ()

    @property
    def _for_head_request(self) -> bool:
        try:
            return bool(self.req.method == "HEAD")
        except AttributeError:
            return bool(value_of(self.req, "method") == "HEAD")

    # -- the socket ------------------------------------------------------------

    def assign_socket(self, socket: Any) -> None:
        """Write the response to `socket`, starting with what is queued.

        Args:
            socket: a Socket, or any writable with `write`, `cork`, `uncork`, `on`,
                `writable`, `writable_length` and `writable_high_water_mark`.

        Raises:
            SocketAssignedError: another response is assigned to it.
        """
        if getattr(socket, "_message", None) is not None or getattr(socket, "_carries", False):
            raise SocketAssignedError
        old = self._exchange.socket
        if old is not None and getattr(old, "_message", None) is self:
            old._message = None
        socket._message = self
        socket.on("close", self._on_socket_gone)
        if self._exchange is SENT:
            self._exchange = NoExchange()
        sink = sink_of(socket)
        self._on_socket(socket, sink)
        if socket._message is self:  # if no listener has detached it
            self._attach(sink)

    assignSocket = assign_socket

    def _attach(self, sink: Sink) -> None:
        exchange = self._exchange
        exchange.attach(sink)
        if self._fate:
            if not getattr(exchange.socket, "destroyed", False):
                exchange.abort(self._errored)
        elif self._need_drain and not self._writing:
            if not self.writable_length:
                self._on_drained()
            else:
                sink.owe_drain()

    def detach_socket(self, socket: Any) -> None:
        """Stop writing to `socket`; what is written from now on is queued for another.

        Raises:
            InternalAssertionError: this response is not assigned to it.
        """
        if socket is None or self._exchange.socket is not socket:
            raise InternalAssertionError("this response is not assigned to the socket")
        socket.remove_listener("close", self._on_socket_gone)
        socket._message = None
        self._pieces = None
        self._exchange.detach()

    detachSocket = detach_socket

    def _on_socket_gone(self, *_: object) -> None:
        self._pieces = None
        self._exchange.drop()
        self._on_lost(None)

    def _move_to(self, socket: Any) -> None:
        self._pieces = None
        if self._exchange is SENT:
            self._exchange = NoExchange()
        self._exchange.detach()
        if socket is not None:
            self._attach(sink_of(socket))

    # -- failure ---------------------------------------------------------------

    def _fail(self, error: BaseException | None = None) -> None:
        """Respond with 500 after a listener has failed; once the head is rendered, close the connection."""
        if self._writing is FLUSHED or self._fate is CLOSED:
            return
        exchange = self._exchange
        if exchange.began is not None:
            exchange.error = error
        if self._writing and not self._exchange.stays:
            return  # the response is complete, and the connection closes after it
        if self._rendered or self._writing or self._fate:
            if not self._fate:
                self._outcome = Outcome.FAILED
            self.destroy()
            return
        for name in ("_store", "_given", "_removed", "_send_date", "_status_message", "_trailers"):
            self.__dict__.pop(name, None)
        for name in ("_strict", "_reject_body"):
            self.__dict__.pop(name, None)
        if getattr(self.req, "_http_version", None) == "1.1":  # below 1.1, the request decides
            self._may_chunk = True
        while self._cork_depth:
            self.uncork()
        self._known_length = len(FAILURE_BODY)
        ServerResponse.write_head(self, 500)
        self._known_length = None
        OutgoingMessage.end(self, None if self._for_head_request else FAILURE_BODY)

    def _on_unheard(self, error: BaseException) -> None:
        super()._on_unheard(error)
        if self._writing is not FLUSHED:
            self._fail(error)

    def _listener_failed(self, error: BaseException, event: Any, args: tuple[Any, ...]) -> None:
        log_failure(error, event, self, self.req, response=self)
        if self._writing is not FLUSHED:
            self._fail(error)

    # -- Python's own ----------------------------------------------------------

    async def send_file(self, file: File, offset: int = 0, count: int | None = None) -> None:
        """Send a file, or a part of it, as the rest of the body, and end.

        With no head rendered and no Content-Length set, the head announces the exact
        length, that of a response to HEAD too. The kernel copies where the transport can;
        otherwise, and where `write` is overridden or replaced, the file is read in pieces.
        It is opened, checked and read in threads, except by the kernel's copy.

        Args:
            file: a path, or a binary file object with `fileno()`, which may be closed meanwhile.
            offset: the first byte to send.
            count: how many bytes; None means to the end of the file.

        Raises:
            OSError: the file cannot be opened; nothing has been sent.
            InvalidArgTypeError: it is no regular file, or of no known size (below /proc and /sys).
            InvalidArgValueError: the path is not valid: it has a null byte (`%00`), for example.
            OutOfRangeError: `offset` or `count` is not within the file.
            FileChangedError: the file became shorter; the connection was closed.
            StreamWriteAfterEndError: the response was ended before, or meanwhile; in the second case,
                if this call has sent the head, the connection was closed.
            ConnectionLostError: the client has disconnected.
        """
        if self._writing:
            raise StreamWriteAfterEndError("send_file()", users_place())
        async with Watch(self):
            with await open_range(file, offset, count) as piece:
                await self._send_range(piece)
        if not self._writing:
            self.end()
        await self.wait_finished()

    async def _send_range(self, piece: FileRange) -> None:
        if self.finished:  # while the file was opened
            raise StreamWriteAfterEndError("send_file()", users_place())
        if not self._rendered:
            self._announces = True
            try:
                self._render_for(piece.count)
            finally:
                self._announces = False
        if self._exchange is SENT or self._fate:
            raise self._errored or ConnectionLostError()
        socket = self.socket
        try:
            if self._exchange.body_allowed:
                plain = getattr(self.write, "__func__", None) is _write  # an override gets all pieces
                await send_range(self, piece, by_kernel=plain)
        except BaseException as error:
            self.destroy(error if isinstance(error, Exception) else None)
            if self._writing is FLUSHED and socket is not None:  # the body is too short
                socket.destroy()
            raise

    sendFile = send_file


_write_head = ServerResponse.write_head
_write = ServerResponse.write


def _plain_text(message: Any) -> str:
    """Return a status message as a plain `str`; of a subclass, its characters and not its `__str__`."""
    return str.__str__(message if isinstance(message, str) else str(message))


def _as_status(value: Any) -> int:
    """Return a status code given as an int, a float or text.

    Raises:
        InvalidStatusCodeError.
    """
    if isinstance(value, bool):
        raise InvalidStatusCodeError(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        return int(value)
    if isinstance(value, str):
        value = str.__str__(value)
        try:
            number = float(value.strip()) if value.strip().isascii() else math.nan
        except ValueError:
            number = math.nan
        if math.isfinite(number) and "_" not in value:
            return int(number)
    raise InvalidStatusCodeError(value)
