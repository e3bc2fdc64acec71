"""Fields and chunks on their way out: the twin in Python of `fields.c`."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")


def check_field(name: object, value: object) -> str | None:
    """Return the lower-case key of a field that is plainly good; None: the checks of `_semantics.fields` decide.

    It is good if `name` is a token, and `value` an `int`, a `str` without control characters other than tabs, or
    a list or tuple of such strings (RFC 9110, 5.5 and 5.6.2). No subclass of these is.

    A list is checked, not copied.
    """
    if type(name) is not str or _TOKEN.fullmatch(name) is None:
        return None
    kind = type(value)
    if kind is str:
        good = _is_good(value)
    elif kind is list or kind is tuple:
        good = all(map(_is_good, value))  # type: ignore[call-overload]  # known by the line above
    else:
        good = kind is int
    return name.lower() if good else None


def _is_good(value: object) -> bool:
    # Most values pass the first test, which is the faster one.
    return type(value) is str and (
        (value.isascii() and value.isprintable()) or _VALUE.fullmatch(value) is not None
    )


#: A piece of so many bytes is not taken by `Chunks`: it is passed on as it is, not copied.
LARGE = 16384

# The line before a piece, and the size of both and of what is behind it, by the size of the piece.
_frames: dict[int, tuple[bytes, int]] = {}
_MOST_FRAMES = 1024


class Chunks:
    """Chunks of a body that leave together: small pieces, each framed as by `frame_chunk`, joined once."""

    __slots__ = ("_is_open", "_parts", "_room", "size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._is_open = False
        self._room = 0
        #: Bytes of the pieces in their frames.
        self.size = 0

    def open(self, room: int, /) -> None:
        """Take pieces from now on; `add` returns True until they are `room` bytes in their frames."""
        self._room = room
        self._is_open = True

    def add(self, piece: object, /) -> bool | None:
        """Take a piece of body; return whether there is room for more. None: it is not taken.

        Taken are `bytes`, neither empty nor `LARGE`, between `open` and `take`.
        """
        if type(piece) is not bytes or not self._is_open:
            return None
        line, framed = _frames.get(len(piece)) or _frame_of(len(piece))
        if not framed:
            return None
        self._parts += (line, piece, b"\r\n")
        self.size = size = self.size + framed
        return size < self._room

    def take(self) -> bytes:
        """Return all pieces in their frames, and take no more."""
        joined = b"".join(self._parts)
        self._parts.clear()
        self._is_open = False
        self.size = 0
        return joined


def _frame_of(size: int) -> tuple[bytes, int]:
    if not 0 < size < LARGE:
        return b"", 0
    line = b"%x\r\n" % size
    if len(_frames) < _MOST_FRAMES:
        _frames[size] = line, len(line) + size + 2
    return line, len(line) + size + 2


def frame_chunk(data: bytes) -> bytes:
    """Return a chunk: its size in a line, the data, CRLF (RFC 9112, 7.1). Without data it is the last chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
