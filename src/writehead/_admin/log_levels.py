"""The levels of loggers, as an operator sets them."""

from __future__ import annotations

import logging

from writehead._admin.operated import RefusedError

#: The words for levels; `trace` is below `debug`.
LEVELS = {
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": 5,
}


def set_level(level: str, logger: str) -> str:
    """Set the level of a logger of this process, and say so.

    Raises:
        RefusedError: there is no such level.
    """
    number = LEVELS.get(level.lower())
    if number is None:
        raise RefusedError(f"{level!r} is not one of {', '.join(LEVELS)}")
    logging.getLogger(None if logger == "root" else logger).setLevel(number)
    return f"logger {logger} is at level {level.lower()}"
