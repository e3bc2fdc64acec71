"""How error texts show the value that was received.

Invariant: the form is Node's, the names of types are Python's; a value is shown only if it is short and not secret.
"""

from __future__ import annotations

import re

#: How many characters Node shows of a value with its type, and of a value alone.
SHORT, LONG = 28, 128

_BETWEEN = re.compile("[:, ]")  # separators in a list of cipher suites

_SCALARS = (bool, int, float, str, bytes)


class Secret:
    """Stands in an error for a value that may be secret: only its type is shown.

    Args:
        value: the secret, which is not kept.
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
    """Return a number or None unchanged, anything else as a `Secret`."""
    return value if value is None or type(value) in (bool, int, float) else Secret(value)


def word(value: object) -> object:
    """Return the name of a cipher suite or a curve unchanged; any other text as a `Secret`."""
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
    """Return the `repr` of a scalar value; of any other, which may be large or secret, only the type."""
    if type(value) not in _SCALARS:
        return described(value)
    written = repr(value)
    return written if len(written) <= LONG else written[:LONG] + "..."


def number(value: object) -> str:
    """Return a value as `shown` does, but a large integer in groups of three digits."""
    if isinstance(value, int) and abs(value) > 2**32:
        return format(int(value), "_")
    return shown(value)


def plain(value: object) -> str:
    """Return a value as Node's `%s` shows it: a text without quotes, bytes as latin-1 text, a number, or a type."""
    if isinstance(value, str):
        return str.__str__(value)  # not `str()`, which a subclass may override
    if isinstance(value, bytes):
        return bytes.decode(value, "latin-1")
    return str(value) if type(value) in _SCALARS else described(value)


def as_json(value: object) -> str:
    """Return a value as Node's `%j` shows it: as JSON."""
    if isinstance(value, str):
        import json  # of an error alone

        return json.dumps(str.__str__(value), ensure_ascii=False)
    return shown(value)
