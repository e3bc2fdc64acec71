"""Pid file, user, group and umask, of one process and of a supervisor."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.programs import command, free_port, python
from tests.kit.supervised import APP, Supervised, wait_for
from writehead._command.failures import CommandError
from writehead._command.identity import remove_pid, write_pid

BOTH = pytest.mark.parametrize("options", [(), ("--workers", "1")], ids=["alone", "supervised"])


@BOTH
def test_the_pid_file(tmp_path: Path, options: tuple[str, ...]) -> None:
    """It is there when the server listens, all may read it, and at the end it is gone."""
    (tmp_path / "main.py").write_text(APP)
    path = tmp_path / "app.pid"
    words = ["--port", str(free_port()), "--pid", str(path), *options, "main:app"]
    with command(*words, cwd=tmp_path) as program:
        served = Supervised(program, 0, tmp_path)
        served.until("listening on")
        assert path.read_text() == f"{served.pid}\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert served.stop() == 0
        assert not path.exists()


@BOTH
def test_a_server_that_runs_already(tmp_path: Path, options: tuple[str, ...]) -> None:
    """A pid file whose process lives refuses the start, and stays."""
    (tmp_path / "main.py").write_text(APP)
    path = tmp_path / "app.pid"
    path.write_text(f"{os.getpid()}\n")
    words = ["--port", str(free_port()), "--pid", str(path), *options, "main:app"]
    with command(*words, cwd=tmp_path) as program:
        assert program.wait() == 3
        assert program.errors() == f"writehead: already running as pid {os.getpid()} ({path})\n"
    assert path.read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize("text", ["", "none", "99999999999999", "0"])
def test_a_file_without_a_process_is_replaced(tmp_path: Path, text: str) -> None:
    """What names no process is stale."""
    path = tmp_path / "app.pid"
    path.write_text(text)
    write_pid(str(path))
    assert path.read_text() == f"{os.getpid()}\n"
    remove_pid(str(path))
    assert not path.exists()


def test_the_file_of_a_dead_process_is_replaced(tmp_path: Path) -> None:
    """So is that of a process that was killed."""
    path = tmp_path / "app.pid"
    with python("-c", "pass") as program:
        program.wait()
        path.write_text(f"{program.process.pid}\n")
    write_pid(str(path))
    assert path.read_text() == f"{os.getpid()}\n"


def test_a_file_that_another_has_replaced_stays(tmp_path: Path) -> None:
    """At the end only our own is removed."""
    path = tmp_path / "app.pid"
    path.write_text("1\n")
    remove_pid(str(path))
    assert path.exists()


def test_a_pid_file_that_cannot_be_written(tmp_path: Path) -> None:
    """The reason is the system's."""
    with pytest.raises(CommandError, match="cannot write the pid file '.*': No such file or directory"):
        write_pid(str(tmp_path / "missing" / "app.pid"))


@BOTH
def test_the_umask(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Files of the program have it."""
    (tmp_path / "main.py").write_text(APP + "\nopen('made', 'w').close()")
    words = ["--port", str(free_port()), "--umask", "027", *options, "main:app"]
    with command(*words, cwd=tmp_path):
        wait_for(lambda: (tmp_path / "made").exists())
        assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o640


CHANGE = """
import os, sys
from writehead._command.arguments import read_line
from writehead._command.failures import CommandError
from writehead._command.identity import become
from writehead._command.reading import Sources, read_settings
from pathlib import Path
values = read_settings(Sources(read_line(sys.argv[1:], check=False), "main:app", {}, Path.cwd()), lambda text: False)
try:
    become(values)
    print(os.getuid(), os.geteuid(), os.getgid(), os.getgroups())
except CommandError as error:
    print(error)
"""


def change(*options: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", CHANGE, *options], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can")
def test_another_user() -> None:
    """User, group and further groups change, by name and by number."""
    assert change("--user", "12345", "--group", "12346") == "12345 12345 12346 [12346]\n"
    import pwd

    nobody = pwd.getpwnam("nobody")
    assert change("--user", "nobody").startswith(f"{nobody.pw_uid} {nobody.pw_uid} {nobody.pw_gid} ")


def test_a_user_that_does_not_exist() -> None:
    """It is said, with the name of the option."""
    assert change("--user", "missing-one") == "--user: there is no user 'missing-one'\n"
    assert change("--group", "missing-one") == "--group: there is no group 'missing-one'\n"
