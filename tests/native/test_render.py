"""`render_response` puts an ordinary response together; it and its twin write the same bytes, or leave it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writehead._native import choice, fields

BOTH_CHECKS = [fields.check_pairs] + ([choice.check_pairs] if choice.NATIVE else [])
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


# -- pairs of bytes ----------------------------------------------------------------

NAME_BYTES = st.sampled_from(
    [
        b"a",
        b"X-B",
        b"content-length",
        b"Content-Length",
        b"date",
        b"Trailer",
        b"connection",
        b"",
        b"a b",
        b"\xe9",
    ]
)
VALUE_BYTES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from([b"5", b"05", b"", b"-1", b"1" * 18, b"1" * 19, b"a\tb", b"a\x7f"]),
)
PAIR = st.one_of(
    st.tuples(NAME_BYTES, VALUE_BYTES),
    st.sampled_from(
        [(b"a",), (b"a", "b"), [b"a", b"b"], (b"a", b"b", b"c"), ("a", b"b"), None, (b"a", bytearray())]
    ),
)


@pytest.mark.skipif(not choice.NATIVE, reason="the functions in C are not built")
@given(st.one_of(st.lists(PAIR, max_size=5), st.tuples(PAIR)))
def test_both_judge_pairs_alike(pairs: Any) -> None:
    """Whatever they are; and what is accepted is rendered alike, as often as it comes."""
    found = choice.check_pairs(pairs)
    assert fields.check_pairs(pairs) == found
    assert fields.check_pairs(pairs) == found
    if found is not None:
        assert rendered(choice.render_response, pairs) == rendered(fields.render_response, pairs)


@pytest.mark.parametrize("check", BOTH_CHECKS)
@pytest.mark.parametrize(
    ("pairs", "length"),
    [
        ([], -1),
        ([(b"a", b"b"), (b"X-A", b"\t \x80\xff~")], -1),
        ([(b"set-cookie", b"a"), (b"set-cookie", b"b")], -1),
        ([(b"a", b"b"), (b"Content-Length", b"05")], 5),
        ([(b"content-length", b"9" * 18)], 10**18 - 1),
    ],
)
def test_pairs_of_an_ordinary_response_are_accepted(check: Any, pairs: Any, length: int) -> None:
    """With the length that they announce, if they do."""
    assert check(pairs) == length
    assert check(pairs) == length


@pytest.mark.parametrize("check", BOTH_CHECKS)
@pytest.mark.parametrize(
    "pairs",
    [
        ((b"a", b"b"),),
        None,
        [[b"a", b"b"]],
        [(b"a",)],
        [(b"a", b"b", b"c")],
        [("a", b"b")],
        [(b"a", "b")],
        [(b"a", bytearray(b"b"))],
        [(b"", b"b")],
        [(b"a b", b"b")],
        [(b"a\xe9", b"b")],
        [(b"a", b"b\n")],
        [(b"a", b"\x00")],
        [(b"a", b"\x7f")],
        [(b"Connection", b"close")],
        [(b"DATE", b"x")],
        [(b"expect", b"x")],
        [(b"keep-alive", b"x")],
        [(b"Trailer", b"x")],
        [(b"transfer-encoding", b"chunked")],
        [(b"content-length", b"1"), (b"content-length", b"1")],
        [(b"content-length", b"")],
        [(b"content-length", b"+1")],
        [(b"content-length", b"9" * 19)],
    ],
)
def test_other_pairs_are_left(check: Any, pairs: Any) -> None:
    """The general checks decide."""
    assert check(pairs) is None


@pytest.mark.parametrize("function", BOTH)
def test_pairs_are_written_as_they_are(function: Any) -> None:
    """In their order and spelling."""
    given = [(b"X-B", b"\xe9"), (b"x-a", b""), (b"X-B", b"2")]
    assert rendered(function, given, announce=False) == (
        b"HTTP/1.1 200 OK\r\nX-B: \xe9\r\nx-a: \r\nX-B: 2\r\nDate: D\r\nConnection: keep-alive\r\n\r\npong"
    )


def test_few_pairs_are_kept() -> None:
    """The memory of the twin is emptied when it is full, and holds no cookies."""
    fields.check_pairs([(b"set-cookie", b"kept?")])
    assert (b"set-cookie", b"kept?") not in fields._pair_lengths
    for number in range(3000):
        assert fields.check_pairs([(b"x", b"%d" % number)]) == -1
    assert len(fields._pair_lengths) <= 1024
    assert len(fields._pair_lines) <= 1024
