"""`render_response` puts an ordinary response together; it and its twin write the same bytes, or leave it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writehead._native import choice, fields

BOTH = [fields.render_response] + ([choice.render_response] if choice.NATIVE else [])
STATUS, DATE, KEEP = "HTTP/1.1 200 OK\r\n", "Date: D\r\n", "Connection: keep-alive\r\n"

TEXT = st.text(st.characters(max_codepoint=0x17F), max_size=12)
VALUE = st.one_of(
    TEXT,
    st.integers(-(1 << 70), 1 << 70),
    st.lists(TEXT, max_size=3),
    st.sampled_from([None, 1.5, True, b"x", ["a", 1], ("a",), "\u20ac", ["\u20ac"], 1 << 63, -(1 << 63)]),
)
ENTRY = st.builds(
    lambda name, value: (name.lower(), name, value),
    st.sampled_from(["A", "Cookie", "Set-Cookie", "X-\xe9", "X-Long" * 300]),
    VALUE,
)
BODY = st.sampled_from([b"", b"pong", b"x" * (fields.LARGE - 1), b"x" * fields.LARGE])


def rendered(function: Any, given: Any, body: bytes = b"pong", announce: bool = True) -> Any:
    return function(STATUS, given, DATE, KEEP, body, announce)


@pytest.mark.skipif(not choice.NATIVE, reason="the functions in C are not built")
@given(st.lists(ENTRY, max_size=4), BODY, st.booleans(), st.booleans())
def test_both_write_the_same(entries: list[Any], body: bytes, announce: bool, as_list: bool) -> None:
    """Whatever the fields are, as a list or as a store."""
    given = entries if as_list else {key: entry for key, *_ in entries for entry in [(key, *_)]}
    assert rendered(choice.render_response, given, body, announce) == rendered(
        fields.render_response, given, body, announce
    )


@pytest.mark.parametrize("function", BOTH)
def test_the_parts_stand_in_order(function: Any) -> None:
    """Status line, fields, Date, Connection, length, body."""
    given = {
        "a": ("a", "A", "1"),
        "set-cookie": ("set-cookie", "Set-Cookie", ["x=1", "y=2"]),
        "n": ("n", "N", -5),
    }
    assert rendered(function, given) == (
        b"HTTP/1.1 200 OK\r\nA: 1\r\nSet-Cookie: x=1\r\nSet-Cookie: y=2\r\nN: -5\r\nDate: D\r\n"
        b"Connection: keep-alive\r\nContent-Length: 4\r\n\r\npong"
    )
    assert rendered(function, list(given.values())) == rendered(function, given)
    assert (
        rendered(function, None)
        == b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\npong"
    )
    assert (
        rendered(function, None, announce=False)
        == b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\n\r\npong"
    )


@pytest.mark.parametrize("function", BOTH)
def test_a_large_body_is_not_copied(function: Any) -> None:
    """It is left out, but counted."""
    head = rendered(function, None, b"x" * fields.LARGE)
    assert head.endswith(b"Content-Length: 16384\r\n\r\n")
    assert rendered(function, None, b"x" * (fields.LARGE - 1)).endswith(
        b"\r\n\r\n" + b"x" * (fields.LARGE - 1)
    )


@pytest.mark.parametrize("function", BOTH)
def test_a_head_of_any_size_is_written(function: Any) -> None:
    """However often it outgrows its first place."""
    given = [("x", "X", "v" * size) for size in (10, 1000, 1014, 5000, 100_000)]
    lines = b"".join(b"X: " + b"v" * len(value) + b"\r\n" for _, _, value in given)
    assert rendered(function, given).startswith(STATUS.encode() + lines + DATE.encode())


@pytest.mark.parametrize("function", BOTH)
@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        True,
        b"x",
        ("a",),
        ["a", 1],
        ["a\nb"],
        ["\x00"],
        "\u20ac",
        ["\u20ac"],
        1 << 63,
        type("T", (str,), {})("a"),
    ],
    ids=repr,
)
def test_anything_else_is_left(function: Any, value: Any) -> None:
    """To the general way: it knows the text of such a value, or why there is none."""
    assert rendered(function, [("a", "A", value)]) is None


@pytest.mark.parametrize("function", BOTH)
def test_several_cookies_of_a_client_are_left(function: Any) -> None:
    """They go on one line."""
    assert rendered(function, [("cookie", "Cookie", ["a=1", "b=2"])]) is None
    assert rendered(function, [("cookie", "Cookie", ["a=1"])]) is not None


@pytest.mark.skipif(not choice.NATIVE, reason="the functions in C are not built")
def test_what_is_no_response_is_left_or_refused() -> None:
    """Never a crash."""
    for bad in ((), [1], [()], [("a", "A")], [("a", 1, "b")], {"a": 1}, {"a": ["a", "A", "1"]}, 5):
        assert rendered(choice.render_response, bad) is None
    with pytest.raises(TypeError):
        choice.render_response(STATUS)  # type: ignore[call-arg]
