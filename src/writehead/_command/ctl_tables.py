"""What `writehead ctl` prints for people: tables, with units. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return lines with columns as wide as their widest text."""
    lines = [list(titles), *map(list, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(titles))]
    return "".join("  ".join(map(str.ljust, line, widths)).rstrip() + "\n" for line in lines)


def status(found: Mapping[str, Any]) -> str:
    """Return what serves, where, and its workers."""
    head = (
        f"{found['name']}  writehead {found['version']}  Python {found['python']}  {found['loop']}  pid {found['pid']}  "
        f"up {duration(found['age'])}  {found['readiness']}\n"
    )
    where = "".join(f"listening on {each}\n" for each in found["addresses"])
    return head + where + workers(found["workers"])


def workers(found: Sequence[Mapping[str, Any]]) -> str:
    """Return a line for each worker."""
    titles = ("slot", "pid", "state", "age", "requests", "in flight", "connections", "memory", "cpu", "lag")
    return table(
        titles,
        [
            (
                str(each["slot"]),
                str(each["pid"]),
                each["state"] + (f", blocked for {duration(each['blocked'])}" if each["blocked"] else ""),
                duration(each["age"]),
                str(each["requests"]),
                str(each["in_flight"]),
                str(each["connections"]),
                size(each["resident"]),
                duration(each["processor"]),
                duration(each["lag"]),
            )
            for each in found
        ],
    )


def slow(found: Sequence[Mapping[str, Any]]) -> str:
    """Return a line for each exchange under way."""
    if not found:
        return "no request is under way\n"
    return table(
        ("worker", "age", "method", "path", "client"),
        [
            (
                str(each["worker"]),
                duration(each["age"]),
                shown(each["method"]),
                shown(each["path"]),
                shown(each["client"]),
            )
            for each in found
        ],
    )


def config(found: Sequence[Mapping[str, Any]]) -> str:
    """Return a line for each setting."""
    return table(
        ("option", "value", "source"),
        [(each["name"], shown(each["value"]), each["source"]) for each in found],
    )


def shown(text: str) -> str:
    """Return a text that a client may have chosen, as a terminal may see it: on one line, without control characters."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


def duration(seconds: float) -> str:
    """Return a time in the two units that matter."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} d {hours_left} h"
    return f"{hours} h {minutes_left} m" if hours else f"{minutes} m {rest} s"


def size(count: int) -> str:
    """Return a number of bytes in MiB."""
    return f"{count / 1024 / 1024:.1f} MiB"
