"""Sizes that the functions in C and their twins share."""

from __future__ import annotations

import re
from pathlib import Path

from writehead import _native
from writehead._native import sizes


def test_both_languages_have_the_same_size_of_a_large_piece() -> None:
    """In C it is a macro."""
    header = (Path(_native.__path__[0]) / "chunks.h").read_text()
    assert re.findall(r"#define LARGE_PIECE (\d+)", header) == [str(sizes.LARGE)]
