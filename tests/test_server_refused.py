"""The server: what it refuses, accepts and limits, row by row, by the bytes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.stage import BAD, GET, OK_CLOSE, Stage, answer, answer_at_end, bytewise, events, silent

R = b"GET / HTTP/1.1\r\nHost: a\r\n"
P = b"POST / HTTP/1.1\r\nHost: a\r\n"
C = P + b"Transfer-Encoding: chunked\r\n\r\n"
H = b"\r\nHost: a\r\n\r\n"
END = b"0\r\n\r\n"

ALONE, CUT, BEHIND = "the 400 alone", "a request is broken off by the 400", "an answer, then the 400"

# Number: bytes, code, reason, bytes_parsed, what becomes of requests.
REFUSED: dict[int, tuple[bytes, str, str, int, str]] = {
    1: (b" GET / HTTP/1.1" + H, "INVALID_METHOD", "Invalid method encountered", 0, ALONE),
    2: (b"HELLO WORLD\r\n\r\n", "INVALID_METHOD", "Invalid method encountered", 2, ALONE),
    3: (b"FOO / HTTP/1.1" + H, "INVALID_METHOD", "Invalid method encountered", 1, ALONE),
    4: (b"get / HTTP/1.1" + H, "INVALID_METHOD", "Invalid method encountered", 0, ALONE),
    5: (b"GET\r\n\r\n", "INVALID_METHOD", "Expected space after method", 3, ALONE),
    6: (b"GET HTTP/1.1" + H, "INVALID_URL", "Unexpected char in url schema", 8, ALONE),
    7: (b"GET\t/\tHTTP/1.1" + H, "INVALID_METHOD", "Expected space after method", 3, ALONE),
    8: (b"GET / HTTP/1.1 " + H, "INVALID_VERSION", "Expected CRLF after version", 14, ALONE),
    9: (b"GET /a b HTTP/1.1" + H, "INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/", 7, ALONE),
    10: (b"GET / HTTP/1.2" + H, "INVALID_VERSION", "Invalid HTTP version", 14, ALONE),
    11: (b"GET / HTTP/1" + H, "INVALID_VERSION", "Expected dot", 12, ALONE),
    12: (b"GET / HTTP/1.10" + H, "INVALID_VERSION", "Expected CRLF after version", 14, ALONE),
    13: (b"GET / http/1.1" + H, "INVALID_CONSTANT", "Expected HTTP/, RTSP/ or ICE/", 6, ALONE),
    14: (b"DESCRIBE / HTTP/1.1" + H, "INVALID_CONSTANT", "Invalid method for HTTP/x.x request", 15, ALONE),
    15: (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PAUSED_H2_UPGRADE", "Pause on PRI/Upgrade", 24, ALONE),
    16: (b"GET / HTTP/1.1\nHost: a\n\n", "INVALID_VERSION", "Expected CRLF after version", 15, ALONE),
    17: (
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
        "CR_EXPECTED",
        "Missing expected CR after header value",
        23,
        ALONE,
    ),
    18: (R + b"\n", "INVALID_HEADER_TOKEN", "Invalid header field char", 26, ALONE),
    19: (b"GET / HTTP/1.1\rHost: a\r\n\r\n", "STRICT", "Expected CRLF after version", 15, ALONE),
    20: (
        b"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
        "LF_EXPECTED",
        "Missing expected LF after header value",
        24,
        ALONE,
    ),
    21: (R + b"\rX", "STRICT", "Expected LF after headers", 26, ALONE),
    22: (
        R + b"X: 1\r\n 2\r\n\r\n",
        "INVALID_HEADER_TOKEN",
        "Unexpected whitespace after header value",
        31,
        ALONE,
    ),
    23: (
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "UNEXPECTED_SPACE",
        "Unexpected space after start line",
        17,
        ALONE,
    ),
    24: (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 20, ALONE),
    25: (R + b"Foo\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 28, ALONE),
    26: (R + b": x\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 25, ALONE),
    27: (R + b"X\x00Y: 1\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 26, ALONE),
    28: (R + b"X: a\x00b\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header value char", 29, ALONE),
    29: (b"GET /\x00 HTTP/1.1" + H, "INVALID_URL", "Invalid char in url path", 5, ALONE),
    30: (b"GET /a\tb HTTP/1.1" + H, "INVALID_URL", "Invalid characters in url", 7, ALONE),
    31: (b"GET /\xc3\xa9 HTTP/1.1" + H, "INVALID_URL", "Invalid char in url path", 5, ALONE),
    32: (b"GET ?a HTTP/1.1" + H, "INVALID_URL", "Unexpected start char in url", 4, ALONE),
    33: (b"GET foo HTTP/1.1" + H, "INVALID_URL", "Invalid characters in url", 8, ALONE),
    34: (b"GET a:80 HTTP/1.1" + H, "INVALID_URL", "Unexpected char in url schema", 6, ALONE),
    35: (
        P + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        "UNEXPECTED_CONTENT_LENGTH",
        "Duplicate Content-Length",
        61,
        ALONE,
    ),
    36: (
        P + b"Content-Length: 3, 3\r\n\r\nabc",
        "INVALID_CONTENT_LENGTH",
        "Invalid character in Content-Length",
        43,
        ALONE,
    ),
    37: (
        P + b"Content-Length: +3\r\n\r\nabc",
        "INVALID_CONTENT_LENGTH",
        "Invalid character in Content-Length",
        42,
        ALONE,
    ),
    38: (P + b"Content-Length:\r\n\r\n", "INVALID_CONTENT_LENGTH", "Empty Content-Length", 43, ALONE),
    39: (
        P + b"Content-Length: 18446744073709551616\r\n\r\nabc",
        "INVALID_CONTENT_LENGTH",
        "Content-Length overflow",
        62,
        ALONE,
    ),
    40: (
        P + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "INVALID_TRANSFER_ENCODING",
        "Transfer-Encoding can't be present with Content-Length",
        63,
        ALONE,
    ),
    41: (
        P + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "INVALID_CONTENT_LENGTH",
        "Content-Length can't be present with Transfer-Encoding",
        69,
        ALONE,
    ),
    42: (
        P + b"Transfer-Encoding: gzip\r\n\r\nabc",
        "INVALID_TRANSFER_ENCODING",
        "Request has invalid `Transfer-Encoding`",
        53,
        CUT,
    ),
    43: (
        P + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "INVALID_TRANSFER_ENCODING",
        "Invalid `Transfer-Encoding` header value",
        53,
        ALONE,
    ),
    44: (
        P + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
        "INVALID_TRANSFER_ENCODING",
        "Request has invalid `Transfer-Encoding`",
        58,
        CUT,
    ),
    45: (
        P + b"Transfer-Encoding:\r\n\r\n",
        "INVALID_TRANSFER_ENCODING",
        "Empty Transfer-Encoding",
        46,
        ALONE,
    ),
    46: (C + b"z\r\nabc\r\n" + END, "INVALID_CHUNK_SIZE", "Invalid character in chunk size", 56, CUT),
    47: (C + b"10000000000000000\r\nabc\r\n" + END, "INVALID_CHUNK_SIZE", "Chunk size overflow", 73, CUT),
    48: (C + b"3 \r\nabc\r\n" + END, "INVALID_CHUNK_SIZE", "Invalid character in chunk size", 58, CUT),
    49: (
        C + b'3;a="b\r\nabc\r\n' + END,
        "STRICT",
        "Invalid character in chunk extensions quoted value",
        63,
        CUT,
    ),
    50: (C + b"3;\r\nabc\r\n" + END, "STRICT", "Invalid character in chunk extensions", 59, CUT),
    51: (C + b"3;a=b\x01\r\nabc\r\n" + END, "STRICT", "Invalid character in chunk extensions value", 62, CUT),
    52: (
        C + b"3;a=b\nabc\r\n" + END,
        "CR_EXPECTED",
        "Missing expected CR after chunk extension value",
        61,
        CUT,
    ),
    53: (C + b"3\nabc\r\n" + END, "CR_EXPECTED", "Missing expected CR after chunk size", 58, CUT),
    54: (C + b"3\rabc\r\n" + END, "STRICT", "Expected LF after chunk size", 58, CUT),
    55: (C + b"3\r\nabc\n" + END, "CR_EXPECTED", "Missing expected CR after chunk data", 63, CUT),
    56: (C + b"3\r\nabcd\r\n" + END, "STRICT", "Expected LF after chunk data", 62, CUT),
    57: (C + b"0\r\nX T: v\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header token", 60, CUT),
    58: (
        C + b"0\r\nContent-Length: 4\r\n\r\n",
        "INVALID_CONTENT_LENGTH",
        "Content-Length can't be present with Transfer-Encoding",
        74,
        CUT,
    ),
    60: (
        P + b"Content-Length: 3\r\n\r\nabcXYZ",
        "INVALID_METHOD",
        "Invalid method encountered",
        50,
        BEHIND,
    ),
    61: (P + b"\r\nabc", "INVALID_METHOD", "Invalid method encountered", 28, BEHIND),
    62: (GET + b"BAD\x00\r\n\r\n", "INVALID_METHOD", "Invalid method encountered", 28, BEHIND),
    63: (R + b"X: \rY\r\n\r\n", "STRICT", "Expected LF after CR", 29, ALONE),
    64: (R + b"X:\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header value char", 28, ALONE),
    65: (R + b"X:\r\n y\r\n\r\n", "INVALID_HEADER_TOKEN", "Invalid header value char", 30, ALONE),
    66: (
        P + b"Transfer-Encoding: chunked \t\r\n\r\n0\r\n\r\n",
        "INVALID_TRANSFER_ENCODING",
        "Request has invalid `Transfer-Encoding`",
        58,
        CUT,
    ),
    67: (
        P + b"Content-Length : 3\r\n\r\nabc",
        "INVALID_HEADER_TOKEN",
        "Invalid header field char",
        41,
        ALONE,
    ),
}
BODY_OF_ROW = {60: b"abc", 61: b"-", 62: b"-"}

rows = pytest.mark.parametrize("row", REFUSED)
whole_or_not = pytest.mark.parametrize("cut", [lambda data: [data], bytewise], ids=["whole", "bytewise"])


@rows
@whole_or_not
def test_refused_bytes_are_answered_by_400_in_its_turn(row: int, cut: Any) -> None:
    """The client hears the answers of good requests, then the 400, then the end."""
    data, _, _, _, fate = REFUSED[row]
    stage = Stage(answer_at_end)
    client = stage.send(*cut(data))
    before = answer(BODY_OF_ROW[row]) if fate is BEHIND else b""
    assert dateless(client.received) == before + BAD
    assert client.closed


@rows
@whole_or_not
def test_refused_bytes_reach_the_handler_only_behind_a_good_head(row: int, cut: Any) -> None:
    """A handler is called for a good head, and never for a bad one; a broken body aborts the request."""
    data, _, _, _, fate = REFUSED[row]
    stage = Stage(answer_at_end)
    stage.server.prepend_listener("request", lambda req, res: events(stage.log, req, "aborted"))
    stage.send(*cut(data))
    method = data[:4].decode("latin-1").strip()
    wanted = {ALONE: [], CUT: [f"{method} /", "aborted"], BEHIND: [f"{method} /"]}
    assert stage.log == wanted[fate]


@rows
def test_client_error_says_why_and_where(row: int) -> None:
    """'clientError' has Node's code, reason, message, offset and the packet; nothing else is written."""
    data, code, reason, offset, fate = REFUSED[row]
    stage = Stage(silent)
    stage.note_errors()
    client = stage.send(data)
    error = stage.log[-1]
    assert (error.code, error.reason, str(error)) == ("HPE_" + code, reason, f"Parse Error: {reason}")
    assert (error.bytes_parsed, error.raw_packet) == (offset, data)
    assert client.received == b""
    assert len(stage.log) == (1 if fate is ALONE else 2)


@rows
def test_client_error_says_the_same_of_bytes_that_come_one_by_one(row: int) -> None:
    """The code and the reason do not depend on the cuts."""
    data, code, reason, _, _ = REFUSED[row]
    stage = Stage(silent)
    stage.note_errors()
    stage.send(*bytewise(data))
    assert (stage.log[-1].code, stage.log[-1].reason) == ("HPE_" + code, reason)
    assert sum(isinstance(each, Exception) for each in stage.log) == 1


@whole_or_not
def test_bytes_behind_connection_close_are_ignored(cut: Any) -> None:
    """What follows a request that said `Connection: close` is neither served nor refused."""
    stage = Stage(answer_at_end)
    stage.note_errors()
    client = stage.send(*cut(R + b"Connection: close\r\n\r\n" + GET))
    assert dateless(client.received) == answer(b"-", OK_CLOSE)
    assert client.closed
    assert stage.log == ["GET /"]


# -- the layer above the parser ------------------------------------------------

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"
TOO_LONG = b"HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\r\n"

OVER: dict[str, tuple[bytes, bytes, str, bool]] = {
    "a field of 20000 bytes": (R + b"X: " + 20000 * b"v", TOO_LARGE, "HPE_HEADER_OVERFLOW", False),
    "a target of 17000 bytes": (
        b"GET /" + 17000 * b"a" + b" HTTP/1.1" + H,
        TOO_LARGE,
        "HPE_HEADER_OVERFLOW",
        False,
    ),
    "2001 fields": (R + 2000 * b"X: 1\r\n" + b"\r\n", TOO_LARGE, "HPE_HEADER_OVERFLOW", False),
    "a trailer of 17000 bytes": (C + b"0\r\nX: " + 17000 * b"v", TOO_LARGE, "HPE_HEADER_OVERFLOW", True),
    "extensions of 17000 bytes": (
        C + b"3;" + 17000 * b"a" + b"\r\nabc\r\n" + END,
        TOO_LONG,
        "HPE_CHUNK_EXTENSIONS_OVERFLOW",
        True,
    ),
}


@pytest.mark.parametrize("name", OVER)
@whole_or_not
def test_what_is_over_a_limit_has_its_answer(name: str, cut: Any) -> None:
    """A head too large is 431, chunk extensions too long are 413; then the connection ends."""
    data, wanted, _, dispatched = OVER[name]
    stage = Stage(silent)
    client = stage.send(*cut(data))
    assert (client.received, client.closed) == (wanted, True)
    assert len(stage.log) == dispatched


@pytest.mark.parametrize("name", OVER)
@whole_or_not
def test_what_is_over_a_limit_is_a_client_error(name: str, cut: Any) -> None:
    """'clientError' says which limit, once."""
    data, _, code, dispatched = OVER[name]
    reason = "Header overflow" if code == "HPE_HEADER_OVERFLOW" else "Chunk extensions overflow"
    stage = Stage(silent)
    stage.note_errors()
    client = stage.send(*cut(data))
    errors = [(each.code, each.reason, str(each)) for each in stage.log if isinstance(each, Exception)]
    assert errors == [(code, reason, f"Parse Error: {reason}")]
    assert (client.received, len(stage.log)) == (b"", 1 + dispatched)


def test_a_head_may_have_one_byte_less_than_the_limit() -> None:
    """Target, names and values below 16384 bytes are served; 16384 are not."""
    room = 16384 - len("Hosta")
    assert Stage().exchange(b"GET /" + (room - 2) * b"a" + b" HTTP/1.1" + H) == answer(b"ok")
    assert Stage().exchange(b"GET /" + (room - 1) * b"a" + b" HTTP/1.1" + H) == TOO_LARGE


def test_max_header_size_is_counted_as_node_counts() -> None:
    """Names, values and the white space behind them count; separators and that before do not."""
    served = b"GET / HTTP/1.1\r\nHost:    a\r\nX: 12345\r\n\r\n"  # 1 + 5 + 6
    assert Stage(max_header_size=13).exchange(served) == answer(b"ok")
    assert Stage(max_header_size=12).exchange(served) == TOO_LARGE
    assert Stage(max_header_size=13).exchange(served.replace(b"12345", b"12345 ")) == TOO_LARGE


def test_max_header_size_0_is_the_default() -> None:
    """0 means that no limit was given."""
    assert Stage(max_header_size=0).exchange(GET) == answer(b"ok")
    assert Stage(max_header_size=0).exchange(R + b"X: " + 20000 * b"v") == TOO_LARGE


def test_trailers_are_counted_anew() -> None:
    """The head's bytes do not count against the trailers."""
    stage = Stage(answer_at_end, max_header_size=100)
    head = P + b"Transfer-Encoding: chunked\r\nX: " + 60 * b"x" + b"\r\n\r\n"
    assert stage.exchange(head + b"0\r\nT: " + 90 * b"t" + b"\r\n\r\n") == answer(b"-")


@pytest.mark.parametrize(
    ("count", "fields", "served"),
    [(10, 10, True), (10, 11, False), (0, 2500, True), (-1, 2500, True), (2.9, 2, True), (2.9, 3, False)],
)
def test_max_headers_count(count: float, fields: int, served: bool) -> None:
    """One field more than the count is 431; 0 and less are no limit, a fraction is cut off."""
    stage = Stage(max_headers_count=count)
    data = R + (fields - 1) * b"X: 1\r\n" + b"\r\n"
    assert stage.exchange(data) == (answer(b"ok") if served else TOO_LARGE)


def test_trailers_have_a_count_of_their_own() -> None:
    """As many trailers as fields are allowed, and not one more."""
    stage = Stage(answer_at_end, max_headers_count=2)
    head = C + b"0\r\n"
    assert stage.exchange(head + 2 * b"T: 1\r\n" + b"\r\n") == answer(b"-")
    assert stage.exchange(head + 3 * b"T: 1\r\n" + b"\r\n") == TOO_LARGE


def test_chunk_extensions_are_counted_per_chunk() -> None:
    """16384 bytes of names and values may stand on each chunk line."""
    line = b";" + 16384 * b"e" + b"\r\n"
    assert Stage(answer_at_end).exchange(C + b"3" + line + b"abc\r\n0" + line + b"\r\n") == answer(b"abc")
    assert Stage(answer_at_end).exchange(C + b"0;" + 16385 * b"e" + b"\r\n\r\n") == TOO_LONG


@pytest.mark.parametrize(
    "data",
    [R, b"GET /\r\n", b"GET /\n", C + b"0\r\n", P + b"Content-Length: 9\r\n\r\nab", b"GE"],
)
@whole_or_not
def test_fin_inside_a_request_is_an_error(data: bytes, cut: Any) -> None:
    """FIN before the last byte of a request: 400 and the end, `HPE_INVALID_EOF_STATE`."""
    stage = Stage(silent)
    client = stage.send(*cut(data))
    client.end()
    assert (client.received, client.closed) == (BAD, True)
    stage.note_errors()
    client = stage.send(*cut(data))
    client.end()
    error = stage.log[-1]
    assert (error.code, error.reason, str(error)) == (
        "HPE_INVALID_EOF_STATE",
        "Invalid EOF state",
        "Parse Error",
    )
    assert (error.bytes_parsed, error.raw_packet) == (0, None)


def test_fin_between_requests_is_the_end() -> None:
    """FIN with nothing but empty lines behind the last request closes without a word."""
    stage = Stage()
    stage.note_errors()
    client = stage.send(GET, b"\r\n\r\n")
    client.end()
    assert (dateless(client.received), client.closed) == (answer(b"ok"), True)
    assert stage.log == ["GET /"]


# -- accepted ------------------------------------------------------------------

# Name: bytes, (method, url, body), whether the connection is kept.
ACCEPTED: dict[str, tuple[bytes, tuple[str, str, bytes], bool]] = {
    "empty lines before": (b"\r\n\n\r\r\n" + GET, ("GET", "/", b""), True),
    "spaces in the request line": (b"GET  /  HTTP/1.1" + H, ("GET", "/", b""), True),
    "source": (b"SOURCE / HTTP/1.1" + H, ("SOURCE", "/", b""), True),
    "query": (b"QUERY / HTTP/1.1" + H, ("QUERY", "/", b""), True),
    "m-search": (b"M-SEARCH * HTTP/1.1" + H, ("M-SEARCH", "*", b""), True),
    "an empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", ("GET", "/", b""), True),
    "1.0 without host": (b"GET / HTTP/1.0\r\n\r\n", ("GET", "/", b""), False),
    "odd characters": (b'GET /<>"{}|\\^`[] HTTP/1.1' + H, ("GET", '/<>"{}|\\^`[]', b""), True),
    "two slashes": (b"GET //x/y?a=?b HTTP/1.1" + H, ("GET", "//x/y?a=?b", b""), True),
    "absolute": (b"GET http://x.y:80/p?q HTTP/1.1" + H, ("GET", "http://x.y:80/p?q", b""), True),
    "ftp": (b"GET ftp://x/ HTTP/1.1" + H, ("GET", "ftp://x/", b""), True),
    "upper case scheme": (b"GET HTTP://x/ HTTP/1.1" + H, ("GET", "HTTP://x/", b""), True),
    "two ats": (b"GET http://a@b@c/ HTTP/1.1" + H, ("GET", "http://a@b@c/", b""), True),
    "user and password": (b"GET http://u:p@c/ HTTP/1.1" + H, ("GET", "http://u:p@c/", b""), True),
    "asterisk": (b"OPTIONS * HTTP/1.1" + H, ("OPTIONS", "*", b""), True),
    "get asterisk": (b"GET * HTTP/1.1" + H, ("GET", "*", b""), True),
    "get with a body": (R + b"Content-Length: 3\r\n\r\nabc", ("GET", "/", b"abc"), True),
    "get with chunks": (
        R + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + END,
        ("GET", "/", b"abc"),
        True,
    ),
    "zeros in the length": (P + b"Content-Length: 03\r\n\r\nabc", ("POST", "/", b"abc"), True),
    "white space behind the length": (P + b"Content-Length: 3 \t\r\n\r\nabc", ("POST", "/", b"abc"), True),
    "post without length": (P + b"\r\n", ("POST", "/", b""), True),
    "chunked in capitals": (
        P + b"Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n" + END,
        ("POST", "/", b"abc"),
        True,
    ),
    "spaces behind chunked": (
        P + b"Transfer-Encoding: chunked  \r\n\r\n3\r\nabc\r\n" + END,
        ("POST", "/", b"abc"),
        True,
    ),
    "a tab before chunked": (
        P + b"Transfer-Encoding:\tchunked\r\n\r\n3\r\nabc\r\n" + END,
        ("POST", "/", b"abc"),
        True,
    ),
    "gzip, chunked": (
        P + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n" + END,
        ("POST", "/", b"abc"),
        True,
    ),
    "a comma before chunked": (
        P + b"Transfer-Encoding: , chunked\r\n\r\n3\r\nabc\r\n" + END,
        ("POST", "/", b"abc"),
        True,
    ),
    "two fields": (
        P + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + END,
        ("POST", "/", b"abc"),
        True,
    ),
    "zeros in the chunk size": (C + b"00000000000000000000003\r\nabc\r\n" + END, ("POST", "/", b"abc"), True),
    "chunk extensions": (
        C + b'3;a=b;c="x;\\"y";d\r\nabc\r\n' + END,
        ("POST", "/", b"abc"),
        True,
    ),
    "an extension without name": (C + b"3;=b\r\nabc\r\n" + END, ("POST", "/", b"abc"), True),
    "trailers": (C + b"0\r\nX-T: v\r\nHost: z\r\n\r\n", ("POST", "/", b""), True),
    "unknown tokens of connection": (R + b"Connection: foo, bar\r\n\r\n", ("GET", "/", b""), True),
    "an upgrade nobody takes": (
        R + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n",
        ("GET", "/", b""),
        True,
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
@whole_or_not
def test_odd_but_valid_requests_are_served(name: str, cut: Any) -> None:
    """The handler gets method, target and body as sent; the connection goes on by its own rules."""
    data, (method, url, body), kept = ACCEPTED[name]
    seen: list[tuple[Any, ...]] = []

    def handle(req: Any, res: Any) -> None:
        parts: list[bytes] = []
        req.on("data", parts.append)
        req.on("end", lambda: (seen.append((req.method, req.url, b"".join(parts))), res.end("ok")))

    client = Stage(handle).send(*cut(data))
    assert seen == [(method, url, body)]
    assert dateless(client.received) == (answer(b"ok") if kept else OK_CLOSE + b"\r\nok")
    assert client.closed is not kept
    if kept:
        client.send(GET)
        assert seen[1:] == [("GET", "/", b"")]


@whole_or_not
def test_a_fragment_in_the_target_is_refused(cut: Any) -> None:
    """RFC 9112, 3.2: a target has no `#`; it is 400, except with `insecure_http_parser`."""
    data = b"GET /a?b#c HTTP/1.1" + H
    client = Stage().send(*cut(data))
    assert (client.received, client.closed) == (BAD, True)
    stage = Stage(insecure_http_parser=True)
    assert stage.exchange(*cut(data)) == answer(b"ok")
    assert stage.log == ["GET /a?b#c"]


UNSUPPORTED = b"HTTP/1.1 505 HTTP Version Not Supported\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "wanted", "version"),
    [
        (b"GET / HTTP/2.0" + H, UNSUPPORTED, "2.0"),
        (b"GET / HTTP/0.9\r\n\r\n", UNSUPPORTED, "0.9"),
        (b"GET / RTSP/1.0" + H, BAD, "1.0"),
        (b"DESCRIBE / RTSP/1.0" + H, BAD, "1.0"),
        (b"SOURCE / ICE/1.0" + H, BAD, "1.0"),
        (b"GET /\r\n\r\n", BAD, "0.9"),
        (b"POST /\r\n\r\n", BAD, "0.9"),
        (b"GET /\r\nHost: a\r\n\r\n", BAD, "0.9"),
    ],
)
@whole_or_not
def test_other_versions_and_protocols_are_refused(data: bytes, wanted: bytes, version: str, cut: Any) -> None:
    """HTTP/2.0 and 0.9 are 505, RTSP, ICE and no version 400; leniently they are served as by Node."""
    client = Stage().send(*cut(data))
    assert (client.received, client.closed) == (wanted, True)
    seen: list[str] = []
    stage = Stage(lambda req, res: (seen.append(req.http_version), res.end("ok")), insecure_http_parser=True)
    client = stage.send(*cut(data))
    assert seen == [version]
    assert dateless(client.received) == OK_CLOSE + b"\r\nok"
    assert client.closed


@whole_or_not
def test_half_a_preface_of_http_2_waits(cut: Any) -> None:
    """`PRI * HTTP/2.0` alone is not refused yet."""
    stage = Stage()
    client = stage.send(*cut(b"PRI * HTTP/2.0\r\n\r\n"))
    assert (client.received, client.closed, stage.log) == (b"", False, [])


@whole_or_not
def test_a_chunked_body_on_1_0_is_refused(cut: Any) -> None:
    """RFC 9112, 6.1: 400, except with `insecure_http_parser`."""
    data = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    stage = Stage(answer_at_end)
    client = stage.send(*cut(data))
    assert (client.received, client.closed, stage.log) == (BAD, True, [])
    client = Stage(answer_at_end, insecure_http_parser=True).send(*cut(data))
    assert (dateless(client.received), client.closed) == (OK_CLOSE + b"\r\nabc", True)


@pytest.mark.parametrize("target", ["a:80", "/", "http://a/"])
@whole_or_not
def test_connect_takes_any_target(target: str, cut: Any) -> None:
    """'connect' gets it as sent, with what follows the head in the packet."""
    stage = Stage()
    got: list[bytes] = []

    def connect(req: Any, socket: Any, head: bytes) -> None:
        stage.log.append((req.method, req.url))
        got.append(head)
        socket.on("data", got.append)

    stage.server.on("connect", connect)
    client = stage.send(*cut(f"CONNECT {target} HTTP/1.1".encode() + H + b"rest"))
    assert (stage.log, b"".join(got)) == ([("CONNECT", target)], b"rest")
    assert (client.received, client.closed) == (b"", False)


@pytest.mark.parametrize(
    "data",
    [C + b"FFFFFFFFFFFFFFFF\r\nabc", P + b"Content-Length: 18446744073709551615\r\n\r\nabc"],
)
@whole_or_not
def test_the_largest_lengths_are_taken(data: bytes, cut: Any) -> None:
    """A chunk, or a body, of 2**64 - 1 bytes may begin."""
    stage = Stage(silent)
    client = stage.send(*cut(data))
    assert (client.received, client.closed, stage.log) == (b"", False, ["POST /"])


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        (b"Host:  \t a \t \r\nX:\r\nY:  \t\r\n", ["Host", "a", "X", "", "Y", ""]),
        (b"Host: a\r\n!#$%&'*+-.^_`|~: 1\r\n", ["Host", "a", "!#$%&'*+-.^_`|~", "1"]),
        (b"Host: a\r\nX: a\tb\r\n", ["Host", "a", "X", "a\tb"]),
        (b"Host: a\r\nX: \xe9\xff\x80\r\n", ["Host", "a", "X", "\xe9\xff\x80"]),
    ],
)
@whole_or_not
def test_field_values_lose_the_white_space_around_them(lines: bytes, headers: list[str], cut: Any) -> None:
    """Names are as sent, values are latin-1 and bare."""
    seen: list[str] = []
    stage = Stage(lambda req, res: (seen.extend(req.raw_headers), res.end("ok")))
    assert stage.exchange(*cut(b"GET / HTTP/1.1\r\n" + lines + b"\r\n")) == answer(b"ok")
    assert seen == headers


# -- insecure_http_parser ------------------------------------------------------

# Row: what the handler reads of the body (None: more than that is asked below).
LENIENT = {
    10: b"", 16: b"", 17: b"", 18: b"", 19: b"", 64: b"", 52: b"abc", 53: b"abc", 54: b"abc", 55: b"abc",
    22: b"", 65: b"", 23: b"", 28: b"", 67: b"abc", 40: b"", 41: b"", 58: b"", 48: b"abc",
}  # fmt: skip


@pytest.mark.parametrize("row", LENIENT)
@whole_or_not
def test_insecure_http_parser_serves_what_is_refused_else(row: int, cut: Any) -> None:
    """Bare line ends, folded values, spaces in odd places and doubled lengths pass."""
    data = REFUSED[row][0]
    seen: list[bytes] = []

    def handle(req: Any, res: Any) -> None:
        parts: list[bytes] = []
        req.on("data", parts.append)
        req.on("end", lambda: (seen.append(b"".join(parts)), res.end("ok")))

    client = Stage(handle, insecure_http_parser=True).send(*cut(data))
    assert seen == [LENIENT[row]]
    assert (dateless(client.received), client.closed) == (answer(b"ok"), False)


def test_insecure_http_parser_needs_no_line_end_behind_a_chunk() -> None:
    """Row 56: what follows the data is the next chunk line, here of a chunk of 13 bytes."""
    seen: list[bytes] = []
    stage = Stage(lambda req, res: req.on("data", seen.append), insecure_http_parser=True)
    client = stage.send(REFUSED[56][0])
    assert seen == [b"abc", b"0\r\n\r\n"]
    assert (client.received, client.closed) == (b"", False)


@pytest.mark.parametrize("row", [42, 43, 44, 66])
def test_insecure_http_parser_reads_an_unknown_coding_to_the_fin(row: int) -> None:
    """A body that is not chunked at its end runs to FIN, which completes it."""
    stage = Stage(answer_at_end, insecure_http_parser=True)
    seen: list[bytes] = []
    stage.server.on("request", lambda req, res: req.on("data", seen.append))
    client = stage.send(REFUSED[row][0])
    client.end()
    assert b"".join(seen) == REFUSED[row][0].partition(b"\r\n\r\n")[2]


def test_insecure_http_parser_serves_requests_behind_close() -> None:
    """What follows `Connection: close` is a request."""
    stage = Stage(silent, insecure_http_parser=True)
    stage.send(R + b"Connection: close\r\n\r\nGET /2 HTTP/1.1" + H)
    assert stage.log == ["GET /", "GET /2"]


@pytest.mark.parametrize("row", sorted(set(REFUSED) - set(LENIENT) - {21, 42, 43, 44, 56, 60, 61, 62, 66}))
@whole_or_not
def test_insecure_http_parser_still_refuses(row: int, cut: Any) -> None:
    """Methods, targets, names, lengths and chunk sizes are held to the same rules."""
    client = Stage(silent, insecure_http_parser=True).send(*cut(REFUSED[row][0]))
    assert (client.received, client.closed) == (BAD, True)


@pytest.mark.parametrize("row", [21, 60, 61, 62])
@whole_or_not
def test_insecure_http_parser_refuses_what_follows_a_request(row: int, cut: Any) -> None:
    """The request is served, the bytes behind it are not."""
    stage = Stage(answer_at_end, insecure_http_parser=True)
    client = stage.send(*cut(REFUSED[row][0]))
    assert (dateless(client.received), client.closed) == (answer(BODY_OF_ROW.get(row, b"-")) + BAD, True)


def test_folded_values_are_unfolded() -> None:
    """With `insecure_http_parser` a folded value reads as one line."""
    seen: list[Any] = []
    stage = Stage(lambda req, res: (seen.append(req.headers["x"]), res.end()), insecure_http_parser=True)
    stage.send(R + b"X: 1\r\n 2\r\n\r\n")
    assert seen == ["1 2"]
