"""The lines of a head: status, fields, Date."""

from __future__ import annotations

import enum
import re
from time import time
from typing import Any

import pytest

from writehead._http1 import head
from writehead._http1.head import STATUS_LINES, date_line, field_lines, informational_head, status_line
from writehead._semantics.dates import http_date
from writehead._semantics.status import STATUS_CODES


def test_each_status_has_its_line() -> None:
    """A status line ends with CRLF and says HTTP/1.1, whatever the request said."""
    assert STATUS_LINES[404] == "HTTP/1.1 404 Not Found\r\n"
    assert STATUS_LINES.keys() == STATUS_CODES.keys()


def test_a_status_line_by_the_table_or_as_told() -> None:
    """The phrase may be any."""
    assert status_line(200, "OK") is STATUS_LINES[200]
    assert status_line(200, "Fine") == "HTTP/1.1 200 Fine\r\n"
    assert status_line(599, "unknown") == "HTTP/1.1 599 unknown\r\n"


@pytest.mark.parametrize(
    ("name", "value", "join", "lines"),
    [
        ("X-A", "b", False, "X-A: b\r\n"),
        ("x-a", "", False, "x-a: \r\n"),
        ("X-A", 5.0, True, "X-A: 5\r\n"),
        ("Set-Cookie", ["a=1", "b=2"], False, "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"),
        ("X-A", [], False, ""),
        ("X-A", [], True, "X-A: \r\n"),
        ("X-A", ["a", 1], True, "X-A: a; 1\r\n"),
        ("X-A", [["a", "b"], "c"], False, "X-A: a,b\r\nX-A: c\r\n"),
        ("COOKIE", ["a=1", "b=2"], False, "COOKIE: a=1; b=2\r\n"),
        ("Cookie", ["a=1"], False, "Cookie: a=1\r\n"),
        ("Cookie", [], False, ""),
    ],
)
def test_a_field_has_a_line_for_each_item(name: str, value: Any, join: bool, lines: str) -> None:
    """Lists are lines, but cookies and unique headers are one."""
    assert field_lines(name, value, join) == lines


def test_a_name_may_be_a_kind_of_str() -> None:
    """Members of an enumeration of str are written by their value."""

    class Name(str, enum.Enum):  # noqa: UP042  # its text is `Name.ETAG`, unlike a StrEnum's
        ETAG = "ETag"

    assert field_lines(Name.ETAG, Name.ETAG) == "ETag: ETag\r\n"


def test_trailers_are_lines() -> None:
    """One for each pair."""
    assert head.trailer_lines([("A", "1"), ("b", "")]) == "A: 1\r\nb: \r\n"
    assert head.trailer_lines(()) == ""


def test_informational_heads() -> None:
    """Phrase by the table; lists joined on their line."""
    assert informational_head(103, [("A", 1)]) == b"HTTP/1.1 103 Early Hints\r\nA: 1\r\n\r\n"
    assert informational_head(199, []) == b"HTTP/1.1 199 unknown\r\n\r\n"
    assert (
        informational_head(102, [("A", ["1", 2, True])]) == b"HTTP/1.1 102 Processing\r\nA: 1,2,true\r\n\r\n"
    )


def test_the_line_is_whole_and_of_now() -> None:
    """The line carries its name, its CRLF and the present second."""
    before = int(time())
    line = date_line()
    assert re.fullmatch(r"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", line)
    assert line[6:-2] in {http_date(second) for second in range(before, int(time()) + 1)}


def test_the_line_is_made_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a second it is the same object; the next second, or a clock put back, makes another."""
    now = 784111777.25
    monkeypatch.setattr(head, "time", lambda: now)
    first = date_line()
    now = 784111777.99
    assert date_line() is first == "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    now = 784111778.0
    assert date_line() == "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"
    now = 784111776.5
    assert date_line() == "Date: Sun, 06 Nov 1994 08:49:36 GMT\r\n"
