"""The tables of options in the reference of the command, made of the table of settings: `make options`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from writehead._command.settings import GROUPS, Setting, option

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "command.md"

_SECTION = re.compile(r"(?ms)^(### Target\n).*?(?=^## )")


def with_tables(page: str) -> str:
    """Return the page with the tables of all groups, from the heading of the first to the next section."""
    tables = "\n".join(table(group) for group in GROUPS)
    made, count = _SECTION.subn(lambda _: f"{tables}\n", page)
    assert count == 1, f"{PAGE.name} has no section of the options"
    return made


def table(group: str) -> str:
    """Return the heading and the table of a group."""
    rows = "".join(row(each) for each in GROUPS[group])
    return (
        f"### {group}\n\n| Option | Default | What | With a script | At HUP |\n|---|---|---|---|---|\n{rows}"
    )


def row(setting: Setting[Any]) -> str:
    """Return the row of a setting."""
    first = f"`{f'{option(setting.name)} {setting.kind.metavar}'.rstrip()}`"
    letter = [f"`-{setting.letter}`"] if setting.letter else []
    off = [f"`{option(f'no-{setting.name}')}`"] if setting.can_be_off else []
    names = ", ".join([first, *letter, *(f"`{option(each)}`" for each in setting.aliases), *off])
    default = f"`{setting.shown}`" if setting.shown else ""
    return f"| {names} | {default} | {setting.doc} | {setting.with_script.value} | {'new' if setting.reload else ''} |\n"


def main() -> None:
    """Write the tables into the page."""
    PAGE.write_text(with_tables(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
