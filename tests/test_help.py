"""--help and --version."""

from __future__ import annotations

import io
import re

import pytest

from writehead import __version__, http
from writehead._command.failures import CommandError
from writehead._command.help import help_text, version_text, wants_colours
from writehead._command.settings import GROUPS, SETTINGS, option, variable


def test_every_setting_is_in_the_help() -> None:
    """With its default, its variable and its aliases, in the group that it is of."""
    text = help_text("", colours=False)
    for each in SETTINGS:
        row = re.search(rf"(?m)^  {option(each.name)} .*(\n {{10,}}.*)*", text)
        assert row is not None
        for expected in (variable(each.name), each.help, each.shown, *map(option, each.aliases)):
            assert expected in row[0]
    assert re.findall(r"(?m)^[A-Z][A-Za-z]*$", text) == list(GROUPS)


def test_the_help_fits_a_terminal() -> None:
    """A hundred columns, and no escape sequence that nobody has asked for."""
    text = help_text("", colours=False)
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text


def test_what_is_secondary_is_dim() -> None:
    """Names that few look for step back, in a terminal; the text is the same."""
    text = help_text("", colours=True)
    assert "\x1b[2m(8000) WRITEHEAD_PORT\x1b[0m" in text
    assert re.sub("\x1b\\[\\d*m", "", text) == help_text("", colours=False)


def test_one_group() -> None:
    """By its name in any case."""
    text = help_text("tls", colours=False)
    assert text.startswith("TLS\n  --certfile FILE")
    assert "--port" not in text


def test_a_group_that_is_not_there() -> None:
    """The names of all groups are told."""
    with pytest.raises(
        CommandError, match="no group is called 'x'; there are Target, Listening, .*Logs"
    ) as raised:
        help_text("x", colours=False)
    assert raised.value.code == 2


def test_colours_are_for_terminals() -> None:
    """And for users who have not said no."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert wants_colours(Terminal(), {})
    assert not wants_colours(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colours(io.StringIO(), {})
    assert wants_colours(io.StringIO(), {"FORCE_COLOR": "1"})
    assert not wants_colours(Terminal(), {"FORCE_COLOR": "1", "NO_COLOR": "1"})


def test_the_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of writehead, Python, the loop and the parser; and whether it has functions in C."""
    assert re.fullmatch(
        rf"writehead {__version__}  Python 3\.\d+\.\S+  (uvloop [\d.]+|asyncio)  httptools [\d.]+  (with|without) functions in C",
        version_text(),
    )
    assert f"  {'with' if http.native else 'without'} functions" in version_text()
    monkeypatch.setenv("WRITEHEAD_LOOP", "asyncio")
    assert "  asyncio  " in version_text()
