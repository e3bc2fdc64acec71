"""Pieces: the buffer of a readable, from which any number of bytes is taken."""

from __future__ import annotations

from collections import deque
from typing import Any


class Pieces(deque[Any]):
    """A queue of non-empty pieces, all of them `bytes` or all of them `str`."""

    _taken = 0  # how much of the first piece was taken: slicing it at every small read would copy the rest each time

    def put_back(self, piece: Any) -> None:
        """Put `piece` in front."""
        if self._taken:
            self[0] = self[0][self._taken :]
            self._taken = 0
        self.appendleft(piece)

    def first_length(self) -> int:
        """Return the length of what is left of the first piece."""
        return len(self[0]) - self._taken

    def take(self, count: int) -> Any:
        """Take `count` bytes or characters, from 1 to all that are buffered."""
        parts = []
        while count:
            first = self[0]
            start = self._taken
            part = first[start : start + count]
            count -= len(part)
            if start + len(part) == len(first):
                self.popleft()
                self._taken = 0
            else:
                self._taken = start + len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else parts[0][:0].join(parts)
