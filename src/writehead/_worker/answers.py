"""What a worker answers when its supervisor asks it: about its stacks, its slowest exchanges, its loggers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from writehead._admin.log_levels import set_level
from writehead._admin.operated import RefusedError
from writehead._metrics.meter import Meter
from writehead._process.stacks import stacks


def answer(facts: Mapping[str, Any], meter: Meter | None) -> dict[str, Any]:
    """Return the answer to a question: `result`, or `refused` with the reason."""
    try:
        return {"result": _result(facts, meter)}
    except RefusedError as error:
        return {"refused": str(error)}
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}"}


def _result(facts: Mapping[str, Any], meter: Meter | None) -> Any:
    what = facts["what"]
    if what == "stacks":
        return stacks()
    if what == "slow":
        return [] if meter is None else [each._asdict() for each in meter.slowest()]
    if what == "loglevel":
        return set_level(facts["level"], facts["logger"])
    raise RefusedError(f"a worker knows nothing of {what}")
