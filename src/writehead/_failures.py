"""Failures of listeners, as the log tells them."""

from __future__ import annotations

import logging

from writehead.errors import ConnectionLostError

logger = logging.getLogger("writehead")


def log_failure(error: BaseException, event: object, emitter: object) -> None:
    """Log what a listener raised; that a client has left is no failure of ours, only told to debuggers."""
    if isinstance(error, ConnectionLostError):
        logger.debug("the client left during a listener of %r on %s", event, type(emitter).__name__)
    else:
        logger.error("a listener of %r on %s failed", event, type(emitter).__name__, exc_info=error)
