"""Programs that tests start.

Law: a program that a test has started ends with the test, by its own process
id, whatever happens; none runs longer than TIMEOUT,
unless a limit of its own is given.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kit.loops import TIMEOUT

ROOT = Path(__file__).parents[2]
SOURCE = str(ROOT / "src")


#: What platforms set, and the command reads: no program of a test has it unless the test says so.
OF_PLATFORMS = ("PORT", "WEB_CONCURRENCY", "FORWARDED_ALLOW_IPS", "KUBERNETES_SERVICE_HOST", "INVOCATION_ID")


def _own_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OF_PLATFORMS}


class Program:
    """A process, its printed lines, its exit code."""

    def __init__(
        self, *arguments: str, cwd: Path | None = None, limit: float = TIMEOUT, **environment: str
    ) -> None:
        path = os.pathsep.join(filter(None, [SOURCE, os.environ.get("PYTHONPATH")]))
        self._errors = tempfile.TemporaryFile("a+")
        self.process = subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            stdin=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            cwd=cwd,
            env={**_own_environment(), "PYTHONPATH": path, **environment},
        )
        self._limit = threading.Timer(limit, self.process.kill)
        self._limit.daemon = True
        self._limit.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._limit.cancel()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()

    def line(self) -> str:
        """Return the next printed line; fail with what went to stderr if there is none."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the program ended: {self.errors()}"
        return line.rstrip("\n")

    def rest(self) -> list[str]:
        """Return the lines that are still to come, to the end of the program."""
        assert self.process.stdout is not None
        return self.process.stdout.read().splitlines()

    def port(self) -> int:
        """Read a line and return the port that it names at its end."""
        match = re.search(r"(\d+)$", self.line())
        assert match is not None
        return int(match[1])

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """Return the exit code."""
        return self.process.wait(TIMEOUT)

    def stop(self) -> int:
        """End it as an operator does, and return the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def insist(self, number: signal.Signals) -> int:
        """Send a signal until it ends, as a second one counts only a moment after the first; return the exit code."""
        while self.process.poll() is None:
            self.signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.05)
        return self.process.returncode

    def errors(self) -> str:
        """Return what the program has written to stderr."""
        file = self._errors.fileno()
        # By its place: the program has the same offset in the file, which moves when it writes.
        return os.pread(file, os.fstat(file).st_size, 0).decode("utf-8", "replace")


def python(*arguments: str, cwd: Path | None = None, **environment: str) -> Program:
    """Start a Python program; its lines come as they are printed."""
    return Program(sys.executable, *arguments, cwd=cwd, PYTHONUNBUFFERED="1", **environment)


def command(*arguments: str, cwd: Path | None = None, **environment: str) -> Program:
    """Start the command `writehead` with `arguments`."""
    return Program(sys.executable, "-m", "writehead", *arguments, cwd=cwd, **environment)


def free_port() -> int:
    """Return a port that nobody listens on, for programs that must be told one.

    It lies below those that systems give to clients, or one of them could take it meanwhile.
    """
    while True:
        port = random.SystemRandom().randrange(10_240, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
