"""The worker beside the loop: it tells the supervisor what it does, shows that it lives, and does what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import io
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from writehead._command.failures import CommandError, frames_of_program
from writehead._command.serving import Role
from writehead._command.settings import ADMIN, BACKLOG, HEALTH_PATH, READY_PATH
from writehead._command.values import Values
from writehead._loop.ticks import later
from writehead._process import run
from writehead._server import registry
from writehead._server.bind import share_sockets
from writehead._server.doors import Door
from writehead._server.neighbours import Neighbours
from writehead._server.polite import join
from writehead._shared.block import State
from writehead._shared.channel import Channel, Message
from writehead._shared.readiness import readiness
from writehead._worker.cluster import Shared
from writehead._worker.passed import Passed
from writehead._worker.recycling import Recycling
from writehead._worker.stacks import resident_memory, show_stacks
from writehead.http import Server

if TYPE_CHECKING:
    from writehead._metrics.meter import Meter

#: Seconds between two beats.
BEAT = 0.5


class Worker(Role):
    """A process that serves for a supervisor."""

    alone = False

    def __init__(self, channel: Channel, passed: Passed) -> None:
        self._channel = channel
        self._passed = passed
        #: Whether idle connections have a time of their own when it is replaced; if not, they have all the time.
        self.has_idle_grace = False
        #: Makes the limits of its life, when it is ready.
        self.limits: Callable[[float], Recycling] = lambda now: Recycling(0, 0, 0, 0, now)
        self._row = passed.row
        self._row.state = State.STARTING
        self._neighbours = Neighbours(passed.block, passed.row)
        if passed.facts["workers"] > 1:  # one alone has nobody to be polite to
            join(self._neighbours)
        share_sockets(Shared(channel).bind)
        self._requests = 0
        self._meter: Meter | None = None
        self._recycling: Recycling | None = None
        _name_process(passed.slot)
        show_stacks()

    # -- being operated ----------------------------------------------------------

    def operate(self, values: Values) -> None:
        """Count for the metrics, and answer health checks, as the settings ask for it."""
        if values[ADMIN] is not None:
            from writehead._metrics.meter import Meter

            self._meter = Meter(self._row)
        if self._meter is not None or values[HEALTH_PATH] or values[READY_PATH]:
            self._watched: WeakSet[Any] = WeakSet()
            registry.on_open(lambda server: self._watch(server, values))

    def _watch(self, server: Any, values: Values) -> None:
        if server._unref or server in self._watched:
            return
        self._watched.add(server)
        if self._meter is not None:
            self._meter.watch(server)
        if values[HEALTH_PATH] or values[READY_PATH]:
            from writehead._guests.health import attach_health

            attach_health(
                server, values[HEALTH_PATH], values[READY_PATH], lambda: readiness(self._passed.block)
            )

    def end(self) -> None:
        """Write what was counted for the last time."""
        if self._meter is not None:
            self._meter.close()

    # -- starting --------------------------------------------------------------

    def begin_with_loop(self) -> None:
        """Begin when a loop runs: that of a script."""
        later(self._begin_script)

    def _begin_script(self) -> None:
        self.begin()
        asyncio.get_running_loop().create_task(self._ready_with_servers())

    async def _ready_with_servers(self) -> None:
        """Be ready when the servers listen that the script has made."""
        for server in registry.every_open_server():
            assert isinstance(server, Server)
            waiter = server._waiter
            if (
                waiter is not None and not waiter.done
            ):  # not `await server`: an error is still for `run` to raise
                settled = self._loop.create_future()
                waiter.futures.append(settled)
                await asyncio.wait([settled])
                settled.exception()
        if registry.every_open_server():
            self._tell_ready({})

    def begin(self) -> None:
        """Begin to show that the loop turns, and to listen to the supervisor."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._channel.fileno(), self._on_readable)
        run.on_stop(self._on_stop)
        self._due = self._loop.time()
        self._beat()
        if self._meter is not None:
            self._meter.start()
        if self._channel.has_kept:  # what came while `listen` waited
            self._loop.call_soon(self._on_readable)

    async def listen(self, server: Server, name: str, values: Values) -> None:
        """Let `server` accept on the sockets that the supervisor has bound."""
        await server._listen_on([Door(each, None, values[BACKLOG]) for each in self._passed.sockets])

    def announce(self, server: Server, values: Values, facts: Mapping[str, Any]) -> None:
        """Tell the supervisor that this worker serves."""
        self._tell_ready(facts)

    def _tell_ready(self, facts: Mapping[str, Any]) -> None:
        row = self._row
        row.ready_at = row.beat = now = time.monotonic()
        row.state = State.READY
        if self._meter is None:
            for server in registry.every_open_server():
                assert isinstance(server, Server)
                server._take_records(self._count)
        self._recycling = self.limits(now)
        self._channel.send("ready", facts=dict(facts))

    def tell_failure(self, error: CommandError) -> None:
        """Tell the supervisor why this worker does not start; it shows that once, for all workers."""
        shown = io.StringIO()
        if error.cause is not None:
            with contextlib.redirect_stderr(shown):
                found = frames_of_program(error.cause)
                sys.excepthook(type(error.cause), error.cause.with_traceback(found), found)
        self._channel.send("failed", line=str(error), traceback=shown.getvalue())

    # -- beats -----------------------------------------------------------------

    def _count(self, notes: object) -> None:
        self._requests += 1

    def _beat(self) -> None:
        row = self._row
        row.beat = now = time.monotonic()
        row.lag = max(0.0, self._loop.time() - self._due)
        row.processor = time.process_time()
        servers = registry.every_open_server()
        row.in_flight = sum(each._census().in_flight for each in servers)
        if self._meter is not None:
            self._requests = self._meter.requests
        row.requests = self._requests
        self._neighbours.publish()
        if self._recycling is not None and row.state == State.READY:
            resident = resident_memory() if self._recycling.wants_memory(now) else 0
            why = self._recycling.reached(now, self._requests, resident)
            if why is not None:
                self._channel.send("recycle", why=why)
        self._due = self._loop.time() + BEAT
        self._loop.call_at(self._due, self._beat)

    # -- being told ------------------------------------------------------------

    def _on_readable(self) -> None:
        messages = self._channel.receive()
        if self._channel.ended:
            self._loop.remove_reader(self._channel.fileno())
        for message in messages:
            self._on_message(message)
        if self._channel.ended:
            signal.raise_signal(signal.SIGTERM)

    def _on_message(self, message: Message) -> None:
        if message.about == "drain":
            self._drain(**message.facts)
        elif message.about == "ask":
            from writehead._worker.answers import answer

            facts = message.facts
            self._channel.send("answer", number=facts["number"], **answer(facts, self._meter))

    def _on_stop(self) -> None:
        self._row.state = State.DRAINING
        self._channel.send("draining")

    def _drain(self, *, delay: float, timeout: float, replaced: bool) -> None:
        """Drain; one that is replaced leaves what waits to others, and has all the time."""
        grace = timeout if replaced and not self.has_idle_grace else None
        reason = "replaced" if replaced else "SIGTERM"
        servers = registry.open_servers()
        shut_down = sum(each._guest_seconds for each in servers)  # of applications, behind the deadline
        self._channel.send("prolong", seconds=min((delay + timeout) / 1000 + shut_down, 86400.0))
        run.stop(delay=delay, timeout=timeout, reason=reason, idle_grace=grace, leave_queue=replaced)


def _name_process(slot: int) -> None:
    """Set the short name, which `top` and `ps -o comm` show; on Linux alone."""
    with contextlib.suppress(OSError):
        with open("/proc/self/comm", "w") as file:
            file.write(f"writehead-{slot}")
