"""The heap: a crowd's memory is given back once it has left."""

from __future__ import annotations

import sys

import pytest

from tests.stage import GET, Stage
from writehead import _heap
from writehead._heap import CROWD, WORTH, Heap, resident, trim

needs_gnu = pytest.mark.skipif(not trim(), reason="the C library has no malloc_trim")


@pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
def test_what_is_resident_is_known() -> None:
    """In bytes, as the system says."""
    assert 1 << 20 < resident() < 1 << 34


@needs_gnu
def test_what_was_freed_between_blocks_in_use_is_given_back() -> None:
    """Blocks that the C library keeps, as one behind them lives."""
    heap = Heap()
    blocks = [bytes(1000) for _ in range(WORTH // 250)]
    kept = blocks.pop()
    blocks.clear()
    before = resident()
    assert heap.give_back()
    assert before - resident() > WORTH
    assert kept == bytes(1000)


@needs_gnu
def test_little_is_left_alone() -> None:
    """The system is not asked for what it would not notice."""
    heap = Heap()
    assert not heap.give_back()


def test_a_system_that_does_not_say_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc nobody knows what there is to be gained."""
    monkeypatch.setattr(_heap, "open", _missing, raising=False)
    assert resident() == 0
    assert not Heap().give_back()


def _missing(*_: object) -> None:
    raise FileNotFoundError


def test_a_server_looks_when_its_crowd_has_left() -> None:
    """At the next of its regular looks; as long as a quarter is there it waits."""
    stage = Stage()
    clients = [stage.send(GET) for _ in range(CROWD)]
    asked: list[int] = []
    heap = stage.server._heap
    stage.server._heap = _Counting(heap, asked)  # type: ignore[assignment]
    for client in clients[CROWD // 4 + 1 :]:
        client.reset()
    stage.server.keep_alive_timeout = 0
    stage.clock.advance(1000)
    stage.server._look(stage.clock.time())
    assert asked == []
    clients[0].reset()
    stage.server._look(stage.clock.time())
    assert asked == [1]
    stage.server._look(stage.clock.time())
    assert asked == [1]


class _Counting:
    def __init__(self, heap: Heap, asked: list[int]) -> None:
        self.heap = heap
        self.asked = asked

    def give_back(self) -> bool:
        self.asked.append(1)
        return self.heap.give_back()
