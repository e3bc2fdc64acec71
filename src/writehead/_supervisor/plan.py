"""What a supervisor is told to do: plain values, worked out of the settings by the command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from writehead._supervisor.hands import Limits

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


@dataclass
class Directions:
    """What holds until the end."""

    #: What `ps` shows of a worker behind its slot.
    words: Sequence[str]
    #: Reads the settings again; raises `ReloadRefusedError`.
    plan_again: Callable[[], Plan]
    #: Shows the supervisor to operators, and lets them give orders; None: nobody does.
    operated: OperatedFleet | None = None
    #: Called before the first worker is started: it opens what operators come by.
    open: Callable[[], Awaitable[object]] | None = None
    #: Called once, when the first worker is ready, with what it has told of itself.
    on_serving: Callable[[Mapping[str, Any]], object] = field(default=lambda facts: None)
