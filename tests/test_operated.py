"""One process that is operated: real processes, asked over their admin port and their control socket."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.kit.loops import TIMEOUT
from tests.kit.programs import SOURCE, Program, command, free_port
from tests.kit.raw_client import request, talk

MAIN = """
def handle(req, res):
    res.end("hello")
"""

SCRIPT = """
from writehead import http
http.create_server(lambda req, res: res.end("hello")).listen(PORT, "127.0.0.1", lambda: print("listening", flush=True))
"""

TOKEN = "a-token-of-the-admin"


class Operated:
    """A running program, its port and its admin port."""

    def __init__(self, program: Program, port: int, admin: int) -> None:
        self.program = program
        self.port = port
        self.admin = admin

    def get(self, path: str = "/", port: int | None = None) -> str:
        return talk(port or self.port, request(path, "Connection: close")).decode().partition("\r\n\r\n")[2]

    def ask(self, method: str, path: str, body: Any = None, **fields: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=TIMEOUT)
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": "application/json", **fields})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text) if text[:1] in "[{" else text

    def samples(self) -> dict[str, float]:
        """Return the metrics, those of several label sets summed."""
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(self.ask("GET", "/metrics")[1]):
            for sample in family.samples:
                found[sample.name] = found.get(sample.name, 0) + sample.value
        return found


@contextmanager
def operated(
    folder: Path, *options: str, target: str = "main:handle", **environment: str
) -> Iterator[Operated]:
    (folder / "main.py").write_text(MAIN)
    port, admin = free_port(), free_port()
    (folder / "script.py").write_text(SCRIPT.replace("PORT", str(port)))
    words = ["--admin", f"127.0.0.1:{admin}", *options]
    words += [target] if target.endswith(".py") else ["--port", str(port), target]
    with command(*words, cwd=folder, PYTHONUNBUFFERED="1", **environment) as program:
        if target.endswith(".py"):
            program.line()
        while "admin on" not in program.errors() and not target.endswith(".py"):
            assert program.process.poll() is None, program.errors()
        yield Operated(program, port, admin)


def ctl(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "writehead", "ctl", *words],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env={**os.environ, "PYTHONPATH": SOURCE, **environment},
    )


def test_the_banner_and_what_is_served(tmp_path: Path) -> None:
    """It says where it is operated; the program is not on the admin port, nor the API on the port of the program."""
    path = str(tmp_path / "control.sock")
    with operated(tmp_path, "--control", path) as running:
        banner = running.program.errors().splitlines()
        assert banner[1] == f"listening on http://127.0.0.1:{running.port}"
        assert banner[2] == f"admin on http://127.0.0.1:{running.admin}  control {path}"
        assert running.get() == running.get("/metrics") == "hello"
        assert running.ask("GET", "/healthz") == (200, "ok\n")
        assert running.ask("GET", "/readyz") == (200, "ready\n")
        assert running.ask("GET", "/")[0] == 404
        samples = running.samples()
        assert samples["http_server_request_duration_seconds_count"] == 2
        assert samples["writehead_connections_accepted_total"] == 2
        assert samples["writehead_received_bytes_total"] == len(
            request("/", "Connection: close") + request("/metrics", "Connection: close")
        )
        status = running.ask("GET", "/api/status")[1]
        assert status["addresses"] == [f"http://127.0.0.1:{running.port}"] and status["name"] == "main:handle"
        assert status["workers"][0]["requests"] == 2
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert running.program.stop() == 0
    assert not os.path.exists(path)


def test_orders_need_a_token(tmp_path: Path) -> None:
    """Over TCP; the token comes from where the setting says."""
    with operated(tmp_path, "--admin-token", "env:OUR_TOKEN", OUR_TOKEN=TOKEN) as running:
        assert running.ask("POST", "/api/stop", {})[0] == 401
        status, answer = running.ask("POST", "/api/reload", {}, Authorization=f"Bearer {TOKEN}")
        assert status == 409 and "needs a supervisor" in answer["error"]
        assert running.ask("POST", "/api/stop", {}, Authorization=f"Bearer {TOKEN}") == (
            200,
            {"message": "stopping"},
        )
        assert running.program.wait() == 0
        assert TOKEN not in running.program.errors()


def test_settings_are_shown_without_secrets(tmp_path: Path) -> None:
    """And where each comes from."""
    with operated(tmp_path, "--admin-token", TOKEN, "--name", "shop") as running:
        found = {each["name"]: each for each in running.ask("GET", "/api/config")[1]}
        assert found["admin-token"] == {"name": "admin-token", "value": "•••", "source": "--admin-token"}
        assert found["name"]["value"] == running.ask("GET", "/api/status")[1]["name"] == "shop"
        assert found["backlog"]["source"] == "default"


def test_ctl_of_one_process(tmp_path: Path) -> None:
    """By the path of its control socket."""
    path = str(tmp_path / "control.sock")
    with operated(tmp_path, "--control", path) as running:
        found = ctl("wait-ready", "--control", path)
        assert (found.returncode, found.stdout) == (0, "ready\n")
        assert "main:handle  writehead" in ctl("status", "--control", path).stdout
        assert "thread MainThread" in ctl("stacks", "1", "--control", path).stdout
        refused = ctl("scale", "2", "--control", path)
        assert refused.returncode == 1 and "start it with --workers" in refused.stderr
        stopped = ctl("stop", "--control", path)
        assert (stopped.returncode, stopped.stdout) == (0, "stopping\n")
        assert running.program.wait() == 0
        assert ctl("status", "--control", path).returncode == 4


def test_a_script_is_operated_too(tmp_path: Path) -> None:
    """All servers that it makes are counted."""
    with operated(tmp_path, "--health-path", "/health", target="script.py") as running:
        assert running.get() == "hello" and running.get("/health") == "ok\n"
        assert running.ask("GET", "/readyz") == (200, "ready\n")
        assert running.samples()["http_server_request_duration_seconds_count"] == 1
        assert running.ask("GET", "/api/status")[1]["name"].endswith("script.py")
        assert running.program.stop() == 0


def test_health_without_an_admin_port(tmp_path: Path) -> None:
    """On the port of the program; it turns when a stop begins, while connections are still accepted."""
    (tmp_path / "main.py").write_text(MAIN)
    port = free_port()
    options = "--health-path", "/h", "--ready-path", "/r", "--shutdown-delay", "30"
    with command(*options, "--port", str(port), "main:handle", cwd=tmp_path) as program:
        while "listening on" not in program.errors():
            assert program.process.poll() is None, program.errors()

        def get(path: str) -> bytes:
            return talk(port, request(path, "Connection: close"))

        assert get("/h").endswith(b"\r\n\r\nok\n") and get("/r").endswith(b"\r\n\r\nready\n")
        program.process.terminate()
        while not (answer := get("/r")).startswith(b"HTTP/1.1 503"):
            pass
        assert answer.endswith(b"\r\n\r\ndraining\n")
        assert get("/h").endswith(b"ok\n") and get("/").endswith(b"hello")


@pytest.mark.parametrize("taken", ["admin"])
def test_an_admin_port_that_is_taken(tmp_path: Path, taken: str) -> None:
    """The start fails, exit code 3."""
    (tmp_path / "main.py").write_text(MAIN)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        at = f"127.0.0.1:{sock.getsockname()[1]}"
        with command("--admin", at, "--port", "0", "main:handle", cwd=tmp_path) as program:
            assert program.wait() == 3
            assert program.errors() == f"writehead: cannot listen on {at} (--admin): address already in use\n"


def test_a_control_socket_that_cannot_be_made(tmp_path: Path) -> None:
    """A warning, and it serves (R11: a disk that cannot be written)."""
    path = str(tmp_path / "nowhere" / "control.sock")
    with operated(tmp_path, "--control", path) as running:
        assert running.get() == "hello"
        assert f"there is no control socket: {path}: " in running.program.errors()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "can be reached by others: without --admin-token it shows health and metrics alone"),
        (["--admin-token", TOKEN], "sees its token: put TLS before it"),
    ],
)
def test_an_admin_port_that_others_reach(tmp_path: Path, options: list[str], words: str) -> None:
    """A warning says what that means."""
    (tmp_path / "main.py").write_text(MAIN)
    with command("--admin", "0.0.0.0:0", *options, "--port", "0", "main:handle", cwd=tmp_path) as program:
        while "admin on" not in program.errors():
            assert program.process.poll() is None, program.errors()
        assert re.search(f"WARNING.*{words}", program.errors())


@pytest.mark.parametrize("token", ["short", "file:/nowhere/at/all", "env:NOT_SET_ANYWHERE"])
def test_tokens_that_are_none(tmp_path: Path, token: str) -> None:
    """Exit code 2."""
    with command("--admin-token", token, "main:handle", cwd=tmp_path) as program:
        assert program.wait() == 2


def test_it_is_imported_only_where_it_is_asked_for(tmp_path: Path) -> None:
    """Neither the library nor the command loads admin, metrics or ctl by itself."""
    code = (
        "import sys; from writehead import http; import writehead.cli; from writehead._command import main\n"
        "print([name for name in sys.modules if name.startswith(('writehead._admin', 'writehead._metrics'))])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": SOURCE}
    )
    assert found.stdout == "[]\n", found.stderr
