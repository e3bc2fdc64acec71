"""`Chunks` gathers small pieces; it and its twin do the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writehead._native import choice, fields

KINDS = [fields.Chunks] + ([choice.Chunks] if choice.NATIVE else [])

STEP = st.one_of(
    st.tuples(st.just("add"), st.binary(max_size=40)),
    st.tuples(
        st.just("add"), st.sampled_from([b"a" * 15, b"b" * 16, b"c" * 255, b"d" * 16383, b"e" * 16384])
    ),
    st.tuples(st.just("add"), st.sampled_from(["text", bytearray(b"x"), None, 1])),
    st.tuples(st.just("open"), st.integers(-5, 40000)),
    st.tuples(st.just("take"), st.none()),
)


def run(chunks: Any, steps: list[tuple[str, Any]]) -> list[Any]:
    """Return what each step returned, and the size behind it."""
    seen: list[Any] = []
    for name, argument in steps:
        result = chunks.take() if name == "take" else getattr(chunks, name)(argument)
        seen.append((result, chunks.size))
    return seen


@pytest.mark.skipif(not choice.NATIVE, reason="the functions in C are not built")
@given(st.lists(STEP, max_size=30))
def test_both_do_the_same(steps: list[tuple[str, Any]]) -> None:
    """Whatever is asked, in any order."""
    assert run(choice.Chunks(), steps) == run(fields.Chunks(), steps)


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_leave_in_their_frames(kind: Any) -> None:
    """In order, each with its size in lower-case hex; `size` counts all of it."""
    chunks = kind()
    chunks.open(1000)
    assert [chunks.add(b"a"), chunks.add(b"b" * 26)] == [True, True]
    expected = b"1\r\na\r\n1a\r\n" + b"b" * 26 + b"\r\n"
    assert chunks.size == len(expected)
    assert chunks.take() == expected
    assert (chunks.size, chunks.take()) == (0, b"")


@pytest.mark.parametrize("kind", KINDS)
def test_it_tells_when_it_is_full(kind: Any) -> None:
    """At `room` bytes, frames included; what came was taken, and more is."""
    chunks = kind()
    chunks.open(12)
    assert [chunks.add(b"a") for _ in range(3)] == [True, False, False]
    assert chunks.take() == b"1\r\na\r\n" * 3


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_does_not_take(kind: Any) -> None:
    """Before `open` and after `take` nothing; never what is no bytes, empty or large."""
    chunks = kind()
    assert chunks.add(b"a") is None
    chunks.open(10)
    for none in (
        b"",
        "a",
        None,
        bytearray(b"a"),
        memoryview(b"a"),
        b"a" * fields.LARGE,
        type("B", (bytes,), {})(b"a"),
    ):
        assert chunks.add(none) is None
    assert chunks.add(b"a" * (fields.LARGE - 1)) is False
    chunks.take()
    assert chunks.add(b"a") is None


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_arguments_raise(kind: Any) -> None:
    """Nothing is taken then."""
    with pytest.raises(TypeError):
        kind(1)
    if kind is not fields.Chunks:
        with pytest.raises(TypeError):
            kind().open("a")
        with pytest.raises(OverflowError):
            kind().open(1 << 80)
