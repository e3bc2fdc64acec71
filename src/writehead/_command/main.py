"""The command: reads its line, then shows help, runs a script or serves a target."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from writehead._command.arguments import Options, read_options, split
from writehead._command.failures import NOT_STARTED, USAGE, CommandError
from writehead._command.help import help_text, version_text, wants_colours
from writehead._command.script import check_for_script, run_script, set_defaults
from writehead._command.serving import serve
from writehead._command.supervising import needs_supervisor, supervise
from writehead._command.target_names import Script, read_target
from writehead._process.deadline import end_in_spite_of_threads


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
    if arguments and arguments[0] == "ctl":
        from writehead._command.ctl import control

        return control(arguments[1:])
    line = split(arguments, _is_script)
    options = read_options(line.own, os.environ)
    if options.help is not None or options.version:
        return _show(options)
    if line.target is None:
        raise CommandError("no target: writehead main:app, or writehead script.py", USAGE)
    target = read_target(line.target)
    if isinstance(target, Script):
        check_for_script(options.values)
    if needs_supervisor(options.values):
        return supervise(target, line.rest, options.values, lambda: read_options(line.own, os.environ).values)
    if isinstance(target, Script):
        set_defaults(options.values)
        return run_script(target.path, line.rest)
    return serve(target, options.values)


def _is_script(text: str) -> bool:
    try:
        return isinstance(read_target(text), Script)
    except CommandError:  # it is said after the options have been read
        return False


def _show(options: Options) -> int:
    if options.help is None:
        print(version_text())
    else:
        print(help_text(options.help, colours=wants_colours(sys.stdout, os.environ)), end="")
    return 0
