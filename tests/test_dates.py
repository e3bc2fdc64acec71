"""The Date line."""

from __future__ import annotations

import re
from email.utils import formatdate
from time import time

import pytest

from writehead._semantics import dates as _dates
from writehead._semantics.dates import date_line, http_date


def test_a_date_is_spelled_as_in_the_rfc() -> None:
    """The example of RFC 9110, 5.6.7."""
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize("timestamp", [0, 951782400, 1709164799.999, 4102444800])
def test_any_date_equals_that_of_the_standard_library(timestamp: float) -> None:
    """Leap days, the ends of years and fractions of a second come out as in `email.utils`."""
    assert http_date(timestamp) == formatdate(int(timestamp), usegmt=True)


def test_the_line_is_whole_and_of_now() -> None:
    """The line carries its name, its CRLF and the present second."""
    before = int(time())
    line = date_line()
    assert re.fullmatch(r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", line)
    assert line[6:-2] in {http_date(second) for second in range(before, int(time()) + 1)}


def test_the_line_is_made_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a second it is the same object; the next second, or a clock put back, makes another."""
    now = 784111777.25
    monkeypatch.setattr(_dates, "time", lambda: now)
    first = date_line()
    now = 784111777.99
    assert date_line() is first == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    now = 784111778.0
    assert date_line() == "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
    now = 784111776.5
    assert date_line() == "Date: Sun, 06 Nov 1994 08:49:36 GMT\r\n"
