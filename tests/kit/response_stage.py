"""What the tests of a response share: one response over a connection in memory, or over a writable by hand.

Law: outside of a handler nothing runs by itself: `settle()` lets the later turns come.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.kit.masks import dateless
from tests.kit.stage import GET
from writehead import http, testing
from writehead.events import EventEmitter

settle = testing.settle
HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
GET10 = b"GET / HTTP/1.0\r\n\r\n"
GET10_KEEP = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked"
KEEP = "Connection: keep-alive|Keep-Alive: timeout=5"


class Served:
    """One request and its response; the handler has returned."""

    def __init__(self, handler: Callable[[Any], object], request: bytes, **options: Any) -> None:
        self.req: Any = None
        self.res: Any = None
        self.log: list[Any] = []

        def handle(req: Any, res: Any) -> None:
            if self.res is None:
                self.req, self.res = req, res
            handler(res)

        self.server = http.create_server(options)
        self.server.on("request", handle)
        self.client = testing.connect(self.server)
        self.client.send(request)

    @property
    def bytes(self) -> bytes:
        """All that the client has, Date masked."""
        return dateless(self.client.received)

    @property
    def head(self) -> str:
        """The final head, "|" for CRLF, without the empty line."""
        return self.bytes.partition(b"\r\n\r\n")[0].decode("latin-1").replace("\r\n", "|")

    @property
    def body(self) -> bytes:
        return self.bytes.partition(b"\r\n\r\n")[2]

    @property
    def text(self) -> str:
        """All that the client has, "|" for CRLF."""
        return self.bytes.decode("latin-1").replace("\r\n", "|")


def serve(handler: Callable[[Any], object] = id, request: bytes = GET, **options: Any) -> Served:
    """Serve one request; the handler gets the response alone. By default it does nothing."""
    return Served(handler, request, **options)


def head_of(handler: Callable[[Any], object], request: bytes = GET, **options: Any) -> str:
    """Return the head up to Date."""
    return serve(handler, request, **options).head.partition("|Date")[0]


def fail_with(call: Callable[[], object]) -> BaseException:
    """Return what `call` raises; it has to."""
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def code_of(call: Callable[[], object]) -> str:
    """Return the code of what `call` raises."""
    return str(getattr(fail_with(call), "code", None))


class Request:
    """As much of a request as a response made by hand reads."""

    def __init__(self, method: str = "GET", version: tuple[int, int] = (1, 1), **headers: str) -> None:
        self.method = method
        self.http_version_major, self.http_version_minor = version
        self.headers = headers


class Writable(EventEmitter):
    """A writable in memory, as the documents ask for one: `take()` is its system."""

    def __init__(self, high_water_mark: int = 1000, slow: bool = False) -> None:
        self.writable = True
        self.writable_high_water_mark = high_water_mark
        self.taken = b""
        self.writes: list[bytes] = []
        self.corks = 0
        self.slow = slow
        self.destroyed_with: list[Any] = []
        self._waiting: list[tuple[bytes, Any]] = []

    @property
    def writable_length(self) -> int:
        return sum(len(data) for data, _ in self._waiting)

    def write(self, data: bytes, encoding: Any = None, callback: Any = None) -> bool:
        self._waiting.append((bytes(data), callback))
        below = self.writable_length < self.writable_high_water_mark
        if not self.slow and not self.corks:
            self.take()
        return below

    def take(self) -> None:
        """Let the system take all that waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self.writes.append(b"".join(data for data, _ in waiting))
            self.taken += self.writes[-1]
        for _, callback in waiting:
            if callback is not None:
                callback(None)

    def cork(self) -> None:
        self.corks += 1

    def uncork(self) -> None:
        self.corks -= 1
        if not self.corks and not self.slow:
            self.take()

    def destroy(self, error: Any = None) -> None:
        self.destroyed_with.append(error)
        self.emit("close")


def by_hand(
    method: str = "GET", version: tuple[int, int] = (1, 1), te: str = "", **options: Any
) -> http.ServerResponse:
    """Make a response without a server, and without a Date."""
    res = http.ServerResponse(Request(method, version, **({"te": te} if te else {})), **options)
    res.send_date = False
    return res
