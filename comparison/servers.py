"""The servers that are compared, and one of them running."""

from __future__ import annotations

import contextlib
import functools
import platform
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.peers import PEER_PYTHON
from tests.kit.certificates import authority
from tests.kit.programs import Program, free_port
from writehead import __version__

HERE = Path(__file__).resolve().parent
PEERS = PEER_PYTHON.parent

#: Seconds that a server may take to start, and that a client waits for what must come.
PATIENCE = 15.0


@dataclass(frozen=True)
class Server:
    """A server: its command for each interface, and the spelling of its options."""

    name: str
    asgi: str = ""
    wsgi: str = ""
    root_path: str = "--root-path {}"
    tls: str = "--certfile {} --keyfile {}"
    host: str = "--host {}"
    one_thread: str = "--threads 1"

    def command(self, interface: str) -> str:
        """Return the command line, without the options of a probe."""
        return self.asgi if interface == "asgi" else self.wsgi

    def version(self) -> str:
        """Return the version that is tried."""
        if self.name == "writehead":
            return __version__
        code = f"import importlib.metadata; print(importlib.metadata.version({self.name!r}))"
        done = subprocess.run([str(PEER_PYTHON), "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.strip()


SERVERS = {
    each.name: each
    for each in (
        Server(
            "writehead",
            asgi=f"{sys.executable} -m writehead {{target}} --host {{host}} --port {{port}}",
            wsgi=f"{sys.executable} -m writehead {{target}} --host {{host}} --port {{port}}",
        ),
        Server(
            "uvicorn",
            asgi=f"{PEERS}/uvicorn {{target}} --host {{host}} --port {{port}}",
            tls="--ssl-certfile {} --ssl-keyfile {}",
        ),
        Server(
            "granian",
            asgi=f"{PEERS}/granian --interface asgi {{target}} --host {{host}} --port {{port}}",
            wsgi=f"{PEERS}/granian --interface wsgi {{target}} --host {{host}} --port {{port}}",
            root_path="--url-path-prefix {}",
            tls="--ssl-certificate {} --ssl-keyfile {}",
        ),
        Server(
            "hypercorn",
            asgi=f"{PEERS}/hypercorn {{target}} --bind {{host}}:{{port}} -k uvloop",
            wsgi=f"{PEERS}/hypercorn wsgi:{{target}} --bind {{host}}:{{port}} -k uvloop",
        ),
        Server(
            "gunicorn",
            asgi=f"{PEERS}/gunicorn -k asgi {{target}} --bind {{host}}:{{port}}",
            wsgi=f"{PEERS}/gunicorn -k gthread --threads 8 {{target}} --bind {{host}}:{{port}}",
        ),
    )
}


def versions(names: list[str]) -> dict[str, str]:
    """Return the versions of servers, and of Python."""
    return {"Python": platform.python_version(), **{name: SERVERS[name].version() for name in names}}


@dataclass
class Running:
    """A server that serves the application of the probes."""

    server: Server
    interface: str
    port: int
    program: Program
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        return self.program.process.poll() is None

    def log(self) -> str:
        """Return what it has written to stderr."""
        return self.program.errors()


@contextlib.contextmanager
def running(
    server: Server,
    interface: str,
    options: str = "",
    host: str = "127.0.0.1",
    port: int = 0,
    **environment: str,
) -> Iterator[Running]:
    """Run a server until the end of the block; it need not have begun to listen."""
    port = port or free_port()
    line = server.command(interface).format(target=f"{interface}_app:app", host=host, port=port)
    words = [*shlex.split(line), *shlex.split(options)]
    with Program(*words, cwd=HERE, limit=300, PYTHONDONTWRITEBYTECODE="1", **environment) as program:
        yield Running(server, interface, port, program, environment)


def wait_until_ready(running: Running) -> bool:
    """Return when it listens; False if it has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and running.alive:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", running.port), 1):
            return True
        time.sleep(0.02)
    return False


@functools.cache
def certificate() -> tuple[str, str]:
    """Return the paths of a certificate and its key."""
    return authority().write(Path(tempfile.mkdtemp(prefix="comparison-")))
