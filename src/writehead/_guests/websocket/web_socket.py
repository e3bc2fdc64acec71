"""WebSocket: a connection as the program sees it, in the manner of npm's `ws`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Hashable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from writehead._guests.websocket.frames import FIN, PING, PONG, WHOLE_BINARY, WHOLE_TEXT, frame
from writehead._guests.websocket.reading import Reading
from writehead._guests.websocket.sending import (
    Fragments,
    check_close,
    control_payload_of,
    first_byte,
    message_of,
    read_send_options,
)
from writehead._loop.ticks import later
from writehead._node.callbacks import Callback, Unawaited, UserCallback, user_callback
from writehead._node.failure_log import log_failure, log_unheard
from writehead.errors import (
    ConnectionLostError,
    WebSocketNotOpenError,
)

if TYPE_CHECKING:
    from writehead._guests.websocket.connection import Connection
    from writehead._guests.websocket.web_socket_emitter import WebSocketEmitter
    from writehead._message.incoming import IncomingMessage
    from writehead._net.socket import Socket
    from writehead._node.argument_types import Chunk
else:  # the same, without the types of its events
    WebSocketEmitter = Reading

#: Code and reason of the end of a connection that the client has not closed by a close frame (RFC 6455, 7.1.5).
_ABNORMAL = (1006, "")


class Outcome(Unawaited):
    """What can be awaited, and need not be: `send` while the client is slow, `close` until it has happened."""

    __slots__ = ("_wait",)

    def __init__(self, wait: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._wait = wait

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()


class WebSocket(WebSocketEmitter):
    """A WebSocket connection to a client.

    A `WebSocketServer` makes it when it has accepted a handshake. A subclass that is to be made in its place, by
    the option `WebSocket`, must be constructible without arguments.

    Events: 'message' (data, is_binary): text is `str`, binary data `bytes`; 'close' (code, reason), once and
    last; 'error' (error), before it; 'ping' (data), 'pong' (data), 'drain'.

    `async for message in ws` reads the messages, too; `await ws.receive()` reads one.
    Source: https://github.com/websockets/ws/blob/master/doc/ws.md#class-websocket
    """

    #: The values of `ready_state`.
    CONNECTING: Final = 0
    OPEN: Final = 1
    CLOSING: Final = 2
    CLOSED: Final = 3

    _request: IncomingMessage | None = None
    _protocol = ""
    _fragments: Fragments | None = None  # of a message that is being sent
    _closed: list[asyncio.Future[None]] | None = None  # wait for 'close'
    _on_end: Callable[[WebSocket], object] | None = None  # called before 'close'
    _sent: Outcome  # all that could be sent

    def _open(self, connection: Connection, request: IncomingMessage, protocol: str) -> None:
        """Begin to stand for a connection whose handshake is about to be accepted."""
        self._connection = connection
        self._request = request
        self._protocol = protocol
        self._listener_context = request._listener_context
        self._sent = Outcome(self._wait_for_room)
        self._fragments = None  # found faster here than on the class, as are these
        self._paused = False
        connection.face = self

    # -- state -----------------------------------------------------------------------

    @property
    def ready_state(self) -> int:
        """CONNECTING, OPEN, CLOSING or CLOSED."""
        return 0 if self._connection is None else int(self._connection.stage)

    readyState = ready_state

    @property
    def protocol(self) -> str:
        """The subprotocol that was agreed; "" without one."""
        return self._protocol

    @property
    def extensions(self) -> str:
        """The names of the extensions that were agreed: "permessage-deflate" or ""."""
        connection = self._connection
        return "" if connection is None or connection.reader.deflate is None else "permessage-deflate"

    @property
    def buffered_amount(self) -> int:
        """How many bytes of frames wait to be sent."""
        return 0 if self._connection is None else self._connection.pending

    bufferedAmount = buffered_amount

    @property
    def binary_type(self) -> str:
        """The type of binary messages, which are always `bytes`: "nodebuffer"."""
        return "nodebuffer"

    binaryType = binary_type

    @property
    def socket(self) -> Socket | None:
        """The Socket below; None while connecting."""
        return None if self._connection is None else self._connection.socket

    @property
    def req(self) -> IncomingMessage | None:
        """The request of the handshake; None while connecting."""
        return self._request

    @property
    def url(self) -> str:
        """The target of the handshake, as it was sent."""
        return "" if self._request is None else self._request.url

    @property
    def close_code(self) -> int | None:
        """The code of 'close'; None before."""
        return None if self._end is None else self._end[0]

    closeCode = close_code

    @property
    def close_reason(self) -> str | None:
        """The reason of 'close'; None before."""
        return None if self._end is None else self._end[1]

    closeReason = close_reason

    # -- sending -----------------------------------------------------------------------

    def send(
        self,
        data: Chunk,
        options: Mapping[str, object] | Callback | None = None,
        callback: Callback | None = None,
    ) -> Outcome:
        """Send a message: a `str` as text, any bytes-like object as binary data.

        `await ws.send(...)` returns at once while less than the `high_water_mark` of the server waits, else when
        all has been sent.

        Args:
            data: the message.
            options: a mapping: `binary` overrides the type of the message, `compress` (True) allows to compress it
                if that was agreed, `fin` (True) ends the message; may be left out before `callback`.
            callback: called when the operating system has the bytes, with an error if not.

        Raises:
            InvalidArgTypeError, InvalidArgValueError: `data` is no message.
            WebSocketNotOpenError: it is connecting. When it is closing or closed, the callback and the `await` get
                that error.
        """
        connection = self._connection
        if connection is not None and options is None and callback is None and self._fragments is None:
            if type(data) is str:
                try:
                    payload = data.encode()
                except UnicodeEncodeError:
                    return self._send(data, None, None)
                first = WHOLE_TEXT
            elif type(data) is bytes:
                payload = data
                first = WHOLE_BINARY
            else:
                return self._send(data, None, None)
            if connection.stage == 1:
                connection.send(first, payload)
                return self._sent
        return self._send(data, options, callback)

    def _send(self, data: Any, options: Any, callback: Any) -> Outcome:
        """Send in the general way."""
        if callable(options) and not isinstance(options, Mapping):
            options, callback = None, options
        kept = read_send_options(options or {})
        opcode, payload = message_of(data, kept.binary)
        connection, done = self._ready_to_send(callback)
        if connection is None:
            return self._refused(done)
        fragments = self._fragments
        first = first_byte(opcode, kept.fin, fragments is not None)
        if fragments is not None:
            connection.send_fragment(first, payload, fragments.compressed)
        elif kept.fin:
            connection.send(first, payload, kept.compress)
        else:
            fragments = self._fragments = Fragments(connection.compresses(payload, kept.compress))
            connection.send_fragment(first, payload, fragments.compressed)
        if kept.fin and fragments is not None:
            self._fragments = None
            if fragments.held:
                connection.put(bytes(fragments.held))
        return self._after_send(connection, done)

    def ping(self, data: Chunk | Callback | None = None, callback: Callback | None = None) -> Outcome:
        """Send a ping.

        Args:
            data: up to 125 bytes; may be left out before `callback`.
            callback: as that of `send`.

        Raises:
            OutOfRangeError: more than 125 bytes; and as `send`.
        """
        return self._send_control(PING, data, callback)

    def pong(self, data: Chunk | Callback | None = None, callback: Callback | None = None) -> Outcome:
        """Send a pong, which nobody may have asked for; see `ping`."""
        return self._send_control(PONG, data, callback)

    def _send_control(self, opcode: int, data: Any, callback: Any) -> Outcome:
        if callable(data):
            data, callback = None, data
        payload = control_payload_of(data)
        connection, done = self._ready_to_send(callback)
        if connection is None:
            return self._refused(done)
        connection.put(frame(FIN | opcode, payload))
        return self._after_send(connection, done)

    def _send_frame(self, message: bytes, most: int) -> bool:
        """Send a frame of a whole message, unless more bytes than `most` wait; True if it is, or will be, sent."""
        connection = self._connection
        fragments = self._fragments
        if connection is None or connection.stage != self.OPEN:
            return False
        if connection.pending + (0 if fragments is None else len(fragments.held)) > most:
            return False
        if fragments is None:
            connection.put(message)
        else:
            fragments.held += message
        return True

    def _ready_to_send(self, callback: Any) -> tuple[Connection | None, UserCallback | None]:
        """Return the connection, None if it is closing or closed, and the callback."""
        connection = self._connection
        if connection is None:
            raise WebSocketNotOpenError(self.CONNECTING)
        return connection if connection.stage == self.OPEN else None, user_callback(callback, self)

    def _after_send(self, connection: Connection, done: UserCallback | None) -> Outcome:
        if done is not None:
            connection.call_when_sent(done)
        return self._sent

    def _refused(self, done: UserCallback | None) -> Outcome:
        error = self._not_open()
        if done is not None:
            later(done, error)

        async def fail() -> None:
            raise error

        return Outcome(fail)

    def _not_open(self) -> WebSocketNotOpenError:
        """Return the error for what needs an open connection."""
        error = WebSocketNotOpenError(self.ready_state)
        connection = self._connection
        if connection is not None and (connection.sent is None or connection.received is not None):
            error.__cause__ = ConnectionLostError()  # the client has ended it, not the program
        return error

    async def _wait_for_room(self) -> None:
        connection = self._connection
        assert connection is not None
        await connection.drain(connection.channel.mark)

    async def drain(self) -> None:
        """Return when the operating system has everything that was sent.

        Raises:
            ConnectionLostError: the connection was lost first.
            WebSocketNotOpenError: it is connecting.
        """
        if self._connection is None:
            raise WebSocketNotOpenError(self.CONNECTING)
        await self._connection.drain()

    # -- the end ----------------------------------------------------------------------------

    def close(self, code: int | None = None, reason: Chunk = "") -> Outcome:
        """Send a close frame, and close when the client has answered it, or `close_timeout` is over.

        `await ws.close()` returns when the connection is closed.

        Args:
            code: 1000 to 1003, 1007 to 1014 or 3000 to 4999; without one the frame is empty, and the client gets 1005.
            reason: a text of up to 123 bytes; it needs a code.

        Raises:
            InvalidArgValueError: the code may not be sent.
            OutOfRangeError: the reason is too long.
        """
        text = check_close(code, reason)
        if self._connection is not None:
            self._connection.close(code, text)
        return Outcome(self.wait_closed)

    def terminate(self) -> None:
        """Cut the connection; 'close' is emitted with 1006."""
        if self._connection is not None:
            self._connection.terminate()

    async def wait_closed(self) -> None:
        """Return when 'close' has been emitted; at once if it is still connecting."""
        if self._connection is None or self._end is not None:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._closed is None:
            self._closed = []
        self._closed.append(future)
        try:
            await future
        finally:
            self._closed.remove(future)

    waitClosed = wait_closed

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close, with 1011 after an error, and wait until it is closed."""
        await self.close(
            1000 if kind is None or issubclass(kind, (ConnectionLostError, GeneratorExit)) else 1011
        )

    def _listener_failed(self, error: BaseException, event: Hashable, args: tuple[Any, ...]) -> None:
        """Log what a listener raised, and close with 1011."""
        if type(error) is asyncio.CancelledError and error.__traceback__ is None:
            return
        log_failure(error, event, self, *self._log_subject())
        if self._connection is not None:
            self._connection.close(1011)

    def _log_subject(self) -> tuple[Any, Any]:
        return self._request, self.socket

    # -- called by the connection ---------------------------------------------------------

    def _on_ping(self, data: bytes) -> None:
        self._notify("ping", data)

    def _on_pong(self, data: bytes) -> None:
        self._notify("pong", data)

    def _on_drain(self) -> None:
        self._notify("drain")

    def _on_fault(self, error: BaseException) -> None:
        if not self._notify("error", error):
            log_unheard(error, "WebSocket", self._request, self.socket)

    def _on_closing(self) -> None:
        self._wake_reader()

    def _on_gone(self, lost: BaseException | None) -> None:
        connection = self._connection
        assert connection is not None
        if lost is not None:
            self._on_fault(lost)
        self._end = connection.received or _ABNORMAL
        self._wake_reader()
        if self._on_end is not None:
            self._on_end(self)
        self._notify("close", *self._end)
        for future in self._closed or ():
            if not future.done():
                future.set_result(None)
