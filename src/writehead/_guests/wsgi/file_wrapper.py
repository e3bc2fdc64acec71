"""`wsgi.file_wrapper`: a file as the body of a response."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Any, Protocol

from writehead._message.file_body import FileRange
from writehead.errors import InvalidArgTypeError, OutOfRangeError


class Reads(Protocol):
    """An object like a binary file; it is closed if it has `close`."""

    def read(self, size: int, /) -> bytes: ...


class FileWrapper:
    """A file-like object as an iterable of blocks, which an app may return as its body.

    An app that returns the wrapper itself, of a regular file, has the file sent by the server, from its position on,
    without the thread, by the kernel where it can. Any other is read in blocks.

    Args:
        filelike: has `read`.
        block_size: the size of a block in bytes.

    Source: PEP 3333, Optional Platform-Specific File Handling
    """

    def __init__(self, filelike: Reads, block_size: int = 65536) -> None:
        if not callable(getattr(filelike, "read", None)):
            raise InvalidArgTypeError("filelike", "an object with a method read()", filelike)
        if block_size < 1:
            raise OutOfRangeError("block_size", ">= 1", block_size)
        self.filelike = filelike
        self.block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = self.filelike.read(self.block_size)
        if not block:
            raise StopIteration
        return block

    def close(self) -> None:
        """Close the file-like object, if it can be closed."""
        close = getattr(self.filelike, "close", None)
        if close is not None:
            close()


def range_of(filelike: Any) -> FileRange | None:
    """Return what is left of a regular file, with a descriptor of its own; None of anything else."""
    if _changes_bytes(filelike):
        return None
    try:
        fd = filelike.fileno()
        position = filelike.tell() if hasattr(filelike, "tell") else os.lseek(fd, 0, os.SEEK_CUR)
        opened = FileRange(os.dup(fd))
    except (AttributeError, OSError, TypeError, ValueError):  # BytesIO has no descriptor, a pipe no position
        return None
    try:
        return opened.limit(filelike, position, None)
    except (OSError, TypeError, ValueError):  # no regular file, or of a size that is not known
        opened.close()
        return None


def _changes_bytes(filelike: Any) -> bool:
    """Tell whether what it reads may be other bytes than those of its descriptor: text, or unpacked by gzip."""
    if isinstance(filelike, io.BufferedReader | io.BufferedRandom):
        return not isinstance(filelike.raw, io.FileIO)
    return isinstance(filelike, io.IOBase) and not isinstance(filelike, io.FileIO)
