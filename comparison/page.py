"""What was found, kept as JSON, and the page of the documentation that is made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from comparison.servers import SERVERS
from comparison.verdicts import PROBES, Probe, Verdict

PAGE = Path(__file__).resolve().parent.parent / "docs" / "topics" / "servers.md"

KEPT = Path(__file__).resolve().parent / "results.json"

Results = dict[tuple[str, str, str], Verdict]  # interface, probe, server

_HEAD = """\
# Beside other servers

What servers do with the same requests, by the same clients.
Each row is a probe: a client that writes its bytes itself asks a server in a process of its own, which serves an application of a few lines.
`make asgi-report` asks them all again and writes this page; the probes and the applications are in `comparison/`.

The rows are what writehead promises, so they are not a ranking: other servers have made other choices, and features that are not asked for here.
A row is **yes**, **no**, or **–** if the server does not offer the feature.
What was seen where it is not **yes** stands under each table.

"""


def keep(results: Results, versions: dict[str, str]) -> None:
    """Write down what was found; what was not asked for stays as it was."""
    known, known_versions = kept() if KEPT.exists() else ({}, {})
    known.update(results)
    named = {(each.interface, each.name) for each in PROBES}
    listed = [
        [*where, verdict.good, verdict.seen]
        for where, verdict in sorted(known.items())
        if where[:2] in named  # a probe that is gone takes its results along
    ]
    text = json.dumps({"versions": {**known_versions, **versions}, "results": listed}, indent=0)
    KEPT.write_text(f"{text}\n", "utf-8")


def kept() -> tuple[Results, dict[str, str]]:
    """Return what is written down, and the versions."""
    data = json.loads(KEPT.read_text("utf-8"))
    results = {
        (interface, name, server): Verdict(good, seen)
        for interface, name, server, good, seen in data["results"]
    }
    return results, data["versions"]


def page(results: Results, versions: dict[str, str]) -> str:
    """Return the page."""
    named = ", ".join(f"{name} {versions[name]}" for name in ("Python", *SERVERS) if name in versions)
    text = f"{_HEAD}{named}.\n"
    for section in dict.fromkeys(each.section for each in PROBES):
        text += "\n".join(["", *part(section, results), ""])
    return text


def part(section: str, results: Results) -> Iterator[str]:
    """Yield the lines of a section."""
    probes = [each for each in PROBES if each.section == section]
    names = [name for name, server in SERVERS.items() if server.command(probes[0].interface)]
    yield f"## {section}"
    yield ""
    yield f"| What is asked | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(names)}"
    for each in probes:
        cells = [word(results.get((each.interface, each.name, name))) for name in names]
        yield f"| {each.title} | {' | '.join(cells)} |"
    seen = list(notes(probes, names, results))
    if seen:
        yield ""
        yield from seen


def word(verdict: Verdict | None) -> str:
    """Return the word of a cell."""
    if verdict is None:
        return "?"
    return "–" if verdict.good is None else "yes" if verdict.good else "**no**"


def notes(probes: list[Probe], names: list[str], results: Results) -> Iterator[str]:
    """Yield what was seen where the verdict is not good."""
    for each in probes:
        found = [(name, results.get((each.interface, each.name, name))) for name in names]
        bad = [
            f"{name}: {verdict.seen}"
            for name, verdict in found
            if verdict is not None and verdict.good is False
        ]
        if bad:
            yield f"- {each.title}: {plain('; '.join(bad))}."


def plain(text: str) -> str:
    """Return a text in one line, without what Markdown would read."""
    text = " ".join(text.split())
    for mark in "\\`*_<>[]|":
        text = text.replace(mark, f"\\{mark}")
    return text
