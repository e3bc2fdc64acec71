"""Metrics as text: the format of Prometheus, 0.0.4, and OpenMetrics, 1.0. Pure functions.

Sources: https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

LabelPairs = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """One number; `suffix` is what its name has behind that of its family."""

    value: float
    labels: LabelPairs = ()
    suffix: str = ""


class Family(NamedTuple):
    """The numbers of one name. The name of a counter is without `_total`, that of an info without `_info`."""

    name: str
    type: Literal["counter", "gauge", "histogram", "info"]
    help: str
    samples: Sequence[Sample]
    unit: str = ""


def render(families: Iterable[Family], content_type: str) -> bytes:
    """Return the text of the metrics in the format of `content_type`, which is one of the two."""
    if content_type == OPENMETRICS:
        lines = [line for family in families for line in _openmetrics(family)] + ["# EOF\n"]
    else:
        lines = [line for family in families for line in _prometheus(family)]
    return "".join(lines).encode()


def _prometheus(family: Family) -> Iterator[str]:
    name, kind = family.name, family.type
    if kind == "counter":
        name = f"{name}_total"
    elif kind == "info":
        name, kind = f"{name}_info", "gauge"
    text = family.help.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
    for sample in family.samples:
        yield _line(name + sample.suffix, sample)


def _openmetrics(family: Family) -> Iterator[str]:
    name = family.name
    yield f"# TYPE {name} {family.type}\n"
    if family.unit:
        yield f"# UNIT {name} {family.unit}\n"
    yield f"# HELP {name} {_escaped(family.help)}\n"
    ending = {"counter": "_total", "info": "_info"}.get(family.type, "")
    for sample in family.samples:
        yield _line(name + ending + sample.suffix, sample)


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in sample.labels)
    return f"{name}{{{labels}}} {number(sample.value)}\n" if labels else f"{name} {number(sample.value)}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def number(value: float) -> str:
    """Return a number as both formats write it."""
    if isinstance(value, int):
        return str(value)
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else repr(value)


def format_for(accept: str | None) -> str:
    """Return the content type of the format that a client prefers, which `Accept` says; Prometheus' if it says neither.

    Only OpenMetrics by its name, with no other version, is taken for a wish for it (RFC 9110, 12.5.1).
    """
    best = {OPENMETRICS: 0.0, PROMETHEUS: 0.0}
    for part in (accept or "").split(","):
        media, *parameters = (each.strip().lower() for each in part.split(";"))
        options = dict(each.partition("=")[::2] for each in parameters)
        if media == "application/openmetrics-text" and options.get("version", "1.0.0") in (
            "1.0.0",
            '"1.0.0"',
        ):
            best[OPENMETRICS] = max(best[OPENMETRICS], _weight(options))
        elif media in ("text/plain", "text/*"):
            best[PROMETHEUS] = max(best[PROMETHEUS], _weight(options))
    return OPENMETRICS if best[OPENMETRICS] > best[PROMETHEUS] else PROMETHEUS


def _weight(options: dict[str, str]) -> float:
    try:
        return float(options.get("q", "1"))
    except ValueError:
        return 0.0
