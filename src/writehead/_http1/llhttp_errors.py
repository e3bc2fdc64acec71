"""Node's code and offset for each error of llhttp.

httptools passes on llhttp's text, but neither its code nor its position. The texts are
those of Node's llhttp, and all but one belong to a single code. The position is that of
the byte at which feeding single bytes fails, or one more; which of them depends on the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from writehead.errors import ParseError

#: The text with two codes: HPE_INVALID_VERSION, and HPE_STRICT for CR without LF.
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

# For these, llhttp's position is the byte after the one it refuses.
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
# For these, only if it refuses one of these bytes, which ends the span that is open.
_ONE_LATER_AT = {AFTER_VERSION: b"\n", "Invalid header value char": b"\n \t"}


SPACE = ord(" ")


class Feeds(Protocol):
    """What is used here of a parser of httptools."""

    def feed_data(self, data: bytes, /) -> None: ...


def error_of(reason: str, data: bytes, before: bytes = b"", fault: int | None = None) -> ParseError:
    """Return the error for llhttp's text `reason`, refused at the byte `data[fault]`, which `before` precedes."""
    if fault is None:
        return ParseError(_code(reason), reason, None, data)
    previous = data[fault - 1 : fault] if fault else before[-1:]
    if reason == AFTER_VERSION and previous == b"\r":
        return ParseError("HPE_STRICT", reason, fault, data)
    return ParseError(_code(reason), reason, fault + _is_later(reason, data[fault], previous), data)


def fault_in(data: bytes, before: bytes, make: Callable[[], Feeds], refused: type[Exception]) -> int | None:
    """Return the index of the byte of `data` that a parser refuses after it has read `before`.

    Feeds blocks, then single bytes, to new parsers made by `make`; None if none of them
    raises `refused`. The time is linear in the size of the data, once for each error.
    """
    start = _first_refused(make(), before, data, 256, refused)
    if start is None:
        return None
    block = data[start : start + 256]
    offset = _first_refused(make(), before + data[:start], block, 1, refused)
    return None if offset is None else start + offset


def _first_refused(
    parser: Feeds, before: bytes, data: bytes, step: int, refused: type[Exception]
) -> int | None:
    if before:
        try:
            parser.feed_data(before)
        except refused:
            return None
    for at in range(0, len(data), step):
        try:
            parser.feed_data(data[at : at + step])
        except refused:
            return at
    return None


def _code(reason: str) -> str:
    code = _CODES.get(reason)
    if code is not None:
        return code
    return next((code for start, code in _FAMILIES if reason.startswith(start)), "HPE_INTERNAL")


def _is_later(reason: str, refused: int, previous: bytes) -> bool:
    if reason == "Invalid character in chunk size":  # with leniency a space may follow it
        return refused == SPACE and previous.isalnum()
    return reason in _ONE_LATER or refused in _ONE_LATER_AT.get(reason, b"")
