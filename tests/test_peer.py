"""A client's bytes: how requests are written, and how answers are read."""

from __future__ import annotations

import pytest

from writehead._testing.client import read_response, render_request


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("GET", "/", (), b"", "1.1"), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (("GET", "*", {"host": "x"}, b"", "1.0"), b"GET * HTTP/1.0\r\nhost: x\r\n\r\n"),
        (
            ("PUT", "/a?b", {"X": ["1", 2], "Y": 3}, "é", "1.1"),
            b"PUT /a?b HTTP/1.1\r\nHost: localhost\r\nX: 1\r\nX: 2\r\nY: 3\r\nContent-Length: 2\r\n\r\n\xc3\xa9",
        ),
        (
            ("PUT", "/", [("Transfer-Encoding", "gzip, chunked")], [b"ab", b"", b"c"], "1.1"),
            (
                b"PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
                b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
            ),
        ),
        (
            ("PUT", "/", [("Content-Length", "9")], b"ab", "1.1"),
            b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab",
        ),
    ],
)
def test_a_request_is_written(arguments: tuple, wanted: bytes) -> None:  # type: ignore[type-arg]
    """What is missing is added, what is given stands."""
    assert render_request(*arguments) == wanted


HEAD = b"HTTP/1.1 200 OK\r\n"
# bytes, for HEAD, whether the connection is over; body, raw trailers
WHOLE = [
    (HEAD + b"Content-Length: 2\r\n\r\nab", False, False, b"ab", []),
    (HEAD + b"Content-Length: 2\r\n\r\n", True, False, b"", []),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\n\r\n", False, False, b"abc", []),
    (
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\nB:2 \r\n\r\n",
        False,
        False,
        b"",
        ["A", "1", "B", "2"],
    ),
    (HEAD + b"\r\nall of it", False, True, b"all of it", []),
    (b"HTTP/1.1 204 No Content\r\n\r\n", False, False, b"", []),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", False, False, b"", []),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", False, False, b"", []),
]


@pytest.mark.parametrize(("data", "for_head", "over", "body", "trailers"), WHOLE)
def test_an_answer_is_read(data: bytes, for_head: bool, over: bool, body: bytes, trailers: list[str]) -> None:
    """By length, by chunks, to the end, or without a body; from where it begins to where it ends."""
    found = read_response(b"before" + data, 6, for_head, over)
    assert found is not None
    answer, informational, end = found
    assert (answer.body, answer.raw_trailers, informational, end) == (body, trailers, [], 6 + len(data))


@pytest.mark.parametrize(("data", "for_head", "over"), [row[:3] for row in WHOLE if not row[2]])
def test_an_answer_that_is_cut_has_not_come(data: bytes, for_head: bool, over: bool) -> None:
    """Wherever it is cut."""
    for size in range(len(data)):
        assert read_response(data[:size], 0, for_head, over) is None


def test_informational_answers_come_before() -> None:
    """In their order."""
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + WHOLE[0][0]
    found = read_response(data, 0, False, False)
    assert found is not None
    assert [(each.status, each.reason, each.raw_headers) for each in found[1]] == [
        (100, "Continue", []),
        (103, "Early Hints", ["Link", "</a>"]),
    ]


@pytest.mark.parametrize("data", [b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", HEAD + b"nonsense\r\n\r\n"])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    """The line is shown."""
    with pytest.raises(ValueError, match="^not a "):
        read_response(data, 0, False, False)
