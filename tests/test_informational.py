"""Informational responses: 100, 102, 103 and others, sent before the final one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.response_stage import GET10, GET10_KEEP, KEEP, code_of, serve, settle
from tests.kit.stage import GET
from writehead import http, testing

END = f"Date: D|{KEEP}|Content-Length: 0||"
EXPECT = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"


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
