"""What a response made by hand reads of its request: any object, or a mapping, in either spelling."""

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
    """Return the numbers of the HTTP version: 1.1 where nothing is said of it, 0.0 where it is None (Node)."""
    whole = value_of(request, "http_version", "1.1")
    first, _, second = str(whole or "").partition(".")
    return (
        _number(value_of(request, "http_version_major", first or 0)),
        _number(value_of(request, "http_version_minor", second or 0)),
    )


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):  # JavaScript: no number is less than 1
        return 1.0


def header_of(request: Any, name: str) -> str:
    """Return the value of a header by its lower-case name; "" if there is none."""
    headers = value_of(request, "headers")
    get = getattr(headers, "get", None)
    value = get(name) if callable(get) else None
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    return value if isinstance(value, str) else ""
