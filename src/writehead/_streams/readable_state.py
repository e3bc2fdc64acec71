"""The state of a readable stream, and what a program may ask of it."""

from __future__ import annotations

import math
from typing import Any

from writehead._node.encodings import Decoder
from writehead._streams.destroyable import Destroyable
from writehead._streams.iteration import ReadWaiter
from writehead._streams.pipe import Pipe
from writehead._streams.read_buffer import Pieces
from writehead._streams.stages import EMITTED, READABLE
from writehead.errors import InvalidArgTypeError, OutOfRangeError

#: No more bytes are asked for at once.
MAX_MARK = 1 << 30


class ReadableState(Destroyable):
    """The state of a Readable; see there."""

    # Iteration is over at 'close'; a two-way stream that outlives 'end' says False.
    _ends_by_close = True

    _high_water_mark = 65536
    _buffer: Pieces | None = None
    _length = 0
    _decoder: Decoder | None = None

    _flowing: bool | None = None
    _paused: bool | None = None  # by the user's own pause() or resume(); None: neither
    _data_listening = False
    _readable_listening = False
    _resume_scheduled = False
    _need_readable = False  # the next piece is worth a 'readable'
    _readable_scheduled = False

    _consumed = False  # the producer was asked at least once
    _reading = False  # the producer was asked and has not pushed since
    _read_ahead_scheduled = True  # before the first read nothing is read ahead
    _sync = True  # what is pushed now must not be emitted inside this call
    _did_read = False

    _waiter: ReadWaiter | None = None  # gets a piece at once if nobody else would hear of it
    _tells_waiter = False  # also of 'readable', whose listener a program may have removed; Node lets it wait

    _end_state: int = READABLE.value  # a `Reading`

    _pipes: list[Pipe] | None = None
    _awaiting: set[Pipe] | None = None  # those whose destination has not drained

    # -- what it is

    @property
    def readable(self) -> bool:
        """Whether something may still be read."""
        return not self._fate and self._end_state is not EMITTED

    @property
    def readable_ended(self) -> bool:
        """Whether 'end' was emitted."""
        return self._end_state is EMITTED

    readableEnded = readable_ended

    @property
    def readable_flowing(self) -> bool | None:
        """None before the reading has begun; then whether 'data' is emitted as it arrives."""
        return self._flowing

    readableFlowing = readable_flowing

    @property
    def readable_length(self) -> int:
        """Bytes (characters after `set_encoding`) in the buffer."""
        return self._length

    readableLength = readable_length

    @property
    def readable_high_water_mark(self) -> int:
        """Buffered bytes from which the source is asked to wait."""
        return self._high_water_mark

    readableHighWaterMark = readable_high_water_mark

    @property
    def readable_aborted(self) -> bool:
        """Whether the stream was destroyed or failed before 'end'."""
        return (bool(self._fate) or self._errored is not None) and self._end_state is not EMITTED

    readableAborted = readable_aborted

    @property
    def readable_did_read(self) -> bool:
        """Whether any data was given out, or thrown away."""
        return self._did_read

    readableDidRead = readable_did_read

    @property
    def readable_encoding(self) -> str | None:
        """Node's name of the encoding set, such as "utf8"; None while bytes are given out."""
        return None if self._decoder is None else self._decoder.encoding

    readableEncoding = readable_encoding

    # -- what is told of it inside ---------------------------------------------------

    def _has_room(self) -> bool:
        return not self._length or self._length < self._high_water_mark

    @property
    def _untouched(self) -> bool:
        """Whether nobody has read, iterated, paused, resumed, or listened to 'data' or 'readable'."""
        return self._flowing is None and self._paused is None and not self._consumed

    @property
    def _left(self) -> bool:
        """Whether nobody is about to read the rest: not flowing, no reader, no slow pipe."""
        busy = self._flowing or self._readable_listening or self._awaiting
        return not busy and self._end_state is not EMITTED

    @property
    def _was_read_to_the_end(self) -> bool:
        return self._end_state is EMITTED or (bool(self._end_state) and not self._length)

    @property
    def _is_held(self) -> bool:
        """Whether it waits for a destination."""
        return bool(self._awaiting)

    def _available(self, size: int | None) -> int:
        """Return how much of what is buffered `read(size)` takes."""
        length = self._length
        if not length:
            return 0
        if size is None:
            if self._flowing:
                assert self._buffer is not None
                return self._buffer.first_length()
            return length
        if size <= length:
            return max(size, 0)
        return length if self._end_state else 0

    # -- what is asked of it -----------------------------------------------------

    def _checked(self, size: Any) -> int | None:
        if isinstance(size, bool) or not isinstance(size, int | float):
            raise InvalidArgTypeError("size", "of type number", size)
        if size > MAX_MARK:
            raise OutOfRangeError("size", "<= 1GiB", size)
        if math.isnan(size):  # Node: as if there were no size
            return None
        whole = int(size)
        if whole > self._high_water_mark:  # Node: to the next power of two
            self._high_water_mark = 1 << (whole - 1).bit_length()
        return whole
