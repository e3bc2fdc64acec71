"""Levels of loggers, set while a process runs."""

from __future__ import annotations

import logging

import pytest

from writehead._admin.log_levels import LEVELS, set_level
from writehead._admin.operated import RefusedError


@pytest.mark.parametrize("word", LEVELS)
def test_levels(word: str) -> None:
    """Any word of --log-level, in any case."""
    assert set_level(word.upper(), "writehead.test") == f"logger writehead.test is at level {word}"
    assert logging.getLogger("writehead.test").level == LEVELS[word]


def test_the_root_logger() -> None:
    """It is named so."""
    root = logging.getLogger()
    before = root.level
    try:
        set_level("error", "root")
        assert root.level == logging.ERROR
    finally:
        root.setLevel(before)


def test_no_such_level() -> None:
    """It is refused."""
    with pytest.raises(RefusedError) as caught:
        set_level("loud", "writehead")
    assert str(caught.value) == "'loud' is not one of critical, error, warning, info, debug, trace"
