"""What an app may give to `start_response`."""

from __future__ import annotations

from typing import Any

import pytest

from writehead._guests.wsgi import response_head
from writehead._guests.wsgi.response_head import HOP_BY_HOP, AppHead, read_head
from writehead.errors import (
    InvalidArgTypeError,
    InvalidArgValueError,
    InvalidCharError,
    InvalidHTTPTokenError,
)


def read(status: Any = "200 OK", headers: Any = None, strict: bool = False) -> tuple[AppHead, list[str]]:
    dropped: list[str] = []
    head = read_head(status, [] if headers is None else headers, None if strict else dropped.append)
    return head, dropped


def sent(head: AppHead) -> list[tuple[str, str]]:
    return [(name, value) for _, name, value in head.fields]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        ("200 OK", 200, "OK"),
        ("200 ", 200, ""),
        ("404  Not  here ", 404, " Not  here "),
        ("999 Å", 999, "Å"),
        ("599 x", 599, "x"),
    ],
)
def test_a_status_is_a_number_a_blank_and_a_reason(status: str, code: int, reason: str) -> None:
    """The reason is sent as it is given, and may be empty."""
    head, _ = read(status)
    assert (head.status, head.reason) == (code, reason)


@pytest.mark.parametrize(
    "status", ["200", "", "2000 OK", "200OK", "199 x", "100 Continue", " 200 OK", "abc x", "²00 x", "-20 x"]
)
def test_another_status_is_refused(status: str) -> None:
    """The error is a TypeError and a ValueError, and says what would be right."""
    with pytest.raises(InvalidArgValueError, match="three digits, 200 to 999, a blank and a reason"):
        read(status)


@pytest.mark.parametrize("reason", ["a\r\nb", "\0", "é中", "\x7f"])
def test_a_reason_has_no_control_characters(reason: str) -> None:
    """Nor one above U+00FF."""
    with pytest.raises(InvalidCharError):
        read(f"200 {reason}")


@pytest.mark.parametrize("status", [200, b"200 OK", None, ("200", "OK")])
def test_a_status_is_text(status: Any) -> None:
    """Not a number and not bytes."""
    with pytest.raises(InvalidArgTypeError, match='a str such as "200 OK"'):
        read(status)


def test_fields_are_sent_as_spelled_and_ordered() -> None:
    """Duplicates too."""
    given = [("sEt-cookie", "a=1"), ("X-A", ""), ("Set-Cookie", "b=2"), ("x-a", "\xe5\t\xff")]
    head, _ = read(headers=given)
    assert sent(head) == given
    assert head.plain
    again, _ = read(headers=given)
    assert sent(again) == given


@pytest.mark.parametrize("headers", [(("A", "b"),), {"A": "b"}, "A", iter([]), ()])
def test_headers_are_a_list(headers: Any) -> None:
    """PEP 3333: of no other type."""
    with pytest.raises(InvalidArgTypeError, match="a list of tuples"):
        read(headers=headers)


@pytest.mark.parametrize("item", [["A", "b"], ("A",), ("A", "b", "c"), "Ab", None, ("A", ["b"])])
def test_each_field_is_a_tuple_of_two(item: Any) -> None:
    """A list in its place is refused, and so is a list of values."""
    with pytest.raises(InvalidArgTypeError):
        read(headers=[item])


@pytest.mark.parametrize("item", [("A", 1), ("A", b"b"), ("A", None)])
def test_a_value_is_text(item: Any) -> None:
    """Not a number, as `set_header` would take."""
    with pytest.raises(InvalidArgTypeError, match="value of header 'A'"):
        read(headers=[item])


@pytest.mark.parametrize("name", ["", "a b", "a:", "é", "a\n", 1, b"A"])
def test_a_name_is_a_token(name: Any) -> None:
    """As for `set_header`."""
    with pytest.raises(InvalidHTTPTokenError):
        read(headers=[(name, "b")])


@pytest.mark.parametrize("value", ["a\r\nb: c", "\n", "\0", "中", "\x7f"])
def test_a_value_has_no_control_characters(value: str) -> None:
    """As for `set_header`."""
    with pytest.raises(InvalidCharError):
        read(headers=[("A", value)])


@pytest.mark.parametrize("name", sorted(HOP_BY_HOP))
def test_fields_of_the_connection_are_dropped(name: str) -> None:
    """With a note of each, in whatever spelling."""
    head, dropped = read(headers=[(name.title(), "x"), ("A", "b")])
    assert (sent(head), dropped) == ([("A", "b")], [name.title()])
    with pytest.raises(InvalidArgValueError, match="the server alone sends"):
        read(headers=[(name.upper(), "x")], strict=True)


@pytest.mark.parametrize("strict", [False, True])
def test_connection_close_closes(strict: bool) -> None:
    """It is not sent as a field of the app, and is no reason for a warning or an error."""
    head, dropped = read(headers=[("Connection", "Close")], strict=strict)
    assert (head.closes, sent(head), dropped) == (True, [], [])
    assert not read(headers=[("Connection", "keep-alive")])[0].closes


def test_a_content_length_is_a_number() -> None:
    """It stays where it is; equal ones become one."""
    given = [("A", "b"), ("content-LENGTH", "12"), ("Content-Length", "12"), ("C", "d")]
    head, _ = read(headers=given)
    assert (head.length, sent(head)) == (12, [given[0], given[1], given[3]])
    assert head.plain


@pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", "0x1", "1 ", "²", "1" * 20])
def test_another_content_length_is_refused(value: str) -> None:
    """Decimal digits alone."""
    with pytest.raises(InvalidArgValueError, match="is no number of bytes"):
        read(headers=[("Content-Length", value)])


def test_two_content_lengths_are_refused() -> None:
    """Which of them would be right nobody knows."""
    with pytest.raises(InvalidArgValueError, match="two different values"):
        read(headers=[("Content-Length", "1"), ("Content-Length", "2")])


def test_204_has_no_content_length() -> None:
    """RFC 9110, 8.6; 304 may have one."""
    given = [("Content-Length", "3"), ("A", "b")]
    head, _ = read("204 No Content", given)
    assert (head.length, sent(head)) == (None, [("A", "b")])
    assert sent(read("304 Not Modified", given)[0]) == given


def test_a_date_of_the_app_is_seen() -> None:
    """It takes the place of the server's, so the fast path cannot send it."""
    assert not read(headers=[("Date", "x")])[0].plain


def test_texts_of_a_subclass_are_sent_as_they_are() -> None:
    """Whatever their `__str__` says."""

    class Text(str):
        def __str__(self) -> str:
            return "other\r\n"

    head, _ = read(Text("200 OK"), [(Text("A"), Text("b"))])
    assert (head.reason, sent(head)) == ("OK", [("A", "b")])
    assert type(sent(head)[0][1]) is str


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cookies and long values are not kept at all."""
    monkeypatch.setattr(response_head, "_entries", {})
    monkeypatch.setattr(response_head, "_statuses", {})
    for number in range(response_head._MOST_ENTRIES + 5):
        read(f"200 {number}", [("A", str(number)), ("Set-Cookie", "a"), ("B", "b" * 1000)])
    assert len(response_head._entries) == 5
    assert len(response_head._statuses) == response_head._MOST_STATUSES
    assert {name for name, _ in response_head._entries} == {"A"}
