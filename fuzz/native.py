"""`python -m fuzz.native --cases 1000000`: the functions in C against their twins, the parser and the general checks.

`--build FOLDER` takes those that were built there, for instance with sanitizers.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from pathlib import Path
from types import ModuleType

from . import heads, written


def module_of(subject: str, folder: Path | None) -> ModuleType:
    """Load `_heads` or `_fields`, from `folder` if there is one."""
    name = f"writehead._native._{subject}"
    if folder is None:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, folder / f"_{subject}.so")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Judge heads, then a third as many fields, and print the counts; the first difference is an AssertionError."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.native", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", type=Path, help="a folder with _heads.so and _fields.so")
    options = parser.parse_args()
    began = time.monotonic()
    scan_head = module_of("heads", options.build).scan_head
    judge = heads.run(scan_head, options.cases, options.seed)
    seconds = time.monotonic() - began
    print(
        f"heads   {judge.cases:,} cases, {judge.accepted:,} taken, {judge.cuts:,} cuts, 0 differences, {seconds:.0f} s",
        flush=True,
    )
    began = time.monotonic()
    fields = module_of("fields", options.build)
    count = options.cases // 3
    good = written.run(fields.check_field, fields.frame_chunk, count, options.seed)
    print(f"fields  {count:,} cases, {good:,} good, 0 differences, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
