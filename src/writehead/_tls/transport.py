"""TLSTransport: plain bytes above, TLS records below, over any asyncio transport.

Invariant: "written" is what the operating system has. Nothing is kept here that the transport
below would accept, and `resume_writing` is called above when neither holds a byte, so that
'finish' and 'drain' mean over TLS what they mean without.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import Context
from typing import Any

from writehead._loop.buffered_reader import Feed
from writehead._loop.selector import once_taken, untie
from writehead._loop.ticks import tick_queue
from writehead._tls.records import PIECE, RECORD, discard, gathered
from writehead.errors import TLSError


class TLSTransport(asyncio.Transport, asyncio.Protocol):
    """The transport of a connection whose handshake is done.

    To the protocol above it is a transport; to the transport below, its protocol.

    Args:
        raw: the transport below.
        room: the buffer for large reads, of `PIECE` bytes; all connections of a loop share it.
        ssl_object: made by `SSLContext.wrap_bio(incoming, outgoing)`.
        incoming: data that came and is not decrypted.
        outgoing: data that is encrypted and not passed on.
    """

    __slots__ = (
        "_blocked",
        "_closing",
        "_encrypt",
        "_eof_sent",
        "_eof_wanted",
        "_error",
        "_fin_sent",
        "_incoming",
        "_outgoing",
        "_over",
        "_paused",
        "_peer_ended",
        "_peer_end_told",
        "_protocol",
        "_raw",
        "_read",
        "_receive",
        "_room",
        "_roomy",
        "_ssl",
        "_told_to_pause",
        "_unread",
        "_unsent",
        "_unsent_size",
        "context",
        "raw_channel",
        "server_name",
    )

    def __init__(
        self,
        raw: Any,
        room: memoryview,
        ssl_object: ssl.SSLObject,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
    ) -> None:
        self._raw = raw
        self._room = room
        self._roomy = False  # reads come by a `Feed`
        self._ssl = ssl_object
        inner: Any = getattr(ssl_object, "_sslobj", ssl_object)  # does the same with one Python call less
        self._read = inner.read
        self._encrypt = inner.write
        self._incoming = incoming
        self._outgoing = outgoing
        self._protocol: Any = None
        self._receive: Callable[[bytes], object] = discard
        self._unsent: deque[bytes | memoryview] = deque()  # plain bytes that wait
        self._unsent_size = 0
        self._unread = b""  # plain bytes that came while reading was paused
        self._blocked = False  # the transport below holds bytes
        self._told_to_pause = False
        self._paused = False
        self._closing = False
        self._eof_wanted = False
        self._eof_sent = False  # close_notify
        self._fin_sent = False
        self._over = False  # after an end or an error nothing more can come
        self._peer_ended = False
        self._peer_end_told = False
        self._error: BaseException | None = None
        self.raw_channel: Any = None  # of the socket that listeners of 'connection' got: it ends with this
        self.context: Context | None = None  # of the callbacks during the handshake, if there were any
        self.server_name = ""  # as the client has asked for it

    # -- called by the transport below -----------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Do nothing: the transport below was given to the constructor."""

    def data_received(self, data: bytes | memoryview) -> None:
        """Decrypt the data of one read and pass it up in one call."""
        if self._closing or self._peer_end_told:  # after a close_notify nothing is read
            return
        size = len(data)
        if self.raw_channel is not None:
            self.raw_channel.note_read(size)  # Node: its idle time begins anew too
        plain = b""
        if size < RECORD:  # mostly one record
            self._incoming.write(data)
            try:
                plain = self._read(size or RECORD)
            except ssl.SSLError as error:
                self._on_nothing(error)
            else:
                if not plain:
                    self._over = self._peer_ended = True
                elif not size or len(plain) == size or self._incoming.pending:
                    plain += self._decrypt()
        else:
            if size >= PIECE and not self._roomy:
                self._read_to_room()
            plain = b"".join(self._decrypt_pieces(data))
        if self._outgoing.pending:
            self._answer()
        if self._unsent and not self._blocked:
            self._pump()  # writes that waited for a renegotiation
        if plain:
            if self._paused:
                self._unread += plain
            else:
                self._receive(plain)
        if self._over:
            self._look_at_end()

    def _read_to_room(self) -> None:
        """Read into the shared buffer from now on."""
        self._roomy = True
        self._raw.set_protocol(Feed(self, self._room))
        if not self._paused and not self._raw.is_closing():
            # uvloop looks at the kind of protocol when reading begins.
            self._raw.pause_reading()
            self._raw.resume_reading()

    def _look_at_end(self) -> None:
        """Pass up an end or an error that came after the data."""
        if self._peer_ended:
            self._tell_end()
        if self._error is not None and not self._closing:
            self._fail()

    def _decrypt(self) -> bytes:
        """Return the plain bytes of the whole records that have come; note an end or an error."""
        read = self._read
        incoming = self._incoming
        parts = []
        try:
            while part := read(RECORD):
                parts.append(part)
                if not incoming.pending:
                    break  # a further read would only raise SSLWantReadError
            else:
                self._over = self._peer_ended = True
        except ssl.SSLError as error:
            self._on_nothing(error)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _on_nothing(self, error: ssl.SSLError) -> None:
        """Note an end or an error, if OpenSSL does not just wait for more data."""
        if isinstance(error, ssl.SSLWantReadError):
            return
        self._over = True
        if isinstance(error, ssl.SSLZeroReturnError):
            self._peer_ended = True
        else:
            self._error = TLSError.from_sslerror(error)

    def _decrypt_pieces(self, data: bytes | memoryview) -> Iterator[bytes]:
        view = memoryview(data)
        for start in range(0, len(data), PIECE):
            self._incoming.write(view[start : start + PIECE])
            yield self._decrypt()
            if self._over:
                return

    def _answer(self) -> None:
        """Send what OpenSSL itself has written: the response to a KeyUpdate, or an alert."""
        records = self._outgoing.read()
        if self._eof_sent:
            return
        if self._blocked and self._raw.get_write_buffer_size() > 4 * PIECE:
            self.abort()  # the client keeps asking, and does not read the responses
        else:
            self._raw.write(records)

    def _tell_end(self) -> None:
        """Pass up the peer's close_notify, or its FIN without one (Node: 'end' for both)."""
        if self._peer_end_told or self._paused or self._closing:
            return
        self._peer_end_told = True
        if not self._protocol.eof_received():
            self.close()

    def _fail(self) -> None:
        """Close the connection after a protocol error of the client; the alert was sent."""
        if self._blocked or self._unsent:
            self.abort()
        else:
            self._closing = self._eof_sent = True
            self._raw.close()

    def eof_received(self) -> bool:
        """Note the peer's FIN."""
        self._over = self._peer_ended = True
        self._tell_end()
        return True

    def pause_writing(self) -> None:
        """Pass on no more: the system took only a part."""
        self._blocked = True
        self._tell_to_pause()

    def resume_writing(self) -> None:
        """Go on with what waits: the system has all that was passed on."""
        once_taken(self._raw, tick_queue(), self._resume_writing)

    def _resume_writing(self) -> None:
        self._blocked = False
        if self._unsent:
            self._pump()
        else:
            self._on_sent()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Notify the protocol above, and drop it."""
        untie(self._raw)
        protocol = self._protocol
        if self._eof_sent and getattr(exc, "errno", None) == errno.ENOTCONN:
            exc = None
        self._closing = True
        self._protocol = None
        self._receive = discard
        self._drop_unsent()
        if self.raw_channel is not None:
            self.raw_channel.connection_lost(None)
        if protocol is not None:
            protocol.connection_lost(self._error or exc)

    # -- writing ---------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt `data` and pass it on; what the system does not take yet waits unencrypted."""
        if not data or self._closing or self._eof_wanted:
            return
        if self._blocked or self._unsent or len(data) > RECORD:
            self.writelines((data,))
            return
        try:
            self._encrypt(data)
        except ssl.SSLError as error:
            self._hold(data, error)
            return
        self._raw.write(self._outgoing.read())

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        """Write the parts as few records."""
        if self._closing or self._eof_wanted:
            return
        for part in gathered(list_of_data):
            self._unsent.append(part)
            self._unsent_size += len(part)
        if self._blocked:
            self._tell_to_pause()
        else:
            self._pump()

    def _hold(self, data: Any, error: ssl.SSLError) -> None:
        """Handle a write that OpenSSL refused: let it wait for the client, or abort."""
        if isinstance(error, ssl.SSLWantReadError):  # TLS 1.2: a renegotiation is under way
            self._unsent.append(data)
            self._unsent_size += len(data)
            self._tell_to_pause()
        else:
            self._error = TLSError.from_sslerror(error)
            self.abort()

    def _pump(self) -> None:
        """Encrypt what waits, a piece at a time, as long as the system takes it."""
        unsent = self._unsent
        stuck = False
        while unsent and not self._blocked and not stuck and not self._raw.is_closing():
            stuck = not self._encrypt_piece()
            if self._outgoing.pending:
                self._raw.write(self._outgoing.read())
        if unsent:
            self._tell_to_pause()
        elif not self._blocked:
            self._on_sent()

    def _encrypt_piece(self) -> bool:
        """Encrypt up to a piece of what waits; False if OpenSSL first wants to read."""
        unsent = self._unsent
        write = self._encrypt
        room = PIECE
        while unsent and room > 0:
            head = unsent[0]
            try:
                taken = write(head if len(head) <= room else memoryview(head)[:room])
            except ssl.SSLWantReadError:
                return False
            except ssl.SSLError as error:
                self._error = TLSError.from_sslerror(error)
                self.abort()
                return False
            room -= taken
            self._unsent_size -= taken
            if taken == len(head):
                unsent.popleft()
            else:
                unsent[0] = memoryview(head)[taken:]
        return True

    def _on_sent(self) -> None:
        """Close, end or resume writing, as asked: nothing waits here or below."""
        if self._closing:
            self._finish()
            return
        if self._eof_wanted:
            self._end_writing()
        if self._told_to_pause:
            self._told_to_pause = False
            if self._protocol is not None:
                self._protocol.resume_writing()

    def _tell_to_pause(self) -> None:
        if not self._told_to_pause and not self._closing and self._protocol is not None:
            self._told_to_pause = True
            self._protocol.pause_writing()

    def _drop_unsent(self) -> None:
        self._unsent.clear()
        self._unsent_size = 0

    def get_write_buffer_size(self) -> int:
        """Return the bytes that the operating system does not have."""
        size: int = self._raw.get_write_buffer_size()
        return size + self._unsent_size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the marks of the transport below, in bytes."""
        limits: tuple[int, int] = self._raw.get_write_buffer_limits()
        return limits

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks of the transport below, in bytes."""
        self._raw.set_write_buffer_limits(high, low)

    # -- ending ----------------------------------------------------------------

    def can_write_eof(self) -> bool:
        """Return whether `write_eof` may be called."""
        return bool(self._raw.can_write_eof())

    def write_eof(self) -> None:
        """Send close_notify and FIN behind what was written; reading goes on (Node: `end`)."""
        if self._eof_wanted or self._closing:
            return
        self._eof_wanted = True
        if not self._unsent:
            self._end_writing()

    def _end_writing(self) -> None:
        if not self._eof_sent:
            self._say_goodbye()
        if self._blocked or self._fin_sent:  # asyncio does not expect a FIN that waits behind data to fail
            return
        self._fin_sent = True
        try:
            self._raw.write_eof()
        except OSError:
            pass  # Node: a client that has gone needs no FIN

    def _say_goodbye(self) -> None:
        """Send close_notify (RFC 8446, 6.1)."""
        self._eof_sent = True
        if self._incoming.pending:
            self._unread += self._decrypt()  # `unwrap` would drop what still waits there
        try:
            self._ssl.unwrap()
        except (ssl.SSLError, OSError):
            pass  # it also expects the client's, which need not have come
        if self._outgoing.pending:
            self._raw.write(self._outgoing.read())

    def is_closing(self) -> bool:
        """Return whether nothing more can be written."""
        return self._closing or bool(self._raw.is_closing())

    def close(self) -> None:
        """Close when what was written has been passed on, behind a close_notify."""
        if self._closing:
            return
        self._closing = True
        if not self._unsent:
            self._finish()
        elif not self._paused and not self._raw.is_closing():
            self._raw.pause_reading()

    def _finish(self) -> None:
        if not self._eof_sent:
            self._say_goodbye()
        self._raw.close()

    def abort(self) -> None:
        """Close at once, without close_notify; unsent bytes are dropped."""
        self._closing = True
        self._drop_unsent()
        self._raw.abort()

    # -- reading ---------------------------------------------------------------

    def is_reading(self) -> bool:
        """Return whether bytes are passed up."""
        return not self._paused and not self._closing

    def pause_reading(self) -> None:
        """Pass up no data until `resume_reading`."""
        if not self._paused and not self._closing:
            self._paused = True
            self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Pass data up again, first what came meanwhile."""
        if not self._paused or self._closing:
            return
        self._paused = False
        if self._unread or self._incoming.pending or self._over:
            asyncio.get_running_loop().call_soon(self.read_on)
        else:
            self._raw.resume_reading()

    def read_on(self) -> None:
        """Pass up what has come already, then read on."""
        if self._paused or self._closing:
            return
        if self._unread or self._incoming.pending:
            data, self._unread = self._unread, b""
            self._raw.resume_reading()
            if self._incoming.pending:
                data += self._decrypt()
            if data:
                self._receive(data)
        else:
            self._raw.resume_reading()
        self._look_at_end()

    # -- its state -------------------------------------------------------------

    @property
    def below(self) -> Any:
        """The transport that carries the records."""
        return self._raw

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return a value of the TLS connection, or of the transport below.

        `name` is "ssl_object", "sslcontext", "server_name", "cipher", "peercert", "compression", or one
        that the transport below knows ("peername", "sockname", "socket").
        """
        if name == "ssl_object":
            return self._ssl
        if name == "sslcontext":
            return self._ssl.context
        if name == "server_name":
            return self.server_name
        if name == "cipher":
            return self._ssl.cipher()
        if name == "peercert":
            return self._ssl.getpeercert()
        if name == "compression":
            return self._ssl.compression()
        return self._raw.get_extra_info(name, default)

    def set_protocol(self, protocol: Any) -> None:
        """Pass data to `protocol` from now on."""
        self._protocol = protocol
        self._receive = protocol.data_received

    def get_protocol(self) -> Any:
        """Return the protocol above; None once the connection has gone."""
        return self._protocol
