"""The heap: a crowd's memory is given back once it has left."""

from __future__ import annotations

import sys

import pytest

from tests.kit.programs import ROOT, Program
from writehead._server import heap as _heap
from writehead._server.heap import Heap, resident, trim

needs_gnu = pytest.mark.skipif(not trim(), reason="the C library has no malloc_trim")


@pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
def test_what_is_resident_is_known() -> None:
    """In bytes, as the system says."""
    assert 1 << 20 < resident() < 1 << 34


HOLES = """
import sys
from tests.kit.stage import Stage
from writehead._server.heap import WORTH, Heap, resident

stage, heap, before = Stage(), Heap(), 0

def gather_holes():
    # Take much memory, and free all but what lies behind it: the C library keeps it.
    blocks = [bytes(1000) for _ in range(WORTH // 250)]
    return blocks.pop()

kept = gather_holes()
before = resident()
"""


def tried(program: str) -> str:
    """Return what a program prints that begins with holes in its heap, in a process of its own: others have their own."""
    with Program(sys.executable, "-c", HOLES + program, cwd=ROOT) as running:
        return running.line()


@needs_gnu
def test_what_was_freed_between_blocks_in_use_is_given_back() -> None:
    """Blocks that the C library keeps, as one behind them lives."""
    assert tried("print(heap.look(0), before - resident() > WORTH)") == "True True"


@needs_gnu
def test_a_crowd_that_is_there_needs_what_it_has() -> None:
    """Until no more than a quarter of the most that were seen are left."""
    program = "print([heap.look(count) for count in (400, 800, 201, 200)])"
    assert tried(program) == "[False, False, False, True]"


@needs_gnu
def test_a_server_looks_regularly() -> None:
    """With its look for connections that are late."""
    program = (
        "stage.clock.advance(stage.server.connections_checking_interval); print(before - resident() > WORTH)"
    )
    assert tried(program) == "True"


@needs_gnu
def test_little_is_left_alone() -> None:
    """The system is not asked for what it would not notice."""
    assert not Heap().look(0)


def test_a_system_that_does_not_say_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc nobody knows what there is to be gained."""
    monkeypatch.setattr(_heap, "open", _missing, raising=False)
    assert resident() == 0
    assert not Heap().look(0)


def _missing(*_: object) -> None:
    raise FileNotFoundError
