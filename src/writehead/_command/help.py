"""The texts of `--help` and `--version`, made of the table of settings."""

from __future__ import annotations

import platform
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, TextIO

from writehead import __version__
from writehead._command.failures import USAGE, CommandError
from writehead._command.settings import GROUPS, Setting, option, variable
from writehead._native.choice import NATIVE
from writehead._process import run as _run

#: The longest line of the help.
WIDTH = 100

_HEAD = """\
usage: writehead [options] TARGET [options]
       writehead [options] script.py [arguments ...]

Serve an application, or run a script and then its servers until the last of them has closed.

  main:app        an ASGI or WSGI application, a handler or a Server of a module
  src/main.py:app the same of a file
  main:make()     what a function returns, with literals as its arguments
  main            the application, app or server of a module
  script.py       a script: all behind it belongs to it
"""
_FOOT = """\
  -h, --help [GROUP]  show this, or one group
  --version           show the versions

Ctrl-C and SIGTERM close the servers: accepted requests get responses, and the exit code is 0.
A second signal ends the process at once. WRITEHEAD_LOOP=asyncio in the environment chooses
asyncio's loop where uvloop is installed, and WRITEHEAD_NATIVE=0 Python in place of functions in C.
"""


def help_text(group: str, *, colours: bool) -> str:
    """Return the help of all groups, or of one.

    Args:
        group: its name in any case; empty is all.
        colours: whether the text may have escape sequences.

    Raises:
        CommandError: there is no such group.
    """
    dim = "\x1b[2m{}\x1b[0m" if colours else "{}"
    if not group:
        groups = "\n".join(_group(name, dim) for name in GROUPS)
        return f"{_HEAD}\n{groups}\n{_FOOT}"
    for name in GROUPS:
        if name.lower() == group.lower():
            return _group(name, dim)
    raise CommandError(f"--help: no group is called {group!r}; there are {', '.join(GROUPS)}", USAGE)


def _group(name: str, dim: str) -> str:
    column = max(len(_left(each)) for settings in GROUPS.values() for each in settings)
    return f"{name}\n" + "".join(_row(each, column, dim) for each in GROUPS[name])


def _left(setting: Setting[Any]) -> str:
    return f"{option(setting.name)} {setting.kind.metavar}".rstrip()


def _row(setting: Setting[Any], column: int, dim: str) -> str:
    """Return the line of a setting; what else there is to know of it follows in a line of its own if it is long."""
    line = f"  {_left(setting).ljust(column)}  {setting.help}"
    more = [f"({setting.shown})"] if setting.shown else []
    more += [variable(setting.name), *map(option, setting.aliases)]
    rows = textwrap.wrap(" ".join(more), WIDTH - column - 4, break_on_hyphens=False)
    if len(rows) == 1 and len(line) + len(rows[0]) + 2 <= WIDTH:
        return f"{line}  {dim.format(rows[0])}\n"
    return f"{line}\n" + "".join(f"{' ' * (column + 4)}{dim.format(each)}\n" for each in rows)


def wants_colours(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Tell whether a stream is a terminal whose user has nothing against colours, or wants them everywhere."""
    if environment.get("NO_COLOR"):
        return False
    return stream.isatty() or bool(environment.get("FORCE_COLOR"))


def version_text() -> str:
    """Return the versions of what serves: writehead, Python, the loop, the parser; and whether it has functions in C."""
    loop = _run.best_loop()
    name = "asyncio" if loop is None else loop.__module__.partition(".")[0]
    parts = [f"writehead {__version__}", f"Python {platform.python_version()}"]
    parts += [_versioned(each) for each in (name, "httptools")]
    parts.append(f"{'with' if NATIVE else 'without'} functions in C")
    return "  ".join(parts)


def _versioned(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # a MiB, which a supervisor would keep

    try:
        return package if package in sys.stdlib_module_names else f"{package} {version(package)}"
    except PackageNotFoundError:
        return package
