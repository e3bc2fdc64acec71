"""The value of each setting, and where it is from: the command line, else the environment, else a file, else its default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from writehead._command.addresses import Address
from writehead._command.failures import USAGE, CommandError
from writehead._command.settings import BIND, FD, HOST, PORT, SETTINGS, UDS, Setting

T = TypeVar("T")

#: The sources, the first wins.
SOURCES = ("line", "environment", "file")

_BY_NAME = {each.name: each for each in SETTINGS}


class Given(NamedTuple):
    """A value, and the name that it was given by."""

    source: str
    value: Any


#: The values that one source gives, by the names of settings.
Layer = Mapping[str, Given]


class Values:
    """The value of each setting, and where it is from.

    Args:
        line: what the command line gives.
        environment: what the environment gives.
        file: what a file gives.
        target: what is served, as it is written; None if there is nothing.
        is_script: whether that is a script.
        notes: what is to be told of the settings: that one has no effect.
    """

    def __init__(
        self,
        line: Layer,
        environment: Layer,
        file: Layer | None = None,
        target: str | None = None,
        *,
        is_script: bool = False,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.line = line
        self.environment = environment
        self.file = file or {}
        self.target = target
        self.is_script = is_script
        self.notes = notes
        self._given = {**self.file, **environment, **line}

    def __getitem__(self, setting: Setting[T]) -> T:
        """Return the value of a setting."""
        given = self._given.get(setting.name)
        if given is None:
            default: T = setting.default if setting.work_out is None else setting.work_out(self)
            return default
        value: T = given.value
        return value

    def source(self, setting: Setting[Any]) -> str | None:
        """Return the name that a setting was given by; None if it has its default."""
        given = self._given.get(setting.name)
        return given and given.source

    def shown(self, setting: Setting[Any]) -> str:
        """Return the value of a setting as it is written; secrets are not shown."""
        value = self[setting]
        if setting.secret and value:
            return "•••"
        if value is None:
            return setting.shown or "none"
        return setting.kind.show(value) or "none"

    def on_the_line(self) -> list[tuple[Setting[Any], str]]:
        """Return the settings that were given on the command line, and the options that gave them."""
        return [(each, self.line[each.name].source) for each in SETTINGS if each.name in self.line]

    def changed(self, after: Values) -> list[Setting[Any]]:
        """Return the settings whose values differ from those of `after`."""
        return [each for each in SETTINGS if self[each] != after[each]]

    # -- as plain data ---------------------------------------------------------

    def to_data(self) -> dict[str, Any]:
        """Return all of it as JSON can have it; secrets too."""
        return {
            "target": self.target,
            "is_script": self.is_script,
            **{
                layer: {
                    name: [given.source, _BY_NAME[name].kind.plain(given.value)]
                    for name, given in getattr(self, layer).items()
                }
                for layer in SOURCES
            },
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Values:
        """Return the values that `to_data` has made `data` of; nothing is read or checked again."""
        line, environment, file = (
            {
                name: Given(source, _BY_NAME[name].kind.made(value))
                for name, (source, value) in data[layer].items()
            }
            for layer in SOURCES
        )
        return cls(line, environment, file, data["target"], is_script=data["is_script"])


def place_of(values: Values) -> Setting[Any]:
    """Return the setting that says where to listen: BIND, UDS, FD, or HOST for host and port.

    One of the command line wins over those of the environment, and these over those of a file.

    Raises:
        CommandError: one source has two of them.
    """
    for layer in (values.line, values.environment, values.file):
        given = [each for each in (BIND, UDS, FD, HOST, PORT) if each.name in layer]
        kinds = {HOST if each is PORT else each for each in given}
        if len(kinds) > 1:
            first, second = (layer[each.name].source for each in (given[0], given[-1]))
            raise CommandError(f"{first} and {second} both say where to listen", USAGE)
        if kinds:
            return kinds.pop()
    return HOST


def addresses_of(values: Values) -> tuple[Address, ...]:
    """Return where to listen."""
    place = place_of(values)
    if place is BIND:
        return values[BIND]
    if place is UDS:
        return (Address(path=values[UDS]),)
    if place is FD:
        return (Address(fd=values[FD]),)
    return (Address(values[HOST], values[PORT]),)
