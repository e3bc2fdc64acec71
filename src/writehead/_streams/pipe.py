"""Pipe: the listeners that copy a readable to one destination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from writehead._loop.ticks import later
from writehead.errors import InvalidArgTypeError

if TYPE_CHECKING:
    from writehead._streams.readable import Readable

NEEDED = ("write", "end", "on", "once", "off", "emit")


class Pipe:
    """Writes every piece of `source` to `dest`; the slowest of several destinations sets the pace."""

    __slots__ = ("_ends", "_hears_drain", "_left", "dest", "source")

    def __init__(self, source: Readable, dest: Any, ends: bool) -> None:
        if not all(callable(getattr(dest, name, None)) for name in NEEDED):
            raise InvalidArgTypeError("dest", f"a writable with {', '.join(NEEDED)}", dest)
        self.source = source
        self.dest = dest
        self._ends = ends
        self._hears_drain = False
        self._left = False

    def begin(self) -> None:
        """Add the listeners, emit 'pipe' on the destination, and start the flow."""
        source, dest = self.source, self.dest
        if source.readable_ended:
            later(self._on_end)
        else:
            source.once("end", self._on_end)
        source.on("data", self._on_data)
        # In front: the program's 'error' listeners run after the pipe was removed.
        getattr(dest, "prepend_listener", dest.on)("error", self._on_error)
        dest.once("close", self._on_close)
        dest.once("finish", self._on_finish)
        dest.emit("pipe", source)
        if getattr(dest, "writable_need_drain", False):
            self._wait()
        elif not source.readable_flowing:
            source.resume()

    def leave(self) -> None:
        """Remove the listeners and emit 'unpipe' on the destination."""
        source, dest = self.source, self.dest
        dest.off("close", self._on_close)
        dest.off("finish", self._on_finish)
        dest.off("error", self._on_error)
        source.off("end", self._on_end)
        source.off("data", self._on_data)
        self._left = True
        if self._hears_drain:
            dest.off("drain", self._on_drain)
            if source._is_held:  # or the other destinations would wait for this one forever
                self._on_drain()
        dest.emit("unpipe", source)

    def _unpipe(self) -> None:
        self.source.unpipe(self.dest)

    def _on_data(self, chunk: Any) -> None:
        try:
            more = self.dest.write(chunk)
        except Exception as error:
            destroy = getattr(self.dest, "destroy", None)
            if destroy is None:
                self._unpipe()
                raise
            destroy(error)
            return
        if more is False:
            self._wait()

    def _wait(self) -> None:
        source = self.source
        if not self._left:
            source._hold(self)
        if not self._hears_drain:
            self._hears_drain = True
            self.dest.on("drain", self._on_drain)

    def _on_drain(self) -> None:
        self.source._let_on(self)

    def _on_end(self) -> None:
        if self._ends:
            self.dest.end()
        else:
            self._unpipe()

    def _on_close(self) -> None:
        self.dest.off("finish", self._on_finish)
        self._unpipe()

    def _on_finish(self) -> None:
        self.dest.off("close", self._on_close)
        self._unpipe()

    def _on_error(self, error: Any) -> None:
        self._unpipe()
        self.dest.off("error", self._on_error)
        count = getattr(self.dest, "listener_count", None)
        if count is not None and not count("error"):
            self.dest.emit("error", error)  # the pipe's was the only listener: unhandled, as without a pipe
