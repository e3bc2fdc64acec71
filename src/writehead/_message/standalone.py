"""What a response that a program makes is written with: an exchange of HTTP/1, and a sink for any writable.

The writable needs `write(data, encoding, callback)`, `cork`, `uncork`, `on`, `writable`,
`writable_length` and `writable_high_water_mark`, as Node's streams and `Socket` have them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from writehead._loop.ticks import later
from writehead._net.socket import Socket, channel_of
from writehead._semantics.exchange import Done, Ending, Exchange, Sink

_make_exchange: Callable[[], Exchange]


def set_exchange_by_hand(make: Callable[[], Exchange]) -> None:
    """Register what makes the exchange of a response that a program makes: messages import no HTTP version."""
    global _make_exchange
    _make_exchange = make


def exchange_by_hand() -> Exchange:
    """Return a new exchange for a response that a program makes."""
    return _make_exchange()


def sink_of(socket: Any) -> Sink:
    """Return the sink of a Socket, or of any writable."""
    return channel_of(socket) if isinstance(socket, Socket) else WritableSink(socket)


class WritableSink:
    """Writes an exchange's bytes to a writable of the program."""

    __slots__ = ("_tick_corked", "_writing", "socket")

    def __init__(self, writable: Any) -> None:
        self.socket = writable
        self._tick_corked = False
        self._writing = False

    @property
    def destroyed(self) -> bool:
        """Whether the writable says that it was destroyed."""
        return bool(getattr(self.socket, "destroyed", False))

    @property
    def pending(self) -> int:
        """The number of bytes that the writable has not passed on, by its own account."""
        return int(self.socket.writable_length or 0)

    @property
    def mark(self) -> int:
        """The writable's high-water mark."""
        return int(self.socket.writable_high_water_mark or 0)

    def put(self, data: bytes, done: Done | None = None) -> bool:
        """Write, corked until the end of this tick."""
        if not self._tick_corked:
            self._tick_corked = True
            self.socket.cork()
            later(self._end_tick)
        return self._write(data, done)

    def chunks(self) -> None:
        """Return None: nothing is held here."""

    def refuse_more(self) -> None:
        """Do nothing: the writable emits 'drain'."""

    def put_now(self, data: bytes, done: Done | None = None) -> None:
        """Write, and undo the cork of this tick."""
        self._write(data, done)
        if self._tick_corked:
            self._tick_corked = False
            self.uncork()

    def _write(self, data: bytes, done: Done | None) -> bool:
        if not data and not self.pending:  # no need to call the writable
            if done is not None:
                later(done, None)
            return True
        self._writing = True
        try:
            callback = None if done is None else self._callback(done)
            return self.socket.write(data, None, callback) is not False
        finally:
            self._writing = False

    def _callback(self, done: Done) -> Any:
        """Return a callback for the writable that never calls `done` inside `write` or `uncork`."""

        def callback(error: BaseException | None = None) -> None:
            if self._writing:
                later(done, error)
            else:
                done(error)

        return callback

    def _end_tick(self) -> None:
        if self._tick_corked:
            self._tick_corked = False
            self.socket.uncork()

    def put_last(self, data: bytes, ending: Ending, body: bytes | None = None) -> bool:
        """Write what ends a response."""
        if body is not None:
            self.put(data)
            data = body
        self.put_now(data, ending.on_passed)
        return True

    def is_settled(self, ending: Ending) -> bool:
        """Return True: nothing is held back here."""
        return True

    def owe_drain(self) -> None:
        """Do nothing: the writable emits its own 'drain'."""

    def settle(self) -> None:
        """Do nothing: nothing is held back here."""

    def cork(self) -> None:
        """Cork the writable."""
        self.socket.cork()

    def uncork(self) -> None:
        """Uncork the writable; its callbacks are deferred to a later tick."""
        self._writing = True
        try:
            self.socket.uncork()
        finally:
            self._writing = False

    def destroy(self, error: BaseException | None = None) -> object:
        """Destroy the writable, if it can be."""
        destroy = getattr(self.socket, "destroy", None)
        return None if destroy is None else destroy(error)


def set_timeout_of(socket: Any, msecs: Any) -> None:
    """Set the timeout of a Socket, or of any object that has the method in either spelling."""
    method = getattr(socket, "set_timeout", None) or getattr(socket, "setTimeout", None)
    if method is None and isinstance(socket, Mapping):  # an object literal in JavaScript
        method = socket.get("set_timeout") or socket.get("setTimeout")
    if method is None:
        raise AttributeError(f"{type(socket).__name__!r} object has no attribute 'set_timeout'")
    method(msecs)
