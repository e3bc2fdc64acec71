"""Names that are no setting's, and the ones that could be meant."""

from __future__ import annotations

import difflib

from writehead._command.settings import SETTINGS, variable

_OPTIONS = [*(each for setting in SETTINGS for each in setting.options()), "--help", "--version"]
_NAMES = [name for each in SETTINGS for name in each.names]


def mean_option(word: str) -> str:
    """Return `; do you mean --option?` for an option that there is not; nothing if none is near."""
    return _mean(word, _OPTIONS)


def mean_name(name: str) -> str:
    """Return `; do you mean name?` for a key of a file that there is not; nothing if none is near."""
    return _mean(name.replace("_", "-"), _NAMES)


def mean_variable(name: str) -> str:
    """Return `; do you mean WRITEHEAD_NAME?` for a variable that is no setting's; nothing if none is near."""
    return _mean(name, [variable(each) for each in _NAMES], 0.9)


def _mean(word: str, names: list[str], nearness: float = 0.75) -> str:
    near = difflib.get_close_matches(word, names, 1, cutoff=nearness)
    return f"; do you mean {near[0]}?" if near else ""
