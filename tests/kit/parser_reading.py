"""A request parser under test: bytes in, what it found out, and ways to cut bytes into reads."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

from writehead._http1.fast_request import FastParser, fill
from writehead._http1.parser import END, RequestParser, make_fast_parser
from writehead.errors import ParseError

R = b"GET / HTTP/1.1\r\nHost: a\r\n"
G = R + b"\r\n"
P = b"POST / HTTP/1.1\r\nHost: a\r\n"
C = P + b"Transfer-Encoding: chunked\r\n\r\n"
H = b"\r\nHost: a\r\n\r\n"


class Message:
    """What a parser fills in."""

    _raw_fields: Any = None
    _raw_head: Any = None
    _raw_trailers: Any = ()
    _upgrade = False
    _method: str
    _target: bytes
    _http_version: str
    _should_keep_alive: bool

    def _take_head(self, method: str, target: bytes, version: str, fields: Any, keep: bool) -> None:
        self._method, self._target, self._http_version = method, target, version
        if isinstance(fields, list):
            self._raw_fields = fields
        else:
            self._raw_head = fields
        self._should_keep_alive = keep

    @property
    def fields(self) -> list[bytes]:
        """The fields, flat, by whichever lane they came."""
        return self._raw_head.fields if self._raw_fields is None else self._raw_fields

    def shown(self) -> tuple[Any, ...]:
        """All of it as one comparable value."""
        return (
            self._method,
            self._target,
            self._http_version,
            tuple(self.fields),
            tuple(self._raw_trailers),
            self._should_keep_alive,
            self._upgrade,
        )


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
    def messages(self) -> list[Message]:
        return [item for item in self.items if isinstance(item, Message)]

    @property
    def bodies(self) -> list[bytes | None]:
        """Per message its body, None if it did not come whole."""
        bodies: list[bytes | None] = []
        parts: list[bytes] = []
        for item in self.items:
            if isinstance(item, Message):
                bodies.append(None)
                parts = []
            elif item is END:
                bodies[-1] = b"".join(parts)
            else:
                parts.append(item)
        return bodies

    def shown(self) -> list[Any]:
        """Everything, with the pieces of each body joined."""
        shown: list[Any] = []
        for item in self.items:
            if isinstance(item, Message):
                shown.append(item.shown())
            elif isinstance(item, bytes) and shown and isinstance(shown[-1], bytes):
                shown[-1] += item
            else:
                shown.append(item)
        return [*shown, self.code, self.parser.mid_message, self.parser.closed]


class LaneFirst(RequestParser):
    """A parser behind the quick lane, as a connection has it."""

    fast_parser: FastParser | None = None

    def feed(self, data: bytes) -> list[object]:
        whole = None
        if data[-4:] == b"\r\n\r\n" and not (self.mid_message or self.closed) and len(data) < self._max_size:
            self.fast_parser = self.fast_parser or make_fast_parser(self._max_count)
            whole = self.fast_parser(data, None)
            if whole is None:
                self.fast_parser = None
        if whole is None:
            return super().feed(data)
        try:
            message = self._make_message()
        except BaseException:
            self._close()
            raise
        fill(message, whole)
        if not message._should_keep_alive:
            self._close()
        return [message, END]


def new_parser(
    make_message: Any = Message,
    size: int = 16384,
    count: int = 2000,
    lenient: bool = False,
    lazy: bool = False,
) -> RequestParser:
    kind = LaneFirst if lazy and not lenient else RequestParser
    return kind(make_message, size, count, lenient)


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
