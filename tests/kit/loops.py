"""The loops that tests run on, and the limit of what waits there."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

TIMEOUT = float(os.environ.get("WRITEHEAD_TEST_TIMEOUT", "30"))
"""Seconds that a test may take, and a program that it starts."""


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the loop called `name`; plain asyncio where uvloop is missing."""
    if name == "uvloop":
        try:
            import uvloop
        except ImportError:
            return None
        return uvloop.new_event_loop
    return None


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an `async def` test on uvloop and on asyncio's own loop."""

    @functools.wraps(test)
    def run(loop_name: str, **fixtures: Any) -> None:
        async def limited() -> None:
            async with asyncio.timeout(TIMEOUT):
                await test(**fixtures)

        with asyncio.Runner(loop_factory=loop_factory(loop_name)) as runner:
            runner.run(limited())

    own = inspect.signature(test)
    loop = inspect.Parameter("loop_name", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = own.replace(parameters=[loop, *own.parameters.values()])  # type: ignore[attr-defined]
    del run.__wrapped__  # type: ignore[attr-defined]  # pytest would look through it
    return pytest.mark.parametrize("loop_name", ["uvloop", "asyncio"])(run)
