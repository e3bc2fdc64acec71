"""Applications that send and receive whatever they like, while clients come and go: a model says what happens.

Law: the model is written from the states of the specification, and knows nothing of connections.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.apps import DISCONNECT, FAILURE, AppStage, rounds
from tests.kit.masks import dateless
from writehead import http
from writehead._testing.client import read_response
from writehead.errors import (
    ASGIMessageError,
    ASGIStateError,
    ConnectionLostError,
    ContentLengthMismatchError,
)

BODY_SIZE = 10


class Own(http.IncomingMessage):
    """Of a program; so no request takes the faster way."""


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """What applications do wrong is logged elsewhere."""
    logger = logging.getLogger("writehead")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


class Model:
    """What the specification says of one request."""

    def __init__(self, has_body: bool, takes_trailers: bool) -> None:
        self.state = "idle"
        self.lost = self.cut = False
        self.length: int | None = None
        self.promised = False
        self.takes_trailers = takes_trailers
        self.sent = b""
        self.links: list[bytes] = []
        self.trailers: list[bytes] = []
        self.buffered = b""
        self.missing = BODY_SIZE if has_body else 0
        self.given_whole = False

    # -- send

    def send(self, message: dict[str, Any]) -> type[Exception] | None:
        """Return what sending a message raises."""
        if self.lost:
            return ConnectionLostError
        if message.pop("bad", False):
            return ASGIMessageError
        name = message["type"].rpartition(".")[2]
        expected: type[Exception] | None = getattr(self, f"take_{name}")(message)
        return expected

    def misfit(self) -> type[Exception] | None:
        return None if self.state == "done" else ASGIStateError

    def take_start(self, message: dict[str, Any]) -> type[Exception] | None:
        if self.state != "idle":
            return self.misfit()
        self.state = "started"
        self.promised = message["trailers"]
        self.length = next((int(value) for _, value in message["headers"]), None)
        return None

    def take_body(self, message: dict[str, Any]) -> type[Exception] | None:
        if self.state not in ("started", "gone"):
            return self.misfit()
        total, more = len(self.sent) + len(message["body"]), message["more_body"]
        if self.length is not None and (total > self.length or (total < self.length and not more)):
            self.lost = self.cut = self.state == "gone"  # nothing can mend it
            self.state = "broken"
            return ContentLengthMismatchError
        self.sent += message["body"]
        self.state = "gone" if more else "trailers" if self.promised else "done"
        return None

    def take_early_hint(self, message: dict[str, Any]) -> type[Exception] | None:
        if self.state in ("idle", "started"):
            self.links += message["links"]
        elif self.state != "gone":
            return self.misfit()
        return None

    def take_trailers(self, message: dict[str, Any]) -> type[Exception] | None:
        if self.state != "trailers":
            return self.misfit()
        self.trailers += [value for _, value in message["headers"]]
        if not message["more_trailers"]:
            self.state = "done"
        return None

    # -- receive

    def receive(self) -> dict[str, Any] | None:
        """Return what `receive` gives; None if it waits."""
        over = self.state == "done" or self.lost
        if not self.given_whole and not (over and (self.missing or self.state == "done")):
            if self.buffered or not self.missing:
                data, self.buffered = self.buffered, b""
                self.given_whole = not self.missing
                return {"type": "http.request", "body": data, "more_body": bool(self.missing)}
        return DISCONNECT if over else None

    # -- others

    def turn(self) -> None:
        """The loop goes round: a held head leaves."""
        if self.state == "started" and not self.lost:
            self.state = "gone"

    def upload(self, size: int) -> bytes:
        data = b"" if self.lost else b"u" * min(size, self.missing)
        self.missing -= len(data)
        self.buffered += data
        return data

    def lose(self) -> None:
        """The client leaves."""
        if self.state != "done" and not self.lost:
            self.lost = True


STARTS = st.builds(
    lambda length, trailers: {
        "type": "http.response.start",
        "status": 200,
        "headers": [] if length is None else [(b"content-length", b"%d" % length)],
        "trailers": trailers,
    },
    st.sampled_from([None, None, 0, 3, 6]),
    st.sampled_from([False, False, True]),
)
BODIES = st.builds(
    lambda data, more: {"type": "http.response.body", "body": data, "more_body": more},
    st.sampled_from([b"", b"abc", b"defghi"]),
    st.booleans(),
)
HINTS = st.just({"type": "http.response.early_hint", "links": [b"</a>"]})
TRAILERS = st.builds(
    lambda more: {"type": "http.response.trailers", "headers": [(b"X-T", b"t")], "more_trailers": more},
    st.booleans(),
)
BAD = st.sampled_from(
    [
        {"type": "http.response.start", "status": "200", "bad": True},
        {"type": "http.response.body", "body": "text", "more_body": False, "bad": True},
        {"type": "http.response.early_hint", "links": [5], "bad": True},
        {"type": "http.response.trailers", "headers": [(b"host", b"a")], "bad": True},
        {"type": "http.response.push", "bad": True},
    ]
)
STEPS = st.one_of(
    st.tuples(st.just("send"), st.one_of(STARTS, BODIES, BODIES, HINTS, TRAILERS, BAD)),
    st.tuples(st.just("receive"), st.none()),
    st.tuples(st.just("turn"), st.none()),
    st.tuples(st.just("upload"), st.integers(1, BODY_SIZE)),
)
SOMETIMES = st.one_of(*[STEPS] * 9, st.tuples(st.just("lose"), st.none()))


@st.composite
def programs(draw: Any) -> list[Any]:
    """Return the steps of a response that may be right, with others in between."""
    messages: list[dict[str, Any]] = [draw(STARTS)]
    messages += [message | {"more_body": True} for message in draw(st.lists(BODIES, max_size=2))]
    messages.append(draw(BODIES))
    if messages[0]["trailers"]:
        messages += draw(st.lists(TRAILERS, max_size=2))
    steps: list[Any] = [("send", message) for message in messages]
    for _ in range(draw(st.integers(0, 6))):
        steps.insert(draw(st.integers(0, len(steps))), draw(SOMETIMES))
    return steps


class Run:
    """A program of steps, in an application and in the model."""

    def __init__(self, steps: list[Any], has_body: bool, te: bool, options: dict[str, Any]) -> None:
        self.model = Model(has_body, te)
        self.steps = steps
        self.stage = AppStage(self.app, **options)
        self.client = self.stage.connect()
        self.has_body, self.te = has_body, te
        self.found: list[Any] = []
        self.expected: list[Any] = []

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        await rounds(1)
        for step, argument in self.steps:
            await getattr(self, step)(argument, receive, send)

    async def send(self, message: dict[str, Any], receive: Any, send: Any) -> None:
        message = message.copy()
        self.expected.append(self.model.send(message))
        try:
            await send(message)
        except Exception as error:
            self.found.append(type(error))
        else:
            self.found.append(None)

    async def receive(self, argument: None, receive: Any, send: Any) -> None:
        """Receive; what would wait is cancelled, and loses nothing."""
        task = asyncio.ensure_future(receive())
        await rounds(2)
        self.model.turn()
        self.expected.append(self.model.receive())
        self.found.append(task.result() if task.done() else None)
        task.cancel()
        await rounds(1)

    async def turn(self, argument: None, receive: Any, send: Any) -> None:
        await rounds(2)
        self.model.turn()

    async def upload(self, size: int, receive: Any, send: Any) -> None:
        self.client.send(self.model.upload(size))

    async def lose(self, argument: None, receive: Any, send: Any) -> None:
        self.client.reset()
        self.model.lose()

    async def run(self) -> None:
        te = "TE: trailers\r\n" if self.te else ""
        length = f"Content-Length: {BODY_SIZE}\r\n" if self.has_body else ""
        self.client.send(f"POST / HTTP/1.1\r\nHost: a\r\n{te}{length}\r\n")
        await self.stage.ended()
        self.check()
        await self.stage.close()

    def check(self) -> None:
        """Compare what the application has seen, and the bytes."""
        assert self.found == self.expected
        model, received = self.model, self.client.received
        if model.lost and not model.cut:
            return
        if model.state in ("idle", "started", "broken") and not model.cut:
            assert FAILURE.partition(b"%s")[0] in received
            assert received.endswith(b"Internal Server Error")
            return
        response = read_response(received, 0, False, False)
        chunked = model.length is None and (b"Transfer-Encoding: chunked" in received)
        if model.cut or model.state == "gone" or (model.state == "trailers" and chunked):
            assert response is None or response[0].body != model.sent or model.length == len(model.sent)
            assert self.client.closed
            return
        assert response is not None, dateless(received)
        final, informational, end = response
        assert (final.status, final.body, end) == (200, model.sent, len(received))
        links = [pair for each in informational for pair in each.raw_headers if each.status == 103]
        assert links == ["Link", "</a>"] * len(model.links)
        sends_trailers = chunked and model.takes_trailers and model.promised and model.state == "done"
        assert final.raw_trailers == (["X-T", "t"] * len(model.trailers) if sends_trailers else [])


@settings(max_examples=500)
@given(
    st.one_of(programs(), programs(), st.lists(SOMETIMES, max_size=12)),
    st.booleans(),
    st.booleans(),
    st.sampled_from([{}, {"IncomingMessage": Own}]),
)
def test_whatever_an_application_does(
    steps: list[Any], has_body: bool, te: bool, options: dict[str, Any]
) -> None:
    """Each message is taken, ignored or refused as the model says, and the client hears what was taken."""

    async def run() -> None:
        await Run(steps, has_body, te, options).run()

    asyncio.run(run())
