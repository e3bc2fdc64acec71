"""One server process: started on its core, waited for, weighed and ended."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers import RESULTS, ROOT, VENV, Server

HOST = "127.0.0.1"


def cores() -> tuple[set[int], set[int]]:
    """The server's core and the client's; empty sets where the system cannot pin or has one core."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    available = sorted(os.sched_getaffinity(0))
    return ({available[0]}, {available[1]}) if len(available) > 1 else (set(), set())


def pin(core: set[int]) -> None:
    """Keep this process on a core; called in the child before it becomes the server or the client."""
    if core:
        os.sched_setaffinity(0, core)


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def environment(source: Path = ROOT) -> dict[str, str]:
    """The environment of a server: its checkout comes before anything installed, and is compiled like that."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    kept["PYTHONPATH"] = f"{source / 'src'}{os.pathsep}{source}"
    kept["PYTHONPYCACHEPREFIX"] = str(VENV / "pycache")
    return kept


class Process:
    """A running server and the processes it started itself."""

    def __init__(self, server: Server, workload: str, tls: bool = False) -> None:
        self.server = server
        self.port = free_port()
        self.tls = tls
        self.started = time.perf_counter()
        core = cores()[0]
        RESULTS.mkdir(exist_ok=True)
        log = (RESULTS / f"{server.name}.log").open("ab")  # aiohttp reports every client that left
        self._popen = subprocess.Popen(
            server.command(workload, self.port, tls),
            cwd=server.source,
            env=environment(server.source),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: pin(core),
        )
        log.close()

    def wait_ready(self, seconds: float = 20.0) -> None:
        """Return when a connection is accepted."""
        limit = time.monotonic() + seconds
        while True:
            if self._popen.poll() is not None:
                raise RuntimeError(
                    f"{self.server.name} ended with {self._popen.returncode} before it listened"
                )
            try:
                socket.create_connection((HOST, self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > limit:
                    raise RuntimeError(f"{self.server.name} did not listen within {seconds:g} s") from None
                time.sleep(0.002)

    def connect(self) -> socket.socket:
        """A connection to the server, over TLS where it serves that."""
        plain = socket.create_connection((HOST, self.port), timeout=10)
        if not self.tls:
            return plain
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(plain)

    def resident(self) -> int:
        """Bytes of memory held by the server and its children."""
        return sum(_resident(entry) for entry in self._entries())

    def cpu(self) -> float:
        """Seconds of processor time that the server and its children have used; 0 where /proc does not tell."""
        return sum(_cpu(entry) for entry in self._entries())

    def _entries(self) -> list[Path]:
        if not Path("/proc/self/stat").exists():
            return []
        numbered = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return [entry for entry in numbered if _session(entry) == self._popen.pid]

    def stop(self) -> None:
        """End the server and what it started."""
        for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 10.0)):
            try:
                os.killpg(self._popen.pid, number)
                self._popen.wait(patience)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self._popen.wait()
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)  # a child that outlived its parent
        except ProcessLookupError:
            pass


@contextmanager
def running(server: Server, workload: str, tls: bool = False) -> Iterator[Process]:
    """A server for the time of a `with` block."""
    process = Process(server, workload, tls)
    try:
        process.wait_ready()
        yield process
    finally:
        process.stop()


def _session(entry: Path) -> int:
    fields = _stat(entry)
    return int(fields[3]) if fields else -1


def _cpu(entry: Path) -> float:
    fields = _stat(entry)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _stat(entry: Path) -> list[str]:
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()  # the name may hold anything
    except OSError:
        return []


def _resident(entry: Path) -> int:
    try:
        return int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
