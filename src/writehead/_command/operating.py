"""What operators get of one process: metrics, health, the admin listener and the control socket, where they are asked for."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from writehead import __version__, http
from writehead._admin.access import is_loopback
from writehead._admin.listener import Place, listen
from writehead._admin.one_process import OneProcess
from writehead._admin.operated import Operated, SettingInfo
from writehead._command.addresses import Address
from writehead._command.banner import print_banner
from writehead._command.failures import CommandError
from writehead._command.listening import urls_of
from writehead._command.serving import Role
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
from writehead._supervisor.plan import NOTHING, Opened
from writehead.errors import SystemCallError

logger = logging.getLogger("writehead.admin")


class Operating(Role):
    """A process that is alone, and is operated: it watches its servers, and opens its admin listener and control socket.

    Args:
        name: what is served.
        values: the settings.
    """

    def __init__(self, name: str, values: Values) -> None:
        self._name = name
        self._values = values
        self._process: OneProcess | None = None
        self._opened = NOTHING

    def begin_with_loop(self) -> None:
        """Begin when a loop runs: that of a script."""
        later(self._begin_script)

    def _begin_script(self) -> None:
        self.begin()
        asyncio.get_running_loop().create_task(self._open_for_script())

    async def _open_for_script(self) -> None:
        try:
            await self._open()
        except CommandError as error:
            logger.error("%s", error)
            return
        if self._opened.admin is not None:
            logger.info("admin on %s", self._opened.admin)

    def begin(self) -> None:
        """Watch all servers from now on; the loop runs."""
        self._process = process = OneProcess(
            self._name,
            build(type(asyncio.get_running_loop()).__module__.partition(".")[0]),
            addresses=_addresses,
            settings=lambda: setting_infos(self._values),
        )
        process.start()
        run.on_stop(process.note_stop)
        registry.on_open(self._watch)

    def _watch(self, server: Any) -> None:
        process, values = self._process, self._values
        if process is not None and not server._unref and process.watch(server):
            attach_health(server, values[HEALTH_PATH], values[READY_PATH], process.readiness)

    async def listen(self, server: http.Server, name: str, values: Values) -> None:
        """Open what was asked for, then let `server` listen.

        Raises:
            CommandError: one of them cannot listen.
        """
        await self._open()
        await super().listen(server, name, values)

    async def _open(self) -> None:
        assert self._process is not None
        self._opened = await open_listeners(self._values, self._process, self._values[CONTROL] or None)

    def announce(self, server: http.Server, values: Values, facts: Mapping[str, Any]) -> None:
        """Tell that `server` listens, and where this process is operated."""
        print_banner(values, facts, urls_of(server), admin=self._opened.admin, control=self._opened.control)


def _addresses() -> list[str]:
    """Return where the servers of this process listen."""
    return [
        url
        for server in registry.open_servers()
        if isinstance(server, http.Server)
        for url in urls_of(server)
    ]


async def open_listeners(values: Values, operated: Operated, control: str | None) -> Opened:
    """Open the admin listener of the settings, and a control socket.

    Raises:
        CommandError: the admin listener cannot listen; for the control socket there is a warning.
    """
    admin, url = values[ADMIN], None
    if admin is not None:
        _warn_of_others(admin, values[ADMIN_TOKEN])
        try:
            server = await listen(
                _place(admin), operated, token=values[ADMIN_TOKEN], names=values[ADMIN_HOST]
            )
        except SystemCallError as error:
            raise CommandError(
                f"cannot listen on {admin} ({values.source(ADMIN)}): {error.strerror}"
            ) from None
        (url,) = urls_of(server)
    if control is not None:
        try:
            await listen(control, operated)
        except SystemCallError as error:
            logger.warning("there is no control socket: %s: %s", control, error.strerror)
            control = None
    return Opened(url, control)


def _warn_of_others(admin: Address, token: str | None) -> None:
    """Warn of an admin listener that others can reach."""
    if admin.path is not None or admin.host == "localhost" or is_loopback(admin.host):
        return
    if token is None:
        logger.warning(
            "%s can be reached by others: without --admin-token it shows health and metrics alone", admin
        )
    else:
        logger.warning("whoever sees the network of %s sees its token: put TLS before it", admin)


def _place(address: Address) -> Place:
    if address.path is not None:
        return address.path
    return address.host or "", address.port or 0


def build(loop: str) -> dict[str, str]:
    """Return what serves: our version, and those of Python and of the loop."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "loop": loop,
    }


def setting_infos(values: Values) -> Sequence[SettingInfo]:
    """Return the settings as an operator may see them."""
    return [
        {"name": each.name, "value": values.shown(each), "source": values.source(each) or "default"}
        for each in SETTINGS
    ]
