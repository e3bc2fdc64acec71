"""The supervisor: a loop around the rules of the fleet, with processes, signals and a clock.

    signal, message, death, time  ->  rules (`fleet`)  ->  start, tell, signal a worker

Invariant: it never imports the application, and nothing but a signal, or workers that cannot be kept alive, ends it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from writehead._shared.block import Block
from writehead._shared.channel import Message
from writehead._supervisor.cluster import Cluster, failure
from writehead._supervisor.doors import Doors
from writehead._supervisor.family import Family, Process
from writehead._supervisor.fleet import Fleet
from writehead._supervisor.plan import Directions, Plan, ReloadRefusedError
from writehead._supervisor.processes import STACK_SIGNAL
from writehead._supervisor.slots import Child, Why
from writehead._supervisor.terminal import Terminal
from writehead._supervisor.watch import Watcher, sentence
from writehead.errors import SystemCallError

logger = logging.getLogger("writehead.supervisor")

#: Rows of the shared block: a worker and its replacement for each of the most slots there can be, and some that drain.
ROWS = 1280

#: The most workers.
MOST_WORKERS = 512

#: A second signal to stop within so many seconds is the first one, which has come by two ways.
SAME_SIGNAL = 0.2

clock = time.monotonic


class Supervisor:
    """Starts the workers of a plan, and keeps them."""

    def __init__(self, plan: Plan, directions: Directions, doors: Doors) -> None:
        self._plans = [plan]  # by generation
        self._directions = directions
        self._operated = None if directions.entrance is None else directions.entrance.operated
        self._doors = doors
        self._cluster = Cluster()
        self._block = Block.create(rows=ROWS)
        self._block.head.supervisor = os.getpid()
        self._family = Family(self._block)
        self._fleet = Fleet(self, plan.limits)
        self._terminal = Terminal()
        self._timer: asyncio.TimerHandle | None = None
        self._stopped_at: float | None = None
        self._reload_again = False
        self._announced = False

    def run(self) -> int:
        """Supervise until the end; return the exit code, below 0 if a signal ends the process."""
        return asyncio.run(self._run())

    async def _run(self) -> int:
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[int] = self._loop.create_future()
        for number, handler in self._handlers().items():
            self._loop.add_signal_handler(number, self._guarded, handler, number)
        await self._open()
        self._fleet.start(self._plans[-1].workers, clock())
        self._look_ahead()
        watcher = None
        if self._directions.watched is not None:
            watcher = Watcher(self._directions.watched, partial(self._guarded, self._on_change))
            watcher.start()
        code = await self._end
        if self._operated is not None:
            self._operated.close()
        if watcher is not None:
            watcher.stop()
        if self._timer is not None:
            self._timer.cancel()
        return code

    async def _open(self) -> None:
        """Let operators come, if there is a way for them."""
        operated = self._operated
        if operated is None:
            return
        from writehead._supervisor.operated import Orders

        orders = Orders(
            reload=self.reload,
            scale=self.scale,
            stop=lambda: self._on_stop(signal.SIGTERM),
            wake=self._look_ahead,
            plan=lambda: self._plans[-1],
        )
        operated.take(self._block, self._fleet, self._family, orders)
        assert self._directions.entrance is not None
        await self._directions.entrance.open()

    def _handlers(self) -> Mapping[signal.Signals, Any]:
        handlers = {
            "SIGTERM": self._on_stop,
            "SIGINT": self._on_stop,
            "SIGQUIT": self._on_quit,
            "SIGHUP": self._on_hangup,
            "SIGTTIN": self._on_more,
            "SIGTTOU": self._on_less,
            "SIGUSR1": self._on_reopen,
            "SIGUSR2": self._on_nothing,
            "SIGWINCH": self._on_nothing,
            "SIGCHLD": self._on_death,
        }
        return {getattr(signal, name): handler for name, handler in handlers.items()}

    def _guarded(self, handler: Any, *arguments: Any) -> None:
        """Call what handles an event: its failure is logged, and the supervisor lives on."""
        try:
            handler(*arguments)
        except Exception:
            logger.exception("an event could not be handled")
        self._look_ahead()

    # -- time ------------------------------------------------------------------

    def _look_ahead(self) -> None:
        """Set the timer to when the rules have something to do."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._fleet.next_due(clock())
        if due is not None and not self._end.done():
            self._timer = self._loop.call_later(
                max(0.0, due - clock()), self._guarded, lambda: self._fleet.tick(clock())
            )

    # -- signals ---------------------------------------------------------------

    def _on_stop(self, number: int) -> None:
        now = clock()
        if self._stopped_at is None:
            self._stopped_at = now
            logger.info("stopping: %s", signal.Signals(number).name)
            self._fleet.stop(now)
        elif now - self._stopped_at >= SAME_SIGNAL:
            self._fleet.quit(now, signal.SIGKILL, -number)

    def _on_quit(self, number: int) -> None:
        self._stopped_at = clock()
        self._fleet.quit(clock(), signal.SIGQUIT)

    def _on_hangup(self, number: int) -> None:
        if self._terminal.has_gone():
            self._on_stop(number)
        elif not self._terminal.is_ignored():
            self.reload()

    def _on_more(self, number: int) -> None:
        self.scale(len(self._fleet.slots) + 1)

    def _on_less(self, number: int) -> None:
        self.scale(len(self._fleet.slots) - 1)

    def _on_reopen(self, number: int) -> None:
        logger.info("there is no log file to open anew")

    def _on_nothing(self, number: int) -> None:
        logger.debug("%s does nothing", signal.Signals(number).name)

    def scale(self, workers: int) -> None:
        """Have so many workers from now on; one at least."""
        workers = min(max(workers, 1), MOST_WORKERS)
        if workers != len(self._fleet.slots):
            logger.info("%d workers from now on", workers)
            self._fleet.scale(workers, clock())

    # -- reload ----------------------------------------------------------------

    def reload(self) -> str | None:
        """Read the settings again, and replace all workers; while that goes on, note that it has to be done once more.

        Returns why no reload begins; None if one does, or will.
        """
        if self._fleet.ending is not None:
            return "the server stops"
        if self._fleet.roll is not None:
            self._reload_again = True
            return None
        try:
            plan = self._directions.plan_again()
        except ReloadRefusedError as error:
            logger.error("reload refused: %s", error)
            if self._operated is not None:
                self._operated.on_reload_refused()
            return f"reload refused: {error}"
        if plan.needs_restart:
            logger.warning("new values of %s need a restart", ", ".join(plan.needs_restart))
        workers = plan.workers
        if workers == self._plans[-1].workers:
            workers = len(self._fleet.slots)  # what TTIN and TTOU have made of it
        logger.info("reloading")
        self._plans.append(plan)
        self._fleet.limits = plan.limits
        self._fleet.reload(workers, len(self._plans) - 1, clock())
        return None

    def _on_change(self, changed: list[str]) -> None:
        logger.info("%s", sentence(changed))
        self.reload()

    def on_reload_over(self, stopped: str | None) -> None:
        """Begin the next reload, if one was asked for meanwhile."""
        if self._operated is not None:
            self._operated.on_reload_over(stopped)
        if self._reload_again:
            self._reload_again = False
            self._loop.call_soon(self._guarded, self.reload)

    # -- workers ---------------------------------------------------------------

    def spawn(self, child: Child) -> None:
        """Start the process of a child, and tell it what to do."""
        process = self._family.start(child, self._directions.words)
        channel = process.channel
        channel.on_full = lambda: self._loop.add_writer(channel, self._flush, process)
        self._loop.add_reader(channel, self._guarded, self._on_readable, process)
        passed = {"block": self._block.fd, "stdin": 0}
        sockets = [each.fileno() for each in self._doors.sockets]
        channel.send(
            "hello",
            [*passed.values(), *sockets],
            kinds=[*passed, *["socket"] * len(sockets)],
            slot=child.slot,
            row=process.row.number,
            facts=self._plans[child.generation].facts,
        )

    def _flush(self, process: Process) -> None:
        if process.channel.flush():
            self._loop.remove_writer(process.channel)

    def _on_readable(self, process: Process) -> None:
        messages = process.channel.receive()
        if process.channel.ended:
            self._loop.remove_reader(process.channel)
        for message in messages:
            self._on_message(process, message)

    def _on_message(self, process: Process, message: Message) -> None:
        child, facts, now = process.child, message.facts, clock()
        if message.about == "ready":
            self._fleet.on_ready(child, now)
            self._announce(facts["facts"])
        elif message.about == "failed":
            child.failure, child.traceback = facts["line"], facts["traceback"]
        elif message.about == "draining":
            self._fleet.on_draining(child, now)
        elif message.about == "answer" and self._operated is not None:
            self._operated.on_answer(facts)
        elif message.about == "prolong":
            self._fleet.on_prolonged(child, facts["seconds"], now)
        elif message.about == "bind":
            self._bind(process, facts)
        elif message.about == "recycle":
            self._fleet.on_recycle(child, Why(facts["why"]))

    def _bind(self, process: Process, facts: Mapping[str, Any]) -> None:
        """Give a script the socket that its `listen` asks for."""
        try:
            sock = self._cluster.bound(facts)
        except SystemCallError as error:
            process.channel.send("bound", **failure(error))
        else:
            process.channel.send("bound", [sock.fileno()])

    def _announce(self, facts: Mapping[str, Any]) -> None:
        if not self._announced:
            self._announced = True
            self._directions.on_serving(facts)

    def _on_death(self, number: int) -> None:
        for process in self._family.ended():
            self._on_readable(process)
            self._loop.remove_reader(process.channel)
            self._loop.remove_writer(process.channel)
            try:
                self._fleet.on_ended(process.child, process.popen.returncode, clock())
                if self._operated is not None:
                    self._operated.on_ended(process.child, process.popen.returncode, process.row)
            finally:
                self._family.bury(process)

    # -- what the rules ask for -------------------------------------------------

    def drain(self, child: Child, *, replaced: bool) -> None:
        """Tell a child to drain."""
        limits = self._fleet.limits
        self._family.members[child].channel.send(
            "drain",
            delay=0 if replaced else limits.shutdown_delay * 1000,
            timeout=limits.shutdown_timeout * 1000,
            replaced=replaced,
        )

    def signal(self, child: Child, number: int) -> None:
        """Send a signal to a child."""
        process = self._family.members.get(child)
        if process is not None:
            process.signal(number)

    def numbers(self, child: Child) -> tuple[int, int]:
        """Return how many requests a child has had, and how many connections it serves."""
        row = self._family.members[child].row
        return row.requests, row.in_flight

    def show_failure(self, child: Child) -> None:
        """Show why a child could not start: by the command's line if nothing has ever served."""
        if child.traceback:
            sys.stderr.write(child.traceback)
        if self._fleet.ever_ready:
            logger.error("worker %d could not start: %s", child.slot, child.failure)
        else:
            sys.stderr.write(f"writehead: {child.failure}\n")
        sys.stderr.flush()

    def close_doors(self) -> None:
        """Close the listening sockets; the children have theirs."""
        self._block.head.stopping = 1
        self._doors.close()
        self._cluster.close()

    def finish(self, code: int) -> None:
        """End with an exit code; below 0: by a signal."""
        if not self._end.done():
            self._end.set_result(code)

    def beat(self, child: Child) -> float:
        """Return when the loop of a child has turned last."""
        return self._family.members[child].row.beat

    def processor(self, child: Child) -> float:
        """Return how many seconds of processor time it has used."""
        return self._family.members[child].processor()

    def processor_at_beat(self, child: Child) -> float:
        """Return the same as of its last beat."""
        return self._family.members[child].row.processor

    def ask_for_stack(self, child: Child) -> None:
        """Let it write the stack of its main thread to its log."""
        self.signal(child, STACK_SIGNAL)
