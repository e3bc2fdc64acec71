"""The terminal that the server was started from: when it is closed, the server ends."""

from __future__ import annotations

import os
import signal


class Terminal:
    """Whether there was a terminal, and whether it is still there."""

    def __init__(self) -> None:
        self._was_there = _opens()
        self._ignored = (
            signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        )  # nohup: it is to outlive the terminal

    def has_gone(self) -> bool:
        """Tell whether the terminal has been closed, and the server is to end with it."""
        return self._was_there and not self._ignored and not _opens()

    def is_ignored(self) -> bool:
        """Tell whether a hangup is that of a terminal that the server outlives."""
        return self._was_there and self._ignored and not _opens()


def _opens() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
