"""`python -m tests.hostile`: play the cases and print passed and failed by group."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path

from .client import DELIVERIES
from .peers import PEERS, silence
from .suite import CASES, load_cases, play


async def _run(options: argparse.Namespace) -> int:
    cases = load_cases(options.cases) if options.cases.is_dir() else json.loads(options.cases.read_text())
    chosen = [case for case in cases if case["id"].startswith(options.only)]
    async with PEERS[options.peer]() as port:
        tallies = await play(chosen, port, options.deliveries)
    failed = 0
    for group, tally in tallies.items():
        names = {failure.split(" ", 1)[0] for failure in tally.failures}
        failed += len(names)
        print(f"{group:20} {tally.passed:4} passed {len(names):3} failed")
    print(f"{'all':20} {len(chosen) - failed:4} passed {failed:3} failed")
    for tally in tallies.values():
        for failure in tally.failures:
            print(failure)
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--peer", choices=sorted(PEERS), default="writehead")
    parser.add_argument("--only", default="", help="only cases whose id begins with this")
    parser.add_argument("--cases", type=Path, default=CASES, help="a folder of cases, or one file")
    parser.add_argument("--deliveries", nargs="+", choices=DELIVERIES, default=list(DELIVERIES))
    options = parser.parse_args()
    silence()
    return asyncio.run(_run(options))


raise SystemExit(main())
