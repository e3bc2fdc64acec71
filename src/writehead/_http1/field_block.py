"""The field lines of a head as raw bytes, read only when and as far as somebody asks.

Law: `block` is what follows the request line of a head that llhttp has accepted without
leniencies; nothing but empty lines follows the head. So every line ends with CRLF, none
is folded, and no CR or LF stands in a value: cutting at CRLF finds the fields llhttp saw.

Clients repeat themselves: on one connection the field lines are mostly the same, byte for
byte, from request to request. So a `RawHead` outlives its request, and what was found out
about it serves the next one, as long as it is remembered. That is one which has come twice:
many come once, and remembering them all costs more than reading them. A connection may keep
its last one longer, for the bytes alone.
"""

from __future__ import annotations

from writehead._semantics.fields import is_host
from writehead._semantics.headers import Headers

#: How many heads are remembered, and the longest that is, in bytes.
REMEMBERED = 256
LONGEST = 2048

_remembered: dict[bytes, RawHead] = {}

_met = [0] * REMEMBERED  # hashes of those that came lately, each at a place of its own

#: Look up the `RawHead` with this block; None if it is not remembered.
recall = _remembered.get


class RawHead:
    """Field lines, and what is known about them. Shared between requests: never changed by one."""

    _fields: list[bytes] | None = None
    host_is_good = False
    expect: bytes | None = None
    usual = False  # the server has nothing to say before its listeners
    # For the packages above to keep what they made of these fields: whatever follows from
    # the bytes alone, and is not changed by whoever gets it.
    text: list[str] | None = None
    joined: Headers | None = None
    remembered = False  # only then it may outlive its message
    _forgotten = False  # it was, and may live on with a connection: nothing more is to be kept here

    def __init__(self, block: bytes, keep_alive: bool, count: int) -> None:
        self.block = block
        self.size = len(block)
        self.keep_alive = keep_alive
        self.count = count  # of fields, at the most

    def judge(self, lower: bytes) -> None:
        """Find out what is asked of every head: whether its Host is one host (RFC 9112, 3.2), and its Expect.

        `lower` is the block in lower case, behind a line feed.
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
        """The fields, flat: name, value, name, value, …; white space around values is off."""
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
        """Give up what was made of the fields: they are ten times as large as their bytes."""
        self.remembered = False
        self._forgotten = True
        self._fields = self.text = self.joined = None


def remember(head: RawHead) -> None:
    """Keep `head` for the next request with the same field lines."""
    if head.size <= LONGEST:
        if len(_remembered) >= REMEMBERED:
            # Servers in two threads share it: `list` takes its values in one step, no iteration is under way.
            for each in list(_remembered.values()):
                each.forget()
            _remembered.clear()
        _remembered[head.block] = head
        head.remembered = True


def has_come(block: bytes) -> bool:
    """Tell whether these field lines came not long ago, and note that they have."""
    number = hash(block)
    at = number % REMEMBERED
    if _met[at] == number:
        return True
    _met[at] = number
    return False
