"""Link: what its server, its messages and the sweep may ask of a connection of any kind."""

from __future__ import annotations

from typing import Protocol

from writehead._message.incoming import IncomingMessage
from writehead._net.channel import Channel
from writehead._net.socket import Socket


class Link(Protocol):
    """One connection between a client and the server, whatever version of HTTP it speaks."""

    channel: Channel
    socket: Socket
    given: bool  # by hand, not accepted by the server

    @property
    def is_idle(self) -> bool:
        """Whether a request was served and nothing of another has come."""
        ...

    @property
    def is_silent(self) -> bool:
        """Whether it has never begun a request."""
        ...

    @property
    def is_lenient(self) -> bool:
        """Whether it takes malformed requests (`insecure_http_parser`, as it was when it was opened)."""
        ...

    def count_request(self) -> int:
        """Count a request against `max_requests_per_socket`; return how many there were."""
        ...

    def is_late(self, now: float, headers_timeout: float, request_timeout: float) -> bool:
        """Tell whether a request takes longer than so many seconds (0: no limit)."""
        ...

    def expire(self, error: BaseException) -> None:
        """Respond to a request that is late, and close."""
        ...

    def look_at_progress(self, now: float, write_timeout: float, body_timeout: float) -> None:
        """Close if a body or a response has stood still for so many seconds (0: no limit)."""
        ...

    def close_in_order(self) -> None:
        """Close after the responses under way; at once if there are none."""
        ...

    def wait_for_request(self, seconds: float) -> None:
        """Close if no request comes within so many seconds; the response to one is the last."""
        ...

    # -- in a drain --------------------------------------------------------------

    def end_behind_responses(self) -> None:
        """Let the last of the responses under way say that it is, if its head is not fixed."""
        ...

    @property
    def is_endless(self) -> bool:
        """Whether it has a response without an end of its own."""
        ...

    def tell_endless(self) -> None:
        """Tell the responses without an end that the server is draining."""
        ...

    def end_idle(self, now: bool = False) -> None:
        """End it if it is idle, so that no response is lost; a request that has come is served, unless it ends `now`."""
        ...

    def tell_of_cut(self) -> None:
        """Tell the requests under way that the connection is about to be cut."""
        ...

    def fail_request(self, request: IncomingMessage) -> None:
        """Fail the response to `request`, a listener of which failed."""
        ...

    def refuse_body(self, request: IncomingMessage, error: BaseException) -> None:
        """Respond with 413 to `request`, whose body is longer than its reader wants, and close."""
        ...

    def describe(self) -> str:
        """Name the request under way, or the state, for the log."""
        ...

    @property
    def age(self) -> float | None:
        """How many seconds ago the request under way came, if that is known."""
        ...
