"""What a source gives for a setting, as it is written there; and the values that it is read as."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from writehead._command.failures import USAGE, CommandError
from writehead._command.kinds import Kind
from writehead._command.settings import SETTINGS
from writehead._command.values import Given


class Texts(NamedTuple):
    """What a source gives for one setting."""

    source: str  # the name that it was given by, as it is shown
    name: str  # the name of the setting, or an alias
    texts: tuple[str, ...]


def add(found: dict[str, Texts], setting: str, texts: Texts) -> None:
    """Add what gives a setting to what a source has given already by the same name.

    Raises:
        CommandError: it has given the setting by another name.
    """
    before = found.get(setting)
    if before is not None and before.name != texts.name:
        raise CommandError(f"{before.source} and {texts.source} are the same option", USAGE)
    found[setting] = texts if before is None else texts._replace(texts=before.texts + texts.texts)


def read(found: Mapping[str, Texts]) -> dict[str, Given]:
    """Return the values that the texts of a source are.

    Raises:
        CommandError: one is wrong.
    """
    return {
        each.name: _read(each.kind_of(found[each.name].name), found[each.name])
        for each in SETTINGS
        if each.name in found
    }


def _read(kind: Kind[Any], given: Texts) -> Given:
    """Return the value of a setting: that of the last text, or those of all texts if there may be several."""
    read = [read_text(kind, given.source, text) for text in given.texts]
    return Given(
        given.source, tuple(each for values in read for each in values) if kind.several else read[-1]
    )


def read_text(kind: Kind[Any], source: str, text: str) -> Any:
    """Return the value of a text, or raise the error that names its source."""
    try:
        return kind.read(text)
    except ValueError as error:
        shown = "" if kind.hidden else f"{text!r} "
        raise CommandError(f"{source}: {shown}{error}", USAGE) from None
