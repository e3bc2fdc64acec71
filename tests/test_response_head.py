"""ServerResponse: its status line, `write_head`, and its header lines by value and character."""

from __future__ import annotations

import http as stdlib
import json
import math
from typing import Any

import pytest

from tests.kit.response_stage import CHUNKED, GET10, KEEP, by_hand, code_of, fail_with, head_of, serve, settle
from writehead import http
from writehead.errors import InvalidStatusCodeError

# -- the status line -----------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "line", "stored"),
    [
        (200, "200 OK", 200),
        (404, "404 Not Found", 404),
        (599, "599 unknown", 599),
        (100, "100 Continue", 100),
        (999, "999 unknown", 999),
        ("404", "404 Not Found", 404),
        (" 201 ", "201 Created", 201),
        ("201.9", "201 Created", 201),
        (200.9, "200 OK", 200),
        (stdlib.HTTPStatus.NOT_FOUND, "404 Not Found", 404),
    ],
)
def test_a_status_code_is_made_an_int(status: Any, line: str, stored: int) -> None:
    """From write_head, and from the attribute when the head is rendered."""

    def by_call(res: Any) -> None:
        assert res.write_head(status) is res
        assert (res.status_code, type(res.status_code)) == (stored, int)
        res.end()

    def by_attribute(res: Any) -> None:
        res.status_code = status
        assert res.status_code is status
        res.end()
        assert (res.status_code, type(res.status_code)) == (stored, int)

    assert head_of(by_call) == head_of(by_attribute) == f"HTTP/1.1 {line}"


BAD_STATUSES: list[Any] = [
    99, 1000, 0, -1, 99.9, float("nan"), float("inf"), None, True, False, "abc", "200OK", "", " ", "0xc8",
    "2_00", "٢٠٠", "inf", {}, [], [200], b"200", object, 2**32 + 200, "9" * 400,
]  # fmt: skip


@pytest.mark.parametrize("status", BAD_STATUSES, ids=repr)
def test_a_bad_status_code_is_refused(status: Any) -> None:
    """With its value; nothing is stored or rendered, and it may be corrected."""

    def handler(res: Any) -> None:
        error = fail_with(lambda: res.write_head(status, "Fine"))
        assert isinstance(error, InvalidStatusCodeError)
        assert error.code == "ERR_HTTP_INVALID_STATUS_CODE"
        assert (res.status_code, res.status_message, res.headers_sent) == (200, None, False)
        res.status_code = status
        for call in (lambda: res.end("x"), lambda: res.write("x"), res.flush_headers):
            assert code_of(call) == "ERR_HTTP_INVALID_STATUS_CODE"
            assert (res.headers_sent, res.finished) == (False, False)
        res.status_code = 200
        res.end("x")

    assert serve(handler).body == b"x"


def test_a_later_status_is_stored_without_effect() -> None:
    """And the message that was sent stays."""

    def handler(res: Any) -> None:
        res.end("x")
        res.status_code = 404
        assert (res.status_code, res.status_message) == (404, "OK")
        res.status_message = "Late"
        assert res.status_message == "Late"

    assert head_of(handler) == "HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("Fine", "201 Fine"),
        ("", "201 Created"),
        (None, "201 Created"),
        ("caf\xe9\t", "201 caf\xe9\t"),
        (5, "201 5"),
        (["a"], "201 ['a']"),
    ],
)
def test_the_status_message(message: Any, line: str) -> None:
    """Set and not empty, else the usual phrase; other types become text."""

    def handler(res: Any) -> None:
        res.status_code = 201
        res.status_message = message
        res.end()

    assert head_of(handler) == f"HTTP/1.1 {line}"


def test_the_status_message_is_filled_in() -> None:
    """With the phrase used, as the head is rendered."""

    def handler(res: Any) -> None:
        assert res.status_message is None
        res.status_code = 404
        res.end()
        assert res.status_message == "Not Found"

    serve(handler)


@pytest.mark.parametrize("message", ["a\nb", "a\r\n\r\nb", "\0", "\x7f", "Ā", "a\n"])
@pytest.mark.parametrize("used", [False, True])
def test_a_status_message_of_other_characters_is_refused(message: str, used: bool) -> None:
    """By write_head and by the attribute; nothing is rendered."""

    def handler(res: Any) -> None:
        if used:
            res.set_header("A", "1")
        assert code_of(lambda: res.write_head(200, message)) == "ERR_INVALID_CHAR"
        assert not res.headers_sent
        res.status_message = message
        assert code_of(lambda: res.end("x")) == "ERR_INVALID_CHAR"
        assert not res.finished
        res.status_message = "Fine"
        res.end()

    assert head_of(handler).startswith("HTTP/1.1 200 Fine")


# -- status codes --------------------------------------------------------------


def test_status_codes() -> None:
    """63 of them; those that Python spells otherwise among them."""
    codes = http.STATUS_CODES
    assert len(codes) == 63
    assert (codes[413], codes[414], codes[416], codes[422], codes[418], codes[509]) == (
        "Payload Too Large",
        "URI Too Long",
        "Range Not Satisfiable",
        "Unprocessable Entity",
        "I'm a Teapot",
        "Bandwidth Limit Exceeded",
    )


@pytest.mark.parametrize("code", [205, 226, 308, 418, 451, 511])
def test_the_phrase_is_the_tables(code: int) -> None:
    """205 is an ordinary status: it has a body."""

    def handler(res: Any) -> None:
        res.status_code = code
        res.end(json.dumps({}))

    served = serve(handler)
    assert served.head.startswith(f"HTTP/1.1 {code} {http.STATUS_CODES[code]}|")
    assert served.body == b"{}"


# -- write_head ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "head"),
    [
        ((200,), "200 OK"),
        ((200, "Fine"), "200 Fine"),
        ((200, ""), "200 "),
        ((200, {"A": "1"}), "200 OK|A: 1"),
        ((200, None, {"A": "1"}), "200 OK|A: 1"),
        ((200, "Fine", {"A": "1"}), "200 Fine|A: 1"),
        ((200, ["A", "1", "a", "2"]), "200 OK|A: 1|a: 2"),
        ((200, [("A", "1"), ["a", "2"]]), "200 OK|A: 1|a: 2"),
        ((200, "Fine", ("A", 1)), "200 Fine|A: 1"),
        ((200, {"B": "1"}, {"A": "1"}), "200 OK|A: 1"),
        ((200, {"A": ["1", "2"], "B": ("3",)}), "200 OK|A: 1|A: 2|B: 3"),
        ((200, ["A", ["1", "2"]]), "200 OK|A: 1|A: 2"),
        ((200, []), "200 OK"),
        ((200, {}), "200 OK"),
    ],
)
def test_the_forms_of_write_head(arguments: tuple[Any, ...], head: str) -> None:
    """A str second is the message, anything else the headers; the third wins."""

    def handler(res: Any) -> None:
        res.write_head(*arguments)
        assert res.get_headers() == {}  # a store that was never used stays so
        res.end()

    assert head_of(handler) == f"HTTP/1.1 {head}"


def test_any_mapping_is_read() -> None:
    """Whatever has items()."""

    class Headers:
        def items(self) -> list[tuple[str, str]]:
            return [("A", "1"), ("A", "2")]

    assert head_of(lambda res: res.write_head(200, Headers()).end()) == "HTTP/1.1 200 OK|A: 1|A: 2"


def test_write_head_sends_nothing_by_itself() -> None:
    """The head leaves with what follows; the length is not known any more."""

    def handler(res: Any) -> None:
        res.write_head(200)
        assert res.headers_sent
        assert res.writable_length == 0

    served = serve(handler)
    assert served.bytes == b""
    served.res.end("abc")
    settle()
    assert served.text == f"HTTP/1.1 200 OK|Date: D|{KEEP}|{CHUNKED}||3|abc|0||"


@pytest.mark.parametrize(
    ("headers", "head", "names"),
    [
        ({"b": "2", "C": "3"}, "A: 1|b: 2|D: 1|C: 3", ["a", "b", "d", "c"]),
        (["b", "2", "C", "3", "B", "4"], "A: 1|D: 1|b: 2|b: 4|C: 3", ["a", "d", "b", "c"]),
        ([("b", "2"), ("C", "3")], "A: 1|D: 1|b: 2|C: 3", ["a", "d", "b", "c"]),
        ({"": "x", "C": "3"}, "A: 1|B: 1|D: 1|C: 3", ["a", "b", "d", "c"]),
        (["", "x", "C", "3"], "A: 1|B: 1|D: 1|C: 3", ["a", "b", "d", "c"]),
        (None, "A: 1|B: 1|D: 1", ["a", "b", "d"]),
    ],
)
def test_write_head_with_a_used_store(headers: Any, head: str, names: list[str]) -> None:
    """A mapping replaces in place; a list removes its names first, then appends; an empty name is skipped."""

    def handler(res: Any) -> None:
        res.set_header("A", "1").set_header("B", "1").set_header("D", "1")
        res.write_head(200, headers)
        assert res.get_header_names() == names
        res.end()

    assert head_of(handler) == f"HTTP/1.1 200 OK|{head}"


def test_what_counts_as_a_used_store() -> None:
    """set_header does, even if all was removed since; remove_header alone does not."""

    def emptied(res: Any) -> None:
        res.set_header("A", "1").remove_header("A")
        res.write_head(200, {"B": "1"})
        assert res.get_headers() == {"b": "1"}

    def removed(res: Any) -> None:
        res.remove_header("A")
        res.write_head(200, {"B": "1"})
        assert res.get_headers() == {}

    serve(emptied)
    serve(removed)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (["A"], "ERR_INVALID_ARG_VALUE"),
        (["A", "1", "B"], "ERR_INVALID_ARG_VALUE"),
        ([("A", "1", "2")], "ERR_INVALID_ARG_VALUE"),
        (5, "ERR_INVALID_ARG_TYPE"),
        (b"A", "ERR_INVALID_ARG_TYPE"),
        (True, "ERR_INVALID_ARG_TYPE"),
        ({"a b": "1"}, "ERR_INVALID_HTTP_TOKEN"),
        ({"a\n": "1"}, "ERR_INVALID_HTTP_TOKEN"),
        ({5: "1"}, "ERR_INVALID_HTTP_TOKEN"),
        ({"a": None}, "ERR_HTTP_INVALID_HEADER_VALUE"),
        ({"a": ["1", None]}, "ERR_HTTP_INVALID_HEADER_VALUE"),
        ({"a": "1\n"}, "ERR_INVALID_CHAR"),
        (["a", "\0"], "ERR_INVALID_CHAR"),
        ({"a": object()}, "ERR_INVALID_ARG_TYPE"),
        ({"Trailer": "x", "Content-Length": 1}, "ERR_HTTP_TRAILER_INVALID"),
    ],
)
@pytest.mark.parametrize("used", [False, True])
def test_refused_headers_leave_the_response_open(headers: Any, code: str, used: bool) -> None:
    """Status and message keep the new values, and it can be answered another way."""

    def handler(res: Any) -> None:
        if used:
            res.set_header("Z", "1")
        assert code_of(lambda: res.write_head(204, "Gone", headers)) == code
        assert (res.status_code, res.status_message, res.headers_sent) == (204, "Gone", False)
        res.remove_header("trailer")
        res.remove_header("content-length")
        res.write_head(200, "Fine").end("x")

    served = serve(handler)
    assert served.head.startswith("HTTP/1.1 200 Fine|")
    assert b"x" in served.body


def test_an_empty_name_with_an_unused_store() -> None:
    """Is no token."""
    assert code_of(lambda: by_hand().write_head(200, {"": "x"})) == "ERR_INVALID_HTTP_TOKEN"


def test_nothing_of_a_failed_write_head_survives() -> None:
    """Neither "no body" nor the default phrase nor the headers; with a used store what was merged does."""

    def handler(res: Any) -> None:
        code_of(lambda: res.write_head(404, {"A": "1", "B": "\n"}))
        assert (res.status_code, res.status_message) == (404, None)
        code_of(lambda: res.write_head(204, {"B": "\n"}))
        res.status_code = 200
        res.end("x")

    assert serve(handler).text == f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 1||x"

    def merged(res: Any) -> None:
        res.set_header("Z", "1")
        code_of(lambda: res.write_head(404, {"A": "1", "B": "\n", "C": "1"}))
        assert res.get_headers() == {"z": "1", "a": "1"}

    serve(merged)


def test_a_second_head_is_refused_before_anything_else() -> None:
    """Also with invalid arguments, also after an implicit one."""

    def handler(res: Any) -> None:
        res.write_head(201)
        assert code_of(lambda: res.write_head(1, "\n", 5)) == "ERR_HTTP_HEADERS_SENT"
        assert res.status_code == 201
        res.end()
        assert code_of(lambda: res.write_head(200)) == "ERR_HTTP_HEADERS_SENT"

    serve(handler)


@pytest.mark.parametrize(("used", "code"), [(False, "ERR_INVALID_CHAR"), (True, "ERR_INVALID_HTTP_TOKEN")])
def test_the_order_of_checks(used: bool, code: str) -> None:
    """The message before the headers if the store is unused, after them if it is used."""

    def handler(res: Any) -> None:
        if used:
            res.set_header("A", "1")
        assert code_of(lambda: res.write_head(200, "\n", {"a b": "1"})) == code
        assert code_of(lambda: res.write_head(99, "\n", {"a b": "1"})) == "ERR_HTTP_INVALID_STATUS_CODE"

    serve(handler)


def test_write_header_is_the_same() -> None:
    """An alias of the documents, in both spellings."""
    assert http.ServerResponse.write_header is http.ServerResponse.write_head
    assert http.ServerResponse.writeHeader is http.ServerResponse.write_head


# -- lines and their values ----------------------------------------------------


def write_then_end(res: Any) -> None:
    res.write("a")
    res.end("b")


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (lambda res: res.end("hello"), f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 5||hello"),
        (write_then_end, f"HTTP/1.1 200 OK|Date: D|{KEEP}|{CHUNKED}||1|a|1|b|0||"),
        (lambda res: res.write_head(200, "").end(), f"HTTP/1.1 200 |Date: D|{KEEP}|{CHUNKED}||0||"),
    ],
)
def test_the_order_of_lines(handler: Any, text: str) -> None:
    """Status, the user's, Date, Connection, Keep-Alive, framing, an empty line."""
    assert serve(handler).text == text


def test_a_users_field_takes_the_place_of_an_automatic_one() -> None:
    """Spelled as given, in the user's block, value untouched."""

    def handler(res: Any) -> None:
        res.set_header("keep-alive", " timeout=9\t")
        res.set_header("CONTENT-length", "0")
        res.set_header("date", "today")
        res.set_header("connection", "keep-alive")
        res.end()

    assert serve(handler).text == (
        "HTTP/1.1 200 OK|keep-alive:  timeout=9\t|CONTENT-length: 0|date: today|connection: keep-alive||"
    )


def test_an_http_1_0_client_gets_the_same_status_line() -> None:
    """HTTP/1.1, always."""
    assert serve(lambda res: res.end("x"), GET10).text == "HTTP/1.1 200 OK|Date: D|Connection: close||x"


def test_no_date() -> None:
    """send_date off."""

    def handler(res: Any) -> None:
        res.send_date = False
        res.end()

    assert serve(handler).text == f"HTTP/1.1 200 OK|{KEEP}|Content-Length: 0||"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ("text", "a: text|"),
        (" a\t", "a:  a\t|"),
        ("", "a: |"),
        (5, "a: 5|"),
        (0, "a: 0|"),
        (True, "a: true|"),
        (False, "a: false|"),
        (1.5, "a: 1.5|"),
        (5.0, "a: 5|"),
        (-0.0, "a: 0|"),
        (1e21, "a: 1e+21|"),
        (math.nan, "a: NaN|"),
        (math.inf, "a: Infinity|"),
        (["1", 2, True], "a: 1|a: 2|a: true|"),
        (("1", "2"), "a: 1|a: 2|"),
        ([], ""),
        ([["1", "2"], "3"], "a: 1,2|a: 3|"),
        (b"caf\xe9", "a: caf\xe9|"),
        ("caf\xe9", "a: caf\xe9|"),
    ],
)
def test_values_to_text(value: Any, lines: str) -> None:
    """By set_header, by write_head, and in the fast lane of `end` as in the general one."""

    def by_store(res: Any) -> None:
        res.set_header("a", value).end()

    def by_head(res: Any) -> None:
        res.write_head(200, {"a": value}).end()

    assert serve(by_store).text == f"HTTP/1.1 200 OK|{lines}Date: D|{KEEP}|Content-Length: 0||"
    assert serve(by_head).text == f"HTTP/1.1 200 OK|{lines}Date: D|{KEEP}|{CHUNKED}||0||"


def test_cookie_lists_are_one_line() -> None:
    """Set-Cookie lists are a line a cookie; a Cookie list of one is as any."""

    def handler(res: Any) -> None:
        res.set_header("cookie", ["a=1", "b=2"])
        res.set_header("Set-Cookie", ["a=1", "b=2"])
        res.end()

    assert serve(handler).head.startswith(
        "HTTP/1.1 200 OK|cookie: a=1; b=2|Set-Cookie: a=1|Set-Cookie: b=2|Date: D|"
    )


@pytest.mark.parametrize("names", [["X-A"], ["x-a"]])
def test_unique_headers_are_one_line(names: list[str]) -> None:
    """In any case; an empty list leaves the bare name."""

    def handler(res: Any) -> None:
        res.set_header("x-A", ["1", 2])
        res.end()

    assert "|x-A: 1; 2|" in serve(handler, unique_headers=names).head
    assert "|X-A: |" in serve(lambda res: res.set_header("X-A", []).end(), unique_headers=names).head


NAMES = "!#$%&'*+-.^_`|~09azAZ"


def test_the_characters_of_names() -> None:
    """Every character, one by one."""
    for code in (*range(0x180), 0x2028, 0x1F600):
        name = chr(code)
        res = by_hand()
        if name.isascii() and (name.isalnum() or name in NAMES):
            res.set_header(name, "x")
            res.add_trailers({name: "x"})
            http.validate_header_name(name)
        else:
            for call in (
                lambda name=name, res=res: res.set_header(name, "x"),  # type: ignore[misc]
                lambda name=name, res=res: res.add_trailers({"a" + name: "x"}),  # type: ignore[misc]
                lambda name=name: http.validate_header_name(name),  # type: ignore[misc]
            ):
                assert code_of(call) == "ERR_INVALID_HTTP_TOKEN", repr(name)


def test_the_characters_of_values() -> None:
    """Every character, one by one, with the strict parser and with the insecure one."""
    lenient = by_hand()
    lenient._lenient = True
    for code in (*range(0x180), 0x2028, 0x1F600):
        value = chr(code)
        strict_ok = code == 9 or 0x20 <= code <= 0x7E or 0x80 <= code <= 0xFF
        lenient_ok = 1 <= code <= 0xFF and code not in (10, 13)
        for res, ok in ((by_hand(), strict_ok), (lenient, lenient_ok)):
            if ok:
                res.set_header("a", "x" + value)
            else:
                assert code_of(lambda res=res: res.set_header("a", "x" + value)) == "ERR_INVALID_CHAR"  # type: ignore[misc]


# -- characters ----------------------------------------------------------------


def test_header_text_is_latin_1_always() -> None:
    """Whatever the body is."""

    def handler(res: Any) -> None:
        res.set_header("A", "caf\xe9")
        res.status_message = "\xe9"
        body(res)

    for body in (
        lambda res: res.end("x"),
        lambda res: res.end(b"x"),
        lambda res: res.end(),
        lambda res: res.flush_headers(),
        lambda res: res.write("x"),
    ):
        assert serve(handler).bytes.startswith(b"HTTP/1.1 200 \xe9\r\nA: caf\xe9\r\n")


def test_the_insecure_parser_lets_more_values_through() -> None:
    """But never NUL, CR or LF, and only in values; status messages stay strict."""

    def handler(res: Any) -> None:
        res.set_header("A", "\x01\x7f\x0b")
        for bad in ("\0", "\r", "\n", "Ā"):
            assert code_of(lambda bad=bad: res.set_header("B", bad)) == "ERR_INVALID_CHAR"  # type: ignore[misc]
        assert code_of(lambda: res.set_header("a b", "1")) == "ERR_INVALID_HTTP_TOKEN"
        assert code_of(lambda: res.write_head(200, "\x01")) == "ERR_INVALID_CHAR"
        res.write_head(200, "Fine", {"C": "\x02"})
        res.add_trailers({"T": "\x03"})
        res.end("x")

    served = serve(handler, insecure_http_parser=True)
    assert served.text.startswith("HTTP/1.1 200 Fine|A: \x01\x7f\x0b|C: \x02|")
    assert served.body.endswith(b"T: \x03\r\n\r\n")


def test_unique_headers_join_lists_only() -> None:
    """Two pairs of a flat list stay two lines; an empty list is a bare name."""

    def handler(res: Any) -> None:
        res.write_head(200, ["X-U", ["1", "2"], "x-u", "3", "Y", []])
        res.end()

    assert head_of(handler, unique_headers=["x-U", "y"]) == "HTTP/1.1 200 OK|X-U: 1; 2|x-u: 3|Y: "
