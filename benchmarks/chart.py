"""The chart for the documentation: for each workload, every server's throughput relative to writehead's."""

from __future__ import annotations

from html import escape
from pathlib import Path

from benchmarks.report import UNITS, US, Results, Row

COLOURS = {
    "writehead": "#1f6feb",
    "node": "#3c873a",
    "uvicorn": "#d29922",
    "granian": "#a371f7",
    "hypercorn": "#8b949e",
    "aiohttp": "#db61a2",
    "gunicorn": "#499848",
}
LEFT, WIDTH, BAR, GAP, TOP = 90, 520, 11, 16, 46


def draw(path: Path, results: Results) -> None:
    """Write an SVG with one group of bars per workload."""
    parts: list[str] = []
    y = TOP
    for workload, rows in results.items():
        shown = {name: row for name, row in rows.items() if name in COLOURS and row.median}
        if workload in UNITS or len(shown) < 2:
            continue
        parts.append(_group(workload, shown, y))
        y += BAR * len(shown) + GAP
    height = y + 6
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 100} {height}" '
        f'font-family="system-ui, sans-serif" font-size="10" role="img" '
        f'aria-label="Requests per second of each server, by workload">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n' + _legend() + "\n".join(parts) + "\n</svg>\n"
    )


def _legend() -> str:
    parts = []
    x = LEFT
    for name, colour in COLOURS.items():
        parts.append(f'<rect x="{x}" y="14" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{x + 14}" y="23">{name}</text>')
        x += 78
    parts.append(
        f'<text x="{LEFT}" y="38" fill="#57606a">requests per second; the longest bar of each group is the best</text>'
    )
    return "\n".join(parts) + "\n"


def _group(workload: str, rows: dict[str, Row], y: int) -> str:
    best = max(row.median or 0.0 for row in rows.values())
    middle = y + BAR * len(rows) // 2 + 4
    parts = [
        f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end" font-weight="600">{escape(workload)}</text>'
    ]
    for index, (name, row) in enumerate(rows.items()):
        rate = row.median or 0.0
        length = WIDTH * rate / best
        top = y + index * BAR
        weight = ' font-weight="600"' if name == US else ""
        parts.append(
            f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR - 2}" fill="{COLOURS[name]}"/>'
        )
        parts.append(
            f'<text x="{LEFT + length + 5:.1f}" y="{top + 8}" font-size="9"{weight}>{rate:,.0f}</text>'
        )
    return "\n".join(parts)
