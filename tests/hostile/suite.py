"""Loading the cases, playing many of them at once, counting by group."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .client import DELIVERIES, run_case
from .judge import Case, judge, summary

CASES = Path(__file__).parent / "cases"
AT_ONCE = 24


@dataclass(slots=True)
class Tally:
    """What one group has come to."""

    passed: int = 0
    failures: list[str] = field(default_factory=list)


def load_cases(folder: Path = CASES) -> list[Case]:
    """Read every case; ids must be unique and begin with their group."""
    cases: list[Case] = []
    for file in sorted(folder.glob("*.json")):
        cases += json.loads(file.read_text())
    ids = [case["id"] for case in cases]
    assert len(ids) == len(set(ids)), "two cases share an id"
    assert all(case["id"].startswith(case["group"] + "/") for case in cases), "an id outside its group"
    return cases


async def play(cases: Iterable[Case], port: int, deliveries: Iterable[str] = DELIVERIES) -> dict[str, Tally]:
    """Play every case in every delivery; a case passes when all of its deliveries do."""
    gate = asyncio.Semaphore(AT_ONCE)
    tallies: dict[str, Tally] = defaultdict(Tally)

    async def one(case: Case) -> None:
        complaints = []
        for delivery in deliveries:
            async with gate:
                outcome = await run_case(case, port, delivery)
            problems = judge(case, outcome)
            if problems:
                wanted = f"{case['expect']} {case.get('status', '')}".strip()
                complaints.append(
                    f"{case['id']} [{delivery}] want {wanted}: {'; '.join(problems)} (got {summary(outcome)})"
                )
        tally = tallies[case["group"]]
        tally.passed += not complaints
        tally.failures += complaints

    await asyncio.gather(*(one(case) for case in cases))
    return dict(sorted(tallies.items()))
