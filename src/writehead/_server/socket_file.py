"""Socket files: binding to a path, and removing the file of one's own and no other.

Law: nothing but a socket is ever removed, and only one that is ours, or that nobody listens on. Who binds and
who takes over a stale file hold a lock on its directory meanwhile, so that neither removes the other's.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True, slots=True)
class SocketFile:
    """The file that a listening socket has made."""

    path: str
    device: int
    inode: int

    def remove(self) -> None:
        """Remove it, unless another has come in its place (libuv/libuv#1332)."""
        if _identity(self.path) == (self.device, self.inode):
            Path(self.path).unlink(missing_ok=True)


def bind(sock: socket.socket, path: str, backlog: int, mode: int = 0) -> SocketFile:
    """Bind `sock` to `path` and listen; a file that a dead process has left is replaced.

    Args:
        sock: a Unix stream socket.
        path: of a file; its directory exists.
        backlog: as for `listen(2)`.
        mode: permissions that are added to those of the file.

    Raises:
        OSError: as of `bind(2)`, EADDRINUSE where somebody listens, or where the file is no socket.
    """
    with _locked(path):
        try:
            sock.bind(path)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not _is_stale(path):
                raise
            Path(path).unlink(missing_ok=True)
            sock.bind(path)
        if mode:
            os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | mode)
        sock.listen(backlog)
        found = os.lstat(path)
    return SocketFile(path, found.st_dev, found.st_ino)


@contextlib.contextmanager
def _locked(path: str) -> Iterator[None]:
    """Hold the lock on the directory of `path`, where there is one and it can be had at once."""
    if sys.platform == "win32":
        yield
        return
    try:
        # O_DIRECTORY: to open a named pipe would wait for its writer.
        directory = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # not readable, say: it may be bound to all the same
        yield
        return
    try:
        with contextlib.suppress(OSError):  # a file system without locks, or somebody holds it for long
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(directory)


def _is_stale(path: str) -> bool:
    """Tell whether a socket stands at `path` on which nobody listens."""
    before = _identity(path)
    if before is None:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a full queue is an answer, too
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return _identity(path) == before
        except OSError:
            return False
    return False


def _identity(path: str) -> tuple[int, int] | None:
    """Return device and inode of the socket at `path`; None if there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None
