"""What a supervisor is told to do: plain values, worked out of the settings by the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from writehead._supervisor.hands import Limits
from writehead._supervisor.watch import Watched

if TYPE_CHECKING:
    from writehead._supervisor.operated import OperatedFleet


@dataclass
class Plan:
    """What holds until the settings are read again."""

    #: How many workers there are.
    workers: int
    #: The times that are kept.
    limits: Limits
    #: What workers are told when they start: facts that JSON can say.
    facts: Mapping[str, Any]
    #: What has changed, and is taken only at a restart.
    needs_restart: Sequence[str] = ()


class ReloadRefusedError(Exception):
    """The settings cannot be read again; the text says why."""


class Opened(NamedTuple):
    """Where a server is operated: the URL of the admin listener, and the path of the control socket."""

    admin: str | None = None
    control: str | None = None


NOTHING = Opened()


class Entrance(Protocol):
    """How operators come."""

    #: Shows the supervisor to them, and lets them give orders.
    operated: OperatedFleet
    #: What `open` has opened.
    opened: Opened

    async def open(self) -> None:
        """Open it, before the first worker is started; what it raises ends the supervisor."""


@dataclass
class Directions:
    """What holds until the end."""

    #: What `ps` shows of a worker behind its slot.
    words: Sequence[str]
    #: Reads the settings again; raises `ReloadRefusedError`.
    plan_again: Callable[[], Plan]
    #: Called once, when the first worker is ready, with what it has told of itself.
    on_serving: Callable[[Mapping[str, Any]], object] = field(default=lambda facts: None)
    #: The files at whose change settings and code are loaded again; None: at none.
    watched: Watched | None = None
    #: How operators come; None: they do not.
    entrance: Entrance | None = None
