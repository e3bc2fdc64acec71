"""The settings file: TOML, its top level or `[tool.writehead]`.

Its keys are names of settings, with `-` or `_`; `target` says what to serve.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from writehead._command.failures import USAGE, CommandError
from writehead._command.foreign import check_taken
from writehead._command.near_misses import mean_name
from writehead._command.settings import CONFIG, SETTINGS
from writehead._command.texts import Texts, add

#: The file that is read if none is named, and its table.
PROJECT = "pyproject.toml"
_TABLE = "[tool.writehead]"

_BY_NAME = {name: each for each in SETTINGS for name in each.names}


class FromFile(NamedTuple):
    """What a file gives."""

    texts: dict[str, Texts]
    notes: tuple[str, ...] = ()
    target: str | None = None
    path: str | None = None


def read_named(path: Path, source: str) -> FromFile:
    """Return what a file gives that was named.

    Args:
        path: the file.
        source: the name that it was given by.

    Raises:
        CommandError: it cannot be read, is no TOML, or one of its settings is wrong.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CommandError(f"{source}: {str(path)!r} cannot be read: {error.strerror}", USAGE) from None
    if path.suffix == ".py":
        from writehead._command.gunicorn_file import how_to_move

        raise CommandError(how_to_move(source, path, data), USAGE)
    content = _parsed(data, f"{source}: {str(path)!r}")
    table = _table_of(content)
    if table is None and path.name == PROJECT:
        raise CommandError(f"{source}: {str(path)!r} has no {_TABLE}", USAGE)
    if table is None:
        return _read(content, path.name, path)
    return _read(table, f"{path.name} {_TABLE}", path)


def read_project(folder: Path) -> FromFile:
    """Return what `pyproject.toml` of a folder gives; nothing if it is not there or says nothing of writehead.

    Raises:
        CommandError: it is no TOML, or one of its settings is wrong.
    """
    path = folder / PROJECT
    try:
        data = path.read_bytes()
    except OSError:
        return FromFile({})
    if b"writehead" not in data:  # most are of programs that have no settings there
        return FromFile({})
    table = _table_of(_parsed(data, PROJECT))
    return FromFile({}) if table is None else _read(table, f"{PROJECT} {_TABLE}", path)


def _parsed(data: bytes, source: str) -> dict[str, Any]:
    import tomllib  # most programs have no settings in a file

    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise CommandError(f"{source} is not TOML: it is not UTF-8", USAGE) from None
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{source} is not TOML: {error}", USAGE) from None


def _table_of(content: dict[str, Any]) -> dict[str, Any] | None:
    tool = content.get("tool")
    table = tool.get("writehead") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


def _read(table: dict[str, Any], where: str, path: Path) -> FromFile:
    found: dict[str, Texts] = {}
    notes: list[str] = []
    target = None
    for key, value in table.items():
        source = f"{where} {key}"
        name = key.replace("_", "-")
        if name == "target":
            target = _target(value, source)
            continue
        texts = _texts_of(value, source)
        note = check_taken(source, name, texts[-1] if texts else "")
        if note is not None:
            notes.append(note)
        elif name == CONFIG.name:
            raise CommandError(f"{source}: a settings file names no other", USAGE)
        elif name not in _BY_NAME:
            raise CommandError(f"{source}: no such setting{mean_name(key)}", USAGE)
        elif texts or _BY_NAME[name].kind_of(name).several:
            add(found, _BY_NAME[name].name, Texts(source, key, texts))
        else:
            raise CommandError(f"{source}: an empty list is no value", USAGE)
    return FromFile(found, tuple(notes), target, str(path))


def _target(value: object, source: str) -> str:
    if not isinstance(value, str) or not value:
        raise CommandError(f'{source}: {value!r} is not a target (write "main:app")', USAGE)
    return value


def _texts_of(value: object, source: str) -> tuple[str, ...]:
    """Return a value of TOML as the texts that an option would have."""
    if isinstance(value, list):
        return tuple(text for each in value for text in _texts_of(each, source))
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, int | float):
        return (f"{value}",)
    if isinstance(value, str):
        return (value,)
    raise CommandError(f"{source}: it is not a text, a number, true or false, or a list of these", USAGE)
