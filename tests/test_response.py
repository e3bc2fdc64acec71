"""ServerResponse: its head, informational responses, handlers that fail, subclasses."""

from __future__ import annotations

import asyncio
import contextlib
import http as stdlib
import logging
import types
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.response_stage import (
    CHUNKED,
    GET10,
    GET10_KEEP,
    HEAD,
    KEEP,
    Request,
    Writable,
    by_hand,
    code_of,
    fail_with,
    serve,
    settle,
)
from tests.kit.stage import GET, events
from writehead import http, testing
from writehead.errors import InvalidStatusCodeError, TrailerInvalidError

END = f"Date: D|{KEEP}|Content-Length: 0||"
EXPECT = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"


def head_of(handler: Any, request: bytes = GET, **options: Any) -> str:
    """Return the head up to Date."""
    return serve(handler, request, **options).head.partition("|Date")[0]


# -- the status line -------------------------------------------------------------


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


# -- write_head --------------------------------------------------------------------


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


# -- characters --------------------------------------------------------------------


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


# -- informational responses ---------------------------------------------------------


def test_informational_responses_leave_at_once_and_in_order() -> None:
    """Without Date and stored headers; `headers_sent` stays False; callbacks come later."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.set_header("A", "1")
        res.write_continue(lambda: log.append("continue"))
        res.write_processing(lambda: log.append("processing"))
        res.write_early_hints({"link": "</a>; rel=x", "X-B": "2"}, lambda: log.append("hints"))
        assert res.write_information(199, lambda: log.append("199")) is True
        assert not res.headers_sent
        assert log == []
        res.end()

    assert serve(handler).text == (
        "HTTP/1.1 100 Continue||HTTP/1.1 102 Processing||HTTP/1.1 103 Early Hints|Link: </a>; rel=x|X-B: 2||"
        f"HTTP/1.1 199 unknown||HTTP/1.1 200 OK|A: 1|{END}"
    )
    assert log == ["continue", "processing", "hints", "199"]


@pytest.mark.parametrize(
    ("headers", "lines"),
    [
        (None, ""),
        ({}, ""),
        ({"A": "1", "b": 2}, "A: 1|b: 2|"),
        (["A", "1", "A", "2"], "A: 1|A: 2|"),
        ([("A", "1")], "A: 1|"),
        ({"A": ["1", 2, "3"]}, "A: 1,2,3|"),
        ({"A": True, "B": 1.0}, "A: true|B: 1|"),
    ],
)
def test_the_headers_of_an_informational_response(headers: Any, lines: str) -> None:
    """In every form; a list is joined on one line."""
    served = serve(lambda res: res.write_information(110, headers))
    assert served.text == f"HTTP/1.1 110 unknown|{lines}|"


@pytest.mark.parametrize(
    ("code", "headers", "error"),
    [
        ("103", None, "ERR_INVALID_ARG_TYPE"),
        (None, None, "ERR_INVALID_ARG_TYPE"),
        (True, None, "ERR_INVALID_ARG_TYPE"),
        (103.5, None, "ERR_OUT_OF_RANGE"),
        (float("nan"), None, "ERR_OUT_OF_RANGE"),
        (99, None, "ERR_OUT_OF_RANGE"),
        (200, None, "ERR_OUT_OF_RANGE"),
        (101, 5, "ERR_HTTP_INVALID_STATUS_CODE"),
        (103, 5, "ERR_INVALID_ARG_TYPE"),
        (103, "a", "ERR_INVALID_ARG_TYPE"),
        (103, ["a"], "ERR_INVALID_ARG_VALUE"),
        (103, {"a b": "1"}, "ERR_INVALID_HTTP_TOKEN"),
        (103, {"a": "\n"}, "ERR_INVALID_CHAR"),
        (103, {"a": None}, "ERR_HTTP_INVALID_HEADER_VALUE"),
        (103, {"a": ["1", "\r"]}, "ERR_INVALID_CHAR"),
    ],
)
def test_a_refused_informational_response_sends_nothing(code: Any, headers: Any, error: str) -> None:
    """Checked in order: head, code, headers."""

    def handler(res: Any) -> None:
        assert code_of(lambda: res.write_information(code, headers)) == error
        res.end()
        assert code_of(lambda: res.write_information(code, headers)) == "ERR_HTTP_HEADERS_SENT"

    assert serve(handler).text == f"HTTP/1.1 200 OK|{END}"


def test_informational_calls_after_the_head_are_refused() -> None:
    """All of them."""

    def handler(res: Any) -> None:
        res.write_head(200)
        for call in (
            res.write_continue,
            res.write_processing,
            lambda: res.write_early_hints({"link": "<a>"}),
            lambda: res.write_information(103),
        ):
            assert code_of(call) == "ERR_HTTP_HEADERS_SENT"
        res.write_early_hints({})  # nothing to send, so nothing to refuse

    serve(handler)


@pytest.mark.parametrize(("request_bytes", "sent"), [(GET10, False), (GET10_KEEP, False), (GET, True)])
def test_http_1_0_gets_no_informational_response(request_bytes: bytes, sent: bool) -> None:
    """The calls send nothing; who waits for them goes on."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        assert res.write_information(103, {"a": "1"}, log.append) is True
        res.write_continue(log.append)
        res.write_processing(log.append)
        res.write_early_hints({"link": "<a>"}, log.append)

    served = serve(handler, request_bytes)
    assert bool(served.bytes) is sent
    assert log == [None] * 4


def test_informational_responses_on_a_destroyed_response() -> None:
    """False; the callback hears of it; bad arguments are refused all the same."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        res.destroy()
        assert res.write_information(103, log.append) is False
        assert code_of(lambda: res.write_information(5)) == "ERR_OUT_OF_RANGE"
        res.write_early_hints({"link": "<a>"}, log.append)

    serve(handler)
    assert [error.code for error in log] == ["ERR_STREAM_DESTROYED"] * 2


@pytest.mark.parametrize(
    ("hints", "lines"),
    [
        ({"link": "</s.css>; rel=preload; as=style"}, "Link: </s.css>; rel=preload; as=style|"),
        ({"link": ["<a>", "<b>; x"]}, "Link: <a>, <b>; x|"),
        ({"X-A": "1", "link": ("<a>",)}, "Link: <a>|X-A: 1|"),
        ({"LINK": "<a>", "x": 5}, "Link: <a>|x: 5|"),
        ({"link": "<a>", "X": "1", "Link": ["<b>", "<c>"]}, "Link: <a>, <b>, <c>|X: 1|"),
    ],
)
def test_early_hints(hints: Any, lines: str) -> None:
    """Link first, in whatever case it is given, then the rest as spelled."""
    assert serve(lambda res: res.write_early_hints(hints)).text == f"HTTP/1.1 103 Early Hints|{lines}|"


@pytest.mark.parametrize(
    "hints", [{}, {"link": None}, {"link": []}, {"link": ()}, {"Link": None}, {"X": "1"}]
)
def test_early_hints_without_a_link(hints: Any) -> None:
    """Send nothing and raise nothing; who waits for them goes on."""
    log: list[Any] = []
    assert serve(lambda res: res.write_early_hints(hints, log.append)).bytes == b""
    assert log == [None]


@pytest.mark.parametrize(
    ("hints", "code"),
    [
        ("<a>", "ERR_INVALID_ARG_TYPE"),
        (["<a>"], "ERR_INVALID_ARG_TYPE"),
        (None, "ERR_INVALID_ARG_TYPE"),
        ({"link": 5}, "ERR_INVALID_ARG_VALUE"),
        ({"link": ["<a>", None]}, "ERR_INVALID_ARG_VALUE"),
        ({"link": ""}, "ERR_INVALID_ARG_VALUE"),
        ({"link": "bad"}, "ERR_INVALID_ARG_VALUE"),
        ({"link": " <a>"}, "ERR_INVALID_ARG_VALUE"),
        ({"link": "<a>;"}, "ERR_INVALID_ARG_VALUE"),
        ({"link": '<a>; x="y'}, "ERR_INVALID_ARG_VALUE"),
        ({"link": '<a>; title="a b"'}, "ERR_INVALID_ARG_VALUE"),
        ({"link": "<a>,<b>"}, "ERR_INVALID_ARG_VALUE"),
        ({"link": "<a>\n"}, "ERR_INVALID_ARG_VALUE"),
        ({"link": "<Ā>"}, "ERR_INVALID_CHAR"),
        ({"link": "<\0>"}, "ERR_INVALID_CHAR"),
        ({"link": "<a>", "x": "\n"}, "ERR_INVALID_CHAR"),
        ({"link": "<a>", "x y": "1"}, "ERR_INVALID_HTTP_TOKEN"),
    ],
)
def test_refused_early_hints(hints: Any, code: str) -> None:
    """Nothing is sent."""

    def handler(res: Any) -> None:
        assert code_of(lambda: res.write_early_hints(hints)) == code

    assert serve(handler).bytes == b""


def serve_expecting(listener: Any) -> str:
    """Return what a client hears that waits for 100, from a server with a 'checkContinue' listener."""
    server = http.create_server()
    server.on("checkContinue", lambda req, res: listener(res))
    client = testing.connect(server)
    client.send(EXPECT)
    from tests.kit.stage import dateless

    return dateless(client.received).decode().replace("\r\n", "|")


def test_a_client_that_waits_for_100_gets_it_or_a_closed_connection() -> None:
    """Only write_continue counts: without it the answer says `Connection: close`."""
    assert serve_expecting(lambda res: res.end("x")) == (
        "HTTP/1.1 200 OK|Date: D|Connection: close|Content-Length: 1||x"
    )

    def by_information(res: Any) -> None:
        res.write_information(100)
        res.end("x")

    assert serve_expecting(by_information) == (
        "HTTP/1.1 100 Continue||HTTP/1.1 200 OK|Date: D|Connection: close|Content-Length: 1||x"
    )

    def by_continue(res: Any) -> None:
        res.write_continue()
        res.end("x")

    assert serve_expecting(by_continue) == (
        f"HTTP/1.1 100 Continue||HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 1||x"
    )


# -- handlers that fail --------------------------------------------------------------

FAILED = f"HTTP/1.1 500 Internal Server Error|Date: D|{KEEP}|Content-Length: 21||Internal Server Error"


def spoil(res: Any) -> None:
    """Set whatever could show in an answer."""
    res.set_header("A", "1")
    res.set_header("Trailer", "x")
    res.append_header("set-cookie", "a=1")
    res.remove_header("connection")
    res.remove_header("content-length")
    res.status_code = 204
    res.status_message = "Mine"
    res.send_date = False
    res.strict_content_length = True
    res.use_chunked_encoding_by_default = False
    res.cork()
    res.cork()
    res.add_trailers({"x": "1"})


def spoil_by_write_head(res: Any) -> None:
    with contextlib.suppress(TrailerInvalidError):
        res.write_head(204, "Mine", {"Trailer": "x"})


@pytest.mark.parametrize("prepare", [id, spoil, spoil_by_write_head])
def test_a_handler_that_fails_is_answered_500(prepare: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Always exactly so: nothing of what the handler had set shows. 'finish' follows, the connection stays."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "finish close error")
        prepare(res)
        raise ValueError("handler")

    served = serve(handler)
    assert served.text == FAILED
    assert log == ["finish"]
    assert not served.client.ended
    assert "ValueError: handler" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR
    assert caplog.records[0].name == "writehead"


@pytest.mark.parametrize("prepare", [id, spoil])
@on_both_loops
async def test_an_async_handler_that_fails_is_answered_500(prepare: Any, caplog: Any) -> None:
    """At once, or after it has waited."""

    async def handle(req: Any, res: Any) -> None:
        await asyncio.sleep(0)
        prepare(res)
        raise ValueError("handler")

    client = testing.connect(http.create_server(handle))
    answer = client.request("GET", "/")
    await answer
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    assert "ValueError: handler" in caplog.text


def test_a_failure_of_a_head_request(caplog: pytest.LogCaptureFixture) -> None:
    """No body; the head as for any HEAD."""

    def handler(res: Any) -> None:
        raise ValueError

    assert serve(handler, HEAD).text == f"HTTP/1.1 500 Internal Server Error|Date: D|{KEEP}||"


@pytest.mark.parametrize(
    ("request_bytes", "head"),
    [
        (GET10, "Date: D|Connection: close||"),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "Date: D|Connection: close|Content-Length: 21||",
        ),
    ],
)
def test_a_failure_ends_the_connection_as_an_answer_would(
    request_bytes: bytes, head: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client's wish counts."""

    def handler(res: Any) -> None:
        spoil(res)
        raise ValueError

    served = serve(handler, request_bytes)
    assert served.text == f"HTTP/1.1 500 Internal Server Error|{head}Internal Server Error"
    assert served.client.ended


@pytest.mark.parametrize(
    "begin", [lambda res: res.write_head(200), lambda res: res.flush_headers(), lambda res: res.write("x")]
)
def test_a_failure_after_the_head_cuts_the_connection(begin: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Even if nothing has left yet; 'close' follows."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "finish close error")
        begin(res)
        raise ValueError

    served = serve(handler)
    assert b"500" not in served.bytes
    assert served.client.closed
    assert log == ["close"]
    assert "ValueError" in caplog.text


def test_a_failure_after_end_delivers_what_is_out(caplog: pytest.LogCaptureFixture) -> None:
    """The answer is whole, and 'finish' comes; then the connection is cut."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        events(log, res, "finish close")
        res.end("x")
        raise ValueError

    served = serve(handler)
    assert served.body == b"x"
    assert log == ["finish"]
    assert "ValueError" in caplog.text


def test_a_failure_after_finish_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """In a 'finish' listener, say."""

    def handler(res: Any) -> None:
        def fail() -> None:
            raise ValueError("late")

        res.on("finish", fail)
        res.end("x")

    served = serve(handler)
    assert served.body == b"x"
    assert not served.client.closed
    assert "ValueError: late" in caplog.text


@pytest.mark.parametrize("event", ["drain", "timeout"])
def test_a_listener_of_the_response_that_fails(event: str, caplog: pytest.LogCaptureFixture) -> None:
    """Is a failing handler too."""

    def fail(*args: Any) -> None:
        raise ValueError(event)

    def handler(res: Any) -> None:
        res.on(event, fail)
        if event == "drain":
            res.write(b"x" * 100_000)

    served = serve(handler)
    if event == "timeout":
        served.res.set_timeout(50)
        served.client.clock.advance(100)
        assert served.text == FAILED
    else:
        assert served.client.closed
    assert f"ValueError: {event}" in caplog.text


def test_a_failure_of_a_destroyed_response(caplog: pytest.LogCaptureFixture) -> None:
    """Is logged, and that is all."""

    def handler(res: Any) -> None:
        res.destroy()
        raise ValueError

    assert serve(handler).bytes == b""
    assert "ValueError" in caplog.text


def test_a_failure_of_a_waiting_response(caplog: pytest.LogCaptureFixture) -> None:
    """Takes its turn in the line."""
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        if held:
            raise ValueError
        held.append(res)

    client = testing.connect(http.create_server(handle))
    client.send(GET + GET)
    assert client.received == b""
    held[0].end("1")
    settle()
    assert client.received.count(b"HTTP/1.1 ") == 2
    assert client.received.endswith(b"Internal Server Error")


# -- the socket ----------------------------------------------------------------------


def test_socket_and_connection() -> None:
    """The same thing, None from 'finish' on."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        assert res.socket is res.connection is res.req.socket
        res.on("finish", lambda: log.append((res.socket, res.connection)))
        res.end()

    serve(handler)
    assert log == [(None, None)]


@pytest.mark.parametrize("spelling", ["set_timeout", "setTimeout"])
@pytest.mark.parametrize("mapping", [False, True])
def test_the_socket_of_an_outgoing_message(spelling: str, mapping: bool) -> None:
    """Any object with the method, or a mapping, as an object of JavaScript; now or when it comes."""
    log: list[Any] = []
    facts = {spelling: log.append}
    socket: Any = facts if mapping else types.SimpleNamespace(**facts)
    message = http.OutgoingMessage()
    assert message.socket is message.connection is None
    message.set_timeout(41)
    message.emit("socket", socket)
    message.socket = socket
    assert message.socket is message.connection is socket
    message.set_timeout(42)
    message.set_timeout(43, lambda: None)
    assert log == [41, 42, 43]
    assert message.listener_count("timeout") == 1
    message.socket = None
    assert message.socket is None
    message.set_timeout(44)
    assert log == [41, 42, 43]


def test_a_message_destroys_the_socket_it_was_given() -> None:
    """With the error."""
    message, writable, error = http.OutgoingMessage(), Writable(), ValueError()
    message.socket = writable  # type: ignore[assignment]
    message.destroy(error)
    assert writable.destroyed_with == [error]


def test_a_socket_without_a_timeout() -> None:
    """Cannot have one set."""
    message = http.OutgoingMessage()
    message.socket = object()  # type: ignore[assignment]
    with pytest.raises(AttributeError, match="set_timeout"):
        message.set_timeout(42)


@pytest.mark.parametrize(
    ("request_like", "framed"),
    [
        (http.IncomingMessage(), "Connection: close||xy"),  # Node: a version of null counts as 1.0
        (http.IncomingMessage(http.Socket()), "Connection: close||xy"),
        (None, "keep"),
        ({}, "keep"),
        (object(), "keep"),
        ({"method": "GET"}, "keep"),
        ({"method": "HEAD"}, "Connection: keep-alive||"),
        (types.SimpleNamespace(method="HEAD"), "Connection: keep-alive||"),
        ({"http_version_major": None, "http_version_minor": None, "headers": None}, "Connection: close||xy"),
        ({"httpVersionMajor": 1, "httpVersionMinor": 1, "headers": {}}, "keep"),
        ({"httpVersionMajor": 1, "httpVersionMinor": 0}, "Connection: close||xy"),
        (types.SimpleNamespace(http_version="1.0", method="GET"), "Connection: close||xy"),
        (types.SimpleNamespace(http_version="1.1", method="GET"), "keep"),
        ({"httpVersionMajor": "one", "httpVersionMinor": object()}, "keep"),
        ({"http_version": "1.0", "headers": {"te": "chunked"}}, "close, chunked"),
        ({"http_version": "1.0", "headers": {"te": ["trailers", "chunked"]}}, "close, chunked"),
        ({"http_version": "1.0", "headers": {"te": 5}}, "Connection: close||xy"),
    ],
)
def test_a_response_to_whatever_is_like_a_request(request_like: Any, framed: str) -> None:
    """What is missing is taken as Node takes it: a GET of HTTP/1.1."""
    chunks = "Transfer-Encoding: chunked||1|x|1|y|0||"
    framed = {
        "keep": f"Connection: keep-alive|{chunks}",
        "close, chunked": f"Connection: close|{chunks}",
    }.get(framed, framed)
    res, writable = http.ServerResponse(request_like), Writable()
    res.send_date = False
    res.assign_socket(writable)
    res.set_header("A", "b")
    res.write("x")
    res.end("y")
    settle()
    text = writable.taken.decode().replace("\r\n", "|")
    assert text == f"HTTP/1.1 200 OK|A: b|{framed}"


@pytest.mark.parametrize("value", [True, False, None, 5])
def test_chunked_encoding_may_be_set(value: Any) -> None:
    """Before the head and after it, in both spellings; the framing is what the head says."""
    seen: list[Any] = []

    def handler(res: Any) -> None:
        assert res.chunked_encoding is res.chunkedEncoding is False
        res.chunkedEncoding = value
        seen.append(res.chunked_encoding)
        res.write("x")
        seen.append(res.chunked_encoding)
        res.chunked_encoding = value
        seen.append(res.chunkedEncoding)
        res.end("y")

    assert serve(handler).body == b"1\r\nx\r\n1\r\ny\r\n0\r\n\r\n"
    assert seen == [value, True, value]

    def whole(res: Any) -> None:
        res.chunked_encoding = value
        res.end("xy")

    assert serve(whole).text.endswith("Content-Length: 2||xy")


def test_chunked_encoding_of_a_status_without_a_body() -> None:
    """Node: the connection does not stay."""

    def handler(res: Any) -> None:
        res.status_code = 204
        res.chunked_encoding = True
        res.end()
        assert res.chunked_encoding is False

    assert serve(handler).text == "HTTP/1.1 204 No Content|Date: D|Connection: close||"


def test_a_second_response_on_the_servers_socket() -> None:
    """The socket of a connection takes another response once its own has let go of it."""
    served = serve()
    res = by_hand()
    assert code_of(lambda: res.assign_socket(served.client.socket)) == "ERR_HTTP_SOCKET_ASSIGNED"
    served.res.detach_socket(served.client.socket)
    res.assign_socket(served.client.socket)
    assert code_of(lambda: by_hand().assign_socket(served.client.socket)) == "ERR_HTTP_SOCKET_ASSIGNED"
    res.detach_socket(served.client.socket)


def test_a_socket_for_a_response_that_has_finished() -> None:
    """Is its own: no other finished response has it."""
    one, other = (serve(lambda res: res.end("x")).res for _ in range(2))
    w = Writable()
    one.socket = w
    assert (one.socket, other.socket) == (w, None)
    one.socket = None
    assert one.socket is None
    one.assign_socket(w)
    assert (one.socket, other.socket) == (w, None)
    one.detach_socket(w)
    assert one.socket is None


@pytest.mark.parametrize("hand", [False, True])
def test_the_socket_is_there_when_it_is_told(hand: bool) -> None:
    """A listener of 'socket' finds it; what it writes goes behind what waited."""
    seen: list[Any] = []

    def listen(res: Any) -> None:
        @res.on("socket")
        def on_socket(socket: Any) -> None:
            seen.append(res.socket is socket)
            res.write("b")

    if hand:
        w = Writable()
        res = by_hand()
        res.write("a")
        listen(res)
        res.assign_socket(w)
        res.end()
        settle()
        sent = w.taken
    else:
        held: list[Any] = []
        client = testing.connect(http.create_server(lambda req, res: held.append(res)))
        client.send(GET + GET)
        held[1].write("a")
        listen(held[1])
        held[0].end()
        settle()
        held[1].end()
        settle()
        sent = client.received
    assert seen == [True]
    assert sent.endswith(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")


def test_a_destroy_when_the_socket_is_told() -> None:
    """Cuts the connection; what waited is lost."""
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET + GET)
    held[1].on("socket", lambda socket: held[1].destroy())
    held[1].end("2")
    held[0].end("1")
    settle()
    assert client.received.endswith(b"\r\n\r\n1")
    assert client.closed
    assert held[1].closed


def test_the_head_and_informational_answers_wait_for_uncork() -> None:
    """Of the response, and of the socket."""
    for corked in (lambda res: res, lambda res: res.socket):
        served = serve()
        corked(served.res).cork()
        served.res.write_processing()
        served.res.flush_headers()
        settle()
        assert served.bytes == b""
        corked(served.res).uncork()
        settle()
        assert served.text.startswith("HTTP/1.1 102 Processing||HTTP/1.1 200 OK|")


def test_an_end_undoes_the_corks_of_the_socket() -> None:
    """The next response on it is not held back."""
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET)
    held[0].socket.cork()
    held[0].end("1")
    settle()
    client.send(GET)
    held[1].write("2")
    settle()
    assert client.received.endswith(b"\r\n\r\n1\r\n2\r\n")


# -- subclasses ----------------------------------------------------------------------


class Noting(http.ServerResponse):
    """Notes which of its methods the library calls."""

    calls: list[Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.calls = [(len(args), options, self.socket)]

    def write_head(self, *args: Any) -> Any:
        self.calls.append(("write_head", *args))
        return super().write_head(*args)

    def set_header(self, name: str, value: Any) -> Any:
        self.calls.append(("set_header", name))
        return super().set_header(name, value)

    def appendHeader(self, name: str, value: Any) -> Any:  # the other spelling moves both
        self.calls.append(("append_header", name))
        return super().append_header(name, value)

    def remove_header(self, name: str) -> None:
        self.calls.append(("remove_header", name))
        super().remove_header(name)

    def write(self, *args: Any) -> bool:
        self.calls.append(("write",))
        return super().write(*args)

    def write_information(self, *args: Any) -> bool:
        self.calls.append(("write_information", args[0]))
        return super().write_information(*args)


def calls_of(handler: Any, **options: Any) -> list[Any]:
    served = serve(handler, ServerResponse=Noting, **options)
    calls: list[Any] = served.res.calls
    assert calls[0][0] == 1
    assert calls[0][2] is None  # assigned after the constructor
    return calls[1:]


def test_the_implicit_head_goes_through_write_head() -> None:
    """From write, end and flush_headers; `end(data)` does not call write."""
    assert calls_of(lambda res: res.end("x")) == [("write_head", 200)]
    assert calls_of(lambda res: res.flush_headers()) == [("write_head", 200)]
    assert calls_of(lambda res: res.write("x")) == [("write",), ("write_head", 200)]


def test_write_head_merges_through_the_methods_of_the_store() -> None:
    """With a used store; with an unused one it calls none."""
    unused = calls_of(lambda res: res.write_head(200, {"A": "1"}))
    assert unused == [("write_head", 200, {"A": "1"})]

    def mapping(res: Any) -> None:
        res.set_header("Z", "1")
        res.write_head(200, {"A": "1"})

    assert calls_of(mapping)[2:] == [("set_header", "A")]

    def flat(res: Any) -> None:
        res.set_header("Z", "1")
        res.write_head(200, ["A", "1", "A", "2"])

    assert calls_of(flat)[2:] == [
        ("remove_header", "A"),
        ("remove_header", "A"),
        ("append_header", "A"),
        ("set_header", "A"),
        ("append_header", "A"),
    ]


def test_set_headers_goes_through_set_header() -> None:
    """Pair by pair."""
    calls = calls_of(lambda res: res.set_headers({"A": "1", "set-cookie": ["x"], "B": "2"}))
    assert calls == [("set_header", "A"), ("set_header", "B"), ("set_header", "set-cookie")]


def test_informational_calls_go_through_write_information() -> None:
    """All three."""

    def handler(res: Any) -> None:
        res.write_continue()
        res.write_processing()
        res.write_early_hints({"link": "<a>"})

    assert calls_of(handler) == [("write_information", code) for code in (100, 102, 103)]


def test_the_options_reach_a_subclass() -> None:
    """The two that a response takes."""
    served = serve(
        lambda res: res.end(), ServerResponse=Noting, high_water_mark=99, reject_non_standard_body_writes=True
    )
    assert served.res.calls[0][1] == {"high_water_mark": 99, "reject_non_standard_body_writes": True}
    assert served.bytes.startswith(b"HTTP/1.1 200 OK")


def test_a_method_replaced_on_one_response_is_used() -> None:
    """`res.write_head = …` is heard by `end`."""
    log: list[Any] = []

    def handler(res: Any) -> None:
        original = res.write_head

        def write_head(*args: Any) -> Any:
            log.append(args)
            return original(*args, {"A": "1"})

        res.write_head = write_head
        res.end("x")

    assert head_of(handler) == "HTTP/1.1 200 OK|A: 1"
    assert log == [(200,)]


def test_a_response_for_an_odd_request() -> None:
    """Made by hand for a request without headers; HTTP/0.9 has no TE."""
    res = http.ServerResponse(type("R", (), {
        "method": "GET", "http_version_major": 1, "http_version_minor": 0, "headers": None
    })())  # fmt: skip
    assert not res.should_keep_alive
    assert not res.use_chunked_encoding_by_default
    assert http.ServerResponse(Request()).use_chunked_encoding_by_default


def test_a_close_listener_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Is logged; there is nobody left to answer."""

    def fail() -> None:
        raise ValueError("late")

    served = serve(lambda res: res.on("close", fail))
    served.client.reset()
    assert served.bytes == b""
    assert "ValueError: late" in caplog.text


def test_an_answer_behind_its_own_informational_response() -> None:
    """In a line, too."""
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET + GET)
    held[1].write_processing()
    held[1].end("2")
    held[0].end("1")
    settle()
    assert client.received.count(b"\r\n\r\n1HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n") == 1
    assert client.received.endswith(b"\r\n\r\n2")
