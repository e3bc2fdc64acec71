"""asyncio's own transport over a socket, where it must not be called back as others may.

It tells `resume_writing` in the midst of its work: what is then closed it closes once more, and what is then
ended it ends once more, of a client that may have gone; both are errors in the log of the event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from writehead._loop.ticks import TickQueue

#: Where asyncio has the transports of its event loop on selectors.
SELECTOR = "asyncio.selector_events"


def is_selector(transport: Any) -> bool:
    """Tell whether `transport` is of asyncio's event loop on selectors."""
    return type(transport).__module__ == SELECTOR


def untie(transport: Any) -> None:
    """Break the ring that a transport which has gone makes with a method of its own, `_read_ready_cb`.

    Left alone it keeps some 3 KiB until a full collection, which Python puts off the longer the larger a program is.
    """
    if (
        type(transport).__module__ == SELECTOR  # as `is_selector`: it is asked of every connection
        and transport.is_closing()
        and hasattr(transport, "_read_ready_cb")
    ):
        transport._read_ready_cb = None


def once_taken(transport: Any, ticks: TickQueue, resume: Callable[[], object]) -> None:
    """Call `resume`, as the system has all that was written: now, or when asyncio has done its work.

    If more was written meanwhile that it has not taken, it will tell so again.
    """
    if is_selector(transport):
        ticks.next_round(lambda: resume() if _has_taken(transport) else None)
    else:
        resume()


def _has_taken(transport: Any) -> bool:
    low, _ = transport.get_write_buffer_limits()
    return not transport.is_closing() and transport.get_write_buffer_size() <= low
