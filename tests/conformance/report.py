"""Two pages of Markdown: what is the same as Node (the report), and what is not (the documentation's page)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path

from . import known
from .language import Group
from .suite import Outcome, groups, show

DIFFERENCES_PAGE = Path(__file__).parents[2] / "docs" / "topics" / "differences.md"


def report(outcomes: list[Outcome], versions: tuple[str, str], *, seed: int, seconds: float) -> str:
    """The table of groups: scenarios, same, known, different; then what differed and how it is known."""
    lines = [
        "# Conformance report",
        "",
        f"- Node {versions[0]}",
        f"- writehead {versions[1]}",
        f"- {len(outcomes)} scenarios on each side in {seconds:.1f} s",
        "",
        "| group | what | scenarios | same | known | different |",
        "|---|---|---:|---:|---:|---:|",
    ]
    drawn = [outcome for outcome in outcomes if outcome.scenario["name"].startswith("random ")]
    for group in groups():
        names = {scenario["name"] for scenario in group.scenarios}
        lines.append(row(group, [outcome for outcome in outcomes if outcome.scenario["name"] in names]))
    if drawn:
        lines.append(row(Group("random programs", f"drawn from seed {seed}"), drawn))
    lines.append(row(Group("**all**", ""), outcomes))
    lines += ["", "## Known differences that showed", "", "| difference | | scenarios |", "|---|---|---:|"]
    lines += [f"| {key} | {known.BY_ID[key].title} | {count} |" for key, count in reasons(outcomes)]
    different = [outcome for outcome in outcomes if outcome.verdict == "different"]
    if different:
        lines += ["", "## Unknown differences", "", "```"]
        lines += itertools.chain.from_iterable(show(outcome).splitlines() for outcome in different)
        lines.append("```")
    unsteady = [outcome.scenario["name"] for outcome in outcomes if outcome.unsteady]
    if unsteady:
        lines += ["", "Different at first and the same when repeated: " + "; ".join(unsteady) + "."]
    return "\n".join(lines) + "\n"


def row(group: Group, outcomes: list[Outcome]) -> str:
    counts = [
        sum(outcome.verdict == verdict for outcome in outcomes) for verdict in ("same", "known", "different")
    ]
    return f"| {group.name} | {group.about} | {len(outcomes)} | {' | '.join(map(str, counts))} |"


def reasons(outcomes: Iterable[Outcome]) -> list[tuple[str, int]]:
    """The differences that showed, in their order, and in how many scenarios."""
    counts = {difference.id: 0 for difference in known.DIFFERENCES}
    for outcome in outcomes:
        if outcome.verdict == "known":
            for reason in outcome.reasons:
                counts[reason] += 1
    return [(key, count) for key, count in counts.items() if count]


def page() -> str:
    """The page "Differences from Node" of the documentation."""
    lines = [
        "# Differences from Node",
        "",
        "writehead sends the same bytes as Node 24 and emits the same events in the same order. A test suite runs",
        "the same programs on both and compares them. Where Node's behaviour comes from JavaScript alone, is a",
        "flaw, or is against the HTTP standard, writehead differs on purpose. This list is complete: the suite",
        "fails on any other difference.",
        "",
        "This page is generated from the suite's data (`python -m tests.conformance --differences`).",
        "",
    ]
    for difference in known.DIFFERENCES:
        lines += [
            f"## {difference.id}: {difference.title}",
            "",
            f"Node {difference.node}",
            "",
            f"writehead {difference.ours}",
            "",
        ]
    return "\n".join(lines)
