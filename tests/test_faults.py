"""A transport that fails at any point costs its own exchange and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.harness import sweep
from tests.faults.programs import PROGRAMS, Program


def _on_asyncio(program: Program, stride: int) -> list[str]:
    """Run on asyncio's own loop, whose timers can be counted."""
    runs, violations = asyncio.run(sweep(program, stride=stride))
    assert runs > 1
    return violations


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_response_has_one_ending_and_nothing_is_left(program: Program) -> None:
    """Each fault at a sample of the points: one ending, callbacks once, no object left, the next is served."""
    assert _on_asyncio(program, 29) == []


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_at_every_point_there_is(program: Program) -> None:
    """The same at every single point."""
    assert _on_asyncio(program, 1) == []
