"""`writehead ctl`: tells a running server what to do, or asks it how it is.

Exit codes: 0; 1 it was refused, or has failed; 2 usage; 4 no server is there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from writehead._command import ctl_tables as tables
from writehead._command.ctl_client import NOBODY, PATIENCE, Reply, ask, find_socket
from writehead._command.failures import FAILED, USAGE, CommandError
from writehead._command.kinds import Duration

#: Seconds between two looks of `wait-ready`.
LOOK = 0.1

Body = dict[str, object]


class Command(NamedTuple):
    """One command.

    Attributes:
        usage: its arguments.
        help: what it does.
        target: of the request.
        show: makes a text of what it returns; None: it is an operation, which returns a message.
        body: makes the body of the request, of the arguments.
        waits: whether it may take as long as it takes.
    """

    usage: str
    help: str
    target: str
    show: Callable[[Any], str] | None = None
    body: Callable[..., Body] = dict
    waits: bool = False


def _slot(text: str) -> Body:
    return {"slot": _whole(text, "a number of a worker")}


def _count(text: str) -> Body:
    return {"count": _whole(text, "a number of workers")}


def _level(level: str, logger: str = "writehead") -> Body:
    return {"level": level, "logger": logger}


def _whole(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text[:9]) < 1:
        raise CommandError(f"ctl: {text!r} is not {what}, 1 or more", USAGE)
    return int(text)


COMMANDS = {
    "status": Command("", "what serves, where, and its workers", "/api/status", tables.status),
    "workers": Command(
        "", "the workers alone", "/api/status", lambda found: tables.workers(found["workers"])
    ),
    "slow": Command("", "the ten slowest requests under way", "/api/slow", tables.slow),
    "drain": Command(
        "SLOT", "end a worker in order; another takes its place", "/api/drain", None, _slot, True
    ),
    "restart": Command(
        "SLOT", "replace a worker; the new one is ready first", "/api/restart", None, _slot, True
    ),
    "reload": Command("", "replace all workers, one after another", "/api/reload", waits=True),
    "scale": Command("N", "have N workers", "/api/scale", None, _count, True),
    "loglevel": Command("LEVEL [LOGGER]", "log from LEVEL on", "/api/loglevel", None, _level),
    "reopen": Command("", "open log files anew", "/api/reopen"),
    "stacks": Command("SLOT", "where the threads of a worker are", "/api/stacks", None, _slot),
    "config": Command("", "the settings, and where each comes from", "/api/config", tables.config),
    "stop": Command("", "stop in order", "/api/stop"),
    "wait-ready": Command("[--timeout TIME]", "wait until requests can be served", "/readyz"),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(f"ctl: {message}", USAGE)


def _parser() -> argparse.ArgumentParser:
    listed = "".join(f"  {f'{name} {each.usage}':29}{each.help}\n" for name, each in COMMANDS.items())
    made = _Parser(
        prog="writehead ctl",
        usage="writehead ctl [options] COMMAND",
        description="Tells a running server what to do, or asks it how it is.",
        epilog=f"commands:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("command", nargs="?", metavar="COMMAND", help=argparse.SUPPRESS)
    made.add_argument("arguments", nargs="*", help=argparse.SUPPRESS)
    made.add_argument("--pid", type=int, metavar="N", help="the server of this process")
    made.add_argument("--name", metavar="NAME", help="the server of this name")
    made.add_argument("--control", metavar="PATH", help="the server of this control socket")
    made.add_argument("--json", action="store_true", help="print what it returns, as JSON")
    made.add_argument("--timeout", metavar="TIME", help="how long wait-ready waits (30s)")
    return made


def control(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Carry out `writehead ctl` with `arguments`, and return its exit code.

    Raises:
        CommandError: of wrong arguments, or because no server is there.
    """
    environ = os.environ if environ is None else environ
    options = _parser().parse_intermixed_args(arguments)
    command = COMMANDS.get(options.command)
    if command is None:
        named = f" {options.command!r}" if options.command else ""
        raise CommandError(f"ctl: no command{named}; there are: {', '.join(COMMANDS)}", USAGE)
    body = _body(options.command, command, options.arguments)
    if options.command == "wait-ready":
        return _wait_ready(options, environ)
    if options.timeout is not None:
        raise CommandError("ctl: --timeout is an option of wait-ready", USAGE)
    path = find_socket(environ, control=options.control, pid=options.pid, name=options.name)
    try:
        if command.show is not None:
            reply = ask(path, "GET", command.target)
        else:
            reply = ask(path, "POST", command.target, body, None if command.waits else PATIENCE)
    except OSError as error:
        raise _unreachable(path, error) from None
    return _tell(reply, command, as_json=options.json)


def _body(name: str, command: Command, arguments: Sequence[str]) -> Body:
    words = command.usage.split()
    if command.usage.startswith("[--"):
        words = []
    least = sum(not each.startswith("[") for each in words)
    if not least <= len(arguments) <= len(words):
        raise CommandError(f"ctl: usage: writehead ctl {name} {command.usage}".rstrip(), USAGE)
    return command.body(*arguments)


def _unreachable(path: str, error: OSError) -> CommandError:
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return CommandError(f"ctl: no server is at {path}", NOBODY)
    return CommandError(f"ctl: cannot ask the server at {path}: {error.strerror or error}", FAILED)


def _tell(reply: Reply, command: Command, *, as_json: bool) -> int:
    """Print what a server has returned, and return the exit code."""
    good = reply.status == 200
    if as_json:
        print(json.dumps(reply.value, indent=2, ensure_ascii=False))
    elif not good:
        raise CommandError(f"ctl: {reply.value['error']}", FAILED)
    elif command.show is not None:
        print(command.show(reply.value), end="")
    else:
        print(reply.value["message"].rstrip("\n"))
    return 0 if good else FAILED


def _wait_ready(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Wait until requests can be served; also for a server that is not there yet."""
    try:
        patience = Duration().read(options.timeout or "30s") / 1000
    except ValueError as error:
        raise CommandError(f"ctl: --timeout: {options.timeout!r} {error}", USAGE) from None
    end = time.monotonic() + patience
    while True:
        try:
            path = find_socket(environ, control=options.control, pid=options.pid, name=options.name)
            reply = ask(path, "GET", "/readyz", patience=max(min(end - time.monotonic(), PATIENCE), LOOK))
            state, code = reply.text.strip(), 0 if reply.status == 200 else FAILED
        except CommandError as error:
            if error.code != NOBODY:
                raise
            state, code = str(error).removeprefix("ctl: "), NOBODY
        except OSError as error:
            state, code = str(error.strerror or error), NOBODY
        if code == 0:
            print(json.dumps({"message": state}) if options.json else state)
            return 0
        if time.monotonic() >= end:
            if options.json:
                print(json.dumps({"error": state}))
            else:
                print(f"writehead: ctl: {state}", file=sys.stderr)
            return code
        time.sleep(min(LOOK, max(end - time.monotonic(), 0)))
