"""Serving a target: it is loaded, a server is made for it, the server listens, and the banner says where.

load (the loop is made, and does not run) -> judge -> make -> listen (lifespan) -> banner -> until a signal
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from writehead import http
from writehead._command import banner
from writehead._command.failures import FAILED, NOT_STARTED, CommandError, print_traceback
from writehead._command.interfaces import judge
from writehead._command.listening import listen, urls_of
from writehead._command.loading import is_awaitable, load, made
from writehead._command.log_output import log_to_stderr
from writehead._command.servers import server_for
from writehead._command.settings import (
    APP_DIR,
    FACTORY,
    IDLE_GRACE,
    INTERFACE,
    LOG_LEVEL,
    LOOP,
    SHUTDOWN_DELAY,
    SHUTDOWN_TIMEOUT,
)
from writehead._command.signals import handle_signals
from writehead._command.target_names import Reference
from writehead._command.values import Values
from writehead._process import run as _run

logger = logging.getLogger("writehead")


class Role:
    """What a process does besides serving: one that is alone binds its addresses itself, and prints the banner."""

    #: Whether there is no supervisor, whose signals these are.
    alone = True

    def begin(self) -> None:
        """Begin, now that the loop runs, before anything is made."""

    async def listen(self, server: http.Server, name: str, values: Values) -> None:
        """Let `server` listen.

        Raises:
            CommandError: it cannot.
        """
        await listen(server, name, values)

    def announce(self, server: http.Server, values: Values, facts: Mapping[str, Any]) -> None:
        """Tell that `server` listens."""
        banner.print_banner(values, facts, urls_of(server))


def serve(target: Reference, values: Values, role: Role | None = None) -> int:
    """Serve `target` until a signal, and return the exit code.

    The module is imported with the loop made and set, but not running: `asyncio.run` at import works as well as
    `asyncio.get_event_loop`, and a program that refuses to block a running loop (Django) is not in one.

    Args:
        target: what to serve.
        values: the settings.
        role: what this process does besides; None if it is alone.

    Raises:
        CommandError: the start failed.
    """
    log_to_stderr(values[LOG_LEVEL])
    for note in values.notes:
        logger.warning("%s", note)
    _run.choose_loop(values[LOOP])
    loop = (_run.best_loop() or asyncio.new_event_loop)()
    asyncio.set_event_loop(loop)
    try:
        found = load(target, values[APP_DIR], factory=values[FACTORY])
    except BaseException:
        loop.close()
        raise
    if role is None or role.alone:
        handle_signals(loop)
    failures: list[CommandError] = []
    # In the context of the import: what it has set is seen by requests.
    starting = _start(found, target.name, values, role or Role(), failures)
    loop.create_task(starting, context=copy_context())
    try:
        _run.run(
            shutdown_timeout=values[SHUTDOWN_TIMEOUT],
            shutdown_delay=values[SHUTDOWN_DELAY],
            idle_grace=values[IDLE_GRACE],
            loop_factory=lambda: loop,
        )
    except SystemExit:
        if failures:
            raise failures[0] from None
        raise
    except Exception as error:
        print_traceback(error)
        return FAILED
    return 0


async def _start(found: object, name: str, values: Values, role: Role, failures: list[CommandError]) -> None:
    """Listen, or end the loop with what went wrong among the failures."""
    role.begin()
    try:
        if is_awaitable(found):
            found = await made(found, name)
        judged = judge(found, name, values[INTERFACE])
        server = server_for(judged, name, values)
        await role.listen(server, name, values)
    except CommandError as error:
        failures.append(error)
        raise SystemExit(error.code) from None
    except Exception as error:  # of the library: a start that fails in any way ends the process
        failures.append(CommandError(f"cannot serve {name}: {type(error).__name__}: {error}", cause=error))
        raise SystemExit(NOT_STARTED) from None
    role.announce(server, values, banner.facts(name, judged.kind, asyncio.get_running_loop()))
