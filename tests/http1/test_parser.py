"""What the parser accepts, what it sees in it, and where it says it stands."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from tests.kit.parser_reading import C, G, H, P, R, Reading, new_parser, ways
from writehead._http1.parser import END, ParsedHead


def first(reading: Reading) -> ParsedHead:
    return reading.messages[0]


# bytes, method, target, version, fields, body, keep-alive
ACCEPTED: list[tuple[bytes, str, bytes, str, list[bytes], bytes, bool]] = [
    (b"\r\n\r\n\r" + G, "GET", b"/", "1.1", [b"Host", b"a"], b"", True),
    (b"\r" + G, "GET", b"/", "1.1", [b"Host", b"a"], b"", True),
    (b"GET  /  HTTP/1.1" + H, "GET", b"/", "1.1", [b"Host", b"a"], b"", True),
    (b"SOURCE / HTTP/1.1" + H, "SOURCE", b"/", "1.1", [b"Host", b"a"], b"", True),
    (b"QUERY / HTTP/1.1" + H, "QUERY", b"/", "1.1", [b"Host", b"a"], b"", True),
    (b"M-SEARCH / HTTP/1.1" + H, "M-SEARCH", b"/", "1.1", [b"Host", b"a"], b"", True),
    (
        b"GET / HTTP/1.1\r\nHost:  \t a \t \r\nX:\r\nY:  \t\r\n\r\n",
        "GET", b"/", "1.1", [b"Host", b"a", b"X", b"", b"Y", b""], b"", True,
    ),
    (
        R + b"!#$%&'*+-.^_`|~: 1\r\n\r\n",
        "GET", b"/", "1.1", [b"Host", b"a", b"!#$%&'*+-.^_`|~", b"1"], b"", True,
    ),
    (
        R + b"X: a\tb\r\nY: \xe9\xff\x80\r\n\r\n",
        "GET", b"/", "1.1", [b"Host", b"a", b"X", b"a\tb", b"Y", b"\xe9\xff\x80"], b"", True,
    ),
    (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET", b"/", "1.1", [b"Host", b""], b"", True),
    (R + b"Host: b\r\n\r\n", "GET", b"/", "1.1", [b"Host", b"a", b"Host", b"b"], b"", True),
    (b"GET / HTTP/1.0\r\n\r\n", "GET", b"/", "1.0", [], b"", False),
    (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", b"/", "1.0",
     [b"Connection", b"keep-alive"], b"", True),
    (b'GET /<>"{}|\\^`[]?a?b HTTP/1.1' + H, "GET", b'/<>"{}|\\^`[]?a?b', "1.1", [b"Host", b"a"], b"", True),
    (b"GET //x/y HTTP/1.1" + H, "GET", b"//x/y", "1.1", [b"Host", b"a"], b"", True),
    (b"GET http://x.y:80/p?q HTTP/1.1" + H, "GET", b"http://x.y:80/p?q", "1.1", [b"Host", b"a"], b"", True),
    (b"GET http://[::1] HTTP/1.1" + H, "GET", b"http://[::1]", "1.1", [b"Host", b"a"], b"", True),
    (b"OPTIONS * HTTP/1.1" + H, "OPTIONS", b"*", "1.1", [b"Host", b"a"], b"", True),
    (R + b"Content-Length: 3\r\n\r\nabc", "GET", b"/", "1.1",
     [b"Host", b"a", b"Content-Length", b"3"], b"abc", True),
    (P + b"Content-Length: 03 \t\r\n\r\nabc", "POST", b"/", "1.1",
     [b"Host", b"a", b"Content-Length", b"03"], b"abc", True),
    (R + b"Content-Length: 4\r\n\r\n\r\n\r\n", "GET", b"/", "1.1",
     [b"Host", b"a", b"Content-Length", b"4"], b"\r\n\r\n", True),
    (P + b"\r\n", "POST", b"/", "1.1", [b"Host", b"a"], b"", True),
    (P + b"Content-Length: 0\r\n\r\n", "POST", b"/", "1.1",
     [b"Host", b"a", b"Content-Length", b"0"], b"", True),
    (R + b"Connection: foo, bar\r\n\r\n", "GET", b"/", "1.1",
     [b"Host", b"a", b"Connection", b"foo, bar"], b"", True),
    (R + b"Connection: foo, CLOSE \r\n\r\n", "GET", b"/", "1.1",
     [b"Host", b"a", b"Connection", b"foo, CLOSE"], b"", False),
    (R + b"Proxy-Connection: close\r\n\r\n", "GET", b"/", "1.1",
     [b"Host", b"a", b"Proxy-Connection", b"close"], b"", False),
    (R + b'Connection: closed, "close"\r\n\r\n', "GET", b"/", "1.1",
     [b"Host", b"a", b"Connection", b'closed, "close"'], b"", True),
    (R + b"Upgrade: x\r\n\r\n", "GET", b"/", "1.1", [b"Host", b"a", b"Upgrade", b"x"], b"", True),
]  # fmt: skip


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: repr(row[0][:40]))
def test_a_request_is_seen_as_sent(row: tuple[Any, ...]) -> None:
    """Method, target, version, fields and body, in either lane and however the bytes are cut."""
    data, method, target, version, fields, body, keep_alive = row
    for lazy in (False, True):
        for packets in ways(data):
            reading = Reading(packets, lazy=lazy)
            message = first(reading)
            assert reading.error is None
            assert (message.method, message.target, message.version) == (method, target, version)
            assert message.fields == fields
            assert reading.bodies == [body]
            assert message.keep_alive is keep_alive
            assert reading.parser.closed is not keep_alive
            assert not reading.parser.mid_message


@pytest.mark.parametrize(
    "coding", [b"CHUNKED", b"chunked  ", b"\tchunked", b"gzip, chunked", b", chunked",
               b"gzip\r\nTransfer-Encoding: chunked"],
)  # fmt: skip
def test_chunked_comes_in_many_spellings(coding: bytes) -> None:
    """The last coding decides, in any case and over all fields; no other coding is undone."""
    data = P + b"Transfer-Encoding: " + coding + b"\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    for packets in ways(data):
        assert Reading(packets).bodies == [b"abcde"]


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        (b"00000000000000000000003\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b'3;a=b;c="x;\\"y";d\r\nabc\r\n0;e\r\n\r\n', b"abc"),
        (b"3;=b\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"3;a=\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"1\r\na\r\nA\r\n" + b"\r\n\r\n\r\n0\r\n\r" + b"\r\n0\r\n\r\n", b"a\r\n\r\n\r\n0\r\n\r"),
        (b"0\r\n\r\n", b""),
    ],
)
def test_chunks_are_taken_apart(chunks: bytes, body: bytes) -> None:
    """Sizes, extensions and line ends never reach the body."""
    for packets in ways(C + chunks):
        assert Reading(packets).bodies == [body]


def test_the_largest_chunk_size_is_accepted() -> None:
    """2**64 - 1 is a size."""
    assert Reading([C + b"FFFFFFFFFFFFFFFF\r\nab"]).items[1:] == [b"ab"]


def test_a_body_comes_in_one_piece_per_packet_and_chunk() -> None:
    """Nothing is gathered and nothing is parted: the pieces are those of the client."""
    parser = new_parser()
    assert parser.feed(C + b"3\r\nabc\r\n3\r\nde")[1:] == [b"abc", b"de"]
    assert parser.feed(b"f\r\n") == [b"f"]
    assert parser.feed(b"0\r\n\r\n") == [END]


@pytest.mark.parametrize("size", [50_000, 300_000])
@pytest.mark.parametrize("framing", ["length", "chunk"])
def test_a_large_packet_of_body_is_one_piece(framing: str, size: int) -> None:
    """How the parser goes through a packet for the limits' sake is not to be seen."""
    body = bytes(range(256)) * (size // 256)
    parser = new_parser()
    if framing == "length":
        parser.feed(P + b"Content-Length: %d\r\n\r\n" % (2 * len(body)))
    else:
        parser.feed(C + b"%x\r\n" % (2 * len(body)))
    assert parser.feed(body) == [body]
    last = parser.feed(body + (b"\r\n0\r\n\r\n" if framing == "chunk" else b"") + G)
    assert last[:2] == [body, END]
    assert last[3:] == [END]


def test_trailers_are_kept_apart_from_fields() -> None:
    """They come with the end of the message, without the white space around them."""
    for packets in ways(C + b"1\r\na\r\n0\r\nX-T: v \t\r\nHost: z\r\nE:\r\n\r\n" + G):
        reading = Reading(packets)
        with_trailers, without = reading.messages
        assert reading.trailers == [[b"X-T", b"v", b"Host", b"z", b"E", b""], []]
        assert with_trailers.fields == [b"Host", b"a", b"Transfer-Encoding", b"chunked"]
        assert without.fields == [b"Host", b"a"]


def test_requests_behind_each_other_are_told_apart() -> None:
    """Bodies, chunks, empty lines and bare requests in one stream, each with its own end."""
    data = (
        G + P + b"Content-Length: 3\r\n\r\nabc" + b"\r\n\r\n" + G + C + b"2\r\nde\r\n0\r\nT: 1\r\n\r\n" + G
        + b"HEAD /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + G
    )  # fmt: skip
    for lazy in (False, True):
        for packets in ways(data, cuts=30):
            reading = Reading(packets, lazy=lazy)
            assert reading.bodies == [b"", b"abc", b"", b"de", b"", b"", b""]
            assert [message.method for message in reading.messages] == [
                "GET", "POST", "GET", "POST", "GET", "HEAD", "GET",
            ]  # fmt: skip
            assert not reading.parser.mid_message


def test_it_says_whether_a_request_is_under_way() -> None:
    """From its first byte to its last; empty lines before it do not count."""
    parser = new_parser()
    states = []
    for packet in (b"\r\n", b"\r\nG", b"ET / HTTP/1.1\r\nContent-Length: 2\r\n", b"\r\n", b"a", b"b\r\n", G):
        parser.feed(packet)
        states.append((parser.mid_message, parser.head_complete, parser.poolable))
    assert states == [
        (False, False, True),
        (True, False, False),
        (True, False, False),
        (True, True, False),
        (True, True, False),
        (False, False, True),
        (False, False, True),
    ]


def test_an_interrupt_within_the_parser_is_not_swallowed() -> None:
    """What strikes while a callback runs comes out as it is."""

    class Impatient(list[bytes]):
        def append(self, _: bytes) -> None:
            raise KeyboardInterrupt

    parser = new_parser()
    parser._fields = Impatient()
    with pytest.raises(KeyboardInterrupt):
        parser.feed(G)
    assert not parser.poolable


def test_an_end_is_shown_by_its_name() -> None:
    """A list of what was found reads well in a debugger."""
    assert repr(Reading([G]).items[1:]) == "[END]"
    assert repr(Reading([C + b"0\r\nT: v\r\n\r\n"]).items[1:]) == "[End([b'T', b'v'])]"


# What leniency lets through: bytes, bodies, fields behind Host of the first message
LENIENT: list[tuple[bytes, list[bytes | None], list[bytes]]] = [
    (b"GET / HTTP/1.2" + H, [b""], []),
    (b"GET / HTTP/7.9" + H, [b""], []),
    (b"GET / HTTP/2.0" + H, [b""], []),
    (b"GET / RTSP/1.0" + H, [b""], []),
    (b"GET /a#b HTTP/1.1" + H, [b""], []),
    (b"GET / HTTP/1.1\nHost: a\n\n", [b""], []),
    (b"GET / HTTP/1.1\r\nHost: a\n\r\n", [b""], []),
    (R + b"\n", [b""], []),
    (b"GET / HTTP/1.1\rHost: a\r\n\r\n", [b""], []),
    (R + b"X: 1\r\n 2\r\n\r\n", [b""], [b"X", b"1 2"]),
    (R + b"X:\r\n y\r\n\r\n", [b""], [b"X", b"y"]),
    (R + b"X:\n\r\n", [b""], [b"X", b""]),
    (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", [b""], []),
    (R + b"X: a\x00b\r\n\r\n", [b""], [b"X", b"a\x00b"]),
    (P + b"Content-Length : 3\r\n\r\nabc", [b"abc"], [b"Content-Length ", b"3"]),
    (P + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", [b"x"],
     [b"Content-Length", b"3", b"Transfer-Encoding", b"chunked"]),
    (P + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nx\r\n0\r\n\r\n", [b"x"],
     [b"Transfer-Encoding", b"chunked", b"Content-Length", b"3"]),
    (C + b"3\nabc\r\n0\r\n\r\n", [b"abc"], [b"Transfer-Encoding", b"chunked"]),
    (C + b"3\rabc\r\n0\r\n\r\n", [b"abc"], [b"Transfer-Encoding", b"chunked"]),
    (C + b"3;a=b\nabc\r\n0\r\n\r\n", [b"abc"], [b"Transfer-Encoding", b"chunked"]),
    (C + b"3\r\nabc\n0\r\n\r\n", [b"abc"], [b"Transfer-Encoding", b"chunked"]),
    (C + b"3  \r\nabc0\r\n\r\n", [b"abc"], [b"Transfer-Encoding", b"chunked"]),
    (C + b"0\r\nContent-Length: 4\r\n\r\n", [b""], [b"Transfer-Encoding", b"chunked"]),
    (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", [b"x"],
     [b"Transfer-Encoding", b"chunked"]),
    (R + b"Connection: close\r\n\r\n" + G, [b"", b""], [b"Connection", b"close"]),
]  # fmt: skip


@pytest.mark.parametrize("row", LENIENT, ids=lambda row: repr(row[0][-40:]))
def test_leniency_lets_it_through(row: tuple[Any, ...]) -> None:
    """With `insecure_http_parser` all of llhttp's leniencies are on."""
    data, bodies, fields = row
    for packets in ways(data):
        reading = Reading(packets, lenient=True)
        assert reading.error is None, packets
        assert reading.bodies == bodies, packets
        assert first(reading).fields == [b"Host", b"a", *fields], packets
        assert not reading.parser.closed


@pytest.mark.parametrize(
    "data",
    [
        b"get / HTTP/1.1" + H,
        b"GET foo HTTP/1.1" + H,
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        P + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        P + b"Content-Length: +3\r\n\r\nabc",
        C + b"z\r\n",
        C + b"3;\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_leniency_has_its_limits(data: bytes) -> None:
    """Methods, targets, names, lengths and chunk sizes stay as strict as they are."""
    for packets in ways(data):
        assert Reading(packets, lenient=True).error is not None


@pytest.mark.parametrize("coding", [b"gzip", b'"chunked"', b"chunked, gzip"])
def test_a_lenient_body_without_a_length_ends_with_the_connection(coding: bytes) -> None:
    """Not chunked in the end: what comes until FIN is body, and FIN completes it."""
    for packets in ways(P + b"Transfer-Encoding: " + coding + b"\r\n\r\nabc\r\n" + G):
        reading = Reading(packets, lenient=True)
        assert reading.parser.mid_message
        assert reading.parser.end_of_input() is END
        assert not reading.parser.mid_message
        reading.items.append(END)
        assert reading.bodies == [b"abc\r\n" + G]
    parser = Reading([P + b"Transfer-Encoding: gzip\r\n\r\n"], lenient=True).parser
    assert parser.end_of_input() is END
    broken = Reading([C + b"3\r\na"], lenient=True).parser.end_of_input()
    assert isinstance(broken, ValueError)


def test_a_run_of_empty_lines_is_passed_at_once() -> None:
    """However long it is: not a step for each, which would hold everybody up."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    parser = new_parser()
    data = (b"\r\n" * 50_000 + G) * 2 + b"\r\n" * 50_000
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        found = parser.feed(data)
    finally:
        sys.setprofile(before)
    assert [type(each).__name__ for each in found] == ["ParsedHead", "End"] * 2
    assert not parser.mid_message
    assert calls < 500
