"""The state of a message that is written, and the public properties that read it."""

from __future__ import annotations

from typing import Any

from writehead._loop.waiters import Waiters
from writehead._message.header_store import HeaderStore
from writehead._message.no_exchange import SENT
from writehead._semantics.exchange import Exchange, Pieces
from writehead._semantics.outcome import Outcome
from writehead._streams.stages import ALIVE, CLOSED, WRITABLE


class OutgoingState(HeaderStore):
    """The attributes and properties of `OutgoingMessage`."""

    _exchange: Exchange = SENT  # renders and sends it
    _pieces: Pieces | None = None  # small pieces may be added to it
    _chunked: Any = False
    _writing: int = WRITABLE.value  # a `Writing`
    _fate: int = ALIVE.value  # a `Fate`
    _errored: BaseException | None = None
    _need_drain = False
    _strict = False
    _body_bytes = 0
    _known_length: int | None = None
    _should_keep_alive = True
    _may_chunk = True
    _cork_depth = 0
    _high_water_mark = 65536
    _reject_body = False  # reject_non_standard_body_writes
    _close_after_finish = False  # emit_close_after_finish
    _waiters: Waiters | None = None
    _outcome: Outcome | None = (
        None  # if it is not sent whole, and that is the program's doing, or known otherwise
    )

    # -- state -----------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """False until `end` has been called, then True."""
        return bool(self._writing)

    writable_ended = finished
    writableEnded = finished

    @property
    def headers_sent(self) -> bool:
        """Whether the head is fixed: headers can no longer be changed."""
        return self._rendered

    headersSent = headers_sent

    @property
    def writable_finished(self) -> bool:
        """Whether `end` was called and the operating system has all bytes."""
        return bool(self._writing) and not self.writable_length and not self._exchange.refused

    writableFinished = writable_finished

    @property
    def writable_length(self) -> int:
        """The number of bytes accepted that the operating system does not have yet."""
        exchange = self._exchange
        exchange.settle()
        return exchange.pending

    writableLength = writable_length

    @property
    def writable_high_water_mark(self) -> int:
        """How many queued bytes make `write` return False: the socket's mark, once there is one."""
        mark = self._exchange.mark
        return self._high_water_mark if mark is None else mark

    writableHighWaterMark = writable_high_water_mark

    @property
    def writable_need_drain(self) -> bool:
        """Whether a `write` returned False and 'drain' has not been emitted yet."""
        return self._need_drain and not self._writing and not self._fate

    writableNeedDrain = writable_need_drain

    @property
    def writable_corked(self) -> int:
        """How many calls of `cork` were not undone."""
        return self._cork_depth

    writableCorked = writable_corked

    @property
    def writable_object_mode(self) -> bool:
        """Always False."""
        return False

    writableObjectMode = writable_object_mode

    @property
    def writable(self) -> bool:
        """Always True, also after `end` and `destroy` (Node's)."""
        return True

    @property
    def destroyed(self) -> bool:
        """True from `destroy()`, or from the close of the connection or the message, on."""
        return bool(self._fate)

    @property
    def closed(self) -> bool:
        """Whether the message is over, and emits no further event."""
        return self._fate is CLOSED

    @property
    def errored(self) -> BaseException | None:
        """The error that it was destroyed with; `ECONNRESET` if the connection was lost while it was queued."""
        return self._errored

    @property
    def chunked_encoding(self) -> bool:
        """Whether the rendered head says `Transfer-Encoding: chunked`.

        May be set, as in Node, but does not change how the body is sent: the client has read the head.
        """
        return self._chunked  # type: ignore[no-any-return]  # or what was set

    @chunked_encoding.setter
    def chunked_encoding(self, value: bool) -> None:
        self._chunked = value
        self._general = True

    chunkedEncoding = chunked_encoding

    @property
    def send_date(self) -> bool:
        """Whether a Date line is added; may be set before the head is rendered."""
        return self._send_date

    @send_date.setter
    def send_date(self, value: bool) -> None:
        self._send_date = bool(value)
        self._general = True

    sendDate = send_date

    @property
    def should_keep_alive(self) -> bool:
        """Whether the client wants the connection kept; may be set to False."""
        return self._should_keep_alive

    @should_keep_alive.setter
    def should_keep_alive(self, value: bool) -> None:
        self._should_keep_alive = bool(value)
        self._general = True

    shouldKeepAlive = should_keep_alive

    @property
    def use_chunked_encoding_by_default(self) -> bool:
        """Whether a body of unknown length is chunked; if not, it ends with the connection."""
        return self._may_chunk

    @use_chunked_encoding_by_default.setter
    def use_chunked_encoding_by_default(self, value: bool) -> None:
        self._may_chunk = bool(value)
        self._general = True

    useChunkedEncodingByDefault = use_chunked_encoding_by_default

    @property
    def strict_content_length(self) -> bool:
        """Whether a body that does not match the program's Content-Length is refused."""
        return self._strict

    @strict_content_length.setter
    def strict_content_length(self, value: bool) -> None:
        self._strict = bool(value)
        self._general = True
        self._pieces = None

    strictContentLength = strict_content_length
