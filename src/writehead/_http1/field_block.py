"""The field lines of a head as raw bytes, split and decoded only when they are asked for.

Invariant: `block` is what follows the request line of a head that llhttp has accepted without
leniencies; only empty lines follow the head. So every line ends with CRLF, none is
folded, and no value contains CR or LF: splitting at CRLF gives the fields that llhttp saw.

On one connection the field lines are mostly the same, byte for byte, from request to
request. So a `RawHead` outlives its request, and what was decoded serves the next one. Only
a head that has come twice is remembered: many come once, and remembering all of them costs
more than reading them. A connection may keep its last one longer, only to compare bytes.
"""

from __future__ import annotations

from writehead._semantics.fields import is_host
from writehead._semantics.headers import Headers

#: How many heads are remembered, and up to how many bytes each.
REMEMBERED = 256
LONGEST = 2048

_remembered: dict[bytes, RawHead] = {}

_met = [0] * REMEMBERED  # hashes of the blocks that came lately, each at its index modulo the length

#: Look up the `RawHead` with this block; None if it is not remembered.
recall = _remembered.get


class RawHead:
    """Field lines, and what is known about them; shared between requests, which must not change it."""

    _fields: list[bytes] | None = None
    host_is_good = False
    expect: bytes | None = None
    ordinary = False  # no check or 100 Continue comes before the listeners
    # Kept here by the message: what follows from the bytes alone, and is not changed by
    # those who get it.
    text: list[str] | None = None
    joined: Headers | None = None
    remembered = False  # only a remembered head may outlive its message
    _forgotten = False  # no longer remembered, only kept by a connection: `text` and `joined` stay None

    def __init__(self, block: bytes, keep_alive: bool, count: int) -> None:
        self.block = block
        self.size = len(block)
        self.keep_alive = keep_alive
        self.count = count  # the number of fields, or more

    def judge(self, lower: bytes) -> None:
        """Set what every request is checked for: whether it has one valid Host (RFC 9112, 3.2), and its Expect.

        `lower` is a line feed and the block in lower case.
        """
        at = lower.find(b"\nhost:")
        if at >= 0 and lower.find(b"\nhost:", at + 6) < 0:
            start = at + 5
            value = self.block[start : self.block.find(b"\r\n", start)].strip(b" \t")
            self.host_is_good = is_host(value.decode("latin-1"))
        if lower.find(b"\nexpect:") >= 0:
            self.expect = b", ".join(self.values_of(b"expect"))
        self.ordinary = self.host_is_good and self.expect is None

    @property
    def fields(self) -> list[bytes]:
        """The fields, flat: name, value, name, value, …; values without white space around them."""
        fields = self._fields
        if fields is None:
            fields = []
            lines = self.block.split(b"\r\n")
            for line in lines[: lines.index(b"")]:
                name, _, value = line.partition(b":")
                fields.append(name)
                fields.append(value.strip(b" \t"))
            if not self._forgotten:
                self._fields = fields
        return fields

    def keep_text(self, text: list[str]) -> None:
        """Keep the fields as text, unless the head is forgotten."""
        if not self._forgotten:
            self.text = text

    def keep_joined(self, joined: Headers) -> None:
        """Keep the joined fields, unless the head is forgotten."""
        if not self._forgotten:
            self.joined = joined

    def values_of(self, wanted: bytes) -> list[bytes]:
        """Return the values of the fields of a lower-case name, in order."""
        fields = self.fields
        return [
            fields[at + 1]
            for at in range(0, len(fields), 2)
            if len(fields[at]) == len(wanted) and fields[at].lower() == wanted
        ]

    def forget(self) -> None:
        """Drop the decoded fields, which are ten times as large as their bytes."""
        self.remembered = False
        self._forgotten = True
        self._fields = self.text = self.joined = None


def remember(head: RawHead) -> None:
    """Keep `head` for the next request with the same field lines."""
    if head.size <= LONGEST:
        if len(_remembered) >= REMEMBERED:
            # Servers in two threads share it: `list` takes all values in one step, so no iteration can fail.
            for each in list(_remembered.values()):
                each.forget()
            _remembered.clear()
        _remembered[head.block] = head
        head.remembered = True


def has_come(block: bytes) -> bool:
    """Return whether these field lines came lately, and note that they came."""
    number = hash(block)
    at = number % REMEMBERED
    if _met[at] == number:
        return True
    _met[at] = number
    return False
