"""The command: compare the written scenarios, and random programs, on Node and on writehead."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from . import known
from .peers import Died, Peer
from .suite import AT_ONCE, Outcome, Suite, flat, groups, show, summary


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--only", default="", help="written scenarios whose name contains this")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="random programs to run too")
    parser.add_argument("--seed", type=int, default=1, help="of the random programs")
    parser.add_argument("--report", metavar="FILE", help="write the page with the table of groups")
    parser.add_argument("--node-twice", action="store_true", help="compare Node with itself")
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop", help="of writehead's side")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="scenarios at the same time")
    parser.add_argument("--show", action="store_true", help="print the transcripts of both sides")
    parser.add_argument("--accept", action="store_true", help="keep our transcripts of the known differences")
    parser.add_argument("--slow", type=int, default=0, metavar="N", help="print the N slowest scenarios")
    return parser.parse_args()


async def run(args: argparse.Namespace) -> int:
    left = Peer.node()
    right = Peer.node() if args.node_twice else Peer.ours(loop=args.loop)
    began = time.monotonic()
    outcomes: list[Outcome] = []
    async with left, right:
        suite = Suite(left, right, node_twice=args.node_twice)
        written = [s for group in groups() for s in group.scenarios if args.only in s["name"]]
        async for outcome in suite.run(written, args.at_once):
            outcomes.append(outcome)
            if args.show:
                print_both(outcome)
                for note in outcome.left["notes"]:
                    print("  |", note.splitlines()[0])
            elif outcome.verdict == "different" or outcome.unsteady:
                print(show(outcome), flush=True)
    if args.slow:
        for outcome in sorted(outcomes, key=lambda outcome: -outcome.seconds)[: args.slow]:
            print(f"{outcome.seconds:7.3f} s  {outcome.scenario['name']}")
    if args.accept:
        accept(outcomes)
    print(left.version, right.version, summary(outcomes), f"{time.monotonic() - began:.1f} s", *left.stray)
    return any(outcome.verdict == "different" for outcome in outcomes)


def accept(outcomes: list[Outcome]) -> None:
    """Keep our transcript of every scenario that is said to differ, and print it for the reader."""
    kept = dict(known.records())
    for outcome in outcomes:
        name = outcome.scenario["name"]
        if "known" in outcome.scenario and outcome.verdict == "different":
            ours = flat(outcome.right, timing=bool(outcome.scenario.get("timing")))
            kept[name] = {"id": outcome.scenario["known"], "ours": ours}
            print("kept", name)
    known.record(kept)


def print_both(outcome: Outcome) -> None:
    print("=====", outcome.scenario["name"], outcome.verdict)
    left, right = flat(outcome.left), flat(outcome.right)
    print("\n".join(left))
    if left != right:
        print("-----")
        print("\n".join(right))


def main() -> int:
    try:
        return asyncio.run(run(arguments()))
    except Died as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
