"""Requests that wish to leave HTTP/1: found, taken, or declined and served like any other."""

from __future__ import annotations

import pytest

from tests.kit.parser_reading import C, G, P, R, Reading, new_parser, ways
from writehead._http1.parser import END

WISH = b"Connection: upgrade\r\nUpgrade: x\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        R + WISH + b"\r\n",
        R + b"Connection: keep-alive, Upgrade\r\nUpgrade: x\r\n\r\n",
        P + WISH + b"Content-Length: 5\r\n\r\n",
        P + WISH + b"Transfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.0\r\n" + WISH + b"\r\n",
    ],
)
def test_a_taken_upgrade_leaves_the_rest_untouched(head: bytes) -> None:
    """The parser stops behind the head, whatever length it announces."""
    for lazy in (False, True):
        parser = new_parser(lazy=lazy)
        found = parser.feed(G + head + b"\x00rest")
        assert found[1:] == [END]
        message = parser.upgrade
        assert message is not None
        assert message.upgrade
        assert parser.rest == b"\x00rest"
        assert parser.mid_message
        assert parser.head_complete
        assert not parser.poolable
        assert parser.error is None


def test_an_upgrade_alone_in_its_packet_has_no_rest() -> None:
    """What comes later is the new protocol's."""
    for lazy in (False, True):
        parser = new_parser(lazy=lazy)
        assert parser.feed(R + WISH + b"\r\n") == []
        assert parser.upgrade is not None
        assert parser.upgrade.target == b"/"
        assert parser.rest == b""


def test_half_a_wish_is_none() -> None:
    """Both fields are needed."""
    assert Reading([R + b"Upgrade: x\r\n\r\n"]).messages[0].upgrade is False
    assert Reading([R + b"Connection: upgrade\r\n\r\n"]).messages[0].upgrade is False


# a head that wishes, what follows it, and the bodies then found
DECLINED: list[tuple[bytes, bytes, list[bytes | None]]] = [
    (R + WISH + b"\r\n", b"", [b""]),
    (R + WISH + b"\r\n", b"\r\n" + G + G, [b"", b"", b""]),
    (P + WISH + b"Content-Length: 3\r\n\r\n", b"abc" + G, [b"abc", b""]),
    (P + b"Content-Length: 0\r\n" + WISH + b"\r\n", G, [b"", b""]),
    (P + WISH + b"Transfer-Encoding: chunked\r\n\r\n", b"3\r\nabc\r\n0\r\n\r\n" + G, [b"abc", b""]),
    (P + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n" + WISH + b"\r\n",
     b"3;a\r\nabc\r\n0\r\n\r\n" + G, [b"abc", b""]),
    (P + WISH + b"Content-Length: 9\r\n\r\n", b"abc", [None]),
    (R + WISH + b"\r\n", R + WISH + b"\r\n" + G, [b"", b"", b""]),
]  # fmt: skip


@pytest.mark.parametrize(("head", "rest", "bodies"), DECLINED, ids=range(len(DECLINED)))
def test_a_declined_upgrade_is_a_request_like_any_other(
    head: bytes, rest: bytes, bodies: list[bytes | None]
) -> None:
    """Its body is read, and the requests behind it."""
    for lazy in (False, True):
        for packets in ways(G + head + rest):
            reading = Reading(packets, lazy=lazy)
            assert reading.error is None, packets
            assert reading.bodies == [b"", *bodies], packets
            assert reading.messages[1].upgrade
            assert reading.parser.mid_message == (bodies[-1] is None)


def test_a_declined_upgrade_keeps_its_trailers() -> None:
    """They belong to the message that came before the decision."""
    data = P + WISH + b"Transfer-Encoding: chunked\r\n\r\n0\r\nT: v\r\n\r\n"
    for packets in ways(data):
        reading = Reading(packets)
        message = reading.messages[0]
        assert reading.trailers == [[b"T", b"v"]]
        assert message.method == "POST"


def test_a_declined_upgrade_may_be_the_last_request() -> None:
    """With `close` among its tokens, nothing may follow it."""
    last = R + b"Connection: upgrade, close\r\nUpgrade: x\r\n\r\n"
    for packets in ways(last):
        assert Reading(packets).bodies == [b""]
        assert Reading(packets).parser.closed
    for packets in ways(last + b"X"):
        assert Reading(packets).code == "HPE_CLOSED_CONNECTION"
    with_body = P + b"Connection: upgrade, close\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\na"
    for packets in ways(with_body + b"X"):
        reading = Reading(packets)
        assert reading.bodies == [b"a"]
        assert reading.code == "HPE_CLOSED_CONNECTION"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (P + WISH + b"Transfer-Encoding: chunked\r\n\r\nz\r\n", "HPE_INVALID_CHUNK_SIZE"),
        (P + WISH + b"Transfer-Encoding: gzip\r\n\r\nabc", "HPE_INVALID_TRANSFER_ENCODING"),
        (R + WISH + b"\r\nG@", "HPE_INVALID_METHOD"),
        (P + WISH + b"Content-Length: 1\r\n\r\na\x00", "HPE_INVALID_METHOD"),
    ],
)
def test_a_fault_behind_a_declined_upgrade_is_an_error(data: bytes, code: str) -> None:
    """Nothing in its body or behind it is swallowed."""
    for packets in ways(data):
        reading = Reading(packets)
        assert reading.code == code, packets
        assert len(reading.messages) == 1


def test_a_lenient_upgrade_may_have_a_body_until_the_end() -> None:
    """Declined under leniency, a body without a length ends with the connection."""
    for packets in ways(P + WISH + b"Transfer-Encoding: gzip\r\n\r\nabc"):
        reading = Reading(packets, lenient=True)
        assert reading.items[1:] in ([b"abc"], [b"a", b"b", b"c"]) or b"".join(reading.items[1:]) == b"abc"
        assert reading.parser.end_of_input() is END


def test_two_sorts_of_body_are_as_wide_apart_as_ever() -> None:
    """The chunk reader of a declined upgrade does not outlive its message."""
    data = (
        P
        + WISH
        + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
        + P
        + b"Content-Length: 2\r\n\r\n0\r"
        + C
    )
    for packets in ways(data + b"0\r\n\r\n"):
        assert Reading(packets).bodies == [b"a", b"0\r", b""]
