"""The part of a server that has guests: they start before it accepts, and stop before 'close'.

bound -> guests start -> accepting ... the last connection is gone -> guests stop -> 'close'

Invariant: no guest runs before the address is taken, and no client is served before every guest has started.
"""

from __future__ import annotations

import asyncio
import logging
import socket as system
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

from writehead._loop.timers import Clock
from writehead._message.incoming import IncomingMessage
from writehead._message.response import ServerResponse
from writehead._native.choice import Head
from writehead._net.socket import Socket
from writehead._server.bind import listen_now
from writehead._server.doors import Door
from writehead._server.guests import STARTED, STARTING, Guest, Guests
from writehead._server.lifecycle import CloseCallback, Listening
from writehead._server.listen_target import Target
from writehead.errors import SystemCallError

logger = logging.getLogger("writehead")


class Hosting(Listening):
    """The part of a server that has guests; `_guests` is None until one is attached."""

    _guests: Guests | None = None
    _upgrading: tuple[IncomingMessage, Guest] | None = None  # a handshake that is being handed over

    def _attach(self, guest: Guest) -> None:
        """Let a guest take requests, from the start of the server on, or when it has started itself."""
        guests = self._guests
        if guests is None:
            guests = self._guests = Guests(started=self._accepts)
            guests.on_sorted = self._choose_take_head
            self._choose_fast_paths()
        guests.add(guest)
        if guests.stage is STARTED:
            guests.start_late(guest, self._config.copy_context(), self._on_late_start)

    def _on_late_start(self, error: BaseException | None) -> None:
        if isinstance(error, Exception) and not self._notify("error", error):
            logger.error("%s", error)

    # -- more than one address ---------------------------------------------------

    def _listen_on(self, doors: Sequence[Door]) -> Self:
        """Listen on sockets that are bound, as `listen` does on one.

        Raises:
            SystemCallError: another process has begun to listen at one of them.
        """
        first, *self._more_doors = doors
        for each in self._more_doors if self._guests is None else ():
            listen_now(each.sock, each.backlog)
        self.listen(first.sock, None, first.backlog)
        self._socket_file = first.file
        return self

    def _listening_sockets(self) -> list[system.socket]:
        """Return the sockets of all addresses."""
        first = [] if self._listening_socket is None else [self._listening_socket]
        return [*first, *(each.sock for each in self._more_doors)]

    def _has_room(self, coming: int) -> bool:
        limit: float | None = self.max_connections  # type: ignore[attr-defined]  # an option of `Server`
        if limit is None or self._connection_count + coming < limit:
            return True
        idle = [each.channel for each in self._links if each.is_idle and not each.channel.fate]
        if not idle:
            return False
        min(idle, key=lambda channel: channel.active_at).destroy()
        return True

    # -- start and stop ----------------------------------------------------------

    def _bind(self, target: Target, address: str | None) -> None:
        target.deferred = self._guests is not None
        super()._bind(target, address)

    def _begin(self, sock: system.socket, target: Target) -> None:
        if self._guests is None or self._listening_socket is not sock:
            super()._begin(sock, target)
            return
        self._began = True
        self._guests.start(self._config.copy_context(), partial(self._on_start, sock, target))

    def _on_start(self, sock: system.socket, target: Target, error: BaseException | None) -> None:
        """Accept connections now that the guests have started, or fail as they have."""
        if self._listening_socket is not sock:
            return  # closed meanwhile
        if error is not None:
            self._stop_listening()
            self._fail_listening(target, error)
            return
        if target.deferred:
            try:
                listen_now(sock, target.backlog)
                for each in self._more_doors:
                    listen_now(each.sock, each.backlog)
            except SystemCallError as failure:
                self._stop_listening()
                assert self._guests is not None
                # Python forgets `failure` behind the block.
                self._guests.stop(self._config.copy_context(), partial(self._fail_late, target, failure))
                return
        super()._begin(sock, target)

    def _fail_late(self, target: Target, failure: BaseException, _: BaseException | None) -> None:
        self._fail_listening(target, failure)

    def _listen_in_memory(self, sock: Any, clock: Clock) -> None:
        super()._listen_in_memory(sock, clock)
        self._start_at_once()

    def _open_by_hand(self, clock: Clock | None = None) -> None:
        super()._open_by_hand(clock)
        self._start_at_once()

    def _start_at_once(self) -> None:
        """Start the guests of a server that has a connection already: what it asks waits."""
        if self._guests is not None:
            self._guests.start(self._config.copy_context(), self._on_started_at_once)

    def _on_started_at_once(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, asyncio.CancelledError):
            self._stop_listening()
            self._tell_error(error)

    def _emit_close(self) -> None:
        guests = self._guests
        if guests is None or self._connection_count or self._config.arriving:
            super()._emit_close()
        elif not guests.stop(self._config.copy_context(), self._on_stop):
            super()._emit_close()

    def _on_stop(self, error: BaseException | None) -> None:
        if error is not None:
            self._closers = [(waiter, failure or error) for waiter, failure in self._closers]
        super()._emit_close()

    @property
    def _guest_seconds(self) -> float:  # type: ignore[override]  # worked out
        return 0.0 if self._guests is None else sum(each.stop_seconds for each in self._guests.hosts())

    @property
    def _is_closed(self) -> bool:
        return super()._is_closed and not (self._guests is not None and self._guests.busy)

    def _let_go(self) -> None:
        if self._guests is None or not self._guests.busy:
            super()._let_go()

    def close(self, callback: CloseCallback | None = None) -> Self:
        """Stop accepting connections, as `Listening.close`; the guests are told.

        Args:
            callback: called at 'close', with ServerNotRunningError if it did not listen.
        """
        super().close(callback)
        guests = self._guests
        if guests is not None:
            guests.closing.set()
            for guest in guests.hosts():
                guest.on_closing(bool(self._config.drain))
        return self

    def close_all_connections(self) -> None:
        """Close every connection at once, busy or not, except upgraded ones that are the program's own."""
        super().close_all_connections()
        self._tell_guests_of_deadline()

    closeAllConnections = close_all_connections

    def _tell_guests_of_deadline(self) -> None:
        for guest in () if self._guests is None else self._guests.hosts():
            guest.on_deadline(bool(self._config.drain))

    # -- requests ----------------------------------------------------------------

    def _choose_take_head(self) -> None:
        """Ask a guest that takes every request directly, once it has started."""
        guests = self._guests
        self._config.guest_starts = () if guests is None else guests.starts
        if (
            guests is not None
            and guests.asked_directly is not None
            and guests.stage is STARTED
            and not self._config.max_body
        ):
            self._config.take_head = guests.asked_directly.take_head
        else:
            self._config.take_head = self._take_head

    def _take_head(self, connection: Any, head: Head) -> Any:
        """Give an ordinary request to its guest; None if it has none, and the fast path of listeners may serve it."""
        guests = self._guests
        assert guests is not None
        guest = guests.find(head.target)
        if guest is None:
            return None
        if guests.stage is STARTING or 0 < self._config.max_body < head.length:
            return False
        return guest.take_head(connection, head)

    def _host(self, req: IncomingMessage, res: ServerResponse, *events: str) -> bool:
        """Give a request to its guest, or respond with 404 if it has none and `events` have no listener."""
        guests = self._guests
        if guests is None:
            return False
        if guests.take(req, res):
            return True
        if any(self.listener_count(each) for each in events):
            return False
        self._refuse_unheard(res)
        return True

    def _refuse_unheard(self, res: ServerResponse) -> None:
        """Respond with 404 to a request that nobody serves, if the server has guests; without, Node lets it wait."""
        if self._guests is not None:
            res.status_code = 404
            res.set_header("Content-Type", "text/plain")
            res.end("Not Found")

    def _host_websocket(self, req: IncomingMessage) -> bool:
        """Tell whether a guest wants a request to upgrade."""
        guest = None if self._guests is None else self._guests.find_for_websocket(req)
        if guest is None:
            return False
        self._upgrading = (req, guest)
        return True

    def _take_websocket(self, req: IncomingMessage, socket: Socket, head: bytes) -> bool:
        """Give a handshake to the guest that wanted it; False if none did."""
        upgrading, self._upgrading = self._upgrading, None
        if upgrading is None or upgrading[0] is not req:
            return False
        assert self._guests is not None
        self._guests.take_websocket(upgrading[1], req, socket, head)
        return True
