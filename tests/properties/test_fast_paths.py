"""The fast lanes of a response change nothing: neither a byte, nor an answer, nor the order of events."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.kit.response_programs import OPTIONS, PLAIN, PROGRAM, REQUESTS, Run

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Programs fail as they like."""
    caplog.set_level(logging.CRITICAL, "writehead")


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLAIN)
def test_the_commonest_answer(program: list[Any]) -> None:
    """Headers, a status, one `end`: the straight function's answer is the general way's."""
    fast = Run([program], [GET], False, {})
    general = Run([program], [GET], True, {})
    assert fast.shown == general.shown


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([[("keep", True), ("flush",)]], [b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"], {})
@given(st.lists(PROGRAM, min_size=1, max_size=3), st.lists(REQUESTS, min_size=1, max_size=3), OPTIONS)
def test_any_program(programs: list[Any], requests: list[bytes], options: dict[str, Any]) -> None:
    """Whatever handlers do, on whatever requests, one or several in a packet."""
    fast = Run(programs, requests, False, options)
    general = Run(programs, requests, True, options)
    assert fast.shown == general.shown
