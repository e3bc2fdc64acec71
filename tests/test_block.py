"""The block of memory that processes share."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.kit.programs import SOURCE
from writehead._shared.block import AREA, Block, State


def test_what_one_process_writes_another_reads() -> None:
    """Words, doubles and areas are the same memory in every process that has the descriptor."""
    block = Block.create(rows=4)
    row = block.take()
    assert row is not None
    code = f"""
from writehead._shared.block import Block
row = Block.attach({block.fd}).row({row.number})
row.pid, row.lag, row.connections = 7, 0.25, -3
row.area[-3:] = b"abc"
"""
    subprocess.run(
        [sys.executable, "-c", code],
        pass_fds=[block.fd],
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert (row.pid, row.lag, row.connections) == (7, 0.25, -3)
    assert bytes(row.area[-4:]) == b"\0abc"
    block.close()


def test_rows_do_not_touch_each_other() -> None:
    """Each row has words and an area of its own."""
    block = Block.create(rows=3)
    rows = [block.take() for _ in range(3)]
    for each in rows:
        assert each is not None
        each.words[:] = memoryview(bytes([each.number + 1] * 256)).cast("q")
        each.area[:] = bytes([each.number + 1]) * AREA
    for each in rows:
        assert each is not None
        assert set(bytes(each.words.cast("B"))) == set(bytes(each.area)) == {each.number + 1}
    assert block.take() is None
    block.close()


def test_a_row_is_free_again_when_it_was_cleared() -> None:
    """The next process gets zeros, whatever the last one had written."""
    block = Block.create(rows=2)
    row = block.take()
    assert row is not None
    row.requests, row.area[0], row.area[AREA - 1] = 12, 1, 1
    row.state = State.GONE
    assert [each.number for each in block.in_use()] == [0]
    block.clear(row)
    assert list(block.in_use()) == []
    again = block.take()
    assert again is not None
    assert (again.number, again.requests, again.state) == (0, 0, State.STARTING)
    assert not any(again.area)
    block.close()


def test_a_row_that_is_missing() -> None:
    """A number outside the block is an error, not another's memory."""
    block = Block.create(rows=2)
    for number in (-1, 2):
        with pytest.raises(IndexError):
            block.row(number)
    block.close()


def test_a_descriptor_of_something_else() -> None:
    """A file that is no block is not taken for one."""
    with open(__file__, "rb") as file, pytest.raises(ValueError, match="no block"):
        Block.attach(file.fileno())


def test_pages_that_nobody_wrote_take_no_memory() -> None:
    """Rows for hundreds of processes cost nothing until they are used."""
    block = Block.create(rows=1040)
    assert block.take() is not None
    list(block.in_use())
    assert os.fstat(block.fd).st_blocks * 512 < 64 * 1024
    block.close()
