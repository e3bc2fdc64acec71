"""Call: one run of an application for one request, in the place of the request and of its response.

Invariant: the connection and the application know the call, never each other. It has one end: the application has
returned or raised, and the response is done, or was failed or cut.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from contextvars import Context
from typing import Any

from writehead._guests.asgi import failures
from writehead._guests.asgi.app_types import Scope
from writehead._guests.asgi.scope import Place
from writehead._guests.asgi.sending import BROKEN, DONE, FAILURE, HEAD_GONE, IDLE, TRAILERS
from writehead._guests.asgi.served import ServedCall
from writehead._semantics.exchange import ResponseHead
from writehead._semantics.status import STATUS_CODES


class AppTask(asyncio.Task[None]):
    """The task of a call, which is told if it is cancelled before its first step."""

    __slots__ = ("call",)

    call: Call

    def cancel(self, msg: Any = None) -> bool:
        """Cancel it, as any task."""
        if not self.done() and inspect.getcoroutinestate(self.get_coro()) == inspect.CORO_CREATED:  # type: ignore[arg-type]
            self.add_done_callback(_never_ran)
        return super().cancel(msg)


def _never_ran(task: asyncio.Task[None]) -> None:
    if isinstance(task, AppTask) and task.call.task is task:
        task.call.end_unrun()


class Call(ServedCall):
    """One run of an application for one request.

    Args:
        mount: what hosts the application.
        connection: what the request has come on.
        method: of the request.
        target: of the request.
    """

    task: AppTask | None = None
    place: Place
    overdue: asyncio.TimerHandle | None = None  # cancels the task some time after the client has left
    _warned = False

    def __init__(self, mount: Any, connection: Any, method: str, target: bytes) -> None:
        self.mount = mount
        self.connection = connection
        self.ticks = connection.ticks
        self.method = method
        self.target = target

    @property
    def req(self) -> Call:
        """The call itself: it is its own request."""
        return self

    # -- the task ----------------------------------------------------------------

    def begin(self, app: Any, scope: Scope, context: Context, loop: asyncio.AbstractEventLoop) -> None:
        """Run the application in a task of its own."""
        task = AppTask(self._run(app, scope), loop=loop, name="asgi", context=context)
        task.call = self
        self.task = task
        self.mount.calls.add(self)

    async def _run(self, app: Any, scope: Scope) -> None:
        try:
            returned: Awaitable[Any] = await app(scope, self.receive, self.send)
        except (KeyboardInterrupt, SystemExit):
            self._respond_failure()
            raise
        except BaseException as error:
            self._on_raised(error)
            if isinstance(error, asyncio.CancelledError | GeneratorExit):
                raise
        else:
            self._on_returned(returned)
        finally:
            self._end_call()

    def end_unrun(self) -> None:
        """Called when the task was cancelled before its first step."""
        self._on_raised(asyncio.CancelledError())
        self._end_call()

    def _end_call(self) -> None:
        """Break the reference cycles, and let the server close."""
        self.mount.forget(self)
        self.task = None
        if self.overdue is not None:
            self.overdue.cancel()

    def _on_returned(self, returned: Any) -> None:
        if returned is not None:
            failures.warn_of_result(self, returned)
        if self._state == DONE or self._is_lost:
            return
        if self._state != BROKEN:  # its error was raised, and is known
            failures.log_unfinished(self, nothing_sent=self._state == IDLE)
        self._respond_failure()

    def _on_raised(self, error: BaseException) -> None:
        if self._is_lost and failures.is_of_the_loss(error):
            failures.log_loss(self, error)
        elif isinstance(error, asyncio.CancelledError) and (self._state == DONE or self._is_lost):
            return
        elif not isinstance(error, GeneratorExit):
            failures.log_raised(self, error)
        self._respond_failure()

    def _respond_failure(self) -> None:
        """Respond with 500 if no head has left; cut a response that is not done."""
        exchange = self._exchange
        if self._state == DONE or self._is_lost:
            return
        if self._state in (HEAD_GONE, TRAILERS):
            self._cut()
            return
        known = len(FAILURE)
        exchange.begin(
            ResponseHead(
                status=500,
                reason=STATUS_CODES[500],
                for_head=self.for_head,
                keep=self._keeps_open,
                may_chunk=self.version == "1.1",
                length=known,
            )
        )
        self._finish()
        exchange.end(None if self.for_head else FAILURE, ())

    def _fail(self) -> None:
        """Fail the response, as that of a listener."""
        self._respond_failure()

    def _warn_of_more(self, kind: str) -> None:
        if not self._warned:
            self._warned = True
            failures.warn_of_more(self, kind)

    def _on_client_lost(self) -> None:
        self.mount.limit(self)
