"""The life of a server, from `listen` to 'close'.

    new -> (resolving) -> bound -> accepting -> closing -> closed -> (listen again)

Invariant: the socket is bound inside `listen` unless a host has to be resolved; accepting, and
every event, waits for the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket as system
from collections.abc import Callable, Generator
from contextvars import Context, copy_context
from typing import Any, Self

from writehead._connection.config import ConnectionConfig
from writehead._connection.link import Link
from writehead._loop.ticks import later, tick_queue
from writehead._loop.timers import Clock, IdleTimers
from writehead._net.addresses import AddressInfo, address_text, is_ipv6
from writehead._node.callbacks import Callback
from writehead._node.event_arguments import ARGUMENT_COUNTS
from writehead._node.signatures import most_arguments
from writehead._semantics.outcome import Outcome
from writehead._server import registry
from writehead._server.acceptor import Acceptor
from writehead._server.bind import address_of, bind
from writehead._server.doors import Acceptors, Door, accept_on
from writehead._server.heap import Heap
from writehead._server.listen_target import Target, read_arguments
from writehead._server.recording import Recording
from writehead._server.socket_file import SocketFile
from writehead._server.timeouts import Sweep
from writehead.errors import (
    InvalidArgTypeError,
    ServerAlreadyListenError,
    ServerNotRunningError,
    SystemCallError,
)

logger = logging.getLogger("writehead")

#: Seconds that `async with` waits for busy connections before it closes them.
GRACE = 5.0

#: Seconds that it then waits for those to be gone.
CUT_GRACE = 1.0


#: The callback of `close`; it gets an error if the server did not listen.
CloseCallback = Callable[[], object] | Callable[[ServerNotRunningError | None], object]

#: The callback of `get_connections`; it gets no error, and the number.
CountCallback = Callable[[None, int], object]


class Waiter:
    """The outcome of the last `listen` or `close`, which `await server` waits for."""

    __slots__ = ("awaited", "done", "error", "futures")

    def __init__(self) -> None:
        self.done = False
        self.awaited = False
        self.error: BaseException | None = None
        self.futures: list[asyncio.Future[None]] = []

    def settle(self, error: BaseException | None) -> None:
        if self.done:
            return
        self.done = True
        self.error = error
        for future in self.futures:
            if not future.done():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)

    async def wait(self) -> None:
        """Return when it is settled.

        Raises:
            BaseException: what it was settled with.
        """
        tick_queue()  # callbacks queued before there was a loop become due now
        self.awaited = True
        if not self.done:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.futures.append(future)
            await future
        elif self.error is not None:
            raise self.error


class Listening(Recording):
    """The part of a server that listens, accepts connections, and closes."""

    _argument_counts = ARGUMENT_COUNTS
    _config: ConnectionConfig
    _clock: Clock | None = None
    _sweep: Sweep | None = None
    _unref = False
    _arriving: asyncio.Task[None] | None = None  # waits for the connections that were accepted last
    _listening_socket: system.socket | None = None
    _acceptor: Acceptor | Acceptors | None = None
    _more_doors: list[Door]  # the other addresses, if there is more than one
    _bound_path: str | None = None
    _socket_file: SocketFile | None = None
    _began = False  # a loop has run since `listen` was called
    _accepts = False
    _makes_room = False  # past `max_connections` the longest idle one makes room; else, as in Node, the new one is dropped
    _guest_seconds = 0.0  # how long its guests may take to stop once their connections are gone
    _resolving: object | None = None
    _close_due = False  # `close` was called, and connections are still open
    _waiter: Waiter | None = None
    _connection_count = 0
    _heap: Heap
    _make_connection: Callable[[], asyncio.BaseProtocol]  # makes the protocol of an accepted connection
    _closers: list[tuple[Waiter, BaseException | None]]  # the waiters for 'close', and the error each gets

    def _set_context(self, context: Context) -> None:
        """Run requests, connections and events of the server in copies of `context`."""
        self._config.copy_context = context.copy
        self._listener_context = context.copy()

    @property
    def _links(self) -> list[Link]:
        """The connections that HTTP owns."""
        raise NotImplementedError

    def _has_room(self, coming: int) -> bool:
        """Tell whether there is room for a connection, beside those that are being accepted."""
        raise NotImplementedError

    def _look(self, now: float) -> None:
        """Find connections that have exceeded a time limit."""

    def _checking_interval(self) -> float:
        """Return the seconds between two checks of the connections."""
        raise NotImplementedError

    def _choose_fast_paths(self) -> None:
        """Update what depends on whether the server listens or closes."""

    def _open_again(self) -> None:
        """Forget that the server has closed before."""
        self._config.closing = self._began = False
        self._choose_fast_paths()

    def _on_closed(self) -> None:
        """Called when the last connection is gone, right before 'close'."""

    # -- listening -------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether the server has an address and accepts connections."""
        return self._listening_socket is not None

    def listen(self, *args: Any, **keywords: Any) -> Self:
        """Start listening for connections; 'listening' or 'error' is emitted in a later tick.

        `await server.listen(...)` returns at 'listening', and raises the error if it cannot listen.

        Args:
            args: `(port, host, backlog, callback)`, each of which may be left out; a
                mapping of `port`, `host`, `path`, `backlog`, `fd`, `reuse_port`,
                `ipv6_only`, `readable_all`, `writable_all`, `exclusive`, `signal`; the
                path of a Unix socket; an open `socket.socket`; another Server.
            keywords: the names of that mapping.

        Raises:
            BadPortError, InvalidArgValueError: the arguments are wrong.
            ServerAlreadyListenError: it listens already.
        """
        target = read_arguments(args, keywords)
        if self._listening_socket is not None:
            raise ServerAlreadyListenError
        self._waiter = Waiter()
        self._set_context(copy_context())
        self._open_again()
        if target.callback is not None:
            self.once("listening", target.callback)
        if target.signal is not None:
            _on_abort(target.signal, self.close)
        self._hold()
        if target.host:
            self._resolving = token = object()
            later(self._resolve, target, token)
        else:
            self._resolving = None
            self._bind(target, None)
        return self

    def _resolve(self, target: Target, token: object) -> None:
        self._began = True
        asyncio.get_running_loop().create_task(self._look_up(target, token))

    async def _look_up(self, target: Target, token: object) -> None:
        host = target.host or ""
        try:
            address = host if is_ipv6(host) else await _resolved(host)
        except (OSError, UnicodeError):  # of a name: a part that is empty, or too long
            if self._resolving is token:
                self._fail_listening(target, SystemCallError("ENOTFOUND", "getaddrinfo", host))
            return
        if self._resolving is token:
            self._resolving = None
            self._bind(target, address)

    def _bind(self, target: Target, address: str | None) -> None:
        self._bound_path = target.path
        try:
            self._listening_socket = sock = bind(target, address)
            self._socket_file = target.file
        except SystemCallError as error:
            later(self._fail_listening, target, error)
            return
        later(self._begin, sock, target)

    def _fail_listening(self, target: Target, error: BaseException) -> None:
        self._resolving = None
        self._began = True
        if target.callback is not None:
            self.remove_listener("listening", target.callback)
        self._let_go()
        self._tell_error(error)

    def _tell_error(self, error: BaseException) -> None:
        waiter = self._waiter
        if waiter is not None:
            waiter.settle(error)
        if self._notify("error", error) or (waiter is not None and waiter.awaited):
            return
        if not registry.note_unheard(error):
            # A task that awaits the server (`wait_for`, `gather`) may exist, and take its first step later.
            tick_queue().after_rounds(lambda: self._log_error(error, waiter))

    def _log_error(self, error: BaseException, waiter: Waiter | None) -> None:
        if waiter is None or not waiter.awaited:
            logger.error("%s", error)

    def _begin(self, sock: system.socket, target: Target) -> None:
        """Begin to accept connections, and emit 'listening'."""
        if self._listening_socket is not sock:
            return  # closed meanwhile
        self._began = True
        loop = asyncio.get_running_loop()
        self._choose_fast_paths()
        self._ready(loop)
        if sock.fileno() >= 0:
            self._acceptor = accept_on(self._make_connection, sock, target.backlog, self._more_doors)
            if self._makes_room:
                self._acceptor.ask_for_room(self._has_room)
            self._acceptor.start()
        self._accepts = True
        assert self._sweep is not None
        self._sweep.start(self._checking_interval())
        if self._waiter is not None:
            self._waiter.settle(None)
        self._notify("listening")

    def _ready(self, clock: Clock) -> None:
        """Make the timers, on the clock of a test if there is one, else on `clock`."""
        clock = self._clock or clock
        if self._sweep is not None:
            self._sweep.stop()
        self._config.timers = IdleTimers(clock)
        self._sweep = Sweep(clock, self._look)
        self._heap = Heap()

    def _listen_in_memory(self, sock: Any, clock: Clock) -> None:
        """Listen on a stand-in for a socket, with the clock of a test."""
        self._clock = clock
        self._config.record_clock = clock.time
        self._set_context(copy_context())
        self._listening_socket = sock
        self._open_again()
        self._ready(clock)
        assert self._sweep is not None
        self._sweep.start(self._checking_interval())
        self._accepts = True
        later(self._notify, "listening")

    def _open_by_hand(self, clock: Clock | None = None) -> None:
        """Get ready for a connection that the program gives; like an accepted one it keeps the server open."""
        if self._sweep is None:
            self._ready(clock or asyncio.get_running_loop())
        assert self._sweep is not None
        if self._listening_socket is None:
            self._hold()
            self._began = True
            if not (self._connection_count or self._config.arriving):
                self._sweep.start(self._checking_interval())

    def address(self) -> AddressInfo | str | None:
        """Return address, family and port; the path of a Unix socket; None when not listening."""
        if self._listening_socket is None:
            return self._bound_path
        return address_of(self._listening_socket)

    # -- closing ---------------------------------------------------------------

    def close(self, callback: CloseCallback | None = None) -> Self:
        """Stop accepting connections; 'close' is emitted when the last one is closed.

        Idle connections are closed at once, busy ones after their responses, which say
        `Connection: close` if their head is not fixed yet. `await server.close()`
        returns at 'close'.

        Args:
            callback: called at 'close', with ServerNotRunningError if it did not listen.
        """
        running = self._listening_socket is not None  # Node: not while a host is looked up
        error = None if running else ServerNotRunningError()
        self._waiter = waiter = Waiter()
        if callable(callback):
            self.once("close", _CloseCallback(callback, error))
        self._resolving = None
        self._began = True
        if running:
            self._stop_listening()
        self._config.closing = True
        self._choose_fast_paths()
        for connection in self._links:
            self._close_connection(connection)
        self._close_due = True
        self._closers.append((waiter, error))
        self._close_if_drained()
        return self

    def _stop_listening(self) -> None:
        sock, self._listening_socket = self._listening_socket, None
        self._accepts = False
        acceptor, self._acceptor = self._acceptor, None
        file, self._socket_file = self._socket_file, None
        self._bound_path = None
        if acceptor is not None:
            acceptor.close()
        elif sock is not None:
            sock.close()
        if file is not None:
            file.remove()
        while self._more_doors:
            self._more_doors.pop().close()

    def _close_connection(self, connection: Link) -> None:
        connection.close_in_order()

    def _close_if_drained(self) -> None:
        if self._connection_count or self._arriving or self._config.arriving:
            return
        if self._config.closing and self._close_due:
            self._close_due = False
            later(self._emit_close)
        elif self._listening_socket is None and self._resolving is None and self._sweep is not None:
            self._sweep.stop()  # the last connection that the program had given is gone
            self._let_go()

    def _emit_close(self) -> None:
        if self._connection_count or self._config.arriving:  # a connection was being accepted
            self._close_due = True
            return
        if self._sweep is not None and self._listening_socket is None:
            self._sweep.stop()  # Node stops at close(): there a slow client can keep the server open for ever
        self._let_go()
        self._on_closed()
        closers, self._closers = self._closers, []
        for waiter, error in closers:
            waiter.settle(error)
        self._notify("close")

    def close_idle_connections(self) -> None:
        """Close the connections that wait for a request."""
        for connection in self._links:
            if connection.is_idle:
                connection.channel.destroy()

    closeIdleConnections = close_idle_connections

    def close_all_connections(self) -> None:
        """Close every connection at once, busy or not, except upgraded ones."""
        for connection in self._links:
            connection.channel.blame(Outcome.SERVER_CUT)
            connection.channel.give_up()
        for lingering in list(self._config.lingering):
            lingering.abort()

    closeAllConnections = close_all_connections

    def get_connections(self, callback: CountCallback) -> Self:
        """Call `callback(None, n)` in a later tick with the number of open connections."""
        if not callable(callback):
            raise InvalidArgTypeError("callback", "of type function", callback)
        later(self._tell_connections, callback)
        return self

    def _tell_connections(self, callback: Callback) -> None:
        self._call_each((callback,), self._listener_context, "callback", (None, self._connection_count))

    getConnections = get_connections

    # -- keeping run() running -------------------------------------------------

    def ref(self) -> Self:
        """Let the server keep `run()` running again."""
        self._unref = False
        return self

    def unref(self) -> Self:
        """Let `run()` return while the server is open."""
        self._unref = True
        registry.tell_watchers()
        return self

    def _hold(self) -> None:
        registry.hold(self)  # type: ignore[arg-type]  # a `Server`, which is more than this part

    def _let_go(self) -> None:
        if self._listening_socket is None and not (self._connection_count or self._config.arriving):
            registry.let_go(self)  # type: ignore[arg-type]  # as above

    # -- awaiting --------------------------------------------------------------

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait for the last `listen` or `close`."""
        return self._wait().__await__()

    async def _wait(self) -> Self:
        waiter = self._waiter
        if waiter is not None:
            await waiter.wait()
        return self

    @property
    def _is_closed(self) -> bool:
        """Whether there is nothing to close."""
        return self._listening_socket is None and self._resolving is None and not self._connection_count

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close; connections that are busy for five more seconds are closed then."""
        if self._is_closed:
            return
        self.close()
        try:
            await asyncio.wait_for(self._wait(), GRACE)
        except ServerNotRunningError:
            return
        except TimeoutError:
            self.close_all_connections()
            # Upgraded connections are the program's, and may stay.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wait(), CUT_GRACE + self._guest_seconds)


async def _resolved(host: str) -> str:
    """Return the first address of `host`; a link-local one only if there is no other (Node)."""
    if ":" in host:  # uvloop takes some texts for addresses that are none
        raise OSError(f"a host name has no colon: {host}")
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=system.SOCK_STREAM)
    addresses = [address_text(each[4]) for each in found]
    return next((each for each in addresses if not each.startswith("fe80:")), addresses[0])


class _CloseCallback:
    """A callback of `close`, called with the error if there is one."""

    __slots__ = ("callback", "error")

    def __init__(self, callback: Callback, error: BaseException | None) -> None:
        self.callback = callback
        self.error = error

    def __call__(self) -> object:
        error = self.error
        return (
            self.callback(error) if error is not None and most_arguments(self.callback) else self.callback()
        )


def _on_abort(signal: Any, callback: Callable[[], object]) -> None:
    if getattr(signal, "aborted", False):
        later(callback)
    elif hasattr(signal, "add_event_listener"):
        signal.add_event_listener("abort", lambda *_: callback())
    elif hasattr(signal, "add_done_callback"):
        signal.add_done_callback(lambda *_: callback())
