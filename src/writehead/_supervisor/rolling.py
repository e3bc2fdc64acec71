"""A rolling reload: slot after slot gets a new worker, and the old one goes when the new one is ready."""

from __future__ import annotations

from dataclasses import dataclass, field

from writehead._supervisor.sentences import count
from writehead._supervisor.slots import Child


@dataclass
class Roll:
    """A reload that is under way."""

    #: Which settings and code the new workers have.
    generation: int
    #: The number of workers when it is over.
    workers: int
    #: The slots whose turn is still to come, the next one last.
    left: list[int]
    #: The new worker that is waited for.
    coming: Child | None = None
    #: The slots that have a new one.
    done: list[int] = field(default_factory=list)
    #: The slots that were opened for it, which a reload that stops closes again.
    added: set[int] = field(default_factory=set)

    @classmethod
    def over(cls, generation: int, workers: int) -> Roll:
        """Return a reload of so many slots."""
        return cls(generation, workers, list(range(workers, 0, -1)))


def stopped(child: Child, new: int, old: int) -> str:
    """Return what the log says of a reload that has stopped at a new worker that did not start."""
    if not old + new:
        rest = "none serves"
    elif new:
        rest = f"{new} new and {old} old workers serve on"
    else:
        rest = f"{count(old, 'old worker')} {'serves' if old == 1 else 'serve'} on"
    return f"reload stopped: the new worker {child.slot} failed to start; {rest}"
