"""The lifespan of an application: one task that it runs in from before the first request until after the last.

    new -> starting -> serving -> stopping -> over
             |  not supported: the application runs without (mode "auto")
             +-> failed

Invariant: `receive` gives `lifespan.startup` once and `lifespan.shutdown` once; no other message comes.
"""

from __future__ import annotations

import asyncio
import logging
from contextvars import Context, copy_context
from enum import IntEnum
from typing import Any

from writehead._guests.asgi.app_types import ASGIApp, Message
from writehead._node.failure_log import users_part
from writehead.errors import ASGIMessageError, ASGIStateError, LifespanError

logger = logging.getLogger("writehead")

#: Seconds that a task may take to end once it was cancelled, or has said that it is over.
END_GRACE = 1.0


class Phase(IntEnum):
    """How far a lifespan is."""

    NEW = 0
    STARTING = 1
    SERVING = 2
    STOPPING = 3
    OVER = 4


NEW, STARTING, SERVING, STOPPING, OVER = Phase

_PHASES = {
    NEW: "it has not begun",
    STARTING: "the startup is not complete",
    SERVING: "the startup is complete",
    STOPPING: "the shutdown is not complete",
    OVER: "the lifespan is over",
}


class Lifespan:
    """One lifespan of one application.

    Args:
        app: the application.
        required: whether an application without one fails (mode "on").
        startup_timeout: seconds; 0: no limit.
        shutdown_timeout: seconds; 0: no limit.
    """

    def __init__(self, app: ASGIApp, required: bool, startup_timeout: float, shutdown_timeout: float) -> None:
        self.app = app
        self.required = required
        self.startup_timeout = startup_timeout
        self.shutdown_timeout = shutdown_timeout
        #: What the application keeps for its requests.
        self.state: dict[str, Any] = {}
        #: In which it runs; requests run in copies.
        self.context: Context = copy_context()
        self._phase = NEW
        self._task: asyncio.Task[None] | None = None
        self._failure: LifespanError | None = None
        self._received = False  # it has asked for the first message
        self._stop_received = False  # and was given the last
        self._shutdown = asyncio.Event()

    # -- called by the mount -----------------------------------------------------

    async def start(self) -> None:
        """Return when the application is ready for requests.

        Raises:
            LifespanError: its startup has failed.
        """
        loop = asyncio.get_running_loop()
        self._started: asyncio.Future[None] = loop.create_future()
        self._stopped: asyncio.Future[None] = loop.create_future()
        self._rests: asyncio.Future[None] = (
            loop.create_future()
        )  # done: it waits for a message that will not come
        self._phase = STARTING
        self._task = loop.create_task(self._run(), name="asgi lifespan", context=self.context)
        try:
            async with asyncio.timeout(self.startup_timeout or None):
                await asyncio.shield(self._started)
        except TimeoutError:
            await self._cancel()
            raise LifespanError("startup", _overdue("startup", self.startup_timeout)) from None
        except BaseException:
            await self._cancel()
            raise

    @property
    def is_supported(self) -> bool:
        """Whether the application has a lifespan, which has begun."""
        return self._phase in (SERVING, STOPPING)

    async def stop(self) -> None:
        """Return when the application has shut down; what fails is logged.

        Raises:
            LifespanError: the shutdown has failed, and the lifespan is required.
        """
        if self._phase is not SERVING:
            return
        self._phase = STOPPING
        self._shutdown.set()
        try:
            async with asyncio.timeout(self.shutdown_timeout or None):
                await asyncio.shield(self._stopped)
        except TimeoutError:
            failure = LifespanError("shutdown", _overdue("shutdown", self.shutdown_timeout))
        except LifespanError as error:
            failure = error
        else:
            await self._leave()
            return
        finally:
            await self._cancel()
        _log_failed_shutdown(failure)
        if self.required:
            raise failure

    async def _leave(self) -> None:
        """Let the task come to its end, unless it waits for a further message."""
        if self._task is not None:
            await asyncio.wait(
                [self._task, self._rests], timeout=END_GRACE, return_when=asyncio.FIRST_COMPLETED
            )

    async def _cancel(self) -> None:
        """Cancel the task, if it has not ended, and wait for it."""
        self._phase = OVER
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=END_GRACE)

    # -- the task ----------------------------------------------------------------

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        error: BaseException | None = None
        try:
            await self.app(scope, self.receive, self.send)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as raised:
            error = raised
        self._on_ended(error)

    def _on_ended(self, error: BaseException | None) -> None:
        phase, self._phase = self._phase, OVER
        if phase is STARTING:
            self._end_starting(error)
        elif phase is SERVING:
            if not isinstance(error, asyncio.CancelledError):
                _log_early_end(error)
        elif phase is STOPPING and error is not None:
            self._fail(self._stopped, LifespanError("shutdown", _raised(error)), error)
        elif phase is STOPPING:
            _settle(self._stopped)
        elif self._failure is not None and not isinstance(error, asyncio.CancelledError):
            self._failure.__cause__ = error  # it has said so, and then raised it

    def _end_starting(self, error: BaseException | None) -> None:
        """Go on without a lifespan, if the application has none and none is required."""
        if self.required:
            text = "the ASGI application returned before it sent 'lifespan.startup.complete'"
            failure = LifespanError("startup", text if error is None else _raised(error))
            self._fail(self._started, failure, error)
            return
        if error is None or not self._received:
            logger.debug("the ASGI application does not support lifespan")
        else:
            logger.warning(
                "the ASGI application raised before its startup was complete; it runs without a lifespan",
                exc_info=_trace(error),
            )
        _settle(self._started)

    def _fail(
        self, future: asyncio.Future[None], failure: LifespanError, cause: BaseException | None = None
    ) -> None:
        failure.__cause__ = cause
        self._failure = failure
        if not future.done():
            future.set_exception(failure)

    # -- called by the application -----------------------------------------------

    async def receive(self) -> Message:
        """Return `lifespan.startup`, then `lifespan.shutdown` when the server closes; then wait for ever."""
        if not self._received:
            self._received = True
            return {"type": "lifespan.startup"}
        await self._shutdown.wait()
        if self._stop_received:
            _settle(self._rests)
            await asyncio.get_running_loop().create_future()
        self._stop_received = True
        return {"type": "lifespan.shutdown"}

    async def send(self, message: Message) -> None:
        """Take a message about the startup or the shutdown.

        Raises:
            ASGIMessageError: it is malformed, or of an unknown type.
            ASGIStateError: it does not fit now.
        """
        try:
            kind = message["type"]
        except (TypeError, KeyError, IndexError):
            raise ASGIMessageError(None, None, "must be a dict with a 'type'", message) from None
        if kind not in _KINDS:
            raise ASGIMessageError(str(kind), "type", "is not known here")
        text = message.get("message", "")
        if not isinstance(text, str):
            raise ASGIMessageError(kind, "message", "must be a str", text)
        if kind.startswith("lifespan.startup"):
            self._take_startup(kind, text)
        else:
            self._take_shutdown(kind, text)

    def _take_startup(self, kind: str, text: str) -> None:
        if self._phase is not STARTING:
            raise ASGIStateError(kind, _PHASES[self._phase], "'lifespan.shutdown.complete'")
        if kind == "lifespan.startup.complete":
            self._phase = SERVING
            _settle(self._started)
        else:
            self._phase = OVER
            self._fail(self._started, LifespanError("startup", text or _wordless("startup")))

    def _take_shutdown(self, kind: str, text: str) -> None:
        if self._phase is not STOPPING or not self._stop_received:
            expected = "'lifespan.startup.complete'" if self._phase is STARTING else "no message"
            raise ASGIStateError(kind, _PHASES[self._phase], expected)
        self._phase = OVER
        if kind == "lifespan.shutdown.complete":
            _settle(self._stopped)
        else:
            self._fail(self._stopped, LifespanError("shutdown", text or _wordless("shutdown")))


_KINDS = frozenset(
    (
        "lifespan.startup.complete",
        "lifespan.startup.failed",
        "lifespan.shutdown.complete",
        "lifespan.shutdown.failed",
    )
)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _overdue(phase: str, limit: float) -> str:
    return f"the {phase} of the ASGI application was not complete within {limit * 1000:g} ms"


def _raised(error: BaseException) -> str:
    text = str(error)
    return f"the ASGI application raised {type(error).__name__}" + (f": {text}" if text else "")


def _wordless(phase: str) -> str:
    return f"the ASGI application sent 'lifespan.{phase}.failed', without a message"


def _trace(error: BaseException | None) -> Any:
    return None if error is None else (type(error), error, users_part(error.__traceback__))


def _log_failed_shutdown(failure: LifespanError) -> None:
    text = "the shutdown of the ASGI application failed: %s"
    logger.error(text, failure.message, exc_info=_trace(failure.__cause__))


def _log_early_end(error: BaseException | None) -> None:
    what = "returned from" if error is None else "failed in"
    logger.error("the ASGI application %s its lifespan while the server runs", what, exc_info=_trace(error))
