"""`python -m endurance.slow`: slow and absent clients by the thousand, and an honest one among them.

For each kind: how many were held and cut, by which answer and when, the server's memory, and what the honest
client got, beside what it got meanwhile from a second server that has no crowd. It takes short turns with
the two; the verdict is on the median of the ratios of its turns. The timeouts are short so that a run takes
about five minutes.

Those that do not read first get what the system's buffers hold, megabytes each: that is ordinary work, so the
honest client is measured from the moment the server is at rest again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from typing import Any

from .peer import Peer, need_descriptors, started

OPTIONS = {
    "headers_timeout": 40000,
    "request_timeout": 90000,
    "write_timeout": 60000,
    "body_timeout": 40000,
    "connections_checking_interval": 1000,
}
CROWDS = (("trickle", 5000), ("silent", 5000), ("deaf", 1000), ("mute", 1000))
ENOUGH = 0.8
TURNS = 24
LONGEST_REST = 15.0


async def _load(turns: int, seconds: float, peers: list[Peer]) -> list[list[dict[str, float]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "endurance.load",
        str(turns),
        str(seconds),
        *(f"{peer.port}:{peer.process.pid}" for peer in peers),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return [json.loads(line) for line in out.splitlines()]


def compared(turns: list[list[dict[str, float]]]) -> dict[str, float]:
    """Return the medians of both sides, the median of their ratios, and how far these lie apart."""
    ratios = sorted(crowded["rate"] / alone["rate"] for crowded, alone in turns)
    crowded, alone = ([turn[side] for turn in turns] for side in (0, 1))
    return {
        "rate_alone": statistics.median(each["rate"] for each in alone),
        "rate": statistics.median(each["rate"] for each in crowded),
        "ratio": statistics.median(ratios),
        "ratio_low": ratios[0],
        "ratio_high": ratios[-1],
        "cpu_us_alone": statistics.median(each["cpu_us"] for each in alone),
        "cpu_us": statistics.median(each["cpu_us"] for each in crowded),
        "worst_ms": max(each["worst_ms"] for each in crowded),
        "worst_ms_alone": max(each["worst_ms"] for each in alone),
        "honest_lost": max(each["lost"] for each in crowded),
    }


async def _at_rest(peer: Peer) -> None:
    """Wait until the server answers at once, three times in a row; on a busy machine, not for ever."""
    prompt = 0
    end = time.monotonic() + LONGEST_REST
    while prompt < 3 and time.monotonic() < end:
        begun = time.monotonic()
        await peer.ask("/hello")
        prompt = prompt + 1 if time.monotonic() - begun < 0.1 else 0


async def _attack(peer: Peer, alone: Peer, kind: str, count: int, seconds: float) -> dict[str, Any]:
    memory = peer.resident_kib()
    crowd = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "endurance.attack",
        kind,
        str(count),
        str(peer.port),
        stdout=asyncio.subprocess.PIPE,
    )
    assert crowd.stdout is not None
    held = json.loads(await crowd.stdout.readline())
    ending = asyncio.ensure_future(crowd.stdout.readline())
    if kind == "deaf":
        await _at_rest(peer)
    load = asyncio.ensure_future(_load(TURNS, seconds, [peer, alone]))
    peak = 0
    while not load.done():
        peak = max(peak, peer.resident_kib())
        await asyncio.wait([load], timeout=0.2)
    still_there = (await peer.figures())["connections"]
    result = json.loads(await ending)
    await crowd.wait()
    return {
        "kind": kind,
        **held,
        **result,
        **compared(load.result()),
        "still_there": still_there,
        "rss_before_kib": memory,
        "rss_peak_kib": peak,
        "kib_each": round((peak - memory) / count, 1),
    }


def verdict(result: dict[str, Any]) -> list[str]:
    """Return what was not as promised."""
    found = []
    if result["left"]:
        found.append(f"{result['left']} were never cut")
    if result["still_there"] < result["held"]:
        found.append(f"only {result['still_there']} of the crowd were there when the measuring ended")
    if result["ratio"] < ENOUGH:
        found.append(f"the honest client kept {result['ratio']:.0%}")
    if result["honest_lost"]:
        found.append(f"{result['honest_lost']} connections of the honest client were lost")
    return found


def _line(result: dict[str, Any]) -> str:
    return (
        f"{result['kind']:8} held {result['held']:5} cut {result['held'] - result['left']:5} "
        f"{json.dumps(result['ends'])} after {result['first_cut']}..{result['last_cut']} s  "
        f"memory {result['rss_before_kib'] // 1024} -> {result['rss_peak_kib'] // 1024} MiB "
        f"({result['kib_each']} KiB each)\n"
        f"         honest {result['rate_alone']:.0f} -> {result['rate']:.0f}/s = {result['ratio']:.0%} "
        f"({result['ratio_low']:.0%}..{result['ratio_high']:.0%} in {TURNS} turns), "
        f"processor {result['cpu_us_alone']:.1f} -> {result['cpu_us']:.1f} us a request, "
        f"longest wait {result['worst_ms_alone']:.0f} -> {result['worst_ms']:.0f} ms"
    )


async def run(scale: float, seconds: float, only: str) -> int:
    """Play every kind in turn; return how many of them got through."""
    need_descriptors(12000)
    failures = 0
    async with started(OPTIONS) as peer, started(OPTIONS) as alone:
        for kind, full in CROWDS:
            if only and kind != only:
                continue
            result = await _attack(peer, alone, kind, max(1, int(full * scale)), seconds)
            print(_line(result), flush=True)
            problems = verdict(result)
            failures += bool(problems)
            for text in problems:
                print(f"         FAILED: {text}", flush=True)
        await asyncio.sleep(1)
        print("left behind:", json.dumps(await peer.figures()))
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m endurance.slow", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a fraction of the crowds")
    parser.add_argument("--seconds", type=float, default=0.4, help="of a turn of the honest client")
    parser.add_argument("--only", default="", choices=["", *(kind for kind, _ in CROWDS)])
    options = parser.parse_args()
    return 1 if asyncio.run(run(options.scale, options.seconds, options.only)) else 0


if __name__ == "__main__":
    raise SystemExit(main())
