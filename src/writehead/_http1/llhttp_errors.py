"""What llhttp says when it refuses, as Node's codes and offsets.

httptools passes on llhttp's text and neither its code nor its position. The texts are
those of Node's llhttp, and each but one belongs to a single code. The position is that
of the byte at which feeding single bytes fails, or one more, by the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from writehead.errors import ParseError

#: Met with two codes: a version followed by anything, and by CR without LF, which is HPE_STRICT.
AFTER_VERSION = "Expected CRLF after version"

_REASONS = {
    "HPE_INVALID_METHOD": ("Invalid method encountered", "Expected space after method"),
    "HPE_INVALID_URL": (
        "Unexpected start char in url",
        "Unexpected char in url schema",
        "Unexpected char in url server",
        "Double @ in url",
        "Invalid char in url path",
        "Invalid char in url query",
        "Invalid char in url fragment start",
        "Invalid characters in url",
        "Expected CRLF",
    ),
    "HPE_INVALID_CONSTANT": (
        "Expected HTTP/, RTSP/ or ICE/",
        "Invalid method for HTTP/x.x request",
        "Invalid method for RTSP/x.x request",
        "Expected SOURCE method for ICE/x.x request",
    ),
    "HPE_INVALID_VERSION": (
        "Invalid major version",
        "Expected dot",
        "Invalid minor version",
        "Invalid HTTP version",
        "Expected HTTP/2 Connection Preface",
        AFTER_VERSION,
    ),
    "HPE_PAUSED_H2_UPGRADE": ("Pause on PRI/Upgrade",),
    "HPE_UNEXPECTED_SPACE": ("Unexpected space after start line",),
    "HPE_INVALID_HEADER_TOKEN": (
        "Invalid header token",
        "Invalid header field char",
        "Invalid header value char",
        "Unexpected whitespace after header value",
    ),
    "HPE_LF_EXPECTED": ("Missing expected LF after header value",),
    "HPE_STRICT": (
        "Expected LF after CR",
        "Expected LF after headers",
        "Expected LF after chunk size",
        "Expected LF after chunk data",
        "Invalid quoted-pair in chunk extensions quoted value",
    ),
    "HPE_UNEXPECTED_CONTENT_LENGTH": ("Duplicate Content-Length",),
    "HPE_INVALID_CONTENT_LENGTH": (
        "Invalid character in Content-Length",
        "Empty Content-Length",
        "Content-Length overflow",
        "Content-Length can't be present with Transfer-Encoding",
    ),
    "HPE_INVALID_TRANSFER_ENCODING": (
        "Transfer-Encoding can't be present with Content-Length",
        "Empty Transfer-Encoding",
        "Invalid `Transfer-Encoding` header value",
        "Request has invalid `Transfer-Encoding`",
    ),
    "HPE_INVALID_CHUNK_SIZE": ("Invalid character in chunk size", "Chunk size overflow"),
    "HPE_CLOSED_CONNECTION": ("Data after `Connection: close`",),
}
_CODES = {reason: code for code, reasons in _REASONS.items() for reason in reasons}
_FAMILIES = (
    ("Missing expected CR after", "HPE_CR_EXPECTED"),
    ("Invalid character in chunk extensions", "HPE_STRICT"),
)

# llhttp has moved on to the byte after the one it refuses.
_ONE_LATER = frozenset(
    (
        "Double @ in url",
        "Invalid characters in url",
        "Invalid HTTP version",
        "Invalid method for HTTP/x.x request",
        "Invalid method for RTSP/x.x request",
        "Expected SOURCE method for ICE/x.x request",
        "Pause on PRI/Upgrade",
        "Unexpected space after start line",
        "Invalid header field char",
        "Content-Length overflow",
        "Content-Length can't be present with Transfer-Encoding",
        "Transfer-Encoding can't be present with Content-Length",
        "Invalid `Transfer-Encoding` header value",
        "Request has invalid `Transfer-Encoding`",
        "Chunk size overflow",
        "Missing expected CR after chunk size",
        "Missing expected CR after chunk data",
        "Invalid character in chunk extensions",
        "Invalid character in chunk extensions name",
        "Invalid character in chunk extensions value",
        "Invalid character in chunk extensions quoted value",
        "Invalid quoted-pair in chunk extensions quoted value",
        "Data after `Connection: close`",
    )
)
# Here it depends on the byte refused: the end of a span that was open counts itself.
_ONE_LATER_AT = {AFTER_VERSION: b"\n", "Invalid header value char": b"\n \t"}


SPACE = ord(" ")


class Feeds(Protocol):
    """A parser of httptools, as far as it is needed here."""

    def feed_data(self, data: bytes, /) -> None: ...


def error_of(reason: str, packet: bytes, before: bytes = b"", fault: int | None = None) -> ParseError:
    """Make the error for llhttp's `reason`, met at the byte `packet[fault]`, `before` having come before."""
    if fault is None:
        return ParseError(_code(reason), reason, None, packet)
    previous = packet[fault - 1 : fault] if fault else before[-1:]
    if reason == AFTER_VERSION and previous == b"\r":
        return ParseError("HPE_STRICT", reason, fault, packet)
    return ParseError(_code(reason), reason, fault + _is_later(reason, packet[fault], previous), packet)


def fault_in(packet: bytes, before: bytes, make: Callable[[], Feeds], refused: type[Exception]) -> int | None:
    """Find the byte of `packet` at which a parser refuses, having read `before`.

    Reads the packet a block, then a byte at a time, in new parsers made by `make`; None
    if none of its bytes is `refused` there. The cost is that of an error: linear in the packet.
    """
    start = _first_refused(make(), before, packet, 256, refused)
    if start is None:
        return None
    block = packet[start : start + 256]
    offset = _first_refused(make(), before + packet[:start], block, 1, refused)
    return None if offset is None else start + offset


def _first_refused(
    parser: Feeds, before: bytes, packet: bytes, step: int, refused: type[Exception]
) -> int | None:
    if before:
        try:
            parser.feed_data(before)
        except refused:
            return None
    for at in range(0, len(packet), step):
        try:
            parser.feed_data(packet[at : at + step])
        except refused:
            return at
    return None


def _code(reason: str) -> str:
    code = _CODES.get(reason)
    if code is not None:
        return code
    return next((code for start, code in _FAMILIES if reason.startswith(start)), "HPE_INTERNAL")


def _is_later(reason: str, refused: int, previous: bytes) -> bool:
    if reason == "Invalid character in chunk size":  # a leniency may let a space behind it pass
        return refused == SPACE and previous.isalnum()
    return reason in _ONE_LATER or refused in _ONE_LATER_AT.get(reason, b"")
