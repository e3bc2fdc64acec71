"""The head of a response as an application gives it: checked, and what it says about the framing.

Invariant: what is kept was checked byte for byte, and is sent unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from writehead._guests.asgi.app_types import Message
from writehead._native.choice import check_pairs
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import Entry
from writehead.errors import ASGIMessageError

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_BYTE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, 5.5: of the controls, only a tab is valid
_MOST_DIGITS = 18

#: What the general way of rendering has to see.
_SEEN = frozenset(("connection", "date", "expect", "keep-alive", "trailer"))

KEEP_ALIVE, CLOSE = "keep-alive", "close"

#: The fields: pairs of bytes of an ordinary response, or what is to be sent of others.
Fields = list[tuple[bytes, bytes]] | list[Entry]

#: Status, fields, announced Content-Length; whether no field but that changes how it is rendered; `CLOSE` or
#: `KEEP_ALIVE`, if a Connection field says so; and whether a trailers message follows the body. A plain tuple: an object
#: of these costs 2,000 instructions more.
ResponseStart = tuple[int, Fields, int | None, bool, str | None, bool]


def read_start(message: Message, kind: str) -> ResponseStart:
    """Check a message that begins a response, and return what it says.

    Raises:
        ASGIMessageError: it is malformed.
    """
    status = message.get("status")
    if type(status) is not int:
        status = _status(status, kind)
    if not 200 <= status <= 999:
        reason = "must be from 200 to 999: informational responses are messages of their own"
        raise ASGIMessageError(kind, "status", reason, status)
    headers = message.get("headers", ())
    # A copy: the application may change its list.
    pairs: Any = headers[:] if type(headers) is list else list(read_fields(headers, kind))
    trailers = bool(message.get("trailers"))
    length = check_pairs(pairs)
    if length is not None:
        return status, pairs, None if length < 0 else length, True, None, trailers
    special = _Special()
    entries: list[Entry] = []
    for pair in pairs:
        entry = _check(pair, special, entries, kind)
        if entry is not None:
            entries.append(entry)
    return status, entries, special.length, not special.is_seen, special.connection, trailers


def entries_of(fields: Fields) -> list[Entry]:
    """Return fields as an exchange takes them in the general way."""
    entries: list[Entry] = []
    for field in fields:
        if len(field) == 2:
            name, value = field[0].decode("latin-1"), field[1].decode("latin-1")
            entries.append((name.lower(), name, value))
        else:
            entries.append(field)
    return entries


class _Special:
    """What the special fields of a head say."""

    def __init__(self) -> None:
        self.length: int | None = None
        self.connection: str | None = None
        self.is_seen = False  # a field that the general way of rendering has to see


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


def _check(pair: Any, special: _Special, entries: list[Entry], kind: str) -> Entry | None:
    """Check a field that follows `entries`; return what is to be sent of it, or None."""
    name, value = read_pair(pair, kind)
    text, line = name.decode("latin-1"), value.decode("latin-1")
    key = text.lower()
    if key == "content-length" and not _is_first_length(line, special, kind):
        return None
    if key == "transfer-encoding":
        return None  # the server frames the body
    if key in _SEEN:
        special.is_seen = True
        if key == "connection" and not _is_connection(line, special, entries):
            return None
    return key, text, line


def _is_first_length(value: str, special: _Special, kind: str) -> bool:
    """Check a Content-Length; False if it repeats another."""
    if not (value.isascii() and value.isdigit()) or len(value) > _MOST_DIGITS:
        raise ASGIMessageError(kind, "headers", "has a content-length that is no decimal number", value)
    length = int(value)
    if special.length is None:
        special.length = length
        return True
    if special.length != length:
        raise ASGIMessageError(kind, "headers", "has two different values of content-length")
    return False


def _is_connection(value: str, special: _Special, entries: list[Entry]) -> bool:
    """Tell whether a Connection field is to be sent: the first that says `keep-alive`, or the first `close`."""
    wanted = CLOSE if _fields.has_close(value) else KEEP_ALIVE if "keep-alive" in value.lower() else None
    if wanted is None or special.connection in (CLOSE, wanted):
        return False
    entries[:] = [each for each in entries if each[0] != "connection"]  # close wins
    special.connection = wanted
    return True
