"""Receiving: the body of a request on its way to `receive`, and the end of the client's interest.

    body pieces -> buffer -> http.request ... http.request with more_body False -> http.disconnect, again and again

Invariant: a message is taken out of the buffer by the call that returns it, so a cancelled `receive` loses nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from writehead._guests.asgi.app_types import Message


class Receiving:
    """The part of a call that receives; the connection pushes the body to it, as to a request."""

    # What few calls change has its value here.
    connection: Any
    _exchange: Any
    _mark = 65536
    _pieces: list[bytes] | None = None
    _size = 0
    _complete = False  # the body has come whole
    _is_given = False  # and was returned whole
    _is_done = False  # the response was given whole
    _is_lost = False  # the client left before that
    _is_told = False  # the server is draining, and the response has no end of its own
    _expects = False  # the client has announced that it waits for 100 Continue
    _may_continue = False  # and nothing has come that makes it needless
    _readers: deque[asyncio.Future[None]] | None = None

    # -- called by the connection ------------------------------------------------

    def _push(self, chunk: bytes) -> bool:
        """Take a piece of the body; False when the buffer is full."""
        if self._is_done or self._is_lost:
            return True  # dropped: nobody reads it
        self._may_continue = False  # the client has not waited
        if self._pieces is None:
            self._pieces = [chunk]
        else:
            self._pieces.append(chunk)
        self._size += len(chunk)
        self._wake_reader()
        return self._size < self._mark

    def _complete_body(self, trailers: Sequence[bytes] = ()) -> None:
        """Note that the body has come whole; `trailers` are dropped."""
        self._complete = True
        self._wake_reader()

    @property
    def _is_full(self) -> bool:
        """Whether the body must be received before more of it is read."""
        return self._size >= self._mark and not (self._complete or self._is_done or self._is_lost)

    # -- called by the application -----------------------------------------------

    async def receive(self) -> Message:
        """Return the next part of the body, or `http.disconnect` once the client or the response is gone."""
        if self._may_continue:
            self._may_continue = False
            self._send_continue()
        if self._readers or not self._is_ready:
            await self._wait_for_turn()
        return self._next()

    @property
    def _is_ready(self) -> bool:
        return (
            bool(self._is_done or self._is_lost or self._size)
            or (self._complete and not self._is_given)
            or self._is_told
        )

    def _next(self) -> Message:
        complete = self._complete
        if self._is_done or self._is_given or (self._is_lost and not complete):
            return {"type": "http.disconnect"}
        pieces, self._pieces = self._pieces, None
        if pieces is None and self._is_told and not complete:
            return {"type": "http.disconnect"}
        self._size = 0
        body = b"" if pieces is None else pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if complete:
            self._is_given = True
        else:
            self.connection.want_body(self)
        return {"type": "http.request", "body": body, "more_body": not complete}

    async def _wait_for_turn(self) -> None:
        """Wait until there is a message for this call: a part of the body goes to the first that waits."""
        future = asyncio.get_running_loop().create_future()
        if self._readers is None:
            self._readers = deque()
        self._readers.append(future)
        try:
            await future
        except BaseException:
            self._readers.remove(future)
            if self._is_ready:
                self._wake_reader()  # what this one was woken for
            raise
        self._readers.remove(future)

    def _wake_reader(self) -> None:
        """Let the first call that waits go on; one that was cancelled waits no more."""
        for future in self._readers or ():
            if not future.cancelled():
                if not future.done():
                    future.set_result(None)
                return

    def _wake_readers(self) -> None:
        """Let every call that waits go on."""
        for future in self._readers or ():
            if not future.done():
                future.set_result(None)

    def _send_continue(self) -> None:
        """Tell the client to send the body, unless the head of the response has left."""
        raise NotImplementedError
