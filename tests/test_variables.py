"""Files of variables for the environment of a program."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from writehead._command.failures import USAGE, CommandError
from writehead._command.variables import read_env_files, set_variables

pytest.importorskip("dotenv")


def test_the_first_file_that_has_a_variable_counts(tmp_path: Path) -> None:
    """Quotes and comments are those of python-dotenv; a name without a value is none."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("A='x y' # comment\nB=1\nBARE\n")
    two.write_text('B=2\nexport C="3"\n')
    assert read_env_files("--env-file", [str(one), str(two)]) == {
        "A": ("x y", str(one)),
        "B": ("1", str(one)),
        "C": ("3", str(two)),
    }


def test_nothing_that_is_set_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment wins over its files."""
    monkeypatch.setattr(os, "environ", {"A": "own"})
    (tmp_path / "env").write_text("A=file\nB=file\n")
    set_variables("--env-file", [str(tmp_path / "env")])
    assert os.environ == {"A": "own", "B": "file"}


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """It is named, and the option."""
    (tmp_path / "latin").write_bytes(b"A=\xe9")
    for name, reason in (("none", "No such file or directory"), ("latin", "it is not UTF-8")):
        with pytest.raises(CommandError) as raised:
            read_env_files("--env-file", [str(tmp_path / name)])
        assert str(raised.value) == f"--env-file: '{tmp_path / name}' cannot be read: {reason}"
        assert raised.value.code == USAGE


def test_the_library_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the error says how to install it."""
    monkeypatch.setitem(sys.modules, "dotenv", None)
    with pytest.raises(
        CommandError, match=r"^WRITEHEAD_ENV_FILE: it needs python-dotenv: pip install 'writehead\[env\]'$"
    ):
        read_env_files("WRITEHEAD_ENV_FILE", ["x"])
