"""How much a head, a trailer section and a chunk line may hold, counted as Node counts.

A head's size is the bytes of its target and of its fields' names and values; trailing
white space of a value counts, separators and line ends do not. It is measured only once
the raw bytes reach the limit: below, the size cannot exceed it.
"""

from __future__ import annotations

import re

from writehead.errors import ParseError

#: How many bytes the names and values of one chunk's extensions may have (Node's limit).
EXTENSIONS_LIMIT = 16384

#: llhttp accepts any number of bytes that no limit counts (spaces in the request line or before a value,
#: zeros of a chunk size), and httptools keeps them; a head of this many times its limit is refused.
SLACK = 8

_FIELD = re.compile(rb"[^\x00-\x20:;\"(),/<=>?@\[\]{}\\]+")
_EXTENSION = re.compile(rb'("(?:[^"\\]|\\.)*"?)|[;=]')


def header_overflow(offset: int, data: bytes) -> ParseError:
    """Return the error for a head, or a trailer section, with too many bytes or fields."""
    return ParseError("HPE_HEADER_OVERFLOW", "Header overflow", offset, data)


def extensions_overflow(offset: int, data: bytes) -> ParseError:
    """Return the error for a chunk whose extensions are too long."""
    return ParseError("HPE_CHUNK_EXTENSIONS_OVERFLOW", "Chunk extensions overflow", offset, data)


def last_field(raw: bytes | bytearray) -> tuple[int, bool]:
    """Measure the field at the end of `raw`, which llhttp reports only when the next one begins.

    Returns the bytes of its name and value, and whether its name is complete; `raw` is
    the tail of a head, and may end anywhere.
    """
    cut = raw.rfind(b"\n")
    line = raw[cut + 1 :]
    if not line or line == b"\r":
        line = raw[raw.rfind(b"\n", 0, max(cut, 0)) + 1 : max(cut, 0)]
    name, colon, value = line.rstrip(b"\r").partition(b":")
    if not _FIELD.fullmatch(name):  # the request line, or the line of the last chunk
        return 0, False
    return len(name) + len(value.lstrip(b" \t")), bool(colon)


def name_begun(raw: bytes, start: int) -> bytes:
    """Return the field name at the end of `raw`, if llhttp has refused it before it reported the previous field.

    It reports a field when the next name ends, or the data it was fed, which began at `start`.
    """
    line = raw.rfind(b"\n") + 1
    return raw[line:] if 0 < line >= start and _FIELD.fullmatch(raw, line) else b""


def head_behind(piece: bytes, body: object, left: float | None) -> bytes:
    """Return the part of `piece` that belongs to the head that begins in it, behind the end of another message.

    `body` is the last piece of body found of that message, if it is bytes; `left` how many bytes of
    body were missing where the data began, if it began inside a body.
    """
    blank = piece.rfind(b"\r\n\r\n")
    start = blank + 4 if blank >= 0 else 0  # behind a head, a last chunk or trailers
    if isinstance(body, bytes):
        at = piece.rfind(b"\r\n\r\n" + body)
        if at >= 0:
            start = max(start, at + 4 + len(body))
        elif left == len(body) and piece.startswith(body):
            start = max(start, len(body))
    return piece[start:]


def target_length(raw: bytes | bytearray) -> int:
    """Measure the target in the request line, or its beginning, at the end of `raw`."""
    line = raw[raw.rfind(b"\n") + 1 :]
    return len(line.partition(b" ")[2].lstrip(b" ").partition(b" ")[0])


def head_offset(raw: bytes, size: int, count: int) -> int:
    """Return the offset in `raw`, which starts with a request line, at which a limit is exceeded."""
    start = len(raw) - len(raw.lstrip(b"\r\n"))
    lines = raw[start:].split(b"\n")
    words = lines[0].split()
    target = words[1] if len(words) > 1 else b""
    counted = len(target)
    if counted >= size:
        return start + lines[0].find(target, len(words[0])) + len(target)
    at = start + len(lines[0]) + 1
    for number, line in enumerate(lines[1:], 1):
        name, colon, value = line.rstrip(b"\r").partition(b":")
        counted += len(name)
        if counted >= size or (colon and number > count):
            return min(at + len(name) + 1, len(raw))
        counted += len(value.lstrip(b" \t"))
        if counted >= size:
            return min(at + len(line.rstrip(b"\r")) + 1, len(raw))
        at += len(line) + 1
    return len(raw)


def extensions_size(line: bytes | bytearray) -> tuple[int, int]:
    """Return the size of the extensions in a chunk line, and where it exceeds the limit (-1: nowhere)."""
    line = bytes(line).rstrip(b"\r\n")
    at = line.find(b";")
    if at < 0:
        return 0, -1
    counted, last, over = 0, at, -1
    for match in _EXTENSION.finditer(line, at):
        counted += match.start() - last  # a token before a separator or a quote
        if counted > EXTENSIONS_LIMIT and over < 0:
            over = match.start() + 1
        if match.group(1) is not None:
            counted += match.end() - match.start()
            if counted > EXTENSIONS_LIMIT and over < 0:
                over = match.end()
        last = match.end()
    counted += len(line) - last
    if counted > EXTENSIONS_LIMIT and over < 0:
        over = len(line) + 1
    return counted, over
