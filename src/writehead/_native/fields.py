"""Fields and chunks on their way out: the twin in Python of `fields.c`."""

from __future__ import annotations

import re
from typing import Any

from writehead._native.sizes import LARGE
from writehead._semantics.exchange import StoredFields

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
# Names in the spellings seen so far, in lower case: 40 ns a look-up, 400 without. Only a program's names are here.
_keys: dict[str, str] = {}
_MOST_KEYS = 2048
# Fields found good: one look-up of 60 ns. No cookies and no long values, as these stay in memory.
_checked: dict[tuple[str, str], str] = {}
_MOST_CHECKED = 512
_LONGEST_CHECKED = 1024

_TEXT = {str}
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")


def check_field(name: object, value: Any) -> str | None:
    """Return the lower-case key of a field that is plainly good; None: the checks of `_semantics.fields` decide.

    It is good if `name` is a token, and `value` an `int`, a `str` without control characters other than tabs, or
    a list or tuple of such strings (RFC 9110, 5.5 and 5.6.2). No subclass of these is.

    A list is checked, not copied.
    """
    if type(name) is not str:
        return None
    kind = type(value)
    if kind is str:
        key = _checked.get((name, value))
        if key is not None:
            return key
    key = _keys.get(name) or _key_of(name)
    if key is None:
        return None
    if kind is str:
        good = _is_good(value)
        if good and len(_checked) < _MOST_CHECKED and len(value) <= _LONGEST_CHECKED and key != "set-cookie":
            _checked[name, value] = key
    elif kind is list or kind is tuple:
        good = _are_good(value)
    else:
        good = kind is int
    return key if good else None


def _key_of(name: str) -> str | None:
    if _TOKEN.fullmatch(name) is None:
        return None
    if len(_keys) < _MOST_KEYS:
        _keys[name] = name.lower()
    return name.lower()


def _are_good(values: Any) -> bool:
    return set(map(type, values)) <= _TEXT and _is_good("".join(values))


def _is_good(value: object) -> bool:
    # Most values pass the first test, which is the faster one.
    return type(value) is str and (
        (value.isascii() and value.isprintable()) or _VALUE.fullmatch(value) is not None
    )


def render_response(
    status_line: str, fields: StoredFields, date_line: str, keep_lines: str, body: bytes, announce: bool, /
) -> bytes | None:
    """Return the bytes of an ordinary response, without a body that is `LARGE`; `announce` its Content-Length.

    None if a value is anything but text, a number of a machine word, or a list of texts (RFC 9112, 2 to 6). A field may
    also be a pair of bytes that `check_pairs` has accepted.
    """
    try:
        if type(fields) is list and fields and len(fields[0]) == 2:  # then all of them are pairs
            lines = "".join([_pair_lines.get(pair) or _line_of(pair) for pair in fields])
        else:
            entries: Any = fields.values() if type(fields) is dict else fields or ()
            lines = "".join(
                [
                    f"{name}: {value}\r\n" if type(value) is str else _lines_of(name, value)
                    for _, name, value in entries
                ]
            )
    except _NotOrdinaryError:
        return None
    length = f"Content-Length: {len(body)}\r\n" if announce else ""
    text = f"{status_line}{lines}{date_line}{keep_lines}{length}\r\n"
    try:
        head = text.encode("latin-1")
    except UnicodeEncodeError:
        return None
    return head + body if len(body) < LARGE else head


class _NotOrdinaryError(Exception):
    """A value is left to the general way."""


def _lines_of(name: str, value: Any) -> str:
    kind = type(value)
    if kind is list and (len(value) <= 1 or len(name) != 6) and _are_good(value):  # as several cookies
        return "".join([f"{name}: {item}\r\n" for item in value])
    if kind is int and -_WORD <= value < _WORD:
        return f"{name}: {value}\r\n"
    raise _NotOrdinaryError


_WORD = 1 << 63

# Pairs found good, with their lines and the Content-Length that one of them announces: two look-ups of 80 ns, and a
# microsecond without. No cookies and no long values.
_pair_lines: dict[Any, str] = {}
_pair_lengths: dict[Any, int] = {}
_MOST_PAIRS = 1024
_LONGEST_PAIR = 256

_SPECIAL = frozenset((b"connection", b"date", b"expect", b"keep-alive", b"trailer", b"transfer-encoding"))
_LENGTH = re.compile(rb"[0-9]{1,18}+")
_BYTES_TOKEN = re.compile(_TOKEN.pattern.encode())
_BYTES_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*+")


def check_pairs(pairs: object, /) -> int | None:
    """Return the Content-Length among the fields of an ordinary response; -1 without one.

    None, and the general checks decide, if `pairs` is anything but a list of pairs of bytes, a name is no token, a value
    has a control character other than a tab, a field changes how the response is framed or rendered (Connection, Date,
    Expect, Keep-Alive, Trailer, Transfer-Encoding), or there is more than one Content-Length, or one that is not of 1 to
    18 digits. No subclass of these types is accepted.
    """
    if type(pairs) is not list:
        return None
    length = -1
    for pair in pairs:
        if type(pair) is not tuple:
            return None
        found = _pair_lengths.get(pair) if _are_bytes(pair) else None
        if found is None:
            found = _check_pair(pair)
            if found is None:
                return None
        if found >= 0:
            if length >= 0:
                return None
            length = found
    return length


def _are_bytes(pair: tuple[Any, ...]) -> bool:
    return len(pair) == 2 and type(pair[0]) is bytes and type(pair[1]) is bytes


def _check_pair(pair: Any) -> int | None:
    """Return what `check_pairs` does, of one pair."""
    if not _are_bytes(pair):
        return None
    name, value = pair
    if _BYTES_TOKEN.fullmatch(name) is None or _BYTES_VALUE.fullmatch(value) is None:
        return None
    key = name.lower()
    if key in _SPECIAL:
        return None
    length = -1
    if key == b"content-length":
        if _LENGTH.fullmatch(value) is None:
            return None
        length = int(value)
    if len(name) + len(value) <= _LONGEST_PAIR and key != b"set-cookie":
        if len(_pair_lengths) >= _MOST_PAIRS:
            _pair_lengths.clear()
            _pair_lines.clear()
        _pair_lengths[pair] = length
        _pair_lines[pair] = _line_of(pair)
    return length


def _line_of(pair: Any) -> str:
    name, value = pair
    return f"{name.decode('latin-1')}: {value.decode('latin-1')}\r\n"


# The line before a piece, and the size of both and of what is behind it, by the size of the piece.
_frames: dict[int, tuple[bytes, int]] = {}
_MOST_FRAMES = 1024


class Chunks:
    """Chunks of a body that leave together: small pieces, each framed as by `frame_chunk`, joined once."""

    __slots__ = ("_is_open", "_parts", "_room", "size", "total")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._is_open = False
        self._room = 0
        #: Bytes of the pieces in their frames.
        self.size = 0
        #: Bytes of all pieces that were ever taken, without their frames.
        self.total = 0

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
        self.total += len(piece)
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
