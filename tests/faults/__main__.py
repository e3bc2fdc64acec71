"""`python -m tests.faults`: every program with every fault at every point."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter

from tests.kit.faulty_transport import KINDS

from .harness import sweep
from .programs import PROGRAMS


async def _run(options: argparse.Namespace) -> int:
    runs = 0
    violations: list[str] = []
    begun = time.monotonic()
    for program in PROGRAMS:
        if not program.name.startswith(options.only):
            continue
        count, found = await sweep(program, tuple(options.kinds), options.stride)
        runs += count
        violations += found
        print(f"{program.name:20} {count:6} runs {len(found):4} violations", flush=True)
    print(f"{'all':20} {runs:6} runs {len(violations):4} violations, {time.monotonic() - begun:.0f} s")
    seen: Counter[str] = Counter()
    for text in violations:
        where, _, what = text.partition(": ")
        program_and_kind = where.rsplit(" ", 2)[0]
        seen[f"{program_and_kind}: {what}"] += 1
        if seen[f"{program_and_kind}: {what}"] == 1:
            print(text)
    return int(bool(violations))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="", help="only programs whose name begins with this")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--stride", type=int, default=1, help="take every so many-th point")
    return asyncio.run(_run(parser.parse_args()))


raise SystemExit(main())
