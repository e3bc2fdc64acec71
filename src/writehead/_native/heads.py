"""The head of an ordinary request, read in one step: the twin in Python of `heads.c`.

Invariant: what `scan_head` returns is what llhttp would have reported. It never refuses anything: at whatever is not
plainly right, or not complete, it returns None, and the parser decides.
"""

from __future__ import annotations

import re
from typing import Literal, overload

from writehead._semantics import fields as _fields
from writehead._semantics.headers import Headers

#: A head of so many bytes, or of more fields than this, is left to the parser: both have small numbers in C.
SIZE_LIMIT = 65536
MOST_FIELDS = 256

# Both are possessive: there is one way to match, so no input takes long.
_VALUE = rb"[\t\x20-\x7e\x80-\xff]*+"
_HEAD = re.compile(
    # RFC 9112, 3.2.1: the origin form of a target; no fragment.
    rb"(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH) (/[\x21\x22\x24-\x7e]*+) HTTP/1\.1\r\n"
    rb"((?:"
    # An alternative that has matched already fails the second time.
    rb"(?!(?i:host|connection|content-length|transfer-encoding|upgrade|expect|proxy-connection):)"
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:" + _VALUE + rb"\r\n"
    rb"|(?(4)(?!)|(?i:host):[\t ]*+([A-Za-z0-9\-._]++(?::[0-9]++)?+)\r\n)"
    rb"|(?(5)(?!)|(?i:connection):[\t ]*+((?i:close|keep-alive))\r\n)"
    rb"|(?(6)(?!)|(?i:content-length):[\t ]*+([0-9]{1,15}+)\r\n)"
    rb")++)\r\n"
)
_FIELD = re.compile(rb"([^:]++):[\t ]*+([^\r]*+)\r\n")

_GROUPS = METHOD, TARGET, BLOCK, HOST, CONNECTION, LENGTH = range(1, 7)


class Head:
    """The head of a request: its request line, and its fields, split and decoded only when they are asked for.

    Everything that a method returns is new, and the caller's.
    """

    __slots__ = ("_block", "count", "end", "keep_alive", "length", "method", "target")

    def __init__(self, found: re.Match[bytes], count: int) -> None:
        #: "GET".
        self.method: str = _METHODS[found[METHOD]]
        #: The request target, as sent.
        self.target: bytes = found[TARGET]
        connection = found[CONNECTION]
        #: Whether the connection stays open behind the response (RFC 9112, 9.3).
        self.keep_alive = connection is None or len(connection) != len(b"close")
        #: Bytes of the body; 0, too, without Content-Length: so there is no body if not `length`.
        self.length = int(found[LENGTH] or 0)
        #: The number of fields.
        self.count = count
        #: The index behind the head in the data.
        self.end = found.end()
        self._block: bytes = found[BLOCK]

    @property
    def url(self) -> str:
        """The request target as text."""
        return self.target.decode("latin-1")

    def _fields(self) -> list[tuple[bytes, bytes]]:
        return [(name, value.rstrip(b"\t ")) for name, value in _FIELD.findall(self._block)]

    def text(self) -> list[str]:
        """Return the fields as sent, flat: name, value, name, value, …; values without white space around them."""
        return [each.decode("latin-1") for pair in self._fields() for each in pair]

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Return the fields as pairs of a lower-case name and a value."""
        return [(name.lower(), value) for name, value in self._fields()]

    def joined(self, join_duplicates: bool = False) -> Headers:
        """Return the fields by lower-case name, duplicates joined or dropped as in Node.

        https://nodejs.org/api/http.html#messageheaders
        """
        return _fields.joined(self.text(), join_duplicates)

    @overload
    def get(self, name: Literal["set-cookie"], /) -> list[str] | None: ...  # type: ignore[overload-overlap]
    @overload
    def get(self, name: str, /) -> str | None: ...
    def get(self, name: str, /) -> str | list[str] | None:
        """Return what `joined` has for a lower-case name, without making the rest of it."""
        if name.encode("ascii", "replace") not in self._block.lower():  # by far the quickest to find out
            return None
        return self.joined().get(name)


_METHODS = {each.encode(): each for each in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")}


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
    found = _HEAD.match(data, start)
    if found is None or found[HOST] is None:
        return None
    size = found.end() - found.start()
    count = found[BLOCK].count(b"\n")
    if size >= min(max_size, SIZE_LIMIT) or count > min(
        max_count if max_count > 0 else MOST_FIELDS, MOST_FIELDS
    ):
        return None
    return Head(found, count)
