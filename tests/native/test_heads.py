"""`scan_head` takes ordinary heads, as the parser reads them, and leaves the rest to it."""

from __future__ import annotations

import pytest

from tests.kit.parser_reading import Reading
from writehead._native import heads
from writehead._native.heads import scan_head

PLAIN = b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_plain_head_is_taken() -> None:
    """Every attribute of it says what was sent."""
    head = scan_head(b"??" + PLAIN + b"more", 2, 16384, 0)
    assert head is not None
    assert (head.method, head.target, head.url) == ("GET", b"/a?b", "/a?b")
    assert (head.keep_alive, head.length, head.count, head.end) == (True, 0, 1, 2 + len(PLAIN))
    assert (head.text(), head.pairs(), head.joined()) == (["Host", "a"], [(b"host", b"a")], {"host": "a"})


@pytest.mark.parametrize("end", range(len(PLAIN)))
def test_an_incomplete_head_is_left(end: int) -> None:
    """However much of it has come."""
    assert scan_head(PLAIN[:end], 0, 16384, 0) is None


def test_what_it_takes_is_what_the_parser_finds() -> None:
    """The same method, target, fields, length, and verdict on the connection."""
    data = (
        b"POST /%20 HTTP/1.1\r\nHOST:  a.b:80\r\nCookie: a=1\r\ncookie:b=2 \t\r\nX:\r\nx: \xe9\t1\r\n"
        b"Content-Length: 003\r\nConnection: Close\r\n\r\nabc"
    )
    head = scan_head(data, 0, 16384, 0)
    assert head is not None
    [message] = Reading([data]).messages
    assert (head.method, head.target, head.keep_alive) == (
        message.method,
        message.target,
        message.keep_alive,
    )
    assert [each.encode("latin-1") for each in head.text()] == message.fields
    assert (head.length, data[head.end :]) == (3, b"abc")
    assert head.joined()["cookie"] == head.get("cookie") == "a=1; b=2"
    assert head.joined()["x"] == head.get("x") == ", \xe9\t1"


def test_small_limits_leave_it_to_the_parser() -> None:
    """A head as large as the limit, or with one field more than it allows, is not taken."""
    assert scan_head(PLAIN, 0, len(PLAIN), 0) is None
    assert scan_head(PLAIN, 0, len(PLAIN) + 1, 1) is not None
    two = PLAIN[:-2] + b"a: b\r\n\r\n"
    assert scan_head(two, 0, 16384, 1) is None
    many = PLAIN[:-2] + b"a: b\r\n" * heads.MOST_FIELDS + b"\r\n"
    assert scan_head(many, 0, 1 << 20, 0) is None
    large = PLAIN[:-2] + b"a: " + b"b" * heads.SIZE_LIMIT + b"\r\n\r\n"
    assert scan_head(large, 0, 1 << 20, 0) is None
