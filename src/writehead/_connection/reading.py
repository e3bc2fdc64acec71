"""Reading: bodies, data that waits for its slice, and large reads."""

from __future__ import annotations

import asyncio
from typing import Any

from writehead._connection.backlog import Backlog
from writehead._connection.making import Making
from writehead._connection.upgraded import BodyFeed
from writehead._http1.parser import RequestParser
from writehead.errors import PayloadTooLargeError

#: After a read larger than this, in bytes, a body is read into a buffer that all connections share.
LARGE_READ = 65536


class Reading(Making):
    """The part of a connection that passes on bodies and lets a part of a read wait."""

    __slots__ = ()

    def _append(self, data: bytes) -> None:
        """Let data wait behind what waits already."""
        if self._backlog is None:
            self._wait_for_slice(Backlog(data, 0))
        else:
            self._backlog.more += data

    def _wait_for_slice(self, backlog: Backlog) -> None:
        """Let a part of a read wait, and read nothing more before it has been served."""
        self._backlog = backlog
        self.channel.pause_reading()
        if len(backlog.data) > LARGE_READ and not self._feeding:
            self._listen_to_body()  # the next read will be smaller
        if not self._holds_back:
            backlog.waits = True
            self.ticks.wait(self)

    def _waits_behind(
        self,
        parser: RequestParser,
        data: bytes,
        at: int,
        found: list[Any],
        was_under_way: bool,
        over: bool = False,
    ) -> bool:
        """Let events of the parser, and data that it has not looked at, wait; False if there are none.

        With `over` the slice is over, and a next request to upgrade waits, too.
        """
        more = parser.more or (over and parser.upgrade is not None)
        if not (found or more) or self._closed_input:
            return False
        waiting = Backlog(data, at)
        waiting.found = found
        waiting.was_under_way = was_under_way
        self._wait_for_slice(waiting)
        return True

    def _listen_to_body(self) -> None:
        """Read into the shared buffer from now on."""
        self._feeding = True
        self._listen_by(BodyFeed(self))

    def _listen_by(self, protocol: asyncio.BaseProtocol) -> None:
        """Make `protocol` the protocol of the transport."""
        transport = self.socket.transport
        transport.set_protocol(protocol)
        if self._feeding and not self.channel.reading_paused and not transport.is_closing():
            # uvloop looks at the kind of protocol when reading begins.
            transport.pause_reading()
            self.ticks.outside(transport.resume_reading)

    def _on_body(self, chunk: bytes) -> None:
        incoming = self._incoming
        if self._reading is not None:
            self._reading.bytes_in += len(chunk)
        if self._config.max_body and self._exceeds(len(chunk)):
            return
        if incoming is None:
            return  # its request could not be made, or the last response has been sent
        if not incoming._push(chunk):
            self.channel.stop_reading()
            incoming._look_at_rest()
        if self.ticks.due or self.channel.ending is not None:
            self._run_ticks()

    def _exceeds(self, size: int) -> bool:
        """Count a piece of a body; refuse the request with 413 if the body is too long."""
        self._body_size += size
        if self._closed_input or self._body_size <= self._config.max_body:
            return self._closed_input
        self._on_malformed(PayloadTooLargeError(self._config.max_body))
        return True

    def _run_ticks(self) -> None:
        """Run the ticks that this read has caused so far (Node: after each piece of a body)."""
        channel = self.channel
        channel.settle()
        ending = channel.ending
        if ending is not None:
            channel.ending = None
            ending.on_settled()
        in_read = channel.in_read
        channel.in_read = False  # what ends in these ticks is notified in them, not at the end of the read
        self.ticks.run()
        self.ticks.hold()
        channel.in_read = in_read

    def _on_message_complete(self, trailers: list[bytes]) -> None:
        incoming = self._incoming
        if incoming is not None and trailers:
            self._run_ticks()  # Node: at trailers, too
        self._incoming = None
        self._start = None
        self._head_complete = False
        self._reading = None
        self._first_at = None  # what follows has come with it, if it is there already
        if incoming is not None:
            incoming._complete_body(trailers)
        if self.channel.reading_paused:
            self.on_socket_resume()
