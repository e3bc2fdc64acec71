"""Running a script as `node script.js` does: the script, then the event loop until every server has closed."""

from __future__ import annotations

import io
import logging
import os
import sys
import types
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from writehead._command.failures import FAILED, USAGE, CommandError, print_traceback
from writehead._command.log_output import log_to_stderr
from writehead._command.servers import server_options, tls_options
from writehead._command.settings import (
    BACKLOG,
    HOST,
    IDLE_GRACE,
    IPV6_ONLY,
    LOG_LEVEL,
    LOOP,
    PORT,
    SHUTDOWN_DELAY,
    SHUTDOWN_TIMEOUT,
    Setting,
    WithScript,
)
from writehead._command.values import Values, addresses_of, place_of
from writehead._process import run as _run
from writehead._server import listen_target, options
from writehead._tls import context
from writehead.errors import SystemCallError

logger = logging.getLogger("writehead")

_LISTENING = ("listen", "getaddrinfo")  # printed in one line: a traceback would show only the library


def check_for_script(values: Values) -> None:
    """Refuse options that say what a script decides itself.

    Raises:
        CommandError: one of them is on the command line; the environment may have them for other programs.
    """
    for setting, source in values.on_the_line():
        if setting.with_script is WithScript.PLACE:
            raise CommandError(
                "a script chooses its own port; serve an attribute of it, script.py:server, or give its listen() none",
                USAGE,
            )
        if setting.with_script is WithScript.REFUSED:
            raise CommandError(
                f"{source}: a script runs as it is; serve an attribute of it, script.py:app", USAGE
            )


def set_defaults(values: Values) -> None:
    """Let settings that were given be defaults of the servers that the script makes."""
    _run.choose_loop(values[LOOP])
    _run.set_stop_times(
        timeout=values[SHUTDOWN_TIMEOUT], delay=values[SHUTDOWN_DELAY], idle_grace=values[IDLE_GRACE]
    )
    for option, value in server_options(values, given=True).items():
        options.set_default(option, value)
    if certificate := tls_options(values):
        context.set_default_certificate(certificate)
    if values.source(LOG_LEVEL):
        log_to_stderr(values[LOG_LEVEL])
    for note in values.notes:
        logger.warning("%s", note)
    listen_target.set_default_place(**_place(values))


def _place(values: Values) -> dict[str, Any]:
    """Return where a `listen()` without a port listens, as options of it."""
    place = place_of(values)
    more = {"backlog": values[BACKLOG], "ipv6_only": values[IPV6_ONLY]}
    found = {name: value for name, value in more.items() if values.source(_OF_LISTEN[name])}
    first = addresses_of(values)[0]
    if place is not HOST:
        path = first.path and (f"\0{first.path[1:]}" if first.path.startswith("@") else first.path)
        return {**found, "host": first.host or None, "port": first.port, "path": path, "fd": first.fd}
    given = {"host": HOST, "port": PORT}
    return {**found, **{name: values[each] for name, each in given.items() if values.source(each)}}


_OF_LISTEN: dict[str, Setting[Any]] = {"backlog": BACKLOG, "ipv6_only": IPV6_ONLY}


def run_script(script: str, arguments: Sequence[str]) -> int:
    """Run the file `script` as `__main__`, then the loop; return the exit code."""
    path = Path(script)
    try:
        source = path.read_bytes()
    except OSError as error:
        raise CommandError(f"cannot open script {script!r}: {error.strerror}", FAILED) from None
    module = _main_module(path)
    _print_by_line()
    sys.argv[:] = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(path.resolve().parent)
    try:
        exec(compile(source, script, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - it is the purpose
        _run.run()
    except SystemCallError as error:
        if error.syscall in _LISTENING:
            raise CommandError(str(error), FAILED) from None
        print_traceback(error)
        return FAILED
    except Exception as error:
        print_traceback(error)
        return FAILED
    return 0


def _main_module(path: Path) -> types.ModuleType:
    """Make the module `__main__` of the script, for pickle, `import __main__` and tracebacks."""
    module = types.ModuleType("__main__")
    module.__file__ = os.fspath(path)
    module.__loader__ = SourceFileLoader("__main__", os.fspath(path))
    module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    return module


def _print_by_line() -> None:
    """Flush stdout after each line, in a pipe or a log too, as Node.js does."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # unless the program has replaced it
        sys.stdout.reconfigure(line_buffering=True)
