"""What a value that was given is called in the sentence of an error."""

from __future__ import annotations


def described(value: object) -> str:
    """Return a type and, where it is short and harmless, the value: `int (5)`."""
    if value is None:
        return "None"
    kind = type(value).__name__
    if type(value) in (bool, int, float, str, bytes):
        shown = repr(value)
        return f"{kind} ({shown})" if len(shown) <= 28 else f"{kind} ({shown[:25]}...)"
    name = getattr(value, "__name__", None)
    return f"{kind} ({name})" if isinstance(name, str) else kind
