"""Which functions are used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from writehead._native import choice

PROGRAM = "from writehead._native.choice import *; print(NATIVE, Head.__module__, check_field.__module__)"


def chosen(wish: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "WRITEHEAD_NATIVE": wish},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_environment_switches_it_off() -> None:
    """With WRITEHEAD_NATIVE=0 the twins are used."""
    assert chosen("0") == "False writehead._native.heads writehead._native.fields\n"


@pytest.mark.skipif(not choice.NATIVE, reason="the functions in C are not built")
def test_what_could_be_built_is_used() -> None:
    """With WRITEHEAD_NATIVE=1 it must be."""
    assert chosen("1") == "True writehead._native._heads writehead._native._fields\n"
