"""Responses made by hand: over any writable, in its own time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.response_stage import KEEP, Request, Writable, by_hand, code_of, serve, settle
from tests.kit.stage import events
from writehead import http
from writehead._message.standalone import WritableSink
from writehead.errors import ConnectionLostError

OK = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n"


def test_a_response_without_a_socket_queues() -> None:
    """It compares the queue with its own mark."""
    res = by_hand(high_water_mark=100)
    assert res.socket is None
    assert res.write("a" * 10)
    assert not res.write("a" * 90)
    assert res.writable_need_drain
    assert res.writable_high_water_mark == 100
    assert res.writable_length == len(OK) + len("Transfer-Encoding: chunked\r\n\r\n") + 3 + 12 + 4 + 92


def test_the_default_mark_is_65536() -> None:
    """Options may come as one mapping in Node's spelling."""
    assert by_hand().writable_high_water_mark == 65536
    res = http.ServerResponse(Request(), {"highWaterMark": 5, "rejectNonStandardBodyWrites": True})
    assert res.writable_high_water_mark == 5
    res.status_code = 204
    assert code_of(lambda: res.write("x")) == "ERR_HTTP_BODY_NOT_ALLOWED"


def test_assigning_a_socket_flushes_the_queue() -> None:
    """'socket', then the bytes; then 'drain' if it is owed and nothing is left."""
    log: list[Any] = []
    res = by_hand(high_water_mark=10)
    events(log, res, "drain finish close")
    res.on("socket", lambda w: log.append(("socket", w.taken)))
    res.write("abc", lambda error: log.append(("written", error)))
    w = Writable()
    res.assign_socket(w)
    assert res.socket is res.connection is w
    assert w.taken == OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    assert log == [("socket", b""), "drain"]
    settle()
    assert log == [("socket", b""), "drain", ("written", None)]


def test_finish_follows_if_it_has_ended() -> None:
    """The writable is neither ended nor detached: that is the user's part."""
    log: list[Any] = []
    res = by_hand()
    events(log, res, "drain finish close")
    res.end("abc", lambda: log.append("ended"))
    settle()
    assert log == []
    w = Writable()
    res.assign_socket(w)
    assert w.taken == OK + b"Content-Length: 3\r\n\r\nabc"
    assert w.corks == 0
    assert log == []
    settle()
    assert log == ["finish", "ended"]
    assert res.socket is w
    assert not w.destroyed_with


def test_no_keep_alive_line_without_a_server() -> None:
    """Nobody gives the time; the first line and the date are as ever."""
    res = by_hand()
    res.send_date = True
    res.end()
    w = Writable()
    res.assign_socket(w)
    lines = w.taken.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 200 OK"
    assert lines[1].startswith(b"Date: ")
    assert lines[2:] == [b"Connection: keep-alive", b"Content-Length: 0", b"", b""]


@pytest.mark.parametrize(
    ("method", "version", "te", "expected"),
    [
        ("GET", (1, 1), "", b"Connection: keep-alive\r\nContent-Length: 1\r\n\r\nx"),
        ("HEAD", (1, 1), "", b"Connection: keep-alive\r\n\r\n"),
        ("GET", (1, 0), "", b"Connection: close\r\n\r\nx"),
        ("GET", (1, 0), "chunked", b"Connection: close\r\nContent-Length: 1\r\n\r\nx"),
        ("GET", (0, 9), "", b"Connection: close\r\n\r\nx"),
        ("GET", (2, 0), "", b"Connection: close\r\n\r\nx"),
    ],
)
def test_only_method_version_and_te_are_read(
    method: str, version: tuple[int, int], te: str, expected: bytes
) -> None:
    """Of the request that it is made for."""
    res = by_hand(method, version, te)
    res.end("x")
    w = Writable()
    res.assign_socket(w)
    assert w.taken == b"HTTP/1.1 200 OK\r\n" + expected


def test_a_writable_carries_one_response() -> None:
    """Another one, or the same again, is refused; after detach_socket it is free."""
    w = Writable()
    res, other = by_hand(), by_hand()
    res.assign_socket(w)
    assert code_of(lambda: other.assign_socket(w)) == "ERR_HTTP_SOCKET_ASSIGNED"
    assert code_of(lambda: res.assign_socket(w)) == "ERR_HTTP_SOCKET_ASSIGNED"
    assert code_of(lambda: other.detach_socket(w)) == "ERR_INTERNAL_ASSERTION"
    res.detach_socket(w)
    assert res.socket is None
    assert code_of(lambda: res.detach_socket(w)) == "ERR_INTERNAL_ASSERTION"
    other.assign_socket(w)
    assert w.listener_count("close") == 1


def test_a_second_free_socket_replaces_the_first() -> None:
    """What is written then goes there."""
    res = by_hand()
    first, second = Writable(), Writable()
    res.assign_socket(first)
    res.write("a")
    res.flush_headers()
    settle()
    res.assign_socket(second)
    res.end("b")
    settle()
    assert first.taken.endswith(b"1\r\na\r\n")
    assert second.taken == b"1\r\nb\r\n0\r\n\r\n"


def test_after_detach_the_rest_waits_for_another_socket() -> None:
    """Later writes are queued."""
    log: list[Any] = []
    res = by_hand()
    events(log, res, "finish close")
    first, second = Writable(), Writable()
    res.assign_socket(first)
    res.write("a")
    settle()
    res.detach_socket(first)
    first.emit("close")
    res.end("b")
    settle()
    assert first.taken == OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    assert log == []
    res.assign_socket(second)
    settle()
    assert second.taken == b"1\r\nb\r\n0\r\n\r\n"
    assert log == ["finish"]


def test_a_writable_that_closes_takes_its_response_along() -> None:
    """'close', and the flags; what waited is never called."""
    log: list[Any] = []
    res = by_hand()
    events(log, res, "finish close")
    w = Writable(slow=True)
    res.assign_socket(w)
    res.end("a", lambda: log.append("ended"))
    w.emit("close")
    settle()
    assert log == ["close"]
    assert res.destroyed
    assert res.closed


def test_a_close_after_finish_says_nothing() -> None:
    """One response, one ending."""
    log: list[Any] = []
    res = by_hand()
    events(log, res, "finish close")
    w = Writable()
    res.assign_socket(w)
    res.end("a")
    settle()
    w.emit("close")
    settle()
    assert log == ["finish"]
    assert res.closed


def test_destroy_destroys_the_writable() -> None:
    """With the error; 'close' comes when it has closed."""
    log: list[Any] = []
    res = by_hand()
    events(log, res, "finish close error")
    w = Writable()
    res.assign_socket(w)
    error = ValueError()
    assert res.destroy(error) is res
    assert w.destroyed_with == [error]
    assert res.errored is error
    settle()
    assert log == ["close"]


def test_destroy_without_a_socket() -> None:
    """'close' on the next turn; a socket that comes too late is destroyed."""
    log: list[Any] = []
    res = by_hand()
    events(log, res, "finish close")
    res.write("x")
    res.destroy()
    assert (res.destroyed, res.closed, log) == (True, False, [])
    settle()
    assert log == ["close"]
    w = Writable()
    res.assign_socket(w)
    assert w.taken == b""
    assert w.destroyed_with == [None]


def test_a_writable_that_cannot_be_destroyed() -> None:
    """Is left alone."""
    w = Writable()
    w.destroy = None  # type: ignore[assignment]
    res = by_hand()
    res.assign_socket(w)
    res.destroy()
    assert res.destroyed


def test_drain_of_the_writable_is_not_forwarded() -> None:
    """`writable_need_drain` stays."""
    log: list[Any] = []
    res = by_hand()
    events(log, res, "drain")
    w = Writable(10)
    res.assign_socket(w)
    assert not res.write("abc")
    settle()
    w.emit("drain")
    assert res.writable_need_drain
    assert log == []
    assert res.writable_high_water_mark == 10


@pytest.mark.parametrize("how", ["drain", "end", "close"])
@on_both_loops
async def test_who_awaits_drain_hears_the_writable(how: str) -> None:
    """So that `pipeline` goes on; nobody waits when nothing does."""
    res, w = by_hand(), Writable(high_water_mark=10, slow=True)
    res.assign_socket(w)
    assert not res.write("x" * 100)
    waiting = asyncio.ensure_future(res.drain())
    await asyncio.sleep(0)
    assert not waiting.done()
    if how == "close":
        w.emit("close")
        with pytest.raises(ConnectionLostError):
            await waiting
    elif how == "drain":
        w.take()
        w.emit("drain")
        await waiting
        assert res.writable_need_drain
        await res.drain()
    else:
        res.end()
        w.take()
        await waiting
    assert not w.listener_count("drain")


def test_set_timeout_asks_the_writable() -> None:
    """At once, or when it comes; a writable without one: a plain attribute error."""
    w = Writable()
    heard: list[Any] = []
    w.set_timeout = heard.append  # type: ignore[attr-defined]
    res = by_hand()
    assert res.set_timeout(50) is res
    res.assign_socket(w)
    res.set_timeout(60)
    assert heard == [50, 60]
    bare = by_hand()
    bare.assign_socket(Writable())
    with pytest.raises(AttributeError):
        bare.set_timeout(5)


def test_corks_are_remembered_until_there_is_a_socket() -> None:
    """Then applied; `res.socket = w` moves open ones from the old socket to the new."""
    res = by_hand()
    res.cork()
    res.cork()
    first, second = Writable(), Writable()
    res.assign_socket(first)
    assert first.corks == 2
    res.socket = second
    assert (first.corks, second.corks) == (0, 2)
    res.socket = None
    assert second.corks == 0
    assert res.socket is None
    res.assign_socket(third := Writable())
    assert third.corks == 2
    res.end("x")
    assert third.corks == 0
    assert third.taken == OK + b"Content-Length: 1\r\n\r\nx"


def test_a_failed_write_of_the_writable_is_told_to_the_callback() -> None:
    """What the writable says is handed on, on a later turn."""
    log: list[Any] = []

    class Broken(Writable):
        def write(self, data: bytes, encoding: Any = None, callback: Any = None) -> bool:
            if callback is not None:
                callback(OSError("broken"))
            return False

    res = by_hand()
    events(log, res, "finish")
    res.assign_socket(Broken())
    assert res.write("x", lambda error: log.append(str(error))) is False
    assert log == []
    res.end("y")
    settle()
    assert log == ["broken"]


def test_what_is_written_in_one_turn_leaves_together() -> None:
    """Corked until the turn ends; `end` sends at once."""
    res = by_hand()
    w = Writable()
    res.assign_socket(w)
    res.write("a")
    res.write("b")
    assert w.taken == b""
    settle()
    assert len(w.writes) == 1
    res.write("c")
    res.end("d")
    assert w.writes[1] == b"1\r\nc\r\n1\r\nd\r\n0\r\n\r\n"


def test_an_empty_write_waits_its_turn() -> None:
    """The callback comes after the bytes before it are out."""
    log: list[Any] = []
    w = Writable(slow=True)
    res = by_hand()
    res.assign_socket(w)
    res.flush_headers()
    res.write("", lambda: log.append("empty"))
    settle()
    assert log == []
    w.take()
    settle()
    assert log == ["empty"]
    res.write("", lambda: log.append("again"))
    assert log == ["empty"]
    settle()
    assert log == ["empty", "again"]


def test_a_response_with_no_body_on_a_slow_writable() -> None:
    """'finish' waits for the head, though `end` adds no byte to it."""
    log: list[Any] = []
    w = Writable(slow=True)
    res = by_hand("HEAD")
    events(log, res, "finish")
    res.assign_socket(w)
    res.flush_headers()
    res.end()
    settle()
    assert log == []
    w.take()
    settle()
    assert log == ["finish"]


def test_the_sink_asks_its_writable() -> None:
    """Length and mark are its own; none is nothing."""
    w = Writable(5, slow=True)
    sink = WritableSink(w)
    assert (sink.pending, sink.mark) == (0, 5)
    assert sink.put(b"abc")
    assert not sink.put(b"de")
    assert sink.pending == 5
    w.writable_high_water_mark = None  # type: ignore[assignment]
    assert sink.mark == 0


def test_our_own_socket_by_hand() -> None:
    """A Socket is a writable too: an answer after the server's own, on a connection that is kept."""
    served = serve(lambda res: res.end("1"))
    res = by_hand()
    res.end("2")
    res.assign_socket(served.client.socket)
    settle()
    assert served.text == (
        f"HTTP/1.1 200 OK|Date: D|{KEEP}|Content-Length: 1||1"
        "HTTP/1.1 200 OK|Connection: keep-alive|Content-Length: 1||2"
    )


# -- OutgoingMessage alone -----------------------------------------------------


def test_an_outgoing_message_alone() -> None:
    """Headers, cork and properties work; there is no head to render."""
    message = http.OutgoingMessage()
    message.set_header("A", "1")
    message.cork()
    assert message.writable_corked == 1
    assert not message.send_date
    for call in (lambda: message.write("x"), message.end, message.flush_headers):
        assert code_of(call) == "ERR_METHOD_NOT_IMPLEMENTED"
    assert not message.finished
    assert not message.headers_sent


def test_an_outgoing_message_is_destroyed() -> None:
    """'close' on the next turn."""
    log: list[Any] = []
    message = http.OutgoingMessage()
    events(log, message, "close")
    message.destroy()
    message.destroy()
    settle()
    assert log == ["close"]


def test_bytes_that_are_taken_after_the_close() -> None:
    """Make no 'finish' any more."""
    log: list[Any] = []
    res = by_hand()
    events(log, res, "finish close")
    w = Writable(slow=True)
    res.assign_socket(w)
    res.end("a")
    w.emit("close")
    w.take()
    settle()
    assert log == ["close"]


def test_a_socket_may_be_set() -> None:
    """As assign_socket, but nobody asks whether it is free."""
    res = by_hand()
    res.write("a")
    res.socket = w = Writable()
    assert w.taken.endswith(b"1\r\na\r\n")


def test_an_empty_write_without_a_callback() -> None:
    """Nothing for the writable."""
    w = Writable()
    res = by_hand()
    res.assign_socket(w)
    res.flush_headers()
    before = w.taken
    assert res.write("")
    settle()
    assert w.taken == before
    assert WritableSink(w).is_settled(res._exchange)


def test_a_response_that_is_detached_when_the_socket_is_told() -> None:
    """Keeps what it has for another."""
    res, one, other = by_hand(), Writable(), Writable()
    res.write("a")
    res.once("socket", res.detach_socket)
    res.assign_socket(one)
    settle()
    assert (res.socket, one.taken) == (None, b"")
    res.assign_socket(other)
    settle()
    assert other.taken.endswith(b"1\r\na\r\n")


def test_a_destroy_when_the_socket_is_told() -> None:
    """Destroys the writable, once."""
    res, w = by_hand(), Writable()
    w.destroyed = False  # type: ignore[attr-defined]
    w.on("close", lambda: setattr(w, "destroyed", True))
    res.on("socket", lambda socket: res.destroy())
    res.assign_socket(w)
    assert w.destroyed_with == [None]


def test_a_cork_behind_the_end_is_the_users_to_undo() -> None:
    """The socket stays with the response, corked, until it is detached (Node)."""
    w, res = Writable(), by_hand()
    res.assign_socket(w)
    res.end("a")
    res.cork()
    settle()
    assert res.writable_finished
    assert (res.socket is w, w.corks) == (True, 1)
    res.uncork()
    assert w.corks == 0
    res.detach_socket(w)
    assert res.socket is None


@pytest.mark.parametrize("size", [1, 16_384])
def test_nothing_is_called_back_inside_the_call(size: int) -> None:
    """Not by `end`, nor by `uncork`, whatever the size of a piece, and though the writable calls back at once."""
    log: list[Any] = []
    w, res = Writable(high_water_mark=1 << 20), by_hand()
    res.assign_socket(w)
    res.on("finish", lambda: log.append("finish"))
    res.flush_headers()
    settle()
    res.cork()
    res.write(b"x" * size, lambda error: log.append("written"))
    res.uncork()
    log.append("uncorked")
    settle()
    res.end(b"x" * size)
    log.append("ended")
    settle()
    assert log == ["uncorked", "written", "ended", "finish"]
