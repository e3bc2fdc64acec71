"""WebSocketCall: one run of an application for one WebSocket.

    connecting -accept-> open -close frame of either side, or the client leaves-> over
        |-> denying (a response in place of the WebSocket) -> over
        `-> refused, or the client leaves -> over

Invariant: `receive` gives what came in its order, and the end after that, again and again.
"""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from writehead._connection.upgraded import behind_responses
from writehead._guests.asgi import failures
from writehead._guests.asgi.app_types import Message, Scope
from writehead._guests.asgi.denial import Denial
from writehead._guests.asgi.scope import Place
from writehead._guests.asgi.websocket_scope import read_accept, websocket_scope
from writehead._guests.websocket.checking import offer_of, upgraded_by
from writehead._guests.websocket.frames import WHOLE_BINARY, WHOLE_TEXT
from writehead._guests.websocket.inbox import Inbox
from writehead._guests.websocket.refusal import CLOSING, FAILED, FORBIDDEN, Refusal
from writehead._guests.websocket.sending import LONGEST_REASON, may_be_sent
from writehead._loop.listener_tasks import start
from writehead._message.incoming import IncomingMessage
from writehead._net.socket import Socket
from writehead.errors import ASGIMessageError, ASGIStateError, ConnectionLostError

if TYPE_CHECKING:
    from writehead._guests.asgi.mount import Mount
    from writehead._guests.websocket.connection import Connection
    from writehead._guests.websocket.handshake import Offer


class State(IntEnum):
    """How far a WebSocket is, for its application."""

    CONNECTING = 0
    DENYING = 1
    OPEN = 2
    OVER = 3


CONNECTING, DENYING, OPEN, OVER = State

_EXPECTED = {
    CONNECTING: (
        "the WebSocket is not accepted",
        "'websocket.accept', 'websocket.close' or 'websocket.http.response.start'",
    ),
    DENYING: ("the WebSocket is denied", "'websocket.http.response.body'"),
    OPEN: ("the WebSocket is open", "'websocket.send' or 'websocket.close'"),
}

_KINDS = frozenset(
    (
        "websocket.accept",
        "websocket.close",
        "websocket.http.response.body",
        "websocket.http.response.start",
        "websocket.send",
    )
)


class WebSocketCall:
    """One run of an application for one WebSocket; the face of its connection.

    Args:
        mount: what hosts the application.
        place: what is the same for the connection.
        target: of the handshake.
        offer: what the client offers.
    """

    method = "GET"
    task: asyncio.Task[Any] | None = None
    overdue: asyncio.TimerHandle | None = None  # cancels the task some time after the client has left
    connection: Connection

    def __init__(self, mount: Mount, place: Place, target: bytes, offer: Offer) -> None:
        self.mount = mount
        self.place = place
        self.target = target
        self._offer = offer
        self._state: State = CONNECTING
        self._told = False  # the application has got `websocket.connect`
        self._inbox: Inbox
        self._denial: Denial | None = None
        self._closed_itself = False
        self._unyielded = 0  # bytes that were sent without letting the loop go on

    def open_on(self, connection: Connection) -> None:
        """Stand for a connection whose handshake waits to be accepted."""
        self.connection = connection
        self._inbox = connection.own_inbox()

    # -- the task --------------------------------------------------------------------

    def begin(self, scope: Scope, loop: asyncio.AbstractEventLoop) -> None:
        """Run the application in a task of its own, up to its first wait at once."""
        mount = self.mount
        try:
            task = start(mount.called(scope, self.receive, self.send), loop, mount.copy_context())
        except (KeyboardInterrupt, SystemExit):
            self._end_as_failed()
            raise
        if task.done():
            self._judge(task)
            return
        self.task = task
        mount.calls.add(self)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[Any]) -> None:
        self.task = None
        if self.overdue is not None:
            self.overdue.cancel()
        ticks = self.connection.channel.ticks
        holds = ticks.hold()
        try:
            self._judge(task)
            self.mount._forget(self)
        finally:
            if holds:
                ticks.run()

    def _judge(self, task: asyncio.Task[Any]) -> None:
        """Refuse or close the WebSocket, now that the application has ended, unless it has done so."""
        try:
            returned = task.result()
        except BaseException as error:  # also that of a cancellation
            self._on_raised(error)
            return
        self._on_returned(returned)

    def _on_returned(self, returned: Any) -> None:
        if returned is not None:
            failures.warn_of_result(self, returned)
        if self._state is OPEN:
            self._closed_itself = True
            self._close(1000, "")
        elif self._state is not OVER:
            failures.log_unfinished(self, nothing_sent=self._state is CONNECTING)
            self._end_as_failed()

    def _on_raised(self, error: BaseException) -> None:
        over = self._state is OVER
        failures.log_end(self, error, lost=over, over=over)
        self._end_as_failed()

    def _end_as_failed(self) -> None:
        """End for an application that has failed: 500, a cut response, or close frame 1011."""
        if self._state is CONNECTING:
            self._refuse(FAILED)
        elif self._state is DENYING:
            self._state = OVER
            self.connection.terminate()
        elif self._state is OPEN:
            self._closed_itself = True
            self._close(1011, "")

    # -- called by the application --------------------------------------------------------

    async def receive(self) -> Message:
        """Return `websocket.connect`, then the messages, then `websocket.disconnect` again and again."""
        if not self._told:
            self._told = True
            return {"type": "websocket.connect"}
        inbox = self._inbox
        while not inbox.messages:
            if self._state is OVER:
                return self._disconnect()
            await inbox.wait()
        if self._closed_itself:
            return self._disconnect()
        message = inbox.take()
        if type(message) is str:
            return {"type": "websocket.receive", "text": message}
        return {"type": "websocket.receive", "bytes": message}

    def _disconnect(self) -> Message:
        """Return the end: the client's close frame, else ours, else a loss."""
        connection = self.connection
        code, reason = connection.received or connection.sent or (1006, "")
        return {"type": "websocket.disconnect", "code": code, "reason": reason}

    async def send(self, message: Message) -> None:
        """Send a message; wait while the client is slow.

        Raises:
            ASGIMessageError: it is malformed, or of an unknown type.
            ASGIStateError: it does not fit now.
            ConnectionLostError: the WebSocket is closed, or the client has left.
        """
        try:
            kind = message["type"]
        except (TypeError, KeyError, IndexError):
            if self._state is OVER:
                await self._fail_late()
            raise ASGIMessageError(None, None, "must be a dict with a 'type'", message) from None
        if kind == "websocket.send" and self._state is OPEN:  # by far the commonest
            connection = self.connection
            text, data = message.get("text"), message.get("bytes")
            if data is None and isinstance(text, str):
                data = _encoded(text)
                connection.send(WHOLE_TEXT, data)
            elif text is None and data is not None:
                data = data if type(data) is bytes else _as_bytes(data)
                connection.send(WHOLE_BINARY, data)
            else:
                raise _not_one(text, data)
            self._unyielded += len(data)
            if connection.channel.blocked or self._unyielded >= connection.channel.mark:
                await self._wait_for_client()
        else:
            await self._send_other(message, kind)

    async def _send_other(self, message: Message, kind: Any) -> None:
        state = self._state
        if state is OVER:
            if kind != "websocket.close":
                await self._fail_late()
        elif kind == "websocket.close":
            self._take_close(message)
        elif kind == "websocket.accept" and state is CONNECTING:
            self._accept(message)
        elif kind == "websocket.http.response.start" and state is CONNECTING:
            self._deny(message)
        elif kind == "websocket.http.response.body" and state is DENYING:
            await self._send_body(message)
        elif kind in _KINDS:
            raise ASGIStateError(kind, *_EXPECTED[state])
        else:
            raise ASGIMessageError(str(kind), "type", "is not known here")

    async def _fail_late(self) -> None:
        """Raise behind the end; what listens to `receive` goes first, and may end the work in its way."""
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        raise ConnectionLostError

    def _accept(self, message: Message) -> None:
        from writehead._guests.websocket import deflate, handshake

        subprotocol, fields = read_accept(message, self._offer.protocols)
        options = self.mount.websocket_options
        agreed = None
        if options is not None and options.deflate is not None:
            agreed = deflate.agree(self._offer.extensions, options.deflate)
        extensions, extension = (None, None) if agreed is None else agreed
        lines = handshake.lines_of(self._offer.key, subprotocol, extensions)
        self._state = OPEN
        self.connection.accept(handshake.head_of([*lines, *fields]), extension)

    async def _wait_for_client(self) -> None:
        """Wait while the client is slow; let the loop go on after each mark of bytes."""
        connection = self.connection
        mark = connection.channel.mark
        if connection.pending < mark:
            if self._unyielded >= mark:
                self._unyielded = 0
                await asyncio.sleep(0)
            return
        self._unyielded = 0
        try:
            await connection.drain()
        except ConnectionLostError:
            await self._fail_late()

    def _take_close(self, message: Message) -> None:
        if self._state is DENYING:
            raise ASGIStateError("websocket.close", *_EXPECTED[DENYING])
        code, reason = _read_close(message, self)
        if self._state is CONNECTING:
            self._refuse(FORBIDDEN)
        else:
            self._closed_itself = True
            self._close(code, reason)

    def _close(self, code: int, reason: str) -> None:
        self._state = OVER
        self.connection.close(code, reason)
        self._inbox.wake_all()

    def _refuse(self, refusal: Refusal) -> None:
        self._state = OVER
        self.connection.refuse(refusal.render())
        self._inbox.wake_all()

    def _deny(self, message: Message) -> None:
        denial = Denial(self.connection.channel, self._on_denied)
        denial.start(message, "websocket.http.response.start")
        self._denial = denial
        self._state = DENYING

    async def _send_body(self, message: Message) -> None:
        denial = self._denial
        assert denial is not None
        room = denial.send_body(message, "websocket.http.response.body")
        if denial.is_complete:
            self._state = OVER
            self._inbox.wake_all()
        if not room:
            await self._wait_for_client()

    def _on_denied(self) -> None:
        """Called when the whole response was sent."""
        self.connection.refuse(b"")

    # -- called by the server -----------------------------------------------------------

    def on_closing(self) -> None:
        """End, as the server closes: 503, or close frame 1012."""
        if self._state is CONNECTING:
            self._refuse(CLOSING)
        elif self._state is OPEN:
            self._close(1012, "")

    def on_deadline(self) -> None:
        """Cut the connection."""
        self.connection.terminate()

    # -- called by the connection ----------------------------------------------------------

    def _on_messages(self, messages: list[str | bytes]) -> None:
        if not self._closed_itself:  # else the application has no interest in them any more
            self.connection.keep(messages)

    def _on_ping(self, data: bytes) -> None:
        """Do nothing: it is answered, and no message tells of it."""

    def _on_pong(self, data: bytes) -> None:
        """Do nothing: it was a sign of life."""

    def _on_drain(self) -> None:
        """Do nothing: each `send` waits for itself."""

    def _on_fault(self, error: BaseException) -> None:
        failures.log_loss(self, error)

    def _on_closing(self) -> None:
        """Called when the code of the end is known."""
        if self._state is not OVER:  # the application has not closed it
            self._lose()

    def _on_gone(self, lost: BaseException | None) -> None:
        if self._state is not OVER:
            self._lose()
        self._inbox.wake_all()
        self.mount.websockets.discard(self)

    def _lose(self) -> None:
        self._state = OVER
        if self._denial is not None:
            self._denial.lose()
        self._inbox.wake_all()
        self.mount._limit(self)


def take(mount: Mount, request: IncomingMessage, socket: Socket, early: bytes) -> None:
    """Answer a handshake for an application, when earlier responses are sent; `early` has come behind it."""
    behind_responses(socket, lambda: _take(mount, request, socket, early))


def _take(mount: Mount, request: IncomingMessage, socket: Socket, early: bytes) -> None:
    """Refuse a handshake, or run the application."""
    head = request._head
    if socket.destroyed or head is None:
        return
    options = mount.websocket_options
    assert options is not None
    raw = upgraded_by(socket)
    offer = offer_of(request, raw.config, options.origins)
    if isinstance(offer, Refusal):
        offer.answer(socket)
        return
    from writehead._guests.websocket.connection import Connection

    place = Place(socket.transport)
    target = head.target
    call = WebSocketCall(mount, place, target, offer)
    connection = Connection(socket, raw.config, options, call)
    call.open_on(connection)
    mount.websockets.add(call)
    connection.begin(early)
    scope = websocket_scope(
        place,
        target,
        head.pairs(),
        offer.protocols[:],
        mount.scope_root,
        mount.state,
        mount.root_path,
        mount.closing,
    )
    call.begin(scope, asyncio.get_running_loop())


# -- messages -------------------------------------------------------------------------------


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        reason = f"must be text that UTF-8 can encode: {error.reason} at index {error.start}"
        raise ASGIMessageError("websocket.send", "text", reason) from None


def _as_bytes(data: Any) -> bytes:
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise ASGIMessageError("websocket.send", "bytes", "must be bytes-like", data) from None


def _not_one(text: Any, data: Any) -> ASGIMessageError:
    kind = "websocket.send"
    if text is None:
        return ASGIMessageError(kind, None, "must have a 'text' or 'bytes'")
    if data is None:
        return ASGIMessageError(kind, "text", "must be a str", text)
    return ASGIMessageError(kind, None, "must have one of 'text' and 'bytes', not both")


def _read_close(message: Message, call: WebSocketCall) -> tuple[int, str]:
    """Return code and reason; a reason that is too long is cut at a character, with a warning."""
    kind = "websocket.close"
    code = message.get("code")
    if code is None:
        code = 1000
    reason = message.get("reason")
    if reason is None:
        reason = ""
    if not may_be_sent(code):
        raise ASGIMessageError(kind, "code", "must be 1000 to 1003, 1007 to 1014 or 3000 to 4999", code)
    if not isinstance(reason, str):
        raise ASGIMessageError(kind, "reason", "must be a str", reason)
    try:
        payload = reason.encode()
    except UnicodeEncodeError:
        raise ASGIMessageError(kind, "reason", "must be text that UTF-8 can encode", reason) from None
    if len(payload) > LONGEST_REASON:
        failures.warn_of_reason(call, len(payload))
        reason = payload[:LONGEST_REASON].decode(errors="ignore")
    return int(code), reason
