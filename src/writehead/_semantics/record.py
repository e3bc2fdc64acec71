"""Record: what is known of one exchange when it is over.

Invariant: while an exchange is under way, what carries it notes plain values: `Notes`. Everything else is worked out when
it is asked for, from a `Record`, which holds no connection and may be kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from writehead._semantics.exchange import RequestHead
from writehead._semantics.forwarded import Trust
from writehead._semantics.headers import Headers
from writehead._semantics.outcome import Outcome
from writehead._semantics.targets import split_target
from writehead._semantics.traceparent import trace_of

#: The status of an exchange of which the client was sent nothing.
NOTHING_SENT = 499


class Peer:
    """What all records of one connection share.

    Attributes:
        number: of the connection, on its server.
        address, port: of the other end; None on a Unix socket.
        scheme: "http" or "https".
        tls: the version of TLS; None without.
        requests: how many of its exchanges have a `Record`.
        now: the clock of its records, in seconds.
        trust: what the other end is believed to say of clients; None if it is no proxy.
    """

    __slots__ = ("address", "now", "number", "port", "requests", "scheme", "tls", "trust")

    def __init__(
        self,
        number: int,
        address: str | None,
        port: int | None,
        tls: str | None,
        now: Callable[[], float],
    ) -> None:
        self.number: int = number
        self.address: str | None = address
        self.port: int | None = port
        self.tls: str | None = tls
        self.scheme: str = "http" if tls is None else "https"
        self.requests: int = 0
        self.now: Callable[[], float] = now
        self.trust: Trust | None = None


class Notes:
    """What is noted of an exchange while it is under way; an exchange of HTTP/1 is its own notes.

    Attributes:
        began: when the first byte of the request came, in seconds of the clock; None: nobody takes records, and nothing
            is noted.
        received: when its head was complete; None: at once.
        first: when the first byte of the response was passed on; None: with the last one.
        ended: when it was over.
        head: of the request; None if it could not be read.
        peer: what the records of its connection share.
        sent: the head of the response, and perhaps the body behind it.
        passed: bytes that the connection had passed on before the response.
        route: the route, or the scope in which a framework may have left one.
    """

    began: float | None = None
    received: float | None = None
    first: float | None = None
    ended: float = 0.0
    head: RequestHead | None = None
    peer: Peer
    sent: bytes | None = None
    passed: int = 0
    route: Any = None
    status: int = NOTHING_SENT
    bytes_in: int = 0
    bytes_out: int = 0
    error: BaseException | None = None
    outcome: Outcome = Outcome.FINISHED

    def note_response(self, rendered: bytes) -> None:
        """Note a whole response that was not sent by an exchange."""
        self.status = int(rendered[9:12])
        self.sent = rendered
        self.bytes_out = len(rendered) - self.head_size

    @property
    def head_size(self) -> int:
        """Bytes of the head of the response."""
        return 0 if self.sent is None else self.sent.find(b"\r\n\r\n") + 4

    def forget_response(self) -> None:
        """Note that nothing of the response was sent."""
        self.status = NOTHING_SENT
        self.bytes_out = 0
        self.sent = None


class Record:
    """One exchange that is over: a request and its response.

    Times are milliseconds after `time`. A value that is not known is None.

    Attributes:
        outcome: how it ended.
        status: of the response, as sent; 499 if nothing was sent.
        error: what ended it, if that is an exception.
        bytes_in: of the body of the request, without the framing of chunks.
        bytes_out: of the body of the response, without the framing of chunks. When the connection was lost: those that
            were passed to the operating system, or waited for that.
        request: which exchange of its connection it was, from 1.
    """

    __slots__ = (
        "_began",
        "_ended",
        "_first",
        "_head",
        "_peer",
        "_received",
        "_route",
        "_sent",
        "bytes_in",
        "bytes_out",
        "error",
        "outcome",
        "request",
        "status",
    )

    _head: RequestHead | None  # None if it could not be read
    _peer: Peer
    _began: float  # seconds of the clock: the first byte of the request has come,
    _received: float  # its head was complete,
    _first: float | None  # the first byte of the response was passed on; None: with the last one,
    _ended: float  # and it was over
    _sent: bytes | None  # the head of the response
    _route: str | None
    bytes_in: int
    bytes_out: int
    error: BaseException | None
    outcome: Outcome
    request: int
    status: int

    def __init__(self, notes: Notes) -> None:
        self._head = notes.head
        self._peer = peer = notes.peer
        peer.requests = self.request = peer.requests + 1
        self._began = began = notes.began or 0.0
        self._received = began if notes.received is None else notes.received
        self._first = notes.first
        self._ended = notes.ended
        self._route = route_of(notes)
        self._sent = sent = notes.sent
        if sent is not None:
            self._sent = sent[: sent.find(b"\r\n\r\n") + 4]
        self.outcome = notes.outcome
        self.status = notes.status
        self.error = notes.error
        self.bytes_in = notes.bytes_in
        self.bytes_out = notes.bytes_out

    # -- the request ---------------------------------------------------------------

    @property
    def method(self) -> str | None:
        """The method; None if the request could not be read."""
        return None if self._head is None else self._head.method

    @property
    def target(self) -> str | None:
        """The request target, as sent."""
        return None if self._head is None else self._head.url

    @property
    def path(self) -> str | None:
        """The path of the target, without the query; not decoded."""
        return None if self._head is None else split_target(self._head.target)[0].decode("latin-1")

    @property
    def query(self) -> str | None:
        """The query of the target, without the question mark."""
        return None if self._head is None else split_target(self._head.target)[1].decode("latin-1")

    @property
    def version(self) -> str | None:
        """The version of HTTP, such as "1.1"."""
        head = self._head
        return None if head is None else getattr(head, "version", "1.1")  # an ordinary head is of 1.1

    @property
    def request_headers(self) -> Headers:
        """The fields of the request by lower-case name, as `IncomingMessage.headers`."""
        return Headers() if self._head is None else self._head.joined()

    @property
    def scheme(self) -> str:
        """The scheme: "http" or "https"."""
        return self._peer.scheme

    @property
    def trace_id(self) -> str | None:
        """The id of the trace, of a good `traceparent` (W3C Trace Context)."""
        found = self._trace()
        return None if found is None else found[0]

    @property
    def span_id(self) -> str | None:
        """The id of the client's span, of a good `traceparent`."""
        found = self._trace()
        return None if found is None else found[1]

    def _trace(self) -> tuple[str, str] | None:
        return trace_of(self.request_headers.get("traceparent"))

    # -- the response --------------------------------------------------------------

    @property
    def route(self) -> str | None:
        """The route: what the program has set as `res.route`, or a framework has left in `scope["route"]`."""
        return self._route

    @property
    def head_bytes_out(self) -> int:
        """Bytes of the head of the response."""
        return 0 if self._sent is None else len(self._sent)

    @property
    def response_headers(self) -> Headers:
        """The fields of the response by lower-case name, as sent; those of one name joined by ", "."""
        fields = Headers()
        if self._sent is not None:
            lines = self._sent.decode("latin-1").split("\r\n")[1:-2]
            for line in lines:
                name, _, value = line.partition(": ")
                name = name.lower()
                if name == "set-cookie":
                    fields.setdefault(name, []).append(value)  # type: ignore[union-attr]
                else:
                    fields[name] = f"{fields[name]}, {value}" if name in fields else value
        return fields

    # -- its times -----------------------------------------------------------------

    @property
    def time(self) -> float:
        """When the first byte of the request came, in seconds since 1970."""
        return time.time() - (self._peer.now() - self._began)

    @property
    def received(self) -> float:
        """When the head of the request was complete."""
        return (self._received - self._began) * 1000

    @property
    def dispatched(self) -> float:
        """When the program was given the request."""
        return (self._received - self._began) * 1000

    @property
    def first_byte(self) -> float | None:
        """When the first byte of the response was passed to the operating system; None if none was."""
        if self.status == NOTHING_SENT:
            return None
        first = self._ended if self._first is None else self._first
        return (first - self._began) * 1000

    @property
    def last_byte(self) -> float | None:
        """When the operating system had the last byte of the response; None if it has not got all."""
        return self.duration if self.outcome is Outcome.FINISHED else None

    @property
    def duration(self) -> float:
        """How long it took, to the last byte or to its end."""
        return (self._ended - self._began) * 1000

    @property
    def queued(self) -> float:
        """How long it waited before the program was given the request."""
        return 0.0

    # -- its connection ------------------------------------------------------------

    @property
    def peer(self) -> str | None:
        """The address of the other end of the connection; None on a Unix socket."""
        return self._peer.address

    @property
    def client(self) -> str | None:
        """The address of the client, as a proxy says that is trusted, else that of the other end."""
        trust = self._peer.trust
        found = None if trust is None else trust.read(self.request_headers.get).address
        return self._peer.address if found is None else found

    @property
    def connection(self) -> int:
        """The number of the connection on its server, from 1."""
        return self._peer.number

    @property
    def tls(self) -> str | None:
        """The version of TLS, such as "TLSv1.3"; None without."""
        return self._peer.tls

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.target} {self.status} {self.outcome}>"


def route_of(notes: Notes) -> str | None:
    """Return the route: what the program has set, or a framework has left in `scope["route"]`."""
    route = notes.route
    if isinstance(route, dict):
        route = route.get("route")
        route = getattr(route, "path", route)
    return route if isinstance(route, str) else None
