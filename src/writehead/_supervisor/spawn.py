"""Starting the process of a worker: a new program, which inherits one end of a pair of sockets and nothing else.

The pair is its standard input at first, so that its number need not be told; the real one comes with the first message.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

#: What systemd tells the process that it has started, and its children must not take for themselves.
_OF_SYSTEMD = ("NOTIFY_SOCKET", "LISTEN_", "WATCHDOG_")

#: The signals that reach a whole group of processes, and that only the supervisor follows. A worker handles them as soon as it
#: can; until then they wait.
GROUP_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGHUP", "SIGUSR1", "SIGTTIN", "SIGTTOU", "SIGWINCH")
    if hasattr(signal, name)
)


def spawn(words: Sequence[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a worker, and return its process and our end of the pair.

    Args:
        words: what `ps` shows behind `python -m writehead._worker`.

    Raises:
        OSError: the system has no process, or no descriptors, for it.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs, _blocked(GROUP_SIGNALS):
            process = subprocess.Popen(command(words), stdin=theirs.fileno(), env=environment(os.environ))
    except BaseException:
        ours.close()
        raise
    return process, ours


def command(words: Sequence[str]) -> list[str]:
    """Return the command line of a worker, with the options that this interpreter was given.

    `-P`: a module of the working folder must not stand in for one of the standard library while the worker starts.
    """
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
    return [
        sys.executable,
        *flags,
        *([] if "-P" in flags or "-I" in flags else ["-P"]),
        "-m",
        "writehead._worker",
        *words,
    ]


def environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a worker: ours, without what systemd has told us."""
    return {name: value for name, value in own.items() if not name.startswith(_OF_SYSTEMD)}


@contextmanager
def _blocked(signals: Sequence[signal.Signals]) -> Iterator[None]:
    """Block signals: a process that is started meanwhile inherits that, and lets them in when it is ready for them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
