"""Records of TLS: how much is encrypted at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

#: The most plain bytes in a record (RFC 8446, 5.1): to read more only costs memory.
RECORD = 16384

#: Bytes that are encrypted, or decrypted, at once; this bounds the size of the two buffers.
PIECE = 65536


def gathered(parts: Iterable[Any]) -> Iterator[Any]:
    """Yield the parts, small neighbours joined to about a record; large ones are not copied."""
    small: list[Any] = []
    size = 0
    for part in parts:
        if len(part) < RECORD:
            small.append(part)
            size += len(part)
        if size >= RECORD or (small and len(part) >= RECORD):
            yield b"".join(small)
            small, size = [], 0
        if len(part) >= RECORD:
            yield part if type(part) is bytes else bytes(part)  # a mutable part is copied
    if size:
        yield b"".join(small)


def discard(data: bytes) -> None:
    """Drop data that comes while there is no protocol above."""
