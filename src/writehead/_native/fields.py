"""Fields and chunks on their way out: the twin in Python of `fields.c`."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")


def check_field(name: object, value: object) -> str | None:
    """Return the lower-case key of a field that is plainly good; None: the checks of `_semantics.fields` decide.

    It is good if `name` is a token, and `value` an `int`, a `str` without control characters other than tabs, or
    a list or tuple of such strings (RFC 9110, 5.5 and 5.6.2). No subclass of these is.

    A list is checked, not copied.
    """
    if type(name) is not str or _TOKEN.fullmatch(name) is None:
        return None
    kind = type(value)
    if kind is str:
        good = _is_good(value)
    elif kind is list or kind is tuple:
        good = all(map(_is_good, value))  # type: ignore[call-overload]  # known by the line above
    else:
        good = kind is int
    return name.lower() if good else None


def _is_good(value: object) -> bool:
    # Most values pass the first test, which is the faster one.
    return type(value) is str and (
        (value.isascii() and value.isprintable()) or _VALUE.fullmatch(value) is not None
    )


def frame_chunk(data: bytes) -> bytes:
    """Return a chunk: its size in a line, the data, CRLF (RFC 9112, 7.1). Without data it is the last chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
