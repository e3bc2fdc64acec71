"""What a parser finds in the bytes of a client: heads and ends of requests; a piece of body is `bytes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from writehead._http1.field_block import RawHead


class RequestHead(Protocol):
    """What the parser requires of the message that it makes for a head, and whose attributes it reads later.

    `_raw_trailers` and `_upgrade` are set only if there are trailers or an upgrade; the class has defaults.
    """

    _http_version: str
    _raw_fields: list[bytes]  # name, value, name, value, …; values without white space around them
    _raw_trailers: list[bytes]
    _should_keep_alive: bool
    _upgrade: bool  # CONNECT, or both `Connection: upgrade` and `Upgrade`

    def _take_head(
        self, method: str, target: bytes, version: str, fields: list[bytes] | RawHead, keep: bool
    ) -> None:
        """Take the head; `fields` is a `RawHead` if they came in one read."""
        ...


class End:
    """The type of `END`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "END"


#: The item in the list that `feed` returns where a request ends.
END: Final = End()


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
