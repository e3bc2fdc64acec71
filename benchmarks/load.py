"""The client: wrk, or one of our own for WebSockets, on its own core, and the check that a server answers what it should."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks import websocket_client
from benchmarks.peers import HERE, ROOT
from benchmarks.process import HOST, Process, cores, pin
from benchmarks.workloads import Workload

MISSING = """wrk is not installed. It is Debian's and Ubuntu's package `wrk` (apt-get install wrk), Homebrew's
`wrk` (brew install wrk), and builds from source with make: https://github.com/wg/wrk"""


class WrongAnswer(Exception):
    """A server does not answer what the workload asks for; its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One turn of one server: requests a second, latencies in milliseconds, and the processor time of the
    server per request in microseconds, which other load on the machine disturbs least.

    `client` is how much of its core the client was busy, in percent: near 100 it has measured itself.
    """

    rate: float
    p50: float
    p99: float
    max: float
    failed: int
    cpu: float
    client: float


def require_wrk() -> None:
    """Leave with instructions when there is no wrk."""
    if shutil.which("wrk") is None:
        raise SystemExit(MISSING)


def press(process: Process, workload: Workload, seconds: int) -> Figures:
    """Load a server for some seconds and return the figures."""
    core = cores()[1]
    before, client, started = process.cpu(), _children(), time.perf_counter()
    output = subprocess.run(
        command_for(process, workload, seconds),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: pin(core),
    ).stdout
    client, elapsed = _children() - client, time.perf_counter() - started
    raw = json.loads(output.rpartition("FIGURES ")[2])
    return Figures(
        rate=raw["requests"] / raw["seconds"],
        p50=raw["p50"] / 1000,
        p99=raw["p99"] / 1000,
        max=raw["max"] / 1000,
        failed=raw["failed"],
        cpu=(process.cpu() - before) / max(raw["requests"], 1) * 1e6,
        client=client / elapsed * 100,
    )


def command_for(process: Process, workload: Workload, seconds: int) -> list[str]:
    """The client's command line: wrk, or for WebSockets, which it cannot speak, a client of our own."""
    if workload.websocket:
        numbers = (process.port, workload.connections, workload.depth, seconds)
        return [sys.executable, "-m", "benchmarks.websocket_client", *map(str, numbers)]
    scheme = "https" if workload.tls else "http"
    command = ["wrk", "-t1", f"-c{workload.connections}", f"-d{seconds}s", "--timeout", "10s"]
    for field in workload.fields:
        command += ["-H", field]
    if workload.depth > 1 or workload.body or workload.kinds > 1:
        command += ["-s", str(HERE / "load.lua")]
    else:
        command += ["-s", str(HERE / "figures.lua")]
    command += [f"{scheme}://{HOST}:{process.port}/", "--"]
    command += [str(workload.depth), str(workload.body), str(workload.kinds)]
    return command


def _children() -> float:
    """Seconds of processor time of the children that have ended; a server under test has not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check_answer(process: Process, workload: Workload) -> bytes:
    """Ask once and return the head of the answer; raise `WrongAnswer` unless it is a 200 with the right body."""
    if workload.websocket:
        return _check_echo(process, workload)
    with process.connect() as connection:
        connection.sendall(request_bytes(workload))
        with connection.makefile("rb") as stream:
            head = b"".join(iter(stream.readline, b"\r\n"))
            fields = _fields(head)
            if b"chunked" in fields.get(b"transfer-encoding", b""):
                body = b""
                while size := int(stream.readline(), 16):
                    body += stream.read(size)
                    stream.readline()
            else:
                body = stream.read(int(fields.get(b"content-length", b"0")))
    if not head.startswith(b"HTTP/1.1 200") or body != workload.answer:
        raise WrongAnswer(f"{process.server.name} answers {workload.name} with {head!r} {body[:80]!r}")
    return head


def _check_echo(process: Process, workload: Workload) -> bytes:
    """Send one message and return the head of the handshake; raise `WrongAnswer` unless it comes back."""
    with process.connect() as connection, connection.makefile("rb") as stream:
        connection.sendall(websocket_client.handshake(HOST))
        head = b"".join(iter(stream.readline, b"\r\n"))
        connection.sendall(websocket_client.frame(workload.answer))
        wanted = websocket_client.reply(workload.answer)
        body = stream.read(len(wanted)) if head.startswith(b"HTTP/1.1 101") else b""
    if body != wanted:
        raise WrongAnswer(f"{process.server.name} answers {workload.name} with {head!r} {body[:80]!r}")
    return head


def request_bytes(workload: Workload, kind: int = 1) -> bytes:
    """The request of a kind as wrk sends it, once."""
    target = f"/item/{kind}" if workload.kinds > 1 else "/"
    lines = [f"{'POST' if workload.body else 'GET'} {target} HTTP/1.1", f"Host: {HOST}", *workload.fields]
    if workload.kinds > 1:
        lines.append(f"X-Request-Id: 7d1f3c52b7f1-{kind}")
    if workload.body:
        lines.append(f"Content-Length: {workload.body}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + b"u" * workload.body


def _fields(head: bytes) -> dict[bytes, bytes]:
    pairs = (line.split(b":", 1) for line in head.split(b"\r\n")[1:] if line)
    return {name.lower(): value.strip() for name, value in pairs}
