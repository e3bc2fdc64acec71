"""How a response is delimited and whether its connection stays open: pure, no I/O, no events.

Invariant: everything that decides a head's automatic lines lives here. The rules are those
of Node's `_storeHeader` (lib/_http_outgoing.js).
"""

from __future__ import annotations

from typing import NamedTuple

from writehead._http1.head import date_line, field_lines, status_line
from writehead._native.choice import LARGE, frame_chunk
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import (
    FRAMING_NAMES,
    REMOVED_CONNECTION,
    REMOVED_LENGTH,
    REMOVED_TRANSFER_ENCODING,
    ResponseHead,
)
from writehead._semantics.status import body_allowed
from writehead.errors import TrailerInvalidError

CLOSE = "Connection: close\r\n"
KEEP = "Connection: keep-alive\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


class Framing(NamedTuple):
    """The automatic lines of a head, and how its body is delimited."""

    lines: str  # the automatic lines after Date
    chunked: bool
    body_allowed: bool
    stays: bool  # whether the connection stays open after this response


def decide(head: ResponseHead, keep_lines: str = KEEP, last_allowed: bool = False) -> Framing:
    """Choose the automatic lines, the framing of the body, and whether the connection stays open.

    Args:
        keep_lines: the lines of a head whose connection stays open.
        last_allowed: whether the connection closes when no response is queued behind this one.

    Raises:
        TrailerInvalidError: a Trailer field on a response that is not chunked.
    """
    keep = head.keep
    announced = head.announce and _may_announce(head)
    has_length = announced or head.content_length is not None
    chunked = head.transfer_encoding is not None and _fields.is_chunked(head.transfer_encoding)
    if chunked and head.status in (204, 304):
        chunked = keep = False
    lines, stays = _persistence(head, keep, has_length, keep_lines, last_allowed)
    allowed = body_allowed(head.for_head, head.status)
    if announced:
        lines += f"Content-Length: {head.length}\r\n"
    elif not has_length and head.transfer_encoding is None and allowed:
        if not head.may_chunk:
            stays = False  # only the end of the connection delimits it
        elif head.length is not None and not head.removed & REMOVED_LENGTH and not head.trailer:
            lines += f"Content-Length: {head.length}\r\n"
        elif not head.removed & REMOVED_TRANSFER_ENCODING:
            lines += CHUNKED
            chunked = True
        else:
            stays = False
    if head.trailer and not chunked:
        raise TrailerInvalidError
    return Framing(lines, chunked, allowed, stays)


def _may_announce(head: ResponseHead) -> bool:
    """Return whether Content-Length may be sent without a body (RFC 9110, 8.6: not with 204, optional with 304)."""
    if head.content_length is not None or head.transfer_encoding is not None or head.trailer:
        return False
    return not head.removed & REMOVED_LENGTH and body_allowed(False, head.status)


def _persistence(
    head: ResponseHead, keep: bool, has_length: bool, keep_lines: str, last_allowed: bool
) -> tuple[str, bool]:
    if head.connection is not None:
        return "", not _fields.has_close(head.connection)
    if head.removed & REMOVED_CONNECTION:
        return "", keep
    if keep and (has_length or head.may_chunk):
        if last_allowed:
            return CLOSE, True  # the connection closes when no response is queued behind it
        return KEEP if head.keep_alive else keep_lines, True
    return CLOSE, False


def note_field(head: ResponseHead, name: str, text: str) -> None:
    """Store in `head` what one field line says about the framing; `name` is in lower case."""
    if name == "connection":
        head.connection = _another(head.connection, text)
        head.removed &= ~REMOVED_CONNECTION
    elif name == "transfer-encoding":
        head.transfer_encoding = _another(head.transfer_encoding, text)
        head.removed &= ~REMOVED_TRANSFER_ENCODING
    elif name == "content-length":
        head.content_length = text
        head.removed &= ~REMOVED_LENGTH
    elif name == "keep-alive":
        head.keep_alive = True
    elif name == "trailer":
        head.trailer = True
    elif name == "date":
        head.date = True
    elif name == "expect":
        head.expect = True


def _another(text: str | None, more: str) -> str:
    return more if text is None else f"{text}, {more}"


def render_fields(head: ResponseHead) -> str:
    """Return the lines of the program's fields, and store in `head` what they say about the framing."""
    parts = []
    for key, name, value in head.fields:
        if type(value) is str:
            lines = f"{name}: {value}\r\n"
        else:
            lines = field_lines(name, value, key in head.unique)
        if key in FRAMING_NAMES and lines:
            for each in lines[:-2].split("\r\n"):
                note_field(head, key, each[len(name) + 2 :])
        parts.append(lines)
    return "".join(parts)


def head_text(head: ResponseHead, fields: str, lines: str) -> str:
    """Join the parts of a head in Node's order: status, the program's fields, Date, Connection, framing."""
    date = date_line() if head.send_date and not head.date else ""
    return f"{status_line(head.status, head.reason)}{fields}{date}{lines}\r\n"


def chunk_parts(chunk: bytes, behind: bytes = b"") -> tuple[bytes, ...]:
    """Return a chunk in its frame, and `behind` after it: one part, or three with a large chunk uncopied."""
    if len(chunk) < LARGE:
        return (frame_chunk(chunk) + behind,)
    return b"%x\r\n" % len(chunk), chunk, b"\r\n" + behind


def bare_response(status: int) -> bytes:
    """Return the response to a request that cannot be served: a head without body."""
    return _BARE[status]


_BARE = {
    status: f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n\r\n".encode()
    for status, reason in (
        (400, "Bad Request"),
        (408, "Request Timeout"),
        (413, "Payload Too Large"),
        (431, "Request Header Fields Too Large"),
        (500, "Internal Server Error"),
        (505, "HTTP Version Not Supported"),
    )
}
