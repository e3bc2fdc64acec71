"""What a program sends: its messages, control frames and close codes, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from writehead._guests.websocket.frames import BINARY, CONTINUATION, FIN, LONGEST_CONTROL, TEXT
from writehead._node import option_names
from writehead._node.spelling import snake
from writehead.errors import InvalidArgTypeError, InvalidArgValueError, OutOfRangeError

#: The longest reason of a close frame, in bytes.
LONGEST_REASON = LONGEST_CONTROL - 2


class SendOptions(NamedTuple):
    """The options of `send`; `binary` None: as the type of the data says."""

    binary: bool | None = None
    compress: bool = True
    fin: bool = True


def read_send_options(options: Any) -> SendOptions:
    """Return the options of `send`, given as a mapping.

    Raises:
        InvalidArgTypeError: it is no mapping.
        UnknownOptionError: it has another option.
    """
    if not isinstance(options, Mapping):
        raise InvalidArgTypeError("options", "a mapping", options)
    kept: dict[str, Any] = {}
    for name, value in options.items():
        spelled = snake(name) if isinstance(name, str) else name
        if spelled not in SendOptions._fields:
            raise option_names.unknown("send", name, SendOptions._fields, _NOT_OF_SEND)
        kept[spelled] = None if value is None and spelled == "binary" else bool(value)
    return SendOptions(**kept)


_NOT_OF_SEND = {"mask": "a server masks no frames"}


def payload_of(data: Any, argument: str = "data") -> bytes:
    """Return text as UTF-8, or the bytes of an object.

    Raises:
        InvalidArgTypeError: it is neither text nor bytes.
        InvalidArgValueError: a text has a lone surrogate, which UTF-8 does not know.
    """
    if isinstance(data, str):
        try:
            return str.encode(data)
        except UnicodeEncodeError as error:
            reason = f"must be text that UTF-8 can encode: {error.reason} at index {error.start}"
            raise InvalidArgValueError(argument, data, reason) from None
    try:
        return bytes(memoryview(data))
    except TypeError:
        raise InvalidArgTypeError(argument, "a str or a bytes-like object", data) from None


def message_of(data: Any, binary: bool | None) -> tuple[int, bytes]:
    """Return opcode and payload of a message.

    Raises:
        InvalidArgValueError: bytes that are to be sent as text are no UTF-8.
    """
    payload = payload_of(data)
    if binary is None:
        binary = not isinstance(data, str)
    elif not binary and not isinstance(data, str):
        try:
            payload.decode()
        except UnicodeDecodeError as error:
            reason = f"must be UTF-8 to be sent as text: {error.reason} at index {error.start}"
            raise InvalidArgValueError("data", data, reason) from None
    return (BINARY if binary else TEXT), payload


def control_payload_of(data: Any) -> bytes:
    """Return the payload of a ping or pong; None is an empty one.

    Raises:
        OutOfRangeError: it has more than 125 bytes.
    """
    payload = b"" if data is None else payload_of(data)
    if len(payload) > LONGEST_CONTROL:
        raise OutOfRangeError("data", f"<= {LONGEST_CONTROL} bytes", len(payload))
    return payload


def may_be_sent(code: object) -> bool:
    """Tell whether a close frame may have this code (RFC 6455, 7.4)."""
    if isinstance(code, bool) or not isinstance(code, int):
        return False
    return 1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999


def check_close(code: Any, reason: Any) -> str:
    """Check code and reason of a close frame, and return the reason as text.

    Raises:
        InvalidArgValueError: the code may not be sent, or a reason has no code.
        OutOfRangeError: the reason has more than 123 bytes.
    """
    payload = payload_of(reason, "reason")
    if code is None:
        if payload:
            raise InvalidArgValueError("reason", reason, "needs a code")
    elif not may_be_sent(code):
        raise InvalidArgValueError("code", code, "must be 1000 to 1003, 1007 to 1014 or 3000 to 4999")
    if len(payload) > LONGEST_REASON:
        raise OutOfRangeError("reason", f"<= {LONGEST_REASON} bytes", len(payload))
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise InvalidArgValueError("reason", reason, "must be UTF-8") from None


class Fragments:
    """Where a message that is sent in fragments stands."""

    __slots__ = ("compressed", "held")

    def __init__(self, compressed: bool) -> None:
        self.compressed = compressed  # its first fragment was, so the others are
        self.held = bytearray()  # frames of whole messages that wait for its end


def first_byte(opcode: int, fin: bool, continued: bool) -> int:
    """Return the first byte of a frame, without RSV1."""
    return (FIN if fin else 0) | (CONTINUATION if continued else opcode)
