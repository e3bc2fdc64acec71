"""Chunks: what may be written, and as which bytes."""

from __future__ import annotations

import array
from typing import Any

import pytest

from tests.kit.response_stage import code_of
from writehead._node.byte_input import as_bytes


class Text(str):
    """A str all the same."""


@pytest.mark.parametrize(
    ("chunk", "encoding", "data"),
    [
        ("é", None, b"\xc3\xa9"),
        ("", None, b""),
        (Text("é"), "latin1", b"\xe9"),
        ("a\ud800b", None, b"a\xef\xbf\xbdb"),
        ("6869", "HEX", b"hi"),
        ("aGk-_w", "base64", b"hi>\xff"),
        (b"\xff", None, b"\xff"),
        (b"6869", "hex", b"6869"),
        (bytearray(b"ab"), None, b"ab"),
        (memoryview(b"ab"), None, b"ab"),
        (memoryview(b"abcdef")[::2], None, b"ace"),
        (memoryview(array.array("H", [1, 2])), None, array.array("H", [1, 2]).tobytes()),
        (array.array("B", b"ab"), None, b"ab"),
    ],
)
def test_text_and_whatever_is_bytes_like(chunk: Any, encoding: str | None, data: bytes) -> None:
    """Text in the encoding, utf-8 by default; bytes as they are, whatever the encoding says."""
    assert as_bytes(chunk, encoding) == data


def test_bytes_are_copied_if_they_may_change() -> None:
    """A bytearray may be reused at once."""
    chunk = bytearray(b"ab")
    data = as_bytes(chunk, None)
    chunk[:] = b"xy"
    assert data == b"ab"


@pytest.mark.parametrize(
    ("chunk", "encoding", "code"),
    [
        (None, None, "ERR_STREAM_NULL_VALUES"),
        (5, None, "ERR_INVALID_ARG_TYPE"),
        (True, None, "ERR_INVALID_ARG_TYPE"),
        (1.5, None, "ERR_INVALID_ARG_TYPE"),
        ({}, None, "ERR_INVALID_ARG_TYPE"),
        (["a"], None, "ERR_INVALID_ARG_TYPE"),
        ("a", "latin-9", "ERR_UNKNOWN_ENCODING"),
        (b"a", "latin-9", "ERR_UNKNOWN_ENCODING"),
        (None, "latin-9", "ERR_UNKNOWN_ENCODING"),
        ("a", 5, "ERR_UNKNOWN_ENCODING"),
    ],
)
def test_what_is_no_chunk(chunk: Any, encoding: Any, code: str) -> None:
    """Nothing, another type, an encoding that nobody knows."""
    assert code_of(lambda: as_bytes(chunk, encoding)) == code


def test_the_error_names_the_type() -> None:
    """What was received, and what would be right."""
    with pytest.raises(TypeError, match=r"bytes-like object.*dict|dict.*bytes-like"):
        as_bytes({"a": 1}, None)
