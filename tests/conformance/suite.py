"""Runs scenarios on two sides and says which are the same, which differ as known, which differ."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import time
import zlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from . import known, scenarios
from .language import Group, Scenario
from .peers import Peer, Transcript

AT_ONCE = 12  # scenarios that run at the same time
CUT = 200  # bytes that are compared of a stream that was cut
LONG = 3000  # bytes that a transcript shows of one piece
COMPARED = ("received", "ended", "client", "log")


def groups() -> list[Group]:
    """All groups of written scenarios, in the order of their modules."""
    found: list[Group] = []
    for info in sorted(pkgutil.iter_modules(scenarios.__path__), key=lambda info: info.name):
        found += importlib.import_module(f"{scenarios.__name__}.{info.name}").GROUPS
    return found


@dataclass
class Outcome:
    """One scenario, what both sides did, and the verdict: same, known, or different."""

    scenario: Scenario
    left: Transcript
    right: Transcript
    verdict: str
    reasons: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    unsteady: bool = False
    seconds: float = 0.0


def brief(text: str) -> str:
    """A text as a literal; of a long one the two ends, its length and its sum."""
    if len(text) <= LONG:
        return repr(text)
    return f"{text[:300]!r} ... {text[-60:]!r} ({len(text)} bytes, sum {zlib.crc32(text.encode())})"


def by_request(line: list[Any]) -> str:
    tag, colon, _ = line[0].partition(":")
    return tag if colon and tag.isdigit() else ""


def flat(
    transcript: Transcript, *, timing: bool = False, interleaved: bool = False, cut: bool = False
) -> list[str]:
    """A transcript as lines of text.

    With `timing`, without the steps at which bytes came; with `cut`, of the bytes only the first, for where
    the system says how many came before the end; with `interleaved`, the lines of each request
    together, for where the order between different requests is nobody's promise.
    """
    lines = []
    if timing:
        whole = {conn: "".join(data for _, data in pieces) for conn, pieces in transcript["received"].items()}
        transcript = {**transcript, "received": {conn: [[0, data]] for conn, data in whole.items() if data}}
    for conn, pieces in sorted(transcript["received"].items()):
        if cut:
            pieces = [[step, data[:CUT]] for step, data in pieces]
        lines += [f"{conn} got at step {step}: {brief(data)}" for step, data in pieces]
    lines += [f"{conn} ended: {how}" for conn, how in sorted(transcript["ended"].items())]
    lines += [f"client {line}" for line in transcript.get("client", [])]
    for label, *values in sorted(transcript["log"], key=by_request) if interleaved else transcript["log"]:
        lines.append("log " + " ".join([label, *map(repr, values)]))
    return lines


def differences(left: list[str], right: list[str]) -> list[str]:
    """The lines in which two flat transcripts differ: "<" of the left, ">" of the right."""
    import difflib

    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    found = []
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind != "equal":
            found += [f"< {line}" for line in left[start:end]]
            found += [f"> {line}" for line in right[other_start:other_end]]
    return found


def manner(scenario: Scenario) -> dict[str, bool]:
    """How the transcripts of a scenario are to be compared."""
    return {key: bool(scenario.get(key)) for key in ("timing", "interleaved", "cut")}


def judge(scenario: Scenario, left: Transcript, right: Transcript, *, node_twice: bool = False) -> Outcome:
    """Compare two transcripts; the differences that are known turn Node's into what ours should be."""
    how = manner(scenario)
    node, ours = flat(left, **how), flat(right, **how)
    if node == ours:
        return Outcome(scenario, left, right, "same")
    reasons: list[str] = []
    if not node_twice:
        kept = known.records().get(scenario["name"]) if "known" in scenario else None
        if kept is not None:
            node, reasons = kept["ours"], [scenario["known"]]
        else:
            wanted, got, reasons = known.reconciled(scenario, left, right)
            node, ours = flat(wanted, **how), flat(got, **how)
        if node == ours:
            return Outcome(scenario, left, right, "known", reasons)
    return Outcome(scenario, left, right, "different", reasons, differences(node, ours))


class Suite:
    """Two peers, and scenarios that run on both."""

    def __init__(self, left: Peer, right: Peer, *, node_twice: bool = False) -> None:
        self.left = left
        self.right = right
        self.node_twice = node_twice

    async def once(self, scenario: Scenario) -> Outcome:
        began = time.monotonic()
        left, right = await asyncio.gather(self.left.run(scenario), self.right.run(scenario))
        outcome = judge(scenario, left, right, node_twice=self.node_twice)
        outcome.seconds = time.monotonic() - began
        return outcome

    async def alone(self, scenario: Scenario) -> Outcome:
        """Run one scenario in processes of its own."""
        async with self.left.another() as left, self.right.another() as right:
            return await Suite(left, right, node_twice=self.node_twice).once(scenario)

    async def compare(self, scenario: Scenario) -> Outcome:
        """Run one scenario; a difference counts when it is seen every one of three times.

        The last time both sides are new: on a busy machine a process of Node was seen in which no timer of 40 ms
        came any more, after hundreds of other scenarios.
        """
        outcome = await self.once(scenario)
        for again in (self.once, self.alone):
            if outcome.verdict != "different":
                break
            before, outcome = outcome, await again(scenario)
            if outcome.verdict != "different":
                outcome.unsteady = True
                outcome.differences = before.differences
        return outcome

    async def run(self, many: Iterable[Scenario], at_once: int = AT_ONCE) -> AsyncIterator[Outcome]:
        """Run scenarios, several at a time; the outcomes come as they are ready."""
        source = iter(many)
        running: set[asyncio.Task[Outcome]] = set()
        while True:
            while len(running) < at_once and (scenario := next(source, None)) is not None:
                running.add(asyncio.ensure_future(self.compare(scenario)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            try:
                for task in done:
                    yield task.result()
            except BaseException:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
                raise


def find(name: str) -> list[Scenario]:
    """The written scenarios whose name contains `name`."""
    return [scenario for group in groups() for scenario in group.scenarios if name in scenario["name"]]


def show(outcome: Outcome, most: int = 40) -> str:
    """A difference as text."""
    lines = [f"{outcome.scenario['name']}: {outcome.verdict}" + (" (unsteady)" if outcome.unsteady else "")]
    lines += [f"  {line}" for line in outcome.differences[:most]]
    for note in outcome.right.get("notes", [])[:3]:
        lines += [f"  | {line}" for line in note.splitlines()[-6:]]
    return "\n".join(lines)


def summary(outcomes: list[Outcome]) -> dict[str, Any]:
    counts = {"same": 0, "known": 0, "different": 0, "unsteady": 0}
    for outcome in outcomes:
        counts[outcome.verdict] += 1
        counts["unsteady"] += outcome.unsteady
    return counts
