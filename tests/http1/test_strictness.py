"""Request lines, looked for in what came: in order, and each byte about once."""

from __future__ import annotations

import pytest

from writehead._http1.strictness import RequestLines


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"GET /a HTTP/1.0\r\n", True),
        (b"GET /a HTTP/1.0\n", True),
        (b"hello" + b"GET   /a   HTTP/1.0\r\n", True),
        (b"GET /b HTTP/1.0\r\nGET /a HTTP/1.0\r\n", True),
        (b"GET /a HTTP/1.0 HTTP/1.0\r\nGET /a HTTP/1.0\r\n", True),
        (b"GET /a HTTP/1.0", False),
        (b"GET /a HTTP/1.0x\r\n", False),
        (b"GET /aHTTP/1.0\r\n", False),
        (b"GET/a HTTP/1.0\r\n", False),
        (b"GE /a HTTP/1.0\r\n", False),
        (b"/a HTTP/1.0\r\n", False),
        (b" HTTP/1.0\r\n", False),
        (b"GET /a RTSP/1.0\r\n", False),
        (b"", False),
    ],
)
def test_a_line_is_found_where_it_stands(raw: bytes, found: bool) -> None:
    """Method, target and version, spaces between them, and an end of line."""
    assert RequestLines(raw).has(b"GET", b"/a", b"HTTP/1.0") is found


def test_what_was_found_is_not_searched_again() -> None:
    """A packet of thousands of requests would take thousands of searches through all of it."""
    lines = RequestLines(b"".join(b"GET /%d HTTP/1.0\r\n\r\n" % number for number in range(9)))
    assert lines.has(b"GET", b"/1", b"HTTP/1.0")
    assert not lines.has(b"GET", b"/0", b"HTTP/1.0")
    assert not lines.has(b"GET", b"/1", b"HTTP/1.0")
    assert all(lines.has(b"GET", b"/%d" % number, b"HTTP/1.0") for number in range(2, 9))
