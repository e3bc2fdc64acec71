"""What a setting of the command is, and the names that it has."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from writehead._command.kinds import FileOrOff, Kind, Switch

T_co = TypeVar("T_co", covariant=True)


class WithScript(enum.Enum):
    """What a setting does when a script is run; the value is the word that the reference has for it.

    REFUSED: it is an error on the command line, and does nothing elsewhere.
    PLACE: the same, but in the environment or a file it is what a `listen()` without a port takes.
    DEFAULT: it is a default, which the script's own options override.
    SAME: it does the same as for a target.
    """

    REFUSED = "error"
    PLACE = "`listen()`"
    DEFAULT = "default"
    SAME = "same"


class Setting(Generic[T_co]):
    """One setting.

    Args:
        name: its name, of which the option `--name` and the variable `WRITEHEAD_NAME` are made.
        kind: how its values are read.
        default: its value if it is given nowhere.
        help: what it does, in a few words, for a line of the help.
        doc: the same in sentences, for the reference.
        aliases: names that other servers have for it.
        letter: its short option, without the dash.
        alone: aliases that are read in another way: another unit, or a switch that stands for a value.
        shown: its default in the help.
        work_out: works its default out of the other values; then `default` is what holds without them.
        reload: whether a new value is taken at HUP; any other needs a restart.
        secret: whether its value is never shown.
        with_script: what it does when a script is run.
    """

    def __init__(
        self,
        name: str,
        kind: Kind[T_co],
        default: T_co,
        help: str,
        doc: str,
        *,
        aliases: tuple[str, ...] = (),
        letter: str = "",
        alone: Mapping[str, Kind[Any]] | None = None,
        shown: str = "",
        work_out: Callable[[Any], Any] | None = None,
        reload: bool = False,
        secret: bool = False,
        with_script: WithScript = WithScript.REFUSED,
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.help = help
        self.doc = doc
        self.aliases = (*aliases, *(alone or {}))
        self.letter = letter
        self._alone = alone or {}
        self.shown = shown
        self.work_out = work_out
        self.reload = reload
        self.secret = secret
        self.with_script = with_script

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and its aliases."""
        return (self.name, *self.aliases)

    @property
    def is_switch(self) -> bool:
        """Whether its option takes no value."""
        return not self.kind.metavar

    @property
    def can_be_off(self) -> bool:
        """Whether there is an option `--no-name`."""
        return isinstance(self.kind, Switch | FileOrOff)

    def kind_of(self, name: str) -> Kind[T_co]:
        """Return how a value is read that is given by a name of the setting."""
        return self._alone.get(name.replace("_", "-"), self.kind)

    def options(self) -> list[str]:
        """Return every option that gives it: long ones, its letter, and that it is off."""
        letter = [f"-{self.letter}"] if self.letter else []
        off = [option(f"no-{self.name}")] if self.can_be_off else []
        return [*map(option, self.names), *letter, *off]


def option(name: str) -> str:
    """Return the option of the command line for a name of a setting."""
    return f"--{name}"


def variable(name: str) -> str:
    """Return the variable of the environment for a name of a setting."""
    return f"WRITEHEAD_{name.upper().replace('-', '_')}"
