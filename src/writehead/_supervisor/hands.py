"""What the rules of the supervisor ask for, and the times that they keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from writehead._supervisor import beats
from writehead._supervisor.slots import Child


@dataclass
class Limits:
    """The times that settings give, in seconds; 0 is no limit."""

    shutdown_timeout: float = 30.0
    shutdown_delay: float = 0.0
    startup_timeout: float = 0.0
    hang_timeout: float = 0.0


class Hands(beats.Pulse, Protocol):
    """What the rules ask for."""

    def spawn(self, child: Child) -> None:
        """Start the process of a child, and set its pid; raise OSError if the system has none."""

    def drain(self, child: Child, *, replaced: bool) -> None:
        """Tell a child to drain; if it is `replaced`, others take the connections that wait."""

    def signal(self, child: Child, number: int) -> None:
        """Send a signal to a child."""

    def numbers(self, child: Child) -> tuple[int, int]:
        """Return how many requests a child has had, and how many connections it serves."""

    def show_failure(self, child: Child) -> None:
        """Show why a child could not start."""

    def close_doors(self) -> None:
        """Close the listening sockets; the children have theirs."""

    def on_reload_over(self, stopped: str | None) -> None:
        """Note that a reload is over, and the sentence of one that has stopped."""

    def finish(self, code: int) -> None:
        """End with an exit code; below 0: by a signal."""
