"""Which requests of a mount have a thread, which wait for one, and which are refused.

asked -> (waits) -> has a thread -> released        past the limit: 503
the client leaves: withdrawn
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Protocol
from wsgiref.types import WSGIApplication

from writehead._guests.wsgi.call import Call
from writehead._guests.wsgi.loop_calls import LoopCalls
from writehead._guests.wsgi.pool import Pool
from writehead._guests.wsgi.request_body import RequestBody
from writehead._guests.wsgi.served import Served
from writehead._node.failure_log import name_request

logger = logging.getLogger("writehead")

#: Seconds after which threads whose clients are gone do not delay the end of a server.
LEFT_GRACE = 1.0


class Limits(Protocol):
    """What a mount says about its threads, and its app."""

    app: WSGIApplication
    path: str
    threads: int
    max_waiting: int
    retry_after: float
    strict: bool


class Dispatcher:
    """Hands requests to threads, from the start of a server to its end.

    Args:
        mount: the app, and how many requests it may have.
    """

    def __init__(self, mount: Limits) -> None:
        self._mount = mount
        self._calls = LoopCalls()
        self._pool = Pool(mount.threads)
        self._open: set[Served] = set()  # each has a thread, or waits for one
        self._changed = asyncio.Event()  # one was released
        self._dropped: set[str] = set()  # fields that were warned of

    @property
    def running(self) -> int:
        """How many requests have a thread."""
        return min(len(self._open), self._pool.size)

    @property
    def waiting(self) -> int:
        """How many requests wait for a thread."""
        return max(len(self._open) - self._pool.size, 0)

    def ask_for_thread(self, served: Served, body: RequestBody) -> None:
        """Call the app for `served` when a thread is free, or refuse it."""
        busy = len(self._open) >= self._pool.size
        if busy and self.waiting >= self._mount.max_waiting:
            served.refuse(math.ceil(self._mount.retry_after / 1000))
            return
        served.call = call = self._make_call(served, body)
        self._open.add(served)
        try:
            self._pool.submit(call)
        except RuntimeError as error:
            self._open.discard(served)
            served.fail(error, complete=False)
            return
        if busy:
            served.watch()

    def _make_call(self, served: Served, body: RequestBody) -> Call:
        request = served.request
        context = request._listener_context
        assert context is not None  # of a request of a server
        environ = served.environ
        environ["wsgi.input"] = body
        return Call(
            self._mount.app,
            environ,
            request.method == "HEAD",
            context.copy(),  # the loop may be inside of it
            served,
            self._calls,
            served.response.writable_high_water_mark,
            None if self._mount.strict else self._note_dropped,
        )

    def _note_dropped(self, name: str) -> None:
        """Warn, once for each name, of a header that the app must not send; called in threads."""
        key = name.lower()
        if key not in self._dropped:
            self._dropped.add(key)
            logger.warning(
                "the WSGI app at %s sends %s, which is the server's own: it is dropped",
                self._mount.path,
                name,
            )

    def withdraw(self, served: Served) -> None:
        """Forget `served`, whose client has left, if it still waits for a thread."""
        if served.call is not None and self._pool.withdraw(served.call):
            self.release(served)

    def release(self, served: Served) -> None:
        """Note that the thread of `served` is free."""
        self._open.discard(served)
        self._changed.set()

    def ask_of_loop(self, function: Callable[..., object], *args: object) -> None:
        """Have the loop call `function(*args)`; for threads."""
        self._calls.post(function, *args)

    # -- the end -----------------------------------------------------------------

    async def drain(self) -> None:
        """Wait for the threads; not for those whose clients are gone, after a second."""
        try:
            while self._open:
                self._changed.clear()
                try:
                    await asyncio.wait_for(self._changed.wait(), LEFT_GRACE)
                except TimeoutError:
                    if all(each.is_lost for each in self._open):
                        return
        finally:
            if self._open:
                self._leave_behind()

    def _leave_behind(self) -> None:
        """Go on without the threads that still run."""
        requests = {id(each.call): name_request(each.request) for each in self._open}
        busy = [f"{name} ({requests.get(id(job))})" for name, job in self._pool.busy()]
        logger.warning("threads that still run are left behind: %s", ", ".join(busy))
        for each in list(self._open):
            each.on_lost()
        self._open.clear()

    def stop(self) -> None:
        """End the threads, each when it has done what it is doing."""
        self._pool.stop()
