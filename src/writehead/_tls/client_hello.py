"""ClientHello: the server name and the protocols of ALPN, read before OpenSSL reads the message.

Invariant: nothing is refused here. A message that cannot be read here is left to OpenSSL; if OpenSSL accepts
it, the client is served as one that named nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

#: Bytes of the longest message that OpenSSL accepts (`CLIENT_HELLO_MAX_LENGTH`).
LONGEST = 131_396

#: Bytes of the longest record (RFC 8446, 5.1).
RECORD = 16_384

#: Bytes that are read at the most: the longest message, unless it comes in many tiny records.
MOST = LONGEST + 4096

_HANDSHAKE = 22
_CLIENT_HELLO = 1
_SERVER_NAME = 0  # RFC 6066, 3
_ALPN = 16  # RFC 7301, 3.1


class ClientHello:
    """The first message of a client, collected from its records."""

    __slots__ = ("_at", "_message", "name", "protocols", "received")

    def __init__(self) -> None:
        #: All bytes that have come.
        self.received = bytearray()
        #: The server name that the client asks for; "" without one. Latin-1 if it is not ASCII, as in Node.
        self.name = ""
        #: The protocols that the client offers (ALPN).
        self.protocols: list[bytes] = []
        self._at = 0  # where the next record begins
        self._message = bytearray()

    def feed(self, data: bytes | memoryview) -> bool:
        """Add bytes; return whether the message is complete, or is not a ClientHello."""
        self.received += data
        try:
            body = self._collect()
            if body is None:
                return False
            self._read(body)
        except ValueError:
            pass
        self._message.clear()
        return True

    def _collect(self) -> bytes | None:
        """Return the body of the message; None if more must come.

        Raises:
            ValueError: it is not a ClientHello.
        """
        received, message = self.received, self._message
        while True:
            head = received[self._at : self._at + 5]
            if (head and head[0] != _HANDSHAKE) or (len(head) > 1 and head[1] != 3) or self._at > MOST:
                raise ValueError
            end = self._at + 5 + int.from_bytes(head[3:])
            if len(head) < 5 or len(received) < end:
                if end > self._at + 5 + RECORD:
                    raise ValueError
                return None
            message += received[self._at + 5 : end]
            self._at = end
            size = 4 + int.from_bytes(message[1:4])
            if (message and message[0] != _CLIENT_HELLO) or size > LONGEST:
                raise ValueError
            if len(message) >= max(size, 4):
                return bytes(message[4:size])

    def _read(self, body: bytes) -> None:
        rest = _Bytes(body)
        rest.take(2 + 32)  # version and random
        for width in (1, 2, 1):  # session, ciphers, compressions
            rest.vector(width)
        name, protocols = "", []
        for kind, extension in _extensions(rest.vector(2)):
            if kind == _SERVER_NAME:
                name = _server_name(extension)
            elif kind == _ALPN:
                protocols = list(_protocols(extension.vector(2)))
        self.name, self.protocols = name, protocols


class _Bytes:
    """Bytes that are read from the front; ValueError if there are too few."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        start = self._at
        self._at = end = start + count
        if end > len(self._data):
            raise ValueError
        return self._data[start:end]

    def number(self, width: int) -> int:
        return int.from_bytes(self.take(width))

    def vector(self, width: int) -> _Bytes:
        """Read bytes that have their length in front of them, in `width` bytes."""
        return _Bytes(self.take(self.number(width)))

    def all(self) -> bytes:
        return self.take(len(self._data) - self._at)


def _extensions(block: _Bytes) -> Iterator[tuple[int, _Bytes]]:
    while block:
        yield block.number(2), block.vector(2)


def _server_name(extension: _Bytes) -> str:
    """Return the one name that is allowed, as OpenSSL reads it."""
    names = extension.vector(2)
    kind, name = names.number(1), names.vector(2).all()
    if kind or names or extension or len(name) > 255 or 0 in name:
        raise ValueError
    return name.decode("latin-1")


def _protocols(names: _Bytes) -> Iterator[bytes]:
    while names:
        yield names.vector(1).all()
