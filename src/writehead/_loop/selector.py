"""Workarounds for asyncio's own transports over sockets.

They call `resume_writing` in the midst of their work: a transport that is then closed is closed once more,
and one that is then ended is ended once more, even if the client has gone; both log errors of the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from writehead._loop.ticks import TickQueue

#: The module of asyncio's transports on selectors.
SELECTOR = "asyncio.selector_events"


def is_selector(transport: Any) -> bool:
    """Tell whether `transport` belongs to asyncio's event loop on selectors."""
    return type(transport).__module__ == SELECTOR


def untie(transport: Any) -> None:
    """Break the reference cycle of a closed transport with its own bound method `_read_ready_cb`.

    The cycle keeps some 3 KiB until a full collection, which comes the later the larger a program is.
    """
    if (
        type(transport).__module__ == SELECTOR  # `is_selector` inline: this runs for every connection
        and transport.is_closing()
        and hasattr(transport, "_read_ready_cb")
    ):
        transport._read_ready_cb = None


def once_taken(transport: Any, ticks: TickQueue, resume: Callable[[], object]) -> None:
    """Call `resume`, as the system has all that was written: now, or once asyncio has done its work.

    If more was written meanwhile that the system has not taken, the transport will call again.
    """
    if is_selector(transport):
        ticks.next_round(lambda: resume() if _has_taken(transport) else None)
    else:
        resume()


def _has_taken(transport: Any) -> bool:
    low, _ = transport.get_write_buffer_limits()
    return not transport.is_closing() and transport.get_write_buffer_size() <= low
