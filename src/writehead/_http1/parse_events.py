"""What a parser finds in the bytes of a client: heads of requests, and ends; body is plain bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from writehead._http1.field_block import RawHead


class RequestHead(Protocol):
    """What the parser makes of a head: a message, which keeps what the parser asks for again.

    `_raw_trailers` and `_upgrade` are written only if there is something to say, so the class should have defaults.
    """

    _http_version: str
    _raw_fields: list[bytes]  # name, value, name, value, …; white space around values is off
    _raw_trailers: list[bytes]
    _should_keep_alive: bool
    _upgrade: bool  # CONNECT, or both `Connection: upgrade` and `Upgrade`

    def _take_head(
        self, method: str, target: bytes, version: str, fields: list[bytes] | RawHead, keep: bool
    ) -> None:
        """Take the head; fields that came all in one piece as a `RawHead`."""
        ...


class End:
    """The type of `END`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "END"


#: Stands in a list of things found where a request ends.
END: Final = End()


def without_seams(found: list[object], seams: set[int]) -> list[object]:
    """Join the pieces of body that were parted only by our cuts, at the indices `seams`."""
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
