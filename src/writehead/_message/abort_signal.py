"""AbortSignal: tells a program that a response is no longer wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from writehead._node.event_arguments import ARGUMENT_COUNTS
from writehead.errors import AbortError
from writehead.events import EventEmitter

if TYPE_CHECKING:
    from writehead._message.abort_signal_emitter import AbortSignalEmitter
else:  # the same, without the types of its events
    AbortSignalEmitter = EventEmitter


class AbortSignal(AbortSignalEmitter):
    """Signals that work for a request is no longer wanted.

    Events: 'abort' (the signal).
    Source: https://nodejs.org/api/globals.html#class-abortsignal
    """

    _argument_counts = ARGUMENT_COUNTS
    _reason: BaseException | None = None

    @property
    def aborted(self) -> bool:
        """Whether it was aborted."""
        return self._reason is not None

    @property
    def reason(self) -> BaseException | None:
        """The AbortError that says why it was aborted, or None."""
        return self._reason

    def throw_if_aborted(self) -> None:
        """Raise `reason` if it was aborted."""
        if self._reason is not None:
            raise self._reason

    throwIfAborted = throw_if_aborted

    def add_event_listener(self, event: str, listener: Callable[..., object]) -> None:
        """Add a listener of 'abort', as `on` does."""
        self.on(event, listener)

    addEventListener = add_event_listener

    def remove_event_listener(self, event: str, listener: Callable[..., object]) -> None:
        """Remove a listener, as `off` does."""
        self.off(event, listener)

    removeEventListener = remove_event_listener

    def _abort(self, cause: BaseException | None = None) -> None:
        """Abort with `cause`, if that is an AbortError, else with one whose cause it is, such as the loss of the client."""
        if self._reason is None:
            if isinstance(cause, AbortError):
                self._reason = cause
            else:
                self._reason = AbortError("This operation was aborted")
                self._reason.__cause__ = cause
            self._notify("abort", self)
