"""The command: compare the written scenarios, and random programs, on Node and on writehead."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import pprint
import sys
import time
from pathlib import Path

from . import generate, known, report, shrink
from .language import Scenario
from .peers import Died, Peer
from .suite import AT_ONCE, Outcome, Suite, flat, groups, manner, show, summary


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--only", default="", help="written scenarios whose name contains this")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="random programs to run too")
    parser.add_argument("--seed", type=int, default=1, help="of the random programs")
    parser.add_argument("--first", type=int, default=0, help="number of the first random program")
    parser.add_argument(
        "--shrink", type=int, default=5, metavar="N", help="failing random programs to make small"
    )
    parser.add_argument("--no-written", action="store_true", help="leave the written scenarios out")
    parser.add_argument(
        "--report",
        metavar="FILE",
        nargs="?",
        const="conformance-report.md",
        help="write the page with the table of groups",
    )
    parser.add_argument(
        "--differences", action="store_true", help="write the documentation's page of differences"
    )
    parser.add_argument(
        "--source", type=Path, help="directory of the writehead to test, if not the installed one"
    )
    parser.add_argument("--node-twice", action="store_true", help="compare Node with itself")
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop", help="of writehead's side")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="scenarios at the same time")
    parser.add_argument("--show", action="store_true", help="print the transcripts of both sides")
    parser.add_argument("--accept", action="store_true", help="keep our transcripts of the known differences")
    parser.add_argument("--slow", type=int, default=0, metavar="N", help="print the N slowest scenarios")
    return parser.parse_args()


async def run(args: argparse.Namespace) -> int:
    left = Peer.node()
    right = Peer.node() if args.node_twice else Peer.ours(loop=args.loop, source=args.source)
    began = time.monotonic()
    outcomes: list[Outcome] = []
    failed: list[Outcome] = []
    async with left, right:
        suite = Suite(left, right, node_twice=args.node_twice)
        written = [s for group in groups() for s in group.scenarios if args.only in s["name"]]
        drawn = (
            generate.program(args.seed, number) for number in range(args.first, args.first + args.random)
        )
        if args.only.startswith("random "):
            seed, _, number = args.only[7:].partition(":")
            drawn = iter([generate.program(int(seed), int(number))])
        async for outcome in suite.run(
            itertools.chain([] if args.no_written else written, drawn), args.at_once
        ):
            outcomes.append(outcome)
            if args.show:
                print_both(outcome)
                for note in outcome.left["notes"]:
                    print("  |", note.splitlines()[0])
            elif outcome.verdict == "different" or outcome.unsteady:
                print(show(outcome), flush=True)
                if outcome.verdict == "different" and outcome.scenario["name"].startswith("random"):
                    failed.append(outcome)
        for outcome in failed[: args.shrink]:
            await print_shrunk(suite, outcome)
    if args.slow:
        for outcome in sorted(outcomes, key=lambda outcome: -outcome.seconds)[: args.slow]:
            print(f"{outcome.seconds:7.3f} s  {outcome.scenario['name']}")
    if args.accept:
        accept(outcomes)
    if args.report:
        versions = (left.version, right.version)
        text = report.report(outcomes, versions, seed=args.seed, seconds=time.monotonic() - began)
        Path(args.report).write_text(text)
    print(left.version, right.version, summary(outcomes), f"{time.monotonic() - began:.1f} s", *left.stray)
    return any(outcome.verdict == "different" for outcome in outcomes)


async def print_shrunk(suite: Suite, outcome: Outcome) -> None:
    shown = set(outcome.differences)

    async def fails(scenario: Scenario) -> bool:
        """Say whether it still differs, and in a line in which the whole program differed."""
        less = await suite.compare(scenario)
        return less.verdict == "different" and not shown.isdisjoint(less.differences)

    small = await shrink.shrink(outcome.scenario, fails)
    print("shrunk:", show(await suite.compare(small)))
    print(
        pprint.pformat({key: small[key] for key in ("options", "handlers", "client")}, width=110), flush=True
    )


def accept(outcomes: list[Outcome]) -> None:
    """Keep our transcript of every scenario that is said to differ, and print it for the reader."""
    kept = dict(known.records())
    for outcome in outcomes:
        name = outcome.scenario["name"]
        if "known" in outcome.scenario and outcome.verdict == "different":
            ours = flat(outcome.right, **manner(outcome.scenario))
            kept[name] = {"id": outcome.scenario["known"], "ours": ours}
            print("kept", name)
    labelled = {scenario["name"] for group in groups() for scenario in group.scenarios if "known" in scenario}
    known.record({name: value for name, value in kept.items() if name in labelled})


def print_both(outcome: Outcome) -> None:
    print("=====", outcome.scenario["name"], outcome.verdict)
    left, right = flat(outcome.left), flat(outcome.right)
    print("\n".join(left))
    if left != right:
        print("-----")
        print("\n".join(right))


def main() -> int:
    try:
        args = arguments()
        if args.differences:
            report.DIFFERENCES_PAGE.parent.mkdir(parents=True, exist_ok=True)
            report.DIFFERENCES_PAGE.write_text(report.page())
            return 0
        return asyncio.run(run(args))
    except Died as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
