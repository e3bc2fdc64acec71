"""`python -m fuzz --seconds 60`: every target in turn; prints executions and coverage.

With atheris installed the search is guided by coverage, and its edges are printed; otherwise hypothesis draws
the input, and --coverage counts lines and branches.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings

_BATCH = 400
_SEEDS = 60


def _targets() -> dict[str, Any]:
    settings.register_profile(
        "fuzz",
        max_examples=_BATCH,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("fuzz")  # what is decorated from now on has it
    from .targets import TARGETS

    return TARGETS


def _with_hypothesis(name: str, seconds: float, first_seed: int) -> tuple[int, str]:
    """Run one target for so long; return the executions and the first failure."""
    target = _targets()[name]
    inner = target.hypothesis.inner_test
    count = 0

    def counted(*args: Any, **keywords: Any) -> Any:
        nonlocal count
        count += 1
        return inner(*args, **keywords)

    target.hypothesis.inner_test = counted
    end = time.monotonic() + seconds
    number = first_seed
    try:
        while time.monotonic() < end:
            seed(number)(target)()
            number += 1
    except Exception:
        return count, f"seed {number}\n{traceback.format_exc()}"
    finally:
        target.hypothesis.inner_test = inner
    return count, ""


def _with_atheris(name: str, seconds: float, first_seed: int) -> tuple[int, str]:
    """Let atheris drive the target in a process of its own, since it never returns; print what it covered."""
    # The corpus begins with bytes enough for whole draws; libFuzzer's own begins with one byte.
    command = [
        sys.executable,
        "-c",
        (
            "import sys, atheris\n"
            "with atheris.instrument_imports(include=['writehead']):\n"
            "    from fuzz.targets import TARGETS\n"
            f"atheris.Setup([sys.argv[0], '-max_total_time={int(seconds)}', '-seed={first_seed}', '-max_len=4096',"
            " '-len_control=0', '-timeout=60', sys.argv[1]],"
            f" TARGETS[{name!r}].hypothesis.fuzz_one_input)\n"
            "atheris.Fuzz()"
        ),
    ]
    with tempfile.TemporaryDirectory() as corpus:
        chance = random.Random(first_seed)
        for number in range(_SEEDS):
            Path(corpus, f"seed-{number}").write_bytes(chance.randbytes(chance.randint(8, 2000)))
        done = subprocess.run([*command, corpus], capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    runs = [line.split() for line in lines if line.startswith("Done ")]
    covered = [line.partition("cov: ")[2].split() for line in lines if "cov: " in line]
    if covered:
        first, last = covered[0], covered[-1]
        print(
            f"{name:16} edges covered {first[0]} -> {last[0]}, features {first[2]} -> {last[2]}", flush=True
        )
    count = int(runs[-1][1]) if runs else 0
    if done.returncode == 0:
        return count, ""
    return count, done.stdout + "\n".join([line for line in lines if "cov: " not in line][-40:])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", default="", help="only this one")
    parser.add_argument(
        "--coverage", action="store_true", help="count the covered lines and branches of writehead (slower)"
    )
    options = parser.parse_args()
    measure = None
    if options.coverage:
        import coverage

        measure = coverage.Coverage(source_pkgs=["writehead"], branch=True, data_file=None, config_file=False)
        measure.start()
    guided = importlib.util.find_spec("atheris") is not None and measure is None
    run = _with_atheris if guided else _with_hypothesis
    names = [name for name in _targets() if name == options.target or not options.target]
    failed = executions = 0
    for name in names:
        count, failure = run(name, options.seconds / len(names), options.seed)
        executions += count
        failed += bool(failure)
        print(f"{name:16} {count:8} executions  {'FAILED' if failure else 'ok'}", flush=True)
        if failure:
            print(failure)
    print(
        f"{'all':16} {executions:8} executions, {failed} failed, by {'atheris' if guided else 'hypothesis'}"
    )
    if measure is not None:
        measure.stop()
        measure.report(show_missing=False, skip_empty=True)
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
