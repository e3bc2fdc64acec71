"""From settings to a supervisor: what it is told, and the addresses that it binds."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from writehead._command.addresses import Address
from writehead._command.arguments import Values, place_of
from writehead._command.failures import USAGE, CommandError
from writehead._command.handing_over import pack
from writehead._command.log_output import log_to_stderr
from writehead._command.serving import print_banner
from writehead._command.settings import (
    BACKLOG,
    FD,
    HANG_TIMEOUT,
    HOST,
    LOG_LEVEL,
    MAX_REQUESTS,
    PORT,
    RELOAD,
    SHUTDOWN_DELAY,
    SHUTDOWN_TIMEOUT,
    STARTUP_TIMEOUT,
    UDS,
    WORKER_LIFETIME,
    WORKER_MAX_RSS,
    WORKERS,
)
from writehead._command.target_names import Reference, Script
from writehead._supervisor.doors import Door, Doors
from writehead._supervisor.hands import Limits
from writehead._supervisor.plan import Directions, Plan, ReloadRefusedError
from writehead._supervisor.supervisor import Supervisor

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
    doors = [] if isinstance(target, Script) else [_door(each, values) for each in _addresses(values)]

    def plan_again() -> Plan:
        try:
            return _plan(target, rest, read_again())
        except CommandError as error:
            raise ReloadRefusedError(str(error)) from None

    def announce(facts: Mapping[str, Any]) -> None:
        if not isinstance(target, Script):
            workers = values[WORKERS] or 1
            told = {**facts, "workers": f"{workers} worker" + "s" * (workers > 1)}
            print_banner(told, urls)

    urls = [_url(each) for each in doors]
    directions = Directions([_name(target)], plan_again, announce)
    code = Supervisor(_plan(target, rest, values), directions, Doors(doors)).run()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _name(target: Reference | Script) -> str:
    return target.path if isinstance(target, Script) else target.text


def _plan(target: Reference | Script, rest: Sequence[str], values: Values) -> Plan:
    limits = Limits(
        shutdown_timeout=values[SHUTDOWN_TIMEOUT] / 1000,
        shutdown_delay=values[SHUTDOWN_DELAY] / 1000,
        startup_timeout=values[STARTUP_TIMEOUT] / 1000,
        hang_timeout=values[HANG_TIMEOUT] / 1000,
    )
    facts = {"target": _name(target), "rest": list(rest), "settings": pack(values)}
    return Plan(values[WORKERS] or 1, limits, facts)


def _addresses(values: Values) -> list[Address]:
    place = place_of(values)
    if place is UDS:
        return [Address(path=values[UDS])]
    if place is FD:
        return [Address(fd=values[FD])]
    return [Address(values[HOST], values[PORT])]


def _door(address: Address, values: Values) -> Door:
    from writehead._server.bind import bind
    from writehead._server.listen_target import Target
    from writehead.errors import SystemCallError

    target = Target()
    target.backlog = values[BACKLOG]
    target.deferred = address.host is not None
    target.port, target.path, target.fd = address.port, address.path, address.fd
    if target.path and target.path.startswith("@"):
        target.path = "\0" + target.path[1:]
    try:
        return Door(bind(target, _resolved(address.host) if address.host else None), target.file)
    except SystemCallError as error:
        raise CommandError(f"cannot listen on {address}: {error.strerror}") from None


def _resolved(host: str) -> str:
    return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])


def _url(door: Door) -> str:
    host, port = door.sock.getsockname()[:2]
    return f"http://{Address(host, port)}"
