"""A pipe writes every piece on, at the pace of the slowest destination."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.readable_stage import Dest, Source
from writehead._loop import ticks as _ticks
from writehead.errors import InvalidArgTypeError
from writehead.events import EventEmitter


def turn() -> None:
    _ticks.run_pending()


def test_pipe_writes_and_ends() -> None:
    """'pipe' on the destination, each piece, then its end(); it is returned."""
    log: list[str] = []
    source, dest = Source(), Dest("d", [], log)
    assert source.pipe(dest) is dest
    source._push(b"a")
    turn()
    source._push(b"b")
    source._push_end()
    turn()
    assert log == ["pipe d", "write d b:a", "write d b:b", "end d", "unpipe d"]


@pytest.mark.parametrize("end", [False, {"end": False}])
def test_end_false_leaves_the_destination_open(end: Any) -> None:
    """It is unpiped at the end and may be written on."""
    log: list[str] = []
    source = Source()
    source.pipe(Dest("d", [], log), end)
    source._push_end()
    turn()
    assert log == ["pipe d", "unpipe d"]


def test_a_pipe_from_an_ended_source_ends_its_destination() -> None:
    """On a later turn."""
    log: list[str] = []
    source = Source().resume()
    source._push_end()
    turn()
    source.pipe(Dest("d", [], log), {})
    assert log == ["pipe d"]
    turn()
    assert log[1:] == ["end d", "unpipe d"]


def test_a_full_destination_pauses_the_source_until_drain() -> None:
    """Pieces wait in the buffer meanwhile."""
    log: list[str] = []
    source, dest = Source(), Dest("d", [False], log)
    source.pipe(dest)
    turn()
    source._push(b"a")
    source._push(b"b")
    turn()
    assert (log, source.is_paused(), source._left) == (["pipe d", "write d b:a"], True, False)
    dest.emit("drain")
    turn()
    assert log[2:] == ["write d b:b"]


def test_a_destination_that_is_full_from_the_start_is_waited_for() -> None:
    """writable_need_drain tells."""
    log: list[str] = []
    source, dest = Source(), Dest("d", [], log)
    dest.writable_need_drain = True  # type: ignore[attr-defined]
    source._push(b"a")
    source.pipe(dest)
    turn()
    assert log == ["pipe d"]
    dest.emit("drain")
    turn()
    assert log[1:] == ["write d b:a"]


def test_unpipe_pauses_when_no_destination_is_left() -> None:
    """Without an argument all are; unknown ones are nothing."""
    log: list[str] = []
    source, first, second = Source(), Dest("a", [], log), Dest("b", [], log)
    assert source.unpipe() is source
    source.pipe(first)
    source.pipe(second)
    turn()
    source.unpipe(Dest("c", [], log)).unpipe(first)
    assert source.readable_flowing
    source.unpipe()
    assert source.readable_flowing is False
    source._push(b"x")
    turn()
    assert log == ["pipe a", "pipe b", "unpipe a", "unpipe b"]


def test_a_slow_destination_that_leaves_does_not_hold_the_others() -> None:
    """The flow goes on without its 'drain'."""
    log: list[str] = []
    source, slow = Source(), Dest("slow", [False], log)
    source.pipe(slow)
    source.pipe(Dest("fast", [], log))
    source._push(b"x")
    turn()
    assert source.is_paused()
    slow.emit("close")
    turn()
    assert not source.is_paused()


def test_a_failing_write_destroys_the_destination() -> None:
    """With what it raised."""
    log: list[str] = []
    source = Source()
    source.pipe(Dest("d", ["throw"], log))
    source._push(b"x")
    turn()
    assert log == ["pipe d", "write d b:x", "destroy d failed"]


def test_a_failing_write_of_what_cannot_be_destroyed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The pipe is taken away."""

    class Plain(EventEmitter):
        def write(self, chunk: bytes) -> bool:
            raise LookupError("full")

        def end(self) -> None: ...

    source = Source()
    source.pipe(Plain())
    source._push(b"x")
    turn()
    assert "full" in caplog.text
    assert not source._pipes


def test_an_error_of_the_destination_takes_the_pipe_away() -> None:
    """The destination's own listeners hear it; without any it is raised as before."""
    log: list[str] = []
    source, dest = Source(), Dest("d", [], log)
    source.pipe(dest)
    dest.emit("error", LookupError("bad"))
    assert log == ["pipe d", "unpipe d", "error d bad"]
    dest.remove_all_listeners()
    source.pipe(dest)
    with pytest.raises(LookupError):
        dest.emit("error", LookupError("bad"))


def test_only_a_writable_can_be_piped_to() -> None:
    """The error names what is missing."""
    with pytest.raises(InvalidArgTypeError, match="write, end, on, once, off, emit"):
        Source().pipe(EventEmitter())
