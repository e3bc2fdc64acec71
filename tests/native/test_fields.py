"""`check_field` accepts what is plainly good; `frame_chunk` makes a chunk."""

from __future__ import annotations

import pytest

from writehead._native.fields import check_field, frame_chunk


@pytest.mark.parametrize("value", ["", "a b\t\x80\xff", 5, ["a", "b"], (), ("a",)])
def test_a_good_field_has_its_key(value: object) -> None:
    """The name in lower case."""
    assert check_field("X-Good", value) == "x-good"


@pytest.mark.parametrize(
    "value", ["\n", "\x00", "\x7f", "\u0100", True, 1.5, None, b"", ["a\r"], ["a", 1], {"a"}]
)
def test_a_doubtful_value_is_left(value: object) -> None:
    """The general checks decide."""
    assert check_field("X-Good", value) is None


@pytest.mark.parametrize("name", ["", "a b", "a:", "\xe9", "a\n", None, b"a", 1])
def test_a_doubtful_name_is_left(name: object) -> None:
    """The general checks decide."""
    assert check_field(name, "a") is None


def test_a_chunk_has_its_size() -> None:
    """In hexadecimal digits, in a line before it."""
    assert frame_chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert frame_chunk(b"") == b"0\r\n\r\n"
