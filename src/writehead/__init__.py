"""Node's `http` server for Python: one request, one response, and the whole life of a response in your hands.

`http` and `https` make servers, `events` has the emitter that everything is,
`errors` all that can go wrong; `testing` drives handlers without a port.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from writehead import errors, events, http

if TYPE_CHECKING:
    from writehead import https

__version__ = "0.2.0"

__all__ = ["__version__", "errors", "events", "http", "https"]


def __getattr__(name: str) -> ModuleType:
    """Import `https` when a program asks for it: a server without TLS has no use for it."""
    if name == "https":
        return importlib.import_module("writehead.https")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
