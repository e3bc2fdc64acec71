"""`check_field` accepts what is plainly good; `frame_chunk` makes a chunk: in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.written import judge_field
from tests.kit.native import FIELDS
from writehead._native import choice
from writehead._semantics import fields as _fields

both = pytest.mark.parametrize("native", FIELDS)

TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LARGE_LIST = ["v"] * 1000


class Text(str):
    """Another kind of text."""


class Number(int):
    """Another kind of number."""


class Many(list[str]):
    """Another kind of list."""


@both
@pytest.mark.parametrize(
    "name", [*TOKEN_CHARACTERS, "X-Good", "x-good", "Content-Type", "content-type", "CONTENT-TYPE", "a" * 300]
)
def test_a_token_has_its_key(native: Any, name: str) -> None:
    """The name in lower case."""
    assert native.check_field(name, "a") == _fields.check_name(name) == name.lower()


@both
@pytest.mark.parametrize(
    "value",
    ["", "a b\t\x80\xff", "0123456789" * 9 + "\xe9", 5, 0, -1, 1 << 70, [], ["a", "b"], (), ("a",), LARGE_LIST],
)  # fmt: skip
def test_a_good_value_passes(native: Any, value: Any) -> None:
    """The general checks store the same."""
    assert native.check_field("X-Good", value) == "x-good"
    assert _fields.check_value("X-Good", value) == (list(value) if type(value) is tuple else value)


BAD_VALUES = [
    *(chr(each) for each in [*range(9), *range(10, 0x20), 0x7F]),
    *("v" * at + each + "v" * 9 for at in (1, 7, 8, 9) for each in "\x00\n\r\x1f\x7f"),
    *("v" * at + each + "v" * 9 for at in (0, 1, 7, 8, 9) for each in ("\u0100", "\u20ac", "\ud800", "\U0001f600")),
    None, True, False, 1.5, float("nan"), b"a", bytearray(b"a"), {"a"}, {"a": "b"}, object(), Text("a"), Number(1), Many(["a"]),
    ["\n"], ["a", "a\r"], ("\x00",), ["a", 1], [None], [b"a"], [["a"]], ["\u0100"], [Text("a")], [*LARGE_LIST, "\n"],
]  # fmt: skip


@both
@pytest.mark.parametrize("value", BAD_VALUES)
def test_a_doubtful_value_is_left(native: Any, value: Any) -> None:
    """The general checks decide."""
    assert native.check_field("X-Good", value) is None


BAD_NAMES = [
    "", "\u0100", "a\u0100", "\ud800", None, b"a", 1, ["a"], Text("a"),
    *(before + chr(each) + behind for each in range(256) if chr(each) not in TOKEN_CHARACTERS for before, behind in ("  ", "aa", ("a", ""), ("", "a"))),
]  # fmt: skip


@both
def test_a_doubtful_name_is_left(native: Any) -> None:
    """The general checks decide."""
    for name in BAD_NAMES:
        assert native.check_field(name, "a") is None, name


@both
def test_a_list_is_left_as_it_is(native: Any) -> None:
    """It is checked, not copied."""
    values = ["a", "b"]
    assert native.check_field("x", values) == "x"
    assert values == ["a", "b"]


@settings(deadline=None, max_examples=400)
@given(
    st.one_of(st.text(st.sampled_from(TOKEN_CHARACTERS), max_size=20), st.text(max_size=8), st.none()),
    st.one_of(
        st.text(st.characters(max_codepoint=0x110), max_size=30),
        st.lists(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x100), max_size=9), max_size=4),
        st.integers(),
        st.booleans(),
        st.binary(max_size=3),
    ),
)
def test_what_passes_the_general_checks_accept(name: Any, value: Any) -> None:
    """With the same key; and both languages agree."""
    judge_field(choice.check_field, name, value)


CHUNKS = [
    (0, b"0\r\n"), (1, b"1\r\n"), (9, b"9\r\n"), (10, b"a\r\n"), (15, b"f\r\n"), (16, b"10\r\n"), (26, b"1a\r\n"),
    (255, b"ff\r\n"), (256, b"100\r\n"), (4095, b"fff\r\n"), (4096, b"1000\r\n"), (65536, b"10000\r\n"), (703710, b"abcde\r\n"),
]  # fmt: skip


@both
@pytest.mark.parametrize(("size", "line"), CHUNKS)
def test_a_chunk_has_its_size(native: Any, size: int, line: bytes) -> None:
    """In hexadecimal digits, in a line before it."""
    data = bytes(each % 251 for each in range(size))
    assert native.frame_chunk(data) == line + data + b"\r\n"


@both
def test_only_bytes_are_a_chunk(native: Any) -> None:
    """Text has to be encoded before."""
    for wrong in ("a", None, 1):
        with pytest.raises(TypeError):
            native.frame_chunk(wrong)
