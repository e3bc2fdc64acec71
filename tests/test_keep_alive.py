"""Whether a connection stays, what its lines say of it, and how long it waits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.response_stage import serve
from tests.kit.stage import GET, OK_CLOSE, Stage, answer, answer_at_once
from writehead import http, testing

R = b"GET / HTTP/1.1\r\nHost: a\r\n"


# -- who decides, and the wait -------------------------------------------------

KEPT = b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
CLOSED = b"Connection: close\r\n"


@pytest.mark.parametrize(
    ("version", "fields", "kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: close\r\n", False),
        (b"1.1", b"Connection: CLOSE\r\n", False),
        (b"1.1", b"Connection: x , close\t\r\n", False),
        (b"1.1", b"Connection: keep-alive, close\r\n", False),
        (b"1.1", b"Connection: close, keep-alive\r\n", False),
        (b"1.1", b"Connection: keep-alive\r\nConnection: close\r\n", False),
        (b"1.1", b"Proxy-Connection: close\r\n", False),
        (b"1.1", b"Connection: closed\r\n", True),
        (b"1.1", b'Connection: "close"\r\n', True),
        (b"1.1", b"Connection: close;a\r\n", True),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: close\r\n", False),
        (b"1.0", b"Connection: close, keep-alive\r\n", False),
    ],
)
def test_the_client_decides_whether_the_connection_stays(version: bytes, fields: bytes, kept: bool) -> None:
    """`close` wins over `keep-alive`, in any case, over all Connection fields."""
    client = Stage(lambda req, res: res.end()).send(
        b"GET / HTTP/" + version + b"\r\nHost: a\r\n" + fields + b"\r\n"
    )
    length = b"Content-Length: 0\r\n" if version == b"1.1" else b""
    assert dateless(client.received) == (
        b"HTTP/1.1 200 OK\r\nDate: D\r\n" + (KEPT if kept else CLOSED) + length + b"\r\n"
    )
    assert client.closed is not kept


def length_set(req: Any, res: Any) -> None:
    res.set_header("Content-Length", 2)
    res.end("ok")


@pytest.mark.parametrize(
    ("handler", "fields", "head", "kept"),
    [
        (length_set, b"", b"Content-Length: 2\r\nDate: D\r\n" + KEPT + b"\r\nok", True),
        (answer_at_once, b"TE: chunked\r\n", b"Date: D\r\n" + KEPT + b"Content-Length: 2\r\n\r\nok", True),
        (answer_at_once, b"", b"Date: D\r\n" + CLOSED + b"\r\nok", False),
    ],
)
def test_a_1_0_client_is_kept_where_the_end_of_the_answer_shows(
    handler: Any, fields: bytes, head: bytes, kept: bool
) -> None:
    """A length, or chunks it asked for, keep the connection of HTTP/1.0; nothing else does."""
    client = Stage(handler).send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n" + fields + b"\r\n")
    assert dateless(client.received) == b"HTTP/1.1 200 OK\r\n" + head
    assert client.closed is not kept


@pytest.mark.parametrize(
    ("name", "value", "lines", "kept"),
    [
        ("Connection", "close", b"Connection: close\r\nDate: D\r\n", False),
        ("Connection", "x, CLOSE", b"Connection: x, CLOSE\r\nDate: D\r\n", False),
        ("Connection", "keep-alive", b"Connection: keep-alive\r\nDate: D\r\n", True),
        ("Connection", "x", b"Connection: x\r\nDate: D\r\n", True),
        ("Keep-Alive", "timeout=9", b"Keep-Alive: timeout=9\r\nDate: D\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_the_handler_decides_by_connection_and_keep_alive(
    name: str, value: str, lines: bytes, kept: bool
) -> None:
    """What the handler set stands as set, and only the word close ends the connection."""

    def handle(req: Any, res: Any) -> None:
        res.set_header(name, value)
        res.end("ok")

    client = Stage(handle).send(GET)
    assert dateless(client.received) == b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 2\r\n\r\nok"
    assert client.closed is not kept


def test_a_removed_connection_header_leaves_neither_line() -> None:
    """The connection then stays if the client wished so."""

    def handle(req: Any, res: Any) -> None:
        res.remove_header("Connection")
        res.end("ok")

    stage = Stage(handle)
    client = stage.send(GET)
    wanted = b"HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 2\r\n\r\nok"
    assert (dateless(client.received), client.closed) == (wanted, False)
    client.send(R + b"Connection: close\r\n\r\n")
    assert (dateless(client.received), client.closed) == (2 * wanted, True)


def test_should_keep_alive_false_closes() -> None:
    """A handler that says so gets `Connection: close`."""

    def handle(req: Any, res: Any) -> None:
        res.should_keep_alive = False
        res.end("ok")

    client = Stage(handle).send(GET)
    assert (dateless(client.received), client.closed) == (answer(b"ok", OK_CLOSE), True)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"keep_alive_timeout": 1}, b"Keep-Alive: timeout=0\r\n"),
        ({"keep_alive_timeout": 999}, b"Keep-Alive: timeout=0\r\n"),
        ({"keep_alive_timeout": 72_500}, b"Keep-Alive: timeout=72\r\n"),
        ({"keep_alive_timeout": 0}, b""),
        ({"max_requests_per_socket": 7}, b"Keep-Alive: timeout=5, max=7\r\n"),
    ],
)
def test_the_text_of_keep_alive(options: dict[str, Any], line: bytes) -> None:
    """Whole seconds, and the limit of requests where there is one; without a timeout no line."""
    assert Stage(**options).exchange(GET) == (
        b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\n" + line + b"Content-Length: 2\r\n\r\nok"
    )


def test_an_idle_connection_is_closed_after_timeout_and_buffer() -> None:
    """5000 ms are announced, 6000 are kept; nothing is written at the end."""
    stage = Stage()
    client = stage.send(GET)
    stage.clock.advance(5999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed
    assert dateless(client.received) == answer(b"ok")


def test_half_a_head_only_restarts_the_count() -> None:
    """The keep-alive timer runs until the next head is complete."""
    stage = Stage()
    client = stage.send(GET)
    stage.clock.advance(5000)
    client.send(b"\r\nGET / HT")
    stage.clock.advance(5999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed
    client = stage.send(GET)
    client.send(GET[:-2])
    stage.clock.advance(3000)
    client.send(b"\r\n")
    stage.clock.advance(5999)
    assert not client.closed


def test_without_keep_alive_timeout_the_connection_stays() -> None:
    """0 is no timer."""
    stage = Stage(keep_alive_timeout=0)
    client = stage.send(GET)
    stage.clock.advance(10_000_000)
    assert not client.closed


def test_the_keep_alive_timer_replaces_the_handlers() -> None:
    """A timeout that the handler has set ends with its response."""

    def handle(req: Any, res: Any) -> None:
        res.set_timeout(100_000)
        res.end("ok")

    stage = Stage(handle)
    client = stage.send(GET)
    stage.clock.advance(6000)
    assert client.closed


def test_a_timeout_listener_of_the_server_keeps_idle_connections() -> None:
    """Who listens to the server's 'timeout' takes over the duty to close."""
    stage = Stage()
    stage.server.on("timeout", lambda socket: stage.log.append("timeout"))
    client = stage.send(GET)
    stage.clock.advance(6000)
    assert (client.closed, stage.log) == (False, ["GET /", "timeout"])


# -- the lines -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("milliseconds", "line"),
    [(5000, "timeout=5"), (1500, "timeout=1"), (500, "timeout=0"), (72_000, "timeout=72"), (0, None)],
)
def test_the_keep_alive_line_says_whole_seconds(milliseconds: int, line: str | None) -> None:
    """Rounded down; none for 0."""
    head = serve(lambda res: res.end(), keep_alive_timeout=milliseconds).head
    assert f"Connection: keep-alive|{f'Keep-Alive: {line}|' if line else ''}Content-Length" in head


def test_max_requests_per_socket() -> None:
    """Says the number, always the same; the last allowed answer says close; what comes behind it gets a 503."""
    server = http.create_server({"maxRequestsPerSocket": 2}, lambda req, res: res.end("x"))
    client = testing.connect(server)
    client.send(GET)
    assert b"Keep-Alive: timeout=5, max=2\r\n" in client.received
    client.send(GET)
    assert client.received.endswith(b"Connection: close\r\nContent-Length: 1\r\n\r\nx")
    assert client.ended  # our decision: nobody waits for a next request
    client = testing.connect(server)
    client.send(GET * 3)
    assert client.received.count(b" 200 OK\r\n") == 2
    assert b"HTTP/1.1 503 Service Unavailable\r\n" in client.received
