"""How a value that was given is shown in the sentence of an error.

Law: the form is Node's, the names of types are Python's; a value is shown only where it is short and harmless.
"""

from __future__ import annotations

import json
import re

#: Node shows so many characters of a value whose type is told, and so many of one that is told alone.
SHORT, LONG = 28, 128

_BETWEEN = re.compile("[:, ]")  # the words of a list of suites

_SCALARS = (bool, int, float, str, bytes)


class Secret:
    """What stands in an error for a value that may hold a secret: of it, the type alone is told.

    Args:
        value: is not kept.
    """

    __slots__ = ("kind",)

    def __init__(self, value: object) -> None:
        #: How the value is described.
        self.kind: str = (
            f"type {type(value).__name__} (not shown)" if type(value) in _SCALARS else described(value)
        )

    def __repr__(self) -> str:
        return "(not shown)"


def harmless(value: object) -> object:
    """Return a number or None as it is, and for all else a `Secret`."""
    return value if value is None or type(value) in (bool, int, float) else Secret(value)


def word(value: object) -> object:
    """Return a word such as OpenSSL has for a suite or a curve as it is; what is no such word may be a secret."""
    if not (isinstance(value, str) and str.isprintable(value)):
        return harmless(value)
    return value if all(len(each) < SHORT + 4 for each in _BETWEEN.split(value)) else Secret(value)


def described(value: object) -> str:
    """Return a type and, where it is short and harmless, the value: `type int (5)`, `an instance of dict`."""
    if value is None:
        return "None"
    if isinstance(value, Secret):
        return value.kind
    kind = type(value).__name__
    if type(value) in _SCALARS:
        if isinstance(value, str) and len(value) > SHORT:
            return f"type {kind} ({value[: SHORT - 3] + '...'!r})"
        written = repr(value)
        if len(written) > SHORT and not isinstance(value, str):
            written = written[: SHORT - 3] + "..."
        return f"type {kind} ({written})"
    name = getattr(value, "__name__", None)
    if callable(value) and isinstance(name, str):
        return f"function {name}"
    return f"an instance of {kind}"


def shown(value: object) -> str:
    """Return a value alone, as a program would write it; of what may be large or secret, the type."""
    if type(value) not in _SCALARS:
        return described(value)
    written = repr(value)
    return written if len(written) <= LONG else written[:LONG] + "..."


def number(value: object) -> str:
    """Return a value as `shown` does, a large integer in groups of three digits."""
    if isinstance(value, int) and abs(value) > 2**32:
        return format(int(value), "_")
    return shown(value)


def plain(value: object) -> str:
    """Return what stands for `%s`: a text without quotes, bytes as latin-1 text, a number, or a type."""
    if isinstance(value, str):
        return str.__str__(value)  # a subclass may say that it is something else
    if isinstance(value, bytes):
        return bytes.decode(value, "latin-1")
    return str(value) if type(value) in _SCALARS else described(value)


def as_json(value: object) -> str:
    """Return what stands for `%j`."""
    if isinstance(value, str):
        return json.dumps(str.__str__(value), ensure_ascii=False)
    return shown(value)
