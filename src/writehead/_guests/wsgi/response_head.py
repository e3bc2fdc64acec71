"""The head of a response as an app gives it to `start_response`, checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from writehead._semantics.exchange import FRAMING_NAMES, Entry
from writehead._semantics.fields import check_name, check_text, check_value, has_close
from writehead.errors import InvalidArgTypeError, InvalidArgValueError

#: Fields of one connection, which are the server's own (PEP 3333, Other HTTP Features; RFC 9110, 7.6.1).
HOP_BY_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)

#: Fields that are looked at one by one: they say something of the framing.
_NOTED = HOP_BY_HOP | FRAMING_NAMES

#: Fields that are not kept.
_UNKEPT = _NOTED | {"set-cookie"}

#: The status texts of the programs that run here: they have few.
_statuses: dict[str, tuple[int, str]] = {}
_MOST_STATUSES = 256

#: Fields that were good, by name and value: 60 ns a look-up in place of the checks.
#: Emptied when full, as some values are new each time. No cookies and no long values, as these stay in memory.
_entries: dict[tuple[str, str], Entry] = {}
_MOST_ENTRIES = 512
_LONGEST = 256

#: Called with the name of a hop-by-hop field that is dropped.
Dropped = Callable[[str], object]


class AppHead:
    """A status, its reason, and the fields in the order and spelling in which they were given."""

    __slots__ = ("closes", "fields", "length", "plain", "reason", "status")

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        self.fields: list[Entry] = []
        self.plain = True  # no field but Content-Length says anything of the framing
        self.length: int | None = None  # of the body, by Content-Length
        self.closes = False  # the app wants the connection closed


def read_head(status: str, headers: list[tuple[str, str]], dropped: Dropped | None) -> AppHead:
    """Check what an app gives to `start_response`.

    Args:
        status: three digits, a blank, a reason.
        headers: a list of tuples of name and value.
        dropped: called with each hop-by-hop field, which is left out; None refuses them.

    Raises:
        InvalidArgTypeError, InvalidArgValueError, InvalidHTTPTokenError, InvalidCharError: each a TypeError or
            ValueError.
    """
    head = AppHead(*(_statuses.get(status) or _checked_status(status)))
    if not isinstance(headers, list):
        raise InvalidArgTypeError("headers", "a list of tuples (name, value)", headers)
    fields = head.fields
    for item in headers:
        try:
            entry = _entries.get(item)
        except TypeError:  # a list in place of a value: not hashable
            entry = None
        if entry is None:
            entry = _checked_entry(item)
            if entry[0] in _NOTED and not _is_sent(head, entry, dropped):
                continue
        fields.append(entry)
    if head.length is not None and head.status == 204:  # RFC 9110, 8.6
        head.length = None
        head.fields = [each for each in fields if each[0] != "content-length"]
    return head


def _checked_status(status: Any) -> tuple[int, str]:
    if not isinstance(status, str):
        raise InvalidArgTypeError("status", 'a str such as "200 OK"', status)
    digits = status[:3]
    if not (digits.isascii() and digits.isdigit() and digits >= "200" and status[3:4] == " "):
        reason = 'must be three digits, 200 to 999, a blank and a reason, as in "200 OK"'
        raise InvalidArgValueError("status", status, reason)
    found = int(digits), check_text(status[4:], "status")
    if len(_statuses) < _MOST_STATUSES and len(status) <= 64:
        _statuses[status] = found
    return found


def _checked_entry(item: Any) -> Entry:
    """Return a field whose name and value are good."""
    if not isinstance(item, tuple) or len(item) != 2:
        raise InvalidArgTypeError("headers", "a list of tuples (name, value)", item)
    name, value = item
    if not isinstance(value, str):
        raise InvalidArgTypeError(f"value of header {name!r}", "of type str", value)
    key = check_name(name)
    value = check_value(name, str.__str__(value))
    entry: Entry = key, str.__str__(name), value
    if key not in _UNKEPT and type(item[0]) is str and type(item[1]) is str and len(value) <= _LONGEST:
        if len(_entries) >= _MOST_ENTRIES:
            _entries.clear()
        _entries[item] = entry
    return entry


def _is_sent(head: AppHead, entry: Entry, dropped: Dropped | None) -> bool:
    """Note what a field says about the framing; False if it is not sent as it is."""
    key, name, value = entry
    if key == "content-length":
        length = _checked_length(value)
        if head.length is None:
            head.length = length
            return True
        if head.length != length:
            raise InvalidArgValueError("headers", value, "has two different values of Content-Length")
        return False
    if key not in HOP_BY_HOP:
        head.plain = False
        return True
    if key == "connection" and has_close(value):
        head.closes = True
        head.plain = False
    elif dropped is None:
        raise InvalidArgValueError("headers", name, "has a field that the server alone sends")
    else:
        dropped(name)
    return False


def _checked_length(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        raise InvalidArgValueError("headers", value, "has a Content-Length that is no number of bytes")
    return int(value)
