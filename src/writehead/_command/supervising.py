"""From settings to a supervisor: what it is told, and the addresses that it binds."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from writehead._command.banner import print_banner
from writehead._command.failures import USAGE, CommandError
from writehead._command.identity import leave, set_umask, settle
from writehead._command.listening import bind_all, url_of
from writehead._command.log_output import log_to_stderr
from writehead._command.settings import (
    ADMIN,
    CERTFILE,
    CONFIG,
    CONTROL,
    ENV_FILE,
    HANG_TIMEOUT,
    LOG_LEVEL,
    MAX_REQUESTS,
    NAME,
    RELOAD,
    RELOAD_DELAY,
    RELOAD_DIR,
    RELOAD_EXCLUDE,
    RELOAD_INCLUDE,
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
from writehead._supervisor.plan import NOTHING, Directions, Entrance, Plan, ReloadRefusedError
from writehead._supervisor.supervisor import Supervisor
from writehead._supervisor.watch import Watched

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
    set_umask(values)
    doors = [] if isinstance(target, Script) else bind_all(values)

    def plan_again() -> Plan:
        try:
            now = read_again()
            plan = _plan(target, rest, now)
        except CommandError as error:
            raise ReloadRefusedError(str(error)) from None
        plan.needs_restart = [each.name for each in values.changed(now) if not each.reload]
        return plan

    def announce(facts: Mapping[str, Any]) -> None:
        if not isinstance(target, Script):
            opened = entrance.opened if entrance is not None else NOTHING
            print_banner(
                values, facts, urls, workers=_workers(values), admin=opened.admin, control=opened.control
            )

    scheme = "https" if values[CERTFILE] else "http"
    urls = [url_of(each.sock, scheme) for each in doors]
    entrance = _entrance(values[NAME] or _name(target), values, urls)
    directions = Directions([_name(target)], plan_again, announce, _watched(values), entrance)
    try:
        settle(values)
        code = Supervisor(_plan(target, rest, values), directions, Doors(doors)).run()
    finally:
        for each in doors:
            each.close()
        leave(values)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _entrance(name: str, values: Values, urls: list[str]) -> Entrance | None:
    """Return how operators come to the supervisor; None if they do not. What that needs is imported only then."""
    if values[ADMIN] is None and values[CONTROL] is False:
        return None
    from writehead._command.entrance import OperatorsEntrance

    return OperatorsEntrance(name, values, urls)


def _watched(values: Values) -> Watched | None:
    """Return the files of --reload: those of the program, and those of the settings."""
    if not values[RELOAD]:
        return None
    if (values[WORKERS] or 1) > 1:
        logger.warning("--reload serves by 1 worker, not %d", values[WORKERS])
    config = values[CONFIG]
    files = [*values[ENV_FILE], *([config] if config else [])]
    return Watched(
        folders=[str(Path(each).resolve()) for each in values[RELOAD_DIR]],
        include=values[RELOAD_INCLUDE],
        exclude=values[RELOAD_EXCLUDE],
        files=[str(Path(each).resolve()) for each in files],
        delay=values[RELOAD_DELAY] / 1000,
    )


def _workers(values: Values) -> int:
    return 1 if values[RELOAD] else values[WORKERS] or 1


def _name(target: Reference | Script) -> str:
    return target.path if isinstance(target, Script) else target.text


def _plan(target: Reference | Script, rest: Sequence[str], values: Values) -> Plan:
    limits = Limits(
        shutdown_timeout=values[SHUTDOWN_TIMEOUT] / 1000,
        shutdown_delay=values[SHUTDOWN_DELAY] / 1000,
        startup_timeout=values[STARTUP_TIMEOUT] / 1000,
        hang_timeout=values[HANG_TIMEOUT] / 1000,
    )
    workers = _workers(values)
    facts = {
        "target": _name(target),
        "rest": list(rest),
        "settings": values.to_data(),
        "workers": workers,
    }
    return Plan(workers, limits, facts)
