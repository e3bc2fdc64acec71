"""Watch: ends the wait of a task that sends a response when the client disconnects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from writehead._streams.stages import FLUSHED
from writehead.errors import ConnectionLostError

if TYPE_CHECKING:
    from writehead._message.outgoing import OutgoingMessage


class Watch:
    """Raises ConnectionLostError in its `async with` block if the client disconnects while a source or a disk is slow.

    Like asyncio.timeout(), it cancels the task, and turns only that cancellation into the error.
    """

    def __init__(self, res: OutgoingMessage) -> None:
        self._res = res
        self._over = self._cancelled = False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._before = task.cancelling()
        self._res._own_waiters().watch(self._on_close)
        if self._res.closed:
            self._on_close()

    def _on_close(self) -> None:
        # Not at once: if the task itself destroys the response, it runs, and would be cancelled at its next wait.
        self._task.get_loop().call_soon(self._cancel)

    def _cancel(self) -> None:
        if not self._over and self._res._writing is not FLUSHED:
            self._cancelled = True
            self._task.cancel()

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._over = True
        self._res._own_waiters().unwatch(self._on_close)
        if self._cancelled and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise self._res.errored or ConnectionLostError()
