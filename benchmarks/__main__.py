"""`python -m benchmarks`: the servers take turns, round by round, under one client."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from contextlib import ExitStack

from benchmarks.chart import draw
from benchmarks.check import checked_out
from benchmarks.idle import idle_memory, raise_descriptor_limit
from benchmarks.load import WrongAnswer, check_answer, press, require_wrk
from benchmarks.page import write
from benchmarks.peers import RESULTS, ROOT, SERVERS, Server, another_revision, install, versions
from benchmarks.process import cores, running
from benchmarks.report import Results, Row, pairs, save, table
from benchmarks.startup import import_time, startup_time
from benchmarks.workloads import WORKLOADS, Workload

TOPICS = ROOT / "docs" / "topics"

SINGLE = {
    "idle": "resident memory of an idle kept-alive connection, 10,000 of them",
    "import": "what importing the library adds to a bare interpreter",
    "start-up": "from starting the process to its first answer",
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    names = ", ".join([*WORKLOADS, *SINGLE])
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument("-w", "--workloads", default="all", help=f"comma-separated, or all: {names}")
    made.add_argument("-s", "--servers", default="all", help=f"comma-separated, or all: {', '.join(SERVERS)}")
    made.add_argument(
        "-r", "--rounds", type=int, default=5, help="rounds of each server in each workload (5)"
    )
    made.add_argument("-t", "--seconds", type=int, default=4, help="length of a measured turn (4)")
    made.add_argument("--warm-up", type=int, default=1, help="seconds of load before each measured turn (1)")
    made.add_argument(
        "--before", metavar="REV", help="measure the library of another revision too, turn by turn"
    )
    made.add_argument(
        "--pair",
        nargs=2,
        metavar=("A", "B"),
        choices=list(SERVERS),
        help="measure two servers, and print the ratio of each round",
    )
    made.add_argument("--docs", action="store_true", help="write chart and table into docs/topics/ too")
    return made


def chosen(text: str, known: list[str], what: str) -> list[str]:
    """The names of a comma-separated list, in the order of the table."""
    if text == "all":
        return known
    wanted = text.split(",")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"no {what} is called {', '.join(unknown)}; there are {', '.join(known)}")
    return [name for name in known if name in wanted]


def turn(server: Server, workload: Workload, row: Row, seconds: int, warm_up: int) -> None:
    """Start a server, warm it up, measure it once."""
    with running(server, workload.handler, workload.tls) as process:
        check_answer(process, workload)
        if warm_up:
            press(process, workload, warm_up)
        row.turns.append(press(process, workload, seconds))


def measure(workload: Workload, servers: list[Server], options: argparse.Namespace) -> dict[str, Row]:
    """All rounds of one workload."""
    known = {server.name: server for server in servers}
    rows = {server.name: Row() for server in servers if workload.name not in server.cannot}
    for number in range(options.rounds):
        print(
            f"\r{workload.name}: round {number + 1} of {options.rounds} ", end="", file=sys.stderr, flush=True
        )
        for name in list(rows):
            try:
                turn(known[name], workload, rows[name], options.seconds, options.warm_up)
            except (WrongAnswer, OSError, RuntimeError) as error:
                print(f"\n{name} is left out of {workload.name}: {error}", file=sys.stderr)
                del rows[name]
    print("\r\x1b[K", end="", file=sys.stderr)
    return rows


def measure_single(name: str, servers: list[Server]) -> dict[str, Row]:
    """One figure per server."""
    fitting = raise_descriptor_limit()
    rows = {}
    for server in servers:
        try:
            if name == "idle":
                value = idle_memory(server, fitting)
            else:
                value = import_time(server) if name == "import" else startup_time(server)
            rows[server.name] = Row(value=value)
        except (WrongAnswer, OSError, RuntimeError) as error:
            print(f"{server.name} is left out of {name}: {error}", file=sys.stderr)
    return rows


def main() -> None:
    """Run what was asked for."""
    options = parser().parse_args()
    workloads = chosen(options.workloads, [*WORKLOADS, *SINGLE], "workload")
    names = options.pair or chosen(options.servers, list(SERVERS), "server")
    servers = [SERVERS[name] for name in names]
    if not all(name in WORKLOADS and WORKLOADS[name].websocket for name in workloads):
        require_wrk()
    install()
    with ExitStack() as stack:
        if options.before:
            servers.insert(1, another_revision(stack.enter_context(checked_out(options.before))))
        run(workloads, servers, options)


def run(workloads: list[str], servers: list[Server], options: argparse.Namespace) -> None:
    """Measure, print, and keep what was measured."""
    raise_descriptor_limit()
    if not cores()[0]:
        print("one core or no way to pin: server and client share what there is", file=sys.stderr)
    results: Results = {}
    for name in workloads:
        if name in SINGLE:
            results[name] = measure_single(name, servers)
        else:
            results[name] = measure(WORKLOADS[name], servers, options)
        print(table(name, SINGLE.get(name) or WORKLOADS[name].about, results[name]), end="\n\n", flush=True)
        if options.pair and name in WORKLOADS and set(options.pair) <= set(results[name]):
            print(pairs(results[name], *options.pair), end="\n\n", flush=True)
    facts: dict[str, object] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": versions(),
        "rounds": options.rounds,
        "seconds": options.seconds,
    }
    save(RESULTS / "results.json", facts, results)
    draw(RESULTS / "chart.svg", results)
    if options.docs:
        draw(TOPICS / "performance.svg", results)
        write(TOPICS / "performance.md", results, facts)
    print(f"written: {(RESULTS / 'results.json').relative_to(ROOT)} and chart.svg beside it")


if __name__ == "__main__":
    main()
