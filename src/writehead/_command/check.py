"""`writehead check`: the settings and where they are from, what the target is, and what is probably wrong.

Nothing is served and no address is bound. The target is loaded, unless that is not wanted, and is a script.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any, NamedTuple

from writehead import https
from writehead._command.doubts import doubts
from writehead._command.failures import FAILED
from writehead._command.interfaces import Found, judge
from writehead._command.loading import is_awaitable, load, made
from writehead._command.servers import certificate_errors, tls_options, without_effect
from writehead._command.settings import APP_DIR, FACTORY, INTERFACE, SETTINGS, option
from writehead._command.target_names import Reference, Script
from writehead._command.values import Values, addresses_of


class Asks(NamedTuple):
    """What `writehead check` is asked for.

    Args:
        no_import: whether the target is not loaded.
        strict: whether a warning fails.
        format: "text" or "json".
    """

    no_import: bool
    strict: bool
    format: str


def check(target: Reference | Script, values: Values, asks: Asks) -> int:
    """Print what the settings are and what is wrong with them; return the exit code.

    Raises:
        CommandError: the target cannot be loaded, or the certificate cannot be used.
    """
    tls: Any = tls_options(values)
    if tls:
        with certificate_errors(values):
            https.Server(tls)
    warnings = doubts(values, os.environ)
    kind = "script"
    if isinstance(target, Reference):
        kind = "not loaded"
        if not asks.no_import:
            found = _loaded(target, values)
            kind = found.kind
            warnings += without_effect(found, values)
    told = _told(values, kind, warnings)
    print(json.dumps(told, indent=2, ensure_ascii=False) if asks.format == "json" else _as_text(told))
    return FAILED if warnings and asks.strict else 0


def _loaded(target: Reference, values: Values) -> Found:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        found = load(target, values[APP_DIR], factory=values[FACTORY])
        if is_awaitable(found):
            found = loop.run_until_complete(made(found, target.name))
        return judge(found, target.name, values[INTERFACE])
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _told(values: Values, kind: str, warnings: list[str]) -> dict[str, Any]:
    return {
        "target": values.target,
        "interface": kind,
        "addresses": [] if values.is_script else [str(each) for each in addresses_of(values)],
        "settings": [
            {
                "option": option(each.name),
                "value": values.shown(each),
                "source": values.source(each) or "default",
            }
            for each in SETTINGS
        ],
        "warnings": warnings,
    }


def _as_text(told: dict[str, Any]) -> str:
    rows = [("option", "value", "source"), *(tuple(each.values()) for each in told["settings"])]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    table = [f"{one:{first}}  {two:{second}}  {three}" for one, two, three in rows]
    where = [f"address: {each}" for each in told["addresses"]]
    warnings = [f"warning: {each}" for each in told["warnings"]]
    return "\n".join([*table, "", f"target: {told['target']} ({told['interface']})", *where, *warnings])
