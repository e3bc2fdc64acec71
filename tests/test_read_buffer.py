"""Pieces are taken out by size, whatever sizes they came in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from writehead._streams.read_buffer import Pieces


def test_take_cuts_and_joins() -> None:
    """Across pieces, within one, and a whole one without a copy."""
    first, pieces = b"abc", Pieces()
    pieces.extend([first, b"defg"])
    assert pieces.take(3) is first
    assert pieces.take(1) == b"d"
    assert pieces.first_length() == 3
    pieces.put_back(b"xy")
    assert pieces.take(4) == b"xyef"
    assert pieces.take(1) == b"g"
    assert not pieces


@given(st.lists(st.text(min_size=1, max_size=5), max_size=8), st.data())
def test_takes_give_back_what_was_added(parts: list[str], data: st.DataObject) -> None:
    """Any sizes, and anything put back, in the order of one long string."""
    pieces, model, taken = Pieces(parts), "".join(parts), ""
    while model:
        if taken and data.draw(st.booleans()):
            pieces.put_back(taken)
            model = taken + model
        count = data.draw(st.integers(1, len(model)))
        taken = pieces.take(count)
        assert taken == model[:count]
        model = model[count:]
        if len(model) > 40:
            break
    else:
        assert not pieces
