"""The command `writehead`: runs a script, then the event loop, as `node script.js` does."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import types
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path

from writehead import __version__
from writehead._native.choice import NATIVE
from writehead._node.validators import duration
from writehead._process import run as _run
from writehead.errors import InvalidArgValueError, SystemCallError

FAILED = 1  # Node.js's exit code for a script that is missing or throws
_LISTENING = ("listen", "getaddrinfo")  # printed in one line: a traceback would show only the library
_TAKES_A_VALUE = ("--shutdown-timeout",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (default: those of the process) and return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    own, rest = _split(given)
    parser = _parser()
    options = parser.parse_args(own)
    if not rest:
        parser.error("name the script to run: writehead script.py")
    _run.set_shutdown_timeout(options.shutdown_timeout)
    return run_script(rest[0], rest[1:])


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split the options of the command from the script and its arguments."""
    at = 0
    while at < len(arguments) and arguments[at].startswith("-"):
        at += 2 if arguments[at] in _TAKES_A_VALUE else 1
    return arguments[:at], arguments[at:]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="writehead",
        usage="writehead [options] script.py [arguments ...]",
        description="Run a script, then its servers until the last of them has closed.",
        epilog="Ctrl-C and SIGTERM close the servers: accepted requests get responses, and the exit code is 0. "
        "A second signal ends the process at once. WRITEHEAD_LOOP=asyncio in the environment chooses "
        "asyncio's loop where uvloop is installed, and WRITEHEAD_NATIVE=0 Python where there are functions in C.",
    )
    parser.add_argument("--version", action="version", version=version())
    parser.add_argument(
        "--shutdown-timeout",
        metavar="SECONDS",
        type=_seconds,
        default=_run.SHUTDOWN_TIMEOUT,
        help="abort connections this long after the first signal: seconds, or 500ms, 30s, 1m (default: 30)",
    )
    return parser


def version() -> str:
    """Return the name and version, and whether the functions in C are used."""
    return f"writehead {__version__} ({'with' if NATIVE else 'without'} functions in C)"


def _seconds(text: str) -> float:
    """Return a number of seconds, or a text with a unit, in milliseconds."""
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if 0 <= seconds < float("inf"):
            return seconds * 1000
    try:
        return duration(text, "--shutdown-timeout")
    except InvalidArgValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds, zero or more, nor a duration such as 500ms or 30s"
        ) from None


def run_script(script: str, arguments: Sequence[str]) -> int:
    """Run the file `script` as `__main__`, then the loop; return the exit code."""
    path = Path(script)
    try:
        source = path.read_bytes()
    except OSError as error:
        print(f"writehead: cannot open script {script!r}: {error.strerror}", file=sys.stderr)
        return FAILED
    module = _main_module(path)
    _print_by_line()
    sys.argv[:] = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(path.resolve().parent)
    try:
        exec(compile(source, script, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - it is the purpose
        _run.run()
    except SystemCallError as error:
        return _print_line(error) if error.syscall in _LISTENING else _print(error)
    except Exception as error:
        return _print(error)
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


def _print_line(error: SystemCallError) -> int:
    print(f"writehead: {error}", file=sys.stderr)
    return FAILED


def _print(error: Exception) -> int:
    """Print `error` as the interpreter does, without the frames of this command."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)
    return FAILED
