"""Where the value of a setting comes from: the command line, else the environment, else a file, else its default.

    the command line -> the settings file -> files of variables -> the environment -> checked together

Every error names its source, and is exit code 2.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from writehead._command.arguments import Asked
from writehead._command.failures import USAGE, CommandError
from writehead._command.settings import (
    CA_CERTS,
    CERT_REQS,
    CERTFILE,
    CHDIR,
    CONFIG,
    ENV_FILE,
    HOST,
    KEYFILE,
    LOOP,
    PORT,
    TIMEOUT_HEADERS,
    TIMEOUT_REQUEST,
    Setting,
)
from writehead._command.settings.logs import NOT_YET
from writehead._command.settings_file import FromFile, read_named, read_project
from writehead._command.texts import Texts, read, read_text
from writehead._command.values import Given, Values, place_of
from writehead._command.variables import EVERY_ADDRESS, FromEnvironment, read_env_files, read_environment


class Sources(NamedTuple):
    """Where settings are read from; kept, so that they can be read again."""

    asked: Asked
    target: str | None  # of the command line
    environment: Mapping[str, str]
    folder: Path  # where the command was started


def read_settings(sources: Sources, is_script: Callable[[str], bool]) -> Values:
    """Return the settings, and change to the folder of `--chdir`.

    Args:
        sources: where they are read from.
        is_script: tells whether a target is a script.

    Raises:
        CommandError: of a wrong value, or of values that exclude or need each other.
    """
    line = _anchored(sources.asked.texts, sources.folder)
    environment = read_environment(sources.environment)
    environment = environment._replace(texts=_anchored(environment.texts, sources.folder))
    file = _file(line, environment, sources.folder)
    file = file._replace(texts=_anchored(file.texts, sources.folder))
    _enter(line, environment, file)
    environment = _with_env_files(line, environment, file, sources.environment)
    target = sources.target or file.target
    on_line, in_environment, in_file = map(read, (line, environment.texts, file.texts))
    if environment.port_alone and not any(HOST.name in each for each in (on_line, in_environment, in_file)):
        in_environment[HOST.name] = Given(in_environment[PORT.name].source, EVERY_ADDRESS)
    notes = (*sources.asked.notes, *environment.notes, *file.notes)
    values = Values(
        on_line,
        in_environment,
        in_file,
        target,
        is_script=target is not None and is_script(target),
        notes=notes,
    )
    _check_together(values)
    values.notes += tuple(
        f"{values.source(each)} has no effect yet" for each in NOT_YET if values.source(each)
    )
    return values


def _first(setting: Setting[object], *layers: Mapping[str, Texts]) -> Texts | None:
    return next((each[setting.name] for each in layers if setting.name in each), None)


def _file(line: Mapping[str, Texts], environment: FromEnvironment, folder: Path) -> FromFile:
    given = _first(CONFIG, line, environment.texts)
    if given is None:
        return read_project(folder)
    return read_named(folder / given.texts[-1], given.source)


def _anchored(texts: dict[str, Texts], start: Path) -> dict[str, Texts]:
    """Return texts with the paths absolute that stand in the folder where the command was started."""
    found = dict(texts)
    for each in (CONFIG, CHDIR):
        given = found.get(each.name)
        if given is not None:
            found[each.name] = given._replace(texts=tuple(str(start / text) for text in given.texts))
    return found


def _enter(line: Mapping[str, Texts], environment: FromEnvironment, file: FromFile) -> None:
    """Change to the folder of `--chdir`, which other paths stand in."""
    given = _first(CHDIR, line, environment.texts, file.texts)
    if given is not None:
        folder = read_text(CHDIR.kind, given.source, given.texts[-1])
        try:
            os.chdir(folder)
        except OSError as error:
            raise CommandError(f"{given.source}: {folder!r}: {error.strerror}", USAGE) from None


def _with_env_files(
    line: Mapping[str, Texts], before: FromEnvironment, file: FromFile, environment: Mapping[str, str]
) -> FromEnvironment:
    """Return what the environment gives if files of variables are added to it."""
    given = _first(ENV_FILE, line, before.texts, file.texts)
    if given is None:
        return before
    paths = [path for text in given.texts for path in read_text(ENV_FILE.kind, given.source, text)]
    more = {
        name: (value, f"{Path(path).name} {name}")
        for name, (value, path) in read_env_files(given.source, paths).items()
        if name not in environment
    }
    found = read_environment(
        {**{name: value for name, (value, _) in more.items()}, **environment},
        {name: source for name, (_, source) in more.items()},
    )
    anchored = {name: before.texts[name] for name in (CONFIG.name, CHDIR.name) if name in before.texts}
    return found._replace(texts={**found.texts, **anchored})


def _check_together(values: Values) -> None:
    """Refuse settings that exclude or need each other."""
    _need(values, KEYFILE, CERTFILE, "there is no certificate")
    if values[CERT_REQS] != "none":
        _need(values, CERT_REQS, CA_CERTS, "there is nothing to check certificates by")
    if values[LOOP] == "uvloop" and importlib.util.find_spec("uvloop") is None:
        raise CommandError(f"{values.source(LOOP)}: uvloop is not installed", USAGE)
    head, request = values[TIMEOUT_HEADERS], values[TIMEOUT_REQUEST]
    if values.source(TIMEOUT_HEADERS) and head > request > 0:
        raise CommandError(
            f"{values.source(TIMEOUT_HEADERS)}: the head of a request cannot take longer "
            f"than the whole, which --timeout-request limits to {values.shown(TIMEOUT_REQUEST)}",
            USAGE,
        )
    place_of(values)


def _need(values: Values, setting: Setting[object], needed: Setting[object], why: str) -> None:
    if values.source(setting) and not values.source(needed):
        raise CommandError(f"{values.source(setting)}: {why}; give --{needed.name}, too", USAGE)
