"""The values of all settings, as one process hands them to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from writehead._command.arguments import Given, Values
from writehead._command.settings import SETTINGS

_KINDS = {each.name: each.kind for each in SETTINGS}


def pack(values: Values) -> dict[str, Any]:
    """Return values as JSON can have them."""
    return {
        "line": _plain(values.line),
        "environment": _plain(values.environment),
        "target": values.target,
        "is_script": values.is_script,
    }


def unpack(data: Mapping[str, Any]) -> Values:
    """Return the values that `pack` has made `data` of."""
    return Values(
        _made(data["line"]), _made(data["environment"]), data["target"], is_script=data["is_script"]
    )


def _plain(given: Mapping[str, Given]) -> dict[str, Any]:
    return {name: [each.source, _KINDS[name].plain(each.value)] for name, each in given.items()}


def _made(data: Mapping[str, Any]) -> dict[str, Given]:
    return {name: Given(source, _KINDS[name].made(value)) for name, (source, value) in data.items()}
