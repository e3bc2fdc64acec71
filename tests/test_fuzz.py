"""The targets of the fuzzer hold for a fixed handful of inputs; `make fuzz` draws many more."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from fuzz.targets import TARGETS, act, loop

_FEW = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds(name: str) -> None:
    """No exception escapes, limits hold, and what is written reads back."""
    _FEW(TARGETS[name])()


def test_nothing_is_written_behind_the_end() -> None:
    """Requests behind the last one that was allowed, all in one packet: one 503, and silence."""
    post = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"

    async def pipe(req: Any, res: Any) -> None:
        await asyncio.sleep(0)  # the second packet has come
        req.pipe(res)

    received = loop().run_until_complete(act(pipe, [post, post * 3], [], {"max_requests_per_socket": 1}))
    assert [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")] == [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 503 Service Unavailable",
    ]
