"""Socket files: binding to a path, and removing the file that this process made.

Invariant: only a socket is ever removed, and only one that this process made, or on which no process listens.
A process that binds or replaces a stale file locks the directory meanwhile, so that two do not collide.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from typing import NamedTuple

if sys.platform != "win32":
    import fcntl


class SocketFile(NamedTuple):
    """The file of a listening Unix socket."""

    path: str
    device: int
    inode: int

    def remove(self) -> None:
        """Remove the file, unless another has replaced it (libuv/libuv#1332)."""
        if _identity(self.path) == (self.device, self.inode):
            _unlink(self.path)


def bind(sock: socket.socket, path: str, backlog: int, mode: int = 0) -> SocketFile:
    """Bind `sock` to `path` and listen; the socket file of a dead process is replaced.

    Args:
        sock: a Unix stream socket.
        path: path of the file, in a directory that exists.
        backlog: as for `listen(2)`.
        mode: permissions to add to those of the file.

    Raises:
        OSError: as of `bind(2)`; EADDRINUSE if a process listens there, or if the file is no socket.
    """
    with _locked(path):
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not _is_stale(path):
                raise
            _unlink(path)
            sock.bind(path)
        if mode:
            os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | mode)
        sock.listen(backlog)
        found = os.lstat(path)
    return SocketFile(path, found.st_dev, found.st_ino)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Hold the lock on the directory of `path`, if it can be acquired at once."""
    if sys.platform == "win32":
        yield
        return
    try:
        # O_DIRECTORY: opening a named pipe would wait for its writer.
        directory = os.open(os.path.dirname(path) or os.curdir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # such as a directory that is not readable: binding may still work
        yield
        return
    try:
        with contextlib.suppress(OSError):  # a file system without locks, or another process holds it
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(directory)


def _is_stale(path: str) -> bool:
    """Tell whether there is a socket at `path` on which no process listens."""
    before = _identity(path)
    if before is None:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # EAGAIN of a full queue also shows a listener
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return _identity(path) == before
        except OSError:
            return False
    return False


def _identity(path: str) -> tuple[int, int] | None:
    """Return device and inode of the socket at `path`; None if there is no socket."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None
