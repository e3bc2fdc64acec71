"""`python -m comparison`: asks every server every probe, and writes the page."""

from __future__ import annotations

import argparse
import sys

import comparison.asgi_probes
import comparison.websocket_probes
import comparison.wsgi_probes  # noqa: F401 - it has probes
from benchmarks.peers import install
from comparison.page import PAGE, Results, keep, kept, page
from comparison.servers import SERVERS, Server, running, versions, wait_until_ready
from comparison.verdicts import PROBES, Probe, Tried, Verdict, ask


def main() -> int:
    """Ask, print and write; the exit code is 1 if writehead fails a probe."""
    parser = argparse.ArgumentParser(prog="python -m comparison", description=__doc__)
    parser.add_argument("-s", "--servers", default=",".join(SERVERS), help="comma-separated; all")
    parser.add_argument("-p", "--probes", default="", help="only probes whose name has this in it")
    parser.add_argument("--docs", action="store_true", help="write the page of the documentation")
    options = parser.parse_args()
    install()
    results: Results = {}
    for name in options.servers.split(","):
        for interface in ("asgi", "wsgi"):
            probes = [each for each in PROBES if each.interface == interface and options.probes in each.name]
            if probes and SERVERS[name].command(interface):
                results.update(asked(SERVERS[name], interface, probes))
    if options.docs:
        keep(results, versions(options.servers.split(",")))
        PAGE.write_text(page(*kept()), "utf-8")
    return int(
        any(verdict.good is not True for (*_, name), verdict in results.items() if name == "writehead")
    )


def asked(server: Server, interface: str, probes: list[Probe]) -> Results:
    """Return what a server does; it is started again when a probe has ended it."""
    results: Results = {}
    left = list(probes)
    while left:
        with running(server, interface) as shared:
            if not wait_until_ready(shared):
                print(shared.log(), file=sys.stderr)
                return {(interface, each.name, server.name): Verdict(False, "did not start") for each in left}
            while left and shared.alive:
                each = left.pop(0)
                verdict = ask(each, Tried(shared))
                results[interface, each.name, server.name] = verdict
                mark = {True: "yes", False: "NO ", None: " - "}[verdict.good]
                print(f"{server.name:10} {interface} {mark} {each.title}  ({verdict.seen})", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
