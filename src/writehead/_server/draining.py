"""The part of a server that drains: what each step of a drain does to its connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import TYPE_CHECKING, Any

from writehead._connection.closing import UNREAD_GRACE
from writehead._connection.config import DrainStage
from writehead._connection.link import Link
from writehead._loop.ticks import tick_queue
from writehead._node.failure_log import name_request
from writehead._node.validators import milliseconds
from writehead._semantics.outcome import Outcome
from writehead._server.drain import Census, Drain, DrainInfo, Named, Terms, drain
from writehead._server.hosting import Hosting
from writehead._server.lifecycle import Waiter
from writehead._server.timeouts import Slices
from writehead.errors import ServerCutError, ServerNotRunningError

if TYPE_CHECKING:
    from writehead._node.argument_types import Duration

#: How many idle connections are ended in one slice.
ENDED = 256


class _Outcome:
    """What `server.drain()` returns; awaited, it waits for 'close'."""

    __slots__ = ("_waiter",)

    def __init__(self, waiter: Waiter) -> None:
        self._waiter = waiter

    def __await__(self) -> Generator[Any, None, None]:
        return self._waiter.wait().__await__()


class Draining(Hosting):
    """The part of a server that drains."""

    _drain: Drain | None = None

    @property
    def draining(self) -> bool:
        """Whether `drain` was called, and the server has not closed yet."""
        return bool(self._config.drain)

    def drain(
        self,
        delay: Duration = 0,
        idle_grace: Duration = 500,
        timeout: Duration = 30_000,
        reason: str = "",
    ) -> Awaitable[None]:
        """Close without losing a request; `await server.drain()` returns at 'close'.

        'draining' is emitted, and from now on responses say `Connection: close`. After `delay` no more connections are
        accepted; responses without an end are told by `req.signal`, WebSockets are closed with 1012. Idle connections may
        bring a request for `idle_grace` more. What is left `timeout` after the delay is cut.

        A second call joins the first; what it wants earlier comes earlier.

        Args:
            delay: in which connections are still accepted; as all times here in milliseconds, or a `timedelta`.
            idle_grace: in which, behind the delay, an idle connection may still bring a request.
            timeout: behind the delay, after which what is left is cut.
            reason: what the log and 'draining' say.

        Raises:
            ServerNotRunningError: when awaited: there is nothing to drain.
            LifespanError: when awaited: the shutdown of an application has failed, whose `lifespan` is "on".
            InvalidArgTypeError, OutOfRangeError: an argument is no duration.
        """
        terms = Terms(
            milliseconds(delay, "delay"),
            milliseconds(idle_grace, "idle_grace"),
            milliseconds(timeout, "timeout"),
            str(reason),
        )
        waiter = Waiter()
        if self._is_closed and self._drain is None:
            waiter.settle(ServerNotRunningError())
            return _Outcome(waiter)
        self._closers.append((waiter, None))
        drain([self], terms, self._clock or asyncio.get_running_loop())
        return _Outcome(waiter)

    # -- the steps ---------------------------------------------------------------

    def _announce(self, info: DrainInfo) -> None:
        """Let every response say that it is the last of its connection, and emit 'draining'."""
        config = self._config
        config.closing = True
        config.drain = DrainStage.ANNOUNCED
        self._choose_fast_paths()
        for connection in self._links:
            connection.end_behind_responses()
        if self._guests is not None:
            self._guests.closing.set()
        self._notify("draining", info)

    def _close_door(self, leave_queue: bool) -> None:
        """Accept no more, after what waits in the system's queue, and tell those that have no end."""
        self._config.drain = DrainStage.GRACE
        if self._acceptor is not None and not leave_queue:
            coming = self._acceptor.take_waiting()
            loop = asyncio.get_running_loop()
            self._arriving = tick_queue().outside(loop.create_task, self._arrive(coming))
        self.close()
        for connection in self._links:
            connection.tell_endless()
        for upgraded in list(self._config.upgraded):
            upgraded.request._tell_of_drain()

    async def _arrive(self, coming: list[asyncio.Task[Any]]) -> None:
        """Wait until each accepted connection has its protocol."""
        if coming:
            await asyncio.wait(coming)
        for _ in range(3):  # rounds: the loop may have accepted a connection itself just before
            await asyncio.sleep(0)
        self._arriving = None
        self._close_if_drained()

    def _close_connection(self, connection: Link) -> None:
        if self._config.drain:
            connection.end_behind_responses()
        else:
            super()._close_connection(connection)

    def _admit_late(self, connection: Link) -> None:
        """Let a connection be served that has come when the server was closing already."""
        if self._config.keeps_idle:
            return  # as one of those that are idle
        if self._config.drain is DrainStage.CUT:
            connection.end_idle(now=True)
        elif connection.given or self._config.drain:
            connection.wait_for_request(UNREAD_GRACE)
        else:
            connection.close_in_order()

    def _end_idle(self) -> None:
        """Close the connections that are idle, or were never used."""
        self._config.drain = DrainStage.EMPTYING
        Slices(self._links, lambda each: each.end_idle(), ENDED)

    def _tell_of_cut(self) -> None:
        """Abort the signals of all requests under way."""
        self._config.drain = DrainStage.CUT
        for connection in self._links:
            connection.tell_of_cut()
        for upgraded in list(self._config.upgraded):
            upgraded.request._tell_of_cut(ServerCutError())

    def _cut(self) -> None:
        """Close every connection, also upgraded ones."""
        for lingering in list(self._config.lingering):
            if not lingering.is_brief:
                lingering.abort()
        for connection in self._links:
            connection.end_idle(now=True)
            connection.channel.blame(Outcome.SERVER_CUT)
            connection.channel.give_up()
        for upgraded in list(self._config.upgraded):
            upgraded.channel.blame(Outcome.SERVER_CUT)
            upgraded.channel.destroy()
        self._tell_guests_of_deadline()

    # -- its state ---------------------------------------------------------------

    def _census(self) -> Census:
        """Count the connections."""
        idle = in_flight = endless = 0
        for each in self._links:
            if each.is_idle or each.is_silent:
                idle += 1
            elif each.is_endless:
                endless += 1
            elif not each.channel.fate:
                in_flight += 1
        in_flight += self._half_open
        return Census(self._connection_count, in_flight, idle, endless + self._given_away)

    @property
    def _half_open(self) -> int:
        """How many connections have not done their TLS handshake."""
        return 0

    @property
    def _given_away(self) -> int:
        """How many connections were upgraded."""
        others = len(self._config.lingering) + self._half_open
        return max(self._connection_count - len(self._links) - others, 0)

    def _waiting_for(self) -> list[Named]:
        """Name each connection that a drain waits for, by its request if it has one."""
        named: list[Named] = [
            (each.describe(), each.age)
            for each in self._links
            if not (each.is_idle or each.is_silent or each.channel.fate)
        ]
        named += [(name_request(each.request), None) for each in self._config.upgraded]
        unnamed = self._given_away - len(self._config.upgraded)
        return (
            named
            + [("an upgraded connection", None)] * unnamed
            + [("a TLS handshake", None)] * self._half_open
        )

    def _open_again(self) -> None:
        self._leave_drain()
        super()._open_again()

    def _on_closed(self) -> None:
        self._leave_drain()

    def _leave_drain(self) -> None:
        self._config.drain = DrainStage.NONE
        if self._drain is not None:
            self._drain.leave(self)
