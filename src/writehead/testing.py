"""Testing without a port and without waiting: connections in memory, and a clock that a test advances.

    >>> from writehead import http, testing
    >>> def hello(req, res):
    ...     res.set_header("Content-Type", "text/plain")
    ...     res.end("hello " + req.url)
    >>> client = testing.connect(http.create_server(hello))
    >>> response = client.request("GET", "/you")
    >>> response.status, response.headers["content-type"], response.body
    (200, 'text/plain', b'hello /you')

A plain function is served inside the call, without an event loop. An `async def` handler
needs the loop of an `async def` test, and its response is awaited:

    >>> import asyncio
    >>> async def size(req, res):
    ...     res.end(str(len(await req.bytes())))
    >>> async def test():
    ...     client = testing.connect(http.create_server(size))
    ...     response = await client.request("POST", "/", body="four")
    ...     assert response.text == "4"
    >>> asyncio.run(test())

Timeouts follow the server's clock, which stands still until the test advances it (the
loop's own clock, and so `asyncio.sleep`, are not affected):

    >>> client = testing.connect(http.create_server(hello))
    >>> client.send(b"GET / HTTP/1.1\\r\\nHost: a")
    >>> client.clock.advance(90_000)
    >>> client.received
    b'HTTP/1.1 408 Request Timeout\\r\\nConnection: close\\r\\n\\r\\n'
    >>> client.closed
    True
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import math
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from writehead._node import validators
from writehead._testing.client import Answer, read_response, render_request
from writehead._testing.transport import HOME, Clock, MemoryTransport, settle
from writehead.errors import ServerAlreadyListenError

if TYPE_CHECKING:
    from writehead._net.socket import Socket
    from writehead._server.server import Server

__all__ = ["Answer", "Client", "Clock", "MemoryTransport", "connect", "listen", "settle"]

#: How long an `await` may take by default, in milliseconds.
TIMEOUT = 5000

#: How many bytes of an incomplete response an error shows.
SHOWN = 400

_ports = itertools.count(49152)


class _Nowhere:
    """Stands in for a listening socket where there is no port."""

    family = socket.AF_INET

    def fileno(self) -> int:
        return -1

    def getsockname(self) -> tuple[str, int]:
        return HOME

    def close(self) -> None:
        """Do nothing: no socket is open."""


def listen(server: Server, clock: Clock | None = None) -> Clock:
    """Make `server` listen in memory: clients `connect`, and its timers follow the clock returned.

    'listening' is emitted in a later tick, as after `server.listen`.

    Args:
        server: one that does not listen.
        clock: a clock that several servers share.

    Raises:
        ServerAlreadyListenError: it listens already.
    """
    if server.listening:
        raise ServerAlreadyListenError
    clock = clock or Clock()
    server._listen_in_memory(_Nowhere(), clock)
    settle()
    return clock


def connect(
    server: Server, peer: tuple[str, int] | None = None, timeout: float | timedelta = TIMEOUT
) -> Client:
    """Open a connection in memory to `server`.

    If it does not listen yet it listens in memory from now on, and has a `Clock`. A server
    that listens on a port can be used too; it then uses the time of the event loop.

    Args:
        server: what `http.create_server` returned.
        peer: the client's address and port.
        timeout: how long an `await` of the client, or of a response, may take: milliseconds of the
            loop's own time, or a `timedelta`; 0: no limit.

    Raises:
        ConnectionRefusedError: the server was closed.
        InvalidArgTypeError, OutOfRangeError: `timeout` is not a duration.
    """
    validators.milliseconds(timeout, "timeout")
    if not server.listening:
        if server._clock is not None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        listen(server)
    return Client(server, peer or ("127.0.0.1", next(_ports)), timeout)


class Client:
    """The client's end of a connection in memory; `connect` makes one.

    Each method returns when all that it caused has happened, except in tasks: what a task does
    has happened after an `await` in an `async def` test.
    """

    def __init__(self, server: Server, peer: tuple[str, int], timeout: float | timedelta = TIMEOUT) -> None:
        protocol: Any = server._make_connection()
        #: The transport that the server writes to: `room`, `fail`, `written`.
        self.transport: MemoryTransport = MemoryTransport(protocol, peer)
        self.transport.on_change = self._wake
        #: How long an `await` may take by default, in milliseconds; 0: no limit.
        self.timeout = timeout
        self._server = server
        self._protocol = protocol
        self._answers: list[Answer] = []
        self._count = 0  # of answers that were made
        self._debug: dict[int, Mapping[str, Any]] = {}  # by the number of the answer
        self.transport._facts["http.response.debug"] = self._keep_debug
        self._read_to = 0
        self._waiting: list[asyncio.Future[bool]] = []
        protocol.connection_made(self.transport)
        settle()

    @property
    def clock(self) -> Clock:
        """The clock of the server.

        Raises:
            RuntimeError: the server listens on a port, and follows the loop's time.
        """
        if not isinstance(self._server._clock, Clock):
            raise RuntimeError("this server follows the loop's time: `testing.listen` gives it a clock")
        return self._server._clock

    @property
    def socket(self) -> Socket:
        """The server's Socket of this connection."""
        its_own: Socket = self._protocol.socket
        return its_own

    # -- sending ---------------------------------------------------------------

    def send(self, data: bytes | str) -> None:
        """Send raw bytes, or text as latin-1; the server receives them in one read."""
        if data:
            self.transport.feed(data.encode("latin-1") if isinstance(data, str) else bytes(data))
            settle()

    def request(
        self,
        method: str,
        target: str = "/",
        headers: Mapping[str, object] | Iterable[tuple[str, object]] = (),
        body: bytes | str | Iterable[bytes] = b"",
        version: str = "1.1",
        timeout: float | timedelta | None = None,
    ) -> Answer:
        """Send a request, and return its response.

        `Host: localhost` and the length are added where no field of that name is given.

            >>> def login(req, res):
            ...     res.write_head(204, {"Set-Cookie": ["a=1", "b=2"]})
            ...     res.end()
            >>> response = connect(http.create_server(login)).request("POST", "/login", {"Accept": "*/*"})
            >>> response.status, response.headers["set-cookie"]
            (204, ['a=1', 'b=2'])

        Args:
            method: sent as it is.
            target: sent as it is: path and query.
            headers: names and values; a value may be a list.
            body: bytes, text (utf-8), or an iterable of pieces, which are sent as chunks.
            version: of HTTP.
            timeout: how long an `await` of the response may take, in milliseconds; 0: no limit,
                None: the default of the client.

        Raises:
            InvalidArgTypeError, OutOfRangeError: `timeout` is not a duration.
        """
        response = self.answer(method, f"{method} {target}", timeout)
        self.send(render_request(method, target, headers, body, version))
        return response

    def end(self) -> None:
        """Send FIN: as in Node, the server sends no more responses; a task may go on for some rounds of the loop."""
        self.transport.feed(None)
        settle()

    def reset(self) -> None:
        """Reset the connection (RST).

        >>> def wait(req, res):
        ...     res.on("close", lambda: print("the client is gone"))
        >>> client = connect(http.create_server(wait))
        >>> response = client.request("GET", "/")
        >>> client.reset()
        the client is gone
        """
        self.transport.feed(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))
        settle()

    # -- receiving -------------------------------------------------------------

    @property
    def received(self) -> bytes:
        """Every byte received so far."""
        return bytes(self.transport.written)

    @property
    def ended(self) -> bool:
        """Whether the server has sent FIN, or closed."""
        return self.transport.ended

    @property
    def closed(self) -> bool:
        """Whether the connection is closed."""
        return self.transport.closed

    def stall(self) -> None:
        """Stop reading: what the server sends from now on is queued on its side.

        >>> def flood(req, res):
        ...     res.on("drain", res.end)
        ...     print("go on" if res.write(bytes(100_000)) else "wait for 'drain'")
        >>> client = connect(http.create_server(flood))
        >>> client.stall()
        >>> response = client.request("GET", "/")
        wait for 'drain'
        >>> client.take()
        >>> len(response.body)
        100000
        """
        self.take(0)

    def take(self, count: float = math.inf) -> None:
        """Read again: `count` more bytes, or without a count everything that arrives."""
        self.transport.room = count
        settle()

    def answer(
        self, method: str = "GET", name: str = "a request", timeout: float | timedelta | None = None
    ) -> Answer:
        """Return the next response that has not been returned yet.

        Args:
            method: of the request; after HEAD no body is expected.
            name: the name of the request in errors about the response.
            timeout: as for `request`.

        Raises:
            InvalidArgTypeError, OutOfRangeError: `timeout` is not a duration.
        """
        if timeout is not None:
            validators.milliseconds(timeout, "timeout")
        response = Answer(self, name, method == "HEAD", timeout, self._count)
        self._count += 1
        self._answers.append(response)
        return response

    def _keep_debug(self, place: int, info: Mapping[str, Any]) -> None:
        """Keep what an application tells of a response, behind `place` others that are not complete."""
        received, at = self.received, self._read_to
        number = self._count - len(self._answers) + place
        for_head = (answer._for_head for answer in self._answers)
        while found := read_response(received, at, next(for_head, False), False):
            at = found[2]
            number += 1
        self._debug[number] = info

    def _read(self, wanted: Answer) -> None:
        """Read the responses in order, up to `wanted`."""
        while self._answers and wanted in self._answers:
            response = self._answers[0]
            end = response._read_from(self.received, self._read_to, self.ended)
            if end is None:
                if self.ended:
                    wanted._lose()
                return
            self._read_to = end
            self._answers.pop(0)

    async def until(self, condition: Callable[[], object], timeout: float | timedelta | None = None) -> None:
        """Wait until `condition()` is true; it is called again whenever something was received, and at the timeout.

        `await client.until(lambda: client.closed)`

        Args:
            condition: called without arguments.
            timeout: milliseconds of the loop's own time, or a `timedelta`; 0: no limit, None:
                the default of the client.

        Raises:
            InvalidArgTypeError, OutOfRangeError: `timeout` is not a duration.
            TimeoutError: it was not true within `timeout`.
        """
        await self._wait(condition, f"the condition {_name_of(condition)} was not true", timeout)

    async def _wait(
        self, condition: Callable[[], object], what: str, timeout: float | timedelta | None
    ) -> None:
        """Wait until `condition()` is true, at most for `timeout`; `what` is the text of the TimeoutError."""
        bound = validators.milliseconds(self.timeout if timeout is None else timeout, "timeout")
        loop = asyncio.get_running_loop()
        end = loop.time() + bound / 1000
        while not condition():
            future = loop.create_future()
            timer = loop.call_at(end, _set, future, True) if bound else None
            self._waiting.append(future)
            try:
                over = await future
            finally:
                if timer is not None:
                    timer.cancel()
                if future in self._waiting:
                    self._waiting.remove(future)
            if over:
                if condition():
                    return
                raise TimeoutError(f"{what} within {bound:g} ms: {self._so_far()}")

    def _so_far(self) -> str:
        """Describe the bytes of the next response that have arrived, and whether more can arrive."""
        of = f" of the response to {self._answers[0]._name}" if self._answers else ""
        rest = self.received[self._read_to :]
        size = len(rest)
        shown = rest if size <= SHOWN else rest[: SHOWN // 2] + b" ... " + rest[-SHOWN // 2 :]
        state = "is closed" if self.closed else "was ended by the server" if self.ended else "is open"
        what = f"{size} bytes{of} have arrived, {shown!r}" if size else f"nothing{of} has arrived"
        return f"{what}, and the connection {state}"

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            _set(future, False)


def _set(future: asyncio.Future[bool], over: bool) -> None:
    if not future.done():
        future.set_result(over)


def _name_of(condition: Callable[[], object]) -> str:
    """Return the name of a function, with its file and line."""
    code = getattr(condition, "__code__", None)
    if code is None:
        return repr(condition)
    return f"{getattr(condition, '__qualname__', code.co_name)} ({code.co_filename}:{code.co_firstlineno})"
