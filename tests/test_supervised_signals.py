"""What signals, settings and the surroundings do: of a process that is alone, and of a supervisor."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.programs import SOURCE, command, free_port
from tests.kit.supervised import APP, Supervised, supervised, wait_for


@contextmanager
def alone(folder: Path, **environment: str) -> Iterator[Supervised]:
    (folder / "main.py").write_text(APP)
    port = free_port()
    words = ["--port", str(port), "--log-level", "debug", "main:app"]
    with command(*words, cwd=folder, **environment) as program:
        served = Supervised(program, port, folder)
        served.until("listening on")
        yield served


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_signals_that_end_nothing(tmp_path: Path, loop: str) -> None:
    """Their default would end the process; HUP says what it would need."""
    with alone(tmp_path, WRITEHEAD_LOOP=loop) as served:
        for name in ("SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2", "SIGWINCH"):
            served.send(getattr(signal, name))
            served.until(f"{name} does nothing")
        served.send(signal.SIGHUP)
        served.until("SIGHUP: code and settings are loaded anew only with --workers")
        assert served.version() == "one"
        assert served.stop() == 0


def test_quit_of_one_process(tmp_path: Path) -> None:
    """It ends at once, with 0."""
    with alone(tmp_path) as served:
        assert served.stop(signal.SIGQUIT) == 0


def test_settings_are_read_again(tmp_path: Path) -> None:
    """Values of a file hold for new workers; those that need a restart are named, and a wrong one changes nothing."""
    file = tmp_path / "settings.toml"
    file.write_text("workers = 1")
    (tmp_path / "main.py").write_text(APP)
    port = free_port()
    words = ["--port", str(port), "--log-level", "debug", "--config", str(file), "main:app"]
    with command(*words, cwd=tmp_path) as program:
        served = Supervised(program, port, tmp_path)
        served.until("worker 1 ", "is ready")
        file.write_text('workers = 2\nname = "another"')
        served.send(signal.SIGHUP)
        served.until("new values of name need a restart")
        served.until("reloaded: 2 new workers")
        workers = wait_for(lambda: len(found := served.workers()) == 2 and found)
        file.write_text("workers = 0")
        served.send(signal.SIGHUP)
        served.until("reload refused: ")
        assert served.workers() == workers
        assert served.stop() == 0


def test_reloads_at_once_are_two(tmp_path: Path) -> None:
    """While one goes on, one more follows, and not more."""
    with supervised(tmp_path, workers=1) as served:
        for _ in range(6):
            served.send(signal.SIGHUP)
            served.until("reloading")
        wait_for(lambda: served.log().count("reloaded: 1 new worker") == 2)
        assert served.stop() == 0
        assert served.log().count("reloading") == 2


def test_what_a_worker_inherits(tmp_path: Path) -> None:
    """Standard input and the environment are those of the supervisor, less what systemd has told that."""
    app = (
        APP
        + """
import sys
print(sorted(name for name in os.environ if name.startswith(("NOTIFY", "LISTEN", "WATCHDOG", "KEPT"))), flush=True)
print(os.path.samefile("/dev/fd/0", "/dev/null") if os.path.exists("/dev/fd/0") else True, flush=True)
"""
    )
    given = {"NOTIFY_SOCKET": "/none", "LISTEN_FDS": "1", "WATCHDOG_USEC": "1", "KEPT": "1"}
    with supervised(tmp_path, app=app, workers=1, **given) as served:
        assert served.program.line() == "['KEPT']"
        assert served.program.line() == "True"
        if sys.platform == "linux":
            (pid,) = served.workers()
            assert Path(f"/proc/{pid}/comm").read_text() == "writehead-1\n"
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            assert words[-5:] == [b"-m", b"writehead._worker", b"1", b"main:app", b""]
        assert served.stop() == 0


def test_a_worker_is_started_by_a_supervisor_alone() -> None:
    """By hand it says so."""
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    words = [sys.executable, "-m", "writehead._worker", "1", "main:app"]
    found = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False
    )
    assert found.returncode == 2
    assert "a worker is started by its supervisor" in found.stderr


@pytest.mark.parametrize("options", [[], ["--workers", "1"]], ids=["alone", "supervised"])
def test_a_terminal_that_is_closed(tmp_path: Path, options: list[str]) -> None:
    """The server ends with it, as by TERM."""
    (tmp_path / "main.py").write_text(APP)
    errors = tmp_path / "errors"
    words = [sys.executable, "-m", "writehead", "--port", str(free_port()), *options, "main:app"]
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - another process
        os.chdir(tmp_path)
        os.environ["PYTHONPATH"] = SOURCE
        descriptor = os.open(errors, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, 2)
        os.execv(sys.executable, words)
    try:
        wait_for(lambda: errors.exists() and "listening on" in errors.read_text())
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        pid = 0
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
