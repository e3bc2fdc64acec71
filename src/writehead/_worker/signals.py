"""The signals of a worker.

INT, HUP, USR1, TTIN, TTOU and WINCH reach a whole group of processes: Ctrl-C of a terminal, `pkill -HUP writehead`. Only the
supervisor follows them. They are handled by a function that does nothing, and not ignored: to be ignored is inherited by
the programs that the application starts, which would then not end at Ctrl-C.
"""

from __future__ import annotations

import signal
from types import FrameType

from writehead._supervisor.spawn import GROUP_SIGNALS


def take_signals() -> None:
    """Let nothing happen at the signals of a group, and let those in that have waited since the start."""
    for number in GROUP_SIGNALS:
        signal.signal(number, _do_nothing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, GROUP_SIGNALS)


def _do_nothing(number: int, frame: FrameType | None) -> None:
    pass
