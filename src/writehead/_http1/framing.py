"""How a response is delimited and whether its connection stays: pure, no I/O, no events.

Law: everything that decides a head's automatic lines lives here. The rules are those
of Node's `_storeHeader`; the numbers in the comments are the order in which they apply.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from writehead._semantics import dates
from writehead._semantics import fields as _fields
from writehead._semantics.exchange import (
    FRAMING_NAMES,
    REMOVED_CONNECTION,
    REMOVED_LENGTH,
    REMOVED_TRANSFER_ENCODING,
)
from writehead._semantics.status import body_allowed
from writehead.errors import TrailerInvalidError

CLOSE = "Connection: close\r\n"
KEEP = "Connection: keep-alive\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


@dataclass(slots=True)
class Facts:
    """What the framing of one response depends on."""

    for_head: bool = False
    status: int = 200
    keep: bool = True
    may_chunk: bool = True
    length: int | None = None  # of the whole body, where it is known
    announce: bool = False  # to HTTP/1.0, and to HEAD, too
    removed: int = 0
    # what the user's fields say; None: no such field
    content_length: str | None = None
    transfer_encoding: str | None = None
    connection: str | None = None
    keep_alive: bool = False
    trailer: bool = False
    date: bool = False
    expect: bool = False
    # what the connection says
    keep_lines: str = KEEP  # of a connection that stays
    last_allowed: bool = False


@dataclass(slots=True)
class Framing:
    """What was decided."""

    lines: str  # the automatic lines after Date
    chunked: bool
    body_allowed: bool
    stays: bool  # the connection, after this response


def decide(facts: Facts) -> Framing:
    """Choose the automatic lines, the body's framing and the connection's fate.

    Raises:
        TrailerInvalidError: a Trailer field on a response that is not chunked.
    """
    keep = facts.keep
    announced = facts.announce and _may_announce(facts)
    has_length = announced or facts.content_length is not None
    chunked = facts.transfer_encoding is not None and _fields.is_chunked(facts.transfer_encoding)
    if chunked and facts.status in (204, 304):
        chunked = keep = False
    lines, stays = _persistence(facts, keep, has_length)
    allowed = body_allowed(facts.for_head, facts.status)
    if announced:
        lines += f"Content-Length: {facts.length}\r\n"
    elif not has_length and facts.transfer_encoding is None and allowed:
        if not facts.may_chunk:
            stays = False  # only the end of the connection delimits it
        elif facts.length is not None and not facts.removed & REMOVED_LENGTH and not facts.trailer:
            lines += f"Content-Length: {facts.length}\r\n"
        elif not facts.removed & REMOVED_TRANSFER_ENCODING:
            lines += CHUNKED
            chunked = True
        else:
            stays = False
    if facts.trailer and not chunked:
        raise TrailerInvalidError
    return Framing(lines, chunked, allowed, stays)


def _may_announce(facts: Facts) -> bool:
    """Tell whether the length may be said: RFC 9110, 8.6, forbids it of a 204, and only allows it of a 304."""
    if facts.content_length is not None or facts.transfer_encoding is not None or facts.trailer:
        return False
    return not facts.removed & REMOVED_LENGTH and body_allowed(False, facts.status)


def _persistence(facts: Facts, keep: bool, has_length: bool) -> tuple[str, bool]:
    if facts.connection is not None:
        return "", not _fields.has_close(facts.connection)
    if facts.removed & REMOVED_CONNECTION:
        return "", keep
    if keep and (has_length or facts.may_chunk):
        if facts.last_allowed:
            return CLOSE, True  # the connection ends it when nothing waits behind it
        return KEEP if facts.keep_alive else facts.keep_lines, True
    return CLOSE, False


def note_field(facts: Facts, name: str, text: str) -> None:
    """Enter one user field, by its lower-case name, into the facts."""
    if name == "connection":
        facts.connection = _another(facts.connection, text)
        facts.removed &= ~REMOVED_CONNECTION
    elif name == "transfer-encoding":
        facts.transfer_encoding = _another(facts.transfer_encoding, text)
        facts.removed &= ~REMOVED_TRANSFER_ENCODING
    elif name == "content-length":
        facts.content_length = text
        facts.removed &= ~REMOVED_LENGTH
    elif name == "keep-alive":
        facts.keep_alive = True
    elif name == "trailer":
        facts.trailer = True
    elif name == "date":
        facts.date = True
    elif name == "expect":
        facts.expect = True


def _another(text: str | None, more: str) -> str:
    return more if text is None else f"{text}, {more}"


def render_fields(fields: Iterable[tuple[str, Any, str]], unique: frozenset[str], facts: Facts) -> str:
    """Return the user's lines, and enter in `facts` what they say of the framing.

    A line that comes with its field says nothing of it.
    """
    parts = []
    for name, value, line in fields:
        if line:
            parts.append(line)
            continue
        lower = _fields.lower(name)
        if type(value) is str:
            lines = f"{name}: {value}\r\n"
        else:
            lines = _fields.field_lines(name, value, lower in unique)
        if lower in FRAMING_NAMES and lines:
            for each in lines[:-2].split("\r\n"):
                note_field(facts, lower, each[len(name) + 2 :])
        parts.append(lines)
    return "".join(parts)


def head_text(status_line: str, fields: str, send_date: bool, lines: str) -> str:
    """Join the parts of a head in Node's order: user, Date, Connection, framing."""
    date = dates.date_line() if send_date else ""
    return f"{status_line}{fields}{date}{lines}\r\n"


#: From this size on a chunk is handed down as it is, not copied into its frame.
LARGE = 16384

#: Of the sizes below `LARGE` seen so far (a program has few): the line before the chunk, and the size with its frame.
FRAMES: dict[int, tuple[bytes, int]] = {}
_MOST_FRAMES = 1024


def chunk_size(size: int) -> bytes:
    """Return the line before a chunk of `size` bytes (RFC 9112, 7.1)."""
    line = b"%x\r\n" % size
    if len(FRAMES) < _MOST_FRAMES and 0 < size < LARGE:
        FRAMES[size] = line, len(line) + size + 2
    return line


def bare_answer(status: int) -> bytes:
    """Return the answer to what cannot be served: a head and nothing else."""
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
