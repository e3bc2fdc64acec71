"""`wsgi.input`: the body of a request, for the thread that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: Asks for more of a body, so many bytes or all that is there; returns b"" at the end, else waits for some.
Ask = Callable[[int | None], bytes]

#: How many bytes are asked for at the least: what a small read leaves of them waits here.
BITE = 16384


class RequestBody:
    """The body of a request as a binary stream, which ends where the body does, chunked or not.

    It may be read by one thread at a time.

    Args:
        data: the part of the body that has come.
        ask: gets the rest; None if there is none.
    """

    __slots__ = ("__weakref__", "_ask", "_at", "_data")

    def __init__(self, data: bytes = b"", ask: Ask | None = None) -> None:
        self._data = data
        self._at = 0  # where what was not read begins
        self._ask = ask

    def read(self, size: int | None = -1, /) -> bytes:
        """Return `size` bytes, fewer only at the end of the body, or all that is left.

        Raises:
            ConnectionLostError: the client has left, or sent no more of the body in time, or a broken one.
        """
        if size is None or size < 0:
            return self._read_all()
        data, at = self._data, self._at
        end = at + size
        if end <= len(data):
            self._at = end
            return data[at:end]
        return b"".join(self._parts(size))

    def _parts(self, size: int) -> Iterator[bytes]:
        """Take `size` bytes, or all that are left, in parts."""
        while size > 0:
            part = self._take(size) or (self._fill(size) and self._take(size))
            if not part:
                return
            size -= len(part)
            yield part

    def _read_all(self) -> bytes:
        parts = [self._take(len(self._data))]
        while self._fill(None):
            parts.append(self._take(len(self._data)))
        return b"".join(parts)

    def readline(self, size: int | None = -1, /) -> bytes:
        r"""Return what comes up to and with the next `\n`, but at most `size` bytes, or what is left.

        Raises: as `read`.
        """
        left = -1 if size is None else size
        parts = []
        while left:
            part = self._take_line(left) or (self._fill(BITE) and self._take_line(left))
            if not part:
                break
            parts.append(part)
            if part.endswith(b"\n"):
                break
            if left > 0:
                left -= len(part)
        return b"".join(parts)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Return the lines that are left; with a `hint` above 0 only until they have so many bytes.

        Raises: as `read`.
        """
        lines = []
        size = 0
        for line in self:
            lines.append(line)
            size += len(line)
            if hint is not None and 0 < hint <= size:
                break
        return lines

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read into `buffer` until it is full or the body ends; return how many bytes that were.

        Raises: as `read`.
        """
        with memoryview(buffer) as view, view.cast("B") as room:
            data = self.read(len(room))
            room[: len(data)] = data
        return len(data)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    # -- the part that is here

    def _take(self, size: int) -> bytes:
        at = self._at
        part = self._data[at : at + size]
        self._at = at + len(part)
        return part

    def _take_line(self, size: int) -> bytes:
        at = self._at
        found = self._data.find(b"\n", at) + 1
        end = found or len(self._data)
        return self._take(end - at if size < 0 else min(size, end - at))

    def _fill(self, size: int | None) -> bytes:
        """Wait for more, when all that was here is read; b"" at the end of the body."""
        if self._ask is None:
            return b""
        data = self._ask(None if size is None else max(size, BITE))
        if not data:
            self._ask = None
        self._data = data
        self._at = 0
        return data


#: The body of a request that has none.
NO_BODY = RequestBody()
