"""A pool of parsers for connections with the same limits; a connection has none between two requests."""

from __future__ import annotations

from writehead._http1.parser import RequestParser

#: How many parsers are kept for data that `scan_head` does not take.
SPARE = 64

#: A head of so many bytes is left to `RequestParser`, which counts as Node does.
SCAN_LIMIT = 16384


class ParserPool:
    """The parsers of a server's connections, under one set of limits."""

    __slots__ = ("_max_size", "_spare", "lenient", "max_count", "scan_limit")

    def __init__(self, max_header_size: int, max_headers_count: int, lenient: bool) -> None:
        self._max_size = max_header_size
        self._spare: list[RequestParser] = []
        self.lenient = lenient
        #: How many fields a head may have; 0: any number.
        self.max_count = max_headers_count
        #: `scan_head` takes only heads shorter than this, in bytes; 0: none.
        self.scan_limit = 0 if lenient else min(max_header_size, SCAN_LIMIT)

    def take(self) -> RequestParser:
        """Return a parser that holds no data of any connection."""
        if self._spare:
            return self._spare.pop()
        return RequestParser(self._max_size, self.max_count, self.lenient)

    def give(self, parser: RequestParser) -> None:
        """Take a parser back, between two requests."""
        if len(self._spare) < SPARE:
            self._spare.append(parser)
