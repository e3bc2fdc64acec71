"""The path of the control socket, and how it is found: `PID.sock` in a folder that its user alone can enter.

Invariant: it is never made in the working folder, nor in a folder that belongs to another user or that others can enter.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path


def folders(environ: Mapping[str, str], user: int) -> list[Path]:
    """Return the folders where the control sockets of a user may be, the best first."""
    found = [Path(f"/tmp/writehead-{user}")]  # noqa: S108 - the folder is checked
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        found.insert(0, Path(runtime, "writehead"))
    return found


def make_path(environ: Mapping[str, str], pid: int) -> Path:
    """Return the path of the control socket of a process, and make its folder.

    Sockets of processes that have gone are removed from it.

    Raises:
        OSError: there is no folder for it; the text says why.
    """
    failed: OSError | None = None
    for folder in folders(environ, os.geteuid()):
        if not folder.parent.is_absolute():
            continue
        try:
            _make_folder(folder)
        except OSError as error:
            failed = failed or error
            continue
        _remove_old(folder, pid)
        return folder / f"{pid}.sock"
    raise failed or OSError("XDG_RUNTIME_DIR is no absolute path")


def _make_folder(folder: Path) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(0o700)
    if reason := why_unsafe(folder, os.geteuid()):
        raise PermissionError(f"{folder} {reason}")


def why_unsafe(folder: Path, user: int) -> str | None:
    """Return why a folder is not for `user` alone; None if it is."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return "is no folder"
    if found.st_uid != user:
        return "belongs to another user"
    if found.st_mode & 0o077:
        return f"can be entered by others (mode {stat.S_IMODE(found.st_mode):o})"
    return None


def _remove_old(folder: Path, pid: int) -> None:
    """Remove the sockets of processes that have gone, and that of an earlier process of our number."""
    for path in sockets_in(folder):
        if int(path.stem) == pid or not _lives(int(path.stem)):
            with contextlib.suppress(OSError):
                path.unlink()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True


def sockets_in(folder: Path) -> Iterator[Path]:
    """Yield the control sockets in a folder."""
    with contextlib.suppress(OSError):
        for path in sorted(folder.iterdir()):
            if path.suffix == ".sock" and path.stem.isdecimal() and path.stem.isascii() and path.is_socket():
                yield path


def find(environ: Mapping[str, str], user: int) -> list[Path]:
    """Return the control sockets of a user, of root those of all users; some may be of processes that have gone.

    A folder that another user could have filled is left out.
    """
    places = [(each, user) for each in folders(environ, user)]
    if user == 0:
        places += _of_all_users()
    found: dict[Path, None] = {}
    for folder, owner in places:
        with contextlib.suppress(OSError):
            if why_unsafe(folder, owner) is None:
                found.update(dict.fromkeys(sockets_in(folder)))
    return list(found)


def _of_all_users() -> Iterator[tuple[Path, int]]:
    """Yield the folders of all users, each with its user."""
    for folder in sorted(Path("/tmp").glob("writehead-*")):  # noqa: S108 - the folders are checked
        name = folder.name.removeprefix("writehead-")
        if name.isdecimal():
            yield folder, int(name)
    for folder in sorted(Path("/run/user").glob("*/writehead")):
        if folder.parent.name.isdecimal():
            yield folder, int(folder.parent.name)
