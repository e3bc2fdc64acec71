"""The state of a readable stream, and the public properties that read it."""

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

#: The largest size that `read` accepts, in bytes.
MAX_MARK = 1 << 30


class ReadableState(Destroyable):
    """The attributes and properties of `Readable`."""

    # Whether iteration is over at 'close' only; False for a duplex stream that stays open after 'end'.
    _ends_by_close = True

    _high_water_mark = 65536
    _buffer: Pieces | None = None
    _length = 0
    _decoder: Decoder | None = None

    _flowing: bool | None = None
    _paused: bool | None = None  # by pause() or resume(); None: neither was called
    _data_listening = False
    _readable_listening = False
    _resume_scheduled = False
    _need_readable = False  # the next piece causes a 'readable'
    _readable_scheduled = False

    _consumed = False  # the producer was asked at least once
    _reading = False  # the producer was asked and has not pushed since
    _read_ahead_scheduled = True  # before the first read nothing is read ahead
    _sync = True  # a piece that is pushed now must not be emitted inside this call
    _did_read = False

    _waiter: ReadWaiter | None = None  # of the `async for` over this stream; see `_hand_over`
    _tells_waiter = False  # wake it even if the program has removed its 'readable' listener (Node does not)

    _end_state: int = READABLE.value  # a `Reading`

    _pipes: list[Pipe] | None = None
    _awaiting: set[Pipe] | None = None  # those whose destination has not drained

    # -- what it is

    @property
    def readable(self) -> bool:
        """Whether more may be read: 'end' was not emitted, and the stream not destroyed."""
        return not self._fate and self._end_state is not EMITTED

    @property
    def readable_ended(self) -> bool:
        """Whether 'end' was emitted."""
        return self._end_state is EMITTED

    readableEnded = readable_ended

    @property
    def readable_flowing(self) -> bool | None:
        """Whether 'data' is emitted as it arrives; None until reading has begun."""
        return self._flowing

    readableFlowing = readable_flowing

    @property
    def readable_length(self) -> int:
        """Bytes (characters after `set_encoding`) in the buffer."""
        return self._length

    readableLength = readable_length

    @property
    def readable_high_water_mark(self) -> int:
        """The number of buffered bytes at which the source is asked to wait."""
        return self._high_water_mark

    readableHighWaterMark = readable_high_water_mark

    @property
    def readable_aborted(self) -> bool:
        """Whether the stream was destroyed or failed before 'end'."""
        return (bool(self._fate) or self._errored is not None) and self._end_state is not EMITTED

    readableAborted = readable_aborted

    @property
    def readable_did_read(self) -> bool:
        """Whether any data was read or dropped."""
        return self._did_read

    readableDidRead = readable_did_read

    @property
    def readable_encoding(self) -> str | None:
        """Node's name of the encoding, such as "utf8"; None while the stream yields bytes."""
        return None if self._decoder is None else self._decoder.encoding

    readableEncoding = readable_encoding

    # -- private queries -----------------------------------------------------------

    def _has_room(self) -> bool:
        return not self._length or self._length < self._high_water_mark

    @property
    def _untouched(self) -> bool:
        """Whether the stream was not read, iterated, paused or resumed, and had no 'data' or 'readable' listener."""
        return self._flowing is None and self._paused is None and not self._consumed

    @property
    def _left(self) -> bool:
        """Whether the rest has no reader: not flowing, no 'readable' listener, no pipe that waits."""
        busy = self._flowing or self._readable_listening or self._awaiting
        return not busy and self._end_state is not EMITTED

    @property
    def _was_read_to_the_end(self) -> bool:
        return self._end_state is EMITTED or (bool(self._end_state) and not self._length)

    @property
    def _is_held(self) -> bool:
        """Whether it waits for a pipe's destination to drain."""
        return bool(self._awaiting)

    def _available(self, size: int | None) -> int:
        """Return how much of the buffer `read(size)` takes."""
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

    # -- the size of a read -------------------------------------------------------

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
