"""Backlogs: what has come on a connection and is served in ticks, so that others have theirs.

    a packet -> a slice of it at once -> the rest waits -> a slice for each that waits, some
    milliseconds in all -> the loop looks at the network -> ...

Law: while a part of a packet waits nothing more is read from its connection, and nothing behind
that part happens before it: to its user a packet that is served in slices is several packets.
"""

from __future__ import annotations

#: A slice is so many requests, or things that a parser has found, of which a head counts as `HEAD`.
REQUESTS = 32
SLICE = 256
HEAD = 8

#: So many requests that wish to leave HTTP are declined in one turn: each is parsed twice.
UPGRADES = 16

#: A packet up to this size is parsed at once, even if others wait for their turn, in bytes.
SMALL_READ = 4096


class Backlog:
    """The part of a packet that waits.

    Attributes:
        packet, at: the packet as it came, and where in it the part begins that has not been parsed.
        found: what a parser has found in it and is to be served first; None: it has not seen it.
        was_under_way: a request had begun before it.
        more: what came although nothing was to be read.
        waits: for its turn; else for the client, or for the reader of a body.
    """

    __slots__ = ("at", "found", "more", "packet", "waits", "was_under_way")

    def __init__(self, packet: bytes, at: int) -> None:
        self.packet = packet
        self.at = at
        self.found: list[object] | None = None
        self.was_under_way = False
        self.more = b""
        self.waits = False
