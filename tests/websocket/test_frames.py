"""Frames: their bytes, and what is wrong with a header."""

from __future__ import annotations

import pytest

from tests.kit.websocket_client import BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, RSV1, TEXT
from tests.kit.websocket_client import frame as client_frame
from writehead._guests.websocket.frames import HeaderFault, fault_of, frame, whole_size


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65535, b"\x81\x7e\xff\xff"),
        (65536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_frame_has_the_shortest_form_of_its_length(size: int, head: bytes) -> None:
    """RFC 6455, 5.2: 7 bits, 16 or 64; a server does not mask."""
    assert frame(0x81, b"x" * size) == head + b"x" * size


FAULTS = [
    # first byte, second byte, whether RSV1 may be set, whether a message is open; the code of `ws`
    (FIN | 0x20 | TEXT, 0x80, True, False, "WS_ERR_UNEXPECTED_RSV_2_3"),
    (FIN | 0x10 | TEXT, 0x80, True, False, "WS_ERR_UNEXPECTED_RSV_2_3"),
    (FIN | RSV1 | TEXT, 0x80, False, False, "WS_ERR_UNEXPECTED_RSV_1"),
    (FIN | RSV1 | CONTINUATION, 0x80, True, True, "WS_ERR_UNEXPECTED_RSV_1"),
    (FIN | RSV1 | PING, 0x80, True, False, "WS_ERR_UNEXPECTED_RSV_1"),
    (FIN | RSV1 | CLOSE, 0x80, True, False, "WS_ERR_UNEXPECTED_RSV_1"),
    *((FIN | opcode, 0x80, False, False, "WS_ERR_INVALID_OPCODE") for opcode in (3, 4, 5, 6, 7)),
    *((FIN | opcode, 0x80, False, False, "WS_ERR_INVALID_OPCODE") for opcode in range(11, 16)),
    (FIN | CONTINUATION, 0x80, False, False, "WS_ERR_INVALID_OPCODE"),
    (FIN | TEXT, 0x80, False, True, "WS_ERR_INVALID_OPCODE"),
    (BINARY, 0x80, False, True, "WS_ERR_INVALID_OPCODE"),
    (FIN | CLOSE, 0x80, False, True, "WS_ERR_INVALID_OPCODE"),
    (PING, 0x80, False, False, "WS_ERR_EXPECTED_FIN"),
    (CLOSE, 0x80, False, False, "WS_ERR_EXPECTED_FIN"),
    (FIN | PONG, 0xFE, False, False, "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"),
    (FIN | PING, 0xFF, False, False, "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"),
    (FIN | CLOSE, 0x81, False, False, "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"),
    (FIN | TEXT, 0x05, False, False, "WS_ERR_EXPECTED_MASK"),
    (FIN | CLOSE, 0x00, False, False, "WS_ERR_EXPECTED_MASK"),
]


@pytest.mark.parametrize(("first", "second", "extended", "in_message", "code"), FAULTS)
def test_a_header_that_breaks_the_protocol(
    first: int, second: int, extended: bool, in_message: bool, code: str
) -> None:
    """Two bytes suffice to tell, and all are 1002."""
    fault = fault_of(bytes((0, first, second)), 1, extended, in_message)
    assert fault is not None
    assert (fault.code, fault.close_code) == (code, 1002)


@pytest.mark.parametrize(
    ("first", "second", "extended", "in_message"),
    [
        (FIN | TEXT, 0x80, False, False),
        (TEXT, 0xFD, False, False),
        (FIN | BINARY, 0xFF, False, False),
        (FIN | RSV1 | TEXT, 0x80, True, False),
        (RSV1 | BINARY, 0x80, True, False),
        (CONTINUATION, 0x80, False, True),
        (FIN | CONTINUATION, 0x80, True, True),
        (FIN | PING, 0xFD, False, True),
        (FIN | PONG, 0x80, False, True),
        (FIN | CLOSE, 0x80, False, False),
        (FIN | CLOSE, 0x82, False, False),
    ],
)
def test_a_header_that_is_right(first: int, second: int, extended: bool, in_message: bool) -> None:
    """What may be sent has no fault; control frames also inside a message."""
    assert fault_of(bytes((first, second)), 0, extended, in_message) is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_the_size_of_a_frame_is_known_from_its_header(size: int) -> None:
    """As soon as the length is there; before that it is not known."""
    data = client_frame(BINARY, bytes(size))
    width = 2 if size < 126 else 4 if size < 65536 else 10
    assert whole_size(b"." + data[:width], 1) == len(data)
    if width > 2:
        assert whole_size(data[: width - 1], 0) is None


@pytest.mark.parametrize(
    ("length", "close_code"),
    [
        (b"\xfe\x00\x7d", 1002),  # 125 in 16 bits
        (b"\xff\x00\x00\x00\x00\x00\x00\xff\xff", 1002),  # 65535 in 64 bits
        (b"\xff\x80\x00\x00\x00\x00\x00\x00\x00", 1002),  # the highest bit must be clear
        (b"\xff\x00\x20\x00\x00\x00\x00\x00\x00", 1009),  # 2^53, which `ws` cannot count
    ],
)
def test_a_length_in_a_bad_form(length: bytes, close_code: int) -> None:
    """RFC 6455, 5.2: the shortest form, and the highest bit of 64 is clear."""
    fault = whole_size(b"\x82" + length, 0)
    assert isinstance(fault, HeaderFault)
    assert (fault.code, fault.close_code) == ("WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", close_code)
