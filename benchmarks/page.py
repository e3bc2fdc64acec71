"""The figures in the documentation: a Markdown table between two marks of a page."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report import UNITS, US, Results, Row, ratio

BEGIN, END = "<!-- figures: written by `make bench ARGS=--docs` -->", "<!-- end of figures -->"

CHART = "![Requests per second of each server, by workload](performance.svg)"


def write(page: Path, results: Results, facts: dict[str, object]) -> None:
    """Replace what stands between the marks of `page`."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    parts = (BEGIN, _facts(facts), _table(results), CHART, END)
    page.write_text(before + "\n\n".join(parts) + after)


def _facts(facts: dict[str, object]) -> str:
    versions = facts["versions"]
    assert isinstance(versions, dict)
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{facts['machine']}; {named}; medians of {facts['rounds']} rounds of {facts['seconds']} s."


def _table(results: Results) -> str:
    servers = list(dict.fromkeys(name for rows in results.values() for name in rows))
    others = [name for name in servers if name != US]
    lines = [
        f"| workload | {US} | cpu | p50 / p99 / max ms | client | "
        + " | ".join(f"/ {name}" for name in others)
        + " |",
        "|---|---:|---:|---:|---:|" + "---:|" * len(others),
    ]
    for workload, rows in results.items():
        ours = rows.get(US)
        if ours is None or ours.median is None:
            continue
        figure = f"{ours.median:.1f} {UNITS[workload]}" if workload in UNITS else f"{ours.median:,.0f} req/s"
        times = " / ".join(f"{ours.middle(part):.1f}" for part in ("p50", "p99", "max")) if ours.turns else ""
        cpu = f"{ours.middle('cpu'):.1f} µs" if ours.turns else ""
        client = f"{ours.middle('client'):.0f} %" if ours.turns else ""
        cells = [_cell(rows, name) for name in others]
        lines.append(f"| {workload} | {figure} | {cpu} | {times} | {client} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(rows: dict[str, Row], name: str) -> str:
    """Requests in proportion, and in parentheses the inverse of processor time."""
    share = ratio(rows, name)
    if not share:
        return ""
    theirs, ours = rows[name], rows[US]
    if not (theirs.turns and ours.turns):
        return f"{share:.2f}"
    return f"{share:.2f} ({theirs.middle('cpu') / ours.middle('cpu'):.2f})"
