"""Dates as HTTP spells them (RFC 9110, 5.6.7), and the Date line, made once a second."""

from __future__ import annotations

from time import gmtime, time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_from = _until = 0.0  # the second that the line is of
_line = ""


def http_date(timestamp: float) -> str:
    """Return `timestamp` (seconds since 1970, UTC) as `Sun, 06 Nov 1994 08:49:37 GMT`."""
    year, month, day, hour, minute, second, weekday, _, _ = gmtime(timestamp)
    return f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year:04} {hour:02}:{minute:02}:{second:02} GMT"


def date_line() -> str:
    """Return the whole line, `Date: Sun, 06 Nov 1994 08:49:37 GMT` and its CRLF, for now."""
    global _from, _until, _line
    now = time()
    if not _from <= now < _until:  # a clock may go back
        _from = now // 1
        _until = _from + 1
        _line = f"Date: {http_date(now)}\r\n"
    return _line
