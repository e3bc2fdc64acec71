"""The open servers: `run()` returns when there are none."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from typing import Protocol

from writehead._loop.ticks import later
from writehead._server.drain import Drained


class Open(Drained, Protocol):
    """What `run()` needs of a server, besides what its drain asks."""

    _unref: bool
    _began: bool
    _connection_count: int

    @property
    def _guest_seconds(self) -> float:
        """How long its guests may take to stop once its connections are gone."""
        ...


logger = logging.getLogger("writehead")

_open: list[Open] = []
_watched = False  # `_tell_of_unserved` is registered with atexit
_watchers: list[Callable[[], object]] = []
_on_open: list[Callable[[Open], object]] = []
_unheard: list[BaseException] | None = None  # None: no `run()` will raise them


def open_servers() -> list[Open]:
    """Return the servers that `run()` waits for, in the order in which they were opened."""
    return [server for server in _open if not server._unref]


def every_open_server() -> list[Open]:
    """Return all open servers, also those after `unref()`."""
    return list(_open)


def on_change(callback: Callable[[], object]) -> None:
    """Call `callback` in a later tick whenever a server closes, or is no longer waited for."""
    _watchers.append(callback)


def on_open(callback: Callable[[Open], object]) -> None:
    """Call `callback` with each server that is open, and with each that opens from now on, before it is bound."""
    _on_open.append(callback)
    for server in _open:
        callback(server)


def forget_on_open(callback: Callable[[Open], object]) -> None:
    """Stop calling `callback` with servers that open."""
    _on_open.remove(callback)


def forget(callback: Callable[[], object]) -> None:
    """Stop calling `callback`."""
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
        for callback in _on_open:
            callback(server)


def _tell_of_unserved() -> None:
    """Warn at the end of the process about servers whose `listen` was called, and that no loop ran."""
    waiting = sum(not server._began for server in _open)
    if waiting:
        logger.warning(
            "the program ends, and %s told to listen %s never served: call http.run() at its end, "
            "or run it as `writehead script.py`",
            "a server that was" if waiting == 1 else f"{waiting} servers that were",
            "was" if waiting == 1 else "were",
        )


def let_go(server: Open) -> None:
    """Note that `server` is closed."""
    if server in _open:
        _open.remove(server)
    tell_watchers()


def tell_watchers() -> None:
    """Call the callbacks of `on_change`."""
    for callback in _watchers:
        later(callback)


def gather_unheard() -> None:
    """Begin to keep errors of `listen` that have no listener: `run()` will raise them."""
    global _unheard
    _unheard = []


def note_unheard(error: BaseException) -> bool:
    """Keep an error of `listen` that has no listener; False if no `run()` will raise it."""
    if _unheard is None:
        return False
    _unheard.append(error)
    return True


def take_unheard() -> list[BaseException]:
    """Return the kept errors, and stop keeping them."""
    global _unheard
    errors, _unheard = _unheard, None
    return errors or []
