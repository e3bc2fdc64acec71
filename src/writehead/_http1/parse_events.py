"""What a parser finds in the bytes of a client: heads and ends of requests; a piece of body is `bytes`."""

from __future__ import annotations

from typing import Final

from writehead._semantics import fields as _fields
from writehead._semantics.headers import Headers


class ParsedHead:
    """The head of a request as llhttp has read it; see `exchange.RequestHead`."""

    __slots__ = ("fields", "keep_alive", "method", "target", "upgrade", "version")

    def __init__(
        self, method: str, target: bytes, version: str, fields: list[bytes], keep_alive: bool
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields  # name, value, name, value, …; values without white space around them
        self.keep_alive = keep_alive
        self.upgrade = False  # CONNECT, or both `Connection: upgrade` and `Upgrade`

    @property
    def url(self) -> str:
        """The request target as text."""
        return self.target.decode("latin-1")

    def text(self) -> list[str]:
        """Return the fields as sent, flat: name, value, name, value, …"""
        return [each.decode("latin-1") for each in self.fields]

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """Return the fields as pairs of a lower-case name and a value."""
        fields = self.fields
        return [(fields[at].lower(), fields[at + 1]) for at in range(0, len(fields), 2)]

    def joined(self, join_duplicates: bool = False) -> Headers:
        """Return the fields by lower-case name, duplicates joined or dropped as in Node."""
        return _fields.joined(self.text(), join_duplicates)


class End:
    """The end of a request; `trailers` are flat, as `ParsedHead.fields`."""

    __slots__ = ("trailers",)

    def __init__(self, trailers: list[bytes]) -> None:
        self.trailers = trailers

    def __eq__(self, other: object) -> bool:
        return type(other) is End and other.trailers == self.trailers

    def __hash__(self) -> int:
        return hash(tuple(self.trailers))

    def __repr__(self) -> str:
        return "END" if not self.trailers else f"End({self.trailers!r})"


#: The item in the list that `feed` returns where a request without trailers ends.
END: Final = End([])


def without_seams(found: list[object], seams: set[int]) -> list[object]:
    """Join the pieces of body that were split only because the data was fed in pieces, at the indices `seams`."""
    whole: list[object] = []
    parts: list[bytes] = []
    for index, item in enumerate(found):
        if type(item) is bytes:
            if parts and index not in seams:
                whole.append(b"".join(parts))
                parts.clear()
            parts.append(item)
            continue
        if parts:
            whole.append(b"".join(parts))
            parts.clear()
        whole.append(item)
    if parts:
        whole.append(b"".join(parts))
    return whole
