"""Flow: a socket's bytes on their way to the transport, and what comes back.

Law: nobody else calls `transport.write`. Bytes are held until the turn ends (Node: cork
and uncork on the next tick) or until somebody says "now"; a callback is called when the
operating system has taken the bytes before it, never inside the call that wrote them.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context, copy_context
from typing import Any, Protocol

from writehead._loop.selector import is_selector
from writehead._loop.ticks import Turns, turns
from writehead._loop.timers import IdleTimers
from writehead._net.config import SocketConfig
from writehead._node.callbacks import UserCallback
from writehead._semantics.exchange import Done, Ending
from writehead._streams.readable import Readable

logger = logging.getLogger("writehead")

#: Up to here parts are joined into one write; longer ones are handed down as they are,
JOIN = 65536

#: unless they are small ones: of fewer bytes than this each.
SMALL = 4096

#: So many times the high-water mark may wait before the log names who ignores `write`'s False.
FLOOD = 64

#: And so many puts must have been refused then: one large write is a few of them.
UNHEARD = 16


#: In `_committed`: what leaves is `_last`, alone.
LAST = -1

#: In `_ease`: what must be looked at before more is taken. Everything;
BUSY = 0
#: only how much is held, as the turn is corked and nothing is in the way of the bytes;
OPEN = 1
#: or nothing: nothing is held, due, corked or on its way, and nobody has ended or destroyed it.
CALM = 2


class Owner(Protocol):
    """Who owns the bytes of a socket: the HTTP connection, until an upgrade."""

    @property
    def _waits_for_turn(self) -> bool: ...
    def _on_socket_drain(self) -> None: ...
    def _on_timeout_asked(self) -> None: ...
    def _on_socket_timeout(self) -> bool: ...
    def _on_socket_error(self, error: BaseException) -> None: ...
    def _on_socket_close(self) -> int: ...
    def _close_responses(self) -> None: ...
    def _on_socket_resume(self) -> None: ...


class PacketState(Readable):
    """What is asked of a socket for every packet, side by side in memory: of a thousand sockets none is in the
    processor's cache when its turn comes.
    """

    __slots__ = (
        "_active_at",
        "_blocked",
        "_bytes_passed",
        "_bytes_read",
        "_committed",
        "_destroyed",
        "_ease",
        "_ending",
        "_idle_after",
        "_idle_fired",
        "_in_packet",
        "_last",
        "_listeners",
        "_reading_paused",
        "_transport",
        "_turns",
    )


class SocketFlow(PacketState):
    """The moving parts of a Socket; see there."""

    _ends_by_close = False  # a two-way stream outlives its reading side
    _tells_taker = True

    __slots__ = (
        "_closed",
        "_config",
        "_corked",
        "_destroy_when_flushed",
        "_due",
        "_end_callbacks",
        "_errored",
        "_finished",
        "_held",
        "_held_size",
        "_high_water_mark",
        "_idle_group",
        "_lost_error",
        "_need_drain",
        "_owner",
        "_taken",
        "_timers",
        "_turn_corked",
        "_waiting",
        "_written_ended",
    )

    # Of few sockets, or at their end.
    _peer_ended = False
    _refused = 0
    _linger = False  # the client is likely to send more
    _tells_resume = False  # 'pause' was emitted, as HTTP has stopped reading
    _said_all = False  # it may be closed as one that was flushed, if it is
    _unsent_at_idle = 0
    _timeout: float | None = None
    _message: Any = None  # the response that has this socket (assign_socket by hand)
    _own_context: Context | None = None  # of the connection; of an upgrade's request, once it has the socket
    _had_error = False
    _sends_beside = False  # the kernel's copy of a file waits for the client (sendfile)

    def __init__(
        self,
        transport: asyncio.Transport | None = None,
        config: SocketConfig | None = None,
        owner: Owner | None = None,
    ) -> None:
        self._listeners = None
        self._bytes_read = self._bytes_passed = self._committed = self._corked = self._held_size = 0
        self._in_packet = self._turn_corked = self._need_drain = self._reading_paused = False
        self._destroyed = self._written_ended = self._blocked = self._closed = False
        self._idle_fired = self._finished = self._destroy_when_flushed = False
        self._idle_after = self._idle_group = self._active_at = 0.0
        self._taken = True  # when it was destroyed, the system had all that had been passed on
        self._ease = CALM
        self._transport: Any = transport
        self._config = config
        self._timers: IdleTimers | None = None if config is None else config.timers
        self._owner = owner
        self._turns: Turns = turns()
        self._high_water_mark = 65536 if config is None else config.high_water_mark
        self._held: list[bytes] = []
        self._due: list[Done] | None = None
        self._waiting: list[list[Done]] | None = None
        self._end_callbacks: list[UserCallback] | None = None
        self._last: bytes | None = None  # with `_committed` LAST: all that leaves at the end of the packet
        self._ending: Ending | None = None  # due first at the end of the packet
        self._lost_error: BaseException | None = None
        self._errored: BaseException | None = None

    @property
    def _listener_context(self) -> Context:  # type: ignore[override]  # made when somebody listens
        context = self._own_context
        if context is None:
            config = self._config
            context = copy_context() if config is None else config.copy_context()
            self._own_context = context
        return context

    # -- Sink: what exchanges ask ----------------------------------------------

    @property
    def pending(self) -> int:
        """Bytes not yet with the operating system."""
        size = self._held_size
        if self._last is not None:
            size += len(self._last)
        if self._blocked:
            size += self._transport.get_write_buffer_size()
        return size

    @property
    def mark(self) -> int:
        """The high-water mark in bytes."""
        return self._high_water_mark

    def put(self, data: bytes, done: Done | None = None) -> bool:
        """Hold `data` to the end of this turn; False at or over the mark."""
        if self._destroyed or self._written_ended:
            return False
        self._ease = BUSY
        if self._committed:  # what was to leave at once is not counted (Node)
            self._pass_on(self._committed)
        size = self._held_size
        if data:
            self._held.append(data)
            self._held_size = size = size + len(data)
        if done is not None:
            self._owe(done)
        if not self._turn_corked and not self._corked:
            self._turn_corked = True
            self._turns.later(self._end_turn)
        if self._blocked:
            size += self._transport.get_write_buffer_size()
        elif self._turn_corked:
            self._ease = OPEN
        return size < self._high_water_mark or self._refuse_more(size)

    def _owe(self, done: Done) -> None:
        """Call `done` once the system has what is held now."""
        if self._due is None:
            self._due = [done]
        else:
            self._due.append(done)

    def put_parts(self, parts: tuple[bytes, ...], size: int) -> bool:
        """Hold `parts`, of `size` bytes together, as `put` does."""
        if self._ease != OPEN:
            return self.put(b"".join(parts))
        self._held += parts
        self._held_size = size = self._held_size + size
        return size < self._high_water_mark or self._refuse_more(size)

    def _refuse_more(self, size: int) -> bool:
        """Ask to wait for 'drain'; tell the log of who does not."""
        self._need_drain = True
        if size > FLOOD * self._high_water_mark:
            self._refused += 1
            if self._refused == UNHEARD:
                self._tell_flood(size)
        return False

    def _tell_flood(self, size: int) -> None:
        logger.warning(
            "%d bytes wait for a client that reads more slowly than write() is called: "
            "once it has returned False, wait for 'drain' or `await res.drain()`",
            size,
        )

    def put_now(self, data: bytes, done: Done | None = None) -> None:
        """Pass on `data` and all held before it, unless the user has corked the socket."""
        if self._corked:
            self.put(data, done)
        else:
            self._put_through(data, done)

    def _put_through(self, data: bytes, done: Done | None) -> None:
        if self._destroyed or self._written_ended:
            return
        self._ease = BUSY
        size = len(data)
        if size:
            self._held.append(data)
            self._held_size += size
        if done is not None:
            self._owe(done)
        self._commit()

    def settle(self) -> None:
        """Pass on what waits for the end of the packet."""
        if self._committed:
            self._pass_on(self._committed)

    def _end_turn(self) -> None:
        self._turn_corked = False
        if self._ease == OPEN:
            self._ease = BUSY
        if (self._held or self._due) and not self._corked:
            self._commit()

    def _commit(self) -> None:
        if self._committed == LAST:
            self._pass_on(LAST)
        if self._in_packet:
            self._committed = len(self._held)
        else:
            self._pass_on(len(self._held))
        due = self._due
        if due is not None or self._need_drain:
            self._due = None
            self._turns.later(self._passed, due or [])

    def put_last(self, data: bytes, ending: Ending, body: bytes | None = None) -> bool:
        """Pass on what ends a response, which hears of it on a later turn and asks `is_settled`.

        The commonest write of all, so nothing is made for it: the end of the packet is
        the later turn, if nothing else is due before. A `body` is too large to be copied behind its head.
        """
        if self._ease == CALM and self._in_packet and not self._turns.due:
            self._ease = BUSY
            if body is None:
                self._last = data
                self._committed = LAST
            else:
                self._held = [data, body]
                self._held_size = len(data) + len(body)
                self._committed = 2
            self._ending = ending
            return True
        if body is not None:
            self.put(data)
            data = body
        self._ease = BUSY
        if self._committed == LAST:
            self._pass_on(LAST)
        if self._due or self._need_drain or self._corked or self._destroyed or self._written_ended:
            self._corked = 0  # Node: the end of a response undoes the socket's own corks as well
            self._put_through(data, ending.on_passed)
            return not (self._destroyed or self._written_ended)
        held = self._held
        size = len(data)
        held.append(data)
        self._held_size += size
        if not self._in_packet:
            self._pass_on(len(held))
        else:
            self._committed = len(held)
            if not self._turns.due and self._ending is None:
                self._ending = ending
                return True
        self._turns.later(ending.on_settled)
        return True

    def _end_packet(self) -> Ending | None:
        """Pass on what waited for the end of the packet; return what has ended, all of it taken."""
        self._in_packet = False
        committed = self._committed
        ending = self._ending
        if ending is None:
            if committed:
                self._pass_on(committed)
            return None
        self._ending = None
        if committed == LAST:  # by far the commonest
            data: Any = self._last
            self._last = None
            self._committed = 0
            self._bytes_passed += len(data)
            self._transport.write(data)
            ease = CALM
        else:
            self._pass_on(committed)
            rest = self._held or self._due or self._need_drain or self._corked or self._written_ended
            ease = BUSY if rest else CALM
        if self._blocked or self._destroyed or self._transport.is_closing():
            ending.on_settled()
            return None
        self._ease = ease
        return ending

    def put_ahead(self, parts: list[bytes], size: int) -> None:
        """Add to what leaves at the end of the packet; who wrote it asks `is_settled` in its turn."""
        if self._last is not None:
            parts.insert(0, self._last)
            size += len(self._last)
            self._last = None
        self._held += parts
        self._held_size += size
        self._committed = len(self._held)

    def is_settled(self, ending: Ending) -> bool:
        """Tell whether the system has all that was passed on; if not, `ending` hears of it."""
        if self._committed:
            self._pass_on(self._committed)
        if self._blocked or self._is_lost():
            self._wait([ending.on_passed])
            return False
        return True

    def _pass_on(self, count: int) -> None:
        """Give the first `count` held parts to the transport; or `_last`, with LAST."""
        held = self._held
        self._committed = 0
        if not count:
            return
        if count == LAST:
            held = [self._last]  # type: ignore[list-item]  # it is there
            self._last = None
            size = len(held[0])
        elif count == len(held):
            self._held = []
            size, self._held_size = self._held_size, 0
        else:
            self._held = held[count:]
            held = held[:count]
            size = sum(map(len, held))
            self._held_size -= size
        self._bytes_passed += size
        transport = self._transport
        if transport is None or transport.is_closing():  # loops complain of writes after a loss
            return
        if len(held) == 1:  # by far the commonest
            transport.write(held[0])
        elif size <= JOIN or size < SMALL * len(held):
            transport.write(b"".join(held))
        elif is_selector(transport):
            # Its `writelines` (3.12.1, 3.13.0) does not tell of what the system did not take.
            transport.write(b"".join(held))
        else:
            transport.writelines(held)
        if self._idle_after and not self._in_packet:
            self._touch()

    def _wait(self, due: list[Done]) -> None:
        if self._waiting is None:
            self._waiting = []
        self._waiting.append(due)

    def _passed(self, due: list[Done]) -> None:
        """Call back for bytes that were passed on, if the system has taken them."""
        if self._committed:
            self._pass_on(self._committed)
        if self._blocked or self._is_lost():
            self._wait(due)
        else:
            self._call_due(due)

    def _on_sent_beside(self, count: int) -> None:
        """Note bytes that the kernel copied to the client (sendfile)."""
        self._bytes_passed += count
        if self._idle_after:
            self._touch()

    def _is_lost(self) -> bool:
        """Tell whether the transport gave up: what it still held never left."""
        if self._destroyed:
            return not self._taken
        return self._transport is not None and self._transport.is_closing()

    def _call_due(self, due: list[Done]) -> None:
        if self._need_drain and not self._written_ended and not self._destroyed and not self.pending:
            self._need_drain = False
            if self._refused < UNHEARD:
                self._refused = 0
            if self._owner is not None:
                self._owner._on_socket_drain()
            self._notify("drain")
        for done in due:
            done(None)

    # -- what the transport says -----------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Nothing to do: a socket is made when the transport is there."""

    def data_received(self, data: bytes) -> None:
        """Take bytes of a socket that the user owns."""
        self._bytes_read += len(data)
        if self._idle_after:
            self._touch()
        if not self._push(data):
            self._pause_transport()

    def pause_writing(self) -> None:
        """Note that the system took only a part."""
        self._blocked = True
        self._ease = BUSY

    def resume_writing(self) -> None:
        """All passed on has been taken: call back in order."""
        self._blocked = False
        if self._idle_after:
            self._touch()
        waiting, self._waiting = self._waiting, None
        for due in waiting or ():
            self._call_due(due)
        if self._need_drain and not waiting:
            self._call_due([])
        if self._written_ended and not self._blocked:
            self._finish_writing()

    def _finish_writing(self) -> None:
        """Send FIN when all has been taken; see `SocketEnd`."""
        raise NotImplementedError

    def _want(self) -> None:
        self._resume_transport()

    def _pause_transport(self) -> None:
        if not self._reading_paused and self._transport is not None and not self._transport.is_closing():
            self._reading_paused = True
            self._transport.pause_reading()

    def _resume_transport(self) -> None:
        if self._reading_paused and self._transport is not None and not self._transport.is_closing():
            self._reading_paused = False
            self._turns.outside(self._transport.resume_reading)

    def _touch(self) -> None:
        """Note a read or a write; see `SocketIdle`."""
        raise NotImplementedError
