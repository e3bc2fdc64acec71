"""How large a head, trailers and chunk extensions may be, to the byte, and where the limit is met."""

from __future__ import annotations

import pytest

from tests.kit.parser_reading import C, G, H, P, R, Reading, cut, new_parser

OVER = "HPE_HEADER_OVERFLOW"
EXTENSIONS = "HPE_CHUNK_EXTENSIONS_OVERFLOW"


def cuts(data: bytes) -> list[list[bytes]]:
    """Return `data` in packets: whole, by 1000, by 7000, cut once near its end."""
    return [
        [data],
        cut(data, list(range(1000, len(data), 1000))),
        cut(data, list(range(7000, len(data), 7000))),
        cut(data, [len(data) - 9]),
    ]


# bytes of target, names and values: those of the request line and of Host first
HEADS = [
    (R + b"X: " + b"v" * (16383 - 7) + b"\r\n\r\n", True),
    (R + b"X: " + b"v" * (16384 - 7) + b"\r\n\r\n", False),
    (b"GET /" + b"a" * 16377 + b" HTTP/1.1" + H, True),
    (b"GET /" + b"a" * 16378 + b" HTTP/1.1" + H, False),
    (R + b"X: v" + b" " * (16383 - 8) + b"\r\n\r\n", True),
    (R + b"X: v" + b" " * (16384 - 8) + b"\r\n\r\n", False),
    (R + b"X" * (16383 - 7) + b": v\r\n\r\n", True),
    (R + b"X" * (16384 - 7) + b": v\r\n\r\n", False),
    (R + b"X:" + b" " * 17000 + b"v\r\n\r\n", True),
    (b"GET" + b" " * 17000 + b"/ HTTP/1.1" + H, True),
    (b"\r\n" * 10000 + G, True),
    (R + b"X: 1\r\n" * 1999 + b"\r\n", True),
    (R + b"X: 1\r\n" * 2000 + b"\r\n", False),
    (R + b"X:\r\n" * 1999 + b"\r\n", True),
    (R + b"X:\r\n" * 2000 + b"\r\n", False),
]


@pytest.mark.parametrize(("data", "fits"), HEADS, ids=range(len(HEADS)))
@pytest.mark.parametrize("before", [b"", G, P + b"Content-Length: 5\r\n\r\nabcde"], ids=["", "G", "P"])
def test_a_head_may_have_so_many_bytes_and_fields(before: bytes, data: bytes, fits: bool) -> None:
    """16383 bytes of target, names and values, and 2000 fields, wherever the head begins."""
    for packets in cuts(before + data + G):
        for lazy in (False, True):
            reading = Reading(packets, lazy=lazy)
            assert reading.code == (None if fits else OVER), list(map(len, packets))
            assert len(reading.messages) == bool(before) + 2 * fits
    if not fits:
        assert reading.error is not None
        assert (reading.error.reason, reading.error.status) == ("Header overflow", 431)


@pytest.mark.parametrize(
    ("data", "at"),
    [
        (R + b"X: " + b"v" * 20000 + b"\r\n\r\n", 20029),
        (b"GET /" + b"a" * 17000 + b" HTTP/1.1" + H, 17005),
        (R + b"X: v" + b" " * 17000 + b"\r\n\r\n", 17030),
        (R + b"X: 1\r\n" * 2001 + b"\r\n", 12021),
        (R + b"X: " + b"v" * 20000, 20028),
        (b"GET /" + b"a" * 20000, 20005),
        (C + b"0\r\nX: " + b"v" * 17000, 17062),
        (C + b"3;" + b"a" * 17000 + b"\r\nabc\r\n0\r\n\r\n", 17059),
        (C + b"3;a=" + b"a" * 17000 + b"\r\nabc\r\n0\r\n\r\n", 17061),
        (C + b'3;a="' + b";=" * 8191 + b'"\r\nabc\r\n0\r\n\r\n', 16444),
        (C + b'3;a="' + b";" * 16383 + b'"\r\nabc\r\n0\r\n\r\n', 16445),
    ],
    ids=range(11),
)
def test_the_offset_is_the_end_of_what_went_over(data: bytes, at: int) -> None:
    """`bytes_parsed` is Node's for the packet as a whole."""
    error = Reading([data]).error
    assert error is not None
    assert error.bytes_parsed == at
    assert error.raw_packet is data


@pytest.mark.parametrize("start", [R + b"X: ", b"GET /", R, C + b"0\r\nX: "])
def test_a_fault_beyond_the_limit_is_not_reached(start: bytes) -> None:
    """Whatever is wrong behind it, the limit was passed first."""
    for packets in cuts(start + b"a" * 17000 + b"\x00"):
        assert Reading(packets).code == OVER


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (R + b"Cookie: " + b"x" * 400 + b"\r\n5;a=b\r\n", "HPE_HEADER_OVERFLOW"),
        (R + b"A: b\r\n" * 6 + b"TransferDELETE /m HTTP/1.1\r\n\r\n", "HPE_HEADER_OVERFLOW"),
        (R + b"A: b\r\n" * 5 + b"TransferDELETE /m HTTP/1.1\r\n\r\n", "HPE_INVALID_HEADER_TOKEN"),
        (b"CONNECT /" + b"a" * 385 + b" HTTP/1.1Host: a\r\n\r\n", "HPE_INVALID_VERSION"),
        (
            P + b"Content-Length: 3\r\n\r\n\n@QSOURCE /" + b"a" * 385 + b" HTTP/1.2\r\n\r\n",
            "HPE_INVALID_VERSION",
        ),
    ],
)
def test_what_comes_first_is_told_however_it_is_cut(data: bytes, code: str) -> None:
    """A field that goes over the limit before a fault, or a fault with nothing over the limit before it."""
    cuts = [[data], [data[at : at + 1] for at in range(len(data))]]
    cuts += [[data[:at], data[at:]] for at in range(1, len(data))]
    readings = [Reading(packets, size=400, count=6) for packets in cuts]
    assert {str(reading.code).replace("STRICT", "INVALID_VERSION") for reading in readings} == {code}


def test_the_limit_is_met_before_the_head_ends() -> None:
    """What is over is refused at once, not when the rest has come."""
    for start in (R + b"X: ", b"GET /", R, R + b"X: 1\r\n" + b"Y"):
        parser = new_parser()
        parser.feed(start)
        packets = 0
        while parser.error is None:
            parser.feed(b"a" * 1000)
            packets += 1
        assert packets == 17
    parser = new_parser(count=3)
    parser.feed(R + b"A: 1\r\nB: 2\r\nC")
    assert parser.error is None
    parser.feed(b":")
    assert parser.error is not None


@pytest.mark.parametrize(
    "endless",
    [(b"GET", b" "), (R + b"X:", b" "), (R + b"X: 1\r\n", b" 2\r\n"), (C + b"0", b"0"), (C + b"3", b";a=b")],
)
def test_nothing_goes_on_for_ever(endless: tuple[bytes, bytes]) -> None:
    """Bytes that no limit counts are bounded all the same, for they are kept."""
    start, more = endless
    parser = new_parser(lenient=True)
    parser.feed(start)
    fed = 0
    while parser.error is None:
        parser.feed(more * 3000)
        fed += 3000 * len(more)
        assert fed < 300_000


def test_both_limits_are_the_servers_to_choose() -> None:
    """Small ones bind, a count of 0 is no limit, a large size lets a large head in."""
    assert Reading([G], size=6).code == OVER
    assert Reading([G], size=7).error is None
    for lazy in (False, True):
        assert Reading([R + b"X: 1\r\n\r\n"], count=1, lazy=lazy).code == OVER
        assert Reading([R + b"X: 1\r\n\r\n"], count=2, lazy=lazy).error is None
        assert Reading([R + b"X: 1\r\n" * 3000 + b"\r\n"], count=0, lazy=lazy).error is None
        assert Reading([R + b"X: " + b"v" * 50000 + b"\r\n\r\n"], size=60000, lazy=lazy).error is None


def test_a_remembered_head_still_has_to_fit() -> None:
    """A server that allows fewer fields is not bound by what another has let in."""
    head = R + b"Only: here\r\nAnd: there\r\n\r\n"
    assert Reading([head], lazy=True).error is None
    assert Reading([head], count=2, lazy=True).code == OVER
    assert Reading([head], count=3, lazy=True).error is None


def test_trailers_have_the_limits_of_a_head_afresh() -> None:
    """Their count begins at 0, and again at every chunk."""
    big = P + b"X: " + b"v" * 16000 + b"\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    for packets in cuts(big + b"T: " + b"v" * 16382 + b"\r\n\r\n" + G):
        assert Reading(packets).bodies == [b"a", b""]
    for packets in cuts(C + b"0\r\nT: " + b"v" * 16383 + b"\r\n\r\n"):
        reading = Reading(packets)
        assert reading.code == OVER
        assert reading.bodies == [None]
    for packets in cuts(C + b"0\r\n" + b"T: 1\r\n" * 2001 + b"\r\n"):
        assert Reading(packets).code == OVER
    for packets in cuts(C + b"0\r\n" + b"T: 1\r\n" * 2000 + b"\r\n"):
        assert Reading(packets).bodies == [b""]


# extensions, and whether one chunk may have them: 16384 bytes of names and values
LINES = [
    (b"3;" + b"a" * 16384, True),
    (b"3;" + b"a" * 16385, False),
    (b"3;a=" + b"b" * 16383, True),
    (b"3;a=" + b"b" * 16384, False),
    (b'3;a="' + b";" * 16381 + b'"', True),
    (b'3;a="' + b";" * 16382 + b'"', False),
    (b"3" + b";a" * 16384, True),
    (b"3" + b";a" * 16385, False),
    (b"3" + b";a=b" * 8192, True),
    (b"3" + b";a=b" * 8192 + b";c", False),
    (b"0" * 20000 + b"3", True),
]


@pytest.mark.parametrize(("line", "fits"), LINES, ids=range(len(LINES)))
@pytest.mark.parametrize("before", [b"", b"1\r\nx\r\n", b"5000\r\n" + b"y" * 0x5000 + b"\r\n"], ids=[0, 1, 2])
def test_the_extensions_of_a_chunk_may_be_so_long(before: bytes, line: bytes, fits: bool) -> None:
    """Names and values count, separators and the size do not; each chunk for itself."""
    data = C + before + line + b"\r\nabc\r\n3;" + b"a" * 9000 + b"\r\nabc\r\n0;" + b"b" * 9000 + b"\r\n\r\n"
    for packets in cuts(data):
        reading = Reading(packets)
        assert reading.code == (None if fits else EXTENSIONS), list(map(len, packets))
        assert len(reading.messages) == 1
    if not fits:
        assert reading.error is not None
        assert (reading.error.reason, reading.error.status) == ("Chunk extensions overflow", 413)


def test_the_last_chunk_may_have_no_more() -> None:
    """A chunk of no bytes has the same limit."""
    for packets in cuts(C + b"0;" + b"a" * 16385 + b"\r\n\r\n"):
        assert Reading(packets).code == EXTENSIONS


def test_a_body_is_not_mistaken_for_a_head_or_a_chunk_line() -> None:
    """Bodies of any size and look pass, and the next head is measured by itself."""
    body = (b"GET / HTTP/1.1\r\nX: 1;a=b\r\n" * 4000)[:100_000]
    for data in (
        P + b"Content-Length: %d\r\n\r\n" % len(body) + body + G,
        C + b"%x;a=b\r\n" % len(body) + body + b"\r\n0\r\n\r\n" + G,
        C + b"".join(b"%x\r\n" % 999 + body[at : at + 999] + b"\r\n" for at in range(0, 99_900, 999))
        + b"64\r\n" + body[-100:] + b"\r\n0\r\n\r\n" + G,
    ):  # fmt: skip
        for packets in [*cuts(data), cut(data, list(range(20_000, len(data), 20_000)))]:
            reading = Reading(packets)
            assert reading.error is None
            assert reading.bodies == [body, b""]
