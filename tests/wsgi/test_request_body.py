"""`wsgi.input` as a stream: what each of its methods returns, however the body comes in."""

from __future__ import annotations

import array
import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writehead._guests.wsgi.request_body import BITE, NO_BODY, RequestBody


class Source:
    """Gives a body in pieces, and notes what it was asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.asked: list[int | None] = []

    def ask(self, size: int | None) -> bytes:
        self.asked.append(size)
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if size is not None and len(piece) > size:
            self.pieces.insert(0, piece[size:])
            piece = piece[:size]
        return piece


def body(*pieces: bytes) -> RequestBody:
    return RequestBody(b"", Source(*pieces).ask)


MAKERS: list[Callable[..., RequestBody]] = [body, lambda *pieces: RequestBody(b"".join(pieces))]


@pytest.fixture(params=MAKERS, ids=["in pieces", "whole"])
def make(request: pytest.FixtureRequest) -> Callable[..., RequestBody]:
    made: Callable[..., RequestBody] = request.param
    return made


def test_read_gives_the_rest(make: Callable[..., RequestBody]) -> None:
    """And at the end nothing, again and again."""
    stream = make(b"ab", b"cd")
    assert stream.read(1) == b"a"
    assert stream.read() == b"bcd"
    assert [stream.read(), stream.read(3), stream.readline(), stream.readlines()] == [b"", b"", b"", []]
    assert make(b"abc").read(-1) == make(b"abc").read(None) == b"abc"


def test_read_waits_for_all_that_it_is_asked_for(make: Callable[..., RequestBody]) -> None:
    """It is shorter only at the end."""
    stream = make(b"a", b"b", b"cde", b"f")
    assert stream.read(3) == b"abc"
    assert stream.read(0) == b""
    assert stream.read(100) == b"def"


def test_a_line_ends_at_a_line_feed(make: Callable[..., RequestBody]) -> None:
    r"""Whatever the pieces are; `\r` is no end of a line."""
    stream = make(b"a\r", b"b", b"\nc\n\n", b"d")
    assert [stream.readline() for _ in range(5)] == [b"a\rb\n", b"c\n", b"\n", b"d", b""]
    assert make(b"ab\n").readline(None) == b"ab\n"


def test_a_line_longer_than_the_size_comes_in_parts(make: Callable[..., RequestBody]) -> None:
    """Each of that size."""
    stream = make(b"ab", b"cdef\ng", b"h")
    assert [stream.readline(4), stream.readline(4), stream.readline(1)] == [b"abcd", b"ef\n", b"g"]
    assert stream.readline(0) == b""
    assert stream.readline(9) == b"h"


def test_readlines_stops_behind_the_hint(make: Callable[..., RequestBody]) -> None:
    """Without one, or with none above 0, it gives all."""
    assert make(b"a\nb", b"\nc").readlines() == [b"a\n", b"b\n", b"c"]
    assert make(b"a\nb\nc").readlines(0) == make(b"a\nb\nc").readlines(None) == [b"a\n", b"b\n", b"c"]
    stream = make(b"a\nb", b"\nc")
    assert stream.readlines(3) == [b"a\n", b"b\n"]
    assert stream.readlines(1) == [b"c"]


def test_iterating_gives_lines(make: Callable[..., RequestBody]) -> None:
    """And ends."""
    stream = make(b"a\n", b"b\nc")
    assert next(stream) == b"a\n"
    assert list(stream) == [b"b\n", b"c"]
    with pytest.raises(StopIteration):
        next(stream)


def test_readinto_fills_a_buffer(make: Callable[..., RequestBody]) -> None:
    """Of whatever items; it returns the number of bytes."""
    stream = make(b"abc", b"def")
    room = bytearray(4)
    assert (stream.readinto(room), bytes(room)) == (4, b"abcd")
    assert (stream.readinto(room), bytes(room[:2])) == (2, b"ef")
    assert stream.readinto(room) == 0
    numbers = array.array("I", [0])
    assert make(b"\1\0\0\0").readinto(numbers) == 4
    assert numbers[0] in (1, 1 << 24)


def test_what_a_body_is_not() -> None:
    """It cannot be closed, and has no position."""
    assert not [name for name in ("close", "seek", "tell", "seekable") if hasattr(NO_BODY, name)]


def test_no_body_is_at_its_end() -> None:
    """One object serves all requests without a body."""
    assert (NO_BODY.read(), NO_BODY.read(5), NO_BODY.readline(), list(NO_BODY)) == (b"", b"", b"", [])


def test_it_is_asked_for_no_more_than_is_read() -> None:
    """But for a bite, so that a read of one byte is not a way to the loop each."""
    source = Source(b"x" * 100_000)
    stream = RequestBody(b"", source.ask)
    stream.read(1)
    stream.read(1)
    stream.readline(5)
    assert source.asked == [BITE]
    stream.read(40_000)
    assert source.asked == [BITE, 40_000 - (BITE - 7)]
    stream.read()
    assert source.asked[2:] == [None, None]  # the rest, and the end


def test_a_size_must_be_a_number(make: Callable[..., RequestBody]) -> None:
    """As for any stream."""
    stream: Any = make(b"abc")
    with pytest.raises(TypeError):
        stream.read("1")
    with pytest.raises(TypeError):
        stream.readline(b"1")


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(-1, 40)),
        st.tuples(st.just("readline"), st.integers(-1, 40)),
        st.tuples(st.just("readlines"), st.integers(-1, 20)),
        st.tuples(st.just("next"), st.just(0)),
    ),
    max_size=12,
)


@given(
    st.lists(st.text("ab\n", min_size=1, max_size=12).map(str.encode), max_size=8), STEPS, st.integers(0, 99)
)
def test_it_reads_as_a_file_does(pieces: list[bytes], steps: list[tuple[str, int]], seed: int) -> None:
    """Any calls in any order give what `io.BytesIO` gives."""
    whole = b"".join(pieces)
    first = random.Random(seed).randint(0, 1) and pieces and pieces.pop(0)
    stream = RequestBody(first or b"", Source(*pieces).ask)
    model = io.BytesIO(whole)
    for name, size in steps:
        if name == "next":
            assert next(stream, b"") == next(model, b"")
        elif name == "readlines":  # BytesIO stops before the line that passes the hint
            hint = size
            got = stream.readlines(hint)
            expected = []
            total = 0
            for line in model:
                expected.append(line)
                total += len(line)
                if 0 < hint <= total:
                    break
            assert got == expected
        else:
            assert getattr(stream, name)(size) == getattr(model, name)(size)
    assert stream.read() == model.read()
