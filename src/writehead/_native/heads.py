"""The head of an ordinary request, read in one step: the twin in Python of `heads.c`.

Invariant: what `scan_head` returns is what llhttp would have reported. It never refuses anything: at whatever is not
plainly right, or not complete, it returns None, and the parser decides.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Literal, TypeVar, overload

from writehead._semantics import fields as _fields
from writehead._semantics.headers import Headers

T = TypeVar("T")

#: A head of so many bytes, or of more fields than this, is left to the parser: both have small numbers in C.
SIZE_LIMIT = 65536
MOST_FIELDS = 256

# Both are possessive: there is one way to match, so no input takes long.
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
_REQUEST_LINE = (
    # RFC 9112, 3.2.1: the origin form of a target; no fragment.
    rb"(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) (/[\x21\x22\x24-\x7e]*+) HTTP/1\.1\r\n"
)
_LINE = re.compile(_REQUEST_LINE)
_HEAD = re.compile(
    _REQUEST_LINE + rb"((?:"
    # An alternative that has matched already fails the second time.
    rb"(?!(?i:host|connection|content-length|transfer-encoding|upgrade|expect|proxy-connection):)"
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:" + _VALUE + rb"\r\n"
    rb"|(?(4)(?!)|(?i:host):[\t ]*+([A-Za-z0-9\-._]++(?::[0-9]++)?+)\r\n)"
    rb"|(?(5)(?!)|(?i:connection):[\t ]*+((?i:close|keep-alive))\r\n)"
    rb"|(?(6)(?!)|(?i:content-length):[\t ]*+([0-9]{1,15}+)\r\n)"
    rb")++)\r\n"
)
_FIELD = re.compile(r"([^:]++):[\t ]*+([^\r]*+)\r\n")

_PERCENT = ord("%")

_GROUPS = METHOD, TARGET, BLOCK, HOST, CONNECTION, LENGTH = range(1, 7)


class _Fields:
    """The field lines of a head, and what is known of them; shared by the heads of requests that repeat them."""

    __slots__ = ("_joined", "_text", "block", "count", "keep_alive", "length")

    def __init__(self, found: re.Match[bytes]) -> None:
        self.block: bytes = found[BLOCK]
        connection = found[CONNECTION]
        self.keep_alive: bool = connection is None or len(connection) != len(b"close")
        self.length: int = int(found[LENGTH] or 0)
        self.count: int = self.block.count(b"\n")
        self._text: list[str] | None = None
        self._joined: Headers | None = None

    @property
    def text(self) -> list[str]:
        text = self._text
        if text is None:
            block = self.block
            self._text = text = list(chain.from_iterable(_FIELD.findall(block.decode("latin-1"))))
            if b" \r" in block or b"\t\r" in block:
                text[1::2] = [value.rstrip("\t ") for value in text[1::2]]
        return text

    @property
    def joined(self) -> Headers:
        if self._joined is None:
            self._joined = _fields.joined(self.text)
        return self._joined


class Head:
    """The head of a request: its request line, and its fields, split and decoded only when they are asked for.

    Everything that a method returns is new, and the caller's.
    """

    __slots__ = ("_fields", "count", "end", "keep_alive", "length", "method", "target")

    def __init__(self, method: str, target: bytes, fields: _Fields, end: int) -> None:
        #: "GET".
        self.method: str = method
        #: The request target, as sent.
        self.target: bytes = target
        #: Whether the connection stays open behind the response (RFC 9112, 9.3).
        self.keep_alive: bool = fields.keep_alive
        #: Bytes of the body; 0, too, without Content-Length: so there is no body if not `length`.
        self.length: int = fields.length
        #: The number of fields.
        self.count: int = fields.count
        #: The index behind the head in the data.
        self.end: int = end
        self._fields = fields

    @property
    def url(self) -> str:
        """The request target as text."""
        return self.target.decode("latin-1")

    def may_begin(self, starts: tuple[bytes, ...], /) -> bool:
        """Tell whether the target begins with one of these bytes, or has a percent sign."""
        return self.target.startswith(starts) or _PERCENT in self.target

    def text(self) -> list[str]:
        """Return the fields as sent, flat: name, value, name, value, …; values without white space around them."""
        return self._fields.text[:]

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Return the fields as pairs of a lower-case name and a value."""
        each = [item.encode("latin-1") for item in self._fields.text]
        return list(zip(map(bytes.lower, each[::2]), each[1::2], strict=True))

    def joined(self, join_duplicates: bool = False, /) -> Headers:
        """Return the fields by lower-case name, duplicates joined or dropped as in Node.

        https://nodejs.org/api/http.html#messageheaders
        """
        if join_duplicates:
            return _fields.joined(self._fields.text, True)
        joined = self._fields.joined.copy()
        if "set-cookie" in joined:
            joined["set-cookie"] = joined["set-cookie"][:]
        return joined

    @overload
    def get(self, name: Literal["set-cookie"], /) -> list[str] | None: ...  # type: ignore[overload-overlap]
    @overload
    def get(self, name: str, /) -> str | None: ...
    def get(self, name: str, /) -> str | list[str] | None:
        """Return what `joined` has for a lower-case name."""
        if name == "set-cookie":
            cookies = self._fields.joined.get("set-cookie")
            return None if cookies is None else cookies[:]
        return self._fields.joined.get(name)


_METHODS = {each.encode(): each for each in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")}


# Clients repeat themselves, and a regular expression takes longer than a look-up. Only heads and field lines that have
# come twice are remembered, as many come once, and the last ones.
REMEMBERED = 256
LONGEST = 2048

_heads: dict[bytes, Head] = {}  # by all of their bytes; of data in which they came first
_blocks: dict[bytes, _Fields] = {}  # by the field lines
_met = [0] * REMEMBERED  # hashes of what came lately, each at its index modulo the length


def scan_head(data: bytes, start: int, max_size: int, max_count: int) -> Head | None:
    """Return the head of an ordinary request that begins at `start`; None for anything else.

    Args:
        max_size: in bytes. A head of so many, all of its bytes counted, is left to the parser.
        max_count: how many fields it may have; 0: any number.

    Such a head is of HTTP/1.1, with one of seven methods, a target in origin form without "#", lines that end with
    CRLF, and values of visible ASCII, spaces, tabs and bytes from 0x80 on. It has one Host, a name or an
    IPv4 address and perhaps a port; at most one Connection, "close" or "keep-alive"; at most one Content-Length, of at
    most 15 digits; and no Transfer-Encoding, Upgrade, Expect or Proxy-Connection.
    """
    if start == 0 and len(data) <= LONGEST:
        head = _heads.get(data)  # by far the commonest: a head that has come before, and nothing behind it
        if head is not None and head.end < max_size and (max_count <= 0 or head.count <= max_count):
            return head
    start = max(start, 0)
    end = data.find(b"\r\n\r\n", start) + 4
    if end < 4:
        return None
    head = _heads.get(data[start:end])
    if head is None:
        head = _found_head(data, start, end)
        if head is None:
            return None
    if head.end != end:  # remembered, of data in which it came first
        head = Head(head.method, head.target, head._fields, end)
    size = end - start
    count = head.count
    if size >= max_size or size >= SIZE_LIMIT or count > MOST_FIELDS or count > max_count > 0:
        return None
    return head


def _found_head(data: bytes, start: int, end: int) -> Head | None:
    second = data.find(b"\r\n", start, end) + 2
    block = data[second : end - 2]
    fields = _blocks.get(block)
    found = (_HEAD if fields is None else _LINE).match(data, start)
    if found is None:
        return None
    if fields is None:
        if found[HOST] is None:
            return None
        fields = _Fields(found)
        if _has_come(block):
            _remember(_blocks, block, fields)
    head = Head(_METHODS[found[METHOD]], found[TARGET], fields, end)
    if start == 0 and _has_come(data[:end]):
        _remember(_heads, data[:end], head)
    return head


def _has_come(data: bytes) -> bool:
    number = hash(data)
    at = number % REMEMBERED
    if _met[at] == number:
        return True
    _met[at] = number
    return False


def _remember(found: dict[bytes, T], data: bytes, value: T) -> None:
    if len(data) <= LONGEST:
        if len(found) >= REMEMBERED:
            found.clear()
        found[data] = value
