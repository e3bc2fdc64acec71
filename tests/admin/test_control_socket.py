"""The path of the control socket: in a folder of its user alone, and never in the working folder (R11)."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from writehead._admin import control_socket
from writehead._admin.control_socket import find, folders, make_path, sockets_in, why_unsafe


@pytest.fixture
def runtime(tmp_path: Path) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": str(tmp_path)}


@pytest.fixture
def no_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for /tmp."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(
        control_socket,
        "folders",
        lambda environ, user: [
            *folders(environ, user)[:-1],
            place / f"writehead-{user}",
        ],
    )
    return place


def bound(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    return sock


@pytest.fixture
def gone() -> Iterator[int]:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    yield process.pid


def test_the_folders() -> None:
    """The one of the session first, else one in /tmp with the number of the user."""
    assert folders({"XDG_RUNTIME_DIR": "/run/user/7"}, 7) == [
        Path("/run/user/7/writehead"),
        Path("/tmp/writehead-7"),
    ]
    assert folders({}, 7) == [Path("/tmp/writehead-7")]


def test_the_path(runtime: dict[str, str], tmp_path: Path) -> None:
    """It has the number of the process, in a folder that its user alone can enter."""
    before = os.umask(0)
    try:
        path = make_path(runtime, 4021)
    finally:
        os.umask(before)
    assert path == tmp_path / "writehead" / "4021.sock"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert make_path(runtime, 4021) == path, "the folder may be there"


def test_it_is_never_in_the_working_folder(
    tmp_path: Path, no_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the folder of the session is a relative one (R11)."""
    monkeypatch.chdir(tmp_path)
    path = make_path({"XDG_RUNTIME_DIR": "."}, 1)
    assert path.parent.parent == no_tmp
    assert not (tmp_path / "writehead").exists()


def test_a_folder_that_others_can_enter(runtime: dict[str, str], tmp_path: Path, no_tmp: Path) -> None:
    """It is not used; where there is no other, the reason is told."""
    (tmp_path / "writehead").mkdir(0o755)
    assert make_path(runtime, 1).parent.parent == no_tmp
    (no_tmp / f"writehead-{os.geteuid()}").chmod(0o750)
    with pytest.raises(PermissionError) as caught:
        make_path(runtime, 1)
    assert str(caught.value) == f"{tmp_path / 'writehead'} can be entered by others (mode 755)"


def test_a_folder_of_another_user(tmp_path: Path) -> None:
    """It is not trusted."""
    tmp_path.chmod(0o700)
    assert why_unsafe(tmp_path, os.geteuid()) is None
    assert why_unsafe(tmp_path, os.geteuid() + 1) == "belongs to another user"


def test_a_link_is_no_folder(tmp_path: Path, no_tmp: Path) -> None:
    """What another user has planted in /tmp is not followed."""
    victim = tmp_path / "victim"
    victim.mkdir(0o700)
    (no_tmp / f"writehead-{os.geteuid()}").symlink_to(victim)
    with pytest.raises(PermissionError, match="is no folder"):
        make_path({}, 1)
    assert list(victim.iterdir()) == []


def test_a_disk_that_cannot_be_written(no_tmp: Path) -> None:
    """The error of the system is told (R11)."""
    (no_tmp / f"writehead-{os.geteuid()}").touch()
    with pytest.raises(FileNotFoundError, match="/proc/writehead"):
        make_path({"XDG_RUNTIME_DIR": "/proc"}, 1)


def test_sockets_of_processes_that_have_gone(runtime: dict[str, str], tmp_path: Path, gone: int) -> None:
    """They are removed; what lives, and what is no control socket, stays."""
    folder = make_path(runtime, 1).parent
    with bound(folder / f"{gone}.sock"), bound(folder / f"{os.getppid()}.sock"), bound(folder / "a.sock"):
        (folder / f"{gone}.txt").touch()
        make_path(runtime, os.getpid())
        assert sorted(each.name for each in folder.iterdir()) == sorted(
            [f"{os.getppid()}.sock", "a.sock", f"{gone}.txt"]
        )
    with bound(folder / f"{os.getpid()}.sock"):  # of an earlier process of this number
        make_path(runtime, os.getpid())
        assert not (folder / f"{os.getpid()}.sock").exists()


def test_finding(runtime: dict[str, str], tmp_path: Path, no_tmp: Path) -> None:
    """All sockets in the folders of a user, but none in a folder that another could have filled."""
    folder = make_path(runtime, 1).parent
    second = no_tmp / f"writehead-{os.geteuid()}"
    second.mkdir(0o700)
    with bound(folder / "5.sock"), bound(folder / "12.sock"), bound(second / "7.sock"):
        assert sorted(each.name for each in sockets_in(folder)) == ["12.sock", "5.sock"]
        user = 12345 if os.geteuid() == 0 else os.geteuid()  # root would look at those of all users
        if user == os.geteuid():
            assert {each.name for each in find(runtime, user)} == {"5.sock", "12.sock", "7.sock"}
            second.chmod(0o777)
            assert {each.name for each in find(runtime, user)} == {"5.sock", "12.sock"}
        else:
            assert find(runtime, user) == [], "the folders belong to root"


def test_root_finds_those_of_all_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each in a folder that belongs to its user."""
    own = tmp_path / f"writehead-{os.geteuid()}"
    own.mkdir(0o700)
    monkeypatch.setattr(control_socket, "_of_all_users", lambda: iter([(own, os.geteuid()), (own, 99999)]))
    with bound(own / "5.sock"):
        assert find({}, 0)[-1:] == [own / "5.sock"]
