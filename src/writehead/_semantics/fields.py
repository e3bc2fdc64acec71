"""Header fields: what a name and a value may be, their text, and how duplicates join.

Invariant: only what `check_name` and `check_value` have accepted is written into a
head, and it is written unchanged (RFC 9110, 5.1 and 5.5; RFC 9112, 5).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from writehead._semantics.headers import Headers
from writehead.errors import (
    InvalidArgTypeError,
    InvalidArgValueError,
    InvalidCharError,
    InvalidHeaderValueError,
    InvalidHTTPTokenError,
)

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_CHARACTER = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_BAD_CHARACTER_LENIENT = re.compile(r"[^\x01-\x09\x0b\x0c\x0e-\xff]")


def lower(name: str) -> str:
    """Return `name` in lower case, valid or not; InvalidArgTypeError unless it is a str."""
    if type(name) is str:
        return name.lower()
    if not isinstance(name, str):
        raise InvalidArgTypeError("name", "of type str", name)
    return str.lower(name)


def check_name(name: Any, kind: str = "Header name") -> str:
    """Return a field name in lower case; InvalidHTTPTokenError if it is no token (RFC 9110, 5.6.2)."""
    if not (isinstance(name, str) and _TOKEN.fullmatch(name)):
        raise InvalidHTTPTokenError(kind, name)
    return str.lower(name)  # of a subclass too, whatever its own methods say


def check_value(name: str, value: Any, lenient: bool = False, where: str = "header content") -> Any:
    """Return `value` as it is to be stored: a list copied, bytes as latin-1 text.

    Raises InvalidHeaderValueError for None, InvalidCharError, and
    InvalidArgTypeError for what is not a str, number, bytes or list of those.
    `lenient` allows control characters except NUL, CR and LF.
    """
    kind = type(value)
    if kind is int:
        return value
    if isinstance(value, (list, tuple)):
        return _checked_list(name, value, lenient, where)
    if kind is not str:
        value = _scalar(name, value)
        if not isinstance(value, str):
            return value
        _check_characters(name, str.__str__(value), lenient, where)  # what is sent of a subclass
        return value
    if not (value.isascii() and value.isprintable()):  # a fast test that most values pass
        _check_characters(name, value, lenient, where)
    return value


def _check_characters(name: str, value: str, lenient: bool, where: str) -> None:
    found = (_BAD_CHARACTER_LENIENT if lenient else _BAD_CHARACTER).search(value)
    if found is not None:
        raise InvalidCharError(where, name, found[0], found.start())


def _checked_list(name: str, items: Iterable[Any], lenient: bool, where: str) -> list[Any]:
    checked = []
    for item in items:
        if type(item) is str and item.isascii() and item.isprintable():  # as most are
            checked.append(item)
        else:
            checked.append(check_value(name, item, lenient, where))
    return checked


def _scalar(name: str, value: object) -> str | int | float:
    if value is None:
        raise InvalidHeaderValueError(value, name)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(memoryview(value)).decode("latin-1")
    raise InvalidArgTypeError("value", "a str, a number, bytes or a list of these", value)


def check_text(value: str, where: str) -> str:
    """Return `value` if it may be written into a head; InvalidCharError if it may not."""
    value = str.__str__(value)
    found = _BAD_CHARACTER.search(value)
    if found is not None:
        raise InvalidCharError(where, None, found[0], found.start())
    return value


def validate_header_name(name: str, label: str | None = None) -> None:
    """Raise InvalidHTTPTokenError if `name` cannot name a header; `label` is what the error calls it.

    https://nodejs.org/api/http.html#httpvalidateheadernamename-label
    """
    check_name(name, label or "Header name")


def validate_header_value(name: str, value: object) -> None:
    """Raise InvalidHeaderValueError or InvalidCharError if `value` cannot be the value of a header.

    https://nodejs.org/api/http.html#httpvalidateheadervaluename-value
    """
    check_value(name, value)


validateHeaderName = validate_header_name
validateHeaderValue = validate_header_value


# From values to text.


def text(value: Any) -> str:
    """Return a stored value as text: a list joined by commas, numbers as JavaScript spells them."""
    if type(value) is str:
        return value
    if type(value) is int:
        return repr(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list | tuple):
        return ",".join([text(item) for item in value])
    return str.__str__(value)  # of a subclass too, whatever its own __str__ says


def _number(value: float) -> str:
    """Spell a float by ECMA-262, Number::toString."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    from decimal import Decimal  # seldom needed, and slow to import

    sign, figures, exponent = Decimal(float.__repr__(value)).normalize().as_tuple()
    assert isinstance(exponent, int)  # a str only for NaN and the infinities
    digits = "".join(map(str, figures))
    return ("-" if sign else "") + _placed(digits, len(digits) + exponent)


def _placed(digits: str, point: int) -> str:
    """Spell 0.`digits` times ten to the power of `point`."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"


def items(name: str, value: Any, join: bool = False) -> Sequence[Any]:
    """Return the values of one stored field, one for each of its lines; none for an empty list.

    With `join` a list is one text, its items separated by "; ", as a Cookie's always is. It is checked again, as the
    program may have changed it.
    """
    if not isinstance(value, list | tuple):
        return (value,)
    texts = [text(item) for item in value]
    for item in texts:
        if not (item.isascii() and item.isprintable()):
            _check_characters(name, item, lenient=True, where="header content")
    if join or (len(value) > 1 and len(name) == 6 and lower(name) == "cookie"):
        return ("; ".join(texts),)
    return texts


# Words within values.

_CLOSE = re.compile(r"(?<!\w)close(?!\w)", re.ASCII | re.IGNORECASE)
_CHUNKED = re.compile(r"(?<!\w)chunked(?!\w)", re.ASCII | re.IGNORECASE)
_CONTINUE = re.compile(r"(?<!\w)100-continue(?!\w)", re.ASCII | re.IGNORECASE)


def has_close(value: str) -> bool:
    """Return whether a Connection field has the word close."""
    return _CLOSE.search(value) is not None


def is_event_stream(value: str) -> bool:
    """Return whether a Content-Type field says `text/event-stream`, whatever its parameters."""
    return value.partition(";")[0].strip().lower() == "text/event-stream"


def is_chunked(value: str) -> bool:
    """Return whether a Transfer-Encoding field has the word chunked."""
    return _CHUNKED.search(value) is not None


def has_continue(value: str) -> bool:
    """Return whether an Expect field has the word 100-continue."""
    return _CONTINUE.search(value) is not None


# Received fields.

_FIRST_WINS = frozenset(
    [
        "age",
        "authorization",
        "content-length",
        "content-type",
        "etag",
        "expires",
        "from",
        "host",
        "if-modified-since",
        "if-unmodified-since",
        "last-modified",
        "location",
        "max-forwards",
        "proxy-authorization",
        "referer",
        "retry-after",
        "server",
        "user-agent",
    ]
)


def joined(raw_fields: Sequence[str], join_duplicates: bool = False) -> Headers:
    """Return the fields of a flat list by lower-case name, duplicates joined or dropped as in Node.

    https://nodejs.org/api/http.html#messageheaders
    """
    fields: Headers = Headers()
    pairs = iter(raw_fields)
    for name, value in zip(pairs, pairs, strict=True):
        key = name.lower()
        if key not in fields:
            fields[key] = value if key != "set-cookie" else [value]
        elif key == "set-cookie":
            fields["set-cookie"].append(value)
        elif key == "cookie":
            fields[key] += "; " + value
        elif join_duplicates or key not in _FIRST_WINS:
            fields[key] += ", " + value
    return fields


def distinct(raw_fields: Sequence[str]) -> dict[str, list[str]]:
    """Return the fields of a flat list by lower-case name, each with the list of its values."""
    fields: dict[str, list[str]] = {}
    pairs = iter(raw_fields)
    for name, value in zip(pairs, pairs, strict=True):
        fields.setdefault(name.lower(), []).append(value)
    return fields


_NAME_CHARACTER = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})"
_HOST = re.compile(
    rf"(?:{_NAME_CHARACTER}*"
    rf"|\[[0-9A-Fa-f:.]+(?:%25{_NAME_CHARACTER}+)?\]"  # RFC 6874: a zone after %25
    r"|\[[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+\])"
    r"(?::[0-9]*)?"
)


def is_host(value: str) -> bool:
    """Return whether `value` is empty or a host and perhaps a port (RFC 9112, 3.2; RFC 3986, 3.2.2)."""
    return _HOST.fullmatch(value) is not None


# The Link field of early hints. White space is JavaScript's; there is one way to match, so no input takes long.

_BLANK = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_WORD = rf'[^;"{_BLANK}]'
_LINK = re.compile(rf'<[^>\r\n]*>(?:[{_BLANK}]*;[{_BLANK}]*{_WORD}+(?:(?<={_WORD}=)"{_WORD}*")?)*')


def check_link(value: object) -> str:
    """Return a link or a list of links as one value, "" for None and the empty list.

    A link is `</styles.css>; rel=preload; as=style` (RFC 8288, 3). Raises
    InvalidArgValueError, InvalidCharError.
    """
    if value is None:
        return ""
    links: Iterable[object] = value if isinstance(value, list | tuple) else (value,)
    return ", ".join([_one_link(link) for link in links])


def _one_link(link: object) -> str:
    if isinstance(link, str):
        link = str.__str__(link)
    if not isinstance(link, str) or _LINK.fullmatch(link) is None:
        reason = 'must be an array or string of format "</styles.css>; rel=preload; as=style"'
        raise InvalidArgValueError("hints", link, reason)
    return check_text(link, "header content")
