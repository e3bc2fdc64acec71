"""run(): chooses the event loop, waits for the servers, handles signals.

Invariant: what a program has begun is finished. The loop runs while a server
listens or has a connection, and while a task runs. A first SIGINT or
SIGTERM drains the servers; a second one ends the process at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from asyncio import _get_running_loop  # in asyncio's __all__; None where no loop runs
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import FrameType
from typing import Any

from writehead._loop import listener_tasks
from writehead._loop.ticks import later
from writehead._node.validators import duration
from writehead._process.deadline import Deadline, free_of_threads
from writehead._process.drain import begin, until_closed
from writehead._server import registry
from writehead._server.drain import Terms

logger = logging.getLogger("writehead")

SHUTDOWN_TIMEOUT = 30_000

#: Milliseconds for which an idle connection may still send a request at shutdown.
IDLE_GRACE = 500

#: Seconds in which connections that were cut are gone, and those that end gently.
CUT_GRACE = 0.25

#: Seconds after which a signal is a second one, and not the first by another way: that of a terminal reaches a whole group.
REPEATED = 0.2

#: What the log adds to the connections that a stop by Ctrl-C waits for.
ADVICE = "; press Ctrl-C again to quit"

_defaults = Terms(timeout=SHUTDOWN_TIMEOUT, idle_grace=IDLE_GRACE)  # of run()

#: Called once when a stop begins; of a worker, whose supervisor did not ask for it.
_on_stop: Callable[[], object] | None = None

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

_programs: dict[asyncio.AbstractEventLoop, _Program] = {}  # those that run, by their loops


def set_stop_times(*, timeout: float, delay: float, idle_grace: float) -> None:
    """Set the times of a stop that `run()` has by default, in milliseconds."""
    global _defaults
    _defaults = Terms(delay, idle_grace, timeout)


def on_stop(callback: Callable[[], object]) -> None:
    """Let `callback` be called in the loop when a signal begins a stop."""
    global _on_stop
    _on_stop = callback


def run(
    *,
    shutdown_timeout: float | timedelta | str | None = None,
    shutdown_delay: float | timedelta | str | None = None,
    idle_grace: float | timedelta | str | None = None,
    loop_factory: LoopFactory | None = None,
) -> None:
    """Run the event loop until every server has closed, as a Node.js process does.

    The loop is uvloop's where that is installed, else asyncio's;
    `WRITEHEAD_LOOP=asyncio` in the environment, or `loop_factory`, chooses
    another. Running tasks are waited for, too.

    SIGINT (Ctrl-C) and SIGTERM drain the servers, as `server.drain` does: requests that
    were accepted get their responses, then `run()` returns. A second signal ends the
    process at once. What is left at the deadline is cut, and the log says what; half a
    second later the process ends even if a thread, a task or a blocked loop holds it,
    and the log says which. Signals that the program handles or ignores itself are left
    alone.

    Servers that were left open by `unref()` are drained, in no time, before it returns.

    Args:
        shutdown_timeout: of the drain; 30000 by default. As all times here in milliseconds,
            a `timedelta`, or a text such as "30s".
        shutdown_delay: how long connections are still accepted before that.
        idle_grace: how long idle connections may still bring a request.
        loop_factory: makes the event loop.

    Raises the error of a `listen` that failed if 'error' has no listener, and
    RuntimeError if a loop runs already: there, `await server.listen()`.
    """
    terms = Terms(
        _given(shutdown_delay, _defaults.delay, "shutdown_delay"),
        _given(idle_grace, _defaults.idle_grace, "idle_grace"),
        _given(shutdown_timeout, _defaults.timeout, "shutdown_timeout"),
        "the program ends",
    )
    if _get_running_loop() is not None:
        raise RuntimeError(
            "http.run() starts an event loop, and one is running already; "
            "inside it, `await server.listen(...)` is enough"
        )
    registry.gather_unheard()
    program: _Program | None = None
    try:
        with asyncio.Runner(loop_factory=loop_factory or best_loop()) as runner:
            loop = runner.get_loop()
            program = _programs[loop] = _Program(loop, terms)
            with program.signals():
                runner.run(program.finish())
            program.leave()
    finally:
        if program is not None:
            program.end()
            del _programs[program.loop]
        unheard = registry.take_unheard()
    if unheard:
        raise unheard[0]


def _given(value: float | timedelta | str | None, default: float, argument: str) -> float:
    return default if value is None else duration(value, argument)


def stop(
    *, delay: float, timeout: float, reason: str, idle_grace: float | None = None, leave_queue: bool = False
) -> None:
    """Stop the program that `run()` runs in this loop, as a signal would, by times of its own.

    A second call, or a signal, joins the first: what it wants earlier comes earlier.

    Args:
        delay: as all times here in milliseconds; see `Terms`.
        timeout: behind the delay.
        reason: for the log and 'draining'.
        idle_grace: None: that of the program.
        leave_queue: whether what waits in the system's queue is left to other processes.
    """
    program = _programs[asyncio.get_running_loop()]
    grace = program.terms.idle_grace if idle_grace is None else idle_grace
    program.stop(Terms(delay, grace, timeout, reason, leave_queue))


_loop_name = ""  # "auto", "uvloop", "asyncio"; empty: the environment says it


def choose_loop(name: str) -> None:
    """Choose the loop that `run()` makes: "uvloop", "asyncio", or "auto", the first of these that is installed."""
    global _loop_name
    _loop_name = name


def best_loop() -> LoopFactory | None:
    """Return the factory of uvloop's loop, or None for asyncio's own loop."""
    if (_loop_name or os.environ.get("WRITEHEAD_LOOP")) == "asyncio":
        return None
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Program:
    """Waits for the servers and tasks of a program, and drains it."""

    #: Whether a signal to stop has come. sse-starlette finds it by `signal.getsignal(SIGTERM).__self__`, and ends its streams.
    should_exit = False

    def __init__(self, loop: asyncio.AbstractEventLoop, terms: Terms) -> None:
        self.loop = loop
        self.terms = terms
        self._changed = asyncio.Event()
        self._signalled: float | None = None  # when the first signal came
        self._stopping = False
        self._stop_waiting = False  # for tasks: the deadline of the stop is over
        self._overdue = False
        self._exit: BaseException | None = None
        self._deadlines: list[Deadline] = []
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(self._on_exception)

    async def finish(self) -> None:
        """Return when no server is open and no task runs."""
        registry.on_change(self._changed.set)
        later(self._changed.set)  # callbacks queued before there was a loop become due now
        try:
            await self._changed.wait()
            await self._until_all_is_done()
            await self._leave_nothing()
        finally:
            registry.forget(self._changed.set)
        if self._exit is not None:
            raise self._exit

    async def _until_all_is_done(self) -> None:
        while not self._overdue:
            self._changed.clear()
            if registry.open_servers():
                await self._changed.wait()
            elif self._stop_waiting:
                self._overdue = True
            elif tasks := self._under_way():
                await self._one_of(tasks)
            else:
                return

    def _under_way(self) -> set[asyncio.Task[Any]]:
        """Return the tasks to wait for once no server is open."""
        if self._stopping:
            # Shutdown: async listeners may finish, other tasks of the program are cancelled.
            return set(listener_tasks.running)
        return {task for task in asyncio.all_tasks(self.loop) if task is not asyncio.current_task()}

    async def _one_of(self, tasks: set[asyncio.Task[Any]]) -> None:
        changed = self.loop.create_task(self._changed.wait())
        await asyncio.wait({*tasks, changed}, return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        await asyncio.sleep(0)  # `changed` ends, and what a finished task has started takes its first step

    async def _leave_nothing(self) -> None:
        """Drain servers after `unref()`, and all that outlived the deadline, in no time, before the loop ends."""
        servers = registry.every_open_server()
        if servers:
            seconds = CUT_GRACE + sum(each._guest_seconds for each in servers)
            begin(servers, Terms(idle_grace=0, timeout=0, reason=self.terms.reason))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(until_closed(servers), min(seconds, threading.TIMEOUT_MAX))

    def _on_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # uvloop would log the `sys.exit()` of a listener and go on; asyncio stops by itself.
        error = context.get("exception")
        if isinstance(error, SystemExit | KeyboardInterrupt):
            self._exit = error
            self._give_up()
        else:
            loop.default_exception_handler(context)

    # -- signals

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM where the program has left them at their defaults."""
        taken: dict[signal.Signals, Any] = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                before = signal.getsignal(number)
                if before in (signal.SIG_DFL, signal.default_int_handler):
                    taken[number] = before
                    signal.signal(number, self._on_signal)
        try:
            yield
        finally:
            for number, before in taken.items():
                if signal.getsignal(number) == self._on_signal:
                    signal.signal(number, before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Runs between two bytecodes of any code, so a handler that never returns can be ended, too.
        now = time.monotonic()
        if self._signalled is None:
            self._signalled = now
        elif now - self._signalled >= REPEATED:
            _die_by(number)
        else:
            return  # the same one, by another way
        advice = ADVICE if number == signal.SIGINT else ""
        terms = replace(self.terms, reason=signal.Signals(number).name, advice=advice)
        self._watch(terms, number)
        self.loop.call_soon_threadsafe(self._stop, terms)

    def stop(self, terms: Terms) -> None:
        """Stop by terms of a drain, as a signal stops it."""
        self._watch(terms, signal.SIGTERM)
        self._stop(terms)

    def _watch(self, terms: Terms, number: int) -> None:
        """Let the process end at the deadline of `terms`, whatever holds it."""
        self.should_exit = True
        seconds = (terms.delay + terms.timeout) / 1000
        deadline = Deadline(self.loop, seconds, number, lambda: self._stop_waiting)
        self._deadlines.append(deadline)
        deadline.start()

    def leave(self) -> None:
        """Let the loop end, after the deadline without waiting for busy threads."""
        if self._overdue and self._deadlines:
            free_of_threads(self.loop)

    def end(self) -> None:
        """Note that the loop has ended."""
        for deadline in self._deadlines:
            deadline.lift()

    def _stop(self, terms: Terms) -> None:
        if not self._stopping and _on_stop is not None:
            _on_stop()
        self._stopping = True
        self._changed.set()
        begin(registry.open_servers(), terms)
        self.loop.call_later((terms.delay + terms.timeout) / 1000, self._on_deadline)

    def _on_deadline(self) -> None:
        """Give up when the servers have closed, or have had the time for that: no task is waited for any more."""
        if self._stop_waiting:
            return  # an earlier one was over before
        self._stop_waiting = True
        seconds = CUT_GRACE + sum(each._guest_seconds for each in registry.open_servers())
        for deadline in self._deadlines:
            deadline.prolong(min(seconds, threading.TIMEOUT_MAX))
        if seconds < threading.TIMEOUT_MAX:
            self.loop.call_later(seconds, self._give_up)
        self._changed.set()

    def _give_up(self) -> None:
        self._overdue = True
        self._changed.set()


def _die_by(number: int) -> None:  # pragma: no cover - the process ends here
    """End the process by the default action of the signal."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
