"""Extensions of responses: early hints and trailers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.guests.test_sending import Plays
from tests.kit.apps import GET, KEPT, LAST, START, AppStage, body, raised_by, rounds, start
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from writehead import asgi
from writehead._guests.asgi.extensions import REFUSED_TRAILERS
from writehead._guests.asgi.sending import takes_trailers
from writehead.errors import ASGIMessageError, ASGIStateError

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + KEPT + b"Content-Length: 2\r\n\r\nok"
CHUNKED = KEPT + b"Transfer-Encoding: chunked\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\n"
TE = b"GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5, Trailers\r\n\r\n"


def hint(*links: Any) -> dict[str, Any]:
    return {"type": "http.response.early_hint", "links": links}


def trailers(*headers: Any, **more: Any) -> dict[str, Any]:
    return {"type": "http.response.trailers", "headers": headers, **more}


async def played(*messages: Any, data: bytes = GET) -> tuple[bytes, list[BaseException]]:
    stage = Plays(*messages)
    received = await stage.exchange(data)
    await stage.close()
    return received, stage.errors


# -- early hints ----------------------------------------------------------------


async def test_each_link_is_a_line_of_one_block() -> None:
    """Before the start."""
    assert await played(hint(b"</a>; rel=preload", b"</b>"), START, LAST) == (
        EARLY + b"Link: </a>; rel=preload\r\nLink: </b>\r\n\r\n" + WHOLE,
        [],
    )


async def test_any_number_of_hints_may_be_sent() -> None:
    """Also while the head is held."""
    assert await played(hint(b"<a>"), hint(b"<b>"), START, hint(b"<c>"), LAST) == (
        b"".join(EARLY + b"Link: <%s>\r\n\r\n" % name for name in (b"a", b"b", b"c")) + WHOLE,
        [],
    )


async def test_a_hint_leaves_at_once() -> None:
    """The response may take its time."""
    gate = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(hint(b"<a>"))
        await gate.wait()
        await send(START)
        await send(LAST)

    stage = AppStage(app)
    client = stage.send(GET)
    await rounds()
    assert client.received == EARLY + b"Link: <a>\r\n\r\n"
    gate.set()
    await stage.ended()
    await stage.close()


async def test_no_links_send_nothing() -> None:
    """Nor does a message without the key."""
    assert await played(hint(), {"type": "http.response.early_hint"}, START, LAST) == (WHOLE, [])


async def test_a_hint_behind_the_head_is_ignored() -> None:
    """It is too late."""
    received, errors = await played(START, None, hint(b"<a>"), body(b"a", True), hint(b"<b>"), body())
    assert (received, errors) == (OK + CHUNKED + b"1\r\na\r\n0\r\n\r\n", [])


async def test_a_hint_behind_the_end_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """With a warning, as any message."""
    assert await played(START, LAST, hint(b"<a>")) == (WHOLE, [])
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("links", ["<a>", b"<a>", 5, ["<a>"], [b"<a>\r\n"], [b"\0"], {b"a": b"b"}, [5]])
async def test_malformed_links_are_refused(links: Any) -> None:
    """They are checked as values of headers."""
    message = {"type": "http.response.early_hint", "links": links}
    received, errors = await played(message, START, LAST)
    assert received == WHOLE
    (error,) = errors
    assert isinstance(error, ASGIMessageError)
    assert (error.message_type, error.key) == ("http.response.early_hint", "links")


@pytest.mark.parametrize("message", [hint(b"<a>"), trailers()])
async def test_http_1_0_knows_neither(message: Any) -> None:
    """The extension is not in the scope."""
    _, errors = await played(message, START, LAST, data=b"GET / HTTP/1.0\r\n\r\n")
    (error,) = errors
    assert isinstance(error, ASGIMessageError)
    assert error.key == "type"


# -- trailers -----------------------------------------------------------------------

PROMISE = start((b"Trailer", b"x-a"), trailers=True)
PROMISED = OK + b"Trailer: x-a\r\n" + CHUNKED


async def test_trailers_follow_the_last_chunk() -> None:
    """As given; the response ends with their message, not with the body."""
    assert await played(PROMISE, body(b"a", True), body(b"b"), trailers((b"X-A", b"1")), data=TE) == (
        PROMISED + b"1\r\na\r\n1\r\nb\r\n0\r\nX-A: 1\r\n\r\n",
        [],
    )


async def test_trailers_may_come_in_parts() -> None:
    """Up to the one without more."""
    parts = (
        trailers((b"a", b"1"), more_trailers=True),
        None,
        trailers((b"b", b"2"), (b"c", b"3"), more_trailers=True),
        trailers(),
    )
    received, errors = await played(PROMISE, body(b"x"), *parts, data=TE)
    assert (received, errors) == (PROMISED + b"1\r\nx\r\n0\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n", [])


async def test_trailers_that_the_client_does_not_want_are_dropped() -> None:
    """And their announcement."""
    assert await played(PROMISE, body(b"x"), trailers((b"x-a", b"1"))) == (
        OK + CHUNKED + b"1\r\nx\r\n0\r\n\r\n",
        [],
    )


async def test_trailers_of_a_body_that_is_not_chunked_are_dropped() -> None:
    """Of one with a length, and where there is none."""
    given = start((b"trailer", b"x-a"), (b"content-length", b"2"), trailers=True)
    assert await played(given, LAST, trailers((b"x-a", b"1")), data=TE) == (
        OK + b"content-length: 2\r\n" + KEPT + b"\r\nok",
        [],
    )
    head = TE.replace(b"GET", b"HEAD")
    assert await played(PROMISE, LAST, trailers((b"x-a", b"1")), data=head) == (OK + KEPT + b"\r\n", [])


async def test_trailers_without_a_promise_do_not_fit() -> None:
    """Nor before the body."""
    _, errors = await played(trailers(), START, trailers(), body(b"a", True), trailers(), body(), data=TE)
    assert [type(each) for each in errors] == [ASGIStateError] * 3
    _, errors = await played(PROMISE, trailers(), body(b"a", True), trailers(), body(), trailers(), data=TE)
    assert [type(each) for each in errors] == [ASGIStateError] * 2


@pytest.mark.parametrize("name", sorted(REFUSED_TRAILERS))
async def test_fields_that_must_come_before_a_body_are_refused(name: bytes) -> None:
    """In any case (RFC 9110, 6.5.1)."""
    received, errors = await played(PROMISE, body(b"x"), trailers((name.title(), b"1")), trailers(), data=TE)
    assert received == PROMISED + b"1\r\nx\r\n0\r\n\r\n"
    (error,) = errors
    assert isinstance(error, ASGIMessageError)
    assert (error.message_type, error.key) == ("http.response.trailers", "headers")


@pytest.mark.parametrize("headers", [5, "a", [(b"a",)], [("a", b"b")], [(b"a b", b"")], [(b"a", b"\n")]])
async def test_malformed_trailers_are_refused(headers: Any) -> None:
    """As headers are."""
    message = {"type": "http.response.trailers", "headers": headers}
    _, errors = await played(PROMISE, body(b"x"), message, trailers(), data=TE)
    assert [type(each) for each in errors] == [ASGIMessageError]


async def test_a_chunked_body_without_its_trailers_is_cut() -> None:
    """It is unfinished."""
    stage = Plays(PROMISE, body(b"x"), None)
    client = stage.send(TE)
    await stage.ended()
    assert dateless(client.received) == PROMISED + b"1\r\nx\r\n"
    assert client.closed
    await stage.close()


async def test_another_body_without_its_trailers_is_complete(caplog: pytest.LogCaptureFixture) -> None:
    """Its length says so."""
    given = start((b"content-length", b"2"), trailers=True)
    assert await played(given, LAST, data=TE) == (OK + b"content-length: 2\r\n" + KEPT + b"\r\nok", [])
    assert caplog.messages == []


async def test_the_response_is_complete_with_its_trailers() -> None:
    """Until then `receive` waits."""
    heard: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        listening = asyncio.ensure_future(receive())
        await send(PROMISE)
        await send(body(b"x"))
        await rounds()
        heard.append(listening.done())
        await send(trailers())
        await rounds()
        heard.append(listening.done())
        assert await raised_by(send(trailers())) is None

    stage = AppStage(app)
    await stage.exchange(TE)
    assert heard == [False, True]
    await stage.close()


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ([], False),
        ([(b"te", b"trailers")], True),
        ([(b"te", b"Trailers")], True),
        ([(b"te", b"gzip, trailers")], True),
        ([(b"te", b"gzip"), (b"te", b"trailers")], True),
        ([(b"te", b"trailersx")], False),
        ([(b"te", b"trailers;q=1")], False),
        ([(b"x-te", b"trailers")], False),
    ],
)
def test_te_names_trailers(fields: list[tuple[bytes, bytes]], wanted: bool) -> None:
    """As a token, in any case."""
    assert takes_trailers(fields) is wanted


# -- what tests are told ------------------------------------------------------------------------------


def debug(**info: Any) -> dict[str, Any]:
    return {"type": "http.response.debug", "info": info}


async def numbered(scope: Any, receive: Any, send: Any) -> None:
    """Tell the path; respond with it when its turn has come."""
    if scope["path"] != "/silent":
        await send(debug(path=scope["path"]))
    await asyncio.sleep(0)
    await send(START)
    await send(body(scope["path"].encode()))


async def test_a_test_is_told_what_the_application_tells() -> None:
    """Each response has its own; None if it told nothing."""
    stage = AppStage(numbered)
    client = stage.connect()
    first = client.request("GET", "/a")
    assert first.debug == {"path": "/a"}  # before it is complete
    rest = [client.request(method, target) for method, target in (("HEAD", "/b"), ("GET", "/silent"))]
    for answer in (first, *rest, client.request("GET", "/c")):
        await answer
        expected = None if "/silent" in repr(answer) else {"path": repr(answer).split()[3].rstrip(":")}
        assert answer.debug == expected
    await stage.close()


async def test_a_test_that_sends_bytes_is_told_by_the_place_of_a_response() -> None:
    """Also if it does not read, and before it asks for the answers."""
    stage = AppStage(numbered)
    client = stage.connect()
    client.stall()
    client.send(GET.replace(b"/ ", b"/a ") + GET.replace(b"/ ", b"/b "))
    await stage.ended()
    client.send(GET.replace(b"/ ", b"/c "))
    await stage.ended()
    client.take()
    answers = [client.answer() for _ in range(3)]
    assert [(answer.text, answer.debug) for answer in answers] == [
        (path, {"path": path}) for path in ("/a", "/b", "/c")
    ]
    await stage.close()


async def test_it_is_told_once_before_the_start() -> None:
    """Another time it does not fit."""
    received, (second, late) = await played(debug(a=1), debug(b=2), START, debug(c=3), LAST)
    assert received == WHOLE
    for error in (second, late):
        assert isinstance(error, ASGIStateError)
        assert error.message_type == "http.response.debug"


async def test_it_is_offered_to_tests_alone() -> None:
    """Over a socket the message is not known."""
    other = Plays(debug(a=1), START, LAST)
    offered: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        offered.append("http.response.debug" in scope["extensions"])
        await other._run(scope, receive, send)

    async with asgi.create_server(app, lifespan="off") as server:
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        await client.until(b"ok")
        client.close()
    (error,) = other.errors
    assert isinstance(error, ASGIMessageError)
    assert (error.key, offered) == ("type", [False])
