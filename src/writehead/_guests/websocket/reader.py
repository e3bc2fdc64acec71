"""FrameReader: the bytes of a client, read as messages and control frames, one at a time.

    feed(data) -> messages() -> whole messages, or none: then
                  next() -> str | bytes | Ping | Pong | Closed | Fault | None (more data is needed)

Nearly every frame is a whole message, final, unextended and at once in the buffer: those take a fast path of our
own. All others go to `websockets`, frame by frame, which inflates, judges and answers them; it is made when a
connection first needs it. Held by `tests/websocket/test_reader_properties.py`.

Invariant: nothing is parsed before it is asked for, so that what one read brought waits as it came.
"""

from __future__ import annotations

import codecs
import logging
import sys
from typing import Any, NamedTuple

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Protocol, Side

try:
    from websockets.speedups import apply_mask  # in C: twice as fast as by Python's long integers, and more
except ImportError:
    from websockets.utils import apply_mask

from writehead._guests.websocket.deflate import Deflate
from writehead._guests.websocket.frames import (
    BINARY,
    CLOSE,
    WHOLE_BINARY,
    WHOLE_TEXT,
    HeaderFault,
    fault_of,
    whole_size,
)
from writehead.errors import WebSocketError


class Ping(NamedTuple):
    """A ping; `reply` are the bytes of its pong."""

    data: bytes
    reply: bytes


class Pong(NamedTuple):
    """A pong."""

    data: bytes


class Closed(NamedTuple):
    """The client's close frame; `reply` echoes it, unless ours was sent before."""

    code: int
    reason: str
    reply: bytes


class Fault(NamedTuple):
    """What a client may not send; `reply` is our close frame, unless one was sent before."""

    error: WebSocketError
    reason: str
    reply: bytes


Message = str | bytes
Event = Message | Ping | Pong | Closed | Fault


class _OnlyErrors(logging.LoggerAdapter[logging.Logger]):
    """A log in which the library finds nothing worth a line but its own failures."""

    def isEnabledFor(self, level: int) -> bool:
        return level >= logging.ERROR and super().isEnabledFor(level)


_logger = _OnlyErrors(logging.getLogger("writehead"), {})

_utf8_decoder = codecs.getincrementaldecoder("utf-8")


class FrameReader:
    """Reads the frames of one client.

    Attributes:
        deflate: the extension, if it was agreed; set before anything is parsed.
        ended: whether a close frame of the client or a fault has come: what comes behind it is dropped.

    Args:
        max_payload: the longest message, in bytes after inflating; None: any.
        fast: whether to take the fast path at all.
    """

    __slots__ = (
        "_at",
        "_data",
        "_fast",
        "_left",
        "_library",
        "_max_payload",
        "_message",
        "_opcode",
        "_plain",
        "_validator",
        "deflate",
        "ended",
    )

    def __init__(self, max_payload: int | None, fast: bool = True) -> None:
        self._data = b""  # what is not parsed begins at `_at`
        self._at = 0
        self._max_payload = sys.maxsize if max_payload is None else max_payload
        self.deflate: Deflate | None = None
        self._fast = fast
        self._plain = fast  # the library is open, and no frame or message is under way
        self._library: Protocol | None = None
        self._left = 0  # bytes of the frame under way that the library has not got
        self._opcode = 0  # of that frame
        self._message: bytearray | None = None  # of fragments
        self._validator: codecs.IncrementalDecoder | None = None  # of a text message of fragments
        self.ended = False

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        if self.ended:
            return
        if self._at < len(self._data):
            data = self._data[self._at :] + data
        self._data = data
        self._at = 0

    @property
    def waiting(self) -> int:
        """How many bytes are not parsed."""
        return len(self._data) - self._at

    def messages(self, most: int, mark: int) -> list[Message]:
        """Return whole messages that come next, by the fast path; none if what comes next is anything else.

        Args:
            most: how many, at the most.
            mark: bytes from which on there are enough.
        """
        found: list[Message] = []
        if not self._plain:
            return found
        data = self._data
        at = self._at
        size = len(data)
        longest = self._max_payload
        while most and at + 6 <= size:
            length = data[at + 1] - 128
            begin = at + 6
            if length > 125:
                if length != 126 or at + 8 > size:
                    break
                length = data[at + 2] << 8 | data[at + 3]
                begin = at + 8
                if length < 126:
                    break
            end = begin + length
            if length < 0 or end > size or length > longest:
                break
            first = data[at]
            if first == WHOLE_TEXT:
                try:
                    found.append(apply_mask(data[begin:end], data[begin - 4 : begin]).decode())
                except UnicodeDecodeError:
                    break
            elif first == WHOLE_BINARY:
                found.append(apply_mask(data[begin:end], data[begin - 4 : begin]))
            else:
                break
            at = end
            most -= 1
            mark -= length
            if mark <= 0:
                break
        self._take(at)
        return found

    # -- the general way -----------------------------------------------------------

    def next(self) -> Event | None:
        """Return the next message, control frame or fault; None if it is not whole."""
        while not self.ended:
            data, at = self._data, self._at
            if not self._left:
                size = self._size_of_frame(data, at)
                if not isinstance(size, int):
                    return size
                self._left = size
                self._plain = False
            piece = data[at : at + self._left]
            self._left -= len(piece)
            self._take(at + len(piece))
            event = self._give(piece)
            if event is not None:
                return event
            if self._left:
                break
        return None

    def _take(self, end: int) -> None:
        """Note that all before `end` is parsed; an idle connection keeps nothing of its last read."""
        if end == len(self._data):
            self._data = b""
            self._at = 0
        else:
            self._at = end

    def _size_of_frame(self, data: bytes, at: int) -> int | Fault | None:
        """Return the size of the frame that begins at `at`; None if its header is not whole, and waits."""
        size: Any = None
        if len(data) >= at + 2:
            fault = fault_of(data, at, self.deflate is not None, self._message is not None)
            size = fault or whole_size(data, at)
        if size is None:
            self._data = data[at:]
            self._at = 0
            return None
        if isinstance(size, HeaderFault):
            return self._fault(size.code, size.close_code, size.text)
        self._opcode = data[at] & 15
        return int(size)

    def _give(self, piece: bytes) -> Event | None:
        """Give bytes of one frame to the library; return what they complete."""
        library = self._library or self._open_library()
        library.receive_data(piece)
        reply = b"".join(library.data_to_send())
        if library.parser_exc is not None:
            return self._fault_of_library(library.parser_exc, reply)
        for frame in library.events_received():
            return self._event_of(frame, reply)  # type: ignore[arg-type]  # no handshake is parsed
        return None

    def _open_library(self) -> Protocol:
        library = Protocol(Side.SERVER, max_size=self._max_payload, logger=_logger)
        if self.deflate is not None:
            library.extensions = [self.deflate]
        self._library = library
        return library

    def _event_of(self, frame: Frame, reply: bytes) -> Event | None:
        opcode = frame.opcode
        if opcode <= BINARY:
            return self._message_of(frame)
        self._plain = self._fast and self._message is None and self._library.state is OPEN  # type: ignore[union-attr]
        if opcode is Opcode.PING:
            return Ping(bytes(frame.data), reply)
        if opcode is Opcode.PONG:
            return Pong(bytes(frame.data))
        self._end()
        close: Any = self._library.close_rcvd  # type: ignore[union-attr]
        return Closed(int(close.code), close.reason, reply)

    def _message_of(self, frame: Frame) -> Event | None:
        """Return the message that a frame completes."""
        data = bytes(frame.data)
        if frame.opcode is not Opcode.CONT and frame.fin:
            binary = frame.opcode is Opcode.BINARY
        else:
            message = self._message
            if message is None:
                message = self._message = bytearray()
                self._validator = _utf8_decoder() if frame.opcode is Opcode.TEXT else None
            binary = self._validator is None
            message += data
            if not binary:
                try:
                    self._validator.decode(data, frame.fin)  # type: ignore[union-attr]
                except UnicodeDecodeError as error:
                    return self._fault_of_text(error)
            if not frame.fin:
                return None
            data = bytes(message)
            self._message = self._validator = None
        self._plain = self._fast and self._library.state is OPEN  # type: ignore[union-attr]
        if binary:
            return data
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            return self._fault_of_text(error)

    # -- faults and the end ----------------------------------------------------------

    def _fault_of_text(self, error: UnicodeDecodeError) -> Fault:
        text = f"invalid UTF-8 sequence: {error.reason} at position {error.start}"
        return self._fault("WS_ERR_INVALID_UTF8", 1007, text)

    def _fault(self, code: str, close_code: int, text: str) -> Fault:
        """Fail the connection for what was found here."""
        library = self._library or self._open_library()
        library.fail(close_code, text)
        self._end()
        return Fault(_error(code, close_code, text), text, b"".join(library.data_to_send()))

    def _fault_of_library(self, error: Exception, reply: bytes) -> Fault:
        """Return the fault for which the library has failed the connection."""
        reason = reply[4:].decode()
        if isinstance(error, PayloadTooBig):
            found = _error("WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009, "max payload size exceeded")
        elif isinstance(error, UnicodeDecodeError):
            found = _error("WS_ERR_INVALID_UTF8", 1007, f"invalid UTF-8 sequence: {error.reason}")
        elif not isinstance(error, ProtocolError):
            found = _error("ERR_WEBSOCKET", 1011, "it could not be parsed, which is a failure of the library")
        elif self._opcode == CLOSE:
            found = _error("WS_ERR_INVALID_CLOSE_CODE", 1002, str(error))
        else:  # as zlib's error in `ws`
            found = _error("Z_DATA_ERROR", 1002, str(error))
        self._end()
        return Fault(found, reason, reply)

    def _end(self) -> None:
        self.ended = True
        self._plain = False
        self._message = self._validator = None
        self._left = 0
        self._take(len(self._data))

    def close(self, code: int | None, reason: str) -> bytes:
        """Return our close frame; from now on the client's is no longer echoed."""
        library = self._library or self._open_library()
        library.send_close(code, reason)
        self._plain = False
        return b"".join(library.data_to_send())


def _error(code: str, close_code: int, text: str) -> WebSocketError:
    return WebSocketError(code, f"Invalid WebSocket frame: {text}", close_code)
