"""Connection: one WebSocket on an upgraded connection, below the face that the program sees.

    CONNECTING -accept-> OPEN -close frame of either side, fault, end of input-> CLOSING -transport gone-> CLOSED

Invariant: what one read brings is parsed only as long as nothing holds it; meanwhile it waits as it came, and
nothing more is read.
"""

from __future__ import annotations

import os
from enum import IntEnum
from typing import Protocol

from writehead._connection.config import ConnectionConfig
from writehead._guests.websocket.deflate import Deflate
from writehead._guests.websocket.frame_queue import FrameQueue
from writehead._guests.websocket.frames import FIN, PING, frame
from writehead._guests.websocket.inbox import MOST, Inbox
from writehead._guests.websocket.options import ConnectionOptions
from writehead._guests.websocket.reader import Closed, Event, FrameReader, Ping, Pong
from writehead._loop.selector import untie
from writehead._net.socket import Socket
from writehead.errors import ConnectionLostError, WebSocketError

#: How many frames of one read are handled before other connections are served.
SLICE = 512

#: The code of a close frame without one, and of a connection that ended without a close frame (RFC 6455, 7.1.5).
NO_CODE, ABNORMAL = 1005, 1006


class Stage(IntEnum):
    """How far a WebSocket has come, by the numbers of npm's `ws`."""

    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


#: Why nothing is parsed or read, as bits: the handshake is not accepted yet; messages wait for the program; frames
#: wait for the client; the program has paused it; other connections come first.
HANDSHAKE, FULL, BLOCKED, PAUSED, LATER = 1, 2, 4, 8, 16


# As names of a module: looked up faster than members of a class.
CONNECTING, OPEN, CLOSING, CLOSED = Stage


class Face(Protocol):
    """What a connection notifies: an object that programs have, so that these methods are private to them."""

    def _on_messages(self, messages: list[str | bytes]) -> None: ...
    def _on_ping(self, data: bytes) -> None: ...
    def _on_pong(self, data: bytes) -> None: ...
    def _on_drain(self) -> None:
        """Called when all is sent after more than the high-water mark has waited."""
        ...

    def _on_fault(self, error: WebSocketError) -> None: ...
    def _on_closing(self) -> None:
        """Called when the code of its end is known: a close frame was sent or received, or the input has ended."""
        ...

    def _on_gone(self, lost: BaseException | None) -> None:
        """Called once and last, with the error if something that was sent was lost."""
        ...


class Connection(FrameQueue):
    """A WebSocket, as the protocol of its transport.

    Attributes:
        stage: how far it has come.
        received: code and reason of the client's close frame, 1005 if it had none; None before.
        sent: the same of ours.
        inbox: the messages that wait for the program, if there were any.
    """

    __slots__ = (
        "_ended",
        "_holds",
        "_options",
        "_pinged",
        "_unsent",
        "active_at",
        "face",
        "idle_after",
        "idle_fired",
        "idle_group",
        "inbox",
        "received",
        "sent",
        "stage",
    )

    def __init__(
        self, socket: Socket, config: ConnectionConfig, options: ConnectionOptions, face: Face
    ) -> None:
        super().__init__(socket, config, FrameReader(options.max_payload))
        self.face = face
        self.stage: Stage = CONNECTING
        self.received: tuple[int, str] | None = None
        self.sent: tuple[int, str] | None = None
        self.inbox: Inbox | None = None
        self._options = options
        self._holds: int = HANDSHAKE
        self._ended = False  # the client's FIN has come, behind what waits
        self._pinged = False
        self._unsent = 0  # bytes that waited for the client when that was last looked at
        self.idle_after = self.active_at = self.idle_group = 0.0  # see `Idler`
        self.idle_fired = False

    # -- the handshake ----------------------------------------------------------------

    def begin(self, head: bytes) -> None:
        """Take over the socket; `head` is what came behind the handshake, and waits."""
        early = head + self.socket._take_unread()
        transport = self.channel.transport
        self.config.upgraded.discard(transport.get_protocol())
        transport.set_protocol(self)
        if early:
            self.reader.feed(early)
            self.channel.pause_reading()
        else:
            self.channel.resume_reading()

    def accept(self, head: bytes, deflate: Deflate | None) -> None:
        """Send the head that accepts the handshake; from now on it is open."""
        self.stage = OPEN
        self.reader.deflate = deflate
        self.socket.set_timeout(0)  # no clock of HTTP runs on
        self.put(head)
        if self._options.ping_interval:
            self.config.timers.watch(self, self._options.ping_interval)
        self._release(HANDSHAKE)

    def refuse(self, response: bytes) -> None:
        """Send a response that refuses the handshake, and close."""
        if self.stage is CONNECTING:
            self.stage = CLOSING
            self.channel.refuse_upgrade(response)
            self._end(expects_more=True)

    # -- called by the transport --------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        channel = self.channel
        channel.bytes_read += len(data)
        if channel.idle_after:
            channel.touch()
        if self.stage is OPEN and self.idle_after:
            self._note_life()
        self.reader.feed(data)
        if self._holds:
            channel.pause_reading()  # some transports bring what they have read already
            return
        ticks = channel.ticks
        holds = not ticks.held
        ticks.held = True
        try:
            self._parse()
        finally:
            if not holds:
                pass
            elif ticks.due:
                ticks.run()
            else:
                ticks.held = False

    def eof_received(self) -> bool:
        self._in_tick(self._on_eof)
        return True

    def _on_eof(self) -> None:
        """End: a WebSocket is not half-open (RFC 6455, 7.1.4); what was sent still leaves."""
        self.channel.peer_ended = True
        if self.stage is CONNECTING:
            self.channel.destroy()
        elif self.stage is OPEN and self._holds:
            self._ended = True  # behind what waits
        else:
            self._begin_closing()
            self._end()

    def connection_lost(self, exc: BaseException | None) -> None:
        channel = self.channel
        untie(channel.transport)
        self.config.on_socket_gone()
        lost = None
        if not channel.fate and (self._out or channel.held or channel.blocked):
            lost = ConnectionLostError()
            lost.__cause__ = exc
        self._in_tick(self._on_lost, exc, lost)

    def _on_lost(self, exc: BaseException | None, lost: BaseException | None) -> None:
        self._out = []
        self._out_size = 0
        self.config.timers.forget(self)
        was_open = self.stage is OPEN
        self.stage = CLOSING
        self.channel.connection_lost(exc)
        if was_open:
            self.face._on_closing()
        self.channel.ticks.later(self._gone, lost)

    def _gone(self, lost: BaseException | None) -> None:
        self.stage = CLOSED
        self.face._on_gone(lost)

    # -- reading ------------------------------------------------------------------------

    def _parse(self) -> None:
        """Handle what was read, as long as nothing holds."""
        reader = self.reader
        left = SLICE
        self._in_read = True
        try:
            while not self._holds and (waiting := reader.waiting):
                if left <= 0:
                    self._hold(LATER)
                    self.channel.ticks.wait(self)
                    break
                inbox = self.inbox
                if inbox is None:
                    messages = reader.messages(MOST, self._mark)
                else:
                    messages = reader.messages(MOST - len(inbox.messages), inbox.mark - inbox.size)
                if messages:
                    left -= len(messages)
                    self.face._on_messages(messages)
                    continue
                event = reader.next()
                if event is not None:
                    left -= 1
                    self._on_event(event)
                elif reader.waiting == waiting:
                    break  # the header of a frame that is not whole
        finally:
            self._in_read = False
            if self._out:
                self.flush()

    def serve_slice(self) -> None:
        """Handle the next slice of what was read."""
        self._in_tick(self._release, LATER, True)

    def _hold(self, reason: int) -> None:
        """Parse and read nothing more until `release`."""
        self._holds |= reason
        self.channel.pause_reading()

    def _release(self, reason: int, now: bool = False) -> None:
        """Go on in a later tick, or now, unless there is another reason not to."""
        if not self._holds & reason:
            return
        self._holds &= ~reason
        if self._holds:
            return
        if now:
            self._go_on()
        else:
            self.channel.ticks.later(self._go_on)

    def keep(self, messages: list[str | bytes]) -> None:
        """Let messages wait for the program, and read nothing more if they are enough.

        But when the client is to answer our close frame, reading goes on, and what is too much is dropped.
        """
        inbox = self.own_inbox()
        if not inbox.is_full and inbox.put(messages) and self.stage is OPEN:
            self._hold(FULL)

    def own_inbox(self) -> Inbox:
        """Return the inbox, made when it is first needed."""
        if self.inbox is None:
            self.inbox = Inbox(self._mark, self._on_room)
        return self.inbox

    def _on_room(self) -> None:
        self._release(FULL)

    def pause(self) -> None:
        """Read nothing for the program."""
        self._hold(PAUSED)

    def resume(self) -> None:
        """Read again for the program."""
        self._release(PAUSED)

    def _go_on(self) -> None:
        if self._holds or self.stage is CLOSED:
            return
        if self.stage is OPEN and self.idle_after:
            self._note_life()  # while nothing is read, the client cannot show that it lives
        self._parse()
        self._read_on()

    def _read_on(self) -> None:
        """Read again, unless what was parsed has filled something."""
        if self._holds:
            return
        self.channel.resume_reading()
        if self._ended:
            self._on_eof()

    def _on_event(self, event: Event) -> None:
        face = self.face
        if isinstance(event, str | bytes):
            face._on_messages([event])
        elif isinstance(event, Ping):
            if self._options.auto_pong:
                self.put(event.reply)
            face._on_ping(event.data)
        elif isinstance(event, Pong):
            face._on_pong(event.data)
        elif isinstance(event, Closed):
            self.received = event.code, event.reason
            if event.reply:
                self.sent = self.received
                self.put(event.reply)
            self._begin_closing()
            self._end()
        else:
            if event.reply:
                self.sent = event.error.close_code or ABNORMAL, event.reason
                self.put(event.reply)
            face._on_fault(event.error)
            self._begin_closing()
            self._end(expects_more=True)

    # -- writing ------------------------------------------------------------------------

    def _on_blocked(self) -> None:
        if not self._holds & BLOCKED:
            self._hold(BLOCKED)
            self.channel.call_when_passed(self._on_passed)

    def _on_passed(self, error: BaseException | None) -> None:
        if error is None:
            self._release(BLOCKED)
            self.face._on_drain()

    # -- the end --------------------------------------------------------------------------

    def close(self, code: int | None, reason: str = "") -> None:
        """Send a close frame; the client has `close_timeout` to answer it."""
        if self.stage is not OPEN:
            return
        self.put(self.reader.close(code, reason))
        self.sent = NO_CODE if code is None else code, reason
        self._begin_closing()
        self._watch_end()
        self._release(FULL)

    def fail(self, code: int, reason: str = "") -> None:
        """Send a close frame, and end the connection without waiting for an answer."""
        if self.stage is OPEN:
            self.close(code, reason)
            self._end(expects_more=True)

    def terminate(self) -> None:
        """Cut the connection."""
        if self.stage is not CLOSED:
            was_open = self.stage is OPEN
            self.stage = CLOSING
            self.channel.destroy()
            if was_open:
                self.face._on_closing()

    def _begin_closing(self) -> None:
        if self.stage is OPEN:
            self.stage = CLOSING
            self.face._on_closing()

    def _end(self, expects_more: bool = False) -> None:
        """Close when all is sent; with `expects_more` the client is likely to send more meanwhile."""
        self.flush()
        channel = self.channel
        channel.expects_more = expects_more
        channel.destroy_soon()
        if not channel.fate:
            self._watch_end()
        self._release(FULL | BLOCKED | PAUSED)

    def _watch_end(self) -> None:
        timers = self.config.timers
        timers.forget(self)
        self.idle_fired = False
        timers.watch(self, self._options.close_timeout)

    # -- clocks -----------------------------------------------------------------------------

    def _note_life(self) -> None:
        """Start the wait for the next ping anew: something has come."""
        timers = self.config.timers
        if self._pinged:
            self._pinged = False
            timers.watch(self, self._options.ping_interval)
        else:
            self.active_at = timers.clock.time()

    def on_idle(self) -> None:
        """Called when nothing has come for the time that is watched, or the client is late to close."""
        if self.stage is OPEN:
            self.channel.judge(self._is_silent, self._on_silence)
        elif self.stage is CLOSING:
            self.channel.judge(lambda: self.idle_fired and self.stage is CLOSING, self.channel.destroy)

    def _is_silent(self) -> bool:
        return self.idle_fired and self.stage is OPEN

    def _on_silence(self) -> None:
        options = self._options
        unsent, self._unsent = self._unsent, self.channel.pending
        if self._holds & ~BLOCKED or (self._holds and unsent != self._unsent):
            self.config.timers.watch(self, options.ping_interval)  # it cannot show that it lives, or does
        elif self._pinged:
            self._in_tick(self.fail, 1011, "keepalive ping timeout")
        else:
            self._pinged = True
            self._in_tick(self.put, frame(FIN | PING, os.urandom(4)))
            self.config.timers.watch(self, options.ping_timeout)
