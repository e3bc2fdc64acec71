"""What every server program answers, so that all send the same bytes."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

HELLO = b"Hello, World!"
JSON = b'{"message":"Hello, world!"}'
BROWSER = b"<!doctype html><title>ok</title><p>Hello, Browser!"
BIG = b"0123456789abcdef" * 65536
STREAM_CHUNK = b"s" * 1024
STREAM_COUNT = 50
UPLOAD_SIZE = 1 << 20
MESSAGE = b"thirty-two bytes of text, echoed"

BROWSER_FIELDS = (
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "private, max-age=0"),
    ("etag", 'W/"2f-18c9"'),
    ("x-request-id", "7d1f3c52b7f14f1c"),
)
COOKIES = ("session=4f1c0b7d9a2e4c52b7f1; Path=/; HttpOnly", "theme=dark; Path=/")
"""The fifth field of the browser answer: one Set-Cookie with two values."""

IDLE_TIMEOUT = 300
"""Seconds that an idle connection is kept in the `idle` workload; elsewhere each server keeps its default."""


def big_file() -> Path:
    """The path of a file that holds `BIG`, made when it is not there."""
    path = Path(tempfile.gettempdir()) / f"writehead-benchmark-{os.getuid()}.bin"
    if not path.exists() or path.stat().st_size != len(BIG):
        path.write_bytes(BIG)
    return path


def arguments() -> tuple[str, int, str | None, str | None]:
    """The command line of a server program: workload, port, certificate, key."""
    certificate, key = (*sys.argv[3:5], None, None)[:2]
    return sys.argv[1], int(sys.argv[2]), certificate, key
