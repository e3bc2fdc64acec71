"""IncomingMessage by itself: made by hand, filled in late, read, timed, failed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.programs import Generator
from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.stage import GET, Stage, answer, bytewise, dateless, events
from writehead import http, testing
from writehead.errors import InvalidArgTypeError, OutOfRangeError, UnshiftAfterEndError
from writehead.testing import settle

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"


def test_a_message_made_by_hand_is_empty() -> None:
    """As a subclass finds it in its constructor."""
    req = http.IncomingMessage(None)
    assert (req.method, req.url, req.http_version) == (None, "", None)
    assert (req.http_version_major, req.http_version_minor) == (None, None)
    assert (req.headers, req.raw_headers, req.headers_distinct) == ({}, [], {})
    assert (req.trailers, req.raw_trailers, req.trailers_distinct) == ({}, [], {})
    assert (req.complete, req.aborted, req.destroyed, req.readable) == (False, False, False, True)
    assert req.socket is None


def test_its_line_can_be_assigned() -> None:
    """Middleware rewrites the URL."""
    seen: list[Any] = []

    def rewrite(req: Any, res: Any) -> None:
        req.url = "/new" + req.url
        req.method = "PUT"
        req.http_version = "1.0"
        req.trailers = {"a": "1"}
        seen.append((req.url, req.method, req.http_version, req.httpVersion))
        res.end("ok")

    assert Stage(rewrite).exchange(GET) == answer(b"ok")
    assert seen == [("/new/", "PUT", "1.0", "1.0")]


def test_attributes_of_the_users_own_stay() -> None:
    """As middleware hangs them on the request."""
    seen: list[Any] = []
    stage = Stage(lambda req, res: seen.append(req.user))
    stage.server.prepend_listener("request", lambda req, res: setattr(req, "user", "me"))
    stage.send(GET)
    assert seen == ["me"]


def test_destroying_a_message_made_by_hand() -> None:
    """'aborted' at once, 'close' later; without a socket nothing else happens."""
    req = http.IncomingMessage(None)
    log: list[str] = []
    events(log, req, "aborted error close end")
    signal = req.signal
    req.destroy(LookupError("why"))
    assert (log, req.destroyed, signal.aborted) == (["aborted"], True, True)
    settle()
    req.destroy()
    assert log == ["aborted", "error why", "close"]
    assert str(req.errored) == "why"


def test_a_chunk_put_back_behind_the_end_is_an_error() -> None:
    """`ERR_STREAM_UNSHIFT_AFTER_END_EVENT`, if the request is not destroyed yet."""
    log: list[str] = []
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.append(req)
        req.resume()
        events(log, req, "error")
        req.on("end", lambda: log.append(f"unshift {req.unshift(b'x')}"))

    Stage(handle).send(GET)
    assert log[0] == "unshift False"
    assert isinstance(held[0].errored, UnshiftAfterEndError | None)


@pytest.mark.parametrize(("value", "error"), [("1", InvalidArgTypeError), (-1, OutOfRangeError)])
def test_a_timeout_is_checked(value: Any, error: type[Exception]) -> None:
    """As the socket's."""
    held: list[Any] = []
    Stage(lambda req, res: held.append(req)).send(GET)
    with pytest.raises(error):
        held[0].set_timeout(value)


def test_a_timeout_without_a_callback_destroys() -> None:
    """Nobody took over."""
    stage = Stage(lambda req, res: req.setTimeout(500))
    client = stage.send(POST)
    stage.clock.advance(500)
    assert client.closed


def test_a_failed_listener_answers_for_its_own_request_only(caplog: pytest.LogCaptureFixture) -> None:
    """Of two in a line the other is served."""

    def handle(req: Any, res: Any) -> None:
        if req.method == "POST":
            req.on("data", lambda chunk: 1 / 0)
        else:
            res.end("ok")

    stage = Stage(handle)
    client = stage.send(POST + b"abc" + GET)
    received = dateless(client.received)
    assert received.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert received.endswith(answer(b"ok"))
    assert "ZeroDivisionError" in caplog.text


async def test_a_failed_async_listener_of_the_request(caplog: pytest.LogCaptureFixture) -> None:
    """Counts as the handler."""

    async def fail() -> None:
        await asyncio.sleep(0)
        raise LookupError("a mistake")

    def handle(req: Any, res: Any) -> None:
        req.on("end", fail)
        req.resume()

    client = testing.connect(http.create_server(handle))
    assert (await client.request("GET", "/")).status == 500
    assert "a mistake" in caplog.text


async def test_reading_text_that_is_broken() -> None:
    """Broken utf-8 becomes U+FFFD, as with `set_encoding`."""

    async def handle(req: Any, res: Any) -> None:
        res.end(await req.text())

    client = testing.connect(http.create_server(handle))
    assert (await client.request("POST", "/", body=b"a\xffb")).text == "a\ufffdb"


async def test_readers_heed_an_encoding_that_was_set() -> None:
    """What is given out as text is read as text."""
    seen: list[Any] = []

    async def handle(req: Any, res: Any) -> None:
        req.set_encoding("latin1")
        seen.append(await req.text())
        res.end()

    client = testing.connect(http.create_server(handle))
    await client.request("POST", "/", body=b"\xe9")
    assert seen == ["é"]


async def test_json_in_another_unicode_encoding() -> None:
    """What `json` detects is read."""

    async def handle(req: Any, res: Any) -> None:
        res.end(json.dumps(await req.json()))

    client = testing.connect(http.create_server(handle))
    assert (await client.request("POST", "/", body='{"é": 1}'.encode("utf-16"))).json() == {"é": 1}


async def test_a_413_leaves_what_was_answered_already() -> None:
    """A handler that answered before it read gets the error only."""
    done = asyncio.Event()

    async def handle(req: Any, res: Any) -> None:
        res.write("early")
        try:
            await req.bytes(limit=1)
        except Exception as error:
            res.end(error.code)  # type: ignore[attr-defined]
            done.set()

    client = testing.connect(http.create_server(handle))
    answered = await client.request("POST", "/", body="12345")
    await done.wait()
    assert (answered.status, answered.body) == (200, b"earlyERR_HTTP_PAYLOAD_TOO_LARGE")


def test_a_request_can_be_paused_for_a_connection_that_pipelines() -> None:
    """What is behind a paused body waits until it is read."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append((req, res)), high_water_mark=2)
    stage.send(POST.replace(b"3", b"6") + b"abc", b"def" + GET)
    assert len(held) == 1
    held[0][0].resume()
    settle()
    assert len(held) == 2


@pytest.mark.parametrize("body", ["NaN", "Infinity", "-Infinity", '{"a": [1, NaN]}', b"\xff", "", "1 2"])
async def test_what_is_no_json(body: Any) -> None:
    """ValueError, of what Python alone would take as well (RFC 8259, 6)."""

    async def handler(req: Any, res: Any) -> None:
        with pytest.raises(ValueError):
            await req.json()
        res.end("refused")

    client = testing.connect(http.create_server(handler))
    assert (await client.request("POST", "/", body=body)).text == "refused"


async def test_json_that_is_nested_too_deeply() -> None:
    """However deep, it is a ValueError like any other body that is no JSON of use."""
    seen: list[str] = []

    async def handle(req: Any, res: Any) -> None:
        try:
            await req.json()
        except ValueError as error:
            seen.append(str(error))
        res.end()

    client = testing.connect(http.create_server(handle))
    await client.request("POST", "/", body=b"[" * 200_000)
    assert seen == ["the body is nested too deeply"]


async def turns() -> None:
    """Let the handler's task go on until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("beside", [None, "data", "readable"])
async def test_an_iteration_gets_each_packet_whoever_listens_beside(beside: str | None) -> None:
    """Straight from the connection where nobody else hears of it; 'data' and 'readable' are told as ever."""
    chunks: list[bytes] = []
    heard: list[Any] = []

    async def read(req: Any, res: Any) -> None:
        if beside is not None:
            req.on(beside, lambda *args: heard.append(args))
        async for chunk in req:
            chunks.append(chunk)
        res.end("done")

    stage = Stage(read)
    client = stage.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n")
    for packet in (b"ab", b"cd", b"ef", b"gh"):
        await turns()
        client.send(packet)
    await turns()
    assert chunks == [b"ab", b"cd", b"ef", b"gh"]
    assert dateless(client.received) == answer(b"done")
    if beside == "data":
        assert [args[0] for args in heard] == chunks
    elif beside == "readable":
        assert len(heard) == 5  # and once at the end


# -- behind the response -------------------------------------------------------

BEHIND = b"POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345"


def written_bodies() -> list[tuple[bytes, bytes]]:
    """Return requests as the programs that are compared with Node send them, and the body of each."""
    found: dict[bytes, bytes] = {
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nbbb\r\n2\r\ncc\r\n0\r\n\r\n": b"bbbcc",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1": b"1",
    }
    for number in range(200):
        program = Generator(1, number)
        fields, body = program.body(last=True)
        whole = "\r\n".join(["POST / HTTP/1.1", "Host: a", *fields, "", body]).encode()
        if len(body) < 90 and len(found) < 12:
            found[whole] = b"x" * body.count("x")
    return list(found.items())


class Reader:
    """What one request has shown of its body."""

    def __init__(self, req: Any) -> None:
        self.req = req
        self.data = b""
        self.ended = False

    def listen(self) -> None:
        self.req.on("data", self._add)
        self.req.on("end", self._end)

    def _add(self, chunk: bytes) -> None:
        self.data += chunk

    def _end(self) -> None:
        self.ended = True

    def check(self, body: bytes) -> None:
        """'end' comes behind every byte, and without it the request does not call itself complete."""
        assert (self.ended, self.req.complete) in ((True, True), (False, False))
        assert self.data == body if self.ended else body.startswith(self.data)


def early(readers: list[Reader], close: bool, first: bool) -> Callable[[Any, Any], None]:
    """Return a handler that answers at once, its listeners added before or after."""

    def handle(req: Any, res: Any) -> None:
        reader = Reader(req)
        readers.append(reader)
        if close:
            res.set_header("Connection", "close")
        if first:
            reader.listen()
        res.end("x")
        if not first:
            reader.listen()

    return handle


@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_an_early_answer_never_truncates_a_body_that_ends(close: bool, first: bool) -> None:
    """However the packets are cut: either every byte and then 'end', or neither 'end' nor `complete`."""
    readers: list[Reader] = []
    stage = Stage(early(readers, close, first))
    for request, body in written_bodies():
        whole = request + BEHIND
        cuts = [[whole], bytewise(whole), *([whole[:at], whole[at:]] for at in range(1, len(whole)))]
        for packets in cuts:
            readers.clear()
            stage.send(*packets)
            for reader, sent in zip(readers, (body, b"12345"), strict=False):
                reader.check(sent)
            if not close:
                assert [reader.ended for reader in readers] == [True, True]
        readers.clear()
        stage.send(whole)
        assert [reader.ended for reader in readers] == [True, True]  # what came in one packet is passed on


@on_both_loops
async def test_an_early_answer_never_truncates_a_body_on_a_real_connection() -> None:
    """As above, a packet now and then."""
    for close in (False, True):
        readers: list[Reader] = []
        async with http.create_server(early(readers, close, True)) as server:
            await server.listen(0, "127.0.0.1")
            for request, body in written_bodies():
                whole = request + BEHIND
                for at in (0, len(request) // 2, len(request) - 4, len(whole) - 2):
                    readers.clear()
                    client = await dial(server)
                    client.send(whole[:at])
                    for _ in range(3):
                        await asyncio.sleep(0)
                    client.send(whole[at:])
                    client.end()
                    await client.rest()
                    for reader, sent in zip(readers, (body, b"12345"), strict=False):
                        reader.check(sent)


def test_a_paused_body_waits_for_its_reader_behind_the_answer() -> None:
    """What fits into the buffer is there at `resume`, though the response has finished."""
    readers: list[Reader] = []

    def handle(req: Any, res: Any) -> None:
        readers.append(Reader(req))
        readers[-1].listen()
        req.pause()
        res.end("ok")

    stage = Stage(handle)
    client = stage.send(POST + b"a", b"bc")
    assert dateless(client.received) == answer(b"ok")
    assert (readers[0].data, readers[0].ended) == (b"", False)
    readers[0].req.resume()
    settle()
    assert (readers[0].data, readers[0].ended) == (b"abc", True)
    client.send(GET)
    assert dateless(client.received) == answer(b"ok") * 2


def test_a_paused_body_that_fills_its_buffer_behind_the_answer_is_given_up() -> None:
    """The connection goes on; the request is aborted, and never calls itself ended."""
    log: list[Any] = []
    kept: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        kept.append(req)
        events(log, req, "data end aborted error close")
        req.pause()
        res.end("ok")

    stage = Stage(handle, high_water_mark=10)
    for packets in ([12 * b"a", 8 * b"b"], [5 * b"a", 5 * b"b", 5 * b"c", 5 * b"d"]):
        log.clear()
        client = stage.send(POST.replace(b"3", b"20"), *packets)
        assert log == ["aborted", "error ABORT_ERR", "close"]
        client.send(GET)
        assert dateless(client.received) == answer(b"ok") * 2


def test_a_body_whose_pipe_lets_go_behind_the_answer_is_given_up_once_full() -> None:
    """Neither the end of a pipe nor that of a 'readable' listener leaves the connection waiting for ever."""
    for how in ("unpipe", "off"):
        log: list[Any] = []

        def handle(req: Any, res: Any, how: str = how) -> None:
            events(log, req, "end aborted close")
            if how == "unpipe":
                slow = http.OutgoingMessage()
                req.pipe(slow)
                res.on("finish", req.unpipe)
            else:
                req.on("readable", silent_listener)
                res.on("finish", lambda: req.off("readable", silent_listener))
            res.end("ok")

        stage = Stage(handle, high_water_mark=10)
        client = stage.send(POST.replace(b"3", b"40"), 10 * b"a", 10 * b"b", 10 * b"c", 10 * b"d")
        assert log == ["aborted", "close"], how
        client.send(GET)
        assert dateless(client.received) == answer(b"ok") * 2


def silent_listener() -> None:
    """Take nothing."""
