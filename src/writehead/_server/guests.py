"""The guests of a server: what takes requests in the place of its listeners, each below a path of its own.

    idle -> start -> starting -> started -> stop -> stopping -> idle

Invariant: one that is not started takes nothing; what comes while the guests start for the first time waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context
from enum import IntEnum
from typing import Any, Protocol

from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._native.choice import Head
from writehead._net.socket import Socket
from writehead._semantics.targets import decoded_path, split_target

#: Called with the error that a start or stop has failed with, or None.
Outcome = Callable[[BaseException | None], object]


class Guest(Protocol):
    """Takes the requests, or the WebSocket handshakes, of one path and of all below it."""

    path: str  #: it begins with a slash; "/" is every path
    exact: bool  #: whether it takes `path` alone, which is compared with the target as sent, not decoded
    takes_requests: bool
    stop_seconds: float  #: how long it may take to stop, once its connections are gone

    def take(self, request: IncomingMessage, response: ServerResponse) -> None:
        """Serve a request, in the place of 'request' and 'checkContinue'; never raises.

        Where the client waits for 100 Continue, `response._awaits_continue` is true, and the guest sends it.
        """
        ...

    def take_head(self, connection: Any, head: Head) -> Any:
        """Begin to serve an ordinary request in a faster way; return what stands for the request and the response.

        That is called as a message and a response are, and told to `begin` when what has come of the body was pushed
        to it. False: there is no faster way, and `take` serves it: also if `fast_path_beside_guests` of the
        connection's configuration says so, its socket has listeners, or is destroyed.
        """
        ...

    def wants_websocket(self, request: IncomingMessage) -> bool:
        """Tell whether it takes a handshake; if not, others are asked, then the listeners of 'upgrade'."""
        ...

    def take_websocket(self, request: IncomingMessage, socket: Socket, head: bytes) -> None:
        """Serve a handshake that it wants, in the place of 'upgrade'; never raises."""
        ...

    def on_closing(self, draining: bool) -> None:
        """Begin to end what holds a connection for long: the server closes; in a drain, or by `close` alone."""
        ...

    def on_deadline(self, draining: bool) -> None:
        """End at once what holds a connection: the time of those that are left is over."""
        ...

    async def start(self) -> None:
        """Get ready, before the server accepts connections; what it raises fails `listen`.

        Cancelled when the server is closed meanwhile.
        """
        ...

    async def drain(self) -> None:
        """Return when nothing that it runs for a request is left; the connections are gone already."""
        ...

    async def stop(self) -> None:
        """End what `start` began, before 'close'; what it raises is raised by `await server.close()`."""
        ...


class Stage(IntEnum):
    """How far the guests are in their life."""

    IDLE = 0
    STARTING = 1
    STARTED = 2
    STOPPING = 3


IDLE, STARTING, STARTED, STOPPING = Stage


class ClosingEvent(asyncio.Event):
    """Is set when a server begins to close."""

    def __deepcopy__(self, memo: object) -> ClosingEvent:
        """Return itself: middleware copies scopes, and a loop that the event belongs to cannot be copied."""
        return self


class Guests:
    """The guests of one server, by their paths, and their start and stop."""

    def __init__(self, started: bool = False) -> None:
        self.stage = STARTED if started else IDLE
        self._attached: list[Guest] = []  # in the order of their attachment
        self._ready: list[Guest] = []  # those that take requests: the longest path first, then the latest
        self._exact: dict[bytes, Guest] = {}  # those that take requests for one target alone
        self.only: Guest | None = None  #: the first of the others, if it takes every request
        self.asked_directly: Guest | None = None  #: the same, if there are no others
        self.starts: tuple[
            bytes, ...
        ] = ()  #: how a target begins that one of them may take, if nothing is encoded
        self.on_sorted: Callable[[], object] = bool  #: called when the order has changed
        self._started: list[Guest] = []  # in the order in which they started; also detached ones
        self._starting: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._late: set[asyncio.Task[None]] = set()  # starts of guests that came to a server that had started
        self._held: list[Callable[[], None]] = []  # what waits for the start
        self.closing = ClosingEvent()  #: set when the server begins to close; a new one with each start

    # -- the table ---------------------------------------------------------------

    def add(self, guest: Guest) -> None:
        """Add a guest; it starts with the others, or by `start_late` if those have started."""
        self._attached.append(guest)
        self._sort()

    def remove(self, guest: Guest) -> None:
        """Give no more requests to a guest; it is stopped with the others."""
        if guest in self._attached:
            self._attached.remove(guest)
            self._sort()

    def _sort(self) -> None:
        """Update which guests take requests, and in which order they are asked."""
        asked = self._attached if self.stage is STARTING else self._started
        able = [each for each in reversed(self._attached) if each in asked]
        self._ready = sorted(able, key=lambda each: len(each.path), reverse=True)  # stable
        takers = [each for each in self._ready if each.takes_requests]
        self.starts = tuple(each.path.encode() for each in takers)
        self._exact = {each.path.encode(): each for each in reversed(takers) if each.exact}
        others = [each for each in takers if not each.exact]
        self.only = others[0] if others and others[0].path == "/" else None
        self.asked_directly = None if self._exact else self.only
        self.on_sorted()

    def find(self, target: bytes) -> Guest | None:
        """Return the guest that takes requests for `target`."""
        if self._exact:  # no path of another can be longer
            exact = self._exact.get(target.partition(b"?")[0])
            if exact is not None:
                return exact
        if self.only is not None:
            return self.only
        return next((each for each in self._below(target) if each.takes_requests), None)

    def _below(self, target: bytes) -> Iterator[Guest]:
        """Yield the guests below whose path `target` lies, the longest path first."""
        raw, _ = split_target(target)
        path = decoded_path(raw)
        return (each for each in self._ready if _matches(each, raw, path))

    # -- requests ----------------------------------------------------------------

    def take(self, request: IncomingMessage, response: ServerResponse) -> bool:
        """Give a request to the guest of its path; False if there is none."""
        guest = self.find(target_of(request))
        if guest is None:
            return False
        if self.stage is STARTING:
            self._held.append(lambda: self._take_held(request, response))
        else:
            guest.take(request, response)
        return True

    def _take_held(self, request: IncomingMessage, response: ServerResponse) -> None:
        """Serve a request that came before the start was complete."""
        guest = self.find(target_of(request))
        if guest is None:
            response._fail()  # the start has failed
        else:
            guest.take(request, response)

    def find_for_websocket(self, request: IncomingMessage) -> Guest | None:
        """Return the guest that wants this handshake; None if it is none, or nobody wants it."""
        if not is_handshake(request):
            return None
        return next((each for each in self.asked(request) if each.wants_websocket(request)), None)

    def asked(self, request: IncomingMessage) -> Iterator[Guest]:
        """Yield the guests that are asked about a handshake, in order."""
        return self._below(target_of(request))

    def take_websocket(self, guest: Guest, request: IncomingMessage, socket: Socket, head: bytes) -> None:
        """Give a handshake to the guest that wants it."""
        if self.stage is STARTING:
            self._held.append(lambda: self._take_held_websocket(guest, request, socket, head))
        else:
            guest.take_websocket(request, socket, head)

    def _take_held_websocket(
        self, guest: Guest, request: IncomingMessage, socket: Socket, head: bytes
    ) -> None:
        if guest in self._ready:
            guest.take_websocket(request, socket, head)
        else:
            socket.destroy()  # the start has failed

    def hosts(self) -> list[Guest]:
        """Return the guests that may serve a connection, also detached ones."""
        return [*self._started, *(each for each in self._attached if each not in self._started)]

    # -- start and stop ----------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a guest has started, is starting or stopping."""
        return bool(self._starting or self._stopping or self._started or self._late)

    def start(self, context: Context, done: Outcome) -> None:
        """Start the guests one after another, in order; `done` is called when all are, or one has failed.

        Raises:
            RuntimeError: no event loop is running.
        """
        if self._stopping is None:
            if self.stage is STARTED:
                done(None)
                return
            if self._starting is not None:
                self._starting.add_done_callback(lambda task: done(_error_of(task)))
                return
            _running_loop()
            self._enter(STARTING)
        self._starting = _run(self._stopping, self._start_all, context)
        self._starting.add_done_callback(lambda task: self._end_start(task, done))

    async def _start_all(self) -> None:
        self._enter(STARTING)
        if self.closing.is_set():
            self.closing = ClosingEvent()
        try:
            while (guest := self._next()) is not None:
                await guest.start()
                self._started.append(guest)
        except BaseException:
            await self._stop_started()
            raise
        self._enter(STARTED)
        self._serve_held()

    def _next(self) -> Guest | None:
        """Return the next guest to start, also one that was attached meanwhile."""
        return next((each for each in self._attached if each not in self._started), None)

    def _end_start(self, task: asyncio.Task[None], done: Outcome) -> None:
        if self._starting is task:
            self._starting = None
        done(_error_of(task))

    def start_late(self, guest: Guest, context: Context, done: Outcome) -> None:
        """Start a guest that came to a server that has started; it takes requests when that is done."""
        task = _running_loop().create_task(self._start_one(guest), context=context)
        self._late.add(task)
        task.add_done_callback(lambda task: self._end_late(task, done))

    async def _start_one(self, guest: Guest) -> None:
        await guest.start()
        self._started.append(guest)
        self._sort()

    def _end_late(self, task: asyncio.Task[None], done: Outcome) -> None:
        self._late.discard(task)
        done(_error_of(task))

    def stop(self, context: Context, done: Outcome) -> bool:
        """Stop the guests in reverse order, when all that they run is done; a start under way is cancelled.

        Returns False if there is nothing to stop: `done` is not called then, nor where a stop is under way already.
        """
        for task in (self._starting, *self._late):
            if task is not None:
                task.cancel()
        if self._stopping is not None:
            return True
        if not self.busy:
            return False
        self._stopping = _run(self._starting, self._stop_all, context)
        self._stopping.add_done_callback(lambda task: self._end_stop(task, done))
        return True

    async def _stop_all(self) -> None:
        if self._late:
            await asyncio.wait(self._late)
        for guest in self._started:
            await guest.drain()
        await self._stop_started()

    def _end_stop(self, task: asyncio.Task[None], done: Outcome) -> None:
        self._stopping = None
        done(_error_of(task))

    async def _stop_started(self) -> None:
        """Stop every guest that has started, the last first, and raise the first error."""
        self._enter(STOPPING)
        failed: BaseException | None = None
        while self._started:
            try:
                await self._started.pop().stop()
            except Exception as error:
                failed = failed or error
        self._enter(IDLE)
        self._serve_held()
        if failed is not None:
            raise failed

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self._sort()

    def _serve_held(self) -> None:
        held, self._held = self._held, []
        for serve in held:
            serve()


def target_of(request: IncomingMessage) -> bytes:
    """Return the target of a request, as sent."""
    return b"" if request._head is None else request._head.target


def _run(
    before: asyncio.Task[None] | None, work: Callable[[], Coroutine[Any, Any, None]], context: Context
) -> asyncio.Task[None]:
    """Run `work` in `context`, when the task `before` is over."""
    return _running_loop().create_task(_behind(before, work), context=context)


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError("a server that hosts an application needs a running event loop") from None


async def _behind(before: asyncio.Task[None] | None, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    if before is not None:
        await asyncio.wait([before])
    await work()


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def _matches(guest: Guest, raw: bytes, path: str) -> bool:
    """Tell whether a path, as sent and decoded, is one of the guest's."""
    prefix = guest.path
    if guest.exact:
        return raw == prefix.encode()
    if prefix == "/":
        return True
    return path.startswith(prefix) and (len(path) == len(prefix) or path[len(prefix)] == "/")


def is_handshake(request: IncomingMessage) -> bool:
    """Tell whether a request to upgrade is the handshake of a WebSocket (RFC 6455, 4.2.1)."""
    if request._method != "GET" or request._http_version != "1.1":
        return False
    upgrade = request._values_of(b"upgrade")
    options = b",".join(request._values_of(b"connection")).lower().split(b",")
    return (
        len(upgrade) == 1
        and upgrade[0].lower() == b"websocket"
        and any(each.strip(b" \t") == b"upgrade" for each in options)
    )
