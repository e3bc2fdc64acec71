"""Reads a request given by a program: any object or mapping, with names in Python's or Node's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MISSING: Any = object()
_NODE = {
    "http_version": "httpVersion",
    "http_version_major": "httpVersionMajor",
    "http_version_minor": "httpVersionMinor",
}


def value_of(request: Any, name: str, default: Any = None) -> Any:
    """Return an attribute of `request`, or an item if it is a mapping."""
    for spelled in (name, _NODE.get(name, name)):
        value = getattr(request, spelled, _MISSING)
        if value is _MISSING and isinstance(request, Mapping):
            value = request.get(spelled, _MISSING)
        if value is not _MISSING:
            return value
    return default


def version_of(request: Any) -> tuple[float, float]:
    """Return the HTTP version as two numbers: 1.1 if there is none, 0.0 if it is None (Node)."""
    whole = value_of(request, "http_version", "1.1")
    first, _, second = str(whole or "").partition(".")
    return (
        _number(value_of(request, "http_version_major", first or 0)),
        _number(value_of(request, "http_version_minor", second or 0)),
    )


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):  # JavaScript: NaN is not less than 1
        return 1.0


def header_of(request: Any, name: str) -> str:
    """Return the value of a header by its lower-case name; "" if there is none."""
    headers = value_of(request, "headers")
    get = getattr(headers, "get", None)
    value = get(name) if callable(get) else None
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    return value if isinstance(value, str) else ""
