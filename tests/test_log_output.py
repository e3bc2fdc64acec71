"""What the command writes of the log."""

from __future__ import annotations

import re
from pathlib import Path

from tests.kit.programs import command
from tests.kit.raw_client import request, talk

FAILS = """
import logging, sys
from writehead import http
CONFIGURATION
def handle(req, res):
    res.end("x" if req.url == "/" else 1 / 0)
server = http.create_server(handle)
server.on("listening", lambda: print("port", server.address()["port"]))
"""


def app(directory: Path, configuration: str = "") -> Path:
    (directory / "main.py").write_text(FAILS.replace("CONFIGURATION", configuration))
    return directory


def test_a_line_of_the_log(tmp_path: Path) -> None:
    """Time in UTC, level, message; a traceback follows its line."""
    with command("main:server", "--port", "0", cwd=app(tmp_path)) as program:
        assert b"500" in talk(program.port(), request("/fail"))
        assert program.stop() == 0
        text = program.errors()
    assert re.search(r"(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ERROR  ?\S.*$", text)
    assert "ZeroDivisionError" in text


def test_the_level_of_the_log(tmp_path: Path) -> None:
    """Below it nothing is written, the banner (info) neither."""
    with command("main:server", "--port", "0", "--log-level", "critical", cwd=app(tmp_path)) as program:
        assert b"500" in talk(program.port(), request("/fail"))
        assert program.stop() == 0
        assert program.errors() == ""


def test_a_program_that_configures_logging(tmp_path: Path) -> None:
    """Its handlers get the records, in its format, and nothing is written twice."""
    own = 'logging.basicConfig(format="own %(levelname)s %(message)s")'
    with command("main:server", "--port", "0", "--log-level", "debug", cwd=app(tmp_path, own)) as program:
        assert b"500" in talk(program.port(), request("/fail"))
        assert program.stop() == 0
        text = program.errors()
    assert text.count("ZeroDivisionError: ") == 1
    assert "\nown ERROR " in text
    assert not re.search(r"(?m)^\d{4}-", text)


def test_a_script_logs_as_it_always_did(tmp_path: Path) -> None:
    """Without --log-level nothing is configured; with it, the same lines as for a target."""
    (tmp_path / "script.py").write_text(FAILS.replace("CONFIGURATION", "") + "server.listen(0)\n")
    for arguments, begins in (
        ([], r"(?m)^Traceback"),
        (["--log-level", "error"], r"(?m)^\d{4}-\d\d-.* ERROR "),
    ):
        with command(*arguments, "script.py", cwd=tmp_path) as program:
            assert b"500" in talk(program.port(), request("/fail"))
            assert program.stop() == 0
            assert re.search(begins, program.errors())
            assert bool(re.search(r"(?m)^\d{4}-", program.errors())) == bool(arguments)
