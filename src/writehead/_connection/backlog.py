"""Backlogs: data of one read that is served in slices, so that other connections are served in between.

    a read -> a slice of it at once -> the rest waits -> a slice for each connection that waits, some
    milliseconds in all -> the loop polls the network -> ...

Invariant: while a part of a read waits, nothing more is read from its connection, and nothing behind
that part happens before it: to the program, a read that is served in slices is several reads.
"""

from __future__ import annotations

#: The size of a slice: whole requests, or events of a parser, of which a head counts as `HEAD`.
REQUESTS = 32
SLICE = 256
HEAD = 8

#: How many requests to upgrade are declined in one slice: each is parsed twice.
UPGRADES = 16

#: A read up to this size, in bytes, is parsed at once, even if other connections wait for their slices.
SMALL_READ = 4096


class Backlog:
    """The part of a read that waits to be served.

    Attributes:
        data, at: the data as it was read, and where in it the part begins that has not been parsed.
        found: events of a parser that are served first; None if no parser has seen the data.
        was_under_way: whether a request had begun before this data.
        more: data that came although reading was paused.
        waits: whether it waits for its slice; else it waits for the client, or for the reader of a body.
    """

    __slots__ = ("at", "found", "more", "data", "was_under_way", "waits")

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.found: list[object] | None = None
        self.was_under_way = False
        self.more = b""
        self.waits = False
