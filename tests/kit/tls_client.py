"""Clients that speak TLS: over a port, and in memory."""

from __future__ import annotations

import socket
import ssl

from tests.kit.certificates import authority
from tests.kit.loops import TIMEOUT
from writehead._testing.transport import MemoryTransport, settle


def connect(port: int, context: ssl.SSLContext | None = None, name: str = "localhost") -> ssl.SSLSocket:
    """Return a connection over TLS whose end without close_notify is an error."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    try:
        return (context or authority().context()).wrap_socket(
            raw, server_hostname=name, suppress_ragged_eofs=False
        )
    except BaseException:
        raw.close()
        raise


class MemoryClient:
    """The other end of a transport in memory, speaking TLS.

    Args:
        raw: the server's transport.
        context: of the client.
        name: the server name that it asks for.
    """

    def __init__(
        self, raw: MemoryTransport, context: ssl.SSLContext | None = None, name: str | None = "localhost"
    ) -> None:
        self.raw = raw
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.ssl = (context or authority().context()).wrap_bio(
            self.incoming, self.outgoing, server_hostname=name
        )
        #: Plain bytes from the server.
        self.received = b""
        #: Whether the server's close_notify has come.
        self.ended = False
        self._seen = 0

    def shake_hands(self) -> None:
        """Do the handshake to its end."""
        for _ in range(5):
            try:
                self.ssl.do_handshake()
            except ssl.SSLWantReadError:
                self.exchange()
            else:
                self.exchange()
                return
        raise AssertionError("no handshake")

    def exchange(self) -> None:
        """Send what there is to send, and take what has come."""
        self.pass_on()
        settle()
        self.take()

    def pass_on(self) -> None:
        if self.outgoing.pending:
            self.raw.feed(self.outgoing.read())

    def take(self) -> None:
        self.incoming.write(bytes(self.raw.written[self._seen :]))
        self._seen = len(self.raw.written)

    def send(self, data: bytes) -> None:
        """Send plain bytes as one packet."""
        self.pack(data)
        self.exchange()
        self.read()

    def pack(self, data: bytes) -> None:
        """Encrypt, without sending yet."""
        view = memoryview(data)
        while view:
            view = view[self.ssl.write(view) :]

    def read(self) -> bytes:
        """Return all that the server has sent so far, decrypted."""
        settle()
        self.take()
        try:
            while part := self.ssl.read(65536):
                self.received += part
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return self.received

    def say_goodbye(self) -> None:
        """Send close_notify."""
        try:
            self.ssl.unwrap()
        except ssl.SSLError:
            pass
        self.exchange()
