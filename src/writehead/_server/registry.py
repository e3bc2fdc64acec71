"""Which servers are open: `run()` goes on while one is."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from typing import Protocol

from writehead._loop.ticks import later


class Open(Protocol):
    """A server, as far as the loop that it holds is concerned."""

    _unref: bool
    _began: bool

    def close(self) -> object: ...
    def _busy_count(self) -> int: ...
    def _waiting_for(self) -> list[str]: ...
    def _stop(self, grace: float) -> None: ...
    def close_all_connections(self) -> None: ...


logger = logging.getLogger("writehead")

_open: list[Open] = []
_watched = False  # there is somebody at the exit
_watchers: list[Callable[[], object]] = []
_unheard: list[BaseException] | None = None  # None: `run()` is not there to raise them


def open_servers() -> list[Open]:
    """Return the servers that hold the loop, in the order in which they began to."""
    return [server for server in _open if not server._unref]


def every_open_server() -> list[Open]:
    """Return those too that do not hold the loop (`unref`)."""
    return list(_open)


def on_all_closed(callback: Callable[[], object]) -> None:
    """Call `callback` on a later turn whenever the last open server closes."""
    _watchers.append(callback)


def forget(callback: Callable[[], object]) -> None:
    """Call `callback` no more."""
    if callback in _watchers:
        _watchers.remove(callback)


def hold(server: Open) -> None:
    """Note that `server` is open."""
    global _watched
    if not _watched:
        _watched = True
        atexit.register(_tell_of_unserved)
    if server not in _open:
        _open.append(server)


def _tell_of_unserved() -> None:
    """Say at the end of the process that a server was told to listen, and no loop ran it."""
    waiting = sum(not server._began for server in _open)
    if waiting:
        logger.warning(
            "the program ends, and %s told to listen %s never served: end it with http.run(), "
            "or run it as `writehead script.py`",
            "a server that was" if waiting == 1 else f"{waiting} servers that were",
            "was" if waiting == 1 else "were",
        )


def let_go(server: Open) -> None:
    """Note that `server` is not open any more."""
    if server in _open:
        _open.remove(server)
    tell_watchers()


def tell_watchers() -> None:
    """Tell whoever waits for it, if no server holds the loop."""
    if not open_servers():
        for callback in _watchers:
            later(callback)


def gather_unheard() -> None:
    """Begin to keep the errors of `listen` that nobody listens to: somebody will raise them."""
    global _unheard
    _unheard = []


def note_unheard(error: BaseException) -> bool:
    """Keep the error of a `listen` that nobody listened to; False if nobody would raise it."""
    if _unheard is None:
        return False
    _unheard.append(error)
    return True


def take_unheard() -> list[BaseException]:
    """Return what was kept, and keep no more."""
    global _unheard
    errors, _unheard = _unheard, None
    return errors or []
