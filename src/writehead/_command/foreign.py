"""Options of other servers that are no settings: some are taken and do nothing, some are refused with what to use instead."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from writehead._command.failures import USAGE, CommandError


class Foreign(NamedTuple):
    """An option of another server.

    Args:
        pattern: its name; `*` stands for anything.
        why: why it has no effect, or what to use instead.
        words: the values that it has no effect with; empty: every value.
        takes_value: whether a value follows it on the command line.
        letter: its short option, without the dash.
    """

    pattern: str
    why: str
    words: tuple[str, ...] = ()
    takes_value: bool = True
    letter: str = ""


#: Those that are taken, without effect.
TAKEN = (
    Foreign("http", "there is one parser", ("h11", "httptools")),
    Foreign("ws", "there is one implementation of WebSockets", ("auto", "websockets", "wsproto")),
    Foreign("runtime-*", "the loop runs in one thread; see --workers and --threads"),
    Foreign("task-impl", "tasks are those of asyncio"),
)

#: Those that are refused.
REFUSED = (
    Foreign(
        "worker-class",
        "there is one kind of worker: leave it out; --threads says how many threads a WSGI application has",
        letter="k",
    ),
    Foreign(
        "daemon",
        "it stays in the foreground: let systemd, a container or nohup keep it running",
        takes_value=False,
        letter="D",
    ),
    Foreign("statsd-*", "there is no StatsD: --admin serves metrics for Prometheus"),
    Foreign("static-path-*", "files are not served: let the proxy do that, or the program"),
)


def foreign(name: str) -> Foreign | None:
    """Return the option of another server that has this name, or this letter."""
    for each in (*TAKEN, *REFUSED):
        if fnmatchcase(name, each.pattern) or (name and name == each.letter):
            return each
    return None


def check_taken(source: str, name: str, text: str) -> str | None:
    """Return the note on an option that has no effect; None if it may have one.

    Args:
        source: the name that it was given by.
        name: the name of the option.
        text: its value.

    Raises:
        CommandError: it is refused, or has a value that is wrong in any case.
    """
    each = foreign(name)
    if each is None:
        return None
    if each in REFUSED:
        raise CommandError(f"{source}: {each.why}", USAGE)
    if not each.words or text.lower() in each.words:
        return f"{source} has no effect: {each.why}"
    if name == "http":  # which is a setting, too
        return None
    raise CommandError(f"{source}: {text!r} is not one of {', '.join(each.words)}", USAGE)
