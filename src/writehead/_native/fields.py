"""Fields and chunks on their way out: the twin in Python of `fields.c`."""

from __future__ import annotations

import re

from writehead._semantics import fields as _fields

_known = _fields.known_names
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")


def check_field(name: object, value: object) -> str | None:
    """Return the lower-case key of a field that is plainly good; None: the checks of `_semantics.fields` decide.

    It is good if `name` is a token, and `value` an `int`, a `str` without control characters other than tabs, or
    a list or tuple of such strings (RFC 9110, 5.5 and 5.6.2). No subclass of these is.

    A list is checked, not copied.
    """
    if type(name) is not str or not _is_good_value(value):
        return None
    key = _known.get(name)  # six times as fast as the pattern
    if key is None and _TOKEN.fullmatch(name) is not None:
        key = _fields.check_name(name)  # and remember it
    return key


def _is_good_value(value: object) -> bool:
    kind = type(value)
    if kind is str:
        return _is_good(value)
    if kind is list or kind is tuple:
        return all(map(_is_good, value))  # type: ignore[call-overload]  # known by the line above
    return kind is int


def _is_good(value: object) -> bool:
    # Most values pass the first test, which is the faster one.
    return type(value) is str and (
        (value.isascii() and value.isprintable()) or _VALUE.fullmatch(value) is not None
    )


def frame_chunk(data: bytes) -> bytes:
    """Return a chunk: its size in a line, the data, CRLF (RFC 9112, 7.1). Without data it is the last chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
