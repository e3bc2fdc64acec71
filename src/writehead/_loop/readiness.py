"""Readiness: a time limit that fires after a stall first lets the loop read what had come in time.

While a handler blocks the loop, bytes of clients wait in their sockets, and timers fall due. libuv runs
timers before it reads (nodejs/node#43456, #47130), asyncio reads only once a round. So a limit is not
enforced while the system has bytes that were not read, or room for bytes that were not written.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Any

from writehead._loop.ticks import tick_queue

#: How often a limit is put off at the most: a socket holds a few megabytes, a read takes 64 KiB.
MOST_ROUNDS = 64

#: Flags of what a socket may be ready for.
READ, WRITE = select.POLLIN, select.POLLOUT


def is_ready(transport: Any, events: int) -> bool:
    """Tell whether the socket of `transport` is ready for one of `events` (READ, WRITE)."""
    sock = None if transport is None or not events else transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return False  # in memory, or closed
    poll = select.poll()
    poll.register(sock.fileno(), events)
    return any(found & events for _, found in poll.poll(0))


def judge(
    transport: Any,
    events: int,
    is_late: Callable[[], object],
    verdict: Callable[[], object],
    rounds: int = MOST_ROUNDS,
) -> None:
    """Call `verdict` if `is_late()` still holds once the loop has done what the socket is ready for."""
    if not is_late():
        return
    if not rounds or not is_ready(transport, events):
        verdict()
        return
    again = asyncio.get_running_loop().call_soon
    # uvloop runs `call_soon` callbacks before it reads, asyncio before the reads of its next poll: the third
    # is behind both.
    tick_queue().outside(again, again, again, judge, transport, events, is_late, verdict, rounds - 1)
