"""run(): chooses the loop, waits for the servers, answers the signals.

Law: what a program has begun is finished. The loop goes on while a server
listens or has a connection, and while a task is under way. A first SIGINT or
SIGTERM closes the servers in order; a second one ends the process at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from asyncio import _get_running_loop  # of its __all__: None where no loop runs
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import FrameType
from typing import Any

from writehead._loop import listener_tasks
from writehead._loop.ticks import later
from writehead._node.validators import duration
from writehead._process.deadline import Deadline, free_of_threads
from writehead._server import registry

logger = logging.getLogger("writehead")

SHUTDOWN_TIMEOUT = 30_000

#: How long an idle connection may still bring the request that is on its way, in seconds.
IDLE_GRACE = 0.5

#: So many of those who hold up a stop are named.
MOST_SHOWN = 5
_shutdown_timeout: float | timedelta | str = SHUTDOWN_TIMEOUT  # what run() takes when it is told nothing

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def set_shutdown_timeout(timeout: float | timedelta | str) -> None:
    """Set the shutdown timeout of a `run()` that names none, in milliseconds."""
    global _shutdown_timeout
    duration(timeout, "shutdown_timeout")
    _shutdown_timeout = timeout


def run(
    *, shutdown_timeout: float | timedelta | str | None = None, loop_factory: LoopFactory | None = None
) -> None:
    """Run the event loop until every server has closed, as a Node.js process does.

    The loop is uvloop's where that is installed, else asyncio's;
    `WRITEHEAD_LOOP=asyncio` in the environment, or `loop_factory`, chooses
    otherwise. Tasks under way are waited for, too.

    SIGINT (Ctrl-C) and SIGTERM close the servers: what has been accepted is
    answered, then `run()` returns. A second signal ends the process at once.
    What is not done `shutdown_timeout` milliseconds after the first (default
    30000; a `timedelta`, or a text such as "30s", too) is cut, and the log says how
    many connections that were; half a second later the process ends even if a
    thread, a task or a blocked loop would hold it, and the log says which. Signals
    that the program handles or ignores itself are left alone.

    Servers that were left open by `unref()` are closed before it returns.

    Raises the error of a `listen` that failed while nobody listened to 'error',
    and RuntimeError if a loop runs already: there, `await server.listen()`.
    """
    timeout = duration(
        _shutdown_timeout if shutdown_timeout is None else shutdown_timeout, "shutdown_timeout"
    )
    if _get_running_loop() is not None:
        raise RuntimeError(
            "http.run() starts an event loop, and one is running already; "
            "there, `await server.listen(...)` is all that a server needs"
        )
    registry.gather_unheard()
    program: _Program | None = None
    try:
        with asyncio.Runner(loop_factory=loop_factory or best_loop()) as runner:
            program = _Program(runner.get_loop(), timeout / 1000)
            with program.signals():
                runner.run(program.finish())
            program.leave()
    finally:
        if program is not None:
            program.end()
        unheard = registry.take_unheard()
    if unheard:
        raise unheard[0]


def best_loop() -> LoopFactory | None:
    """Return what makes a uvloop, or None for asyncio's own loop."""
    if os.environ.get("WRITEHEAD_LOOP") == "asyncio":
        return None
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Program:
    """The wait for all that a program has begun, and its orderly end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, shutdown_timeout: float) -> None:
        self._loop = loop
        self._shutdown_timeout = shutdown_timeout
        self._changed = asyncio.Event()
        self._signals = 0
        self._stopping = False
        self._overdue = False
        self._exit: BaseException | None = None
        self._deadline: Deadline | None = None
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(self._on_exception)

    async def finish(self) -> None:
        """Return when nothing holds the loop any more."""
        registry.on_all_closed(self._changed.set)
        later(self._changed.set)  # what was due before there was a loop becomes due now
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
            elif tasks := self._under_way():
                await self._one_of(tasks)
            else:
                return

    def _under_way(self) -> set[asyncio.Task[Any]]:
        """Return the tasks to wait for once no server is open."""
        if self._stopping:
            # Told to stop: its listeners may finish, what else the program began is cancelled.
            return set(listener_tasks.running)
        return {task for task in asyncio.all_tasks(self._loop) if task is not asyncio.current_task()}

    async def _one_of(self, tasks: set[asyncio.Task[Any]]) -> None:
        changed = self._loop.create_task(self._changed.wait())
        await asyncio.wait({*tasks, changed}, return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        await asyncio.sleep(0)  # it ends, and what a finished task has begun begins

    async def _leave_nothing(self) -> None:
        """Close what does not hold the loop, or outlived the deadline: the loop ends here."""
        for server in registry.every_open_server():
            server.close()
            server.close_all_connections()
        for _ in range(3):  # a server that was about to accept has let its socket go by then
            await asyncio.sleep(0)

    def _on_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # uvloop would log the `sys.exit()` of a listener and go on; asyncio leaves by itself.
        error = context.get("exception")
        if isinstance(error, SystemExit | KeyboardInterrupt):
            self._exit = error
            self._give_up()
        else:
            loop.default_exception_handler(context)

    # -- signals

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM over where the program has left them to Python."""
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
        # Between two bytecodes of any code, so a handler that never returns can be ended, too.
        self._signals += 1
        if self._signals > 1:
            _die_by(number)
        self._deadline = Deadline(self._loop, self._shutdown_timeout, number, lambda: self._overdue)
        self._deadline.start()
        self._loop.call_soon_threadsafe(self._stop, number)

    def leave(self) -> None:
        """Let the loop end, behind the deadline without those who are still at work in threads."""
        if self._overdue and self._deadline is not None:
            free_of_threads(self._loop)

    def end(self) -> None:
        """Note that the loop has ended."""
        if self._deadline is not None:
            self._deadline.lift()

    def _stop(self, number: int) -> None:
        self._stopping = True
        self._changed.set()
        self._loop.call_later(IDLE_GRACE, self._tell_who_waits, number)
        for server in registry.open_servers():
            server._stop(min(IDLE_GRACE, self._shutdown_timeout / 2))
        self._loop.call_later(self._shutdown_timeout, self._cut)

    def _tell_who_waits(self, number: int) -> None:
        """Say why the process has not ended yet, to who pressed Ctrl-C."""
        waiting = [each for server in registry.open_servers() for each in server._waiting_for()]
        if waiting and not self._overdue:
            shown = ", ".join(waiting[:MOST_SHOWN]) + (", ..." if len(waiting) > MOST_SHOWN else "")
            logger.log(
                logging.WARNING if number == signal.SIGINT else logging.INFO,
                "waiting for %d %s (%s)%s",
                len(waiting),
                "connection" if len(waiting) == 1 else "connections",
                shown,
                "; press Ctrl-C again to quit" if number == signal.SIGINT else "",
            )

    def _cut(self) -> None:
        cut = 0
        for server in registry.open_servers():
            cut += server._busy_count()
            server.close_all_connections()
        if cut:
            logger.warning(
                "%d %s cut: not done %g s after the signal to stop",
                cut,
                "connection" if cut == 1 else "connections",
                self._shutdown_timeout,
            )
        # What was handed over by 'upgrade' cannot be cut; it is not waited for either.
        later(self._give_up)

    def _give_up(self) -> None:
        self._overdue = True
        self._changed.set()


def _die_by(number: int) -> None:  # pragma: no cover - nobody is left to count
    """End the process as the signal would have, had nobody handled it."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
