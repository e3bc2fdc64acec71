"""Which functions are used: those in C, or their twins in Python."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.kit.native import in_c
from writehead import http
from writehead._native import choice

SHOW = "from writehead._native.choice import *; print(NATIVE, Head.__module__, check_field.__module__)"
NOT_BUILT = "import sys; sys.modules['writehead._native.{}'] = None; " + SHOW
IN_PYTHON = "False writehead._native.heads writehead._native.fields\n"


def run(program: str, wish: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "WRITEHEAD_NATIVE"}
    if wish is not None:
        environment["WRITEHEAD_NATIVE"] = wish
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )


def test_the_environment_switches_them_off() -> None:
    """With WRITEHEAD_NATIVE=0 the twins are used."""
    assert run(SHOW, "0").stdout == IN_PYTHON


@in_c
def test_what_could_be_built_is_used() -> None:
    """Unless the environment says otherwise."""
    for wish in ("1", "", None):
        assert run(SHOW, wish).stdout == "True writehead._native._heads writehead._native._fields\n"


def test_without_them_the_twins_are_used() -> None:
    """All of them, if only one of the two files is missing."""
    for missing in ("_fields", "_heads"):
        assert run(NOT_BUILT.format(missing), None).stdout == IN_PYTHON


def test_it_is_an_error_if_they_are_wished_for_and_missing() -> None:
    """With WRITEHEAD_NATIVE=1."""
    done = run(NOT_BUILT.format("_heads"), "1")
    assert done.returncode == 1
    assert "writehead._native._heads" in done.stderr


def test_users_are_told() -> None:
    """By `http.native`."""
    assert http.native is choice.NATIVE
