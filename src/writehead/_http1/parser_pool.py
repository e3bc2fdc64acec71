"""A pool of parsers for connections with the same limits; a connection has none between two requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from writehead._http1.fast_request import LONGEST_LINE, FastParser
from writehead._http1.field_block import LONGEST, RawHead
from writehead._http1.parser import RequestParser, make_fast_parser

#: How many parsers are kept for data that the fast parser does not take.
SPARE = 64

#: Data of so many bytes is left to `RequestParser`, which applies the limits.
FAST_PARSER_LIMIT = 16384


class ParserPool:
    """The parsers of a server's connections, under one set of limits."""

    __slots__ = (
        "_max_count",
        "_max_size",
        "_spare",
        "fast_parser",
        "fast_parser_limit",
        "last_head",
        "lenient",
        "longest_hint",
    )

    def __init__(self, max_header_size: int, max_headers_count: int, lenient: bool) -> None:
        self._max_size = max_header_size
        self._max_count = max_headers_count
        self._spare: list[RequestParser] = []
        self.lenient = lenient
        #: Parses whole requests of any connection that is between two; None until it is made.
        self.fast_parser: FastParser | None = None
        #: The field lines that came last on any connection: the first guess of a new one.
        self.last_head: RawHead | None = None
        #: The fast parser takes only data shorter than this, in bytes; 0: none.
        self.fast_parser_limit = 0 if lenient else min(max_header_size, FAST_PARSER_LIMIT)
        #: The longest field lines that a connection remembers, in bytes: with a known request line within the limit.
        self.longest_hint = min(LONGEST, self.fast_parser_limit - LONGEST_LINE - 1)

    def make_fast_parser(self) -> FastParser:
        """Make the fast parser, again after it has returned None."""
        self.fast_parser = made = make_fast_parser(self._max_count or 1 << 62)
        return made

    def take(self, make_message: Callable[[], Any]) -> RequestParser:
        """Return a parser that holds no data of any connection."""
        if self._spare:
            parser = self._spare.pop()
            parser.reuse(make_message)
            return parser
        return RequestParser(make_message, self._max_size, self._max_count, self.lenient)

    def give(self, parser: RequestParser) -> None:
        """Take a parser back, between two requests."""
        if len(self._spare) < SPARE:
            parser.reuse(_nobody)  # or it would keep the connection in memory
            self._spare.append(parser)


def _nobody() -> Any:
    raise AssertionError("an unused parser got data")
