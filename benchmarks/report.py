"""The figures of a run: medians, ratios to writehead, the terminal table and the JSON file."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.load import Figures

US = "writehead"
UNITS = {"idle": "KiB/connection", "import": "ms", "start-up": "ms"}
"""Single figures of which less is better; every other workload counts requests per second."""


@dataclass(slots=True)
class Row:
    """One server in one workload: all its turns, or one figure of `UNITS`."""

    turns: list[Figures] = field(default_factory=list)
    value: float | None = None

    @property
    def median(self) -> float | None:
        """Requests per second, or the one figure."""
        return statistics.median(turn.rate for turn in self.turns) if self.turns else self.value

    def middle(self, name: str) -> float:
        """The median over the rounds of p50, p99, max (milliseconds), cpu (microseconds) or client (percent)."""
        return float(statistics.median(getattr(turn, name) for turn in self.turns))

    @property
    def failed(self) -> int:
        """Requests that failed in all turns."""
        return sum(turn.failed for turn in self.turns)


Results = dict[str, dict[str, Row]]
"""Workload -> server -> row."""


def ratio(rows: dict[str, Row], server: str) -> float | None:
    """Ours over theirs: above 1 we serve more, or (for `UNITS`) weigh more."""
    ours, theirs = rows.get(US), rows.get(server)
    if ours is None or theirs is None or not ours.median or not theirs.median:
        return None
    return ours.median / theirs.median


def table(workload: str, about: str, rows: dict[str, Row]) -> str:
    """One workload as text."""
    unit = UNITS.get(workload, "req/s")
    lines = [
        f"{workload}: {about}",
        f"  {'':10} {unit:>14} {US + ' /':>12} {'p50 ms':>9} {'p99 ms':>9} {'max ms':>9} {'cpu us':>9} {'/ by cpu':>9} {'client %':>9}",
    ]
    for name, row in rows.items():
        if row.median is None:
            continue
        share = ratio(rows, name)
        figure = f"{row.median:,.1f}" if workload in UNITS else f"{row.median:,.0f}"
        line = f"  {name:10} {figure:>14} {f'{share:.2f}' if share and name != US else '':>12}"
        if row.turns:
            line += "".join(f" {row.middle(part):9.2f}" for part in ("p50", "p99", "max", "cpu"))
            share = rows[US].middle("cpu") if US in rows and rows[US].turns else 0.0
            line += f"{row.middle('cpu') / share:10.2f}" if share and name != US else " " * 10
            line += f"{row.middle('client'):10.0f}"
            spread = max(turn.rate for turn in row.turns) / min(turn.rate for turn in row.turns)
            line += f"   x{spread:.2f} between turns" if len(row.turns) > 1 else ""
            line += f"   {row.failed} failed" if row.failed else ""
        lines.append(line)
    return "\n".join(lines)


def pairs(rows: dict[str, Row], one: str, two: str) -> str:
    """Two servers as text, round by round: how many times as many requests, and how many times the processor time.

    Both turns of a round follow each other, so what else the machine did meanwhile hits both about alike.
    """
    lines = [f"  {'round':>6} {one + ' req/s':>18} {two + ' req/s':>18} {'ratio':>7} {'by cpu':>7}"]
    shares = [
        (first.rate / second.rate, second.cpu / first.cpu)
        for first, second in zip(rows[one].turns, rows[two].turns, strict=True)
    ]
    for number, (first, second) in enumerate(zip(rows[one].turns, rows[two].turns, strict=True)):
        rate, cpu = shares[number]
        lines.append(f"  {number + 1:6} {first.rate:18,.0f} {second.rate:18,.0f} {rate:7.2f} {cpu:7.2f}")
    for name, middle in (("lowest", min), ("median", statistics.median), ("highest", max)):
        rate, cpu = (middle(part) for part in zip(*shares, strict=True))
        lines.append(f"  {name:>44} {rate:7.2f} {cpu:7.2f}")
    return "\n".join(lines)


def save(path: Path, facts: dict[str, object], results: Results) -> None:
    """Write everything that was measured as JSON."""
    data = {
        **facts,
        "workloads": {
            workload: {
                name: {
                    "median": row.median,
                    "ratio": ratio(rows, name),
                    "turns": [asdict(turn) for turn in row.turns],
                }
                for name, row in rows.items()
            }
            for workload, rows in results.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, indent=1) + "\n")
