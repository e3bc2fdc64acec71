"""Destroyable: the base of streams that can be destroyed before their end, and close once."""

from __future__ import annotations

from typing import Self

from writehead._loop.ticks import later
from writehead._node.event_arguments import ARGUMENT_COUNTS
from writehead._streams.stages import ALIVE, CLOSED, DESTROYED
from writehead.events import EventEmitter


class Destroyable(EventEmitter):
    """A stream that can be destroyed; a subclass overrides `_on_destroy`.

    Events: 'error' (error), 'close'.
    """

    _argument_counts = ARGUMENT_COUNTS
    _fate: int = ALIVE.value  # a `Fate`
    _errored: BaseException | None = None

    def destroy(self, error: BaseException | None = None) -> Self:
        """Stop reading; 'error' (if one is given) and 'close' are emitted in a later tick."""
        if not self._fate:
            self._fate = DESTROYED
            if self._errored is None:
                self._errored = error
            self._on_destroy(error)
        return self

    def _on_destroy(self, error: BaseException | None) -> None:
        """Release what is underneath, then call `_finish_destroy`."""
        self._finish_destroy(error)

    def _finish_destroy(self, error: BaseException | None) -> None:
        """Emit 'error' and 'close' in a later tick."""
        if self._errored is None:
            self._errored = error
        later(self._tell_destroyed, error)

    def _tell_destroyed(self, error: BaseException | None) -> None:
        if self._fate is CLOSED:
            return
        self._fate = CLOSED
        if error is not None:
            self._emit_error(error)
        self._emit_close()

    def _emit_error(self, error: BaseException) -> None:
        self._notify("error", error)

    def _emit_close(self) -> None:
        self._notify("close")

    @property
    def destroyed(self) -> bool:
        """Whether the stream was destroyed; True for a request after its end, too."""
        return bool(self._fate)

    @property
    def errored(self) -> BaseException | None:
        """The error that ended the stream."""
        return self._errored

    @property
    def closed(self) -> bool:
        """Whether 'close' is being or has been emitted."""
        return self._fate is CLOSED
