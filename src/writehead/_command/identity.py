"""Whose a process is: its file with the pid, its user and group, and the mode of what it makes.

bound -> pid file -> group, user -> serve -> the pid file is removed, if it is still ours
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from pathlib import Path

from writehead._command.failures import USAGE, CommandError
from writehead._command.settings import GROUP_ID, PID, UMASK, USER
from writehead._command.values import Values

logger = logging.getLogger("writehead")


def set_umask(values: Values) -> None:
    """Set the mode that new files do not have, before anything is made."""
    mask = values[UMASK]
    if mask is not None:
        os.umask(mask)


def settle(values: Values) -> None:
    """Write the pid file, and become the user of the settings, now that the addresses are taken.

    Raises:
        CommandError: another process has the file, or the user cannot be changed.
    """
    path = values[PID]
    if path is not None:
        write_pid(path)
    become(values)


def leave(values: Values) -> None:
    """Remove the pid file, at the end."""
    path = values[PID]
    if path is not None:
        remove_pid(path)


def write_pid(path: str) -> None:
    """Write our pid to a file, by renaming another, so that nobody reads half of it; one of a dead process is replaced.

    Raises:
        CommandError: the process in the file lives, or the file cannot be written.
    """
    pid = _pid_in(path)
    if pid is not None and pid != os.getpid() and _lives(pid):
        raise CommandError(f"already running as pid {pid} ({path})")
    new = f"{path}.{os.getpid()}"
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with open(descriptor, "w") as file:
            os.fchmod(descriptor, 0o644)
            file.write(f"{os.getpid()}\n")
        Path(new).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise CommandError(f"cannot write the pid file {path!r}: {error.strerror}") from None


def remove_pid(path: str) -> None:
    """Remove the file if it still has our pid."""
    if _pid_in(path) == os.getpid():
        try:
            os.unlink(path)
        except OSError as error:  # its folder may belong to root, and we are no more
            logger.debug("the pid file %r stays: %s", path, error.strerror)


def _pid_in(path: str) -> int | None:
    try:
        with open(path, "rb") as file:
            text = file.read(32).strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and 0 < int(text) < 2**31 else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def become(values: Values) -> None:
    """Become the group and the user of the settings, for good.

    Raises:
        CommandError: there is no such user or group, or this process may not become it.
    """
    user, group = values[USER], values[GROUP_ID]
    if user is None and group is None:
        return
    if sys.platform == "win32":
        raise CommandError("a user can be changed on a system of POSIX only", USAGE)
    name, uid, gid = _ids(values, user)
    if group is not None:
        gid = _group(values, group)
    if (uid, gid) == (os.geteuid(), os.getegid()):
        return
    try:
        os.initgroups(name, gid) if name else os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    except OSError as error:
        source = values.source(USER) or values.source(GROUP_ID)
        raise CommandError(
            f"{source}: cannot become {user or group!r}: {error.strerror}; only root can"
        ) from None


def _ids(values: Values, user: str | None) -> tuple[str, int, int]:
    """Return name, user id and group id; the name is empty where the system has none."""
    import pwd

    if user is None:
        return "", os.geteuid(), os.getegid()
    try:
        found = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
    except KeyError:
        if user.isdigit():
            return "", int(user), os.getegid()
        raise CommandError(f"{values.source(USER)}: there is no user {user!r}") from None
    return found.pw_name, found.pw_uid, found.pw_gid


def _group(values: Values, group: str) -> int:
    import grp

    if group.isdigit():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise CommandError(f"{values.source(GROUP_ID)}: there is no group {group!r}") from None
