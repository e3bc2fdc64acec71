"""A connection: the order of its answers, what stops its reading, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import math
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from tests.kit.stage import (
    BAD,
    GET,
    OK,
    OK_CLOSE,
    Stage,
    answer,
    answer_at_end,
    answer_at_once,
    bytewise,
    events,
    silent,
)
from writehead import http, testing
from writehead.testing import settle

HOST = b" HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"


def keeping(**options: Any) -> tuple[Stage, list[Any]]:
    """Return a stage whose handler keeps the responses, and the list that it keeps them in."""
    held: list[Any] = []
    return Stage(lambda req, res: held.append(res), **options), held


# -- the order of answers ------------------------------------------------------


def test_answers_leave_in_the_order_of_the_requests() -> None:
    """A later answer waits for the earlier ones, whole or in pieces."""
    stage, held = keeping()
    client = stage.send(GET + b"GET /2" + HOST + b"GET /3" + HOST)
    held[2].end("3")
    held[1].write("2")
    settle()
    assert client.received == b""
    held[0].end("1")
    settle()
    second = OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n2\r\n"
    assert dateless(client.received) == answer(b"1") + second
    held[1].end()
    settle()
    assert dateless(client.received) == answer(b"1") + second + b"0\r\n\r\n" + answer(b"3")


def test_a_waiting_response_has_no_socket() -> None:
    """It buffers, counts as sent, and may be finished though nothing has left."""
    stage, held = keeping()
    client = stage.send(GET + GET)
    first, second = held
    assert (first.socket, second.socket) == (client.socket, None)
    assert second.req.socket is client.socket
    second.end("2")
    settle()
    assert (second.headers_sent, second.finished, second.writable_finished) == (True, True, False)


def test_the_next_response_gets_the_socket_before_the_last_one_says_finish() -> None:
    """Node's order for three responses that end in reverse."""
    stage, held = keeping()
    stage.send(GET + GET + GET)
    for number, res in enumerate(held, 1):
        events(stage.log, res, "socket finish", f"{number} ")
    del stage.log[:3]
    for res in reversed(held):
        res.end()
    settle()
    assert stage.log == ["2 socket", "1 finish", "3 socket", "2 finish", "3 finish"]


def test_a_waiting_response_that_is_destroyed_ends_the_connection_in_its_turn() -> None:
    """Its 'close' comes at once; what is before it is still answered."""
    stage, held = keeping()
    client = stage.send(GET + GET)
    events(stage.log, held[1], "close")
    held[1].write("lost")
    held[1].destroy()
    settle()
    assert (stage.log[-1], client.closed) == ("close", False)
    held[0].end("1")
    settle()
    assert (dateless(client.received), client.closed) == (answer(b"1"), True)


def test_requests_behind_an_answer_that_closes_are_aborted() -> None:
    """Their responses emit 'close', and nothing of them is sent."""
    stage, held = keeping()
    client = stage.send(GET + GET)
    events(stage.log, held[1], "finish close")
    held[1].end("2")
    held[0].set_header("Connection", "close")
    held[0].end("1")
    settle()
    assert client.closed
    assert dateless(client.received) == (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nDate: D\r\nContent-Length: 1\r\n\r\n1"
    )
    assert stage.log[2:] == ["close"]
    assert held[1].errored.code == "ECONNRESET"


def test_informational_answers_wait_their_turn() -> None:
    """A 103 of a waiting response goes out with it."""
    stage, held = keeping()
    client = stage.send(GET + GET)
    held[1].write_early_hints({"link": "</a>; rel=preload"})
    held[1].end("2")
    settle()
    assert client.received == b""
    held[0].end("1")
    settle()
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
    assert dateless(client.received) == answer(b"1") + hint + answer(b"2")


def test_a_packet_of_requests_is_served_whole() -> None:
    """However many it holds: to stop the reading comes too late for them."""
    stage, held = keeping()
    client = stage.send(2000 * GET)
    assert len(held) == 2000
    for res in reversed(held):
        res.end("x")
    settle()
    assert dateless(client.received) == 2000 * answer(b"x")


def test_many_waiting_requests_stop_the_reading() -> None:
    """A hundred that nobody answers are enough: they cost memory, though no byte of an answer waits."""
    stage, held = keeping()
    client = stage.send(GET * 100)
    client.send(GET)
    assert (len(held), client.socket.transport.is_reading()) == (101, False)
    client.send(GET * 50)
    assert len(held) == 101
    held[0].end()
    settle()
    assert len(held) == 151
    for res in held:
        res.end()
    settle()
    assert (client.received.count(b"HTTP/1.1 200 OK"), client.socket.transport.is_reading()) == (151, True)


def test_waiting_bytes_stop_the_reading() -> None:
    """From the mark on nothing is read, until what waits has gone out."""
    stage, held = keeping(high_water_mark=1000)
    client = stage.send(GET + GET)
    held[1].end(2000 * b"x")
    client.send(GET)  # the head that finds the line full is still dispatched
    client.send(GET)
    assert len(held) == 3
    held[0].end()
    settle()
    assert len(held) == 4


@pytest.mark.parametrize("writes", [1, 3])
def test_what_was_written_in_the_line_drains_when_the_client_has_it(writes: int) -> None:
    """A response that waits for 'drain' is told of it, also if the client was slow when its turn came."""
    stage, held = keeping()
    client = stage.send(GET + GET)
    log: list[str] = []
    events(log, held[1], "drain")
    held[1].set_header("Content-Length", writes * 100_000)
    sent = [held[1].write(b"x" * 100_000) for _ in range(writes)]
    assert not any(sent)
    client.transport.room = 1000  # for the first, and little more
    held[0].end("first")
    settle()
    assert log == []
    client.transport.room = math.inf
    settle()
    assert log == ["drain"]
    held[1].end()
    settle()
    assert client.received.count(b"x" * 100_000) == writes


def test_reading_goes_on_once_a_full_line_has_left() -> None:
    """Answers of one packet that are more than the mark leave together; the connection serves on."""
    body = b"x" * 10_000
    stage = Stage(lambda req, res: res.end(body))
    client = stage.send(GET * 16)
    assert client.received.count(body) == 16
    client.send(GET)
    assert client.received.count(body) == 17


def test_a_request_behind_whole_ones_is_told_of_by_its_packet() -> None:
    """The error of a broken request has the packet it came in, and where in it the parser stopped."""
    errors: list[Any] = []
    stage = Stage(lambda req, res: res.end())
    stage.server.on("clientError", lambda error, socket: errors.append(error) or socket.destroy())
    stage.send(packet := GET + GET + b"BAD\x00 / HTTP/1.1" + HOST)
    assert (errors[0].raw_packet, errors[0].bytes_parsed) == (packet, 2 * len(GET) + 1)


def test_a_line_feed_does_not_hide_an_old_version() -> None:
    """What the parser takes for HTTP/0.9 is refused alone and in front of others, its fields known or not."""
    stage = Stage(lambda req, res: res.end())
    hidden = b"GET /a\nX: y HTTP/1.1\r\nHost: hidden\r\n\r\n"
    for packet in (hidden, GET.replace(b"Host: a", b"Host: hidden"), hidden, hidden + GET):
        received = stage.exchange(packet)
        assert received == BAD if b"\n" in packet[:10] else received.startswith(b"HTTP/1.1 200")


def test_a_trailer_that_closes_closes_for_nobody_else() -> None:
    """llhttp takes it for the last word of its connection; its parser serves no other."""
    stage = Stage(answer_at_end)
    chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    for _ in range(3):
        assert stage.exchange(*bytewise(chunked + b"Connection: close\r\n\r\n")) == answer(b"x")
        assert stage.exchange(POST + b"abcd") == answer(b"abcd")


def test_a_timeout_set_by_the_handler_outlives_its_packet() -> None:
    """The keep-alive clock of the answer before does not come in its way, nor it in that clock's."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(res))
    client = stage.send(GET)
    held[0].end()
    client.send(GET)
    held[1].set_timeout(50, lambda socket: stage.log.append("late"))
    client.clock.advance(60)
    assert stage.log[-1] == "late"
    held[1].end()
    client.clock.advance(5900)
    assert not client.closed
    client.clock.advance(500)
    assert client.closed


def test_a_timeout_set_inside_the_handler_counts_at_once() -> None:
    """Also on a connection whose keep-alive clock was running."""
    stage = Stage(lambda req, res: None)
    stage.server.prepend_listener(
        "request", lambda req, res: res.set_timeout(50) if req.url == "/wait" else res.end()
    )
    client = stage.send(GET)
    client.send(b"GET /wait" + HOST)
    client.clock.advance(60)
    assert client.closed


def test_a_client_that_does_not_read_stops_the_reading() -> None:
    """While the socket wants 'drain' no more is read than the head that found it so."""
    stage = Stage(lambda req, res: res.end(100_000 * b"x"))
    client = stage.connect()
    client.stall()
    for _ in range(10):
        client.send(GET)
    assert len(stage.log) <= 3
    client.take()
    assert len(stage.log) == 10


def test_a_waiting_response_that_was_full_drains_in_its_turn() -> None:
    """'drain' comes when what it queued has gone out."""
    stage, held = keeping(high_water_mark=1000)
    client = stage.send(GET + GET)
    events(stage.log, held[1], "drain finish")
    assert held[1].write(2000 * b"x") is False
    settle()
    assert stage.log[2:] == []
    held[0].end("1")
    settle()
    assert stage.log[2:] == ["drain"]
    assert client.received.endswith(b"7d0\r\n" + 2000 * b"x" + b"\r\n")


def test_a_response_class_hears_of_its_socket() -> None:
    """'socket' for the first in line, if it listens from its constructor on."""

    class Response(http.ServerResponse):
        def __init__(self, req: Any, **options: Any) -> None:
            super().__init__(req, **options)
            self.on("socket", lambda socket: log.append(socket))

    log: list[Any] = []
    client = Stage(ServerResponse=Response).send(GET)
    assert log == [client.socket]


# -- errors in a line of requests ----------------------------------------------


def test_an_error_waits_for_the_answers_before_it() -> None:
    """The good requests are answered, then comes the 400, then the end."""
    stage, held = keeping()
    client = stage.send(GET + GET + b"nonsense\r\n\r\n")
    assert client.received == b""
    held[1].end("2")
    held[0].end("1")
    settle()
    assert (dateless(client.received), client.closed) == (answer(b"1") + answer(b"2") + BAD, True)


def test_client_error_comes_at_once() -> None:
    """It does not wait for the answers before it."""
    stage, _ = keeping()
    stage.server.on("clientError", lambda error, socket: stage.log.append(error.code))
    stage.send(GET + b"nonsense\r\n\r\n")
    assert stage.log == ["GET /", "HPE_INVALID_METHOD"]


def test_a_broken_body_takes_the_place_of_its_own_answer() -> None:
    """The request before is answered, the broken one gets the 400."""
    held: list[Any] = []
    stage = Stage(
        lambda req, res: (held.append(res), events(stage.log, res, "finish close", req.method + " "))
    )
    client = stage.send(GET + b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n")
    held[0].end("1")
    settle()
    assert (dateless(client.received), client.closed) == (answer(b"1") + BAD, True)
    assert stage.log == ["GET /", "POST /", "POST close", "GET finish"]


def test_a_broken_body_cuts_its_answer_if_that_has_begun() -> None:
    """In its turn what was written goes out, and then the end comes without a 400."""
    stage, held = keeping()
    broken = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    client = stage.send(GET + broken)
    held[1].write("x")
    settle()
    client.send(b"z\r\n")
    held[0].end("1")
    held[1].end()
    settle()
    begun = OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
    assert dateless(client.received).startswith(answer(b"1") + begun)
    assert b"400" not in client.received
    assert client.closed


def test_an_answer_given_before_the_body_broke_stands() -> None:
    """Answer in the handler, error in the same packet: the answer, then the end, no 400."""
    stage = Stage()
    client = stage.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n")
    assert (dateless(client.received), client.closed) == (answer(b"ok"), True)


def test_an_error_in_a_later_packet_is_told_behind_the_answer() -> None:
    """Answer, then 400."""
    stage = Stage()
    client = stage.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"z\r\n")
    assert (dateless(client.received), client.closed) == (answer(b"ok") + BAD, True)


def test_a_write_head_alone_does_not_hold_back_the_400() -> None:
    """Nothing has left with it."""
    stage = Stage(lambda req, res: res.write_head(200))
    client = stage.send(POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked"), b"z\r\n")
    assert (client.received, client.closed) == (BAD, True)


def test_a_flushed_head_holds_back_the_400() -> None:
    """The connection is cut without a word."""
    stage = Stage(lambda req, res: res.flush_headers())
    client = stage.send(POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked"), b"z\r\n")
    assert dateless(client.received) == OK + b"Transfer-Encoding: chunked\r\n\r\n"
    assert client.closed


def test_a_client_error_listener_takes_over() -> None:
    """It answers; nothing else is written, and the error comes once."""
    stage = Stage(silent)

    def refuse(error: Any, socket: Any) -> None:
        stage.log.append(error.code)
        socket.end(b"HTTP/1.1 418 Short\r\n\r\n")

    stage.server.on("clientError", refuse)
    client = stage.send(b"nonsense\r\n\r\n", b"more\r\n", b"and more")
    assert client.received == b"HTTP/1.1 418 Short\r\n\r\n"
    assert stage.log == ["HPE_INVALID_METHOD"]
    assert (client.ended, client.closed) == (True, False)
    client.end()
    assert client.closed


def test_a_client_error_listener_that_does_nothing_leaves_the_socket() -> None:
    """A pending answer may still be sent."""
    stage, held = keeping()
    stage.server.on("clientError", lambda error, socket: None)
    client = stage.send(GET, b"nonsense\r\n\r\n")
    held[0].end("ok")
    settle()
    assert dateless(client.received).startswith(b"HTTP/1.1 200 OK\r\n")
    assert dateless(client.received).endswith(b"\r\n\r\nok")


def test_events_of_a_broken_request_come_in_nodes_order() -> None:
    """socket 'error', 'aborted', the closes, and the request's 'error' and 'close' last."""
    log: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        events(log, req, "aborted error close end", "req ")
        events(log, res, "finish close", "res ")
        events(log, req.socket, "error close end finish", "socket ")

    Stage(handle).send(POST.replace(b"Content-Length: 4", b"Transfer-Encoding: chunked"), b"z\r\n")
    assert log == [
        "socket error HPE_INVALID_CHUNK_SIZE",
        "req aborted",
        "res close",
        "socket close True",
        "req error ECONNRESET",
        "req close",
    ]


# -- the ends of a connection --------------------------------------------------


def test_fin_behind_a_request_loses_its_answer() -> None:
    """There is no waiting for a slow handler: 'aborted', response 'close', the end."""
    stage, held = keeping()
    client = stage.send(GET)
    events(stage.log, held[0].req, "aborted")
    events(stage.log, held[0], "finish close")
    client.end()
    assert (client.received, client.closed) == (b"", True)
    assert stage.log[1:] == ["aborted", "close"]


async def answer_after_steps(req: Any, res: Any) -> None:
    """Read the body, and take some more rounds of the loop, none of which waits for I/O."""
    body = await req.bytes()
    for _ in range(10):
        await asyncio.sleep(0)
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
    res.write(body)
    await asyncio.wait_for(asyncio.sleep(0), 5)
    res.end("!")


def streamed(body: bytes) -> bytes:
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"1\r\n!\r\n0\r\n\r\n"


@on_both_loops
async def test_a_task_answers_though_the_fin_came_with_its_request() -> None:
    """What waits for no I/O comes in time, as on Node; of several requests each."""
    for requests, bodies in (
        ([GET], [b""]),
        ([POST + b"body"], [b"body"]),
        ([GET, POST + b"4444"], [b"", b"4444"]),
    ):
        async with http.create_server(answer_after_steps) as server:
            await server.listen(0, "127.0.0.1")
            for apart in (False, True):
                client = await dial(server)
                client.send(b"".join(requests))
                if apart:
                    await asyncio.sleep(0)
                client.end()
                assert await client.rest() == b"".join(map(streamed, bodies))


@on_both_loops
async def test_a_task_answers_though_a_broken_request_and_the_fin_follow() -> None:
    """The good answer first, then the 400."""
    async with http.create_server(answer_after_steps) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET + b"GET / HTTP/1.1\r\n")
        client.end()
        assert await client.rest() == streamed(b"") + BAD


@on_both_loops
async def test_fin_ends_a_connection_whose_task_waits_for_more() -> None:
    """What has been written is sent, then comes the end, and the task hears of it."""
    cancelled = asyncio.Event()

    async def handle(req: Any, res: Any) -> None:
        res.on("close", cancelled.set)
        await asyncio.sleep(0)
        res.write("begun")

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        for behind in (b"", b"GET"):
            cancelled.clear()
            client = await dial(server)
            client.send(GET + behind)
            client.end()
            begun = OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n"
            assert await client.rest() == begun
            await cancelled.wait()


def test_fin_does_not_cut_an_answer_that_is_out_of_the_handlers_hands() -> None:
    """What was written is flushed, then comes the end."""
    stage = Stage(lambda req, res: res.end(200_000 * b"x"))
    client = stage.connect()
    client.stall()
    client.send(GET)
    client.end()
    assert not client.closed
    client.take()
    assert client.received.endswith(b"x" * 200_000)
    assert client.closed


def test_events_of_a_socket_that_the_peer_ends() -> None:
    """'end', 'finish', 'close' without an error."""
    stage = Stage()
    client = stage.send(GET)
    events(stage.log, client.socket, "end finish close error")
    client.end()
    assert stage.log[1:] == ["end", "finish", "close False"]


def test_events_of_a_socket_that_is_reset() -> None:
    """'clientError' first, then 'error' and 'close' with an error; no 'end'."""
    stage = Stage()
    stage.server.on(
        "clientError", lambda error, socket: stage.log.append((error.code, str(error), socket.destroyed))
    )
    client = stage.send(GET)
    events(stage.log, client.socket, "end finish close error")
    client.reset()
    assert stage.log[1:] == [
        ("ECONNRESET", "read ECONNRESET", True),
        "error ECONNRESET",
        "close True",
    ]


def test_events_of_a_socket_that_the_last_answer_closes() -> None:
    """'finish', 'close'."""
    stage, held = keeping()
    client = stage.send(b"GET / HTTP/1.0\r\n\r\n")
    events(stage.log, client.socket, "end finish close error")
    held[0].end("ok")
    settle()
    assert stage.log[1:] == ["finish", "close False"]


@pytest.mark.parametrize(
    ("error", "wanted"),
    [(None, ["close False"]), (LookupError("x"), ["clientError", "error x", "close True"])],
)
def test_events_of_a_socket_that_is_destroyed(error: Any, wanted: list[str]) -> None:
    """Without an error 'close' alone; with one 'clientError' and 'error' before it."""
    stage = Stage(silent)
    stage.server.on("clientError", lambda error, socket: stage.log.append("clientError"))
    client = stage.send(GET)
    events(stage.log, client.socket, "end finish close error")
    client.socket.destroy(error)
    settle()
    assert stage.log[1:] == wanted


def test_a_reset_aborts_what_is_under_way() -> None:
    """Oldest first; nobody gets 'finish'."""
    stage, held = keeping()
    client = stage.send(GET + GET)
    for number, res in enumerate(held, 1):
        events(stage.log, res.req, "aborted error", f"req {number} ")
        events(stage.log, res, "finish close", f"res {number} ")
    held[1].end("2")
    client.reset()
    assert stage.log[2:] == [
        "req 1 aborted",
        "req 2 aborted",
        "res 1 close",
        "res 2 close",
        "req 1 error ECONNRESET",
        "req 2 error ECONNRESET",
    ]


def test_a_late_answer_to_a_lost_client_changes_nothing() -> None:
    """`write` is False, its callback gets the error, no event comes."""
    stage, held = keeping()
    client = stage.send(GET)
    client.reset()
    events(stage.log, held[0], "finish close drain")
    assert held[0].write("x", lambda error: stage.log.append(error.code)) is False
    held[0].end("y")
    settle()
    assert stage.log[1:] == ["ERR_STREAM_DESTROYED"]


def test_a_packet_behind_the_end_is_not_read() -> None:
    """After an answer that closes nothing more is served."""
    stage = Stage()
    client = stage.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", GET)
    assert (stage.log, dateless(client.received)) == (["GET /"], answer(b"ok", OK_CLOSE))


# -- close() -------------------------------------------------------------------


def closing(stage: Stage) -> None:
    stage.server.close(lambda: stage.log.append("closed"))
    settle()


def test_close_ends_idle_connections_at_once() -> None:
    """'close' follows."""
    stage = Stage()
    client = stage.send(GET)
    closing(stage)
    assert (client.closed, stage.log) == (True, ["GET /", "closed"])


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_close_ends_silent_connections_at_once(sent: bytes) -> None:
    """A client that never began a request holds nothing back."""
    stage = Stage()
    client = stage.send(sent)
    closing(stage)
    assert (client.closed, stage.log) == (True, ["closed"])


@pytest.mark.parametrize("before", [b"", GET])
def test_a_drain_gives_time_to_bring_what_is_on_its_way(before: bytes) -> None:
    """To the silent and to the idle; the answer says that it is the last. Who brings nothing is closed."""
    stage = Stage()
    asking, quiet = stage.send(before), stage.send(before)
    heard = len(asking.received)
    stage.server.drain()
    settle()
    assert (asking.closed, quiet.closed) == (False, False)
    stage.clock.advance(400)
    asking.send(GET)
    settle()
    assert dateless(asking.received[heard:]) == answer(b"ok", OK_CLOSE)
    assert (asking.closed, quiet.closed) == (True, False)
    stage.clock.advance(100)
    assert quiet.closed


def test_close_lets_busy_connections_finish() -> None:
    """Their answers say `Connection: close`, and end them."""
    stage, held = keeping()
    client = stage.send(GET)
    closing(stage)
    assert (client.closed, stage.log) == (False, ["GET /"])
    held[0].end("ok")
    settle()
    assert (dateless(client.received), client.closed) == (answer(b"ok", OK_CLOSE), True)
    assert stage.log == ["GET /", "closed"]


def test_close_ends_an_answer_whose_head_is_out_all_the_same() -> None:
    """It said keep-alive; the connection is closed behind it."""
    stage, held = keeping()
    client = stage.send(GET)
    held[0].write("a")
    settle()
    closing(stage)
    held[0].end()
    settle()
    assert dateless(client.received) == OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    assert client.closed


def test_close_never_cuts_an_answer_that_is_flushing() -> None:
    """A slow client gets it whole."""
    stage = Stage(lambda req, res: res.end(500_000 * b"x"))
    client = stage.connect()
    client.stall()
    client.send(GET)
    closing(stage)
    stage.server.close_idle_connections()
    settle()
    assert not client.closed
    client.take()
    assert client.received.endswith(500_000 * b"x")
    assert (client.closed, stage.log) == (True, ["GET /", "closed"])


def test_close_answers_every_request_in_the_line() -> None:
    """What was read before is served; the last answer closes."""
    stage, held = keeping()
    client = stage.send(GET + GET)
    closing(stage)
    held[0].end("1")
    held[1].end("2")
    settle()
    received = dateless(client.received)
    assert (received.count(b"HTTP/1.1 200 OK"), client.closed) == (2, True)
    assert received.endswith(answer(b"2", OK_CLOSE))


def test_close_serves_what_was_sent_behind_a_busy_request() -> None:
    """A request that comes while the server closes is answered, and is the last then."""
    stage, held = keeping()
    client = stage.send(GET)
    closing(stage)
    client.send(GET)
    held[0].end("1")
    held[1].end("2")
    settle()
    assert (dateless(client.received), client.closed) == (answer(b"1") + answer(b"2", OK_CLOSE), True)


def test_close_waits_for_a_body_that_is_coming() -> None:
    """The request is served, and the connection ended behind it."""
    stage = Stage(answer_at_end)
    client = stage.send(POST)
    closing(stage)
    client.send(b"body")
    assert (dateless(client.received), client.closed) == (answer(b"body", OK_CLOSE), True)


def test_close_waits_for_a_head_that_is_coming() -> None:
    """Half a head is busy."""
    stage = Stage()
    client = stage.send(GET[:10])
    closing(stage)
    assert not client.closed
    client.send(GET[10:])
    assert (dateless(client.received), client.closed) == (answer(b"ok", OK_CLOSE), True)


@pytest.mark.parametrize("sent", [GET[:10], POST, GET + GET[:10]])
def test_close_waits_for_nothing_longer_than_the_timeouts(sent: bytes) -> None:
    """A request that does not come whole is cut with 408, as before the close, and the server is closed."""
    stage = Stage(answer_at_end)
    client = stage.send(sent)
    closing(stage)
    assert not client.closed
    stage.clock.advance(400_000)
    assert client.closed
    assert stage.log[-1] == "closed"


def test_close_does_not_wait_behind_an_answer_for_more_than_its_body() -> None:
    """When the rest of the body has come, the connection is idle and ends."""
    stage = Stage()
    client = stage.send(POST)
    closing(stage)
    assert not client.closed
    client.send(b"bo")
    assert not client.closed
    client.send(b"dy")
    assert (client.closed, stage.log) == (True, ["POST /", "closed"])


def test_close_idle_connections_leaves_the_busy_and_the_silent() -> None:
    """It ends those alone that have been served and wait."""
    stage, held = keeping()
    silent_one, half, busy, idle = stage.connect(), stage.send(GET[:10]), stage.send(GET), stage.send(GET)
    held[1].end("ok")
    settle()
    stage.server.close_idle_connections()
    settle()
    assert [each.closed for each in (silent_one, half, busy, idle)] == [False, False, False, True]
    assert stage.server.listening


def test_close_all_connections_cuts_whatever_is_there() -> None:
    """The server listens on."""
    stage, held = keeping()
    clients = [stage.connect(), stage.send(GET[:10]), stage.send(GET)]
    events(stage.log, held[0], "close")
    stage.server.close_all_connections()
    settle()
    assert all(each.closed for each in clients)
    assert (stage.server.listening, stage.log) == (True, ["GET /", "close"])


def test_close_twice_is_told_twice() -> None:
    """The second callback hears that the server was not running."""
    stage = Stage()
    stage.server.on("close", lambda: stage.log.append("close"))
    stage.server.close(lambda error=None: stage.log.append(error and error.code))
    stage.server.close(lambda error=None: stage.log.append(error and error.code))
    settle()
    assert stage.log.count("close") == 2
    assert sorted(map(str, stage.log)) == ["ERR_SERVER_NOT_RUNNING", "None", "close", "close"]


# -- write_timeout, body_timeout -----------------------------------------------


def test_an_answer_that_makes_no_progress_is_cut() -> None:
    """`write_timeout` counts from the last byte that was taken."""
    stage = Stage(lambda req, res: res.end(200_000 * b"x"), write_timeout=10_000)
    client = stage.connect()
    client.stall()
    client.send(GET)
    for _ in range(5):
        stage.clock.advance(6000)
        client.take(1)
        assert not client.closed
    stage.clock.advance(15_000)
    assert client.closed


def test_a_body_that_makes_no_progress_is_408() -> None:
    """`body_timeout` counts from the last byte that came."""
    stage = Stage(silent, body_timeout=10_000)
    client = stage.send(POST)
    for _ in range(3):
        stage.clock.advance(6000)
        client.send(b"x")
        assert not client.closed
    stage.clock.advance(15_000)
    assert client.received == b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
    assert client.closed


def test_a_body_that_the_handler_holds_back_is_not_late() -> None:
    """The client cannot help it."""
    stage = Stage(silent, body_timeout=10_000, high_water_mark=2, request_timeout=0)
    client = stage.send(POST)
    client.send(b"xx")
    stage.clock.advance(100_000)
    assert not client.closed


@pytest.mark.parametrize("filler", [b"\r\n", b"\n", b"\r", b"\r\n\r\n"])
@pytest.mark.parametrize(
    "before", [GET, GET + GET, POST + b"1234", POST.replace(b"4", b"70000") + 70_000 * b"x"]
)
def test_empty_lines_do_not_prolong_the_wait_for_a_next_request(before: bytes, filler: bytes) -> None:
    """Whoever sends them now and then is as idle as one who sends nothing; a request behind them is served."""
    stage = Stage(answer_at_once)
    stage.server.on("connection", lambda socket: socket.on("data", lambda data: heard.append(data)))
    heard: list[bytes] = []
    client = stage.send(before)
    for _ in range(5):
        stage.clock.advance(1000)
        client.send(filler)
    assert not client.closed
    client.send(GET)
    for _ in range(6):
        assert not client.closed
        client.send(filler)
        stage.clock.advance(1000)
    assert client.closed
    assert client.received.count(b"200 OK") == before.count(b"HTTP/1.1") + 1
    assert heard == [before, *[filler] * 5, GET, *[filler] * 6]


async def test_a_body_that_comes_piece_by_piece_makes_progress_however_it_is_read() -> None:
    """`body_timeout` sees the bytes that an iteration gets straight from the packet."""

    async def handle(req: Any, res: Any) -> None:
        size = 0
        async for chunk in req:
            size += len(chunk)
        res.end(str(size))

    stage = Stage(handle, body_timeout=10_000)
    client = stage.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n")
    for _ in range(12):
        await asyncio.sleep(0)
        stage.clock.advance(6000)
        client.send(b"x")
    await client.until(lambda: client.received.endswith(b"12"))


def test_a_body_timeout_assigned_in_mid_body_counts_from_then_on() -> None:
    """What was allowed until then is no delay; the next looks are as frequent as it asks for."""
    stage = Stage(silent, request_timeout=0)
    client = stage.send(POST + b"x")
    stage.clock.advance(100_000)
    for _ in range(2):  # off, and on again
        stage.server.body_timeout = 10_000
        stage.clock.advance(9_000)
        stage.server.body_timeout = 0
        stage.clock.advance(100_000)
    assert not client.closed
    stage.server.body_timeout = 10_000
    stage.clock.advance(9_000)
    assert not client.closed
    stage.clock.advance(6_000)
    assert client.received == b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"


def test_who_waits_for_100_continue_is_not_late_with_the_body() -> None:
    """`body_timeout` counts from when the client was told to go on."""
    stage = Stage(silent, body_timeout=10_000, request_timeout=0)
    held: list[Any] = []
    stage.server.on("checkContinue", lambda req, res: held.append(res))
    client = stage.send(POST[:-2] + b"Expect: 100-continue\r\n\r\n")
    stage.clock.advance(100_000)
    assert not client.closed
    held[0].write_continue()
    stage.clock.advance(20_000)
    assert client.received.endswith(b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")


# -- classes of the user's -----------------------------------------------------


def test_the_classes_of_the_options_are_used() -> None:
    """Built with the socket, and with the request."""
    built: list[Any] = []

    class Request(http.IncomingMessage):
        def __init__(self, socket: Any) -> None:
            super().__init__(socket)
            built.append((self.method, self.url, self.headers, self.http_version, socket))

    class Response(http.ServerResponse):
        def end(self, *args: Any) -> Any:
            self.set_header("X-By", "us")
            return super().end(*args)

    stage = Stage(IncomingMessage=Request, ServerResponse=Response)
    client = stage.send(GET)
    assert built == [(None, "", {}, None, client.socket)]
    assert dateless(client.received) == (
        b"HTTP/1.1 200 OK\r\nX-By: us\r\n"
        + OK[len(b"HTTP/1.1 200 OK\r\n") :]
        + b"Content-Length: 2\r\n\r\nok"
    )


@pytest.mark.parametrize("data", [GET, POST])
@pytest.mark.parametrize("name", ["IncomingMessage", "ServerResponse"])
def test_a_class_that_fails_ends_its_connection_only(
    name: str, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure is logged, and the server serves the next client."""
    base: Any = getattr(http, name)
    failing = [True]

    class Fails(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            if failing:
                raise LookupError("cannot be made")

    stage = Stage(**{name: Fails})
    assert stage.send(data).closed
    assert "cannot be made" in caplog.text
    failing.clear()
    assert stage.exchange(GET) == answer(b"ok")


ERROR_500 = b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("before", [GET, POST + b"1234", GET + POST + b"1234"])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("later", [True, False])
@pytest.mark.parametrize("name", ["IncomingMessage", "ServerResponse"])
def test_a_class_that_fails_costs_no_answer_before_it(
    name: str, later: bool, together: bool, before: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The requests that came first are answered, also if that takes its time; then comes a 500."""
    base: Any = getattr(http, name)

    class Fails(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)
            if len(made) > count:
                raise LookupError("cannot be made")

    made: list[Any] = []
    held: list[Any] = []
    count = before.count(b"HTTP/1.1")
    stage = Stage(lambda req, res: held.append(res) if later else res.end("ok"), **{name: Fails})
    client = stage.send(before + GET) if together else stage.send(before, GET)
    for res in held:
        res.end("ok")
    settle()
    assert (dateless(client.received), client.closed) == (count * answer(b"ok") + ERROR_500, True)
    assert "cannot be made" in caplog.text


def test_a_fault_that_no_listener_made_costs_its_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    """No exception leaves `data_received`, where a loop would see to it: it is logged, and the client cut."""

    class Fails(http.IncomingMessage):
        _complete = property(lambda self: False)  # type: ignore[assignment]  # which cannot be set

    stage = Stage(IncomingMessage=Fails)
    client = stage.send(GET)
    assert client.closed
    assert "could not be served" in caplog.text
    stage.server.IncomingMessage = None
    assert stage.exchange(GET) == answer(b"ok")


@pytest.mark.parametrize("count", [1, 3])
def test_between_two_requests_no_packet_is_kept(count: int) -> None:
    """Neither by the connection nor by a parser: the last one may have been large."""
    stage = Stage(answer_at_end)
    body = b"held?" * 4000
    stage.send(count * (POST.replace(b"4", b"%d" % len(body)) + body))
    gc.collect()
    kept = [
        each
        for each in gc.get_objects()
        for held in gc.get_referents(each)
        if type(held) is bytes and body in held and held is not body
    ]
    assert [type(each).__name__ for each in kept if not isinstance(each, dict | tuple)] == []


@pytest.mark.parametrize("mark", [0, 1])
def test_a_body_behind_another_request_is_read_whatever_the_mark(mark: int) -> None:
    """An empty buffer is never full."""
    stage = Stage(lambda req, res: held.append((req, res)), high_water_mark=mark)
    held: list[Any] = []
    client = stage.send(GET + POST, b"12", b"34")
    held[0][1].end("1")
    settle()
    req, res = held[1]
    req.on("end", lambda: res.end("2")).resume()
    settle()
    assert dateless(client.received) == answer(b"1") + answer(b"2")


def test_the_mark_of_the_server_is_everybodys() -> None:
    """Socket, request and response have `high_water_mark`."""
    seen: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        seen.extend(
            (req.socket.writable_high_water_mark, req.readable_high_water_mark, res.writable_high_water_mark)
        )
        res.end()

    Stage(handle, high_water_mark=1234).send(GET)
    assert seen == [1234, 1234, 1234]


def test_a_memory_client_sees_a_refused_connection() -> None:
    """A dropped connection is a connect, then the close."""
    stage = Stage(max_connections=1)
    stage.server.on("drop", lambda facts: stage.log.append(facts))
    first = stage.connect()
    second = testing.connect(stage.server, ("192.0.2.1", 5))
    assert (first.closed, second.closed) == (False, True)
    assert stage.log == [
        {
            "local_address": "127.0.0.1",
            "localAddress": "127.0.0.1",
            "local_port": 80,
            "localPort": 80,
            "local_family": "IPv4",
            "localFamily": "IPv4",
            "remote_address": "192.0.2.1",
            "remoteAddress": "192.0.2.1",
            "remote_port": 5,
            "remotePort": 5,
            "remote_family": "IPv4",
            "remoteFamily": "IPv4",
        }
    ]
    first.reset()
    assert not stage.connect().closed


def test_an_interrupt_goes_through() -> None:
    """KeyboardInterrupt in a handler is the program's; the server serves on."""
    stop = [True]

    def handle(req: Any, res: Any) -> None:
        if stop:
            raise KeyboardInterrupt
        res.end("ok")

    stage = Stage(handle)
    with pytest.raises(KeyboardInterrupt):
        stage.send(GET)
    stop.clear()
    assert stage.exchange(GET) == answer(b"ok")


def test_the_timeout_of_the_server_comes_back_with_the_next_request() -> None:
    """Between two requests the keep-alive timer counts, within one `timeout`."""
    stage, held = keeping(timeout=1000)
    client = stage.send(GET)
    held[0].end("ok")
    settle()
    stage.clock.advance(5900)
    client.send(GET)
    stage.clock.advance(999)
    assert not client.closed
    stage.clock.advance(1)
    assert client.closed


# -- answers that outlive an upgrade ---------------------------------------------

UPGRADE = b"GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"


def upgraded_behind(**options: Any) -> tuple[Stage, testing.Client, Any]:
    """Return a stage, a client that has upgraded behind an unanswered request, and that response."""
    stage, held = keeping(**options)
    stage.server.on("upgrade", lambda req, socket, head: None)
    client = stage.send(GET + UPGRADE)
    return stage, client, held[0]


def test_an_answer_behind_which_was_upgraded_drains() -> None:
    """It is written at the client's pace."""
    stage, client, res = upgraded_behind()
    events(stage.log, res, "drain finish")
    client.stall()
    assert res.write(100_000 * b"x") is False
    settle()
    client.take()
    assert stage.log[1:] == ["drain"]
    res.end()
    settle()
    assert stage.log[1:] == ["drain", "finish"]
    assert not client.closed


def test_an_answer_behind_which_was_upgraded_is_lost_with_its_client() -> None:
    """'close' of the response; the request, read before the upgrade, hears nothing (Node)."""
    stage, client, res = upgraded_behind()
    events(stage.log, res.req, "aborted")
    events(stage.log, res, "finish close")
    events(stage.log, client.socket, "error close")
    client.reset()
    assert sorted(stage.log[1:]) == ["close", "close True", "error ECONNRESET"]


def test_the_signal_of_a_request_behind_which_was_upgraded() -> None:
    """It is aborted with the connection, as its answer is lost."""
    _, client, res = upgraded_behind()
    signal = res.req.signal
    client.reset()
    assert signal.aborted


def test_an_answer_behind_which_was_upgraded_may_close() -> None:
    """With `Connection: close` it ends the upgraded socket, too."""
    _, client, res = upgraded_behind()
    res.set_header("Connection", "close")
    res.end("ok")
    settle()
    assert client.closed


def test_an_idle_upgraded_socket_is_not_cut() -> None:
    """A `timeout` of the server only emits 'timeout'."""
    stage, client, _ = upgraded_behind(timeout=1000)
    events(stage.log, client.socket, "timeout")
    stage.clock.advance(5000)
    assert (client.closed, stage.log[1:]) == (False, ["timeout"])
    client.socket.pause().resume()
    settle()


def test_nothing_follows_an_answer_that_the_end_delimits() -> None:
    """A broken request behind a last one gets no 400: it would be read as a part of the answer."""
    stage, held = keeping()
    client = stage.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + BAD)
    held[0].end("whole")
    settle()
    assert client.received.endswith(b"Connection: close\r\n\r\nwhole")
    assert client.closed


def test_a_response_behind_a_destroyed_one_is_told_although_a_connect_took_the_socket() -> None:
    """All three came in one packet; the second gets its 'close'."""
    told = []

    def handle(req: Any, res: Any) -> None:
        res.on("finish", lambda: told.append(("finish", req.url)))
        res.on("close", lambda: told.append(("close", req.url)))
        if req.url == "/1":
            res.end("1")
            res.destroy()

    server = http.create_server(handle)
    server.on("connect", lambda req, socket, head: None)
    client = testing.connect(server)
    two = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in (1, 2))
    client.send(two + b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
    client.reset()
    assert ("close", "/2") in told
    assert sorted(url for _, url in told) == ["/1", "/2"]


# -- corked behind its end -----------------------------------------------------


@on_both_loops
async def test_corks_behind_the_end_of_a_response_do_not_hold_the_next() -> None:
    """They go with the response that has them: neither a whole answer nor a piece of one waits for an `uncork`."""
    pieces: dict[str, Any] = {}

    async def handle(req: Any, res: Any) -> None:
        if req.url == "/first":
            await asyncio.sleep(0.005)
            res.end("1")
            res.cork()
            res.cork()
        elif req.url == "/whole":
            res.end("2")
        else:
            pieces["res"] = res
            res.write("3")

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        for behind, mark in (("/whole", b"\r\n\r\n2"), ("/pieces", b"1\r\n3\r\n")):
            for at_once in (True, False):
                client = await dial(server)
                client.send(b"GET /first" + HOST + (b"GET " + behind.encode() + HOST if at_once else b""))
                await client.until(b"\r\n\r\n1")
                if not at_once:
                    client.send(b"GET " + behind.encode() + HOST)
                await client.until(mark)
                if behind == "/pieces":
                    pieces["res"].end()
                client.close()


# -- between the requests of a packet --------------------------------------------


@on_both_loops
async def test_a_response_that_ends_between_two_requests_of_a_packet_finishes_there() -> None:
    """Not at the end of the packet: 'finish' comes before the 'close' of its request, which came later."""
    log: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        req.on("data", silent_listener)
        req.on("end", lambda: res.end("x"))
        req.on("close", lambda: log.append(f"{req.method} close"))
        res.on("finish", lambda: log.append(f"{req.method} finish"))

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET + POST.replace(b"4", b"1") + b"1")
        client.end()
        assert await client.rest() == answer(b"x") * 2
    assert log == ["GET finish", "GET close", "POST finish", "POST close"]


@on_both_loops
async def test_what_is_written_behind_the_end_is_told_of_behind_finish() -> None:
    """Of the response that has the socket; those in line behind it finish in their turn, as in Node."""
    log: list[str] = []

    def handle(req: Any, res: Any) -> None:
        res.on("finish", lambda: log.append(f"{req.url} finish"))
        res.on("error", lambda error: log.append(f"{req.url} error"))
        res.end("x")
        res.write("late")

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"".join(b"GET /%d" % number + HOST for number in range(3)))
        client.end()
        assert await client.rest() == answer(b"x") * 3
    assert log == ["/0 finish", "/0 error", "/1 error", "/2 error", "/1 finish", "/2 finish"]


def silent_listener(chunk: bytes) -> None:
    """Take it."""


def test_what_is_written_behind_a_last_answer_waits_as_in_a_line() -> None:
    """`write` says that there is room as long as there is, and counts what it keeps; nothing of it leaves."""
    told: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        if req.method == "POST":
            res.set_header("Connection", "close")
            res.end("x")
        else:
            told.extend([res.write("a"), res.writable_need_drain, res.writable_length > 100])

    client = Stage(handle).send(POST + b"1234" + GET)
    assert told == [True, False, True]
    assert dateless(client.received).count(b"HTTP/1.1") == 1


def test_nothing_is_answered_behind_a_request_that_said_close() -> None:
    """It is the last, and so is its answer (RFC 9112, 9.6), whatever `max_requests_per_socket` allows."""
    for request, limit in ((b"Connection: close\r\n", 0), (b"Connection: close\r\n", 1)):
        for body in (b"\r\n", b"Content-Length: 1\r\n\r\na"):
            first = b"POST / HTTP/1.1\r\nHost: a\r\n" + request + body
            for packets in ([first + GET + GET], [first, GET], bytewise(first + GET)):
                stage, held = keeping(max_requests_per_socket=limit)
                client = stage.send(*packets)
                assert not client.received
                held[0].end("ok")
                settle()
                assert dateless(client.received) == answer(b"ok", OK_CLOSE)
                assert (len(held), client.closed) == (1, True)


def test_an_absolute_target_has_a_host() -> None:
    """An empty one gets 400 (RFC 9110, 4.2.1); leniency lets it through."""
    for target in (
        b"http:///x",
        b"http://:80/",
        b"HTTP://",
        b"https://?q",
        b"http://u@/",
        b"http://@/",
        b"http://u:p@:80/x",
    ):
        for version in (b"1.1", b"1.0"):
            request = b"GET " + target + b" HTTP/" + version + b"\r\nHost: a\r\n\r\n"
            for packets in ([request], [request + GET], bytewise(request), [GET + request]):
                stage = Stage()
                received = stage.exchange(*packets)
                assert received == (answer(b"ok") if packets[0].startswith(GET) else b"") + BAD
                assert "GET " + target.decode() not in stage.log
            lenient = Stage(insecure_http_parser=True)
            lenient.send(request)
            assert lenient.log == ["GET " + target.decode()]
    for target in (
        b"http://a",
        b"http://a:80/x?y@z",
        b"HTTP://[::1]:/",
        b"http://u:p@a/",
        b"ftp:///x",
        b"*",
        b"/?u=http:///",
    ):
        stage = Stage()
        assert stage.exchange(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n") == answer(b"ok")
        assert stage.log == ["OPTIONS " + target.decode()]


@on_both_loops
async def test_a_socket_that_is_not_read_says_pause_and_then_resume() -> None:
    """As nobody reads a large body, until its response is out and it is thrown away."""
    log: list[str] = []
    paused = asyncio.Event()
    resumed = asyncio.Event()

    def handle(req: Any, res: Any) -> None:
        req.socket.on("pause", lambda: (log.append("pause"), paused.set()))
        req.socket.on("resume", lambda: (log.append("resume"), resumed.set()))

        async def finish() -> None:
            await paused.wait()
            log.append("end")
            res.end("ok")

        kept.append(asyncio.ensure_future(finish()))

    kept: list[asyncio.Future[None]] = []
    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(POST.replace(b"4", b"200000") + bytes(200_000))
        await client.until(b"ok")
        await resumed.wait()
        client.close()
    assert log[:3] == ["pause", "end", "resume"]


@on_both_loops
async def test_an_error_that_is_emitted_on_the_socket_ends_the_connection() -> None:
    """`emit` returns True; without 'clientError' the client gets 400, or the end of what has begun."""
    told: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        if req.url == "/ended":
            res.end("ok")
        what = {"/text": ["kaboom"], "/nothing": []}.get(req.url, [OSError("kaboom")])
        told.append(req.socket.emit("error", *what))

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        for target, received in (
            (b"/", BAD),
            (b"/ended", answer(b"ok")),
            (b"/text", BAD),
            (b"/nothing", BAD),
        ):
            client = await dial(server)
            client.send(b"GET " + target + HOST)
            assert await client.rest() == received
        assert told == [True] * 4
        server.on("clientError", lambda error, socket: (told.append(error), socket.end(BAD)))
        for target in (b"/", b"/text"):
            client = await dial(server)
            client.send(b"GET " + target + HOST)
            assert await client.rest() == BAD
    assert str(told[4]) == "kaboom"
    assert told[6].context == "kaboom"


@pytest.mark.parametrize("on", [False, True])
@on_both_loops
async def test_a_client_that_has_ended_its_side_may_still_be_answered(on: bool) -> None:
    """With `http_allow_half_open`: each response in its turn, however late, then the end; the default waits for none."""
    go = asyncio.Event()
    lost: list[str] = []

    def handle(req: Any, res: Any) -> None:
        res.on("close", lambda: lost.append(req.url))

        async def respond() -> None:
            await go.wait()
            res.end(req.url)

        if req.url == "/1":
            req.socket.on("close" if not on else "end", lambda *_: go.set())
        return respond()  # type: ignore[return-value]

    async with http.create_server(handle) as server:
        server.httpAllowHalfOpen = on
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in (1, 2)))
        client.end()
        received = await client.rest()
    assert received.count(b"HTTP/1.1 200 OK") == (2 if on else 0)
    assert received.count(b"Connection: keep-alive") == (2 if on else 0)  # as Node says
    assert lost == ([] if on else ["/1", "/2"])


def test_what_a_fin_cuts_short_is_refused_though_half_open_is_allowed() -> None:
    """And between two requests a FIN ends the connection."""
    stage = Stage(http_allow_half_open=True)
    client = stage.send(GET[:-2] + b"Content-Length: 5\r\n\r\nab")
    client.end()
    assert BAD in client.received or client.closed
    idle = stage.send(GET)
    idle.end()
    assert idle.closed
    assert dateless(idle.received) == answer(b"ok")


@on_both_loops
async def test_who_writes_to_a_head_request_without_an_end_stops_nobody() -> None:
    """No write of it returns False, so `drain` lets others have their turn."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def handle(req: Any, res: Any) -> Any:
        if req.method == "GET":
            return res.end("ok")
        try:
            while True:
                res.write("tick")
                begun.set()
                await res.drain()
        finally:
            ended.set()

    async with http.create_server(handle) as server:
        await server.listen(0, "127.0.0.1")
        head, other = await dial(server), await dial(server)
        head.send(GET.replace(b"GET", b"HEAD"))
        await begun.wait()
        other.send(GET)
        await other.until(b"ok")
        other.close()
        head.close()
        await ended.wait()
