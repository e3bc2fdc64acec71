"""The state of a channel: what it keeps for each connection, and what its owner must offer."""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Protocol, cast

from writehead._loop.ticks import TickQueue, tick_queue
from writehead._loop.timers import IdleTimers
from writehead._net.config import SocketConfig
from writehead._node.callbacks import UserCallback
from writehead._node.validators import HIGH_WATER_MARK
from writehead._semantics.exchange import Done, Ending
from writehead._semantics.outcome import Outcome
from writehead._semantics.record import Notes
from writehead._streams.stages import ALIVE, WRITABLE, Fate, Writing

if TYPE_CHECKING:
    from writehead._loop.timers import Idler
    from writehead._native.choice import Chunks
    from writehead._net.socket import Socket

#: In `committed`: what leaves is `last`, alone.
LAST = -1

#: In `ease`: what must be checked before more is written. Everything;
BUSY = 0
#: nothing, as `gathered` takes small chunks: it is corked for this tick, and nothing is in the way of the bytes;
OPEN = 1
#: or nothing: nothing is held, due, corked or on its way, and it was not ended or destroyed.
CALM = 2


class Owner(Protocol):
    """The owner of a socket's bytes: the HTTP connection, until an upgrade."""

    @property
    def waits_for_slice(self) -> bool: ...
    @property
    def reads_request(self) -> bool:
        """Whether a request has begun to come, and is not complete."""
        ...

    @property
    def has_response(self) -> bool:
        """Whether a response has the socket now."""
        ...

    def count_close_listener(self, change: int, place: int) -> None:
        """Note that a 'close' listener came, or went from `place`."""
        ...

    def fail_socket(self, error: BaseException) -> bool:
        """Handle an 'error' that the program has emitted on the socket; False if it is not handled."""
        ...

    def on_socket_drain(self) -> None: ...
    def on_timeout_asked(self) -> None: ...
    def on_socket_timeout(self) -> bool: ...
    def on_socket_error(self, error: BaseException) -> None: ...
    def on_socket_close(self) -> int: ...
    def close_responses(self) -> None: ...
    def on_socket_resume(self) -> None: ...
    def on_written_end(self) -> None: ...


class ChannelReadState:
    """What every read needs of a channel, side by side in memory: with a thousand connections, none is in the
    processor's cache when it is read from.
    """

    __slots__ = (
        "active_at",
        "blocked",
        "bytes_passed",
        "bytes_read",
        "committed",
        "ease",
        "ending",
        "fate",
        "heard",
        "idle_after",
        "idle_fired",
        "in_read",
        "last",
        "reading_paused",
        "socket",
        "ticks",
        "transport",
    )


class ChannelState(ChannelReadState):
    """The state of a `Channel`."""

    __slots__ = (
        "config",
        "corked",
        "destroy_when_flushed",
        "due",
        "end_callbacks",
        "errored",
        "gathered",
        "held",
        "held_size",
        "idle_group",
        "lost_error",
        "mark",
        "need_drain",
        "owner",
        "taken",
        "tick_corked",
        "timers",
        "waiting",
        "writing",
        "__dict__",  # for attributes that few need, mostly at their end
    )

    peer_ended = False
    refused = 0  # writes in a row that went past `FLOOD` times the mark
    expects_more = False  # the client is likely to send more
    linger_seconds: float | None = None  # how long it lingers when it is closed; None: as long as that helps
    tells_resume = False  # 'pause' was emitted by `stop_reading`
    said_all = False  # it may be closed as if it had ended, once it is flushed
    unsent_at_idle = 0
    own_context: Context | None = None  # the connection's; that of the request after an upgrade
    cause: Outcome | None = None  # why it ends; None: the program has destroyed it
    upgrade: Notes | None = None  # those of a connection which was handed over, where anybody takes records
    sends_beside = False  # the kernel's copy of a file waits for the client (sendfile)

    def __init__(
        self, socket: Socket, transport: Any, config: SocketConfig | None, owner: Owner | None
    ) -> None:
        self.socket: Any = socket  # the program's side; None once nothing more is emitted
        self.heard = False  # whether a listener was ever added to the socket
        self.bytes_read = self.bytes_passed = self.committed = self.corked = self.held_size = 0
        self.in_read = self.tick_corked = self.need_drain = self.reading_paused = False
        self.blocked = self.idle_fired = self.destroy_when_flushed = False
        self.fate: Fate = ALIVE
        self.writing: Writing = WRITABLE
        self.idle_after = self.idle_group = self.active_at = 0.0
        self.taken = True  # when it was destroyed, the system had all that had been passed on
        self.ease = CALM
        self.transport = transport
        self.config = config
        self.timers: IdleTimers | None
        self.mark: int  # in bytes
        if config is None:
            self.timers, self.mark = None, HIGH_WATER_MARK
        else:
            self.timers = config.timers
            self.mark = config.high_water_mark
        self.ticks: TickQueue = tick_queue()
        self.owner = owner
        self.held: list[bytes] = []
        self.gathered: Chunks | None = None  # behind `held`, while it is OPEN
        self.due: list[Done] | None = None
        self.waiting: list[list[Done]] | None = None
        self.end_callbacks: list[UserCallback] | None = None
        self.last: bytes | None = None  # with `committed` LAST: all that leaves at the end of the read
        self.ending: Ending | None = None  # due first at the end of the read
        self.lost_error: BaseException | None = None
        self.errored: BaseException | None = None

    @property
    def context(self) -> Context:
        """The context of its listeners, made when one is called."""
        context = self.own_context
        if context is None:
            context = copy_context() if self.config is None else self.config.copy_context()
            self.own_context = context
        return context

    def emit(self, name: str, *args: Any) -> bool:
        """Emit an event of the socket; False if it has no listener."""
        if not self.heard:
            return False
        socket = self.socket
        return socket is not None and socket._notify(name, *args)

    def blame(self, cause: Outcome) -> None:
        """Note why it is going to end, unless that is known."""
        if self.cause is None and not self.fate:
            self.cause = cause

    def touch(self) -> None:
        """Start the idle time anew: something was read or written."""
        if self.timers is not None:
            self.active_at = self.timers.clock.time()
            if self.idle_fired:
                self.timers.watch(cast("Idler", self), self.idle_after)  # it is a `Channel`
