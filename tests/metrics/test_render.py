"""Metrics as text: the bytes of both formats, and the choice between them."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from writehead._metrics.render import OPENMETRICS, PROMETHEUS, Family, Sample, format_for, number, render

FAMILIES = [
    Family("a_bytes", "counter", "Bytes.", [Sample(5)], "bytes"),
    Family("b", "gauge", 'A "line"\nand \\.', [Sample(1.5, (("path", 'a"b\\c\nd'), ("x", "é")))]),
    Family("c_build", "info", "Info.", [Sample(1, (("version", "1.2"),))]),
    Family(
        "d_seconds",
        "histogram",
        "Time.",
        [
            Sample(1, (("le", "0.5"),), "_bucket"),
            Sample(3, (("le", "+Inf"),), "_bucket"),
            Sample(2.25, (), "_sum"),
            Sample(3, (), "_count"),
        ],
        "seconds",
    ),
    Family("e", "gauge", "Nothing yet.", []),
]

TEXT = r"""# HELP a_bytes_total Bytes.
# TYPE a_bytes_total counter
a_bytes_total 5
# HELP b A "line"\nand \\.
# TYPE b gauge
b{path="a\"b\\c\nd",x="é"} 1.5
# HELP c_build_info Info.
# TYPE c_build_info gauge
c_build_info{version="1.2"} 1
# HELP d_seconds Time.
# TYPE d_seconds histogram
d_seconds_bucket{le="0.5"} 1
d_seconds_bucket{le="+Inf"} 3
d_seconds_sum 2.25
d_seconds_count 3
# HELP e Nothing yet.
# TYPE e gauge
"""

OPEN = r"""# TYPE a_bytes counter
# UNIT a_bytes bytes
# HELP a_bytes Bytes.
a_bytes_total 5
# TYPE b gauge
# HELP b A \"line\"\nand \\.
b{path="a\"b\\c\nd",x="é"} 1.5
# TYPE c_build info
# HELP c_build Info.
c_build_info{version="1.2"} 1
# TYPE d_seconds histogram
# UNIT d_seconds seconds
# HELP d_seconds Time.
d_seconds_bucket{le="0.5"} 1
d_seconds_bucket{le="+Inf"} 3
d_seconds_sum 2.25
d_seconds_count 3
# TYPE e gauge
# HELP e Nothing yet.
# EOF
"""


def test_the_text_of_prometheus() -> None:
    """Counters and infos have their endings in HELP and TYPE too, and an info is a gauge."""
    assert render(FAMILIES, PROMETHEUS).decode() == TEXT


def test_the_text_of_openmetrics() -> None:
    """Names are those of families, units are named, quotes are escaped in HELP, and EOF is last."""
    assert render(FAMILIES, OPENMETRICS).decode() == OPEN


@pytest.mark.parametrize(("read", "kind"), [(read_prometheus, PROMETHEUS), (read_openmetrics, OPENMETRICS)])
def test_a_parser_of_prometheus_reads_both(read: object, kind: str) -> None:
    """The parsers of prometheus_client find the same values."""
    families = list(read(render(FAMILIES, kind).decode()))  # type: ignore[operator]
    found = {
        (sample.name, *sample.labels.values()): sample.value for each in families for sample in each.samples
    }
    assert found == {
        ("a_bytes_total",): 5,
        ("b", 'a"b\\c\nd', "é"): 1.5,
        ("c_build_info", "1.2"): 1,
        ("d_seconds_bucket", "0.5"): 1,
        ("d_seconds_bucket", "+Inf"): 3,
        ("d_seconds_sum",): 2.25,
        ("d_seconds_count",): 3,
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2**62, "4611686018427387904"),
        (10.0, "10.0"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    """Whole numbers stay whole, and infinity is written with its sign."""
    assert number(value) == text


def test_what_is_no_number() -> None:
    """It is NaN."""
    assert number(float("nan")) == "NaN"


#: What Prometheus 3 sends.
SCRAPE = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, PROMETHEUS),
        ("", PROMETHEUS),
        ("*/*", PROMETHEUS),
        ("text/html", PROMETHEUS),
        ("application/openmetrics-text", OPENMETRICS),
        ("Application/OpenMetrics-Text; Version=1.0.0", OPENMETRICS),
        ('application/openmetrics-text; version="1.0.0"', OPENMETRICS),
        ("application/openmetrics-text; version=0.0.1", PROMETHEUS),
        ("application/openmetrics-text; version=2.0.0", PROMETHEUS),
        ("application/openmetrics-text; q=0", PROMETHEUS),
        ("application/openmetrics-text; q=x", PROMETHEUS),
        ("application/openmetrics-text; q=0.3, text/plain; q=0.5", PROMETHEUS),
        ("text/plain, application/openmetrics-text", PROMETHEUS),
        (SCRAPE, OPENMETRICS),
    ],
)
def test_the_format_by_accept(accept: str | None, kind: str) -> None:
    """OpenMetrics for those who prefer it by its name, Prometheus for all others."""
    assert format_for(accept) == kind
