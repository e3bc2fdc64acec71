"""Watching the files of a program, for --reload: by watchfiles where that is installed, else by looking again and again.

Invariant: looking takes a hundredth of a core at most, however many files there are: the pause grows with what a look takes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

logger = logging.getLogger("writehead.supervisor")

#: The share of a core that looking may take.
SHARE = 0.01

#: How many of the files that have changed are named.
MOST_NAMED = 3

_Stamp = tuple[int, int]  # time of the change, size


@dataclass
class Watched:
    """Which files are watched.

    Args:
        folders: with all that is in them.
        include: globs of files.
        exclude: globs of files and folders.
        files: further files, whatever their names.
        delay: seconds between two looks, in which changes gather.
    """

    folders: Sequence[str]
    include: Sequence[str]
    exclude: Sequence[str]
    files: Sequence[str]
    delay: float

    def has(self, path: str) -> bool:
        """Tell whether a file below the folders, or one of the further files, is watched."""
        if path in self.files:
            return True
        folder = next((each for each in self.folders if path.startswith(each.rstrip("/") + "/")), None)
        if folder is None:
            return False
        inner = path[len(folder.rstrip("/")) + 1 :]
        if any(self._is_excluded(part) for part in inner.split("/")):
            return False
        return any(fnmatch(inner, each) or fnmatch(inner.rpartition("/")[2], each) for each in self.include)

    def _is_excluded(self, name: str) -> bool:
        return any(fnmatch(name, each) for each in self.exclude)

    def look(self) -> dict[str, _Stamp]:
        """Return every watched file that is there, and when it was changed."""
        found: dict[str, _Stamp] = {}
        for folder in self.folders:
            for entry in self._walk(folder):
                found[entry.path] = _stamp(entry.stat())
        for path in self.files:
            try:
                found[path] = _stamp(os.stat(path))
            except OSError:
                continue
        return found

    def _walk(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            entries = list(os.scandir(folder))
        except OSError:  # it has been removed meanwhile
            return
        for entry in entries:
            if self._is_excluded(entry.name):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(entry.path)
                elif self.has(entry.path) and entry.is_file():
                    yield entry
            except OSError:
                continue


def _stamp(found: os.stat_result) -> _Stamp:
    return found.st_mtime_ns, found.st_size


def differing(before: dict[str, _Stamp], after: dict[str, _Stamp]) -> list[str]:
    """Return the files that were changed, made or removed."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def sentence(changed: Sequence[str]) -> str:
    """Return what the log says of a change."""
    names = [os.path.relpath(each) for each in changed[:MOST_NAMED]]
    more = len(changed) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "") + " changed"


class Watcher:
    """Calls `on_change` in the running loop with the files that have changed."""

    def __init__(self, watched: Watched, on_change: Callable[[list[str]], object]) -> None:
        self._watched = watched
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        try:
            import watchfiles
        except ImportError:
            self._known = self._watched.look()
            self._timer = self._loop.call_later(self._watched.delay, self._look)
            return
        threading.Thread(target=self._follow, args=(watchfiles,), name="writehead-watch", daemon=True).start()

    def _look(self) -> None:
        began = time.perf_counter()
        try:
            now = self._watched.look()
            changed = differing(self._known, now)
            self._known = now
        except OSError:
            logger.exception("files could not be watched")
            changed = []
        took = time.perf_counter() - began
        self._timer = self._loop.call_later(max(self._watched.delay, took / SHARE), self._look)
        if changed:
            self._on_change(changed)

    def _follow(self, watchfiles: object) -> None:  # pragma: no cover - needs the package
        """Wait for what the system tells, in a thread."""
        watched = self._watched
        try:
            for changes in watchfiles.watch(  # type: ignore[attr-defined]
                *watched.folders,
                *{os.path.dirname(each) for each in watched.files},
                watch_filter=lambda change, path: watched.has(path),
                debounce=max(1, int(watched.delay * 1000)),
                stop_event=self._stop,
                raise_interrupt=False,
            ):
                changed = sorted({path for _, path in changes})
                self._loop.call_soon_threadsafe(self._on_change, changed)
        except Exception:
            logger.exception("files are watched no more")

    def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._timer is not None:
            self._timer.cancel()
