"""The environment: the variables of writehead, those that platforms set, and files of variables for the program."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from writehead._command.failures import USAGE, CommandError
from writehead._command.foreign import check_taken
from writehead._command.near_misses import mean_variable
from writehead._command.settings import (
    BIND,
    FD,
    FORWARDED_ALLOW_IPS,
    PORT,
    SETTINGS,
    UDS,
    WORKERS,
    variable,
)
from writehead._command.texts import Texts, add

#: Variables that platforms set; those of writehead win.
OF_PLATFORMS = {
    "PORT": PORT,
    "WEB_CONCURRENCY": WORKERS,
    "FORWARDED_ALLOW_IPS": FORWARDED_ALLOW_IPS,
}

#: What `PORT` alone is listened on.
EVERY_ADDRESS = "0.0.0.0"

_PREFIX = "WRITEHEAD_"
_OF_LIBRARY = ("WRITEHEAD_NATIVE",)


class FromEnvironment(NamedTuple):
    """What the environment gives."""

    texts: dict[str, Texts]
    notes: tuple[str, ...]
    port_alone: bool  # the port is that of `PORT`, which means every address


def read_environment(
    environment: Mapping[str, str], names: Mapping[str, str] | None = None
) -> FromEnvironment:
    """Return what the environment gives; an empty variable gives nothing.

    Args:
        environment: the variables.
        names: the names to show for some of them: where they are from.

    Raises:
        CommandError: a setting is given by two names, or one is refused.
    """
    shown = names or {}
    found: dict[str, Texts] = {}
    notes: list[str] = []
    known = set(_OF_LIBRARY)
    for each in SETTINGS:
        for name in each.names:
            key = variable(name)
            known.add(key)
            text = environment.get(key)
            if not text:
                continue
            source = shown.get(key, key)
            note = check_taken(source, name, text) if name == "http" else None
            if note is None:
                add(found, each.name, Texts(source, name, (text,)))
            else:
                notes.append(note)
    notes += _others(environment, known, shown)
    own_port = PORT.name in found
    _add_of_platforms(found, environment, shown)
    return FromEnvironment(found, tuple(notes), PORT.name in found and not own_port)


def _others(environment: Mapping[str, str], known: set[str], shown: Mapping[str, str]) -> list[str]:
    """Return notes on variables that look like settings, and are none."""
    notes = []
    for key in sorted(environment):
        if not key.startswith(_PREFIX) or key in known or not environment[key]:
            continue
        source = shown.get(key, key)
        note = check_taken(source, key.removeprefix(_PREFIX).lower().replace("_", "-"), environment[key])
        near = mean_variable(key)
        if note is None and near:
            note = f"{source}: no such setting{near}"
        notes += [note] if note else []
    return notes


def _add_of_platforms(
    found: dict[str, Texts], environment: Mapping[str, str], shown: Mapping[str, str]
) -> None:
    for key, setting in OF_PLATFORMS.items():
        text = environment.get(key)
        listens = setting is PORT and any(each.name in found for each in (BIND, UDS, FD))
        if text and setting.name not in found and not listens:
            found[setting.name] = Texts(shown.get(key, key), setting.name, (text,))


# -- files of variables ----------------------------------------------------------


def read_env_files(source: str, files: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the variables of some files, each with the name of its file; the first file that has one wins.

    Args:
        source: the name that the files were given by.
        files: their paths.

    Raises:
        CommandError: one cannot be read, or the library that reads them is not installed.
    """
    try:
        from dotenv import dotenv_values
    except ImportError:
        raise CommandError(f"{source}: it needs python-dotenv: pip install 'writehead[env]'", USAGE) from None
    found: dict[str, tuple[str, str]] = {}
    for path in files:
        try:
            with open(path, encoding="utf-8") as file:
                values = dotenv_values(stream=file)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise CommandError(f"{source}: {path!r} cannot be read: {reason}", USAGE) from None
        for name, value in values.items():
            if value is not None:
                found.setdefault(name, (value, path))
    return found


def set_variables(source: str, files: Sequence[str]) -> None:
    """Put the variables of some files into the environment of this process; none that is set is replaced.

    Raises:
        CommandError: as `read_env_files`.
    """
    for name, (value, _) in read_env_files(source, files).items():
        os.environ.setdefault(name, value)
