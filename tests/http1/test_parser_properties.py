"""Whatever is sent, how it is cut into packets, and which lane it takes, make no difference."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.kit.parser_reading import C, G, P, R, Reading, cut

TOKEN = st.sampled_from([b"X", b"Accept", b"x-long-name", b"Cookie", b"Host", b"Expect", b"Connection"])
VALUE = st.sampled_from(
    [b"", b"1", b"a, b", b" close ", b"keep-alive", b"v" * 40, b"upgrade", b"\xe9\t;=", b"\x00"]
)
FIELD = st.builds(lambda name, value: name + b": " + value + b"\r\n", TOKEN, VALUE)
LINE = st.sampled_from(
    [b"GET / HTTP/1.1\r\n", b"GET /a?b HTTP/1.1\r\n", b"DELETE * HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n", b"GET  / HTTP/1.1\r\n"]
)  # fmt: skip
HEAD = st.builds(lambda line, fields: line + b"".join(fields) + b"\r\n", LINE, st.lists(FIELD, max_size=5))
BODY = st.binary(max_size=30)
LENGTH = st.builds(lambda body: P + b"Content-Length: %d\r\n\r\n" % len(body) + body, BODY)
CHUNK = st.builds(lambda body, extension: b"%x%b\r\n%b\r\n" % (len(body), extension, body),
                  st.binary(min_size=1, max_size=30), st.sampled_from([b"", b";a", b';a="b;c"']))  # fmt: skip
CHUNKED = st.builds(
    lambda chunks, trailers: C + b"".join(chunks) + b"0\r\n" + b"".join(trailers) + b"\r\n",
    st.lists(CHUNK, max_size=4),
    st.lists(FIELD, max_size=2),
)
UPGRADE = st.just(R + b"Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nab")
JUNK = st.sampled_from([b"", b"", b"\r\n", b"\r", b"G@", b"\x00", b"POST", b"0\r\n\r\n"])
STREAM = st.lists(st.one_of(st.just(G), HEAD, LENGTH, CHUNKED, UPGRADE, JUNK), max_size=6).map(b"".join)


def places(data: bytes, shares: list[float]) -> list[int]:
    return sorted(int(share * len(data)) for share in shares)


@settings(deadline=None, max_examples=300)
@given(STREAM, st.lists(st.floats(0, 1), max_size=8), st.booleans(), st.sampled_from([40, 100, 16384]))
@example(
    P + b"Content-Length: 1\r\n\r\n\x00GET / HTTP/1.1\r\n" + b"X: \r\n" * 4 + b"x-long-name: \x00\r\n\r\n",
    [0.5],
    False,
    40,
)
def test_cuts_and_lanes_make_no_difference(data: bytes, shares: list[float], lazy: bool, size: int) -> None:
    """Any stream gives the same items, the same error and the same state, however it comes."""
    options: dict[str, Any] = {"size": size, "count": 4}
    whole = Reading([data], **options)
    parts = Reading(cut(data, places(data, shares)), lazy=lazy, **options)
    single = Reading([data[at : at + 1] for at in range(len(data))], lazy=lazy, **options)
    assert parts.shown() == single.shown() == whole.shown()


@settings(deadline=None, max_examples=200)
@given(st.lists(HEAD, min_size=1, max_size=4))
def test_the_quick_lane_finds_what_the_other_finds(heads: list[bytes]) -> None:
    """One request a packet, some of them remembered: the same fields, verdict and error."""
    assert Reading(heads, lazy=True).shown() == Reading(heads).shown()
    assert Reading(heads, lazy=True).shown() == Reading(heads).shown()


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_parsed_or_refused(data: bytes, lenient: bool) -> None:
    """Nothing but a `ParseError` comes of noise, behind a head or alone."""
    for before in (b"", R, C, P + b"Content-Length: 5\r\n\r\n"):
        reading = Reading([before + data, data], lenient=lenient, lazy=True)
        if reading.error is None:
            reading.parser.end_of_input()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 9000),
    st.binary(max_size=5),
    st.sampled_from([b"", b"Connection: upgrade\r\nUpgrade: x\r\n"]),
    st.lists(st.floats(0, 1), max_size=5),
)
@example(5000, b"12345", b"", [0.999])
def test_zeros_before_a_length_make_no_difference(
    zeros: int, body: bytes, upgrade: bytes, shares: list[float]
) -> None:
    """Also more than the 4300 digits that `int` takes, however the request is cut."""
    data = (
        b"POST / HTTP/1.1\r\n"
        + upgrade
        + b"Content-Length: %b%d\r\n\r\n%b" % (zeros * b"0", len(body), body)
        + G
    )
    whole = Reading([data])
    parts = Reading(cut(data, places(data, shares)))
    assert parts.shown() == whole.shown()
    assert str(whole.shown()).count("GET") == 1
