"""Responses that wait for those before them on their connection."""

from __future__ import annotations

from typing import Any

from tests.kit.masks import dateless
from tests.kit.response_stage import CHUNKED, KEEP, settle
from tests.kit.stage import GET, events
from writehead import http, testing


class Two:
    """Two requests in one packet; the handler keeps the responses."""

    def __init__(self, **options: Any) -> None:
        self.log: list[Any] = []
        self.held: list[Any] = []
        server = http.create_server(options)
        server.on("request", self.keep)
        self.client = testing.connect(server)
        self.client.send(GET + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        self.first, self.second = self.held

    def keep(self, req: Any, res: Any) -> None:
        number = str(len(self.held) + 1)
        self.held.append(res)
        events(self.log, res, "finish close drain", number + " ")
        res.on("socket", lambda socket: self.log.append(f"{number} socket"))
        events(self.log, req, "aborted", f"req {number} ")


def test_the_second_waits_without_a_socket() -> None:
    """Its handler has run; `req.socket` is the socket; writes are queued and counted."""
    two = Two(high_water_mark=200)
    second = two.second
    assert second.socket is None
    assert second.req.socket is two.first.socket
    assert second.write("x")
    assert not second.write("x" * 100)
    assert second.headers_sent
    second.end("y")
    assert (second.finished, second.writable_finished) == (True, False)
    assert second.writable_length > 200
    settle()
    assert two.client.received == b""
    assert two.log == []


def test_the_second_gets_the_socket_before_the_listeners_of_the_first() -> None:
    """'socket', its queued bytes, 'drain' if owed; then 'finish' of the first; then its own."""
    two = Two(high_water_mark=200)
    two.second.write("x" * 300, lambda: two.log.append("2 w"))
    two.first.end("1")
    settle()
    assert two.log == ["2 socket", "2 drain", "1 finish", "2 w"]
    two.second.end()
    settle()
    assert two.log[-1] == "2 finish"


def test_the_answers_of_two() -> None:
    """In order, whoever ends first."""
    two = Two()
    two.second.end("2")
    settle()
    two.first.end("1")
    settle()
    one = f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 1||"
    assert dateless(two.client.received).decode().replace("\r\n", "|") == f"{one}1{one}2"
    assert two.log == ["2 socket", "1 finish", "2 finish"]


def test_a_timeout_set_while_waiting() -> None:
    """Is applied to the socket when it comes."""
    two = Two()
    two.second.set_timeout(50)
    assert two.first.socket.timeout is None
    two.first.end()
    settle()
    assert two.second.socket.timeout == 50


def test_informational_calls_and_corks_while_waiting() -> None:
    """Are queued, and remembered."""
    two = Two()
    two.second.write_processing()
    two.second.cork()
    two.second.write("a")
    two.second.write("b")
    two.first.end("1")
    settle()
    assert two.second.writable_corked == 1
    two.second.uncork()
    two.second.end()
    settle()
    text = dateless(two.client.received).decode().replace("\r\n", "|")
    processing = f"1HTTP/1.1 102 Processing||HTTP/1.1 200 OK|Date: D|{KEEP}|{CHUNKED}||"
    assert text.endswith((f"{processing}1|a|1|b|0||", f"{processing}2|ab|0||"))  # either split conforms


def test_two_lose_their_connection() -> None:
    """Both requests are aborted; both responses close, in order; no finish, no callback of the second."""
    two = Two()
    two.second.end("2", lambda: two.log.append("2 cb"))
    two.client.end()
    assert two.log == ["req 1 aborted", "req 2 aborted", "1 close", "2 close"]
    assert two.second.errored.code == "ECONNRESET"
    assert two.first.errored is None


def test_the_first_closes_the_connection() -> None:
    """The second gets 'close', and nothing of it is sent."""
    two = Two()
    two.second.end("2")
    two.first.set_header("Connection", "close").end("1")
    settle()
    assert two.client.received.endswith(b"Content-Length: 1\r\n\r\n1")
    assert two.client.ended
    assert two.log == ["1 finish", "req 2 aborted", "2 close"]


def test_the_second_is_destroyed_while_waiting() -> None:
    """'close' on the next turn, socket untouched; in its turn the connection is destroyed."""
    two = Two()
    two.second.write("x")
    two.second.destroy()
    assert "2 close" not in two.log
    settle()
    assert "2 close" in two.log
    assert not two.client.ended
    two.first.end("1")
    settle()
    assert two.client.received.endswith(b"\r\n\r\n1")
    assert two.client.closed


def test_a_waiting_response_that_is_destroyed_and_lost() -> None:
    """Closes once."""
    two = Two()
    two.second.destroy()
    two.client.transport.feed(None)
    settle()
    assert two.log.count("2 close") == 1


def test_a_response_destroyed_in_the_close_of_another() -> None:
    """Closes once, too."""
    log: list[int] = []
    held: list[Any] = []
    client = testing.connect(http.create_server(lambda req, res: held.append(res)))
    client.send(GET * 3)
    held[1].on("close", lambda: held[2].destroy())
    held[2].on("close", lambda: log.append(2))
    client.end()
    assert log == [2]
