"""From settings to a supervisor: what it is told, and the addresses that it binds."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from writehead._command.banner import print_banner
from writehead._command.failures import USAGE, CommandError
from writehead._command.listening import bind_all, url_of
from writehead._command.log_output import log_to_stderr
from writehead._command.settings import (
    ADMIN,
    CERTFILE,
    CONTROL,
    HANG_TIMEOUT,
    LOG_LEVEL,
    LOOP,
    MAX_REQUESTS,
    NAME,
    RELOAD,
    SHUTDOWN_DELAY,
    SHUTDOWN_TIMEOUT,
    STARTUP_TIMEOUT,
    WORKER_LIFETIME,
    WORKER_MAX_RSS,
    WORKERS,
)
from writehead._command.target_names import Reference, Script
from writehead._command.values import Values
from writehead._supervisor.doors import Doors
from writehead._supervisor.hands import Limits
from writehead._supervisor.plan import Directions, Plan, ReloadRefusedError
from writehead._supervisor.supervisor import Supervisor

if TYPE_CHECKING:
    from writehead._command.operating import Opened
    from writehead._supervisor.operated import OperatedFleet

logger = logging.getLogger("writehead")

#: The settings that only a supervisor can follow.
_SUPERVISED = (RELOAD, MAX_REQUESTS, WORKER_LIFETIME, WORKER_MAX_RSS, HANG_TIMEOUT)


def needs_supervisor(values: Values) -> bool:
    """Tell whether workers are to serve, and not this process."""
    return values[WORKERS] is not None or any(values[each] for each in _SUPERVISED)


def supervise(
    target: Reference | Script, rest: Sequence[str], values: Values, read_again: Callable[[], Values]
) -> int:
    """Let workers serve `target` until a signal, and return the exit code.

    Args:
        target: what the workers serve.
        rest: the arguments of a script.
        values: the settings.
        read_again: reads them again.

    Raises:
        CommandError: the start failed.
    """
    if sys.platform == "win32":
        raise CommandError(
            "workers need a system of POSIX; on Windows leave --workers and --reload out", USAGE
        )
    log_to_stderr(values[LOG_LEVEL])
    for note in values.notes:
        logger.warning("%s", note)
    doors = [] if isinstance(target, Script) else bind_all(values)

    def plan_again() -> Plan:
        try:
            return _plan(target, rest, read_again())
        except CommandError as error:
            raise ReloadRefusedError(str(error)) from None

    def announce(facts: Mapping[str, Any]) -> None:
        if not isinstance(target, Script):
            print_banner(
                values,
                facts,
                urls,
                workers=values[WORKERS] or 1,
                admin=opened and opened.admin,
                control=opened and opened.control,
            )

    scheme = "https" if values[CERTFILE] else "http"
    urls = [url_of(each.sock, scheme) for each in doors]
    opened: Opened | None = None
    operated = _operated(values[NAME] or _name(target), values, urls)

    async def open_for_operators() -> None:
        from writehead._command.operating import open_listeners

        nonlocal opened
        if operated is not None:
            opened = await open_listeners(values, operated, _control_path(values))

    directions = Directions([_name(target)], plan_again, operated, open_for_operators, announce)
    code = Supervisor(_plan(target, rest, values), directions, Doors(doors)).run()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _operated(name: str, values: Values, urls: list[str]) -> OperatedFleet | None:
    """Return what operators see of the supervisor; None if there is no way for them."""
    if values[ADMIN] is None and values[CONTROL] is False:
        return None
    from writehead._command.operating import build, setting_infos
    from writehead._supervisor.operated import OperatedFleet

    return OperatedFleet(
        name,
        build(loop_name(values)),
        addresses=lambda: urls,
        settings=lambda plan: setting_infos(Values.from_data(plan.facts["settings"])),
    )


def _control_path(values: Values) -> str | None:
    """Return the path of the control socket; None if there is none, or no place for it."""
    from writehead._admin.control_socket import make_path

    if values[CONTROL] is not None:
        return values[CONTROL] or None
    try:
        return str(make_path(os.environ, os.getpid()))
    except OSError as error:
        logger.warning("there is no control socket: %s", error)
        return None


def loop_name(values: Values) -> str:
    """Return which loop workers run, without loading it here."""
    if values[LOOP] == "asyncio" or os.environ.get("WRITEHEAD_LOOP") == "asyncio":
        return "asyncio"
    return "uvloop" if find_spec("uvloop") else "asyncio"


def _name(target: Reference | Script) -> str:
    return target.path if isinstance(target, Script) else target.text


def _plan(target: Reference | Script, rest: Sequence[str], values: Values) -> Plan:
    limits = Limits(
        shutdown_timeout=values[SHUTDOWN_TIMEOUT] / 1000,
        shutdown_delay=values[SHUTDOWN_DELAY] / 1000,
        startup_timeout=values[STARTUP_TIMEOUT] / 1000,
        hang_timeout=values[HANG_TIMEOUT] / 1000,
    )
    workers = values[WORKERS] or 1
    facts = {
        "target": _name(target),
        "rest": list(rest),
        "settings": values.to_data(),
        "workers": workers,
    }
    return Plan(workers, limits, facts)
