"""Reading: what has come of a body, or waits for its turn, and how large packets are read."""

from __future__ import annotations

import asyncio
from typing import Any

from writehead._connection.backlog import Backlog
from writehead._connection.making import Making
from writehead._connection.upgraded import BodyFeed
from writehead._http1.parser import RequestParser

#: From larger packets on, a body is read into a buffer of our own.
LARGE_READ = 65536


class Reading(Making):
    """A connection, as far as it passes on bodies, and lets a part of what came wait."""

    __slots__ = ()

    def _append(self, data: bytes) -> None:
        """Let a packet wait behind what waits already."""
        if self._backlog is None:
            self._wait_for_slice(Backlog(data, 0))
        else:
            self._backlog.more += data

    def _wait_for_slice(self, backlog: Backlog) -> None:
        """Let a part of a packet wait, and read nothing more before it has been served."""
        self._backlog = backlog
        self.channel.pause_reading()
        if len(backlog.packet) > LARGE_READ and not self._feeding:
            self._listen_to_body()  # the next one will be smaller
        if not self._holds_back:
            backlog.waits = True
            self.ticks.wait(self)

    def _waits_behind(
        self,
        parser: RequestParser,
        packet: bytes,
        at: int,
        found: list[Any],
        was_under_way: bool,
        over: bool = False,
    ) -> bool:
        """Let wait what has been found, and what the parser has not looked at, if there is any.

        With `over` the turn is over, and a next request that wishes to leave HTTP waits, too.
        """
        more = parser.more or (over and parser.upgrade is not None)
        if not (found or more) or self._closed_input:
            return False
        waiting = Backlog(packet, at)
        waiting.found = found
        waiting.was_under_way = was_under_way
        self._wait_for_slice(waiting)
        return True

    def _listen_to_body(self) -> None:
        """Read large packets into a buffer that is there already."""
        self._feeding = True
        self._listen_by(BodyFeed(self))

    def _listen_by(self, protocol: asyncio.BaseProtocol) -> None:
        """Let `protocol` hear of the transport from now on."""
        transport = self.socket.transport
        transport.set_protocol(protocol)
        if self._feeding and not self.channel.reading_paused and not transport.is_closing():
            # uvloop looks at the kind of protocol when reading begins.
            transport.pause_reading()
            self.ticks.outside(transport.resume_reading)

    def _on_body(self, chunk: bytes) -> None:
        incoming = self._incoming
        if incoming is None:
            return  # its request could not be made; behind a last response the rest of the packet is passed on
        if not incoming._push(chunk):
            self.channel.stop_reading()
            incoming._look_at_rest()
        if self.ticks.due or self.channel.ending is not None:
            self._run_ticks()

    def _run_ticks(self) -> None:
        """Let what this packet has caused so far happen now (Node: after each piece of body)."""
        channel = self.channel
        channel.settle()
        ending = channel.ending
        if ending is not None:
            channel.ending = None
            ending.on_settled()
        in_read = channel.in_read
        channel.in_read = False  # what ends in these turns is told in them, not at the end of the read
        self.ticks.run()
        self.ticks.hold()
        channel.in_read = in_read

    def _on_message_complete(self) -> None:
        incoming = self._incoming
        if incoming is not None and incoming._raw_trailers:
            self._run_ticks()  # Node: at trailers, too
        self._incoming = None
        self._start = None
        self._head_complete = False
        if incoming is not None:
            incoming._complete_body()
        if self.channel.reading_paused:
            self.on_socket_resume()
