"""Call: one run of an application for one request, in the place of the request and of its response.

Invariant: the connection and the application know the call, never each other. It has one end: the application has
returned or raised, and the response is done, or was failed or cut.
"""

from __future__ import annotations

import asyncio
from typing import Any

from writehead._guests.asgi import failures
from writehead._guests.asgi.scope import Place, http_scope
from writehead._guests.asgi.sending import BROKEN, DONE, FAILURE, HEAD_GONE, IDLE, STARTED, TRAILERS
from writehead._guests.asgi.served import ServedCall
from writehead._loop.listener_tasks import start
from writehead._semantics.exchange import RequestHead, ResponseHead
from writehead._semantics.status import STATUS_CODES
from writehead._streams.stages import ALIVE


class Call(ServedCall):
    """One run of an application for one request."""

    # What every call has: an attribute of an instance is found faster than a default of its class, and a class may share
    # the keys of 30 attributes at most. What few calls have is a default, in the classes above.
    __slots__ = (
        "_body_bytes",
        "_complete",
        "_exchange",
        "_fate",
        "_fields",
        "_general",
        "_has_begun",
        "_has_trailers",
        "_is_done",
        "_is_hindered",
        "_is_ordinary",
        "_length",
        "_listeners",
        "_pieces",
        "_readers",
        "_state",
        "_status",
        "_gathered",
        "_writing",
        "connection",
        "head",
        "mount",
        "place",
        "req",
        "ticks",
        "version",
    )

    overdue: asyncio.TimerHandle | None = None  # cancels the task some time after the client has left
    _warned = False

    def set_up(self, mount: Any, connection: Any, head: RequestHead, place: Place) -> None:
        """Set what every call has; in the place of a constructor, which takes 500 instructions more.

        Args:
            mount: what hosts the application.
            connection: what the request has come on.
            head: of the request.
            place: what is the same for every request of the connection.
        """
        self.mount = mount
        self.connection = connection
        self.ticks = connection.ticks
        self.head = head
        self.place = place
        self.req: Call | None = self  # it is its own request, until its exchange is over
        self._state = IDLE
        self._is_hindered = self._has_begun = self._general = self._complete = self._is_done = False
        self._has_trailers = False
        self.version = "1.1"
        self._gathered = self._readers = self._listeners = self._pieces = self._length = None
        self._fate = ALIVE
        self._body_bytes = 0

    @property
    def method(self) -> str:
        """The method, as sent."""
        return self.head.method

    @property
    def target(self) -> bytes:
        """The request target, as sent."""
        return self.head.target

    # -- the task ----------------------------------------------------------------

    def begin(self) -> None:
        """Run the application in a task of its own, up to its first wait at once; not if the client has left already."""
        if self._is_hindered:
            return
        mount = self.mount
        head = self.head
        scope = http_scope(
            self.place,
            head.method,
            head.target,
            self.version,
            head.pairs(),
            mount.scope_root,
            mount.state,
            mount.root_path,
            mount.closing,
        )
        exchange = self._exchange
        if exchange.began is not None:
            exchange.route = scope
        loop: Any = self.ticks.loop
        try:
            task = start(mount.called(scope, self.receive, self.send), loop, mount.copy_context(), "asgi")
        except (KeyboardInterrupt, SystemExit):
            self._respond_failure()
            raise
        if task.done():
            self._judge(task)
            return
        self.task = task
        self._has_begun = True
        mount.calls.add(self)
        task.add_done_callback(self._on_task_done)
        if self._state == STARTED:
            self.ticks.next_round(self._let_head_go)

    def _on_task_done(self, task: asyncio.Task[Any]) -> None:
        self.task = None
        if self.overdue is not None:
            self.overdue.cancel()
        holds = self.ticks.hold()
        try:
            self._judge(task)
            self.mount._forget(self)
        finally:
            if holds:
                self.ticks.run()

    def _judge(self, task: asyncio.Task[Any]) -> None:
        """Complete, fail or cut the response, now that the application has ended."""
        try:
            returned = task.result()
        except BaseException as error:  # also that of a cancellation
            self._on_raised(error)
            return
        if returned is not None:
            failures.warn_of_result(self, returned)
        if self._state is not DONE and not self._is_lost:
            self._on_unfinished()

    def _on_unfinished(self) -> None:
        if self._end_untrailed():
            return
        if self._state != BROKEN:  # its error was raised, and is known
            failures.log_unfinished(self, nothing_sent=self._state == IDLE)
        self._respond_failure()

    def _on_raised(self, error: BaseException) -> None:
        if self._exchange.began is not None:
            self._exchange.error = error
        failures.log_end(self, error, lost=self._is_lost, over=self._state == DONE or self._is_lost)
        self._respond_failure()

    def _respond_failure(self) -> None:
        """Respond with 500 if no head has left; cut a response that is not done."""
        exchange = self._exchange
        if self._state == DONE or self._is_lost:
            return
        if self._state in (HEAD_GONE, TRAILERS):
            self._cut()
            return
        exchange.begin(
            ResponseHead(
                status=500,
                reason=STATUS_CODES[500],
                for_head=self.for_head,
                keep=self._keeps_open,
                may_chunk=self.version == "1.1",
                length=len(FAILURE),
            )
        )
        self._finish()
        exchange.end(None if self.for_head else FAILURE, ())

    def _fail(self, error: BaseException | None = None) -> None:
        """Fail the response, as that of a listener."""
        self._respond_failure()

    def _warn_of_more(self, kind: str) -> None:
        if not self._warned:
            self._warned = True
            failures.warn_of_more(self, kind)

    def _on_client_lost(self) -> None:
        self.mount._limit(self)
