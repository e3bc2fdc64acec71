"""How operators come to a supervisor: its admin listener, and its control socket, which has a place of its own."""

from __future__ import annotations

import logging
import os
from importlib.util import find_spec

from writehead._admin.control_socket import make_path
from writehead._command.operating import build, open_listeners, setting_infos
from writehead._command.settings import CONTROL, LOOP
from writehead._command.values import Values
from writehead._supervisor.operated import OperatedFleet
from writehead._supervisor.plan import NOTHING, Opened

logger = logging.getLogger("writehead.admin")


class OperatorsEntrance:
    """The admin listener of the settings, and the control socket.

    Args:
        name: what is served.
        values: the settings.
        urls: where the workers listen.
    """

    def __init__(self, name: str, values: Values, urls: list[str]) -> None:
        self._values = values
        self.opened: Opened = NOTHING
        self.operated = OperatedFleet(
            name,
            build(_loop_name(values)),
            addresses=lambda: urls,
            settings=lambda plan: setting_infos(Values.from_data(plan.facts["settings"])),
        )

    async def open(self) -> None:
        """Open them.

        Raises:
            CommandError: the admin listener cannot listen.
        """
        self.opened = await open_listeners(self._values, self.operated, _control_path(self._values))


def _control_path(values: Values) -> str | None:
    """Return the path of the control socket; None if there is none, or no place for it."""
    if values[CONTROL] is not None:
        return values[CONTROL] or None
    try:
        return str(make_path(os.environ, os.getpid()))
    except OSError as error:
        logger.warning("there is no control socket: %s", error)
        return None


def _loop_name(values: Values) -> str:
    """Return which loop workers run, without loading it here."""
    if values[LOOP] == "asyncio" or os.environ.get("WRITEHEAD_LOOP") == "asyncio":
        return "asyncio"
    return "uvloop" if find_spec("uvloop") else "asyncio"
