"""What serves, as an admin listener sees it: it notes what it is told to do."""

from __future__ import annotations

from collections.abc import Sequence

from writehead._admin.operated import ExchangeInfo, RefusedError, SettingInfo, Status
from writehead._metrics.render import Family, Sample
from writehead._shared.readiness import Readiness


class Noted:
    """Does nothing but note it; `refusal` is raised in the place of the next operation."""

    supervised = True

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.ready: Readiness = "ready"
        self.refusal: Exception | None = None

    def _note(self, *words: object) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.told.append(words)
        return " ".join(map(str, words)) + ": done"

    def readiness(self) -> Readiness:
        return self.ready

    def status(self) -> Status:
        return {
            "name": "main:app",
            "version": "1.0",
            "python": "3.11.2",
            "loop": "uvloop",
            "pid": 4021,
            "age": 90.0,
            "readiness": self.ready,
            "addresses": ["http://127.0.0.1:8000"],
            "workers": [
                {
                    "slot": slot,
                    "pid": 4021 + slot,
                    "state": "ready",
                    "age": 3700.0 * slot,
                    "requests": 812,
                    "in_flight": 4,
                    "connections": 41,
                    "resident": 32 * 1024 * 1024,
                    "processor": 1.25,
                    "lag": 0.0012,
                    "blocked": 0.0,
                }
                for slot in (1, 2)
            ],
        }

    def metrics(self) -> list[Family]:
        return [Family("a", "counter", "A.", [Sample(1)])]

    def config(self) -> Sequence[SettingInfo]:
        return [{"name": "port", "value": "8000", "source": "--port"}]

    async def slow(self) -> Sequence[ExchangeInfo]:
        return [{"worker": 2, "method": "GET", "path": "/report", "age": 31.5, "client": "10.0.0.1"}]

    async def drain(self, slot: int) -> str:
        if slot > 9:
            raise RefusedError(f"there is no worker {slot}")
        return self._note("drain", slot)

    async def restart(self, slot: int) -> str:
        return self._note("restart", slot)

    async def reload(self) -> str:
        return self._note("reload")

    async def scale(self, count: int) -> str:
        return self._note("scale", count)

    async def set_log_level(self, level: str, logger: str) -> str:
        return self._note("loglevel", level, logger)

    async def reopen(self) -> str:
        return self._note("reopen")

    async def stacks(self, slot: int) -> str:
        return self._note("stacks", slot)

    def stop(self) -> str:
        return self._note("stop")
