"""The guide for those who come from another server: its tables are those of the settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from writehead._command.foreign import REFUSED, TAKEN, foreign
from writehead._command.settings import SETTINGS

PAGE = (Path(__file__).parent.parent / "docs/guides/from-uvicorn-and-gunicorn.md").read_text("utf-8")
BY_OPTION = {name: each for each in SETTINGS for name in each.options()}
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split(" | "))
    for line in PAGE.splitlines()
    if line.startswith("| `")
]

#: What is not there yet: its section of the contract is not built.
MISSING = {"--limit-concurrency"}


def options_in(text: str) -> list[str]:
    return re.findall(r"`(--?[a-z0-9-]+)`", text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_says_what_the_settings_say(row: tuple[str, ...]) -> None:
    """Each of their options is taken, refused or without effect; ours is the name of the same setting."""
    theirs, ours = row[0], row[1] if len(row) > 1 else ""
    named = {BY_OPTION[each].name for each in options_in(ours)}
    for each in options_in(theirs):
        if each in MISSING:
            assert each not in BY_OPTION
        elif each in BY_OPTION:
            setting = BY_OPTION[each]
            own = each in (f"--{setting.name}", f"-{setting.letter}")
            assert own or setting.name in named or "the same" in ours or each == "--http", (
                f"{each} is --{setting.name}"
            )
        else:
            found = foreign(each.lstrip("-"))
            assert found is not None, each
            assert found in (REFUSED if "refused" in row[-1] else TAKEN)


def test_every_alias_is_in_the_guide() -> None:
    """Whoever looks for a word that we have taken from another server finds it."""
    have = set(options_in(PAGE))
    aliases = {f"--{name}" for each in SETTINGS for name in each.aliases}
    assert aliases - have <= {"--uds-mode"}
