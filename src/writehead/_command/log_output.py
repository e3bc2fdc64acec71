"""What the command writes of the library's log: lines on stderr, unless the program configures logging itself.

Invariant: only the command configures logging, and it takes nothing from the program's own configuration.
"""

from __future__ import annotations

import logging
import time
from typing import TextIO

TRACE = 5  # below `debug`


class _Lines(logging.Formatter):
    """`2026-11-28T12:00:00.123Z INFO  message`."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-5s %(message)s")
        self.converter = time.gmtime


class _UnlessConfigured(logging.StreamHandler[TextIO]):
    """Writes to stderr as long as the program has given the root logger no handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not logging.getLogger().handlers and bool(super().filter(record))


def log_to_stderr(level: int) -> None:
    """Write the records of writehead from `level` on to stderr."""
    logging.addLevelName(TRACE, "TRACE")
    logger = logging.getLogger("writehead")
    logger.setLevel(level)
    handler = _UnlessConfigured()
    handler.setFormatter(_Lines())
    logger.addHandler(handler)
