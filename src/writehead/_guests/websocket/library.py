"""The library `websockets`: imported at the first handshake, by the modules that need it.

Those are `connection`, `handshake` and what they import; nothing else here needs it to be installed.
"""

from __future__ import annotations

import logging

logger = logging.getLogger("writehead")

_told = False


def is_installed() -> bool:
    """Tell whether handshakes can be answered; if not, the log says once what to install."""
    global _told
    try:
        from writehead._guests.websocket import connection, handshake  # noqa: F401  # loads them
    except ImportError as error:
        if not (error.name or "").startswith("websockets"):
            raise
        if not _told:
            _told = True
            logger.error(
                "WebSocket handshakes are answered with 501: %s; `pip install 'websockets>=17,<18'`, or the extra `ws`",
                error,
            )
        return False
    return True
