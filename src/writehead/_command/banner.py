"""What the command says when it serves: what, by what, and where.

    writehead 0.2.0  main:app (ASGI)  2 workers  uvloop  Python 3.11.2
    listening on http://127.0.0.1:8000

"listening on" comes once for each address, and is the line that tools may wait for.
"""

from __future__ import annotations

import json
import logging
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from writehead import __version__
from writehead._command.settings import LOG_FORMAT, LOG_LEVEL
from writehead._command.values import Values


def facts(what: str, kind: str, loop: object) -> dict[str, str]:
    """Return what a process tells of what it serves.

    Args:
        what: the target.
        kind: what it is.
        loop: the event loop.
    """
    return {
        "version": __version__,
        "target": what,
        "interface": kind,
        "loop": type(loop).__module__.partition(".")[0],
        "python": platform.python_version(),
    }


def print_banner(
    values: Values,
    told: Mapping[str, Any],
    addresses: Sequence[str],
    *,
    workers: int | None = None,
    admin: str | None = None,
    control: str | None = None,
) -> None:
    """Print the banner to stderr, if the level of the log is `info` or below.

    Args:
        values: the settings: the level and the format of the log.
        told: the facts of the process that serves.
        addresses: where it listens, as URLs.
        workers: how many processes serve; None if there is no supervisor.
        admin: the address of the admin listener.
        control: the path of the control socket.
    """
    if values[LOG_LEVEL] > logging.INFO:
        return
    if values[LOG_FORMAT] == "json":
        more = {"workers": workers, "admin": admin, "control": control, "addresses": list(addresses)}
        text = _as_json({**told, **{name: each for name, each in more.items() if each is not None}})
    else:
        text = _as_text(told, addresses, workers, _second_line(admin, control))
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _as_text(told: Mapping[str, Any], addresses: Sequence[str], workers: int | None, more: str) -> str:
    processes = [] if workers is None else [f"{workers} {'worker' if workers == 1 else 'workers'}"]
    first = [
        f"writehead {told['version']}",
        f"{told['target']} ({told['interface']})",
        *processes,
        told["loop"],
        f"Python {told['python']}",
    ]
    lines = ["  ".join(first), *(f"listening on {each}" for each in addresses), *([more] if more else [])]
    return "\n".join(lines)


def _second_line(admin: str | None, control: str | None) -> str:
    parts = [f"admin on {admin}"] if admin else []
    return "  ".join([*parts, f"control {control}"] if control else parts)


def _as_json(told: Mapping[str, Any]) -> str:
    now = time.time()
    head = {
        "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03d}Z",
        "level": "info",
        "logger": "writehead",
        "message": f"listening on {', '.join(told['addresses'])}",
    }
    return json.dumps({**head, **told}, ensure_ascii=False)
