"""Frames of RFC 6455, section 5: their bytes, and what the header of one says.

Invariant: pure functions. A header is checked before anything of its frame is kept or parsed.
"""

from __future__ import annotations

from typing import NamedTuple

#: Opcodes.
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

#: Bits of the first byte.
FIN, RSV1, RSV2_3 = 0x80, 0x40, 0x30

#: First bytes of whole messages without extensions.
WHOLE_TEXT, WHOLE_BINARY = FIN | TEXT, FIN | BINARY

#: The longest payload of a control frame, in bytes.
LONGEST_CONTROL = 125

#: The longest payload of a message that npm's `ws` can name: the largest whole number of JavaScript.
_MOST = 2**53 - 1


class HeaderFault(NamedTuple):
    """What is wrong with a header: the code of the error, of the close frame, and a text."""

    code: str
    close_code: int
    text: str


#: The headers of whole messages of fewer than 126 bytes, by their size: made at each message, one costs as much as
#: all else of its frame.
SHORT_HEADERS = {
    first: tuple(bytes((first, size)) for size in range(126)) for first in (WHOLE_TEXT, WHOLE_BINARY)
}


def frame(first: int, payload: bytes) -> bytes:
    """Return a frame of a server: unmasked, with `first` (FIN, RSV, opcode) as its first byte."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65536:
        return bytes((first, 126, size >> 8, size & 255)) + payload
    return bytes((first, 127)) + size.to_bytes(8) + payload


def fault_of(data: bytes, at: int, extended: bool, in_message: bool) -> HeaderFault | None:
    """Return what is wrong with the first two bytes of a frame, in the order in which `ws` looks.

    Args:
        data: at least two bytes from `at` on.
        at: where the frame begins.
        extended: whether an extension that uses RSV1 was agreed.
        in_message: whether a fragmented message is open.
    """
    first, second = data[at], data[at + 1]
    opcode = first & 15
    if first & RSV2_3:
        return HeaderFault("WS_ERR_UNEXPECTED_RSV_2_3", 1002, "RSV2 and RSV3 must be clear")
    if first & RSV1 and not (extended and opcode in (TEXT, BINARY)):
        return HeaderFault("WS_ERR_UNEXPECTED_RSV_1", 1002, "RSV1 must be clear")
    if (
        opcode > PONG
        or BINARY < opcode < CLOSE
        or ((opcode != CONTINUATION) == in_message and opcode < CLOSE)
    ):
        return HeaderFault("WS_ERR_INVALID_OPCODE", 1002, f"invalid opcode {opcode}")
    if opcode >= CLOSE:
        fault = _fault_of_control(first, second & 127, in_message)
        if fault is not None:
            return fault
    if second < 128:
        return HeaderFault("WS_ERR_EXPECTED_MASK", 1002, "MASK must be set")
    return None


def _fault_of_control(first: int, length: int, in_message: bool) -> HeaderFault | None:
    if not first & FIN:
        return HeaderFault("WS_ERR_EXPECTED_FIN", 1002, "FIN must be set")
    closes = first & 15 == CLOSE
    if length > LONGEST_CONTROL or (closes and length == 1):
        return HeaderFault("WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH", 1002, f"invalid payload length {length}")
    if closes and in_message:
        return HeaderFault("WS_ERR_INVALID_OPCODE", 1002, "a close frame inside a message")
    return None


def whole_size(data: bytes, at: int) -> int | HeaderFault | None:
    """Return how many bytes a masked frame has, header included; None if its header is not whole.

    A length must be in its shortest form (RFC 6455, 5.2).
    """
    length = data[at + 1] & 127
    if length < 126:
        return 6 + length
    long = length == 127
    end = at + (10 if long else 4)
    if len(data) < end:
        return None
    length = int.from_bytes(data[at + 2 : end])
    if length < (65536 if long else 126) or length >> 63:
        return HeaderFault(
            "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", 1002, f"invalid form of the payload length {length}"
        )
    if length > _MOST:
        return HeaderFault(
            "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", 1009, "a payload length above 2^53 - 1 is not supported"
        )
    return end - at + 4 + length
