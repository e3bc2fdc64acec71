"""The lines of a head as HTTP/1 writes them: status line, fields, Date (RFC 9112, 2 to 5)."""

from __future__ import annotations

from collections.abc import Iterable
from time import time
from typing import Any

from writehead._semantics import fields as _fields
from writehead._semantics.dates import http_date
from writehead._semantics.status import STATUS_CODES

# Rendered at import, as most responses have a standard reason phrase.
STATUS_LINES: dict[int, str] = {
    code: f"HTTP/1.1 {code} {phrase}\r\n" for code, phrase in STATUS_CODES.items()
}

_date_from = _date_until = 0.0  # the second for which the Date line holds
_date_line = ""


def status_line(code: int, reason: str) -> str:
    """Return the status line for `code` and `reason`."""
    line = STATUS_LINES.get(code)
    if line is not None and line[13:-2] == reason:
        return line
    return f"HTTP/1.1 {code} {reason}\r\n"


def date_line() -> str:
    """Return the line `Date: Sun, 06 Nov 1994 08:49:37 GMT` with its CRLF for now, rendered once a second."""
    global _date_from, _date_until, _date_line
    now = time()
    if not _date_from <= now < _date_until:  # a clock may go back
        _date_from = now // 1
        _date_until = _date_from + 1
        _date_line = f"Date: {http_date(now)}\r\n"
    return _date_line


def field_lines(name: str, value: Any, join: bool = False) -> str:
    """Return the lines of one stored field, each with its CRLF; none for an empty list.

    See `fields.items` for `join`.
    """
    if type(name) is not str:
        name = str.__str__(name)  # a member of a (str, Enum) would be formatted as `Kind.NAME`
    if type(value) is str:
        return f"{name}: {value}\r\n"
    lines = ""
    for item in _fields.items(name, value, join):
        lines += f"{name}: {item if type(item) is str else _fields.text(item)}\r\n"
    return lines


def trailer_lines(trailers: Iterable[tuple[str, str]]) -> str:
    """Return the lines of trailer fields (RFC 9112, 7.1.2)."""
    return "".join([f"{name}: {value}\r\n" for name, value in trailers])


def informational_head(code: int, fields: Iterable[tuple[str, Any]]) -> bytes:
    """Return the bytes of an informational response (RFC 9110, 15.2); a list of values is joined on one line."""
    lines = status_line(code, STATUS_CODES.get(code, "unknown"))
    for name, value in fields:
        if isinstance(value, (list, tuple)):
            value = ",".join(_fields.text(item) for item in value)
        lines += f"{str.__str__(name)}: {_fields.text(value)}\r\n"
    return f"{lines}\r\n".encode("latin-1")
