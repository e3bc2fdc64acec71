"""What the row of a process says of it."""

from __future__ import annotations

import time

from writehead._admin.rows import measure, worker_infos
from writehead._shared.block import Block, State


def test_workers_in_order() -> None:
    """By their numbers, of two with one number the older first; times and sizes as they are."""
    block = Block.create(rows=4)
    for slot, started, state in ((2, 50, State.READY), (1, 60, State.STARTING), (1, 10, State.DRAINING)):
        row = block.take()
        assert row is not None
        row.slot, row.started, row.state = slot, time.time() - started, state
        row.requests, row.blocked_since = 7, time.monotonic() - 9 if slot == 2 else 0.0
    found = worker_infos(block.in_use())
    assert [(each["slot"], each["state"]) for each in found] == [
        (1, "starting"),
        (1, "draining"),
        (2, "ready"),
    ]
    assert [round(each["age"]) for each in found] == [60, 10, 50]
    assert [round(each["blocked"]) for each in found] == [0, 0, 9] and found[0]["requests"] == 7
    del row
    block.close()


def test_measuring() -> None:
    """Memory, time and descriptors of this process."""
    block = Block.create(rows=1)
    row = block.take()
    assert row is not None
    measure(row)
    assert row.processor > 0 and row.descriptors >= 3
    del row
    block.close()
