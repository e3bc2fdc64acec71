"""A supervisor and its workers, as real processes that serve a small program."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.loops import TIMEOUT
from tests.kit.programs import Program, command, free_port
from tests.kit.raw_client import request, talk

#: What is served: `/` says which process and which version of the code it is.
APP = """
import asyncio, os, sys, time
from urllib.parse import parse_qs, urlsplit

VERSION = "one"

async def app(req, res):
    url = urlsplit(req.url)
    asked = {name: float(values[0]) for name, values in parse_qs(url.query).items()}
    if url.path == "/exit":
        os._exit(int(asked["code"]))
    await asyncio.sleep(asked.get("wait", 0))
    time.sleep(asked.get("block", 0))
    res.end(f"{VERSION} {os.getpid()}")
"""


class Supervised:
    """A running supervisor."""

    def __init__(self, program: Program, port: int, folder: Path) -> None:
        self.program = program
        self.port = port
        self.pid = program.process.pid
        self.folder = folder

    def get(self, target: str = "/") -> str:
        """Return what a new connection is answered with."""
        return talk(self.port, request(target, "Connection: close")).decode().partition("\r\n\r\n")[2]

    def version(self) -> str:
        return self.get().split()[0]

    def worker(self) -> int:
        """Return the pid of a worker that serves."""
        return int(self.get().split()[1])

    def workers(self) -> list[int]:
        """Return the pids of all workers."""
        return children_of(self.pid)

    def write(self, text: str) -> None:
        """Change the code of the program."""
        (self.folder / "main.py").write_text(text)

    def send(self, number: int, pid: int | None = None) -> None:
        os.kill(pid or self.pid, number)

    def log(self) -> str:
        """Return what was logged."""
        return self.program.errors()

    def until(self, *words: str) -> str:
        """Wait until something is logged, and return the line."""
        pattern = ".*" + ".*".join(map(re.escape, words)) + ".*"
        return wait_for(lambda: (found := re.search(pattern, self.log())) and found[0], self.log)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it, and return its exit code."""
        self.send(number)
        return self.program.wait()


def wait_for(found: Callable[[], object], said: Callable[[], object] = str) -> str:
    """Wait until something is found, and return it."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        result = found()
        if result:
            return result  # type: ignore[return-value]
        time.sleep(0.01)
    raise AssertionError(said())


def children_of(pid: int) -> list[int]:
    """Return the pids of the children of a process."""
    if sys.platform == "linux":
        try:
            return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(each) for each in found.stdout.split()]


@contextmanager
def supervised(
    folder: Path,
    *options: str,
    workers: int = 2,
    app: str = APP,
    target: str = "main:app",
    **environment: str,
) -> Iterator[Supervised]:
    """Serve a program by so many workers, and give the supervisor when one is ready."""
    (folder / "main.py").write_text(app)
    port = free_port()
    words = [
        *([] if "--workers" in options else ["--workers", str(workers)]),
        "--port",
        str(port),
        "--log-level",
        "debug",
        *options,
        target,
    ]
    with command(*words, cwd=folder, **environment) as program:
        running = Supervised(program, port, folder)
        for slot in range(1, workers + 1):
            running.until(f"worker {slot} ", "is ready")
        yield running
