"""What operators get of one process: metrics, health, the admin listener and the control socket, where they are asked for."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Callable, Sequence
from typing import Any

from writehead import __version__
from writehead._admin.access import is_loopback
from writehead._admin.listener import Place, listen
from writehead._admin.one_process import OneProcess
from writehead._admin.operated import Operated, RefusedError, SettingInfo
from writehead._command.addresses import Address
from writehead._command.failures import CommandError
from writehead._command.settings import (
    ADMIN,
    ADMIN_HOST,
    ADMIN_TOKEN,
    CONTROL,
    HEALTH_PATH,
    READY_PATH,
    SETTINGS,
)
from writehead._command.values import Values
from writehead._guests.health import attach_health
from writehead._loop.ticks import later
from writehead._process import run
from writehead._server import registry
from writehead.errors import SystemCallError

logger = logging.getLogger("writehead.admin")


def is_operated(values: Values) -> bool:
    """Tell whether anything of it is asked for."""
    return any(values[each] for each in (ADMIN, CONTROL, HEALTH_PATH, READY_PATH))


class Operating:
    """Watches the servers of this process, and opens its admin listener and its control socket.

    Args:
        name: what is served.
        values: the settings.
        addresses: returns where it listens, as URLs.
    """

    def __init__(self, name: str, values: Values, addresses: Callable[[], list[str]]) -> None:
        self._name = name
        self._values = values
        self._addresses = addresses
        self._process: OneProcess | None = None

    def begin(self) -> None:
        """Watch all servers from now on; the loop runs."""
        self._process = process = OneProcess(
            self._name,
            build(asyncio.get_running_loop()),
            addresses=self._addresses,
            settings=lambda: setting_infos(self._values),
            reopen=_reopen,
        )
        process.start()
        run.on_stop(process.note_stop)
        registry.on_open(self._watch)

    def begin_with_loop(self) -> None:
        """Begin when a loop runs: that of a script, which fails if the admin listener does."""
        later(self._begin_script)

    def _begin_script(self) -> None:
        self.begin()
        asyncio.get_running_loop().create_task(self.open())

    def _watch(self, server: Any) -> None:
        process, values = self._process, self._values
        if process is not None and not server._unref and process.watch(server):
            attach_health(server, values[HEALTH_PATH], values[READY_PATH], process.readiness)

    async def open(self) -> None:
        """Open what was asked for.

        Raises:
            CommandError: the admin listener cannot listen.
        """
        assert self._process is not None
        await open_listeners(self._values, self._process, self._values[CONTROL] or None)


async def open_listeners(values: Values, operated: Operated, control: str | None) -> None:
    """Open the admin listener of the settings, and a control socket.

    Raises:
        CommandError: the admin listener cannot listen; for the control socket there is a warning.
    """
    admin = values[ADMIN]
    if admin is not None:
        _warn_of_tokens(values)
        try:
            server = await listen(
                _place(admin), operated, token=values[ADMIN_TOKEN], names=values[ADMIN_HOST]
            )
        except SystemCallError as error:
            raise CommandError(f"cannot listen on {admin} (--admin): {error.strerror}") from None
        at = server.address()
        logger.info(
            "admin on %s",
            f"unix:{at}"
            if isinstance(at, str)
            else f"http://{Address(at['address'], at['port'])}"
            if at
            else admin,
        )
    if control is not None:
        try:
            await listen(control, operated)
        except SystemCallError as error:
            logger.warning("there is no control socket: %s: %s", control, error.strerror)


def _warn_of_tokens(values: Values) -> None:
    admin = values[ADMIN]
    assert admin is not None
    if admin.path is not None or admin.host == "localhost" or is_loopback(admin.host):
        return
    if values[ADMIN_TOKEN] is None:
        logger.warning(
            "%s can be reached by others: without --admin-token it shows health and metrics alone", admin
        )
    else:
        logger.warning("the token of %s is sent over the network in clear text: put TLS before it", admin)


def _place(address: Address) -> Place:
    if address.path is not None:
        return address.path
    return address.host or "", address.port or 0


def build(loop: asyncio.AbstractEventLoop) -> dict[str, str]:
    """Return what this process is made of."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "loop": type(loop).__module__.partition(".")[0],
    }


def setting_infos(values: Values) -> Sequence[SettingInfo]:
    """Return the settings as an operator may see them."""
    return [
        {"name": each.name, "value": values.shown(each), "source": values.source(each) or "default"}
        for each in SETTINGS
    ]


def _reopen() -> None:
    raise RefusedError("there is no log file")
