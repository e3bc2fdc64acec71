"""Upgrade and CONNECT: who gets the socket, and what it still does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.masks import dateless
from tests.kit.stage import BAD, GET, Stage, answer, answer_at_end, bytewise

R = b"GET / HTTP/1.1\r\nHost: a\r\n"
H = b"\r\nHost: a\r\n\r\n"
whole_or_not = pytest.mark.parametrize("cut", [lambda data: [data], bytewise], ids=["whole", "bytewise"])


UPGRADE = R + b"Connection: upgrade\r\nUpgrade: x\r\n"


def test_an_upgrade_hands_over_the_socket() -> None:
    """'upgrade' gets the request, the socket and what followed the head; later bytes wait for 'data'."""
    stage = Stage()

    def upgrade(req: Any, socket: Any, head: bytes) -> None:
        stage.log.append((req.url, socket is req.socket, head))
        socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n")
        socket.on("data", lambda data: socket.write(data.upper()))

    stage.server.on("upgrade", upgrade)
    client = stage.send(UPGRADE + b"\r\nfirst", b"second", b"GET")
    assert stage.log == [("/", True, b"first")]
    assert client.received == b"HTTP/1.1 101 Switching Protocols\r\n\r\nSECONDGET"


def test_connect_hands_over_the_socket() -> None:
    """CONNECT needs no header; its target is the authority."""
    stage = Stage()
    stage.server.on(
        "connect", lambda req, socket, head: (stage.log.append((req.url, head)), socket.end("hi"))
    )
    client = stage.send(b"CONNECT a:80 HTTP/1.1\r\n\r\nhead")
    assert stage.log == [("a:80", b"head")]
    assert client.received == b"hi"
    assert (client.ended, client.closed) == (True, False)


def test_the_body_of_an_upgrade_is_not_parsed() -> None:
    """Everything behind the head is `head`, whatever the length says; the request is complete."""
    stage = Stage()
    stage.server.on("upgrade", lambda req, socket, head: stage.log.append((head, req.complete)))
    stage.send(UPGRADE + b"Content-Length: 3\r\n\r\nabcdef")
    assert stage.log == [(b"abcdef", True)]


def test_host_limit_and_expect_are_not_looked_at_for_an_upgrade() -> None:
    """A taken upgrade passes by them."""
    stage = Stage(max_requests_per_socket=1)
    stage.server.on("upgrade", lambda req, socket, head: stage.log.append("upgrade"))
    stage.send(b"GET / HTTP/1.1\r\nExpect: x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    assert stage.log == ["upgrade"]


@pytest.mark.parametrize(
    "data",
    [b"CONNECT a:80 HTTP/1.1\r\n\r\n", UPGRADE + b"\r\n"],
)
def test_a_handover_that_nobody_takes_ends_the_connection(data: bytes) -> None:
    """CONNECT without a listener, or an upgrade that was promised: destroyed, nothing written."""
    stage = Stage(should_upgrade_callback=lambda req: True)
    client = stage.send(data)
    assert (client.received, client.closed, stage.log) == (b"", True, [])


def test_an_upgraded_socket_is_out_of_reach_but_counted() -> None:
    """`close_all_connections` and the sweep leave it; `get_connections` and 'close' count it."""
    stage = Stage()
    stage.server.on("upgrade", lambda req, socket, head: None)
    stage.server.on("close", lambda: stage.log.append("close"))
    client = stage.send(UPGRADE + b"\r\n")
    stage.server.close_all_connections()
    stage.clock.advance(1_000_000)
    stage.server.get_connections(lambda error, count: stage.log.append(count))
    stage.server.close()
    client.send(b"x")
    assert (client.closed, stage.log) == (False, [1])
    client.reset()
    assert stage.log == [1, "close"]


def test_an_upgraded_socket_is_half_open() -> None:
    """After the peer's FIN it can be written to until `end`."""
    sockets: list[Any] = []
    stage = Stage()
    stage.server.on("upgrade", lambda req, socket, head: sockets.append(socket.resume()))
    client = stage.send(UPGRADE + b"\r\n")
    client.end()
    sockets[0].write("still")
    assert (client.received, client.closed) == (b"still", False)
    sockets[0].end()
    client.take()
    assert client.closed


def test_a_declined_upgrade_is_an_ordinary_request() -> None:
    """With no waiter it is served, and what follows in the packet too."""
    stage = Stage(answer_at_end)
    client = stage.send(UPGRADE + b"\r\n" + b"GET /2 HTTP/1.1" + H)
    assert dateless(client.received) == 2 * answer(b"-")
    assert stage.log == ["GET /", "GET /2"]


@pytest.mark.parametrize(
    "rest", [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"]
)
@whole_or_not
def test_the_body_of_a_declined_upgrade_is_parsed(rest: bytes, cut: Any) -> None:
    """Its body is read, and the next request behind it served."""
    stage = Stage(answer_at_end)
    client = stage.send(*cut(UPGRADE + rest + GET))
    assert dateless(client.received) == answer(b"abc") + answer(b"-")


def test_errors_in_the_body_of_a_declined_upgrade_are_reported() -> None:
    """A bad chunk is 400."""
    client = Stage(answer_at_end).send(UPGRADE + b"Transfer-Encoding: chunked\r\n\r\nz\r\n")
    assert (client.received, client.closed) == (BAD, True)


def test_should_upgrade_callback_decides() -> None:
    """It is asked for upgrades, not for CONNECT."""
    stage = Stage(should_upgrade_callback=lambda req: req.url == "/yes")
    stage.server.on("upgrade", lambda req, socket, head: stage.log.append("upgraded"))
    stage.server.on("connect", lambda req, socket, head: stage.log.append("connected"))
    stage.send(UPGRADE + b"\r\n")
    stage.send(UPGRADE.replace(b" / ", b" /yes ") + b"\r\n")
    stage.send(b"CONNECT a:1 HTTP/1.1\r\n\r\n")
    assert stage.log == ["GET /", "upgraded", "connected"]


@pytest.mark.parametrize("fields", [b"Upgrade: x\r\n", b"Connection: upgrade\r\n"])
def test_upgrade_takes_both_fields(fields: bytes) -> None:
    """One of them alone is nothing."""
    stage = Stage()
    stage.server.on("upgrade", lambda req, socket, head: stage.log.append("upgraded"))
    assert stage.exchange(R + fields + b"\r\n") == answer(b"ok")
    assert stage.log == ["GET /"]


def test_earlier_answers_go_out_on_the_upgraded_socket() -> None:
    """They are not awaited, and written when they are ready."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(res))
    stage.server.on("upgrade", lambda req, socket, head: socket.write("switched|"))
    client = stage.send(GET + UPGRADE + b"\r\n")
    assert client.received == b"switched|"
    held[0].end("ok")
    client.send(b"x")
    assert dateless(client.received) == b"switched|" + answer(b"ok")
