"""SocketInfo: the properties of a socket: its state, addresses, options of the system, and TLS."""

from __future__ import annotations

import asyncio
import socket as system
from typing import TYPE_CHECKING, Any, Self

from writehead._net.addresses import address_text
from writehead._net.channel import Channel
from writehead._node import validators
from writehead._streams.readable import Readable
from writehead._streams.stages import FLUSHED, Fate
from writehead._tls import peer_certificate

if TYPE_CHECKING:
    from writehead._node.argument_types import Duration
    from writehead._server.server import Server


_LONGEST = 2**31 - 1  # seconds: an option of the system is an int
# What uvloop raises for a connection that ended before it was accepted: AttributeError at the first question,
# ValueError later, for a descriptor of -1.
_GONE = (AttributeError, OSError, ValueError)


class SocketInfo(Readable):
    """The properties of a `Socket`."""

    __slots__ = ("_channel", "_listeners")

    _channel: Channel

    # -- state of the stream, which Readable needs ---------------------------

    @property
    def _fate(self) -> Fate:  # type: ignore[override]  # kept by its channel
        return self._channel.fate

    @property
    def _high_water_mark(self) -> int:  # of both directions
        return self._channel.mark

    @_high_water_mark.setter
    def _high_water_mark(self, mark: int) -> None:
        self._channel.mark = mark

    @property
    def _errored(self) -> BaseException | None:  # type: ignore[override]
        return self._channel.errored

    # -- options of the system -------------------------------------------------

    def set_no_delay(self, on: bool = True) -> Self:
        """Switch Nagle's algorithm off (TCP_NODELAY), or on again."""
        self._set_option("IPPROTO_TCP", "TCP_NODELAY", int(bool(on)))
        return self

    setNoDelay = set_no_delay

    def set_keep_alive(self, on: bool = False, initial_delay: Duration = 0) -> Self:
        """Switch TCP keep-alive probes on or off; `initial_delay` in milliseconds, 0 leaves it as it is."""
        seconds = min(int(validators.milliseconds(initial_delay, "initial_delay") // 1000), _LONGEST)
        self._set_option("SOL_SOCKET", "SO_KEEPALIVE", int(bool(on)))
        if on and seconds:
            self._set_option("IPPROTO_TCP", "TCP_KEEPIDLE", seconds)
            self._set_option("IPPROTO_TCP", "TCP_KEEPALIVE", seconds)  # macOS
        return self

    setKeepAlive = set_keep_alive

    def _set_option(self, level: str, name: str, value: int) -> None:
        sock = None if self._channel.transport is None else self._channel.transport.get_extra_info("socket")
        number = getattr(system, name, None)
        if sock is None or number is None or self._channel.fate:
            return
        try:
            sock.setsockopt(getattr(system, level), number, value)
        except (OSError, ValueError):  # a Unix socket has no TCP options (Node: ignored too), or it has gone
            return

    def ref(self) -> Self:
        """Return the socket; here the server alone keeps the loop alive."""
        return self

    def unref(self) -> Self:
        """Return the socket; here the server alone keeps the loop alive."""
        return self

    # -- its state -------------------------------------------------------------

    @property
    def transport(self) -> asyncio.Transport:
        """The asyncio transport underneath."""
        transport: asyncio.Transport = self._channel.transport
        return transport

    @property
    def server(self) -> Server | None:
        """The Server that accepted it."""
        return None if self._channel.config is None else self._channel.config.server

    @property
    def destroyed(self) -> bool:
        """Whether the socket was destroyed, or its connection is closed."""
        return bool(self._channel.fate)

    @property
    def readable(self) -> bool:
        """Whether the client may still send."""
        return not (self._channel.fate or self._channel.peer_ended)

    @property
    def writable(self) -> bool:
        """Whether `write` may still be called."""
        return not (self._channel.fate or self._channel.writing)

    @property
    def ready_state(self) -> str:
        """One of "open", "readOnly" (ended here), "writeOnly" (ended by the client), "closed"."""
        if self.readable:
            return "open" if self.writable else "readOnly"
        return "writeOnly" if self.writable else "closed"

    readyState = ready_state

    @property
    def bytes_read(self) -> int:
        """Bytes received."""
        return self._channel.bytes_read

    bytesRead = bytes_read

    @property
    def bytes_written(self) -> int:
        """Bytes written, those still queued or corked included."""
        self._channel.settle()
        return self._channel.bytes_passed + self._channel.unpassed

    bytesWritten = bytes_written

    @property
    def writable_length(self) -> int:
        """Bytes written that the operating system does not have yet."""
        self._channel.settle()
        return self._channel.pending

    writableLength = writable_length

    @property
    def writable_high_water_mark(self) -> int:
        """The number of waiting bytes from which `write` returns False."""
        return self._channel.mark

    writableHighWaterMark = writable_high_water_mark

    @property
    def writable_ended(self) -> bool:
        """Whether `end` was called."""
        return bool(self._channel.writing)

    writableEnded = writable_ended

    @property
    def writable_finished(self) -> bool:
        """Whether 'finish' came or is about to."""
        return self._channel.writing is FLUSHED

    writableFinished = writable_finished

    @property
    def writable_corked(self) -> int:
        """The depth of `cork`."""
        return self._channel.corked

    writableCorked = writable_corked

    @property
    def writable_need_drain(self) -> bool:
        """Whether 'drain' is to be emitted."""
        return self._channel.need_drain and not self._channel.writing and not self._channel.fate

    writableNeedDrain = writable_need_drain

    # -- addresses -------------------------------------------------------------

    def _address(self, local: bool) -> tuple[Any, ...]:
        transport = self._channel.transport
        if transport is None:
            return ()
        if self._channel.fate and type(getattr(transport, "_raw", transport)).__name__ == "UnixTransport":
            return ()  # uvloop would use its descriptor, which another socket may have by now
        # Both loops keep the addresses of a TCP connection after its end.
        try:
            pair = transport.get_extra_info("sockname" if local else "peername")
        except _GONE:
            return ()
        return pair if isinstance(pair, tuple) else ()

    @property
    def remote_address(self) -> str | None:
        """The client's IP address; None for a Unix socket."""
        return _text(self._address(False))

    remoteAddress = remote_address

    @property
    def remote_port(self) -> int | None:
        """The client's port."""
        port: int | None = _item(self._address(False), 1)
        return port

    remotePort = remote_port

    @property
    def remote_family(self) -> str | None:
        """The string "IPv4" or "IPv6"."""
        return _family(self._address(False))

    remoteFamily = remote_family

    @property
    def local_address(self) -> str | None:
        """The IP address that the client connected to."""
        return _text(self._address(True))

    localAddress = local_address

    @property
    def local_port(self) -> int | None:
        """The port that the client connected to."""
        port: int | None = _item(self._address(True), 1)
        return port

    localPort = local_port

    @property
    def local_family(self) -> str | None:
        """The string "IPv4" or "IPv6"."""
        return _family(self._address(True))

    localFamily = local_family

    def address(self) -> dict[str, Any]:
        """Return the local address, family and port; empty once destroyed."""
        pair = self._address(True)
        if not pair or self._channel.fate:
            return {}
        return {"address": address_text(pair), "family": _family(pair), "port": pair[1]}

    # -- TLS -------------------------------------------------------------------

    @property
    def _tls(self) -> Any:
        return (
            None if self._channel.transport is None else self._channel.transport.get_extra_info("ssl_object")
        )

    @property
    def encrypted(self) -> bool | None:
        """True over TLS, else None."""
        return True if self._tls is not None else None

    @property
    def authorized(self) -> bool | None:
        """Over TLS: whether the client sent a certificate that was verified."""
        tls = self._tls
        return None if tls is None else peer_certificate.is_verified(tls)

    @property
    def authorization_error(self) -> str | None:
        """Why a client that was asked for a certificate is not `authorized`, by OpenSSL's name."""
        tls = self._tls
        return None if tls is None else peer_certificate.verification_error(tls)

    authorizationError = authorization_error

    @property
    def alpn_protocol(self) -> str | bool | None:
        """The protocol agreed on by ALPN; False if the client offered none."""
        tls = self._tls
        return None if tls is None else (tls.selected_alpn_protocol() or False)

    alpnProtocol = alpn_protocol

    @property
    def servername(self) -> str | bool | None:
        """The server name that the client asked for (SNI), latin-1 if it is not ASCII; False if it named none."""
        return None if self._tls is None else (self._channel.transport.get_extra_info("server_name") or False)

    def get_cipher(self) -> dict[str, str] | None:
        """Return the cipher's name, standard_name (IANA's) and version; None without TLS."""
        tls = self._tls
        return None if tls is None else peer_certificate.cipher_of(tls)

    getCipher = get_cipher

    def get_peer_certificate(self) -> dict[str, Any] | None:
        """Return the client's certificate; empty if it sent none; None without TLS.

        `subject` and `issuer` are mappings ("CN", "O", …), `subjectaltname` is text
        ("DNS:a, IP Address:…"; None without any), `valid_from`, `valid_to`, `serial_number`, `fingerprint`,
        `fingerprint256` and `fingerprint512` too; `raw` is the certificate in DER.
        """
        tls = self._tls
        return None if tls is None else peer_certificate.certificate_of(tls)

    getPeerCertificate = get_peer_certificate


def _text(pair: tuple[Any, ...]) -> str | None:
    return address_text(pair) if pair else None


def _item(pair: tuple[Any, ...], index: int) -> Any:
    return pair[index] if pair else None


def _family(pair: tuple[Any, ...]) -> str | None:
    if not pair:
        return None
    return "IPv6" if ":" in pair[0] else "IPv4"
