"""Clients that speak TLS: over a port, record by record, and in memory."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

from tests.kit.certificates import authority
from tests.kit.raw_client import connect as connect_plain
from writehead._testing.transport import MemoryTransport, settle


def connect(port: int, context: ssl.SSLContext | None = None, name: str = "localhost") -> ssl.SSLSocket:
    """Return a connection over TLS whose end without close_notify is an error."""
    raw = connect_plain(port)
    try:
        return (context or authority().context()).wrap_socket(
            raw, server_hostname=name, suppress_ragged_eofs=False
        )
    except BaseException:
        raw.close()
        raise


def shake_hands(
    server_context: ssl.SSLContext, client_context: ssl.SSLContext | None = None
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """Return server's and client's side of a handshake between two contexts, without a transport."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(there, back, server_side=True)
    client = (client_context or authority().context()).wrap_bio(back, there, server_hostname="localhost")
    for _ in range(3):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    return server, client


class RecordClient:
    """A client over a socket that blocks, whose records are bytes before they are sent: for half of one, or none.

    Args:
        raw: the connected socket.
        context: of the client.
    """

    def __init__(self, raw: socket.socket, context: ssl.SSLContext | None = None) -> None:
        self.raw = raw
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = (context or authority().context()).wrap_bio(
            self.incoming, self.outgoing, server_hostname="localhost"
        )
        self.step(self.tls.do_handshake)

    def step(self, function: Callable[..., Any], *args: Any) -> Any:
        """Do a step of TLS to its end; None once the server has gone."""
        while True:
            try:
                return function(*args)
            except ssl.SSLWantReadError:
                self.pass_on()
                data = self.raw.recv(65536)
                if not data:
                    return None
                self.incoming.write(data)
            except ssl.SSLZeroReturnError:
                return None
            finally:
                self.pass_on()

    def pass_on(self) -> None:
        if self.outgoing.pending:
            self.raw.sendall(self.outgoing.read())

    def records(self, data: bytes) -> bytes:
        """Return what would stand on the wire for `data`."""
        self.tls.write(data)
        return self.outgoing.read()

    def close_notify(self) -> bytes:
        """Return the record that ends the client's side."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # the server's own has not come
        return self.outgoing.read()

    def send(self, data: bytes) -> None:
        self.raw.sendall(self.records(data))

    def read(self, size: int = 65536) -> bytes:
        """Return plain bytes; none at the end."""
        return self.step(self.tls.read, size) or b""


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
