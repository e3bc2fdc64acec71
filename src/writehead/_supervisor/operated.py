"""The supervisor as it is operated: what the admin listener and the control socket show of it, and tell it to do."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from writehead._admin.log_levels import set_level
from writehead._admin.operated import ExchangeInfo, RefusedError, SettingInfo, Status
from writehead._admin.rows import measure, status_of
from writehead._metrics.collect import Collector
from writehead._metrics.render import Family
from writehead._server import registry
from writehead._shared.block import Block, Row, State
from writehead._shared.readiness import Readiness, readiness
from writehead._supervisor.family import Family as Processes
from writehead._supervisor.family import Process
from writehead._supervisor.fleet import Fleet
from writehead._supervisor.plan import Plan
from writehead._supervisor.sentences import ending, span
from writehead._supervisor.slots import Child
from writehead.http import Server

logger = logging.getLogger("writehead.supervisor")

#: Seconds that a worker has to answer; one that is blocked does not.
PATIENCE = 2.0

#: How many exchanges are named.
SLOWEST = 10


class Orders:
    """What the supervisor does when it is told to.

    A protocol would say the same; the supervisor makes one of these, so that nothing else of it is public.
    """

    def __init__(
        self,
        *,
        reload: Callable[[], str | None],
        scale: Callable[[int], object],
        stop: Callable[[], object],
        wake: Callable[[], object],
        plan: Callable[[], Plan],
    ) -> None:
        self.reload = reload  #: begins a reload; returns why not
        self.scale = scale
        self.stop = stop
        self.wake = wake  #: called when the rules were told something
        self.plan = plan  #: returns the latest plan


class OperatedFleet:
    """Operates a supervisor.

    Args:
        name: what is served.
        build: the version, of Python, and of the loop of the workers.
        addresses: where they listen, as URLs.
        settings: returns the settings of a plan.
    """

    supervised = True

    def __init__(
        self,
        name: str,
        build: Mapping[str, str],
        *,
        addresses: Callable[[], list[str]],
        settings: Callable[[Plan], Sequence[SettingInfo]],
    ) -> None:
        self._name = name
        self._build = build
        self._addresses = addresses
        self._settings = settings
        self._started = time.time()
        self._questions: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._ends: dict[Child, list[asyncio.Future[int]]] = {}
        self._reloads: list[asyncio.Future[str | None]] = []

    def take(self, block: Block, fleet: Fleet, processes: Processes, orders: Orders) -> None:
        """Take over what is operated."""
        self._block = block
        self._fleet = fleet
        self._processes = processes
        self._orders = orders
        self._collector = Collector(self._rows, self._build)
        self._collector.restarts = fleet.restarts  # type: ignore[assignment]  # its keys are strings

    def close(self) -> None:
        """Let nobody come any more: close the listeners, and remove the control socket."""
        for server in registry.every_open_server():
            assert isinstance(server, Server)
            server.close()
            server.close_all_connections()

    # -- told by the supervisor ------------------------------------------------

    def on_answer(self, facts: Mapping[str, Any]) -> None:
        """Pass on what a worker has answered."""
        waiting = self._questions.pop(facts["number"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(facts)

    def on_ended(self, child: Child, status: int, row: Row) -> None:
        """Keep the counters of a worker that has ended, and tell those who wait for that."""
        self._collector.depart(row)
        for waiting in self._ends.pop(child, ()):
            if not waiting.done():
                waiting.set_result(status)

    def on_reload_over(self, stopped: str | None) -> None:
        """Count a reload that is over, and tell those who wait for it."""
        self._collector.reloads["ok" if stopped is None else "failed"] += 1
        reloads, self._reloads = self._reloads, []
        for waiting in reloads:
            if not waiting.done():
                waiting.set_result(stopped)

    def on_reload_refused(self) -> None:
        """Count a reload that did not begin."""
        self._collector.reloads["refused"] += 1

    # -- what there is ---------------------------------------------------------

    def _rows(self) -> list[Row]:
        """Return the rows of all workers, with what is known of them from outside."""
        children = {process.row.number: child for child, process in self._processes.members.items()}
        rows = [row for row in self._block.in_use() if row.state != State.GONE and row.number in children]
        for row in rows:
            measure(row, row.pid)
            row.blocked_since = children[row.number].blocked_since or 0.0
        return rows

    def readiness(self) -> Readiness:
        return readiness(self._block)

    def status(self) -> Status:
        started = self._started
        return status_of(self._name, self._build, started, self.readiness(), self._addresses(), self._rows())

    def metrics(self) -> list[Family]:
        return self._collector.families()

    def config(self) -> Sequence[SettingInfo]:
        return self._settings(self._orders.plan())

    async def slow(self) -> Sequence[ExchangeInfo]:
        asked = [(child.slot, self._ask(child, what="slow")) for child in self._living()]
        found: list[ExchangeInfo] = []
        for (slot, _), answer in zip(asked, await asyncio.gather(*(each for _, each in asked)), strict=True):
            for each in (answer or {}).get("result", ()):
                each["worker"] = slot
                found.append(each)
        return sorted(found, key=lambda each: each["age"], reverse=True)[:SLOWEST]

    # -- what is done ----------------------------------------------------------

    async def drain(self, slot: int) -> str:
        child = self._serving(slot)
        begun = time.monotonic()
        ended = self._end_of(child)
        self._process(child).signal(signal.SIGTERM)
        status = await ended
        if status:
            raise RefusedError(f"{child.name} {ending(status)}")
        return f"{child.name} has drained and ended after {span(time.monotonic() - begun)}"

    async def restart(self, slot: int) -> str:
        old = self._serving(slot)
        new = self._fleet.restart(slot, time.monotonic())
        self._orders.wake()
        if new is None:
            raise RefusedError("a reload or another replacement is under way, or the server stops")
        gone, failed = self._end_of(old), self._end_of(new)
        await asyncio.wait([gone, failed], return_when=asyncio.FIRST_COMPLETED)
        if not gone.done():
            failed.cancel()
            raise RefusedError(f"the new worker {slot} could not start: {new.failure}; {old.name} serves on")
        failed.cancel()
        return f"{new.name} serves in the place of {old.name}, which has ended"

    async def reload(self) -> str:
        waiting: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._reloads.append(waiting)
        refused = self._orders.reload()
        self._orders.wake()
        if refused is not None:
            self._reloads.remove(waiting)
            raise RefusedError(refused)
        stopped = await waiting
        if stopped is not None:
            raise RefusedError(stopped)
        return f"reloaded: {len(self._fleet.slots)} workers"

    async def scale(self, count: int) -> str:
        self._refuse_at_end()
        self._orders.scale(count)
        self._orders.wake()
        return f"{len(self._fleet.slots)} workers from now on"

    async def set_log_level(self, level: str, logger: str) -> str:
        said = set_level(level, logger)
        await asyncio.gather(
            *(self._ask(each, what="loglevel", level=level, logger=logger) for each in self._living())
        )
        return f"{said} in every process, until it is replaced"

    async def reopen(self) -> str:
        raise RefusedError("there is no log file to open anew")

    async def stacks(self, slot: int) -> str:
        child = self._serving(slot)
        answer = await self._ask(child, what="stacks")
        if answer is not None:
            return str(answer.get("result") or answer.get("refused"))
        self._fleet.ask_for_stack(child)
        return f"{child.name} does not answer: the stack of its main thread is in its log"

    def stop(self) -> str:
        self._orders.stop()
        self._orders.wake()
        return "stopping"

    # -- workers ---------------------------------------------------------------

    def _living(self) -> list[Child]:
        return [each for each in self._processes.members if each.state in {State.READY, State.DRAINING}]

    def _refuse_at_end(self) -> None:
        if self._fleet.ending is not None:
            raise RefusedError("the server stops")

    def _serving(self, slot: int) -> Child:
        self._refuse_at_end()
        found = self._fleet.slots.get(slot)
        if found is None:
            raise RefusedError(f"there is no worker {slot}; there are {len(self._fleet.slots)}")
        if found.serving is None:
            raise RefusedError(f"worker {slot} is not ready")
        return found.serving

    def _process(self, child: Child) -> Process:
        return self._processes.members[child]

    def _end_of(self, child: Child) -> asyncio.Future[int]:
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._ends.setdefault(child, []).append(waiting)
        return waiting

    async def _ask(self, child: Child, **facts: Any) -> Mapping[str, Any] | None:
        """Return what a worker answers; None if it does not in time."""
        number = next(self._numbers)
        waiting: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._questions[number] = waiting
        self._process(child).channel.send("ask", number=number, **facts)
        try:
            return await asyncio.wait_for(waiting, PATIENCE)
        except TimeoutError:
            return None
        finally:
            self._questions.pop(number, None)
