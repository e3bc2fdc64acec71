"""What is refused: with which code and reason, where, and after which requests.

Every row is what Node's parser says of the same bytes in one packet; the numbers only name them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.parser_reading import C, G, H, P, R, Reading, ways
from writehead._http1.parser import END

# number, bytes, code without its "HPE_", reason, bytes_parsed, whether a request is found before it
ROWS: list[tuple[int, bytes, str, str, int, bool]] = [
    (1, b" GET / HTTP/1.1" + H, "INVALID_METHOD", "Invalid method encountered", 0, False),
    (2, b"HELLO WORLD\r\n\r\n", "INVALID_METHOD", "Invalid method encountered", 2, False),
    (3, b"FOO / HTTP/1.1" + H, "INVALID_METHOD", "Invalid method encountered", 1, False),
    (4, b"get / HTTP/1.1" + H, "INVALID_METHOD", "Invalid method encountered", 0, False),
    (5, b"GET\r\n\r\n", "INVALID_METHOD", "Expected space after method", 3, False),
    (6, b"GET HTTP/1.1" + H, "INVALID_URL", "Unexpected char in url schema", 8, False),
    (7, b"GET\t/\tHTTP/1.1" + H, "INVALID_METHOD", "Expected space after method", 3, False),
    (8, b"GET / HTTP/1.1 " + H, "INVALID_VERSION", "Expected CRLF after version", 14, False),
    (9, b"GET /a b HTTP/1.1" + H, "INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/", 7, False),
    (10, b"GET / HTTP/1.2" + H, "INVALID_VERSION", "Invalid HTTP version", 14, False),
    (11, b"GET / HTTP/1" + H, "INVALID_VERSION", "Expected dot", 12, False),
    (12, b"GET / HTTP/1.10" + H, "INVALID_VERSION", "Expected CRLF after version", 14, False),
    (13, b"GET / http/1.1" + H, "INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/", 6, False),
    (14, b"DESCRIBE / HTTP/1.1" + H, "INVALID_CONSTANT", "Invalid method for HTTP/x.x request", 15, False),
    (15, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PAUSED_H2_UPGRADE", "Pause on PRI/Upgrade", 24, False),
    (16, b"GET / HTTP/1.1\nHost: a\n\n", "INVALID_VERSION", "Expected CRLF after version", 15, False),
    (
        17,
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        "CR_EXPECTED",
        "Missing expected CR after header value",
        23,
        False,
    ),
    (18, R + b"\n", "INVALID_HEADER_TOKEN", "Invalid header field char", 26, False),
    (19, b"GET / HTTP/1.1\rHost: a\r\n\r\n", "STRICT", "Expected CRLF after version", 15, False),
    (
        20,
        b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "LF_EXPECTED",
        "Missing expected LF after header value",
        24,
        False,
    ),
    (21, R + b"\rX", "STRICT", "Expected LF after headers", 26, False),
    (
        22,
        R + b"X: 1\r\n 2\r\n\r\n",
        "INVALID_HEADER_TOKEN",
        "Unexpected whitespace after header value",
        31,
        False,
    ),
    (
        23,
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "UNEXPECTED_SPACE",
        "Unexpected space after start line",
        17,
        False,
    ),
    (24, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 20, False),
    (25, R + b"Foo\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 28, False),
    (26, R + b": x\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 25, False),
    (27, R + b"X\x00Y: 1\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 26, False),
    (28, R + b"X: a\x00b\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header value char", 29, False),
    (29, b"GET /\x00 HTTP/1.1" + H, "INVALID_URL", "Invalid char in url path", 5, False),
    (30, b"GET /a\tb HTTP/1.1" + H, "INVALID_URL", "Invalid characters in url", 7, False),
    (31, b"GET /\xc3\xa9 HTTP/1.1" + H, "INVALID_URL", "Invalid char in url path", 5, False),
    (32, b"GET ?a HTTP/1.1" + H, "INVALID_URL", "Unexpected start char in url", 4, False),
    (33, b"GET foo HTTP/1.1" + H, "INVALID_URL", "Invalid characters in url", 8, False),
    (34, b"GET a:80 HTTP/1.1" + H, "INVALID_URL", "Unexpected char in url schema", 6, False),
    (
        35,
        P + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "UNEXPECTED_CONTENT_LENGTH",
        "Duplicate Content-Length",
        61,
        False,
    ),
    (
        36,
        P + b"Content-Length: 3, 3\r\n\r\nabc",
        "INVALID_CONTENT_LENGTH",
        "Invalid character in Content-Length",
        43,
        False,
    ),
    (
        37,
        P + b"Content-Length: +3\r\n\r\nabc",
        "INVALID_CONTENT_LENGTH",
        "Invalid character in Content-Length",
        42,
        False,
    ),
    (38, P + b"Content-Length:\r\n\r\n", "INVALID_CONTENT_LENGTH", "Empty Content-Length", 43, False),
    (
        39,
        P + b"Content-Length: 18446744073709551616\r\n\r\nabc",
        "INVALID_CONTENT_LENGTH",
        "Content-Length overflow",
        62,
        False,
    ),
    (
        40,
        P + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "INVALID_TRANSFER_ENCODING",
        "Transfer-Encoding can't be present with Content-Length",
        63,
        False,
    ),
    (
        41,
        P + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "INVALID_CONTENT_LENGTH",
        "Content-Length can't be present with Transfer-Encoding",
        69,
        False,
    ),
    (
        42,
        P + b"Transfer-Encoding: gzip\r\n\r\nabc",
        "INVALID_TRANSFER_ENCODING",
        "Request has invalid `Transfer-Encoding`",
        53,
        True,
    ),
    (
        43,
        P + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "INVALID_TRANSFER_ENCODING",
        "Invalid `Transfer-Encoding` header value",
        53,
        False,
    ),
    (
        44,
        P + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
        "INVALID_TRANSFER_ENCODING",
        "Request has invalid `Transfer-Encoding`",
        58,
        True,
    ),
    (
        45,
        P + b"Transfer-Encoding:\r\n\r\n",
        "INVALID_TRANSFER_ENCODING",
        "Empty Transfer-Encoding",
        46,
        False,
    ),
    (46, C + b"z\r\nabc\r\n0\r\n\r\n", "INVALID_CHUNK_SIZE", "Invalid character in chunk size", 56, True),
    (47, C + b"10000000000000000\r\nabc\r\n0\r\n\r\n", "INVALID_CHUNK_SIZE", "Chunk size overflow", 73, True),
    (48, C + b"3 \r\nabc\r\n0\r\n\r\n", "INVALID_CHUNK_SIZE", "Invalid character in chunk size", 58, True),
    (
        49,
        C + b'3;a="b\r\nabc\r\n0\r\n\r\n',
        "STRICT",
        "Invalid character in chunk extensions quoted value",
        63,
        True,
    ),
    (50, C + b"3;\r\nabc\r\n0\r\n\r\n", "STRICT", "Invalid character in chunk extensions", 59, True),
    (
        51,
        C + b"3;a=b\x01\r\nabc\r\n0\r\n\r\n",
        "STRICT",
        "Invalid character in chunk extensions value",
        62,
        True,
    ),
    (
        52,
        C + b"3;a=b\nabc\r\n0\r\n\r\n",
        "CR_EXPECTED",
        "Missing expected CR after chunk extension value",
        61,
        True,
    ),
    (53, C + b"3\nabc\r\n0\r\n\r\n", "CR_EXPECTED", "Missing expected CR after chunk size", 58, True),
    (54, C + b"3\rabc\r\n0\r\n\r\n", "STRICT", "Expected LF after chunk size", 58, True),
    (55, C + b"3\r\nabc\n0\r\n\r\n", "CR_EXPECTED", "Missing expected CR after chunk data", 63, True),
    (56, C + b"3\r\nabcd\r\n0\r\n\r\n", "STRICT", "Expected LF after chunk data", 62, True),
    (57, C + b"0\r\nX T: v\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 60, True),
    (
        58,
        C + b"0\r\nContent-Length: 4\r\n\r\n",
        "INVALID_CONTENT_LENGTH",
        "Content-Length can't be present with Transfer-Encoding",
        74,
        True,
    ),
    (
        59,
        R + b"Connection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "CLOSED_CONNECTION",
        "Data after `Connection: close`",
        47,
        True,
    ),
    (60, P + b"Content-Length: 3\r\n\r\nabcXYZ", "INVALID_METHOD", "Invalid method encountered", 50, True),
    (61, P + b"\r\nabc", "INVALID_METHOD", "Invalid method encountered", 28, True),
    (62, G + b"BAD\x00\r\n\r\n", "INVALID_METHOD", "Invalid method encountered", 28, True),
    (63, R + b"X: \rY\r\n\r\n", "STRICT", "Expected LF after CR", 29, False),
    (64, R + b"X:\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header value char", 28, False),
    (65, R + b"X:\r\n y\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header value char", 30, False),
    (
        66,
        P + b"Transfer-Encoding: chunked \t\r\n\r\n0\r\n\r\n",
        "INVALID_TRANSFER_ENCODING",
        "Request has invalid `Transfer-Encoding`",
        58,
        True,
    ),
    (
        67,
        P + b"Content-Length : 3\r\n\r\nabc",
        "INVALID_HEADER_TOKEN",
        "Invalid header field char",
        41,
        False,
    ),
    (101, b"GET http://a@b@c@@/ HTTP/1.1" + H, "INVALID_URL", "Double @ in url", 18, False),
    (102, b"GET http://a\x01 HTTP/1.1" + H, "INVALID_URL", "Unexpected char in url server", 12, False),
    (103, b"GET /?a\x00 HTTP/1.1" + H, "INVALID_URL", "Invalid char in url query", 7, False),
    (104, b"GET /#a\x00 HTTP/1.1" + H, "INVALID_URL", "Invalid char in url fragment start", 7, False),
    (105, b"GET /\rX", "INVALID_URL", "Expected CRLF", 6, False),
    (106, b"GET / HTTP/x.1" + H, "INVALID_VERSION", "Invalid major version", 11, False),
    (107, b"GET / HTTP/1.x" + H, "INVALID_VERSION", "Invalid minor version", 13, False),
    (108, b"PRI / HTTP/1.1" + H, "INVALID_VERSION", "Expected HTTP/2 Connection Preface", 16, False),
    (109, b"PUT / RTSP/1.0" + H, "INVALID_CONSTANT", "Invalid method for RTSP/x.x request", 10, False),
    (110, b"GET / ICE/1.0" + H, "INVALID_CONSTANT", "Expected SOURCE method for ICE/x.x request", 9, False),
    (111, C + b"3;a\nabc\r\n", "CR_EXPECTED", "Missing expected CR after chunk extension name", 59, True),
    (112, C + b"3;a\x01\nabc\r\n", "STRICT", "Invalid character in chunk extensions name", 60, True),
    (
        113,
        C + b'3;a="b"x\r\nabc\r\n',
        "STRICT",
        "Invalid character in chunk extensions quote value",
        63,
        True,
    ),
    (
        114,
        C + b'3;a="\\\x01"\r\nabc',
        "STRICT",
        "Invalid quoted-pair in chunk extensions quoted value",
        63,
        True,
    ),
    (
        115,
        R + b"X: a \r\n\tb\r\n\r\n",
        "INVALID_HEADER_TOKEN",
        "Unexpected whitespace after header value",
        32,
        False,
    ),
    (116, R + b"X: a\x7fb\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header value char", 29, False),
    (
        117,
        R + b"Connection: close\r\n\r\n\r\nX",
        "CLOSED_CONNECTION",
        "Data after `Connection: close`",
        49,
        True,
    ),
    (118, C + b"3a=b\r\nabc\r\n", "INVALID_CHUNK_SIZE", "Invalid character in chunk size", 58, True),
]
IDS = [str(row[0]) for row in ROWS]


@pytest.mark.parametrize(("_", "data", "code", "reason", "at", "dispatched"), ROWS, ids=IDS)
def test_it_is_refused_as_node_refuses_it(
    _: int, data: bytes, code: str, reason: str, at: int, dispatched: bool
) -> None:
    """Code, reason and offset are Node's, the packet goes with the error, earlier requests are found."""
    reading = Reading([data])
    error = reading.error
    assert error is not None
    assert (error.code, error.reason, error.bytes_parsed) == ("HPE_" + code, reason, at)
    assert error.raw_packet is data
    assert error.status == 400
    assert bool(reading.messages) == dispatched
    assert reading.parser.closed
    assert not reading.parser.poolable


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_packets_make_no_difference(row: tuple[Any, ...], lazy: bool) -> None:
    """However the bytes are cut, the same is found and the same byte refused."""
    data, at = row[1], row[4]
    whole = Reading([data])
    for packets in ways(data):
        reading = Reading(packets, lazy=lazy)
        error = reading.error
        assert error is not None, packets
        assert reading.shown() == whole.shown(), packets
        assert error.reason == row[3]
        assert error.bytes_parsed is not None
        assert reading.fed + error.bytes_parsed == at, packets


def test_good_requests_before_the_fault_are_found() -> None:
    """A broken request takes nothing from those before it in the packet."""
    data = G + P + b"Content-Length: 3\r\n\r\nabc" + G + b"G@T / HTTP/1.1\r\n\r\n"
    for packets in ways(data):
        reading = Reading(packets)
        assert reading.bodies == [b"", b"abc", b""]
        assert reading.code == "HPE_INVALID_METHOD"


def test_a_fault_in_the_body_leaves_its_request_without_an_end() -> None:
    """The head and the good chunks are listed, the end is not."""
    reading = Reading([C + b"3\r\nabc\r\nz\r\n"])
    assert reading.items[1:] == [b"abc"]
    assert END not in reading.items
    assert reading.code == "HPE_INVALID_CHUNK_SIZE"


def test_the_http2_preface_waits_for_its_end() -> None:
    """Until the preface is whole it might be anything; then it is refused."""
    reading = Reading([b"PRI * HTTP/2.0\r\n\r\n"])
    assert reading.items == []
    assert reading.error is None
    assert reading.parser.mid_message
    assert Reading([b"PRI * HTTP/2.0\r\n\r\n", b"SM\r\n\r\n"]).code == "HPE_PAUSED_H2_UPGRADE"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/2.0" + H, 505),
        (b"GET / HTTP/0.9" + H, 505),
        (b"GET / RTSP/1.0" + H, 400),
        (b"DESCRIBE / RTSP/1.0" + H, 400),
        (b"SOURCE / ICE/1.0" + H, 400),
        (b"GET /\r\n\r\n", 400),
        (b"POST /x\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT          HTTP/1.1\r\n\r\n", 400),
        (b"GET /a#b HTTP/1.1" + H, 400),
        (b"GET /a#b HTTP/1.0" + H, 400),
        (b"GET http:///x HTTP/1.1" + H, 400),
        (b"GET http:///x HTTP/1.0" + H, 400),
        (b"OPTIONS HTTPS://:443 HTTP/1.1" + H, 400),
        (b"GET http://?a HTTP/1.1" + H, 400),
        (b"GET http://u@:80/ HTTP/1.1" + H, 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
)
def test_what_node_lets_through_against_the_rfc_is_refused(data: bytes, status: int) -> None:
    """Other protocols and versions, fragments, absolute targets without a host and chunks on 1.0 are errors; nothing is dispatched."""
    for before in (b"", G, P + b"Content-Length: 5\r\n\r\nGET /"):
        for packets in [[before, data], *ways(before + data)]:
            reading = Reading(packets, lazy=True)
            assert reading.error is not None, packets
            assert reading.error.status == status, packets
            assert len(reading.messages) == bool(before)
            assert reading.parser.closed


@pytest.mark.parametrize("lazy", [False, True])
def test_after_close_every_byte_but_an_empty_line_is_refused(lazy: bool) -> None:
    """A client that said it was the last request is held to it."""
    last = R + b"Connection: close\r\n\r\n"
    reading = Reading([last, b"\r\n", b"\r\n\r\n"], lazy=lazy)
    assert reading.bodies == [b""]
    assert reading.error is None
    assert reading.parser.closed
    reading = Reading([last, b"\r\nG"], lazy=lazy)
    assert reading.code == "HPE_CLOSED_CONNECTION"
    assert reading.error is not None
    assert reading.error.bytes_parsed == 3


def test_an_early_end_is_an_error_inside_a_request_only() -> None:
    """FIN within a head or a body is refused, between requests it says nothing."""
    within = [R, b"GET", b"GET /\r", C + b"0\r\n", P + b"Content-Length: 9\r\n\r\nab"]
    for data in within:
        parser = Reading([data]).parser
        error = parser.end_of_input()
        assert error is parser.error
        assert error is not None
        assert (error.code, error.reason) == ("HPE_INVALID_EOF_STATE", "Invalid EOF state")
        assert (str(error), error.bytes_parsed, error.raw_packet) == ("Parse Error", 0, None)
    for data in (b"", G, b"\r\n\r\n", G + b"\r\n"):
        assert Reading([data]).parser.end_of_input() is None


# -- behind another request, however it is cut ---------------------------------

FIRST = [
    G,
    P + b"Content-Length: 1\r\n\r\n\x00",
    P + b"Content-Length: 6\r\n\r\n\r\n\r\nGE",
    P + b"Content-Length: 4\r\n\r\n\r\n\r\n",
    C + b'1\r\n\x00\r\n1;a="b;c"\r\n\x00\r\n0\r\n\r\n',
    C + b"2\r\n\r\n\r\n0\r\nT: 1\r\nU: 2\r\n\r\n",
    C + b"1\r\n\r\r\n0\r\n\r\n",
    C + b"1\r\n1\r\n0\r\n\r\n\r\n",
]
SECOND = {
    "HPE_INVALID_HEADER_TOKEN": b"GET / HTTP/1.1\r\nX: \x00\r\n\r\n",
    "HPE_INVALID_URL": b"GET /\x00 HTTP/1.1\r\n\r\n",
    "HPE_HEADER_OVERFLOW": b"GET / HTTP/1.1\r\n" + 4 * b"X: 1\r\n" + b"X: \x00\r\n\r\n",
}


@pytest.mark.parametrize("code", SECOND)
@pytest.mark.parametrize("first", FIRST)
def test_a_fault_behind_another_request_is_found_wherever_the_packets_part(first: bytes, code: str) -> None:
    """The same error, at the same byte, although the packet began inside the request before."""
    data = first + SECOND[code]
    where = Reading([data], count=4).error.bytes_parsed
    for cut in range(1, len(data)):
        error = Reading([data[:cut], data[cut:]], count=4).error
        assert error.code == code
        if code != "HPE_HEADER_OVERFLOW" and error.raw_packet == data[cut:]:
            assert error.bytes_parsed == where - cut
