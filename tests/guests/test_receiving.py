"""receive: the body of a request in messages, and the disconnect behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.apps import (
    DISCONNECT,
    ENDED,
    FAILURE,
    GET,
    KEPT,
    LAST,
    START,
    AppStage,
    body,
    echo,
    hello,
    read_body,
    request,
    rounds,
    start,
)
from tests.kit.masks import dateless
from tests.kit.stage import BAD

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
EXPECT = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + KEPT + b"Content-Length: 2\r\n\r\nok"


class Hears(AppStage):
    """A server whose application receives when the test says so."""

    def __init__(self, **options: Any) -> None:
        self.turns: asyncio.Queue[int] = asyncio.Queue()
        super().__init__(self._listen, **options)

    async def _listen(self, scope: Any, receive: Any, send: Any) -> None:
        self.receive = receive
        self.app_send = send
        await self.turns.get()

    async def message(self) -> Any:
        return await asyncio.wait_for(self.receive(), 5)

    async def close(self) -> None:
        self.turns.put_nowait(0)
        await super().close()


# -- 100 Continue --------------------------------------------------------------


async def test_the_first_call_sends_100_continue() -> None:
    """If the client expects it; and no later one."""
    stage = AppStage(echo)
    client = stage.send(EXPECT)
    await rounds()
    assert client.received == CONTINUE
    client.send(b"body")
    await stage.ended()
    assert dateless(client.received) == CONTINUE + OK.replace(b": 2", b": 4").replace(b"ok", b"body")
    await stage.close()


@pytest.mark.parametrize("held", [True, False])
async def test_a_client_that_has_not_waited_gets_no_100(held: bool) -> None:
    """A byte of the body has come, before the application has begun or behind it."""
    stage = Hears(held=held)
    client = stage.send(EXPECT, b"bo")
    await rounds()
    assert await stage.message() == request(b"bo", True)
    client.send(b"dy")
    assert await stage.message() == request(b"dy")
    assert client.received == b""
    await stage.close()


async def test_http_1_0_gets_no_100() -> None:
    """It does not know it (RFC 9110, 10.1.1)."""
    stage = AppStage(echo)
    client = stage.send(EXPECT.replace(b"HTTP/1.1", b"HTTP/1.0"))
    await rounds()
    assert client.received == b""
    client.send(b"body")
    await stage.ended()
    assert client.received.startswith(b"HTTP/1.1 200 OK\r\n")
    await stage.close()


async def test_an_early_answer_sends_no_100_and_closes() -> None:
    """The client may still send the body, or not (RFC 9110, 10.1.1)."""
    stage = AppStage(hello)
    assert await stage.exchange(EXPECT) == b"HTTP/1.1 200 OK\r\n" + ENDED + b"Content-Length: 2\r\n\r\nok"
    await stage.close()


async def test_an_answer_behind_the_whole_body_keeps_the_connection() -> None:
    """Though it was never received."""

    async def late(scope: Any, receive: Any, send: Any) -> None:
        await rounds()
        await hello(scope, receive, send)

    stage = AppStage(late)
    assert await stage.exchange(EXPECT + b"body") == OK
    await stage.close()


async def test_no_100_behind_the_head() -> None:
    """A first call that comes later sends none."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await rounds()
        await asyncio.wait([asyncio.ensure_future(receive())], timeout=0.01)
        await send(LAST)

    stage = AppStage(app)
    received = await stage.exchange(EXPECT)
    assert received == (
        b"HTTP/1.1 200 OK\r\n" + ENDED + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    )
    await stage.close()


async def test_100_goes_before_a_head_that_is_held() -> None:
    """It has not left."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        receiving = asyncio.ensure_future(receive())
        await send({"type": "http.response.early_hint", "links": []})
        receiving.cancel()
        await receive_now(receive)
        await send(LAST)

    async def receive_now(receive: Any) -> None:
        with pytest.raises(StopIteration):  # one step, without a turn of the loop
            receive().send(None)
            raise StopIteration

    stage = AppStage(app)
    assert (await stage.exchange(EXPECT)).startswith(CONTINUE + b"HTTP/1.1 200 OK\r\n")
    await stage.close()


# -- the body ------------------------------------------------------------------


async def test_a_request_without_a_body_gives_one_empty_message() -> None:
    """With all three keys."""
    stage = Hears()
    stage.send(GET)
    await rounds()
    assert await stage.message() == {"type": "http.request", "body": b"", "more_body": False}
    await stage.close()


@pytest.mark.parametrize("held", [True, False])
async def test_what_is_buffered_comes_in_one_message(held: bool) -> None:
    """And the end with the last bytes, if it is known by then."""
    stage = Hears(held=held)
    client = stage.send(POST % (6, b"ab"))
    await rounds()
    client.send(b"cd")
    assert await stage.message() == request(b"abcd", True)
    client.send(b"e")
    client.send(b"f")
    assert await stage.message() == request(b"ef")
    await stage.close()


async def test_chunks_are_decoded_and_trailers_dropped() -> None:
    """A body whose end comes alone ends with an empty message."""
    stage = Hears()
    client = stage.send(CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n")
    await rounds()
    assert await stage.message() == request(b"abcde", True)
    waiting = asyncio.ensure_future(stage.message())
    client.send(b"0\r\nX-Trailer: y\r\n\r\n")
    assert await waiting == request(b"")
    await stage.close()


async def test_an_empty_body_with_more_is_never_given() -> None:
    """Whatever the cut of the input."""
    data = CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"
    stage = AppStage(echo)
    client = stage.connect()
    messages: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while True:
            messages.append(await receive())
            if not messages[-1]["more_body"]:
                break
        await hello(scope, receive, send)

    stage._handler = app
    for at in range(len(data)):
        client.send(data[at : at + 1])
        await rounds(3)
    await stage.ended()
    assert b"".join(each["body"] for each in messages) == b"abc"
    assert all(each["body"] for each in messages[:-1])
    assert [each["more_body"] for each in messages] == [True] * (len(messages) - 1) + [False]
    await stage.close()


async def test_a_large_body_comes_in_parts() -> None:
    """In order, and whole."""
    data = bytes(range(256)) * 4096
    stage = AppStage(echo)
    client = stage.send(POST % (len(data), b""))
    for at in range(0, len(data), 50_000):
        client.send(data[at : at + 50_000])
        await rounds(3)
    await stage.ended()
    assert client.received.endswith(data)
    await stage.close()


# -- the disconnect --------------------------------------------------------------


async def test_after_the_end_it_waits_for_the_disconnect() -> None:
    """Which comes again at each later call."""
    stage = Hears()
    client = stage.send(GET)
    await rounds()
    await stage.message()
    waiting = asyncio.ensure_future(stage.message())
    await rounds()
    assert not waiting.done()
    client.reset()
    assert await waiting == DISCONNECT
    for _ in range(3):
        assert await stage.message() == DISCONNECT
    await stage.close()


async def test_a_complete_response_is_a_disconnect() -> None:
    """Also for calls that wait, and though the client is there."""
    stage = Hears()
    stage.send(GET)
    await rounds()
    await stage.message()
    waiting = [asyncio.ensure_future(stage.message()) for _ in range(2)]
    await rounds()
    await stage.app_send(START)
    await stage.app_send(body(b"a", True))
    await rounds()
    assert not any(each.done() for each in waiting)
    await stage.app_send(body(b"b"))
    assert await asyncio.gather(*waiting) == [DISCONNECT, DISCONNECT]
    assert await stage.message() == DISCONNECT
    await stage.close()


async def test_a_client_that_leaves_inside_the_body_is_a_disconnect_at_once() -> None:
    """What is buffered is dropped: there is never a last message of a body that is short."""
    stage = Hears()
    client = stage.send(POST % (10, b"some"))
    await rounds()
    client.reset()
    assert await stage.message() == DISCONNECT
    assert await stage.message() == DISCONNECT
    await stage.close()


async def test_a_whole_body_is_given_though_the_client_has_left() -> None:
    """Then comes the disconnect."""
    stage = Hears()
    client = stage.send(POST % (4, b"body"))
    await rounds()
    client.reset()
    await rounds()
    assert await stage.message() == request(b"body")
    assert await stage.message() == DISCONNECT
    await stage.close()


async def test_a_client_that_ends_its_side_is_a_disconnect() -> None:
    """As in Node."""
    stage = Hears()
    client = stage.send(GET)
    await rounds()
    await stage.message()
    client.end()
    assert await stage.message() == DISCONNECT
    await stage.close()


@pytest.mark.parametrize("rest", [b"XYZ\r\n", b"3\r\nabcd"])
async def test_a_malformed_body_is_a_disconnect_and_400(rest: bytes) -> None:
    """The server answers itself if nothing was sent."""
    stage = Hears()
    client = stage.send(CHUNKED + b"1\r\na\r\n")
    await rounds()
    waiting = asyncio.ensure_future(read_body(stage.receive))
    await rounds()
    client.send(rest)
    with pytest.raises(AssertionError, match="disconnect"):
        await waiting
    await rounds()
    assert client.received == BAD
    assert client.closed
    await stage.close()


@pytest.mark.parametrize(
    ("options", "limit"),
    [({"request_timeout": 10_000}, 40_000), ({"body_timeout": 10_000}, 25_000)],
)
async def test_a_late_body_is_a_disconnect_and_408(options: Any, limit: int) -> None:
    """By either limit."""
    stage = Hears(**options)
    client = stage.send(POST % (10, b"some"))
    await rounds()
    assert await stage.message() == request(b"some", True)
    waiting = asyncio.ensure_future(stage.message())
    for _ in range(limit // 5_000):
        stage.clock.advance(5_000)
        await rounds(3)
    assert await waiting == DISCONNECT
    assert client.received == b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"
    await stage.close()


async def test_a_body_that_is_awaited_with_100_has_time() -> None:
    """`body_timeout` begins when the client was told to send."""
    stage = Hears(body_timeout=10_000)
    client = stage.send(EXPECT)
    await rounds()
    for _ in range(6):
        stage.clock.advance(5_000)
    assert client.received == b""
    waiting = asyncio.ensure_future(stage.message())
    await rounds()
    client.send(b"body")
    assert await waiting == request(b"body")
    await stage.close()


async def test_an_unread_body_is_dropped_behind_the_response() -> None:
    """And the next request of the connection is served."""
    stage = AppStage(hello)
    client = stage.send(POST % (200_000, b"x" * 10))
    await stage.ended()
    assert dateless(client.received) == OK
    for _ in range(3):
        client.send(bytes(50_000))
        await rounds()
    client.send(bytes(49_990) + GET)
    await stage.ended()
    assert dateless(client.received) == OK + OK
    await stage.close()


async def test_the_rest_of_an_unread_body_is_no_request() -> None:
    """Though it looks like one (Kludex/uvicorn#1345)."""
    stage = AppStage(hello)
    inner = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    client = stage.send(POST % (len(inner), b""))
    await stage.ended()
    client.send(inner)
    await stage.ended()
    client.send(GET)
    await stage.ended()
    assert [each["path"] for each in stage.scopes] == ["/", "/"]
    assert dateless(client.received) == OK + OK
    await stage.close()


# -- several calls ----------------------------------------------------------------


async def test_a_cancelled_call_consumes_nothing() -> None:
    """The next one gets it all, also if it was woken already."""
    stage = Hears()
    client = stage.send(POST % (4, b""))
    await rounds()
    first = asyncio.ensure_future(stage.receive())
    await rounds()
    client.send(b"bo")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    client.send(b"dy")
    assert await stage.message() == request(b"body")
    await stage.close()


async def test_a_part_goes_to_the_first_that_waits() -> None:
    """In order; one that is cancelled hands on what it was woken for."""
    stage = Hears()
    client = stage.send(POST % (6, b""))
    await rounds()
    calls = [asyncio.ensure_future(stage.receive()) for _ in range(4)]
    await rounds()
    client.send(b"ab")
    await rounds()
    assert [each.done() for each in calls] == [True, False, False, False]
    calls[1].cancel()
    client.send(b"cd")
    calls[2].cancel()  # it may have been woken
    await rounds()
    assert calls[0].result() == request(b"ab", True)
    assert calls[3].result() == request(b"cd", True)
    client.send(b"ef")
    assert await stage.message() == request(b"ef")
    await stage.close()


async def test_a_new_call_waits_behind_one_that_was_woken() -> None:
    """So parts are not given out of order."""
    stage = Hears()
    client = stage.send(POST % (4, b""))
    await rounds()
    first = asyncio.ensure_future(stage.receive())
    await rounds()
    client.send(b"bo")  # wakes it, in a later turn
    second = asyncio.ensure_future(stage.receive())
    await rounds()
    assert first.result() == request(b"bo", True)
    client.send(b"dy")
    assert await second == request(b"dy")
    await stage.close()


async def test_a_disconnect_goes_to_all_that_wait() -> None:
    """Each gets a message of its own."""
    stage = Hears()
    client = stage.send(POST % (4, b""))
    await rounds()
    calls = [asyncio.ensure_future(stage.receive()) for _ in range(3)]
    await rounds()
    client.reset()
    messages = await asyncio.gather(*calls)
    assert messages == [DISCONNECT] * 3
    assert messages[0] is not messages[1]
    await stage.close()


# -- memory -----------------------------------------------------------------------


async def test_reading_pauses_while_nothing_is_received() -> None:
    """At most the mark and one read are buffered; and it goes on with `receive`."""
    stage = Hears(high_water_mark=1000)
    client = stage.send(POST % (10_000, b""))
    for _ in range(10):
        client.send(bytes(1000))
    await rounds()
    (call,) = stage.mount.calls
    assert call._size <= 2000
    assert client.socket._channel.reading_paused
    assert len(await read_body(stage.receive)) == 10_000
    assert not client.socket._channel.reading_paused
    await stage.close()


async def test_a_client_that_leaves_is_noticed_once_the_body_is_whole() -> None:
    """The connection is read on: at once."""
    stage = Hears(high_water_mark=1000)
    client = stage.send(POST % (5000, bytes(5000)))
    await rounds()
    assert await stage.message() == request(bytes(5000))
    waiting = asyncio.ensure_future(stage.message())
    await rounds()
    client.reset()
    await rounds()
    assert waiting.result() == DISCONNECT
    await stage.close()


async def test_a_failure_behind_a_disconnect_of_a_body_sends_nothing(caplog: Any) -> None:
    """The client has left; an error of the application is logged all the same."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ValueError("of its own")

    stage = AppStage(app)
    client = stage.send(POST % (10, b"some"))
    await rounds()
    client.reset()
    await stage.ended()
    assert client.received == b""
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    await stage.close()


async def test_a_response_may_start_before_the_body_was_received() -> None:
    """Both directions are independent."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"content-length", b"4")))
        while True:
            message = await receive()
            await send(body(message["body"], message["more_body"]))
            if not message["more_body"]:
                break

    stage = AppStage(app)
    client = stage.send(POST % (4, b"bo"))
    await rounds()
    assert dateless(client.received).endswith(b"\r\n\r\nbo")
    client.send(b"dy")
    await stage.ended()
    assert dateless(client.received).endswith(b"\r\n\r\nbody")
    await stage.close()


async def test_an_application_that_returns_inside_the_body_fails() -> None:
    """With 500; the connection is not kept for a body that may never come."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    stage = AppStage(app)
    assert await stage.exchange(POST % (10, b"some")) == FAILURE % KEPT
    await stage.close()
