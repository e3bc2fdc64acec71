"""`scan_head` takes ordinary heads, as the parser reads them, and leaves the rest to it: in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.heads import BYTES, FIELDS, FRAMING, HOSTS, LINES, ODD_FIELDS, ODD_LINES, Judge
from tests.kit.native import HEADS
from tests.kit.parser_reading import Reading
from writehead._native import choice, heads
from writehead._semantics import fields as _fields

PLAIN = b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n"

both = pytest.mark.parametrize("native", HEADS)


def scan(native: Any, data: bytes) -> Any:
    return native.scan_head(data, 0, 16384, 0)


def with_line(line: bytes) -> bytes:
    return line + b"Host: a\r\n\r\n"


def with_field(field: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n"


def with_host(field: bytes) -> bytes:
    return b"GET / HTTP/1.1\r\n" + field + b"\r\n"


@both
def test_a_plain_head_is_taken(native: Any) -> None:
    """Every attribute of it says what was sent."""
    head = native.scan_head(b"??" + PLAIN + b"more", 2, 16384, 0)
    assert (head.method, head.target, head.url) == ("GET", b"/a?b", "/a?b")
    assert (head.keep_alive, head.length, head.count, head.end) == (True, 0, 1, 2 + len(PLAIN))
    assert (head.text(), head.pairs(), head.joined()) == (["Host", "a"], [(b"host", b"a")], {"host": "a"})


@both
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", False),
        ("/ap", False),
        ("/api", True),
        ("/apis", True),
        ("/b/c", True),
        ("/b", False),
        ("/x%41", True),
        ("/x?/api", False),
    ],
)
def test_it_tells_what_a_guest_may_take(native: Any, target: str, expected: bool) -> None:
    """By how the target begins; one that is encoded may begin in any way."""
    head = native.scan_head(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target.encode(), 0, 16384, 0)
    assert head.may_begin((b"/api", b"/b/")) is expected
    assert head.may_begin(()) is ("%" in target)


@both
@pytest.mark.parametrize("wrong", [[b"/api"], ("/api",), None])
def test_it_takes_nothing_else_for_beginnings(native: Any, wrong: Any) -> None:
    """An error, not a crash."""
    head = native.scan_head(PLAIN, 0, 16384, 0)
    with pytest.raises(TypeError):
        head.may_begin(wrong)


@both
@pytest.mark.parametrize("end", range(len(PLAIN)))
def test_an_incomplete_head_is_left(native: Any, end: int) -> None:
    """However much of it has come."""
    assert scan(native, PLAIN[:end]) is None


TAKEN = [
    *map(with_line, LINES),
    *map(with_host, HOSTS),
    *map(with_field, FIELDS),
    *map(with_field, FRAMING),
    with_field(b"".join(FIELDS)),
    *(with_field(b"A: " + b"a" * size + b"\r\n") for size in range(20)),
    *(with_field(b"A: " + b"a" * size + b"\xe9\t \r\n") for size in range(20)),
    *(with_field(b"%b:\r\n" % bytes([each])) for each in b"!#$%&'*+-.^_`|~09AZaz"),
]


@both
@pytest.mark.parametrize("data", TAKEN)
def test_what_it_takes_is_what_the_parser_finds(native: Any, data: bytes) -> None:
    """The same method, target, fields, length, and verdict on the connection."""
    head = scan(native, data)
    assert head is not None
    reading = Reading([data])
    [message] = reading.messages
    assert reading.error is None
    assert head.end == len(data)
    assert (head.method, head.target) == (message.method, message.target)
    assert head.keep_alive is message.keep_alive
    assert [each.encode("latin-1") for each in head.text()] == message.fields
    assert [each.isascii() for each in head.text()] == [each.isascii() for each in message.fields]
    assert reading.bodies == [None if head.length else b""]


LEFT = {
    "another method": [with_line(b"%b / HTTP/1.1\r\n" % each) for each in (b"get", b"TRACE", b"CONNECT", b"QUERY", b"")],
    "a target in another form": [with_line(b"GET %b HTTP/1.1\r\n" % each) for each in (b"", b"*", b"a:80", b"http://a/")],
    "a fragment": [with_line(b"GET /%b HTTP/1.1\r\n" % each) for each in (b"#", b"a#b")],
    "a byte that no target has": [
        with_line(b"GET /a%bb HTTP/1.1\r\n" % bytes([each])) for each in [*range(0x21), *range(0x7f, 0x100)]
    ],
    "another version": [with_line(b"GET / %b\r\n" % each) for each in (b"HTTP/1.0", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"")],
    "another request line": [*map(with_line, ODD_LINES)],
    "other line ends": [PLAIN.replace(b"\r\n", each) for each in (b"\n", b"\r", b"\r\r\n", b"\n\r")]
    + [PLAIN[:-2] + b"\n", PLAIN[:-4] + b"\n\r\n", PLAIN[:-4] + b"\r\n\n"],
    "an empty line before it": [b"\r\n" + PLAIN, b"\n" + PLAIN],
    "a name that is no token": [
        with_field(b"A%bB: c\r\n" % bytes([each])) for each in range(256) if each not in b":!#$%&'*+-.^_`|~"
        and not bytes([each]).isalnum()
    ] + [with_field(each) for each in (b": a\r\n", b"A\r\n", b"A : b\r\n", b" A: b\r\n")],
    "a folded line": [with_field(b"A: b\r\n%bc\r\n" % each) for each in (b" ", b"\t")],
    "a byte that no value has": [
        with_field(b"A: %b%b%b\r\n" % (b"a" * at, bytes([each]), b"b" * 9))
        for each in [*range(9), *range(10, 0x20), 0x7f] for at in (0, 3, 7, 8, 9)
    ],
    "no Host": [b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nA: b\r\n\r\n"],
    "two Hosts": [PLAIN[:-2] + b"host: a\r\n\r\n"],
    "another Host": [
        with_host(b"Host:%b\r\n" % each)
        for each in (b"", b" ", b"a:", b":80", b"a:b", b"[::1]", b"%41", b"a b", b"a,b", b"a@b", b"a/b", b"\xe9", b"a ", b"a:1:2")
    ],
    "Connection": [
        with_field(b"Connection: %b\r\n" % each)
        for each in (b"", b"upgrade", b"close, a", b"closed", b"clos", b"close ", b"keepalive", b"keep-alive, close", b"keep-alive\t", b"\x0bclose")
    ] + [with_field(b"Connection: close\r\nconnection: close\r\n")],
    "Content-Length": [
        with_field(b"Content-Length: %b\r\n" % each)
        for each in (b"", b"1" * 16, b"0" * 16, b"+1", b"-1", b"1,1", b"1 1", b"0x1", b"1 ", b"1\t", b"one", b"1_0", b"\xb2")
    ] + [with_field(b"Content-Length: 1\r\ncontent-length: 1\r\n")],
    "another framing": [
        with_field(b"%b: x\r\n" % each)
        for name in (b"Transfer-Encoding", b"Upgrade", b"Expect", b"Proxy-Connection")
        for each in (name, name.lower(), name.upper())
    ],
    "any other odd field": [with_field(each) for each in ODD_FIELDS if each not in (b"\r\n", b"\n")],
}  # fmt: skip


@both
@pytest.mark.parametrize("why", LEFT)
def test_anything_else_is_left_to_the_parser(native: Any, why: str) -> None:
    """Whatever the parser thinks of it."""
    for data in LEFT[why]:
        assert scan(native, data) is None, data


@both
def test_small_limits_leave_it_to_the_parser(native: Any) -> None:
    """A head as large as the limit, or with one field more than it allows, is not taken."""
    assert native.scan_head(PLAIN, 0, len(PLAIN), 0) is None
    assert native.scan_head(PLAIN, 0, len(PLAIN) + 1, 1) is not None
    assert native.scan_head(b"??" + PLAIN, 2, len(PLAIN), 0) is None
    two = PLAIN[:-2] + b"a: b\r\n\r\n"
    assert native.scan_head(two, 0, 16384, 1) is None
    assert native.scan_head(two, 0, 16384, 2) is not None
    for nothing in (0, -1):
        assert native.scan_head(PLAIN, 0, nothing, 0) is None
    assert native.scan_head(PLAIN, 0, 1 << 70, 1 << 70) is not None
    assert native.scan_head(PLAIN, 0, -(1 << 70), 0) is None


@both
def test_very_large_heads_are_left_to_the_parser(native: Any) -> None:
    """Whatever the limits are."""
    for count in (255, 256, 257):
        many = PLAIN[:-2] + b"a: b\r\n" * (count - 1) + b"\r\n"
        assert (native.scan_head(many, 0, 1 << 20, 0) is not None) is (count <= heads.MOST_FIELDS)
        assert (native.scan_head(many, 0, 1 << 20, 1 << 20) is not None) is (count <= heads.MOST_FIELDS)
    for size in (65535, 65536, 65537, 131072 + len(PLAIN)):
        large = PLAIN[:-2] + b"a:" + b"b" * (size - len(PLAIN) - 4) + b"\r\n\r\n"
        assert len(large) == size
        assert (native.scan_head(large, 0, 1 << 20, 0) is not None) is (size < heads.SIZE_LIMIT)


@both
def test_it_begins_anywhere(native: Any) -> None:
    """Before the first byte is at the first byte; behind the last there is nothing."""
    assert native.scan_head(PLAIN, -5, 16384, 0).end == len(PLAIN)
    assert native.scan_head(PLAIN, 1, 16384, 0) is None
    assert native.scan_head(PLAIN, len(PLAIN), 16384, 0) is None
    assert native.scan_head(b"", 0, 16384, 0) is None
    # Of large data, too, of which the head has its own part.
    head = native.scan_head(b"x" * 9000 + PLAIN + b"y" * 9000, 9000, 16384, 0)
    assert (head.target, head.text(), head.end) == (b"/a?b", ["Host", "a"], 9000 + len(PLAIN))


@both
def test_only_bytes_are_scanned(native: Any) -> None:
    """As the event loop reads them."""
    with pytest.raises(TypeError):
        native.scan_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0, 16384, 0)
    with pytest.raises((TypeError, AttributeError)):
        native.scan_head(None, 0, 16384, 0)


def duplicates() -> list[str]:
    """Return the names whose duplicates join in a way of their own, and one that has none."""
    return sorted({*_fields._FIRST_WINS, "set-cookie", "cookie", "x", "accept"} - {"host", "content-length"})


@both
@pytest.mark.parametrize("name", duplicates())
def test_duplicates_join_by_the_rule_of_their_name(native: Any, name: str) -> None:
    """In `joined` and in `get`, with `join_duplicates` and without."""
    upper = name.title().encode()
    head = scan(native, with_field(upper + b": 1\r\nB: b\r\n" + name.encode() + b":2\r\n" + upper + b":\r\n"))
    for join in (False, True):
        joined = head.joined(join)
        assert list(joined.items()) == list(_fields.joined(head.text(), join).items())
        assert list(joined) == ["host", name, "b"]
    assert head.get(name) == head.joined()[name]


@both
def test_every_first_one_wins_in_c(native: Any) -> None:
    """Of Host and Content-Length there is only one."""
    head = scan(native, with_field(b"Content-Length: 1\r\n"))
    assert head.joined(True) == {"host": "a", "content-length": "1"}


@both
def test_one_field_is_looked_up(native: Any) -> None:
    """By its lower-case name; None if there is none."""
    head = scan(native, with_field(b"X-A: 1\r\nSet-Cookie: a\r\n"))
    assert (head.get("host"), head.get("x-a"), head.get("set-cookie")) == ("a", "1", ["a"])
    for name in ("X-A", "x-b", "x-", "", "x-a ", "\xe9", "\u20ac", "x-\x01", "x\r\nhost", ":"):
        assert head.get(name) is None, name
    if native is not heads:  # the twin finds nothing
        with pytest.raises((TypeError, AttributeError)):
            head.get(b"host")


@both
def test_what_is_given_is_the_callers(native: Any) -> None:
    """A list or dict that the caller changes is not seen by the next."""
    head = scan(native, with_field(b"Set-Cookie: a\r\n"))
    head.text().clear()
    head.pairs().clear()
    head.joined()["set-cookie"].append("b")
    head.joined().clear()
    head.get("set-cookie").append("b")
    assert head.text() == ["Host", "a", "Set-Cookie", "a"]
    assert head.joined() == {"host": "a", "set-cookie": ["a"]}
    assert head.get("set-cookie") == ["a"]


def a_head() -> Any:
    """Draw a head that is ordinary or nearly so."""
    lines = st.sampled_from([*HOSTS, *FIELDS, *FRAMING, *ODD_FIELDS])
    heads = st.builds(
        lambda line, host, fields: line + host + b"".join(fields) + b"\r\n",
        st.sampled_from([*LINES, *LINES, *ODD_LINES]),
        st.sampled_from(HOSTS),
        st.lists(lines, max_size=6),
    )
    changes = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(BYTES), st.integers(0, 2)), max_size=2)
    return st.builds(_changed, heads, changes)


def _changed(data: bytes, changes: list[tuple[float, bytes, int]]) -> bytes:
    for share, what, instead in changes:
        at = int(share * len(data))
        data = data[:at] + what + data[at + instead :]
    return data


@settings(deadline=None, max_examples=300)
@given(
    a_head(),
    st.sampled_from([b"", b"x", b"G", b"\r\n", PLAIN]),
    st.sampled_from([0, 1, 3]),
    st.sampled_from([90, 16384]),
)
def test_both_languages_and_the_parser_agree(data: bytes, before: bytes, count: int, size: int) -> None:
    """On heads that are ordinary, or nearly so, wherever they begin and with any limits."""
    judge = Judge(choice.scan_head)
    judge.judge(data)
    judge.judge(before + data + before, len(before), size, count)
    judge.judge_cuts(data)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_taken_or_left(noise: bytes) -> None:
    """Alone, or where a field may stand."""
    judge = Judge(choice.scan_head)
    judge.judge(noise)
    judge.judge(with_field(noise))
    judge.judge(with_field(noise + b"\r\n"))
