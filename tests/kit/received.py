"""What a reader gets of a response, whichever wire it came by; and h11, a stranger, as the reader of HTTP/1."""

from __future__ import annotations

from dataclasses import dataclass, field

import h11

Fields = list[tuple[str, str]]


@dataclass
class Received:
    """A response as RFC 9110 knows it; names in lower case, no whitespace around values."""

    status: int | None = None  # None: no head has come
    fields: Fields = field(default_factory=list)
    body: bytes = b""
    trailers: Fields = field(default_factory=list)
    informational: list[tuple[int, Fields]] = field(default_factory=list)
    ended: bool = False

    def all(self, name: str) -> list[str]:
        """Return the values of a field, in order."""
        return [value for key, value in self.fields if key == name]


def read_http1(data: bytes, method: str = "GET", closed: bool = False) -> Received:
    """Return what h11 makes of the bytes of one response; it raises on what it would not accept.

    `closed` says that the connection has ended, which ends a body that nothing else delimits.
    """
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    if data:
        client.receive_data(data)
    if closed:
        client.receive_data(b"")
    received = Received()
    while not received.ended:
        event = client.next_event()
        if isinstance(event, h11.InformationalResponse):
            received.informational.append((event.status_code, _texts(event.headers)))
        elif isinstance(event, h11.Response):
            received.status, received.fields = event.status_code, _texts(event.headers)
        elif isinstance(event, h11.Data):
            received.body += event.data
        elif isinstance(event, h11.EndOfMessage):
            received.trailers, received.ended = _texts(event.headers), True
        else:
            break
    assert not received.ended or not client.trailing_data[0]
    return received


def _texts(fields: h11._headers.Headers) -> Fields:
    return [(name.decode("latin-1"), value.decode("latin-1").strip(" \t")) for name, value in fields]
