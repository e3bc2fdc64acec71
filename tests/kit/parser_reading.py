"""A request parser under test: bytes in, what it found out, and ways to cut bytes into reads."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from writehead._http1.parser import END, End, ParsedHead, RequestParser
from writehead._native import heads
from writehead.errors import ParseError

R = b"GET / HTTP/1.1\r\nHost: a\r\n"
G = R + b"\r\n"
P = b"POST / HTTP/1.1\r\nHost: a\r\n"
C = P + b"Transfer-Encoding: chunked\r\n\r\n"
H = b"\r\nHost: a\r\n\r\n"


def shown_head(head: ParsedHead) -> tuple[Any, ...]:
    """All of a head as one comparable value."""
    return (head.method, head.target, head.version, tuple(head.fields), head.keep_alive, head.upgrade)


class Reading:
    """What one connection's bytes came to."""

    def __init__(self, packets: Iterable[bytes], **options: Any) -> None:
        self.parser = new_parser(**options)
        self.items: list[Any] = []
        self.fed = 0  # bytes, of the packets before the last one
        for packet in packets:
            self.items += self.parser.feed(packet)
            while self.parser.more:
                self.items += self.parser.feed_more()
            while self.parser.upgrade is not None:
                self.items.append(self.parser.upgrade)
                self.items += self.parser.decline_upgrade()
                while self.parser.more:
                    self.items += self.parser.feed_more()
            if self.parser.error is not None:
                break
            self.fed += len(packet)

    @property
    def error(self) -> ParseError | None:
        return self.parser.error

    @property
    def code(self) -> str | None:
        return self.parser.error and self.parser.error.code

    @property
    def messages(self) -> list[ParsedHead]:
        return [item for item in self.items if isinstance(item, ParsedHead)]

    @property
    def trailers(self) -> list[list[bytes]]:
        """Per message that came whole its trailers."""
        return [item.trailers for item in self.items if isinstance(item, End)]

    @property
    def bodies(self) -> list[bytes | None]:
        """Per message its body, None if it did not come whole."""
        bodies: list[bytes | None] = []
        parts: list[bytes] = []
        for item in self.items:
            if isinstance(item, ParsedHead):
                bodies.append(None)
                parts = []
            elif isinstance(item, End):
                bodies[-1] = b"".join(parts)
            else:
                parts.append(item)
        return bodies

    def shown(self) -> list[Any]:
        """Everything, with the pieces of each body joined."""
        shown: list[Any] = []
        for item in self.items:
            if isinstance(item, ParsedHead):
                shown.append(shown_head(item))
            elif isinstance(item, bytes) and shown and isinstance(shown[-1], bytes):
                shown[-1] += item
            else:
                shown.append(item)
        return [*shown, self.code, self.parser.mid_message, self.parser.closed]


class ScanFirst(RequestParser):
    """A parser behind `scan_head`, as a connection has it."""

    def feed(self, data: bytes) -> list[object]:
        found: list[object] = []
        at = 0
        while not (self.mid_message or self.closed or self.more or self.upgrade) and at < len(data):
            head = heads.scan_head(data, at, self._max_size, self._max_count)
            if head is None:
                break
            at = head.end
            found.append(
                ParsedHead(
                    head.method,
                    head.target,
                    "1.1",
                    [each.encode("latin-1") for each in head.text()],
                    head.keep_alive,
                )
            )
            end = at + head.length
            if end <= len(data):
                if head.length:
                    found.append(data[at:end])
                found.append(END)
                at = end
                if not head.keep_alive:
                    self._close()
            else:
                self.begin_body(head, head.length, end - len(data))
                if at < len(data):
                    found.append(data[at:])
                return found
        if at < len(data):
            found += super().feed(data[at:])
            if self.error is not None:
                self.error.move_to(data, at)
        return found


def new_parser(
    size: int = 16384, count: int = 2000, lenient: bool = False, lazy: bool = False
) -> RequestParser:
    kind = ScanFirst if lazy and not lenient else RequestParser
    return kind(size, count, lenient)


def ways(data: bytes, cuts: int = 6) -> Iterator[list[bytes]]:
    """Yield `data` whole, byte by byte, and cut at random places (the same ones in every run)."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    chance = random.Random(data)
    for _ in range(cuts):
        yield cut(data, sorted(chance.choices(range(len(data) + 1), k=3)))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut `data` at `places`, in ascending order."""
    ends = [*places, len(data)]
    return [data[start:end] for start, end in zip([0, *places], ends, strict=True) if start < end]
