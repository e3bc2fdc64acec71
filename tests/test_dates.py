"""Dates."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from writehead._semantics.dates import http_date


def test_a_date_is_spelled_as_in_the_rfc() -> None:
    """The example of RFC 9110, 5.6.7."""
    assert http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize("timestamp", [0, 951782400, 1709164799.999, 4102444800])
def test_any_date_equals_that_of_the_standard_library(timestamp: float) -> None:
    """Leap days, the ends of years and fractions of a second come out as in `email.utils`."""
    assert http_date(timestamp) == formatdate(int(timestamp), usegmt=True)
