"""Whatever programs do, and however clients and listeners fail: each exchange has one record.

Law: the records are those of the requests that listeners were given, each once, and say what the responses say.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import Any

import pytest

from tests.kit.exchanges import Life, Program, draw, play, shrunk, stop
from tests.kit.loops import loop_factory
from tests.properties.test_raising_listeners import Unruly
from writehead import http
from writehead._semantics.record import Record

COUNT = int(os.environ.get("WRITEHEAD_RECORD_PROGRAMS", "100"))
BATCH = 25


class Recorded(Unruly):
    """Keeps the records, and the names of the requests that reached a listener."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.reached: set[str] = set()
        self.records: list[Record] = []
        self.server.on("record", self._recorded)

    def _recorded(self, record: Record) -> None:
        self.records.append(record)
        self.at(None, "'record'")

    def life(self, req: Any) -> Life:
        """Note the request, too."""
        life = super().life(req)
        self.reached.add(life.name)
        return life


def wrong_in(stage: Recorded) -> list[str]:
    """Return what is wrong with the records."""
    found = []
    of = {name_of(record): record for record in stage.records if record.method}
    counts = Counter(name_of(record) for record in stage.records if record.method)
    for name in stage.reached | set(counts):
        if counts[name] != 1 or name not in stage.reached:
            reached = "reached a listener" if name in stage.reached else "reached none"
            found.append(f"{name} ({stage.lives[name].ask.kind}) {reached} and has {counts[name]} records")
    for life in stage.lives.values():
        record = of.get(life.name)
        if record is None:
            continue
        if life.res is not None and life.res.outcome != record.outcome:
            found.append(f"{life.name}: {life.res.outcome!r}, and its record {record.outcome!r}")
        if record.outcome is http.Outcome.FINISHED and record.status == 499:
            found.append(f"{life.name} has finished without a status")
        if life.res is None and record.outcome not in (http.Outcome.UPGRADED, http.Outcome.FAILED):
            if life.ask.kind in ("upgraded", "connected"):
                found.append(f"{life.name} was handed over, and its record says {record.outcome}")
        if not 0 <= record.received <= record.duration:
            found.append(f"{life.name}: {record.received} of {record.duration} ms")
    return found


def name_of(record: Record) -> str:
    return str(record.target).strip("/").partition(":")[0]


async def recorded(program: Program) -> list[str]:
    """Run a program, and return what went wrong."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    stage = Recorded(program)
    await stage.listen()
    await play(stage)
    await stop(stage)
    found = wrong_in(stage)
    return found + ([f"after: {did}" for did in stage.did] if found else [])


def run(program: Program, loop_name: str) -> list[str]:
    """Run a program on a fresh loop."""
    with asyncio.Runner(loop_factory=loop_factory(loop_name)) as runner:
        return runner.run(recorded(program))


@pytest.mark.parametrize("loop_name", ["uvloop", "asyncio"])
@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_each_exchange_has_one_record(first: int, loop_name: str) -> None:
    """Also one whose client has left, that was destroyed, pipelined, upgraded, or failed."""
    for seed in range(first, min(first + BATCH, COUNT)):
        wrong = run(draw(seed), loop_name)
        if wrong:
            least = shrunk(draw(seed), lambda program: run(program, loop_name))
            seen = run(least, loop_name) or wrong
            pytest.fail(f"seed {seed}: {least}\n" + "\n".join(seen[:30]))
