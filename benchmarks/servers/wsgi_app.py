"""The workload `wsgi` as an application, for writehead, gunicorn and granian alike."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from benchmarks.servers.payload import HELLO

THREADS = min(32, (os.cpu_count() or 1) + 4)
"""What each server gets: the default of `wsgi.attach`."""

HEADERS = [("Content-Type", "text/plain")]


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """One header, 13 bytes."""
    start_response("200 OK", HEADERS)
    return [HELLO]
