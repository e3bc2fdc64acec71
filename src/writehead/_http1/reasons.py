"""What llhttp says when it refuses, as Node's codes.

httptools passes on llhttp's text and not its code; the texts are the same as in Node's
llhttp, and each but one belongs to a single code.
"""

from __future__ import annotations

from writehead.errors import ParseError

HEADER_OVERFLOW = ("HPE_HEADER_OVERFLOW", "Header overflow")
EXTENSIONS_OVERFLOW = ("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow")
INVALID_EOF_STATE = ("HPE_INVALID_EOF_STATE", "Invalid EOF state")

#: Met twice: a version followed by anything, and by CR without LF, which is HPE_STRICT.
AFTER_VERSION = "Expected CRLF after version"

_REASONS = {
    "HPE_INVALID_METHOD": ("Invalid method encountered", "Expected space after method"),
    "HPE_INVALID_URL": (
        "Unexpected start char in url",
        "Unexpected char in url schema",
        "Unexpected char in url server",
        "Invalid char in url path",
        "Invalid char in url query",
        "Invalid char in url fragment start",
        "Invalid characters in url",
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


def code_of(reason: str, *, after_cr: bool = False) -> str:
    """Return the code for llhttp's `reason`; `after_cr`: the byte before the fault is a CR."""
    if after_cr and reason == AFTER_VERSION:
        return "HPE_STRICT"
    code = _CODES.get(reason)
    if code is None:
        code = next((code for start, code in _FAMILIES if reason.startswith(start)), "HPE_INTERNAL")
    return code


def parse_error(kind: tuple[str, str], bytes_parsed: int | None, packet: bytes | None) -> ParseError:
    """Make the error of one of the kinds above."""
    code, reason = kind
    return ParseError(code, reason, bytes_parsed, packet)
