"""Where the value of a setting comes from: the command line, else the environment, else its default.

Every error names its source, and is exit code 2.
"""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

from writehead._command.failures import USAGE, CommandError
from writehead._command.kinds import Kind
from writehead._command.settings import (
    CERTFILE,
    FD,
    GROUPS,
    HOST,
    KEYFILE,
    PORT,
    SETTINGS,
    UDS,
    Setting,
    option,
    variable,
)

T = TypeVar("T")

#: Options that are no settings.
HELP = ("-h", "--help")
VERSION = ("--version",)


class Given(NamedTuple):
    """A value, and the name that it was given by."""

    source: str
    value: Any


class Values:
    """The value of each setting, and where it is from."""

    def __init__(
        self,
        line: Mapping[str, Given],
        environment: Mapping[str, Given],
        target: str | None = None,
        *,
        is_script: bool = False,
    ) -> None:
        self.line = line
        self.environment = environment
        self.target = target
        self.is_script = is_script
        self._given = {**environment, **line}

    def __getitem__(self, setting: Setting[T]) -> T:
        """Return the value of a setting."""
        if setting.name not in self._given:
            default: T = setting.default if setting.work_out is None else setting.work_out(self)
            return default
        value: T = self._given[setting.name].value
        return value

    def source(self, setting: Setting[Any]) -> str | None:
        """Return the option or the variable that a setting was given by; None if it has its default."""
        given = self._given.get(setting.name)
        return given and given.source

    def on_the_line(self) -> list[tuple[Setting[Any], str]]:
        """Return the settings that were given on the command line, and the options that gave them."""
        return [(each, self.line[each.name].source) for each in SETTINGS if each.name in self.line]


class Line(NamedTuple):
    """A command line, read."""

    target: str | None
    rest: list[str]  # the arguments of a script
    own: list[str]  # the options of the command


def split(arguments: Sequence[str], is_script: Callable[[str], bool]) -> Line:
    """Tell the target and the arguments of a script from the options of the command.

    Args:
        arguments: those of the process.
        is_script: tells whether a target is a script: all behind it belongs to it.
    """
    own: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            own += [word, *(rest.pop(0) for _ in range(_takes(word, rest)))]
        elif is_script(word):
            return Line(word, rest, own)
        else:
            return Line(word, [], own + rest)
    return Line(None, [], own)


def _takes(word: str, rest: list[str]) -> int:
    """Return how many of the arguments behind an option are its value."""
    if not rest:
        return 0
    if word in HELP:
        return int(rest[0].lower() in map(str.lower, GROUPS))
    return int(word in _WITH_VALUE)


_WITH_VALUE = {
    name
    for each in SETTINGS
    for name, kind in [
        *((option(name), each.kind_of(name)) for name in each.names),
        (f"-{each.letter}", each.kind),
    ]
    if kind.metavar
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(message, USAGE)


class _Note(argparse.Action):
    """Notes which option gave a value; the last wins."""

    def __call__(self, parser: object, namespace: Any, values: Any, option_string: str | None = None) -> None:
        assert option_string is not None
        before = namespace.given.get(self.dest)
        if before is not None and before.source != option_string:
            raise CommandError(f"{before.source} and {option_string} are the same option", USAGE)
        texts = before.value if before is not None else []
        namespace.given[self.dest] = Given(option_string, [*texts, "on" if values == [] else values])


class _NoteOff(_Note):
    """Notes an option `--no-name`."""

    def __call__(self, parser: object, namespace: Any, values: Any, option_string: str | None = None) -> None:
        super().__call__(parser, namespace, "off", option_string)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the options, made of the table of settings."""
    made = _Parser(prog="writehead", add_help=False, allow_abbrev=False, exit_on_error=False)
    made.add_argument(*HELP, dest="help", nargs="?", const="", metavar="GROUP")
    made.add_argument(*VERSION, dest="version", action="store_true")
    for each in SETTINGS:
        for name in each.names:
            short = [f"-{each.letter}"] if each.letter and name == each.name else []
            nargs = None if each.kind_of(name).metavar else 0
            made.add_argument(option(name), *short, dest=each.name, action=_Note, nargs=nargs)
        if each.can_be_off:
            made.add_argument(option(f"no-{each.name}"), dest=each.name, action=_NoteOff, nargs=0)
    return made


class Options(NamedTuple):
    """What the options say."""

    help: str | None  # a group; empty is all
    version: bool
    values: Values


def read_options(own: Sequence[str], environment: Mapping[str, str]) -> Options:
    """Return what the options and the environment say.

    Raises:
        CommandError: of an option that does not exist, a wrong value, or values that exclude each other.
    """
    namespace = argparse.Namespace(given={})
    try:
        found, more = parser().parse_known_args(own, namespace)
    except argparse.ArgumentError as error:
        name = (error.argument_name or "").split("/")[0]
        raise CommandError(f"{name}: {error.message}", USAGE) from None
    for word in more:
        raise CommandError(_unknown(word), USAGE)
    asks = found.help is not None or found.version  # for neither the environment has to be right
    line = {
        each.name: _read(each, found.given[each.name].source.lstrip("-"), found.given[each.name])
        for each in SETTINGS
        if each.name in found.given
    }
    values = Values(line, {} if asks else _read_environment(environment))
    if not asks:
        _check_together(values)
    return Options(found.help, found.version, values)


def _unknown(word: str) -> str:
    name = word.partition("=")[0]
    if not word.startswith("-"):
        return f"{word!r} is a second target, and one is served"
    names = [each for setting in SETTINGS for each in setting.options()]
    near = difflib.get_close_matches(name, names, 1, cutoff=0.75)
    return f"{name}: no such option" + (f"; do you mean {near[0]}?" if near else "")


def _read(setting: Setting[Any], name: str, given: Given) -> Given:
    """Return a value that was given as texts: the last counts, or all of them if there may be several."""
    kind = setting.kind_of(name)
    read = [_read_text(kind, given.source, text) for text in given.value]
    return Given(
        given.source, tuple(each for values in read for each in values) if kind.several else read[-1]
    )


def _read_text(kind: Kind[Any], source: str, text: str) -> Any:
    try:
        return kind.read(text)
    except ValueError as error:
        raise CommandError(f"{source}: {text!r} {error}", USAGE) from None


def _read_environment(environment: Mapping[str, str]) -> dict[str, Given]:
    """Return what the environment gives; an empty variable gives nothing."""
    found = {}
    for each in SETTINGS:
        names = [name for name in each.names if environment.get(variable(name))]
        if len(names) > 1:
            raise CommandError(f"{variable(names[0])} and {variable(names[1])} are the same option", USAGE)
        for name in names:
            found[each.name] = _read(each, name, Given(variable(name), [environment[variable(name)]]))
    return found


def _check_together(values: Values) -> None:
    """Refuse settings that exclude or need each other."""
    if values.source(KEYFILE) and not values.source(CERTFILE):
        raise CommandError(f"{values.source(KEYFILE)}: there is no certificate; give --certfile, too", USAGE)
    place_of(values)


def place_of(values: Values) -> Setting[Any]:
    """Return the setting that says where to listen: UDS, FD, or HOST for host and port.

    One of the command line wins over those of the environment.
    """
    for source in (values.line, values.environment):
        given = [each for each in (UDS, FD, HOST, PORT) if each.name in source]
        kinds = {HOST if each is PORT else each for each in given}
        if len(kinds) > 1:
            raise CommandError(
                f"{source[given[0].name].source} and {source[given[1].name].source} both say where to listen",
                USAGE,
            )
        if kinds:
            return kinds.pop()
    return HOST
