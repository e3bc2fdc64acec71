"""send: states, heads and bodies, message by message."""

from __future__ import annotations

import array
import asyncio
from http import HTTPStatus
from typing import Any

import pytest

from tests.kit.apps import (
    ENDED,
    FAILURE,
    GET,
    KEPT,
    LAST,
    START,
    AppStage,
    body,
    hello,
    raised_by,
    rounds,
    start,
)
from tests.kit.masks import dateless
from writehead.errors import ASGIMessageError, ASGIStateError, ContentLengthMismatchError

HEAD = GET.replace(b"GET", b"HEAD")
OLD = b"GET / HTTP/1.0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = KEPT + b"Transfer-Encoding: chunked\r\n\r\n"


class Plays(AppStage):
    """A server whose application sends the given messages; what `send` raises is logged, by its class name."""

    def __init__(self, *messages: Any, **options: Any) -> None:
        self.errors: list[BaseException] = []
        self._messages = messages
        super().__init__(self._play, **options)

    async def _play(self, scope: Any, receive: Any, send: Any) -> None:
        for message in self._messages:
            if message is None:
                await rounds(3)
                continue
            error = await raised_by(send(message))
            if error is not None:
                self.errors.append(error)


async def sent(*messages: Any, data: bytes = GET) -> bytes:
    """Return what a client hears of an application that sends `messages`; none may be refused."""
    stage = Plays(*messages)
    received = await stage.exchange(data)
    await stage.close()
    assert stage.errors == []
    return received


async def refused(*messages: Any, data: bytes = GET) -> tuple[list[BaseException], bytes]:
    """Return what `send` raises, and what a client hears."""
    stage = Plays(*messages)
    received = await stage.exchange(data)
    await stage.close()
    return stage.errors, received


# -- framing -------------------------------------------------------------------


async def test_a_whole_response_is_announced() -> None:
    """The first body message is the last: its length is added."""
    assert await sent(START, LAST) == OK + KEPT + b"Content-Length: 2\r\n\r\nok"


async def test_a_body_without_bytes_is_announced_too() -> None:
    """`body` and `more_body` have defaults."""
    assert await sent(START, {"type": "http.response.body"}) == OK + KEPT + b"Content-Length: 0\r\n\r\n"


async def test_a_body_in_parts_is_chunked() -> None:
    """In HTTP/1.1, without a length; the last part may be empty."""
    assert await sent(START, body(b"a", True), body(b"bc", True), body()) == (
        OK + CHUNKED + b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
    )
    assert (
        await sent(START, body(b"a", True), body(b"bc")) == OK + CHUNKED + b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
    )


async def test_an_empty_body_with_more_sends_the_head_alone() -> None:
    """Never an empty chunk, which would end the body."""
    stage = Plays(START, body(b"", True), body(b"", True), body(b"a", True), body(b"", True), body(b"b"))
    assert await stage.exchange(GET) == OK + CHUNKED + b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    await stage.close()


async def test_a_length_that_is_given_is_used() -> None:
    """For a body in parts, or in one."""
    given = start((b"Content-Length", b"3"), (b"x-a", b"b"))
    expected = OK + b"Content-Length: 3\r\nx-a: b\r\n" + KEPT + b"\r\nabc"
    assert await sent(given, body(b"a", True), body(b"bc", True), body()) == expected
    assert await sent(given, body(b"abc")) == expected


async def test_http_1_0_is_ended_by_the_connection() -> None:
    """Without a length; with one, or a whole body, that is announced."""
    assert await sent(START, body(b"a", True), body(b"b"), data=OLD) == OK + ENDED + b"\r\nab"
    assert await sent(START, LAST, data=OLD) == OK + ENDED + b"Content-Length: 2\r\n\r\nok"
    kept = OLD.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
    assert await sent(START, LAST, data=kept) == OK + KEPT + b"Content-Length: 2\r\n\r\nok"
    assert await sent(START, body(b"a", True), body(b"b"), data=kept) == OK + ENDED + b"\r\nab"


async def test_head_has_the_length_of_the_application() -> None:
    """And no other; bytes are taken and dropped, and not counted."""
    length = start((b"content-length", b"10"))
    assert await sent(length, LAST, data=HEAD) == OK + b"content-length: 10\r\n" + KEPT + b"\r\n"
    assert await sent(length, body(bytes(20)), data=HEAD) == OK + b"content-length: 10\r\n" + KEPT + b"\r\n"
    assert await sent(START, LAST, data=HEAD) == OK + KEPT + b"\r\n"
    assert await sent(START, body(b"a", True), body(b"b"), data=HEAD) == OK + KEPT + b"\r\n"


async def test_304_keeps_its_length_and_has_no_body() -> None:
    """As HEAD (benoitc/gunicorn#3621)."""
    head = b"HTTP/1.1 304 Not Modified\r\n"
    given = start((b"content-length", b"10"), status=304)
    assert await sent(given, LAST) == head + b"content-length: 10\r\n" + KEPT + b"\r\n"
    assert await sent(start(status=304), body(b"a", True), body()) == head + KEPT + b"\r\n"


async def test_204_has_neither_length_nor_body() -> None:
    """Even if one is given (RFC 9110, 8.6)."""
    head = b"HTTP/1.1 204 No Content\r\n"
    assert await sent(start((b"content-length", b"2"), status=204), LAST) == head + KEPT + b"\r\n"
    assert await sent(start(status=204), body(b"a", True), body()) == head + KEPT + b"\r\n"


async def test_a_large_body_that_is_dropped_lets_others_run() -> None:
    """The loop goes on after each mark of bytes."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        counting = asyncio.ensure_future(count())
        await send(START)
        for _ in range(100):
            await send(body(bytes(10_000), True))
        await send(body())
        counting.cancel()

    stage = AppStage(app)
    assert await stage.exchange(HEAD) == OK + KEPT + b"\r\n"
    assert turns >= 1_000_000 // 65536 - 1
    await stage.close()


# -- the head ------------------------------------------------------------------


async def test_headers_are_sent_as_given() -> None:
    """Spelling, order, duplicates, bytes above 0x7f, blanks and tabs."""
    given = start((b"X-B", b"1"), (b"x-a", b"\xe9\t2 "), (b"X-b", b"3"), (b"SET-Cookie", b"a"), (b"x-e", b""))
    assert await sent(given, LAST) == (
        OK
        + b"X-B: 1\r\nx-a: \xe9\t2 \r\nX-b: 3\r\nSET-Cookie: a\r\nx-e: \r\n"
        + KEPT
        + b"Content-Length: 2\r\n\r\nok"
    )


@pytest.mark.parametrize(
    "headers",
    [
        ([b"a", b"b"],),
        iter([(b"a", b"b")]),
        ((name, b"b") for name in [b"a"]),
        {(b"a", b"b")},
        [iter((b"a", b"b"))],
    ],
)
async def test_headers_may_be_any_iterable_of_pairs(headers: Any) -> None:
    """Read once."""
    message = {"type": "http.response.start", "status": 200, "headers": headers}
    assert b"\r\na: b\r\n" in await sent(message, LAST)


async def test_headers_may_be_left_out() -> None:
    """As may all but the status; unknown keys are ignored."""
    message = {"type": "http.response.start", "status": 200, "reason": b"no"}
    assert await sent(message, {**LAST, "x": 1}) == OK + KEPT + b"Content-Length: 2\r\n\r\nok"


async def test_transfer_encoding_is_dropped() -> None:
    """Whatever it says."""
    for value in (b"chunked", b"gzip", b"identity"):
        assert await sent(start((b"Transfer-Encoding", value)), LAST) == (
            OK + KEPT + b"Content-Length: 2\r\n\r\nok"
        )


async def test_equal_lengths_become_one() -> None:
    """Different ones are refused, below."""
    given = start((b"content-length", b"2"), (b"Content-Length", b"2"))
    assert await sent(given, LAST) == OK + b"content-length: 2\r\n" + KEPT + b"\r\nok"


async def test_date_takes_the_place_of_ours() -> None:
    """There is one."""
    stage = Plays(start((b"date", b"Sun, 06 Nov 1994 08:49:37 GMT")), LAST)
    client = stage.send(GET)
    await stage.ended()
    assert client.received.lower().count(b"date:") == 1
    assert b"\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in client.received
    await stage.close()


async def test_there_is_no_server_line() -> None:
    """Unless the application gives one."""
    assert b"erver" not in await sent(START, LAST)
    assert b"\r\nserver: x\r\n" in await sent(start((b"server", b"x")), LAST)


async def test_connection_close_closes() -> None:
    """As it is spelled."""
    stage = Plays(start((b"connection", b"Close")), LAST)
    client = stage.send(GET)
    await stage.ended()
    assert dateless(client.received) == OK + b"connection: Close\r\nDate: D\r\nContent-Length: 2\r\n\r\nok"
    assert client.closed
    await stage.close()


async def test_connection_keep_alive_is_sent_once() -> None:
    """Sse-starlette sets it."""
    given = start((b"Connection", b"keep-alive"), (b"connection", b"keep-alive"))
    assert await sent(given, LAST) == (
        OK + b"Connection: keep-alive\r\nDate: D\r\nContent-Length: 2\r\n\r\nok"
    )


@pytest.mark.parametrize("data", [OLD, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")])
async def test_connection_keep_alive_does_not_keep_what_ends(data: bytes) -> None:
    """It is dropped where the connection closes."""
    assert await sent(start((b"connection", b"keep-alive")), LAST, data=data) == (
        OK + ENDED + b"Content-Length: 2\r\n\r\nok"
    )


async def test_close_wins_over_keep_alive() -> None:
    """And other words are dropped."""
    given = start((b"connection", b"keep-alive"), (b"connection", b"upgrade"), (b"connection", b"close"))
    assert await sent(given, LAST) == OK + b"connection: close\r\nDate: D\r\nContent-Length: 2\r\n\r\nok"


async def test_trailer_is_dropped_where_none_can_be_sent() -> None:
    """Its promise would not be kept."""
    assert await sent(start((b"trailer", b"x")), LAST) == OK + KEPT + b"Content-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("status", "line"), [(418, b"418 I'm a Teapot"), (599, b"599 unknown"), (999, b"999 unknown")]
)
async def test_any_status_up_to_999_is_sent(status: int, line: bytes) -> None:
    """With its standard phrase, if it has one."""
    assert (await sent(start(status=status), LAST)).startswith(b"HTTP/1.1 " + line + b"\r\n")


async def test_a_status_may_be_an_http_status() -> None:
    """It is an int."""
    assert (await sent(start(status=HTTPStatus.NOT_FOUND), LAST)).startswith(b"HTTP/1.1 404 Not Found\r\n")


async def test_head_and_body_leave_in_one_write() -> None:
    """And a body in parts with its head."""
    for messages in ((START, LAST), (START, body(b"a", True), body(b"b"))):
        stage = Plays(*messages)
        client = stage.connect()
        writes: list[int] = []
        client.transport.on_change = lambda client=client, writes=writes: writes.append(  # type: ignore[misc]
            len(client.transport.written)
        )
        client.send(GET)
        await stage.ended()
        assert len(writes) == 1
        await stage.close()


async def test_the_head_leaves_in_the_next_turn() -> None:
    """If no body has come by then: an event stream has its head at once."""
    gate = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await gate.wait()
        await send(body(b"a", True))
        await send(body())

    stage = AppStage(app)
    client = stage.send(GET)
    await rounds()
    assert dateless(client.received) == OK + CHUNKED
    gate.set()
    await stage.ended()
    assert dateless(client.received) == OK + CHUNKED + b"1\r\na\r\n0\r\n\r\n"
    await stage.close()


async def test_what_fails_in_the_turn_of_the_start_becomes_500() -> None:
    """The head is held."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(start((b"x-a", b"b")))
        raise ValueError

    stage = AppStage(app)
    assert await stage.exchange(GET) == FAILURE % KEPT
    await stage.close()


# -- bodies --------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"abc", bytearray(b"abc"), memoryview(b"abc"), memoryview(b"cba")[::-1], array.array("b", b"abc")],
)
async def test_a_body_is_any_bytes_like_object(data: Any) -> None:
    """Starlette sends memoryviews."""
    assert (await sent(START, body(data))).endswith(b"Content-Length: 3\r\n\r\nabc")


async def test_a_bytearray_may_be_changed_afterwards() -> None:
    """What was given was copied."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        data = bytearray(b"abc")
        await send(START)
        await send(body(data, True))
        data[:] = b"xyz"
        await send(body(data))
        data[:] = b"123"

    stage = AppStage(app)
    assert (await stage.exchange(GET)).endswith(b"3\r\nabc\r\n3\r\nxyz\r\n0\r\n\r\n")
    await stage.close()


@pytest.mark.parametrize("parts", [[b"abcd"], [b"abc", b"d"], [b"ab", b"cd", b"e"]])
async def test_a_body_that_is_too_long_is_broken(parts: list[bytes]) -> None:
    """Nothing of that message is sent; while the head is held, the client gets 500."""
    given = start((b"content-length", b"3"))
    messages = [each for part in parts for each in (body(part, True), None)]
    errors, received = await refused(given, *messages, body())
    assert isinstance(errors[0], ContentLengthMismatchError)
    if len(parts) == 1:
        assert received == FAILURE % KEPT
        assert [type(each) for each in errors[1:]] == [ASGIStateError]
        assert str(errors[1]) == (
            "The ASGI message 'http.response.body' does not fit: the body did not match its content-length; "
            "expected no more messages"
        )
    else:
        before = b"".join(parts)[:3] if len(parts) == 2 else b"ab"
        assert received == OK + b"content-length: 3\r\n" + KEPT + b"\r\n" + before[: len(parts[0])]


@pytest.mark.parametrize(("parts", "kept"), [([b"ab"], None), ([b"a", b"b"], b"ab"), ([b"", b"ab"], b"ab")])
async def test_a_body_that_is_too_short_is_broken(parts: list[bytes], kept: bytes | None) -> None:
    """The connection is never kept (Kludex/starlette#1764)."""
    stage = Plays(
        start((b"content-length", b"3")),
        *[body(each, True) for each in parts[:-1]],
        None if kept else None,
        body(parts[-1]),
    )
    client = stage.send(GET)
    await stage.ended()
    assert [type(each) for each in stage.errors] == [ContentLengthMismatchError]
    if kept is None and b"500" in client.received:
        assert dateless(client.received) == FAILURE % KEPT
    else:
        assert client.closed
        assert dateless(client.received).startswith(OK + b"content-length: 3\r\n" + KEPT + b"\r\n")
    await stage.close()


async def test_a_short_body_while_the_head_is_held_ends_in_500() -> None:
    """A clean one; the error of `send` says what is wrong."""
    errors, received = await refused(start((b"content-length", b"3")), body(b"ab"))
    assert received == FAILURE % KEPT
    (error,) = errors
    assert isinstance(error, ContentLengthMismatchError)
    assert (error.written, error.promised) == (2, 3)


# -- states ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (
            [LAST],
            (
                "The ASGI message 'http.response.body' does not fit: nothing was sent yet; "
                "expected 'http.response.start'"
            ),
        ),
        (
            [START, START],
            (
                "The ASGI message 'http.response.start' does not fit: the response has started; "
                "expected 'http.response.body'"
            ),
        ),
        (
            [START, body(b"a", True), START],
            (
                "The ASGI message 'http.response.start' does not fit: the response has started; "
                "expected 'http.response.body'"
            ),
        ),
        (
            [{"type": "http.response.pathsend", "path": "/"}],
            (
                "The ASGI message 'http.response.pathsend' does not fit: nothing was sent yet; "
                "expected 'http.response.start'"
            ),
        ),
        (
            [START, {"type": "http.response.trailers"}],
            (
                "The ASGI message 'http.response.trailers' does not fit: the response has started; "
                "expected 'http.response.body'"
            ),
        ),
        (
            [START, body(b"a", True), {"type": "http.response.pathsend", "path": "/"}],
            (
                "The ASGI message 'http.response.pathsend' does not fit: the response has started; "
                "expected 'http.response.body'"
            ),
        ),
        (
            [start(trailers=True), body(), body()],
            (
                "The ASGI message 'http.response.body' does not fit: the body is complete; "
                "expected 'http.response.trailers'"
            ),
        ),
        (
            [start(trailers=True), body(b"a", True), body(), body(b"more", True)],
            (
                "The ASGI message 'http.response.body' does not fit: the body is complete; "
                "expected 'http.response.trailers'"
            ),
        ),
    ],
)
async def test_a_message_that_does_not_fit_is_refused(messages: Any, text: str) -> None:
    """The error names the state, and what was expected."""
    errors, _ = await refused(*messages)
    (error,) = errors
    assert isinstance(error, ASGIStateError)
    assert str(error) == text
    assert error.message_type == messages[-1]["type"]
    assert error.code == "ERR_ASGI_STATE"


async def test_a_refused_message_changes_nothing() -> None:
    """The response goes on."""
    stage = Plays(LAST, START, START, {"type": "x"}, body("text"), LAST)
    assert await stage.exchange(GET) == OK + KEPT + b"Content-Length: 2\r\n\r\nok"
    assert [type(each).__name__ for each in stage.errors] == [
        "ASGIStateError",
        "ASGIStateError",
        "ASGIMessageError",
        "ASGIMessageError",
    ]
    await stage.close()


async def test_what_follows_the_end_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """With one warning a request, which names the message and the path (PrefectHQ/fastmcp#671)."""
    stage = Plays(START, LAST, START, LAST)
    client = stage.send(GET.replace(b"/", b"/x", 1), GET)
    await stage.ended()
    assert dateless(client.received) == 2 * (OK + KEPT + b"Content-Length: 2\r\n\r\nok")
    assert stage.errors == []
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert caplog.messages[0].startswith("GET /x from 127.0.0.1:")
    assert caplog.messages[0].endswith(
        "the ASGI application sent http.response.start after its response was complete: it is ignored"
    )
    await stage.close()


async def test_a_malformed_message_behind_the_end_is_refused() -> None:
    """The shape is checked before the state."""
    errors, _ = await refused(START, LAST, body("text"), {"type": "x"})
    assert [type(each) for each in errors] == [ASGIMessageError, ASGIMessageError]


@pytest.mark.parametrize(
    ("message", "kind", "key"),
    [
        ({}, None, None),
        ([], None, None),
        (None.__class__, None, None),
        ({"type": "http.response.push"}, "http.response.push", "type"),
        ({"type": "http.response.debug"}, "http.response.debug", "info"),
        ({"type": "http.response.debug", "info": []}, "http.response.debug", "info"),
        ({"type": "websocket.send"}, "websocket.send", "type"),
        ({"type": 5}, "5", "type"),
        ({"type": "http.response.start"}, "http.response.start", "status"),
        (start(status="200"), "http.response.start", "status"),  # type: ignore[arg-type]
        (start(status=True), "http.response.start", "status"),
        (start(status=200.0), "http.response.start", "status"),  # type: ignore[arg-type]
        (start(status=199), "http.response.start", "status"),
        (start(status=100), "http.response.start", "status"),
        (start(status=1000), "http.response.start", "status"),
        ({**START, "headers": None}, "http.response.start", "headers"),
        ({**START, "headers": 5}, "http.response.start", "headers"),
        ({**START, "headers": "ab"}, "http.response.start", "headers"),
        ({**START, "headers": {b"a": b"b"}}, "http.response.start", "headers"),
        (start((b"a",)), "http.response.start", "headers"),  # type: ignore[arg-type]
        (start((b"a", b"b", b"c")), "http.response.start", "headers"),  # type: ignore[arg-type]
        (start(5), "http.response.start", "headers"),  # type: ignore[arg-type]
        (start(("a", b"b")), "http.response.start", "headers"),  # type: ignore[arg-type]
        (start((b"a", "b")), "http.response.start", "headers"),  # type: ignore[arg-type]
        (start((b"a", 5)), "http.response.start", "headers"),  # type: ignore[arg-type]
        (start((b"", b"b")), "http.response.start", "headers"),
        (start((b"a b", b"b")), "http.response.start", "headers"),
        (start((b"a:", b"b")), "http.response.start", "headers"),
        (start((b"\xe9", b"b")), "http.response.start", "headers"),
        (start((b"a", b"b\r\nc: d")), "http.response.start", "headers"),
        (start((b"a", b"b\n")), "http.response.start", "headers"),
        (start((b"a", b"\x00")), "http.response.start", "headers"),
        (start((b"a", b"\x7f")), "http.response.start", "headers"),
        (start((b"content-length", b"")), "http.response.start", "headers"),
        (start((b"content-length", b"-1")), "http.response.start", "headers"),
        (start((b"content-length", b"1_0")), "http.response.start", "headers"),
        (start((b"content-length", b"1, 1")), "http.response.start", "headers"),
        (start((b"content-length", b"9" * 30)), "http.response.start", "headers"),
        (start((b"Content-Length", b"x")), "http.response.start", "headers"),
        (start((b"content-length", b"1"), (b"content-length", b"2")), "http.response.start", "headers"),
    ],
)
async def test_a_malformed_message_is_refused(message: Any, kind: str | None, key: str | None) -> None:
    """Before anything of it is sent; the error names its type and the key."""
    errors, received = await refused(message, START, LAST)
    (error,) = errors
    assert isinstance(error, ASGIMessageError)
    assert (error.message_type, error.key) == (kind, key)
    assert received == OK + KEPT + b"Content-Length: 2\r\n\r\nok"
    assert error.code == "ERR_ASGI_MESSAGE"


@pytest.mark.parametrize("data", ["text", None, 5, [b"a"]])
async def test_a_body_of_another_type_is_refused(data: Any) -> None:
    """Before the state is looked at."""
    for messages in ([body(data)], [START, body(data), LAST]):
        errors, _ = await refused(*messages)
        (error,) = errors
        assert isinstance(error, ASGIMessageError)
        assert (error.message_type, error.key) == ("http.response.body", "body")


async def test_texts_of_errors_say_what_would_be_right() -> None:
    """And show no value of a header, which may be secret."""
    errors, _ = await refused(
        start((b"set-cookie", b"secret\n")),
        start(status=100),
        body("x"),
        {"type": "y"},
        start((b"a", "b")),  # type: ignore[arg-type]
    )
    assert [str(each) for each in errors] == [
        (
            "The ASGI message 'http.response.start': 'headers' has a control character in the value of "
            "b'set-cookie', b'\\n' at index 6"
        ),
        (
            "The ASGI message 'http.response.start': 'status' must be from 200 to 999: informational responses are "
            "messages of their own. Received 100"
        ),
        "The ASGI message 'http.response.body': 'body' must be bytes-like. Received 'x'",
        "The ASGI message 'y': 'type' is not known here",
        "The ASGI message 'http.response.start': 'headers' must be pairs of bytes, not of str",
    ]


# -- back-pressure ----------------------------------------------------------------


async def test_send_waits_for_a_slow_client() -> None:
    """Below the mark it returns at once; at the mark when all was taken."""
    log: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        for number in range(6):
            await send(body(bytes(400), True))
            log.append(number)
        await send(body())

    stage = AppStage(app, high_water_mark=1000)
    client = stage.connect()
    client.stall()
    client.send(GET)
    await rounds()
    assert log == [0, 1]
    client.take()
    await stage.ended()
    assert log == [0, 1, 2, 3, 4, 5]
    assert client.received.endswith(b"0\r\n\r\n")
    await stage.close()


@pytest.mark.parametrize("parts", [1, 2])
async def test_the_last_body_waits_too(parts: int) -> None:
    """A large one is not done before the client has it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        for left in reversed(range(parts)):
            await send(body(bytes(100_000 // parts), left > 0))

    stage = AppStage(app)
    client = stage.connect()
    client.stall()
    client.send(GET)
    await rounds()
    assert not stage.done.is_set()
    client.take(1000)
    await rounds()
    assert not stage.done.is_set()
    client.take()
    await stage.ended()
    assert stage.done.is_set()
    await stage.close()


async def test_a_small_response_waits_behind_one_that_was_not_taken() -> None:
    """What waits in the connection counts, whosever it is."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(bytes(100)))

    stage = AppStage(app, high_water_mark=100)
    client = stage.connect()
    client.stall()
    client.send(GET + GET)
    await rounds()
    assert len(stage.mount.calls) == 2
    client.take()
    await stage.ended()
    assert client.received.count(bytes(100)) == 2
    await stage.close()


async def test_a_queued_response_takes_up_to_the_mark() -> None:
    """Then its `send` waits for its turn."""
    gate = asyncio.Event()
    log: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/first":
            await gate.wait()
            await hello(scope, receive, send)
            return
        await send(START)
        for number in range(5):
            await send(body(b"%d" % number * 400, True))
            log.append(number)
        await send(body())

    stage = AppStage(app, high_water_mark=1000)
    client = stage.connect()
    client.send(GET.replace(b"/", b"/first", 1) + GET)
    await rounds()
    assert log == [0, 1]
    assert client.received == b""
    gate.set()
    await stage.ended()
    assert log == [0, 1, 2, 3, 4]
    assert dateless(client.received).startswith(OK + KEPT + b"Content-Length: 2\r\n\r\nok" + OK)
    assert client.received.endswith(b"0\r\n\r\n")
    await stage.close()


async def test_an_endless_sender_lets_others_run() -> None:
    """An application that waits for nothing else yields once each mark of bytes."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        counting = asyncio.ensure_future(count())
        await send(START)
        for _ in range(1000):
            await send(body(bytes(1000), True))
        counting.cancel()
        await send(body())

    stage = AppStage(app)
    await stage.exchange(GET)
    assert turns >= 1_000_000 // 65536 - 1
    await stage.close()


async def test_a_cancelled_send_does_not_corrupt_the_framing() -> None:
    """Its bytes were taken already."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        sending = asyncio.ensure_future(send(body(b"a" * 2000, True)))
        await rounds()
        sending.cancel()
        await raised_by(asyncio.wait([sending]))
        assert sending.cancelled()
        await send(body(b"b"))

    stage = AppStage(app, high_water_mark=1000)
    client = stage.connect()
    client.stall()
    client.send(GET)
    await rounds(50)
    client.take()
    await stage.ended()
    assert dateless(client.received) == OK + CHUNKED + b"7d0\r\n" + b"a" * 2000 + b"\r\n1\r\nb\r\n0\r\n\r\n"
    await stage.close()


async def test_several_tasks_may_send() -> None:
    """Messages are served in the order of the calls, and never interleaved."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(send(body(b"%02d" % number * 100, True)))
        await send(body())

    stage = AppStage(app, high_water_mark=300)
    received = await stage.exchange(GET)
    data = b"".join(b"c8\r\n" + b"%02d" % number * 100 + b"\r\n" for number in range(20))
    assert received == OK + CHUNKED + data + b"0\r\n\r\n"
    await stage.close()
