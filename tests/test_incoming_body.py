"""IncomingMessage: its body, by every way of reading it, also behind the response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.programs import Generator
from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from tests.kit.request_stage import POST, C, post, request_of
from tests.kit.stage import GET, Stage, answer, bytewise, events
from writehead import http, testing
from writehead.errors import InvalidArgTypeError, OutOfRangeError, UnknownEncodingError
from writehead.testing import settle

# -- flow ----------------------------------------------------------------------


def test_the_three_modes() -> None:
    """Nothing asked, flowing, paused."""
    req = request_of(post(b"a", 9))
    assert (req.readable_flowing, req.is_paused()) == (None, False)
    req.on("data", lambda chunk: None)
    assert req.readable_flowing is True
    assert req.pause() is req
    assert (req.readable_flowing, req.is_paused()) == (False, True)
    assert req.resume() is req
    assert (req.readable_flowing, req.isPaused()) == (True, False)


def test_a_data_listener_does_not_end_a_pause() -> None:
    """Only `resume` does."""
    req = request_of(post(b"abc"))
    got: list[bytes] = []
    req.pause()
    req.on("data", got.append)
    settle()
    assert got == []
    req.resume()
    settle()
    assert got == [b"abc"]


def test_a_flow_without_listeners_loses_data() -> None:
    """A removed listener does not stop it."""
    got: list[bytes] = []
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.append(req)
        req.once("data", got.append)

    client = Stage(handle).send(post(b"", 3), b"1", b"2")
    held[0].on("data", got.append)
    client.send(b"3")
    assert got == [b"1", b"3"]


def test_pieces_are_those_of_packets_and_chunks() -> None:
    """Never joined, never empty."""
    got: list[bytes] = []
    stage = Stage(lambda req, res: req.on("data", got.append))
    stage.send(C + b"2\r\nab\r\n1\r\nc\r\n4\r\nde", b"fg\r\n0\r\n\r\n")
    assert got == [b"ab", b"c", b"de", b"fg"]


def test_read_gives_all_or_so_many() -> None:
    """Without a size everything, joined; with one that many, or None, or at the end the rest."""
    req = request_of(post(b"abc", 9), b"def")
    assert req.read(4) == b"abcd"
    assert req.read(4) is None
    assert req.read() == b"ef"
    assert req.read() is None
    req = request_of(post(b"abc"))
    assert (req.read(5), req.read(5)) == (b"abc", None)


@pytest.mark.parametrize(("size", "error"), [("1", InvalidArgTypeError), (2 << 30, OutOfRangeError)])
def test_a_size_is_a_number(size: Any, error: type[Exception]) -> None:
    """And no more than a GiB."""
    with pytest.raises(error):
        request_of(post(b"abc")).read(size)


def test_what_read_returns_is_data_too() -> None:
    """A 'data' listener beside 'readable' hears it."""
    got: list[bytes] = []
    req = request_of(post(b"abc"))
    req.on("readable", lambda: None)
    req.on("data", got.append)
    settle()
    assert got == []
    req.read()
    assert got == [b"abc"]


def test_what_is_put_back_comes_first() -> None:
    """`unshift`, of bytes or text."""
    req = request_of(post(b"def"))
    req.pause()
    assert req.unshift(b"c") is False  # the end has come already
    req.unshift("ab")
    assert req.read() == b"abcdef"


def test_a_full_buffer_stops_the_connection() -> None:
    """No later than a packet past the mark; and it goes on when less is left."""
    req: Any = None
    stage = Stage(lambda request, res: held.append(request), high_water_mark=1000)
    held: list[Any] = []
    client = stage.send(post(b"", 10_000))
    for _ in range(20):
        client.send(500 * b"x")
    req = held[0]
    assert (req.readable_length, req.readable_high_water_mark) == (1000, 1000)
    req.read(100)
    settle()
    assert req.readable_length == 1400
    req.resume()
    settle()
    assert req.readable_ended


def test_a_paused_body_holds_up_what_is_behind_it() -> None:
    """Later requests, and the end of the client."""
    held: list[Any] = []
    stage = Stage(lambda req, res: held.append(req), high_water_mark=2)
    client = stage.send(post(b"ab", 4))
    client.send(b"cd" + GET)
    client.reset()
    assert (len(held), held[0].aborted) == (1, False)
    held[0].resume()
    settle()
    assert len(held) == 2
    assert (held[0].aborted, held[1].aborted) == (False, True)


# -- set_encoding --------------------------------------------------------------


def texts(encoding: str | None, *pieces: bytes) -> list[str]:
    """Return the pieces of text that 'data' gives for these packets."""
    got: list[str] = []
    stage = Stage(lambda req, res: req.set_encoding(encoding).on("data", got.append))
    stage.send(post(b"", sum(map(len, pieces))), *pieces)
    return got


@pytest.mark.parametrize(
    ("encoding", "pieces", "wanted"),
    [
        ("utf8", (b"a\xc3", b"\xa9"), ["a", "é"]),
        (None, (b"\xe2", b"\x82", b"\xac"), ["€"]),
        ("utf-8", (b"\xf0\x9f", b"\x98\x80!"), ["😀!"]),
        ("utf8", (b"\xc3", b""), ["\ufffd"]),
        ("utf8", (b"\xef\xbb\xbfx",), ["\ufeffx"]),
        ("utf8", (b"\xff\xfea",), ["\ufffd\ufffda"]),
        ("utf16le", (b"a", b"\x00b\x00"), ["ab"]),
        ("utf16le", (b"\x3d\xd8", b"\x00\xde"), ["😀"]),
        ("base64", (b"ab", b"cd"), ["YWJj", "ZA=="]),
        ("hex", (b"\x01\xff",), ["01ff"]),
        ("latin1", (b"\xe9",), ["é"]),
        ("ascii", (b"\xe9a",), ["ia"]),
    ],
)
def test_text_is_given_out_in_an_encoding(
    encoding: str | None, pieces: tuple[bytes, ...], wanted: list[str]
) -> None:
    """Split characters wait for their rest; nothing that decodes to nothing is emitted."""
    assert texts(encoding, *pieces) == wanted


def test_an_encoding_has_its_name_and_converts_what_is_there() -> None:
    """The normalised name; lengths are of characters then."""
    req = request_of(post("aé€".encode()))
    assert (req.readable_encoding, req.readable_length) == (None, 6)
    assert req.set_encoding("UTF-8") is req
    assert (req.readable_encoding, req.readable_length) == ("utf8", 3)
    assert req.read(2) == "aé"
    with pytest.raises(UnknownEncodingError):
        req.set_encoding("klingon")


# -- async iteration -----------------------------------------------------------


async def read_by_iteration(req: Any) -> list[Any]:
    return [chunk async for chunk in req]


async def test_a_body_is_iterated() -> None:
    """To its end, then the handler answers."""

    async def handle(req: Any, res: Any) -> None:
        chunks = await read_by_iteration(req)
        res.end(b"|".join(chunks))

    client = testing.connect(http.create_server(handle))
    client.send(post(b"", 4))
    await asyncio.sleep(0)
    client.send(b"ab")
    await asyncio.sleep(0)
    client.send(b"cd")
    assert (await client.answer()).body == b"ab|cd"


async def test_iteration_gives_text_in_an_encoding() -> None:
    """And joins what is there already; a second loop is empty."""
    seen: list[Any] = []

    async def handle(req: Any, res: Any) -> None:
        await asyncio.sleep(0.01)
        seen.append(await read_by_iteration(req.set_encoding("utf8")))
        seen.append(await read_by_iteration(req))
        res.end()

    client = testing.connect(http.create_server(handle))
    await client.request("POST", "/", body=["é".encode(), b"b"])
    assert seen == [["éb"], []]


@pytest.mark.parametrize("left", ["end", "reset"])
async def test_iteration_raises_when_the_client_is_lost(left: str) -> None:
    """`ECONNRESET`, "aborted"; also when the loop begins later."""
    raised: list[Any] = []
    done = asyncio.Event()

    async def handle(req: Any, res: Any) -> None:
        for _ in range(2):
            try:
                await read_by_iteration(req)
            except OSError as error:
                raised.append((error.code, str(error)))  # type: ignore[attr-defined]
        done.set()

    client = testing.connect(http.create_server(handle))
    client.send(post(b"a", 2))
    await asyncio.sleep(0)
    getattr(client, left)()
    await done.wait()
    assert raised == [("ECONNRESET", "aborted")] * 2


async def test_leaving_iteration_keeps_the_connection() -> None:
    """The request is destroyed, the answer can be sent, the rest of the body is thrown away."""
    log: list[str] = []

    async def handle(req: Any, res: Any) -> None:
        events(log, req, "aborted error close end")
        async for _ in req:
            break
        log.append(str(req.socket))
        res.end("enough")

    client = testing.connect(http.create_server(handle))
    client.send(post(b"", 1_000_000))
    await asyncio.sleep(0)
    for _ in range(100):
        client.send(10_000 * b"x")
        await asyncio.sleep(0)
    assert (await client.answer()).body == b"enough"
    assert (await client.request("POST", "/", body="x")).body == b"enough"
    assert not client.closed
    assert log[:4] == ["aborted", "None", "error ABORT_ERR", "close"]


# -- pipe ----------------------------------------------------------------------


def test_a_request_is_piped_into_its_response() -> None:
    """An echo, whatever the pieces."""
    stage = Stage(lambda req, res: req.pipe(res))
    chunked = b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
    assert stage.exchange(post(b"", 4), b"ab", b"cd") == (
        chunked + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"
    )


def test_a_pipe_heeds_a_slow_destination() -> None:
    """What it does not take stays with the sender."""
    stage = Stage(lambda req, res: req.pipe(res), high_water_mark=1000)
    client = stage.send(post(b"", 100_000))
    client.stall()
    for _ in range(100):
        client.send(1000 * b"x")
    assert client.socket.bytes_read < 10_000
    client.take()
    assert client.received.endswith(b"0\r\n\r\n")


def test_a_pipe_can_leave_its_destination_open() -> None:
    """`end=False`."""
    stage = Stage(lambda req, res: (req.pipe(res, end=False), req.on("end", lambda: res.end("!"))))
    received = stage.exchange(post(b"ab"))
    assert received.endswith(b"\r\n\r\n2\r\nab\r\n1\r\n!\r\n0\r\n\r\n")


def test_an_unpiped_request_is_paused() -> None:
    """'pipe' and 'unpipe' are told to the destination."""
    log: list[str] = []
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        held.extend((req, res))
        res.on("pipe", lambda source: log.append(f"pipe {source is req}"))
        res.on("unpipe", lambda source: log.append(f"unpipe {source is req}"))
        assert req.pipe(res) is res

    Stage(handle).send(post(b"ab", 4))
    req, res = held
    req.unpipe(res)
    assert (req.readable_flowing, log) == (False, ["pipe True", "unpipe True"])


# -- the project's own readers -------------------------------------------------


async def test_the_readers_read_to_the_end() -> None:
    """Bytes, text, JSON; what is left if a part was read; nothing if all was."""
    seen: list[Any] = []

    async def handle(req: Any, res: Any) -> None:
        if req.url == "/bytes":
            seen.append(await req.bytes())
            seen.append(await req.bytes())
        elif req.url == "/text":
            seen.append(await req.text())
        elif req.url == "/json":
            seen.append(await req.json())
        else:
            await asyncio.sleep(0)
            seen.append(req.read(1))
            seen.append(await req.bytes())
        res.end()

    client = testing.connect(http.create_server(handle))
    for url, body in (
        ("/bytes", b"ab"),
        ("/text", "é\ud7ff".encode()),
        ("/json", b'{"a": [1]}'),
        ("/part", b"xyz"),
    ):
        await client.request("POST", url, body=body)
    assert seen == [b"ab", b"", "é\ud7ff", {"a": [1]}, b"x", b"yz"]


@pytest.mark.parametrize("reader", ["bytes", "text", "json"])
async def test_a_body_past_the_limit_is_413(reader: str) -> None:
    """The answer, the error in the handler, and the end of the connection."""
    codes: list[str] = []

    async def handle(req: Any, res: Any) -> None:
        try:
            await getattr(req, reader)(limit=4)
        except Exception as error:
            codes.append((error.code, error.limit))  # type: ignore[attr-defined]
            raise

    server = http.create_server(handle)
    client = testing.connect(server)
    answered = await client.request("POST", "/", body="12345")
    assert (answered.status, answered.headers["connection"]) == (413, "close")
    await client.until(lambda: client.ended)
    assert codes == [("ERR_HTTP_PAYLOAD_TOO_LARGE", 4)]


async def test_a_body_at_the_limit_is_read() -> None:
    """It is the most that is taken."""

    async def handle(req: Any, res: Any) -> None:
        res.end(await req.bytes(limit=4))

    client = testing.connect(http.create_server(handle))
    assert (await client.request("POST", "/", body="1234")).body == b"1234"


async def test_a_reader_whose_client_is_lost_raises() -> None:
    """`ECONNRESET`."""
    raised = asyncio.get_running_loop().create_future()

    async def handle(req: Any, res: Any) -> None:
        try:
            await req.bytes()
        except OSError as error:
            raised.set_result(error.code)  # type: ignore[attr-defined]

    client = testing.connect(http.create_server(handle))
    client.send(post(b"a", 2))
    await asyncio.sleep(0)
    client.reset()
    assert await raised == "ECONNRESET"


async def test_what_is_no_json_is_a_value_error() -> None:
    """The handler's to answer."""

    async def handle(req: Any, res: Any) -> None:
        try:
            await req.json()
        except ValueError:
            res.status_code = 422
            res.end()

    client = testing.connect(http.create_server(handle))
    assert (await client.request("POST", "/", body="{")).status == 422


@pytest.mark.parametrize("cut", [lambda data: [data], bytewise], ids=["whole", "bytewise"])
async def test_the_cuts_of_the_network_do_not_matter(cut: Any) -> None:
    """A body reads the same."""

    async def handle(req: Any, res: Any) -> None:
        res.end(await req.bytes())

    client = testing.connect(http.create_server(handle))
    for packet in cut(C + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"):
        client.send(packet)
    assert (await client.answer()).body == b"abcde"


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
