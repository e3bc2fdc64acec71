"""A fleet of workers that are told to live and to die, with a clock that is turned."""

from __future__ import annotations

import signal

from writehead._shared.block import State
from writehead._supervisor.fleet import Fleet
from writehead._supervisor.hands import Limits
from writehead._supervisor.slots import Child, Why


class Stage:
    """The hands of a fleet, which note what they are asked for, and its children.

    `done` has what was asked for since it was last looked at: "start 1", "drain 1", "SIGKILL 1", "close", "end 0".
    A child is named by its pid, which are given from 100 on.
    """

    def __init__(self, workers: int = 2, *, ready: bool = True, **limits: float) -> None:
        self.now = 1000.0
        self.children: dict[int, Child] = {}
        self.ended: int | None = None
        self.silent: dict[int, float] = {}  # since when
        self.used: dict[int, float] = {}
        self.had: dict[int, tuple[int, int]] = {}
        self.refused = 0  # how many processes the system refuses
        self._done: list[str] = []
        self.fleet = Fleet(self, Limits(**limits))
        self.fleet.start(workers, self.now)
        if ready:
            for pid in list(self.children):
                self.ready(pid)
            self.done()

    # -- the hands

    def spawn(self, child: Child) -> None:
        if self.refused:
            self.refused -= 1
            raise OSError(11, "Resource temporarily unavailable")
        child.pid = 100 + len(self.children)
        self.children[child.pid] = child
        self._done.append(f"start {child.slot}")

    def drain(self, child: Child, *, replaced: bool) -> None:
        self._done.append(f"{'leave' if replaced else 'drain'} {child.pid}")

    def signal(self, child: Child, number: int) -> None:
        self._done.append(f"{signal.Signals(number).name} {child.pid}")

    def numbers(self, child: Child) -> tuple[int, int]:
        return self.had.get(child.pid, (0, 0))

    def show_failure(self, child: Child) -> None:
        self._done.append(f"failed: {child.failure}")

    def close_doors(self) -> None:
        self._done.append("close")

    def on_reload_over(self, stopped: str | None) -> None:
        self._done.append(stopped or "reloaded")

    def finish(self, code: int) -> None:
        self.ended = code
        self._done.append(f"end {code}")

    def beat(self, child: Child) -> float:
        return self.silent.get(child.pid, self.now)

    def processor(self, child: Child) -> float:
        return self.used.get(child.pid, 0.0)

    def processor_at_beat(self, child: Child) -> float:
        return 0.0

    def ask_for_stack(self, child: Child) -> None:
        self._done.append(f"stack {child.pid}")

    # -- the tests

    def done(self) -> list[str]:
        """Return what was asked for since the last call."""
        done, self._done = self._done, []
        return done

    def ready(self, pid: int) -> None:
        self.fleet.on_ready(self.children[pid], self.now)

    def dies(self, pid: int, status: int = 1) -> None:
        self.fleet.on_ended(self.children[pid], status, self.now)

    def fails(self, pid: int, why: str = "cannot import 'main'") -> None:
        self.children[pid].failure = why
        self.dies(pid, 3)

    def asks(self, pid: int, why: Why = Why.MAX_REQUESTS) -> None:
        self.fleet.on_recycle(self.children[pid], why)

    def newest(self) -> int:
        return max(self.children)

    def turn(self, seconds: float) -> None:
        """Let time pass: all that becomes due is done when it is due."""
        end = self.now + seconds
        while (due := self.fleet.next_due(self.now)) is not None and due <= end:
            self.now = max(self.now, due)
            self.fleet.tick(self.now)
        self.now = end

    def serving(self) -> list[int]:
        return [each.pid for each in self.fleet.serving]

    def states(self) -> dict[int, State]:
        return {pid: each.state for pid, each in self.children.items()}
