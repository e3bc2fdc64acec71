"""run(): chooses the event loop, waits for the servers, handles signals.

Invariant: what a program has begun is finished. The loop runs while a server
listens or has a connection, and while a task runs. A first SIGINT or
SIGTERM closes the servers gracefully; a second one ends the process at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from asyncio import _get_running_loop  # in asyncio's __all__; None where no loop runs
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

#: Seconds for which an idle connection may still send a request at shutdown.
IDLE_GRACE = 0.5

#: How many of the connections that delay a shutdown are named in the log.
MOST_SHOWN = 5
_shutdown_timeout: float | timedelta | str = SHUTDOWN_TIMEOUT  # the default of run()

#: Called once when a stop begins; of a worker, whose supervisor did not ask for it.
_on_stop: Callable[[], object] | None = None

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def set_shutdown_timeout(timeout: float | timedelta | str) -> None:
    """Set the default shutdown timeout of `run()`, in milliseconds."""
    global _shutdown_timeout
    duration(timeout, "shutdown_timeout")
    _shutdown_timeout = timeout


def on_stop(callback: Callable[[], object]) -> None:
    """Let `callback` be called in the loop when a signal begins a stop."""
    global _on_stop
    _on_stop = callback


def run(
    *, shutdown_timeout: float | timedelta | str | None = None, loop_factory: LoopFactory | None = None
) -> None:
    """Run the event loop until every server has closed, as a Node.js process does.

    The loop is uvloop's where that is installed, else asyncio's;
    `WRITEHEAD_LOOP=asyncio` in the environment, or `loop_factory`, chooses
    another. Running tasks are waited for, too.

    SIGINT (Ctrl-C) and SIGTERM close the servers: requests that were accepted get
    their responses, then `run()` returns. A second signal ends the process at once.
    Connections that are open `shutdown_timeout` milliseconds after the first (default
    30000; a `timedelta`, or a text such as "30s", too) are aborted, and the log says
    how many; half a second later the process ends even if a thread, a task or a
    blocked loop holds it, and the log says which. Signals that the program handles
    or ignores itself are left alone.

    Servers that were left open by `unref()` are closed before it returns.

    Raises the error of a `listen` that failed if 'error' has no listener, and
    RuntimeError if a loop runs already: there, `await server.listen()`.
    """
    timeout = duration(
        _shutdown_timeout if shutdown_timeout is None else shutdown_timeout, "shutdown_timeout"
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
    """Return the factory of uvloop's loop, or None for asyncio's own loop."""
    if os.environ.get("WRITEHEAD_LOOP") == "asyncio":
        return None
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Program:
    """Waits for the servers and tasks of a program, and shuts it down gracefully."""

    #: Whether a signal to stop has come. sse-starlette finds it by `signal.getsignal(SIGTERM).__self__`, and ends its streams.
    should_exit = False

    def __init__(self, loop: asyncio.AbstractEventLoop, shutdown_timeout: float) -> None:
        self._loop = loop
        self._shutdown_timeout = shutdown_timeout
        self._changed = asyncio.Event()
        self._signals = 0
        self._stopping = False
        self._overdue = False
        self._exit: BaseException | None = None
        self._deadline: Deadline | None = None
        self._guests_left = 0  # servers whose applications are shutting down behind the deadline
        if loop.get_exception_handler() is None:
            loop.set_exception_handler(self._on_exception)

    async def finish(self) -> None:
        """Return when no server is open and no task runs."""
        registry.on_all_closed(self._changed.set)
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
            elif tasks := self._under_way():
                await self._one_of(tasks)
            else:
                return

    def _under_way(self) -> set[asyncio.Task[Any]]:
        """Return the tasks to wait for once no server is open."""
        if self._stopping:
            # Shutdown: async listeners may finish, other tasks of the program are cancelled.
            return set(listener_tasks.running)
        return {task for task in asyncio.all_tasks(self._loop) if task is not asyncio.current_task()}

    async def _one_of(self, tasks: set[asyncio.Task[Any]]) -> None:
        changed = self._loop.create_task(self._changed.wait())
        await asyncio.wait({*tasks, changed}, return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        await asyncio.sleep(0)  # `changed` ends, and what a finished task has started takes its first step

    async def _leave_nothing(self) -> None:
        """Close servers after `unref()`, and all that outlived the deadline, before the loop ends."""
        for server in registry.every_open_server():
            server.close()
            server.close_all_connections()
        for _ in range(3):  # rounds: a server that was about to accept has closed its socket by then
            await asyncio.sleep(0)

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
        self._signals += 1
        self.should_exit = True
        if self._signals > 1:
            _die_by(number)
        self._deadline = Deadline(self._loop, self._shutdown_timeout, number, lambda: self._overdue)
        self._deadline.start()
        self._loop.call_soon_threadsafe(self._stop, number)

    def leave(self) -> None:
        """Let the loop end, after the deadline without waiting for busy threads."""
        if self._overdue and self._deadline is not None:
            free_of_threads(self._loop)

    def end(self) -> None:
        """Note that the loop has ended."""
        if self._deadline is not None:
            self._deadline.lift()

    def _stop(self, number: int) -> None:
        self._stopping = True
        self._changed.set()
        if _on_stop is not None:
            _on_stop()
        self._loop.call_later(IDLE_GRACE, self._tell_who_waits, number)
        for server in registry.open_servers():
            server._stop(min(IDLE_GRACE, self._shutdown_timeout / 2))
        self._loop.call_later(self._shutdown_timeout, self._cut)

    def _tell_who_waits(self, number: int) -> None:
        """Log which connections the shutdown waits for."""
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
        aborted = 0
        for server in registry.open_servers():
            aborted += server._busy_count()
            server.close_all_connections()
        if aborted:
            logger.warning(
                "%d %s aborted: not done %g s after the signal to stop",
                aborted,
                "connection" if aborted == 1 else "connections",
                self._shutdown_timeout,
            )
        # Upgraded connections are the program's: they are neither aborted nor waited for.
        self._stop_guests()

    def _stop_guests(self) -> None:
        """Give up when the applications have shut down, or have had the time for that."""
        waits = [server._stop_guests(self._on_guests_stopped) for server in registry.open_servers()]
        self._guests_left = sum(each > 0 for each in waits)
        seconds = sum(waits)
        if not self._guests_left or self._deadline is None:
            later(self._give_up)
        elif seconds < threading.TIMEOUT_MAX:
            self._deadline.prolong(seconds)
            self._loop.call_later(seconds, self._give_up)
        else:
            self._deadline.prolong(threading.TIMEOUT_MAX)

    def _on_guests_stopped(self) -> None:
        self._guests_left -= 1
        if not self._guests_left:
            later(self._give_up)

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
