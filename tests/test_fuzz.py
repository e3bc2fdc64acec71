"""The targets of the fuzzer hold for a fixed handful of inputs; `make fuzz` draws many more."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from fuzz.targets import TARGETS

_FEW = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds(name: str) -> None:
    """No exception escapes, limits hold, and what is written reads back."""
    _FEW(TARGETS[name])()
