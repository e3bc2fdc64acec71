"""The log is quiet, whatever a client does that is its right, or that only ends its own connection.

Each client of a list talks to each handler of another over a real port, on both loops, plain and over TLS; then
nothing may stand in the log above DEBUG, of ours or of the loop's, nor anything on the standard error output.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import ssl
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.kit.certificates import authority
from tests.kit.loops import TIMEOUT, loop_factory
from tests.kit.raw_client import connect, reset
from tests.kit.tls_client import RecordClient
from writehead import http, https

BIG = bytes(3_000_000)  # more than the system takes of one connection


class Talk:
    """A client's connection, plain or over TLS; what it sends and when it leaves is told step by step."""

    def __init__(self, port: int, secure: bool, went: threading.Event) -> None:
        self.raw = socket.socket()
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.raw.settimeout(TIMEOUT)
        self.raw.connect(("127.0.0.1", port))
        self.went = went  # set by the handler once it has written
        self.tls = RecordClient(self.raw) if secure else None

    def records(self, data: bytes) -> bytes:
        """Return what would stand on the wire for `data`."""
        return data if self.tls is None else self.tls.records(data)

    def send(self, data: bytes) -> None:
        """Send plain bytes."""
        self.raw.sendall(self.records(data))

    def ask(self, close: bool = False, path: str = "/") -> None:
        """Send a request, and wait until its handler has written."""
        self.send(request(close, path))
        assert self.went.wait(TIMEOUT)

    def read(self, size: int = 65536) -> bytes:
        """Return plain bytes; none at the end."""
        if self.tls is None:
            return self.raw.recv(size)
        return self.tls.read(size)

    def read_all(self) -> None:
        """Read until the server has ended its side."""
        while self.read():
            pass

    def read_response(self) -> None:
        """Read a response with a Content-Length."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.read() or b"\r\n\r\n"
        head, _, body = data.partition(b"\r\n\r\n")
        if b"chunked" in head.lower():
            while not body.endswith(b"0\r\n\r\n"):
                more = self.read()
                if not more:
                    return
                body += more
            return
        left = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0) - len(body)
        while left > 0:
            more = self.read()
            if not more:
                return
            left -= len(more)

    def goodbye(self) -> None:
        """Send close_notify."""
        if self.tls is not None:
            self.raw.sendall(self.tls.close_notify())

    def end(self) -> None:
        """Send FIN; go on reading."""
        self.raw.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close as it is: with RST if there is something unread."""
        self.raw.close()

    def reset(self) -> None:
        """Close with RST."""
        reset(self.raw)


CLIENT = authority().context()


def request(close: bool = False, path: str = "/", more: str = "", method: str = "GET") -> bytes:
    """Return the bytes of a request."""
    last = "Connection: close\r\n" if close else ""
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n{last}{more}\r\n".encode()


UPLOAD = request(method="POST", more="Content-Length: 1000000\r\n")


# -- clients -------------------------------------------------------------------


def says_nothing(talk: Talk) -> None:
    talk.close()


def resets_at_once(talk: Talk) -> None:
    talk.reset()


def ends_at_once(talk: Talk) -> None:
    talk.end()
    talk.read_all()


def leaves_in_a_head(talk: Talk) -> None:
    talk.send(request()[:20])
    talk.close()


def resets_in_a_head(talk: Talk) -> None:
    talk.send(request()[:20])
    talk.reset()


def leaves_in_an_upload(talk: Talk) -> None:
    talk.send(UPLOAD + bytes(1000))
    talk.close()


def resets_in_an_upload(talk: Talk) -> None:
    talk.send(UPLOAD + bytes(1000))
    assert talk.went.wait(TIMEOUT)
    talk.reset()


def resets_behind_a_request(talk: Talk) -> None:
    talk.send(request())
    talk.reset()


def leaves_in_a_response(talk: Talk) -> None:
    talk.ask()
    talk.read(1000)
    talk.close()


def resets_in_a_response(talk: Talk) -> None:
    talk.ask()
    talk.reset()


def reads_late(talk: Talk) -> None:
    talk.ask(close=True)
    talk.read_all()


def reads_late_and_asks_again(talk: Talk) -> None:
    talk.ask()
    talk.read_response()
    talk.send(request(close=True))
    talk.read_all()


def reads_late_and_ends_its_side(talk: Talk) -> None:
    talk.ask()
    talk.end()
    talk.read_all()


def reads_half_and_resets(talk: Talk) -> None:
    talk.ask(close=True)
    for _ in range(50):
        talk.read(20000)
    talk.reset()


def pipelines_and_resets(talk: Talk) -> None:
    talk.send(request() * 50)
    talk.reset()


def pipelines_and_leaves(talk: Talk) -> None:
    talk.send(request() * 50)
    talk.read(1000)
    talk.close()


def upgrades_and_resets(talk: Talk) -> None:
    talk.send(request(more="Connection: upgrade\r\nUpgrade: x\r\n"))
    talk.read(10)
    talk.reset()


def upgrades_and_leaves(talk: Talk) -> None:
    talk.send(request(more="Connection: upgrade\r\nUpgrade: x\r\n"))
    talk.end()
    talk.read_all()


def sends_what_is_no_request(talk: Talk) -> None:
    talk.send(b"what?\r\n\r\n")
    talk.read_all()


def sends_what_is_no_request_and_resets(talk: Talk) -> None:
    talk.send(b"what?\r\n\r\n" * 1000)
    talk.reset()


# Over TLS alone.


def says_goodbye(talk: Talk) -> None:
    talk.ask()
    talk.goodbye()
    talk.read_all()


def says_goodbye_and_resets(talk: Talk) -> None:
    talk.ask()
    talk.goodbye()
    talk.reset()


def says_goodbye_and_goes_on(talk: Talk) -> None:
    talk.ask()
    late = talk.records(request())
    talk.goodbye()
    talk.raw.sendall(late + b"\x17\x03\x03\x00\x05abcde")
    talk.read_all()


def cuts_a_record(talk: Talk) -> None:
    talk.raw.sendall(talk.records(request())[:-7])
    talk.close()


def cuts_a_record_and_resets(talk: Talk) -> None:
    talk.raw.sendall(talk.records(request())[:3])
    talk.reset()


def cuts_a_record_and_ends(talk: Talk) -> None:
    talk.raw.sendall(talk.records(request())[:-1])
    talk.end()
    drain(talk)


def breaks_a_record(talk: Talk) -> None:
    talk.ask()
    talk.raw.sendall(talk.records(request())[:-3] + b"abc")
    drain(talk)


def sends_plain_text(talk: Talk) -> None:
    talk.raw.sendall(request() * 10)
    drain(talk)


def sends_an_alert_in_plain(talk: Talk) -> None:
    talk.raw.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
    drain(talk)


def drain(talk: Talk) -> None:
    """Read, whatever it is, until the server ends or cuts the connection."""
    with contextlib.suppress(OSError):
        while talk.raw.recv(65536):
            pass


EITHER = [
    says_nothing,
    resets_at_once,
    ends_at_once,
    leaves_in_a_head,
    resets_in_a_head,
    leaves_in_an_upload,
    resets_in_an_upload,
    resets_behind_a_request,
    leaves_in_a_response,
    resets_in_a_response,
    reads_late,
    reads_late_and_asks_again,
    reads_late_and_ends_its_side,
    reads_half_and_resets,
    pipelines_and_resets,
    pipelines_and_leaves,
    upgrades_and_resets,
    upgrades_and_leaves,
    sends_what_is_no_request,
    sends_what_is_no_request_and_resets,
]
OVER_TLS = [
    says_goodbye,
    says_goodbye_and_resets,
    says_goodbye_and_goes_on,
    cuts_a_record,
    cuts_a_record_and_resets,
    cuts_a_record_and_ends,
    breaks_a_record,
    sends_plain_text,
    sends_an_alert_in_plain,
]


# -- handlers ------------------------------------------------------------------


def ends_at_once_(req: Any, res: Any) -> None:
    res.end(BIG)


async def streams(req: Any, res: Any) -> None:
    for _ in range(3):
        res.write(BIG[:1_000_000])
        await res.drain()
    res.end()


async def answers_late(req: Any, res: Any) -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    res.write(BIG[:200_000])
    await asyncio.sleep(0)
    res.end(BIG)


def informs(req: Any, res: Any) -> None:
    for _ in range(20):
        res.write_processing()
    res.flush_headers()
    for _ in range(20):
        req.socket.cork()
        res.write(b"x")
        req.socket.uncork()
    res.end(b"y" * 100_000)


async def reads(req: Any, res: Any) -> None:
    res.write(b"x" * 100)
    await req.bytes()
    res.end(BIG)


async def sends_a_file(req: Any, res: Any) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(BIG)
        file.flush()
        await res.send_file(file)


def closes_its_socket(req: Any, res: Any) -> None:
    res.write(BIG)
    req.socket.destroy_soon()


def destroys(req: Any, res: Any) -> None:
    res.write(BIG)
    res.destroy()


HANDLERS = [
    ends_at_once_,
    streams,
    answers_late,
    informs,
    reads,
    sends_a_file,
    closes_its_socket,
    destroys,
]


def on_upgrade(req: Any, sock: Any, head: bytes) -> None:
    sock.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    for _ in range(20):
        sock.write(BIG[:100_000])
    sock.on("end", sock.destroy_soon)


class Heard(logging.Handler):
    """Keeps what is told to anybody."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno > logging.DEBUG:
            error = record.exc_info[1] if record.exc_info else None
            self.lines.append(f"{record.name} {record.levelname}: {record.getMessage()} {error!r}")


@contextlib.contextmanager
def heard() -> Iterator[list[str]]:
    """Listen to the log of everybody."""
    root = logging.getLogger()
    handler = Heard()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


async def visit(secure: bool, handler: Any, clients: list[Callable[[Talk], None]], times: int = 1) -> None:
    """Let each client talk to a server with this handler."""
    went = threading.Event()

    def handle(req: Any, res: Any) -> Any:
        asyncio.get_running_loop().call_soon(went.set)
        return handler(req, res)

    options = authority().options() if secure else {}
    server = (https if secure else http).create_server(handle, **options)  # type: ignore[operator]
    server.on("upgrade", on_upgrade)

    def talk(client: Callable[[Talk], None]) -> None:
        for _ in range(times):
            went.clear()
            each = Talk(server.address()["port"], secure, went)
            try:
                with contextlib.suppress(ConnectionError, ssl.SSLError):
                    client(each)
            finally:
                each.close()

    async with server:
        await server.listen(0, "127.0.0.1")
        for client in clients:
            await asyncio.to_thread(talk, client)
        server.close_all_connections()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("handler", HANDLERS)
def test_nothing_that_a_client_may_do_is_logged(
    handler: Any, secure: bool, loop: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """However it leaves, and whenever it reads, neither our log nor the loop's says anything above DEBUG."""
    clients = EITHER + OVER_TLS if secure else EITHER
    with heard() as lines, asyncio.Runner(loop_factory=loop_factory(loop), debug=False) as runner:
        runner.run(visit(secure, handler, clients))
        gc.collect()  # what nobody has waited for is told then
    assert lines == []
    assert capfd.readouterr().err == ""


async def _served(wrap: Callable[[socket.socket], socket.socket], **options: Any) -> Any:
    """Serve one request, and return a weak reference to the transport that has gone."""
    seen: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        transport = req.socket.transport
        seen.append(weakref.ref(getattr(transport, "below", transport)))
        res.end("x")

    server = (https if options else http).create_server(handle, **options)  # type: ignore[operator]
    await server.listen(0, "127.0.0.1")

    def talk() -> None:
        with connect(server.address()["port"]) as raw:
            sock = wrap(raw)
            sock.sendall(request(close=True))
            while sock.recv(65536):
                pass
            sock.close()

    await asyncio.to_thread(talk)
    await server.close()
    return seen[0]


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_transport_that_has_gone_is_freed_at_once(secure: bool, loop: str) -> None:
    """Nobody waits for a collection, which Python puts off: thousands that left would stay in memory."""

    def wrap(raw: socket.socket) -> socket.socket:
        return CLIENT.wrap_socket(raw, server_hostname="localhost") if secure else raw

    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=loop_factory(loop)) as runner:
            transport = runner.run(_served(wrap, **(authority().options() if secure else {})))
            assert transport() is None
    finally:
        gc.enable()
