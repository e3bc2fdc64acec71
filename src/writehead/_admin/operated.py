"""What the admin listener and the control socket need of what serves: one process, or a supervisor of several.

Invariant: an operation returns how it went, as a sentence for the operator; what cannot be done raises `RefusedError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypedDict

from writehead._metrics.render import Family
from writehead._shared.readiness import Readiness


class RefusedError(Exception):
    """An operation was refused, or has failed; the text says why."""


class WorkerInfo(TypedDict):
    """One process that serves. Times are seconds, sizes bytes."""

    slot: int
    pid: int
    state: str  #: starting, ready, draining
    age: float
    requests: int
    in_flight: int
    connections: int
    resident: int
    processor: float
    lag: float
    blocked: float


class Status(TypedDict):
    """What serves, as `GET /api/status` tells it."""

    name: str
    version: str
    python: str
    loop: str
    pid: int
    age: float
    readiness: Readiness
    addresses: list[str]
    workers: list[WorkerInfo]


class SettingInfo(TypedDict):
    """One setting: its name, its value as text, and where that comes from. A secret is shown as dots."""

    name: str
    value: str
    source: str


class ExchangeInfo(TypedDict):
    """An exchange that is under way: `path` without the query, `age` in seconds."""

    worker: int
    method: str
    path: str
    age: float
    client: str


class Operated(Protocol):
    """One process, or a supervisor: what is asked of it, and what it is told to do."""

    #: Whether it has a supervisor; if not, `drain`, `restart`, `reload` and `scale` are refused.
    supervised: bool

    def readiness(self) -> Readiness:
        """Tell whether requests can be served."""

    def status(self) -> Status:
        """Return what serves, as of now."""

    def metrics(self) -> list[Family]:
        """Return all metrics, as of now."""

    def config(self) -> Sequence[SettingInfo]:
        """Return the settings; a secret is shown as dots."""

    async def slow(self) -> Sequence[ExchangeInfo]:
        """Return the slowest exchanges under way, the slowest first, ten at most."""

    async def drain(self, slot: int) -> str:
        """Drain a worker and wait for its end; another one takes its place."""

    async def restart(self, slot: int) -> str:
        """Replace a worker: the new one is ready before the old one drains; wait for the end of that."""

    async def reload(self) -> str:
        """Replace all workers, one after another, and wait until the new ones are ready."""

    async def scale(self, count: int) -> str:
        """Have so many workers from now on."""

    async def set_log_level(self, level: str, logger: str) -> str:
        """Set the level of a logger in every process, until the next start. Level and logger are checked by it."""

    async def reopen(self) -> str:
        """Open the log files anew in every process."""

    async def stacks(self, slot: int) -> str:
        """Return the stacks of all threads of a worker, as text."""

    def stop(self) -> str:
        """Begin the orderly stop of everything, as SIGTERM does."""
