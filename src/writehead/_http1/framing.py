"""How a response is delimited and whether its connection stays: pure, no I/O, no events.

Law: everything that decides a head's automatic lines lives here. The rules are those
of Node's `_storeHeader`; the numbers in the comments are the order in which they apply.
"""

from __future__ import annotations

from dataclasses import dataclass

from writehead._http1.head import date_line, field_lines, status_line
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import (
    FRAMING_NAMES,
    REMOVED_CONNECTION,
    REMOVED_LENGTH,
    REMOVED_TRANSFER_ENCODING,
    Frame,
    ResponseHead,
)
from writehead._semantics.status import body_allowed
from writehead.errors import TrailerInvalidError

CLOSE = "Connection: close\r\n"
KEEP = "Connection: keep-alive\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


@dataclass(slots=True)
class Framing:
    """What was decided."""

    lines: str  # the automatic lines after Date
    chunked: bool
    body_allowed: bool
    stays: bool  # the connection, after this response


def decide(head: ResponseHead, keep_lines: str = KEEP, last_allowed: bool = False) -> Framing:
    """Choose the automatic lines, the body's framing and the connection's fate.

    Args:
        keep_lines: what a head says of a connection that stays.
        last_allowed: whether the connection ends when nothing waits behind this response.

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
    """Tell whether the length may be said: RFC 9110, 8.6, forbids it of a 204, and only allows it of a 304."""
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
            return CLOSE, True  # the connection ends it when nothing waits behind it
        return KEEP if head.keep_alive else keep_lines, True
    return CLOSE, False


def note_field(head: ResponseHead, name: str, text: str) -> None:
    """Note what one line of a field, by its lower-case name, says of the framing."""
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
    """Return the user's lines, and note in `head` what they say of the framing."""
    parts = []
    for key, name, value, memo in head.fields:
        if memo:  # of a field that says nothing of the framing
            parts.append(memo[0])
            continue
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
    """Join the parts of a head in Node's order: status, the user's fields, Date, Connection, framing."""
    date = date_line() if head.send_date and not head.date else ""
    return f"{status_line(head.status, head.reason)}{fields}{date}{lines}\r\n"


#: From this size on a chunk is handed down as it is, not copied into its frame.
LARGE = 16384

#: Of the sizes below `LARGE` seen so far (a program has few): the chunk's frame.
FRAMES: dict[int, Frame] = {}
_MOST_FRAMES = 1024


def chunk_size(size: int) -> bytes:
    """Return the line before a chunk of `size` bytes (RFC 9112, 7.1)."""
    line = b"%x\r\n" % size
    if len(FRAMES) < _MOST_FRAMES and 0 < size < LARGE:
        FRAMES[size] = line, b"\r\n", len(line) + size + 2
    return line


def chunk_parts(chunk: bytes, behind: bytes = b"") -> tuple[bytes, ...]:
    """Return a chunk in its frame, with what stands behind it: one part, or a large chunk uncopied in three."""
    line = chunk_size(len(chunk))
    if len(chunk) < LARGE:
        return (b"".join((line, chunk, b"\r\n", behind)),)
    return line, chunk, b"\r\n" + behind


def bare_response(status: int) -> bytes:
    """Return the response to what cannot be served: a head and nothing else."""
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
