"""The command line: its subcommand, its target, what belongs to a script, and its options as texts."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, NoReturn

from writehead._command.failures import USAGE, CommandError
from writehead._command.foreign import check_taken, foreign
from writehead._command.near_misses import mean_option
from writehead._command.settings import GROUPS, SETTINGS, Setting, option
from writehead._command.texts import Texts, add

#: Options that are no settings.
HELP = ("-h", "--help")
VERSION = ("--version",)

#: Options of `writehead check`.
CHECK = ("--no-import", "--strict", "--format")

#: Words that are no targets.
CHECK_COMMAND = "check"
CONTROL_COMMAND = "ctl"


class Line(NamedTuple):
    """A command line, taken apart."""

    target: str | None
    rest: list[str]  # the arguments of a script, or of `ctl`
    own: list[str]  # the options of the command
    command: str = ""  # `check`, `ctl`, or nothing: serve


def split(arguments: Sequence[str], is_script: Callable[[str], bool]) -> Line:
    """Tell the target and the arguments of a script from the options of the command.

    Args:
        arguments: those of the process.
        is_script: tells whether a target is a script: all behind it belongs to it.
    """
    own: list[str] = []
    rest = list(arguments)
    command = ""
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            own += [word, *(rest.pop(0) for _ in range(_takes(word, rest)))]
        elif word == CHECK_COMMAND and not command:
            command = word
        elif word == CONTROL_COMMAND and not command:
            return Line(None, rest, own, word)
        elif is_script(word):
            return Line(word, rest, own, command)
        else:
            return Line(word, [], own + rest, command)
    return Line(None, [], own, command)


def _takes(word: str, rest: list[str]) -> int:
    """Return how many of the arguments behind an option are its value."""
    if not rest:
        return 0
    if word in HELP:
        return int(rest[0].lower() in map(str.lower, GROUPS))
    found = foreign(word.lstrip("-"))
    return int(word in _WITH_VALUE or (found is not None and found.takes_value))


def _with_value(setting: Setting[Any]) -> list[str]:
    """Return the options of a setting that have a value behind them."""
    long = [option(name) for name in setting.names if setting.kind_of(name).metavar]
    return [*long, f"-{setting.letter}"] if setting.letter and setting.kind.metavar else long


_WITH_VALUE = {"--format", *(each for setting in SETTINGS for each in _with_value(setting))}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise CommandError(message, USAGE)


class _Note(argparse.Action):
    """Notes the texts that an option gives."""

    def __call__(self, parser: object, namespace: Any, values: Any, option_string: str | None = None) -> None:
        assert option_string is not None
        add(namespace.given, self.dest, self._texts(option_string, "on" if values == [] else values))

    def _texts(self, word: str, text: str) -> Texts:
        name = word.removeprefix("--") if word.startswith("--") else self.dest
        return Texts(word, name, (text,))


class _NoteOff(_Note):
    """Notes an option `--no-name`."""

    def _texts(self, word: str, text: str) -> Texts:
        return Texts(word, self.dest, ("off",))


class _NoteForeign(argparse.Action):
    """Notes an option that has no effect, or refuses it."""

    def __call__(self, parser: object, namespace: Any, values: Any, option_string: str | None = None) -> None:
        assert option_string is not None
        note = check_taken(option_string, option_string.lstrip("-"), values or "")
        namespace.notes += (note,)


class _NoteHttp(_Note):
    """Notes the versions of HTTP, or that a parser was asked for."""

    def __call__(self, parser: object, namespace: Any, values: Any, option_string: str | None = None) -> None:
        assert option_string is not None
        note = check_taken(option_string, self.dest, values)
        if note is None:
            super().__call__(parser, namespace, values, option_string)
        else:
            namespace.notes += (note,)


def _parser(own: Sequence[str], *, check: bool) -> argparse.ArgumentParser:
    """Return the parser of the options, made of the table of settings."""
    made = _Parser(prog="writehead", add_help=False, allow_abbrev=False, exit_on_error=False)
    made.add_argument(*HELP, dest="help", nargs="?", const="", metavar="GROUP")
    made.add_argument(*VERSION, dest="version", action="store_true")
    if check:
        made.add_argument("--no-import", dest="no_import", action="store_true")
        made.add_argument("--strict", dest="strict", action="store_true")
        made.add_argument("--format", dest="format", choices=("text", "json"), default="text")
    for each in SETTINGS:
        for name in each.names:
            short = [f"-{each.letter}"] if each.letter and name == each.name else []
            made.add_argument(
                option(name),
                *short,
                dest=each.name,
                action=_NoteHttp if name == "http" else _Note,
                nargs=None if each.kind_of(name).metavar else 0,
            )
        if each.can_be_off:
            made.add_argument(option(f"no-{each.name}"), dest=each.name, action=_NoteOff, nargs=0)
    for word in {_foreign_option(each) for each in own} - {"", "--http"}:
        found = foreign(word.lstrip("-"))
        assert found is not None
        made.add_argument(
            word, dest=argparse.SUPPRESS, action=_NoteForeign, nargs=None if found.takes_value else 0
        )
    return made


def _foreign_option(word: str) -> str:
    """Return the option of another server that a word of the command line has; nothing if it has none."""
    name = word.partition("=")[0] if word.startswith("--") else word[:2]
    return name if name.startswith("-") and foreign(name.lstrip("-")) else ""


class Asked(NamedTuple):
    """What the options of the command line say."""

    help: str | None  # a group; empty is all
    version: bool
    texts: dict[str, Texts]  # by the names of settings
    notes: tuple[str, ...]
    no_import: bool = False
    strict: bool = False
    format: str = "text"


def read_line(own: Sequence[str], *, check: bool = False) -> Asked:
    """Return what the options say.

    Args:
        own: the options of the command.
        check: whether those of `writehead check` are there, too.

    Raises:
        CommandError: of an option that does not exist or is refused, or has no value.
    """
    namespace = argparse.Namespace(given={}, notes=())
    try:
        found, more = _parser(own, check=check).parse_known_args(own, namespace)
    except argparse.ArgumentError as error:
        name = (error.argument_name or "").split("/")[0]
        raise CommandError(f"{name}: {error.message}", USAGE) from None
    for word in more:
        raise CommandError(_unknown(word), USAGE)
    more_of_check = (found.no_import, found.strict, found.format) if check else ()
    return Asked(found.help, found.version, found.given, found.notes, *more_of_check)


def _unknown(word: str) -> str:
    name = word.partition("=")[0]
    if not word.startswith("-"):
        return f"{word!r} is a second target, and one is served"
    if name in CHECK:
        return f"{name}: it is an option of writehead check"
    return f"{name}: no such option{mean_option(name)}"
