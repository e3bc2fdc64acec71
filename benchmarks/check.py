"""`make bench-check`: what a request costs, counted and not timed, against `baseline.json` or another revision.

The figures do not depend on the machine's speed or load, only on the code and on Python's minor version:

- `opcodes`: bytecode instructions of the library executed per request;
- `calls`: Python functions of the library entered per request;
- `builtins`: functions written in C that the library called per request;
- `held`: bytes that Python keeps for a connection that has had one answer and is idle;
- `instructions`: of the machine, per request, in everything that runs: the library, the interpreter, the parser, the
  event loop (asyncio's) and the rig. Needs valgrind, and depends on the build of Python too.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

from benchmarks import instructions
from benchmarks.peers import HERE, ROOT
from writehead import http

BASELINE = HERE / "baseline.json"
IDLE = "idle"
WORKLOADS = (
    *("plain", "async", "browser", "stream", "upload", "upload-iter", "pipeline", "varied", "churn"),
    *("asgi", "asgi-browser", "asgi-stream"),
)
ALL = (*WORKLOADS, IDLE, instructions.HARNESS)
TOLERANCE = {"opcodes": 0.03, "calls": 0.02, "builtins": 0.05, "held": 0.05, "instructions": 0.03}
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}" + (
    "" if http.native else " without functions in C"
)
BUILD = (
    f"{platform.python_implementation()} {platform.python_version()}, {platform.python_compiler()}, "
    f"{platform.machine()}, httptools {version('httptools')}"
)
"""What the count of instructions depends on beside the code."""

Counts = dict[str, float]
Figures = dict[str, Counts]


def measured(names: list[str], source: Path, by_valgrind: bool) -> Figures:
    """Return the figures of the library in `source`, counted by the rig of this checkout.

    Raises:
        RuntimeError: the library does not run in it; says how.
    """
    command = [sys.executable, "-m", "benchmarks.counting", *(name for name in names if name in ALL[:-1])]
    environment = instructions.environment(source)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    figures: Figures = json.loads(done.stdout)
    if by_valgrind:
        for name, figure in instructions.counted([name for name in names if name != IDLE], source).items():
            figures.setdefault(name, {})["instructions"] = figure
    return figures


def compare(now: Figures, then: Figures) -> list[str]:
    """The figures that rose by more than they may."""
    worse = []
    for workload, counts in now.items():
        for kind, figure in counts.items():
            before = then.get(workload, {}).get(kind)
            if before is not None and figure > before * (1 + TOLERANCE[kind]) + 0.5:
                worse.append(f"{workload}: {kind} {before:g} -> {figure:g} ({figure / before - 1:+.1%})")
    return worse


def show(now: Figures, then: Figures, both: bool = False) -> None:
    """Print the figures beside those of before: how they changed, or `both` of them too."""
    for workload, counts in now.items():
        cells = []
        for kind, figure in counts.items():
            before = then.get(workload, {}).get(kind)
            change = f" ({figure / before - 1:+.1%})" if before else ""
            from_what = f"{before:,.1f} -> " if both and before is not None else ""
            cells.append(f"{kind} {from_what}{figure:,.1f}{change}")
        print(f"{workload:12} " + "   ".join(cells))


@dataclass
class Baseline:
    """The figures kept, by Python version, and the build of Python and httptools that each version's are of."""

    figures: dict[str, Figures] = field(default_factory=dict)
    builds: dict[str, str] = field(default_factory=dict)

    def comparable(self) -> Figures:
        """Return the figures of this Python version; without instructions if they are those of another build."""
        then = self.figures.get(VERSION, {})
        if self.same_build():
            return then
        return {
            workload: {kind: figure for kind, figure in counts.items() if kind != "instructions"}
            for workload, counts in then.items()
        }

    def same_build(self) -> bool:
        """Whether the instructions kept were counted with this build."""
        return self.builds.get(VERSION) == BUILD

    def update(self, now: Figures) -> None:
        """Take the figures in; what was not counted now stays, instructions of another build do not."""
        then = self.comparable()
        self.figures[VERSION] = {name: then.get(name, {}) | now.get(name, {}) for name in then | now}
        self.builds[VERSION] = BUILD


def load(path: Path) -> Baseline:
    """Read the baseline."""
    return Baseline(**json.loads(path.read_text())) if path.exists() else Baseline()


def save(baseline: Baseline, path: Path) -> None:
    """Write the baseline."""
    path.write_text(json.dumps(asdict(baseline), indent=1, sort_keys=True) + "\n")


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """Give another revision in a directory of its own, for the time of a `with` block."""
    with tempfile.TemporaryDirectory() as place:
        tree = Path(place) / "tree"
        add = ["git", "worktree", "add", "--quiet", "--detach", str(tree), revision]
        subprocess.run(add, cwd=ROOT, check=True)
        try:
            build_functions_in_c(tree)
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True)


def build_functions_in_c(tree: Path) -> None:
    """Build those of another revision in its place, if it has any and this process uses its own."""
    if http.native and (tree / "setup.py").exists():
        command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
        subprocess.run(command, cwd=tree, capture_output=True, check=True)


def against(revision: str, names: list[str], by_valgrind: bool) -> int:
    """Count both, print both, and return 1 when this checkout does more."""
    with checked_out(revision) as tree:
        then = measured(names, tree / "src", by_valgrind)
    now = measured(names, ROOT / "src", by_valgrind)
    show(now, then, both=True)
    return judge(now, then)


def judge(now: Figures, then: Figures) -> int:
    """Say what rose by more than it may, and return 1 if anything did."""
    worse = compare(now, then)
    for line in worse:
        print(f"more than before: {line}", file=sys.stderr)
    return int(bool(worse))


def against_baseline(names: list[str], by_valgrind: bool, path: Path, anew: bool) -> int:
    """Compare with the figures kept, or write them `anew`."""
    baseline = load(path)
    then = baseline.comparable()
    now = measured(names, ROOT / "src", by_valgrind)
    show(now, then)
    if anew:
        baseline.update(now)
        save(baseline, path)
        print(f"written: {path.name} for Python {VERSION}")
        return 0
    if not then:
        there = ", ".join(baseline.figures) or "none"
        print(f"no baseline for Python {VERSION}; there are {there} (--update writes one)")
    elif by_valgrind and not baseline.same_build():
        print(
            f"instructions are not compared: this is {BUILD}, the baseline was counted with "
            f"{baseline.builds.get(VERSION, 'none')} (--against REV counts both here)",
            file=sys.stderr,
        )
    return judge(now, then)


def chosen(text: str) -> list[str]:
    """Return the workloads named, separated by commas.

    Raises:
        argparse.ArgumentTypeError: one of them does not exist.
    """
    names = text.split(",")
    if unknown := set(names) - set(ALL):
        raise argparse.ArgumentTypeError(
            f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}"
        )
    return names


def main(arguments: list[str] | None = None, path: Path = BASELINE) -> int:
    """Compare, or write the baseline anew."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--workloads", type=chosen, default=list(ALL), help="only these, separated by commas")
    parser.add_argument("--quick", action="store_true", help="do not count instructions")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--against", metavar="REV", help="compare with another revision, counted now too")
    what.add_argument("--update", action="store_true", help="write the figures as the new baseline")
    options = parser.parse_args(arguments)
    by_valgrind = not options.quick and instructions.available()
    if not options.quick and not by_valgrind:
        print(instructions.MISSING, file=sys.stderr)
    if options.against:
        return against(options.against, options.workloads, by_valgrind)
    return against_baseline(options.workloads, by_valgrind, path, options.update)


if __name__ == "__main__":
    sys.exit(main())
