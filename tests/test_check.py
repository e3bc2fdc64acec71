"""`writehead check`: the settings, what the target is, and what is probably wrong."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.kit.certificates import authority
from tests.kit.programs import command
from writehead._command import doubts as _doubts
from writehead._command.addresses import read_address
from writehead._command.arguments import read_line, split
from writehead._command.doubts import doubts, is_loopback
from writehead._command.main import is_script
from writehead._command.reading import Sources, read_settings

MAIN = """
async def app(scope, receive, send): ...
async def make(): return app
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a module, and a certificate."""
    (tmp_path / "main.py").write_text(MAIN)
    authority().write(tmp_path)
    return tmp_path


def test_a_check_prints_the_settings(folder: Path) -> None:
    """Each with its value and its source; secrets are not shown; nothing is served."""
    options = ["--port", "0", "--admin-token", "0123456789abcdef"]
    with command("check", "main:app", *options, cwd=folder, WRITEHEAD_WORKERS="1") as program:
        text = "\n".join(program.rest())
        assert program.wait() == 0
    rows = [line.split("  ") for line in text.splitlines()]
    found = {row[0]: [word.strip() for word in row[1:] if word.strip()] for row in rows}
    assert found["option"] == ["value", "source"]
    assert found["--port"] == ["0", "--port"]
    assert found["--workers"] == ["1", "WRITEHEAD_WORKERS"]
    assert found["--admin-token"] == ["•••", "--admin-token"]
    assert found["--timeout-keep-alive"] == ["75s", "default"]
    assert "target: main:app (ASGI)\naddress: 127.0.0.1:0" in text
    assert "0123456789abcdef" not in text


def test_a_check_as_json(folder: Path) -> None:
    """The same facts, as one object; a factory is called."""
    arguments = ["check", "--format", "json", "main:make()", "--threads", "3"]
    with command(*arguments, cwd=folder) as program:
        told = json.loads("\n".join(program.rest()))
        assert program.wait() == 0
    assert (told["target"], told["interface"], told["addresses"]) == (
        "main:make()",
        "ASGI",
        ["127.0.0.1:8000"],
    )
    assert {"option": "--threads", "value": "3", "source": "--threads"} in told["settings"]
    assert told["warnings"] == ["--threads has no effect on a ASGI"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["main:app", "--strict"], 0, ""),
        (["main:app", "--strict", "--hang-timeout", "1"], 1, ""),
        (["main:app", "--hang-timeout", "1"], 0, ""),
        (["main:app", "--port", "x"], 2, "writehead: --port: 'x' is not a port, 0 to 65535\n"),
        (["main:ap"], 3, "writehead: module 'main' has no attribute 'ap'; it has: app, make\n"),
        (["main:ap", "--no-import"], 0, ""),
        (["script.py", "main:ap"], 0, ""),
        (["main:app", "--certfile", "cert.pem", "--keyfile", "key.pem"], 0, ""),
        (["main:app", "--certfile", "main.py"], 3, None),
    ],
)
def test_how_a_check_ends(folder: Path, arguments: list[str], code: int, error: str | None) -> None:
    """0; 1 for a warning if that is asked for; 2 for settings, 3 for target or certificate."""
    with command("check", *arguments, cwd=folder) as program:
        assert program.wait() == code
        assert error is None or program.errors() == error


def warnings(folder: Path, line: str, **environment: str) -> list[str]:
    found = split(line.split(), is_script)
    values = read_settings(Sources(read_line(found.own), found.target, {}, folder), is_script)
    return doubts(values, environment)


KUBERNETES = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
SYSTEMD = {"INVOCATION_ID": "x"}

DOUBTS: list[tuple[str, dict[str, str], str]] = [
    (
        "--host 0.0.0.0 --forwarded-allow-ips *",
        {},
        "--forwarded-allow-ips: everyone who reaches 0.0.0.0:8000 is believed, so clients can say who they are; name the proxies",
    ),
    (
        "--forwarded-allow-ips 10.0.0.1 --timeout-keep-alive 5",
        {},
        "--timeout-keep-alive: 5s is less than the 60 s that proxies keep connections, so requests meet a connection that is being closed",
    ),
    ("--reload --workers 2", {}, "--reload: one worker is used, not 2"),
    ("--workers 512", {}, r"--workers: 512 workers are more than twice the \d+ CPUs"),
    (
        "--hang-timeout 5",
        {},
        "--hang-timeout: 5s is short: a slow import or query would cost a worker; 30 s or more",
    ),
    (
        "--max-requests 5 --workers 2",
        {},
        "--max-requests: while a worker is replaced there are 3; there has to be memory for them",
    ),
    (
        "--admin :9090",
        {},
        "--admin: :9090 can be reached from elsewhere, and there is no --admin-token",
    ),
    (
        "--admin 10.0.0.1:9090 --admin-token 0123456789abcdef",
        {},
        "--admin: 10.0.0.1:9090 can be reached from elsewhere, and the token is sent to it in plain text",
    ),
    (
        "--shutdown-delay 8",
        KUBERNETES,
        "a stop may take 38 s, and Kubernetes waits 30 s by default: set terminationGracePeriodSeconds to 43 or more",
    ),
    (
        "--shutdown-timeout 90 --shutdown-delay 1",
        SYSTEMD,
        "a stop may take 91 s, and systemd waits 90 s by default: set TimeoutStopSec to 96 or more",
    ),
]


@pytest.mark.parametrize(("line", "environment", "text"), DOUBTS, ids=[text[:40] for *_, text in DOUBTS])
def test_what_is_probably_wrong_is_told(
    folder: Path, line: str, environment: dict[str, str], text: str
) -> None:
    """In a sentence that says what to do, and names the source."""
    found = warnings(folder, line, **environment)
    assert any(each == text or re.fullmatch(text, each) for each in found), found


def test_what_is_usual_is_not_doubted(folder: Path) -> None:
    """No warning without a reason."""
    assert warnings(folder, "main:app --forwarded-allow-ips 10.0.0.0/8", **KUBERNETES) == []
    assert warnings(folder, "main:app --workers 2 --admin 127.0.0.1:9090 --hang-timeout 60") == []


def test_files_are_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that others can read, a certificate that ends, folders that a user cannot write, descriptors."""
    monkeypatch.chdir(folder)
    (folder / "key.pem").chmod(0o644)
    tls = "--certfile cert.pem --keyfile key.pem"
    key = folder / "key.pem"
    assert warnings(folder, tls) == [f"--keyfile: others can read {key}; chmod o-r {key}"]
    key.chmod(0o600)
    assert warnings(folder, tls) == []
    monkeypatch.setattr(_doubts, "ENDS_SOON", 10**6)
    assert warnings(folder, tls)[0].startswith("--certfile: the certificate ends in ")
    if sys.platform != "win32":
        folder.chmod(0o755)
        assert warnings(folder, "--user 12345 --pid a.pid") in (
            [],
            [f"--user: 12345 cannot write to {folder}"],
        )
        nobody = warnings(folder, "--user nobody --pid a.pid")
        assert nobody in ([], [f"--user: nobody cannot write to {folder}"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.2:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("unix:a", True),
        (":1", False),
        ("10.0.0.1:1", False),
        ("[::]:1", False),
    ],
)
def test_what_is_loopback(text: str, expected: bool) -> None:
    """What cannot be reached from elsewhere."""
    assert is_loopback(read_address(text)) is expected
