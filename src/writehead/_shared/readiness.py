"""Readiness: whether the processes of one server can serve requests, as any of them can tell from the block."""

from __future__ import annotations

from typing import Literal

from writehead._shared.block import Block, State

#: The words of `/readyz`.
Readiness = Literal["ready", "starting", "draining", "no worker is ready"]


def readiness(block: Block) -> Readiness:
    """Return whether at least one process is ready and no stop has begun, or what is in the way."""
    if block.head.stopping:
        return "draining"
    states = {row.state for row in block.in_use()}
    if State.READY in states:
        return "ready"
    return "starting" if State.STARTING in states else "no worker is ready"
