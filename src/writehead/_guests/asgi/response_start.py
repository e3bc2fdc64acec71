"""The head of a response as an application gives it: checked, and what it says about the framing.

Invariant: what is kept was checked byte for byte, and is sent unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from writehead._guests.asgi.app_types import Message
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import Entry
from writehead.errors import ASGIMessageError

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_BYTE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5: of the controls, only a tab is valid
_MOST_DIGITS = 18

#: What decides the framing, or is not sent as it is given.
_SPECIAL = frozenset((b"content-length", b"transfer-encoding", b"connection", b"trailer"))
#: What the general way of rendering has to see.
_SEEN = frozenset((b"date", b"keep-alive", b"expect"))

# Fields checked so far, by name and value: one look-up, in the place of four searches. No cookies, and no long values,
# as these stay in memory; at most so many, as some are different in each response.
_checked: dict[Any, Entry] = {}
_MOST_CHECKED = 1024
_LONGEST_CHECKED = 256

_checked_entry = _checked.get

KEEP_ALIVE, CLOSE = "keep-alive", "close"


class ResponseStart:
    """What `http.response.start` says."""

    # What few of them change has its value here.
    connection: str | None = None  # CLOSE or KEEP_ALIVE
    trailers = False  # whether a trailers message follows the body

    def __init__(self, status: int) -> None:
        self.status = status
        self.entries: list[Entry] = []
        self.length: int | None = None  # the announced Content-Length
        self.is_ordinary = True  # no field but Content-Length changes how it is rendered


def read_start(message: Message, kind: str) -> ResponseStart:
    """Check a message that begins a response.

    Raises:
        ASGIMessageError: it is malformed.
    """
    status = message.get("status")
    if type(status) is not int:
        status = _status(status, kind)
    if not 200 <= status <= 999:
        reason = "must be from 200 to 999: informational responses are messages of their own"
        raise ASGIMessageError(kind, "status", reason, status)
    start = ResponseStart(status)
    entries = start.entries
    headers = message.get("headers", ())
    for pair in headers if type(headers) is list else read_fields(headers, kind):
        try:
            entry = _checked_entry(pair)
        except TypeError:  # a list cannot be looked up
            entry = None
        if entry is None:
            entry = _check(pair, start, kind)
            if entry is None:
                continue
        elif entry[3] is None and not _is_first_length(entry, start, kind):
            continue
        entries.append(entry)
    if message.get("trailers"):
        start.trailers = True
    return start


def _status(status: Any, kind: str) -> int:
    if isinstance(status, int) and not isinstance(status, bool):
        return int(status)  # as of http.HTTPStatus
    raise ASGIMessageError(kind, "status", "must be an int", status)


def read_fields(headers: Any, kind: str) -> Iterable[Any]:
    """Check that the fields of a message can be iterated over.

    Raises:
        ASGIMessageError: they cannot, or are no fields.
    """
    if isinstance(headers, str | bytes | Mapping) or not isinstance(headers, Iterable):
        raise ASGIMessageError(kind, "headers", "must be an iterable of pairs of bytes", headers)
    return headers


def _check(pair: Any, start: ResponseStart, kind: str) -> Entry | None:
    """Check a field; return what is to be sent of it, or None."""
    name, value = read_pair(pair, kind)
    lower = name.lower()
    text = name.decode("latin-1")
    entry: Entry = _fields.check_name(text), text, value.decode("latin-1"), []
    if lower in _SPECIAL:
        return _special(entry, start, kind)
    if lower in _SEEN:
        start.is_ordinary = False
        return (*entry[:3], None)
    if lower != b"set-cookie":
        _remember(name, value, entry)
    return entry


def _remember(name: bytes, value: bytes, entry: Entry) -> None:
    if len(_checked) < _MOST_CHECKED and len(name) + len(value) <= _LONGEST_CHECKED:
        _checked[name, value] = entry


def read_pair(pair: Any, kind: str) -> tuple[bytes, bytes]:
    """Check the form of a field.

    Raises:
        ASGIMessageError: it is no pair of bytes, the name is no token, or the value has a control character.
    """
    try:
        name, value = pair
    except (TypeError, ValueError):
        raise ASGIMessageError(kind, "headers", "must be pairs of bytes", pair) from None
    if not (isinstance(name, bytes) and isinstance(value, bytes)):
        wrong = value if isinstance(name, bytes) else name
        raise ASGIMessageError(kind, "headers", f"must be pairs of bytes, not of {type(wrong).__name__}")
    if _TOKEN.fullmatch(name) is None:
        raise ASGIMessageError(kind, "headers", f"has a name that is no token, {name!r}")
    found = _BAD_BYTE.search(value)
    if found is not None:
        where = f"{found[0]!r} at index {found.start()}"
        raise ASGIMessageError(kind, "headers", f"has a control character in the value of {name!r}, {where}")
    return name, value


def _special(entry: Entry, start: ResponseStart, kind: str) -> Entry | None:
    key, name, value, _ = entry
    if key == "content-length":
        if not (value.isascii() and value.isdigit()) or len(value) > _MOST_DIGITS:
            raise ASGIMessageError(kind, "headers", "has a content-length that is no decimal number", value)
        length: Entry = key, name, value, None
        _remember(name.encode(), value.encode(), length)
        return length if _is_first_length(length, start, kind) else None
    if key == "transfer-encoding":
        return None  # the server frames the body
    start.is_ordinary = False
    if key == "connection" and not _is_connection(value, start):
        return None
    return key, name, value, None


def _is_connection(value: str, start: ResponseStart) -> bool:
    """Tell whether a Connection field is to be sent: the first that says `keep-alive`, or the first `close`."""
    wanted = CLOSE if _fields.has_close(value) else KEEP_ALIVE if "keep-alive" in value.lower() else None
    if wanted is None or start.connection in (CLOSE, wanted):
        return False
    start.entries[:] = [each for each in start.entries if each[0] != "connection"]  # close wins
    start.connection = wanted
    return True


def _is_first_length(entry: Entry, start: ResponseStart, kind: str) -> bool:
    """Note a Content-Length; False if it repeats the one before.

    Raises:
        ASGIMessageError: it says something else.
    """
    length = int(entry[2])
    if start.length is None:
        start.length = length
        return True
    if start.length != length:
        raise ASGIMessageError(kind, "headers", "has two different values of content-length")
    return False
