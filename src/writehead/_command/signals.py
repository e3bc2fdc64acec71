"""The signals of a process that serves alone, beside INT and TERM, which `run` handles."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable

from writehead._supervisor.terminal import Terminal

logger = logging.getLogger("writehead")

#: Signals that do something only where there is a supervisor.
_IDLE = ("SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2", "SIGWINCH")


def handle_signals(loop: asyncio.AbstractEventLoop) -> None:
    """Let signals do what operators expect, in place of ending the process."""
    if sys.platform == "win32":
        return
    terminal = Terminal()
    handlers: dict[int, Callable[[], object]] = {
        signal.SIGQUIT: _quit,
        signal.SIGHUP: lambda: _on_hangup(terminal),
    }
    for name in _IDLE:
        handlers[getattr(signal, name)] = lambda name=name: logger.debug("%s does nothing", name)  # type: ignore[misc]
    for number, handler in handlers.items():
        if signal.getsignal(number) in (signal.SIG_DFL, None):  # what the program handles is its own
            loop.add_signal_handler(number, handler)


def _quit() -> None:
    """End at once."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


def _on_hangup(terminal: Terminal) -> None:
    if terminal.has_gone():
        signal.raise_signal(signal.SIGTERM)
    elif not terminal.is_ignored():
        logger.info("SIGHUP: code and settings are loaded anew only with --workers")
