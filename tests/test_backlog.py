"""Fair turns: a packet with much in it is served in slices, and others are served between them."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.masks import dateless
from tests.kit.raw_client import dial
from tests.kit.stage import GET, Stage, answer, bytewise, events
from writehead import http
from writehead._connection.backlog import REQUESTS
from writehead._loop.ticks import later

UPGRADE = GET.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(chunks: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def random_chunks(number: int, largest: int) -> list[bytes]:
    chance = random.Random(number)
    return [chance.randbytes(1 + int(chance.random() ** 4 * largest)) for _ in range(number)]


async def serve(handler: Any, **options: Any) -> http.Server:
    server = http.create_server(options, handler)
    return await server.listen(0, "127.0.0.1")


@pytest.mark.parametrize("request_bytes", [GET, UPGRADE], ids=["plain", "wishing to upgrade"])
@on_both_loops
async def test_pipelined_requests_leave_others_their_turn(request_bytes: bytes) -> None:
    """Who sends a thousand requests in one packet is served in slices, and whoever comes then between them."""
    order: list[str] = []

    def handle(req: Any, res: Any) -> None:
        order.append(req.url)
        res.end("ok")

    async with await serve(handle) as server:
        many, one = await dial(server), await dial(server)
        many.send(request_bytes * 1000)
        one.send(GET.replace(b"/", b"/one", 1))
        await one.until(b"ok")
        one.close()
        assert order.index("/one") < 1000
        many.end()
        assert await many.rest() == answer(b"ok") * 1000
    assert order.count("/") == 1000


@on_both_loops
async def test_chunks_leave_others_their_turn() -> None:
    """The same of chunks, each of which is a piece of its own."""
    pieces: list[bytes] = []
    served_at: list[int] = []

    def handle(req: Any, res: Any) -> None:
        if req.method == "GET":
            served_at.append(len(pieces))
            res.end("ok")
        else:
            req.on("data", pieces.append)
            req.on("end", lambda: res.end("read"))

    async with await serve(handle) as server:
        many, one = await dial(server), await dial(server)
        many.send(POST + chunked([b"x"] * 20_000))
        one.send(GET)
        await one.until(b"ok")
        one.close()
        assert served_at[0] < 20_000
        await many.until(b"read")
        assert pieces == [b"x"] * 20_000
        many.close()


@pytest.mark.parametrize("number", range(8))
def test_pieces_of_body_are_the_chunks(number: int) -> None:
    """How a packet is cut into slices is not to be seen: each chunk in one packet is one piece."""
    chunks = random_chunks(60 << number, 20_000 >> number)
    pieces: list[bytes] = []

    def handle(req: Any, res: Any) -> None:
        req.on("data", pieces.append)
        req.on("end", lambda: res.end("ok"))

    stage = Stage(handle)
    got = stage.exchange(POST + chunked(chunks) + GET)
    assert pieces == chunks
    assert got == answer(b"ok") * 2


def test_everything_happens_as_in_small_packets() -> None:
    """Requests of all kinds in one packet: the same events of each, and the same bytes."""
    requests = [
        GET,
        POST + chunked([b"a", b"bc"] * 50),
        GET.replace(b"GET", b"HEAD"),
        POST + chunked([]),
    ] * 40

    def play(*packets: bytes) -> tuple[list[list[str]], bytes]:
        logs: list[list[str]] = []

        def handle(req: Any, res: Any) -> None:
            log: list[str] = [req.method]
            logs.append(log)
            events(log, req, "data end aborted error close")
            events(log, res, "error", "res ")
            req.on("end", lambda: res.end("ok"))

        got = Stage(handle).exchange(*packets)
        return logs, got

    logs, got = play(b"".join(requests))
    assert (logs, got) == play(*requests)
    assert len(logs) == len(requests)


def test_the_head_of_an_upgrade_is_whole() -> None:
    """What stands behind the head of an upgrade in its packet is given with it, however much came before."""
    stage = Stage()
    heads: list[bytes] = []
    stage.server.on("upgrade", lambda req, socket, head: (heads.append(head), later(socket.end, "bye")))
    upgrade = b"GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    behind = random.Random(1).randbytes(70_000)
    got = stage.exchange(GET * 100 + upgrade + behind)
    assert got == answer(b"ok") * 100 + b"bye"
    assert heads == [behind]


def test_requests_behind_a_declined_upgrade_are_served() -> None:
    """Nobody takes it: it is a request like those around it."""
    upgrade = b"GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
    stage = Stage()
    assert stage.exchange((GET * 100 + upgrade) * 5 + GET * 900) == answer(b"ok") * 1405


@on_both_loops
async def test_who_does_not_read_is_not_served_further() -> None:
    """Answers that the system does not take hold back the requests of the same packet; all come once they are read."""
    handled = 0

    def handle(req: Any, res: Any) -> None:
        nonlocal handled
        handled += 1
        res.end(bytes(1 << 16))

    async with await serve(handle) as server:
        client = await dial(server)
        client.pause_reading()
        client.send(GET * 300)
        while not handled:
            await asyncio.sleep(0)
        for _ in range(100):  # rounds of the loop
            await asyncio.sleep(0)
        assert handled <= 4 * REQUESTS
        client.resume_reading()
        client.end()
        got = await client.rest()
        assert handled == 300
        assert got.count(b"HTTP/1.1 200 OK") == 300
        assert len(got) > 300 << 16


def test_a_body_that_nobody_reads_waits() -> None:
    """The reader of a body holds back the rest of its packet, too, and gets it all."""
    chunks = [b"0123456789"] * 3000
    kept: list[Any] = []
    stage = Stage(lambda req, res: kept.append((req, res)), high_water_mark=1000)
    client = stage.send(POST + chunked(chunks))
    req, res = kept[0]
    req.read(0)
    assert req.readable_length < 10_000
    pieces: list[bytes] = []
    req.on("data", pieces.append)
    req.on("end", lambda: res.end("ok"))
    stage.clock.advance(0)
    assert b"".join(pieces) == b"".join(chunks)
    assert dateless(client.received) == answer(b"ok")


@on_both_loops
async def test_a_connection_is_lost_while_a_part_of_its_packet_waits() -> None:
    """What was not served is forgotten, and the server goes on."""
    held: list[Any] = []

    def handle(req: Any, res: Any) -> None:
        if len(held) < 40:
            held.append(res)
        else:
            res.end("ok")

    async with await serve(handle) as server:
        client = await dial(server)
        client.send(GET * 500)
        while len(held) < 40:
            await asyncio.sleep(0)
        closed = asyncio.Event()
        held[0].socket.on("close", lambda had_error: closed.set())
        held[0].socket.destroy()
        await closed.wait()
        client.close()
        other = await dial(server)
        other.send(GET)
        assert await other.until(b"ok") == answer(b"ok")
        other.close()


@on_both_loops
async def test_a_thousand_waiting_requests_are_lost_in_turns() -> None:
    """Each request and response is told, in their order, and others are served between."""
    held: list[Any] = []
    closed: list[int] = []
    lost: list[int] = []
    told_at: list[int] = []

    def handle(req: Any, res: Any) -> None:
        number = len(held)
        held.append(res)
        req.on("close", lambda: closed.append(number))
        res.on("close", lambda: lost.append(number))

    def look(*_: object) -> None:
        asyncio.get_running_loop().call_soon(lambda: told_at.append(len(closed)))

    async with await serve(handle) as server:
        client = await dial(server)
        client.send(GET * 1000)
        while len(held) < 1000:
            await asyncio.sleep(0)
        held[0].socket.on("close", look)
        held[0].socket.destroy()
        while len(lost) < 1000:
            await asyncio.sleep(0)
        client.close()
    assert told_at[0] < 1000
    assert closed == lost == list(range(1000))
    assert all(res.destroyed for res in held)


@on_both_loops
async def test_close_ends_a_connection_that_has_a_backlog() -> None:
    """A server that closes does not wait for all that a client could think of."""
    async with await serve(lambda req, res: (server.close(), res.end("ok"))) as server:
        client = await dial(server)
        client.send(GET * 500)
        got = await client.rest()
        assert got.endswith(answer(b"ok", b"HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n"))
        assert got.count(b"Connection: close") == 1


def test_a_broken_request_far_behind_is_told_with_its_place() -> None:
    """The good ones before it are answered; the error tells where in the packet it stands."""
    errors: list[Any] = []
    stage = Stage()
    stage.server.on("clientError", lambda error, socket: (errors.append(error), socket.destroy()))
    good = (POST + chunked([b"abc"])) * 300
    broken = POST + b"zz\r\n"
    client = stage.send(good + broken)
    assert len(stage.log) == 301
    assert errors[0].code == "HPE_INVALID_CHUNK_SIZE"
    assert errors[0].bytes_parsed == len(good) + len(broken) - len(b"zz\r\n")
    assert dateless(client.received).startswith(answer(b"ok") * 2)


def test_the_end_of_a_large_packet_may_be_cut_anywhere() -> None:
    """The last request goes on in the next packet."""
    stage = Stage()
    whole = GET * 200
    for at in range(len(whole) - len(GET), len(whole)):
        assert stage.exchange(whole[:at], whole[at:]) == answer(b"ok") * 200
    assert stage.exchange(GET * 50, *bytewise(GET)) == answer(b"ok") * 51
