"""WriteQueue: a connection's bytes on their way to the transport, and the callbacks of their writers.

Invariant: nothing else calls `transport.write`. Bytes are held until the tick ends (Node: cork
and uncork on the next tick) or until `put_now`; a callback is called when the operating
system has taken the bytes before it, never inside the call that wrote them.
"""

from __future__ import annotations

import logging
from typing import Any

from writehead._loop.selector import is_selector
from writehead._native.choice import Chunks
from writehead._net.channel_state import BUSY, CALM, LAST, OPEN, ChannelState
from writehead._semantics.exchange import Done, Ending

logger = logging.getLogger("writehead")

#: Parts of up to so many bytes in all are joined into one write; more are passed to `writelines`,
JOIN = 65536

#: unless they are smaller than this on average.
SMALL = 4096

#: How many times the high-water mark may wait before the log warns of a writer that ignores `write`'s False,
FLOOD = 64

#: once so many writes were refused: one large write is a few of them.
UNHEARD = 16


class WriteQueue(ChannelState):
    """The part of a `Channel` that holds bytes and passes them to the transport."""

    __slots__ = ()

    # -- Sink: called by exchanges ---------------------------------------------

    @property
    def destroyed(self) -> bool:
        """Whether what is written from now on is dropped."""
        return bool(self.fate)

    @property
    def pending(self) -> int:
        """Bytes that the operating system does not have yet."""
        size = self.unpassed
        if self.blocked:
            size += self.transport.get_write_buffer_size()
        return size

    @property
    def unpassed(self) -> int:
        """Bytes that the transport does not have yet."""
        size = self.held_size
        if self.gathered is not None:
            size += self.gathered.size
        if self.last is not None:
            size += len(self.last)
        return size

    def put(self, data: bytes, done: Done | None = None) -> bool:
        """Hold `data` until the end of this tick; False at or over the mark."""
        if self.fate or self.writing:
            return False
        self._gather()
        if self.committed:  # what was to leave at once is not counted (Node)
            self._pass_on(self.committed)
        size = self.held_size
        if data:
            self.held.append(data)
            self.held_size = size = size + len(data)
        if done is not None:
            self._owe(done)
        if not self.tick_corked and not self.corked:
            self.tick_corked = True
            self.ticks.later(self._end_tick)
        if self.blocked:
            size += self.transport.get_write_buffer_size()
        elif self.tick_corked:
            self.ease = OPEN
            if self.gathered is not None:
                self.gathered.open(self.mark - size)
        if size < self.mark:
            return True
        self.refuse_more()
        return False

    def chunks(self) -> Chunks:
        """Return what takes small chunks while nothing else is written."""
        gathered = self.gathered
        if gathered is None:
            gathered = self.gathered = Chunks()
            if self.ease == OPEN:
                gathered.open(self.mark - self.held_size)
        return gathered

    def _gather(self) -> None:
        """Hold the chunks that were gathered: something else follows, or they leave."""
        if self.ease == OPEN and self.gathered is not None:
            chunks = self.gathered.take()
            if chunks:
                self.held.append(chunks)
                self.held_size += len(chunks)
        self.ease = BUSY

    def _owe(self, done: Done) -> None:
        """Call `done` once the system has what is held now."""
        if self.due is None:
            self.due = [done]
        else:
            self.due.append(done)

    def refuse_more(self) -> None:
        """Note that 'drain' is to be emitted; log a writer that does not wait for it."""
        self.need_drain = True
        size = self.pending
        if size > FLOOD * self.mark:
            self.refused += 1
            if self.refused == UNHEARD:
                self._tell_flood(size)

    def _tell_flood(self, size: int) -> None:
        logger.warning(
            "%d bytes wait for a client that reads more slowly than write() is called: "
            "once it has returned False, wait for 'drain' or `await res.drain()`",
            size,
        )

    def put_now(self, data: bytes, done: Done | None = None) -> None:
        """Pass on `data` and all held before it, unless the program has corked the socket."""
        if self.corked:
            self.put(data, done)
        else:
            self._put_through(data, done)

    def _put_through(self, data: bytes, done: Done | None) -> None:
        if self.fate or self.writing:
            return
        self._gather()
        size = len(data)
        if size:
            self.held.append(data)
            self.held_size += size
        if done is not None:
            self._owe(done)
        self._commit()

    def put_alone(self, data: bytes) -> None:
        """Pass on `data` as `put_now` does: the fast path for a socket that HTTP has let go of."""
        if (
            self.held
            or self.due
            or self.corked
            or self.committed
            or self.need_drain
            or self.in_read
            or self.writing
            or self.fate
            or self.idle_after
            or self.transport.is_closing()
        ):
            self.put_now(data)
        else:
            self.ease = BUSY
            self.bytes_passed += len(data)
            self.transport.write(data)

    def owe_drain(self) -> None:
        """Emit 'drain' once all that was put has been taken."""
        self.need_drain = True

    def settle(self) -> None:
        """Pass on what waits for the end of the read."""
        if self.committed:
            self._pass_on(self.committed)

    def _end_tick(self) -> None:
        self.tick_corked = False
        if self.ease == OPEN:
            self._gather()
        if (self.held or self.due) and not self.corked:
            self._commit()

    def _commit(self) -> None:
        if self.committed == LAST:
            self._pass_on(LAST)
        if self.in_read:
            self.committed = len(self.held)
        else:
            self._pass_on(len(self.held))
        due = self.due
        if due is not None or self.need_drain:
            self.due = None
            self.ticks.later(self._passed, due or [])

    def put_last(self, data: bytes, ending: Ending, body: bytes | None = None) -> bool:
        """Pass on what ends a response, which is notified in a later tick and calls `is_settled`.

        The commonest write of all, so no object is made for it: the end of the read is the
        later tick, if nothing else is due before. A `body` is too large to be copied behind its head.
        """
        if self.ease == CALM and self.in_read and not self.ticks.due:
            self.ease = BUSY
            if body is None:
                self.last = data
                self.committed = LAST
            else:
                self.held = [data, body]
                self.held_size = len(data) + len(body)
                self.committed = 2
            self.ending = ending
            return True
        if body is not None:
            self.put(data)
            data = body
        self._gather()
        if self.committed == LAST:
            self._pass_on(LAST)
        if self.due or self.need_drain or self.corked or self.fate or self.writing:
            self.corked = 0  # Node: the end of a response undoes the socket's own corks as well
            self._put_through(data, ending.on_passed)
            return not (self.fate or self.writing)
        held = self.held
        size = len(data)
        held.append(data)
        self.held_size += size
        if not self.in_read:
            self._pass_on(len(held))
        else:
            self.committed = len(held)
            if not self.ticks.due and self.ending is None:
                self.ending = ending
                return True
        self.ticks.later(ending.on_settled)
        return True

    # -- called by the program ---------------------------------------------------

    def write(self, data: bytes, done: Done | None) -> bool:
        """Pass on `data` now, unless something is corked; False at or over the mark."""
        if self.corked or self.tick_corked:
            return self.put(data, done)
        self.put_now(data, done)
        self.settle()
        if self.pending < self.mark:
            return True
        if not self.need_drain:
            self.need_drain = True
            self.ticks.later(self._passed, [])
        return False

    def cork(self) -> None:
        """Hold back what is written until `uncork` was called as often."""
        self.settle()
        self._gather()
        self.corked += 1
        ending = self.ending
        if ending is not None:  # it ends what its response has corked
            self.ending = None
            self.ticks.due.appendleft((ending.on_settled, ()))

    def uncork(self) -> None:
        """Undo one `cork`; the last one passes on what was held back."""
        if not self.corked:
            return
        self.corked -= 1
        if not self.corked and not self.tick_corked and (self.held or self.due):
            self._commit()

    def call_when_passed(self, done: Done) -> None:
        """Call `done` once the system has all that is held now."""
        self.settle()
        self._gather()
        self._owe(done)
        if not self.tick_corked and not self.corked:
            self._commit()

    # -- the end of a read ---------------------------------------------------------

    def end_read(self) -> Ending | None:
        """Pass on what waited for the end of the read; return the response that ended, if all is taken."""
        self.in_read = False
        committed = self.committed
        ending = self.ending
        if ending is None:
            if committed:
                self._pass_on(committed)
            return None
        self.ending = None
        if committed == LAST:  # by far the commonest
            data: Any = self.last
            self.last = None
            self.committed = 0
            self.bytes_passed += len(data)
            self.transport.write(data)
            ease = CALM
        else:
            self._pass_on(committed)
            self._gather()
            rest = self.held or self.due or self.need_drain or self.corked or self.writing
            ease = BUSY if rest else CALM
        if self.blocked or self.fate or self.transport.is_closing():
            ending.on_settled()
            return None
        self.ease = ease
        return ending

    def put_ahead(self, parts: list[bytes], size: int) -> None:
        """Add to what leaves at the end of the read; its responses call `is_settled` in their order."""
        if self.last is not None:
            parts.insert(0, self.last)
            size += len(self.last)
            self.last = None
        self.held += parts
        self.held_size += size
        self.committed = len(self.held)

    def is_settled(self, ending: Ending) -> bool:
        """Tell whether the system has all that was passed on; if not, `ending` is notified once it has."""
        if self.committed:
            self._pass_on(self.committed)
        if self.blocked or self._is_lost():
            self._wait([ending.on_passed])
            return False
        return True

    def _pass_on(self, count: int) -> None:
        """Write the first `count` held parts to the transport; or `last`, with LAST."""
        held = self.held
        self.committed = 0
        if not count:
            return
        if count == LAST:
            held = [self.last]  # type: ignore[list-item]  # it is there
            self.last = None
            size = len(held[0])
        elif count == len(held):
            self.held = []
            size, self.held_size = self.held_size, 0
        else:
            self.held = held[count:]
            held = held[:count]
            size = sum(map(len, held))
            self.held_size -= size
        self.bytes_passed += size
        transport = self.transport
        if transport is None or transport.is_closing():  # loops log writes after a loss
            return
        if len(held) == 1:  # by far the commonest
            transport.write(held[0])
        elif size <= JOIN or size < SMALL * len(held):
            transport.write(b"".join(held))
        elif is_selector(transport):
            # Its `writelines` (3.12.1, 3.13.0) never calls `pause_writing` for what the system did not take.
            transport.write(b"".join(held))
        else:
            transport.writelines(held)
        if self.idle_after and not self.in_read:
            self.touch()

    def _wait(self, due: list[Done]) -> None:
        if self.waiting is None:
            self.waiting = []
        self.waiting.append(due)

    def _passed(self, due: list[Done]) -> None:
        """Call the callbacks of bytes that were passed on, once the system has taken them."""
        if self.committed:
            self._pass_on(self.committed)
        if self.blocked or self._is_lost():
            self._wait(due)
        else:
            self._call_due(due)

    def on_sent_beside(self, count: int) -> None:
        """Count bytes that the kernel copied to the client (sendfile)."""
        self.bytes_passed += count
        if self.idle_after:
            self.touch()

    def _is_lost(self) -> bool:
        """Tell whether the transport was closed with bytes that never left."""
        if self.fate:
            return not self.taken
        return self.transport is not None and self.transport.is_closing()

    def _call_due(self, due: list[Done]) -> None:
        if self.need_drain and not self.writing and not self.fate and not self.pending:
            self.need_drain = False
            if self.refused < UNHEARD:
                self.refused = 0
            if self.owner is not None:
                self.owner.on_socket_drain()
            self.emit("drain")
        for done in due:
            done(None)
