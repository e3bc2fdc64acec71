"""Readable: the reading side of requests and sockets, as Node's stream.Readable.

Modes, by `readable_flowing`:

    None    nothing has asked for data yet: it is buffered
    True    'data' listeners, `resume`, `pipe`: each piece is emitted as it comes
    False   `pause`, 'readable' listeners, `async for`: buffered until `read`

A subclass is the producer: it calls `_push` and `_push_end`, and overrides `_want`,
`_ended`, `_on_destroy` and `_break_off`.

Invariant: 'resume', 'readable' and 'end' are emitted in a later tick than their cause, in
Node's order. Attributes are set lazily: until the stream is read or a piece has to be
kept, an instance has none of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from writehead._loop.ticks import in_slices, later
from writehead._node.encodings import Decoder, as_decoded
from writehead._streams.iteration import Iteration
from writehead._streams.pipe import Pipe
from writehead._streams.read_buffer import Pieces
from writehead._streams.readable_state import ReadableState
from writehead._streams.stages import CLOSED, EMITTED, KNOWN, SCHEDULED
from writehead.errors import AbortError, UnshiftAfterEndError
from writehead.events import Listener

if TYPE_CHECKING:
    from writehead._node.argument_types import Writable

Chunk = bytes | str


Destination = TypeVar("Destination", bound="Writable")

#: How many buffered pieces are emitted in one slice: a client can send pieces of one byte.
FLOW = 256


class Readable(ReadableState):
    """A source of bytes, or of text after `set_encoding`.

    Events: 'data' (chunk), 'readable', 'end', 'pause', 'resume', 'error' (error), 'close'.
    Source: https://nodejs.org/api/stream.html#class-streamreadable
    """

    # -- for the producer

    def _push(self, chunk: bytes) -> bool:
        """Take a piece from the producer; False asks it to push no more before `_want`."""
        if (
            self._flowing
            and self._data_listening
            and chunk
            and not (self._length or self._sync or self._fate or self._end_state)
            and self._decoder is None
        ):
            self._emit_data(chunk)
            return self._has_room()  # a listener may have put something back
        return self._push_slowly(chunk)

    def _push_slowly(self, chunk: bytes) -> bool:
        if self._fate or self._end_state:
            return True  # the piece is dropped: no reason to slow the producer down
        text_or_bytes: Chunk = chunk if self._decoder is None else self._decoder.decode(chunk)
        self._accept(text_or_bytes)
        return self._has_room()

    def _hand_over(self, chunk: bytes) -> bool:
        """Give a piece directly to the waiting `async for`, if there are no other listeners; return whether it did.

        For a producer that has nothing else to do in this tick: 'readable' and `read` would have the same effect.
        """
        waiter = self._waiter
        listeners = self._listeners
        if waiter is None or self._length or self._data_listening or self._decoder is not None:
            return False
        if listeners is None or len(listeners.get("readable", ())) != 1 or self._fate:
            return False
        if not waiter.waits:
            return False
        self._did_read = True
        waiter.give(chunk)
        return True

    def _accept(self, chunk: Chunk, front: bool = False) -> None:
        """Emit a piece if the stream flows, or else buffer it."""
        if chunk and self._flowing and self._data_listening and not self._length and not self._sync:
            self._emit_data(chunk)
            return
        if not front:
            self._reading = False
        if chunk:
            self._keep(chunk, front)
            if self._need_readable:
                self._schedule_readable()
        if not (self._read_ahead_scheduled or self._reading):
            self._read_ahead_scheduled = True
            later(self._read_ahead)

    def _push_end(self) -> None:
        """Note that the producer has no more data."""
        if self._end_state:
            return
        self._reading = False
        if self._decoder is not None and (rest := self._decoder.flush()):
            self._keep(rest)
        self._end_state = KNOWN
        if self._sync:
            # Nothing was read yet: 'readable' is due only if a listener may wait for it.
            if self._flowing is not None or self._listeners is not None:
                self._schedule_readable()
        elif self._flowing and not self._length and not self._heard("readable"):
            self._need_readable = False
            self._schedule_end()
        else:
            self._need_readable = False
            self._readable_scheduled = True
            self._emit_readable()

    def _want(self) -> None:
        """Called when the consumer takes more data, even if `_push` never returned False."""

    def _ended(self) -> None:
        """Called after 'end' was emitted."""

    def _discard(self) -> None:
        """Drop what is buffered and what still comes; 'end' follows."""
        if self._listeners is None and self._end_state and not self._length:
            self._flowing = True  # what `readable_flowing` says from now on
            later(self._end_unheard)
        else:
            self._throw_away()

    def _throw_away(self) -> None:
        self.remove_all_listeners("data")
        self._data_listening = True  # so that pieces are emitted without a listener, and not buffered
        self.resume()

    def _end_unheard(self) -> None:
        """Skip 'resume' of an empty body if no listener was added."""
        if self._listeners is None and not self._fate:
            self._consumed = True
            self._end_state = SCHEDULED
            later(self._close_unheard)
        else:
            self._flowing = None
            self._throw_away()

    def _close_unheard(self) -> None:
        """Skip the ticks from 'end' to 'close', too, if no listener was added in between."""
        if self._listeners is None and not self._fate:
            self._end_state = EMITTED
            self._fate = CLOSED
        else:
            self._emit_end()

    # -- listeners decide the mode

    def _add(self, name: Hashable, listener: Listener, once: bool = False, front: bool = False) -> None:
        super()._add(name, listener, once, front)
        if front:
            return  # Node: what is prepended changes no mode
        if name == "data":
            self._data_listening = True
            if self._heard("readable"):  # set now, so that resume() does not start the flow
                self._readable_listening = True
            if self._flowing is not False:
                self.resume()
        elif name == "readable" and not (self._end_state is EMITTED or self._readable_listening):
            self._readable_listening = self._need_readable = True
            self._flowing = self._readable_scheduled = False
            if self._length:
                self._schedule_readable()
            elif not self._reading:
                later(self.read, 0)

    def remove_listener(self, name: Hashable, listener: Listener) -> Self:
        """Remove the last added of equal listeners; without 'data' listeners a flow continues, and its data is dropped.

        After the last 'readable' listener the stream flows again if there are 'data' listeners.
        """
        super().remove_listener(name, listener)
        if name == "readable":
            later(self._after_readable_removed)
        elif name == "data" and not self._heard("data"):
            self._data_listening = False
        return self

    removeListener = remove_listener
    off = remove_listener

    def remove_all_listeners(self, name: Hashable = ...) -> Self:
        """Remove the listeners of `name`, or of every event; a flow continues, and its data is dropped."""
        super().remove_all_listeners(name)
        if name is ... or name == "readable":
            later(self._after_readable_removed)
        return self

    removeAllListeners = remove_all_listeners

    def _after_readable_removed(self) -> None:
        self._readable_listening = self._heard("readable")
        if self._resume_scheduled and self._paused is False:
            self._flowing = True
        elif self._data_listening:
            self.resume()
        elif not self._readable_listening:
            self._flowing = None

    def _heard(self, name: str) -> bool:
        return self._listeners is not None and name in self._listeners

    # -- flowing and paused

    def resume(self) -> Self:
        """Start the flow; without a 'data' listener the data is dropped.

        'resume' is emitted in a later tick. With a 'readable' listener nothing flows.
        """
        if not self._flowing:
            self._flowing = not self._readable_listening
            if not self._resume_scheduled:
                self._resume_scheduled = True
                later(self._start_flow)
        self._paused = False
        return self

    def _start_flow(self) -> None:
        if not self._reading:
            self.read(0)
        self._resume_scheduled = False
        self._notify("resume")
        self._flow()
        if self._flowing and not (self._reading or self._end_state is SCHEDULED):
            self.read(0)

    def pause(self) -> Self:
        """Stop the flow at once, with a 'pause' event; data that arrives is buffered."""
        if self._flowing is not False:
            self._flowing = False
            self._notify("pause")
        self._paused = True
        return self

    def is_paused(self) -> bool:
        """Return whether the flow is stopped, by `pause` or otherwise."""
        return self._paused is True or self._flowing is False

    isPaused = is_paused

    def _flow(self) -> None:
        left = FLOW
        # Once 'end' is scheduled, `read` could only schedule it again.
        while (
            self._flowing and (self._length or self._end_state is not SCHEDULED) and self.read() is not None
        ):
            left -= 1
            if not left:
                in_slices(self._flow)
                break

    # -- reading

    def read(self, size: int | None = None) -> Any:
        """Take `size` bytes (characters after `set_encoding`) out of the buffer.

        Without a size: the whole buffer, or one piece while flowing. None if less is
        buffered; after the last byte has arrived, the rest even if it is shorter.
        What is returned is emitted as 'data' too.

        Raises InvalidArgTypeError if `size` is not a number, OutOfRangeError above 1 GiB.
        """
        if size is not None and (type(size) is not int or size > self._high_water_mark):
            size = self._checked(size)
        if size != 0:
            self._readable_scheduled = False
        elif self._need_readable and (self._end_state or self._length >= (self._high_water_mark or 1)):
            self._tell()
            return None
        count = self._available(size)
        if not count and self._end_state:
            if not self._length:
                self._schedule_end()
            return None
        if self._need_readable or not self._length or self._length - count < self._high_water_mark:
            self._ask()
            if not self._reading:  # it pushed at once
                count = self._available(size)
        chunk = self._take(count) if count else None
        self._after_take(size, count)
        if chunk is not None and self._fate is not CLOSED:
            self._emit_data(chunk)
        return chunk

    def _read_if_any(self) -> Any:
        """Read, unless the producer was asked and has pushed nothing: `read` would change nothing then."""
        if (self._reading and self._need_readable and not self._length) or self._fate:
            return None
        return self.read()

    def _after_take(self, size: int | None, count: int) -> None:
        if not count and self._length <= self._high_water_mark:
            self._need_readable = True
        if not self._length:
            if not self._end_state:
                self._need_readable = True
            elif size != count:
                self._schedule_end()

    def _ask(self) -> None:
        if self._reading or self._end_state or self._fate:
            return
        self._reading = self._sync = True
        if not self._consumed:
            self._consumed = True
            self._read_ahead_scheduled = False
        if not self._length:
            self._need_readable = True
        try:
            self._want()
        finally:
            self._sync = False

    def _read_ahead(self) -> None:
        while not (self._reading or self._end_state) and (
            self._length < self._high_water_mark or (self._flowing and not self._length)
        ):
            before = self._length
            self.read(0)
            if self._length == before:
                break
        self._read_ahead_scheduled = False

    # -- what happens later

    def _emit_data(self, chunk: Chunk) -> None:
        self._did_read = True
        if self._awaiting:
            self._awaiting.clear()
        self._notify("data", chunk)

    def _tell(self) -> None:
        if self._end_state and not self._length:
            self._schedule_end()
        else:
            self._schedule_readable()

    def _schedule_readable(self) -> None:
        self._need_readable = False
        if not self._readable_scheduled:
            self._readable_scheduled = True
            later(self._emit_readable)

    def _emit_readable(self) -> None:
        if not self._fate and (self._length or self._end_state):
            if not self._notify("readable") and self._tells_waiter and self._waiter is not None:
                self._waiter.wake()
            self._readable_scheduled = False
        if not (self._flowing or self._end_state) and self._length <= self._high_water_mark:
            self._need_readable = True
        self._flow()

    def _schedule_end(self) -> None:
        if self._end_state < SCHEDULED:
            self._end_state = SCHEDULED
            later(self._emit_end)

    def _emit_end(self) -> None:
        if self._end_state is SCHEDULED:
            self._end_state = KNOWN
        # Not if something was put back meanwhile.
        if not (
            self._length or self._errored is not None or self._fate is CLOSED or self._end_state is EMITTED
        ):
            self._end_state = EMITTED
            self._notify("end")
            self._ended()

    # -- for pipes

    def _hold(self, pipe: Pipe) -> None:
        """Pause until the destination of `pipe` has drained."""
        assert self._awaiting is not None
        self._awaiting.add(pipe)
        self.pause()

    def _let_on(self, pipe: Pipe) -> None:
        """Resume after the destination of `pipe` has drained, unless another has not."""
        assert self._awaiting is not None
        self._awaiting.discard(pipe)
        if not self._awaiting and self._data_listening:
            self.resume()

    # -- the buffer

    def _keep(self, chunk: Chunk, front: bool = False) -> None:
        if self._buffer is None:
            self._buffer = Pieces()
        self._length += len(chunk)
        if front:
            self._buffer.put_back(chunk)
        else:
            self._buffer.append(chunk)

    def _take(self, count: int) -> Any:
        assert self._buffer is not None
        self._length -= count
        return self._buffer.take(count)

    def unshift(self, chunk: Any, encoding: str | None = None) -> bool:
        """Put `chunk` back to the front of the buffer; return whether it holds less than the mark.

        A `str` is encoded with `encoding`. After 'end' the stream is destroyed with
        UnshiftAfterEndError (`ERR_STREAM_UNSHIFT_AFTER_END_EVENT`), if it is not already.
        Raises InvalidArgTypeError if `chunk` is neither `str` nor bytes-like.
        """
        data = as_decoded(chunk, encoding, self._decoder)
        if data and self._end_state is EMITTED:
            self.destroy(UnshiftAfterEndError())
            return False
        if self._fate:
            return False
        if data:
            self._accept(data, front=True)
        return not self._end_state and self._has_room()

    def set_encoding(self, encoding: str | None = None) -> Self:
        """Emit and return text from now on, including what is buffered; None means utf8.

        A character split between two pieces waits for its rest. Raises
        UnknownEncodingError (`ERR_UNKNOWN_ENCODING`).
        """
        decoder = self._decoder = Decoder(encoding)
        if self._length:
            held = self._take(self._length)
            text = held if isinstance(held, str) else decoder.decode(held)
            if text:
                self._keep(text)
        return self

    setEncoding = set_encoding

    # -- piping and iterating

    def pipe(self, dest: Destination, end: bool | Mapping[str, Any] = True) -> Destination:
        """Write the whole body to `dest`, at the speed of `dest`, and end `dest` at 'end'.

        `dest` is a response, a socket, or anything else with `write`, `end`, `on`,
        `once`, `off` and `emit`; it is returned. `end=False` (or Node's
        `{"end": False}`) leaves it open. It is unpiped when it closes, finishes or fails.
        Raises InvalidArgTypeError if `dest` lacks one of these.
        """
        if isinstance(end, Mapping):
            end = end.get("end", True) is not False
        pipe = Pipe(self, dest, end)
        if self._pipes is None:
            self._pipes = []
            self._awaiting = set()
        self._pipes.append(pipe)
        pipe.begin()
        return dest

    def unpipe(self, dest: object = None) -> Self:
        """Stop writing to `dest`, or to every destination; without any left the stream is paused."""
        pipes = self._pipes
        if not pipes:
            return self
        if dest is None:
            leaving, self._pipes = pipes, []
        else:
            leaving = [pipe for pipe in pipes if pipe.dest is dest][:1]
            if not leaving:
                return self
            pipes.remove(leaving[0])
        if not self._pipes:
            self.pause()
        for pipe in leaving:
            pipe.leave()
        return self

    def __aiter__(self) -> AsyncIterator[Any]:
        """Read by `async for`: what is buffered, joined; ends after 'close'.

        Raises the error of a stream that fails, PrematureCloseError if it is
        destroyed without one. Leaving early destroys the stream with AbortError.
        """
        return Iteration(self)

    def _break_off(self) -> None:
        """Called when an iteration was left before the end."""
        self.destroy(AbortError())
