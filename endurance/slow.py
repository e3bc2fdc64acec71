"""`python -m endurance.slow`: slow and absent clients by the thousand, and an honest one among them.

For each kind: how many were held and cut, by which answer and when, the server's memory, and the honest
client's throughput before and meanwhile. The timeouts are short so that a run takes about two minutes.

Those that do not read first get what the system's buffers hold, megabytes each: that is ordinary work, so the
honest client is measured from the moment the server is at rest again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

from .peer import Peer, need_descriptors, started

OPTIONS = {
    "headers_timeout": 9000,
    "request_timeout": 60000,
    "write_timeout": 15000,
    "body_timeout": 9000,
    "connections_checking_interval": 1000,
}
CROWDS = (("trickle", 5000), ("silent", 5000), ("deaf", 1000), ("mute", 1000))
ENOUGH = 0.8


async def _load(port: int, seconds: float) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "endurance.load", str(port), str(seconds), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: dict[str, float] = json.loads(out)
    return found


async def _at_rest(peer: Peer) -> None:
    """Wait until the server answers at once, three times in a row."""
    prompt = 0
    while prompt < 3:
        begun = time.monotonic()
        await peer.ask("/hello")
        prompt = prompt + 1 if time.monotonic() - begun < 0.1 else 0


async def _attack(peer: Peer, kind: str, count: int, seconds: float) -> dict[str, Any]:
    before = await _load(peer.port, seconds)
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
    during = asyncio.ensure_future(_load(peer.port, seconds))
    peak = 0
    while not (ending.done() and during.done()):
        peak = max(peak, peer.resident_kib())
        await asyncio.wait([ending, during], timeout=0.2)
    await crowd.wait()
    result = json.loads(ending.result())
    return {
        "kind": kind,
        **held,
        **result,
        "rate_before": before["rate"],
        "rate_during": during.result()["rate"],
        "ratio": during.result()["rate"] / before["rate"],
        "worst_ms": during.result()["worst_ms"],
        "honest_lost": during.result()["lost"],
        "rss_before_kib": memory,
        "rss_peak_kib": peak,
        "kib_each": round((peak - memory) / count, 1),
    }


async def run(scale: float, seconds: float, only: str) -> int:
    """Play every kind in turn; return how many of them got through."""
    need_descriptors(12000)
    failures = 0
    async with started(OPTIONS) as peer:
        for kind, full in CROWDS:
            if only and kind != only:
                continue
            result = await _attack(peer, kind, max(1, int(full * scale)), seconds)
            bad = result["left"] > 0 or result["ratio"] < ENOUGH or result["honest_lost"] > 0
            failures += bad
            print(
                f"{kind:8} held {result['held']:5} cut {result['held'] - result['left']:5} "
                f"{json.dumps(result['ends'])} after {result['first_cut']}..{result['last_cut']} s  "
                f"memory {result['rss_before_kib'] // 1024} -> {result['rss_peak_kib'] // 1024} MiB "
                f"({result['kib_each']} KiB each)  honest {result['rate_before']:.0f} -> "
                f"{result['rate_during']:.0f}/s = {result['ratio']:.0%}, longest wait {result['worst_ms']:.0f} ms"
                f"{'  FAILED' if bad else ''}",
                flush=True,
            )
        await asyncio.sleep(1)
        print("left behind:", json.dumps(await peer.figures()))
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m endurance.slow", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="a fraction of the crowds")
    parser.add_argument(
        "--seconds", type=float, default=6.0, help="of measuring the honest client, twice a kind"
    )
    parser.add_argument("--only", default="", choices=["", *(kind for kind, _ in CROWDS)])
    options = parser.parse_args()
    return 1 if asyncio.run(run(options.scale, options.seconds, options.only)) else 0


if __name__ == "__main__":
    raise SystemExit(main())
