"""The command: reads its line, then shows help, runs a script or serves a target."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from writehead._command.arguments import CHECK_COMMAND, CONTROL_COMMAND, Asked, read_line, split
from writehead._command.failures import NOT_STARTED, USAGE, CommandError
from writehead._command.help import help_text, version_text, wants_colours
from writehead._command.identity import leave, set_umask, settle
from writehead._command.reading import Sources, read_settings
from writehead._command.script import check_for_script, run_script, set_defaults
from writehead._command.serving import serve
from writehead._command.settings import ADMIN, CONTROL, ENV_FILE, HEALTH_PATH, NAME, READY_PATH
from writehead._command.supervising import needs_supervisor, supervise
from writehead._command.target_names import Reference, Script, read_target
from writehead._command.values import Values
from writehead._command.variables import set_variables
from writehead._process.deadline import end_in_spite_of_threads

if TYPE_CHECKING:
    from writehead._command.operating import Operating


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (default: those of the process) and return its exit code."""
    try:
        return _main(sys.argv[1:] if arguments is None else arguments)
    except CommandError as error:
        code = error.tell()
    if code == NOT_STARTED:
        end_in_spite_of_threads(code)
    return code


def _main(arguments: Sequence[str]) -> int:
    line = split(arguments, is_script)
    if line.command == CONTROL_COMMAND:
        from writehead._command.ctl import control

        return control(line.rest)
    asked = read_line(line.own, check=line.command == CHECK_COMMAND)
    if asked.help is not None or asked.version:
        return _show(asked)
    sources = Sources(asked, line.target, dict(os.environ), Path.cwd())
    values = read_settings(sources, is_script)
    if values.target is None:
        raise CommandError("no target: writehead main:app, or writehead script.py", USAGE)
    target = read_target(values.target)
    if isinstance(target, Script):
        check_for_script(values)
    if line.command == CHECK_COMMAND:
        from writehead._command.check import Asks, check

        return check(target, values, Asks(asked.no_import, asked.strict, asked.format))
    if needs_supervisor(values):
        return supervise(target, line.rest, values, lambda: read_settings(sources, is_script))
    if values[ENV_FILE]:
        set_variables(values.source(ENV_FILE) or "", values[ENV_FILE])
    set_umask(values)
    try:
        return _serve(target, line.rest, values)
    finally:
        leave(values)


def _serve(target: Reference | Script, rest: Sequence[str], values: Values) -> int:
    """Serve by this process."""
    role = _role(target, values)
    if isinstance(target, Script):
        settle(values)
        set_defaults(values)
        if role is not None:
            role.begin_with_loop()
        return run_script(target.path, rest)
    return serve(target, values, role)


def _role(target: Reference | Script, values: Values) -> Operating | None:
    """Return what this process does besides serving; what that needs is imported only then."""
    if not any(values[each] for each in (ADMIN, CONTROL, HEALTH_PATH, READY_PATH)):
        return None
    from writehead._command.operating import Operating

    return Operating(values[NAME] or (target.path if isinstance(target, Script) else target.text), values)


def is_script(text: str) -> bool:
    """Tell whether a target is a script, by its spelling."""
    try:
        return isinstance(read_target(text), Script)
    except CommandError:  # it is said after the options have been read
        return False


def _show(asked: Asked) -> int:
    if asked.help is None:
        print(version_text())
    else:
        print(help_text(asked.help, colours=wants_colours(sys.stdout, os.environ)), end="")
    return 0
