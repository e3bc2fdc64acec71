"""Connection: frames on a connection, its limits and clocks, and back-pressure both ways."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial_socket
from tests.kit.websocket_client import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    SWITCHING,
    TEXT,
    WebSocketClient,
    close,
    frame,
    frames_of,
    handshake,
    shake,
    text,
    until,
)
from writehead import http, testing, websocket
from writehead._guests.websocket.connection import CLOSED, CLOSING, OPEN


class Served:
    """A server with a WebSocketServer, and what happened on its connections."""

    def __init__(self, **options: Any) -> None:
        self.server = http.create_server()
        self.wss = websocket.WebSocketServer(server=self.server, **options)
        self.log: list[Any] = []
        self.sockets: list[Any] = []
        self.listens = True
        self.wss.on("connection", self.connected)

    def connected(self, ws: Any, req: Any) -> None:
        self.sockets.append(ws)
        if self.listens:
            ws.on("message", lambda data, is_binary: self.log.append(data))
        ws.on("error", lambda error: self.log.append(error.code))
        ws.on("close", lambda code, reason: self.log.append((code, reason)))

    async def listen(self) -> Served:
        await self.server.listen(0)
        return self

    async def shake(self, *lines: str, behind: bytes = b"") -> WebSocketClient:
        return await shake(self.server, "/", *lines, behind=behind)

    async def close(self) -> None:
        await self.server.close()
        await self.wss.close()


class InMemory(Served):
    """The same with a client and a clock in memory; the loop is the test's."""

    client: testing.Client

    async def start(self) -> InMemory:
        testing.listen(self.server)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.client = testing.connect(self.server)
        self.client.send(handshake())
        assert self.client.received == SWITCHING
        return self

    @property
    def ws(self) -> Any:
        return self.sockets[0]

    @property
    def frames(self) -> list[tuple[int, bytes]]:
        """The frames that the client has received."""
        return frames_of(self.client.received[len(SWITCHING) :])

    def send(self, *frames: bytes) -> None:
        self.client.send(b"".join(frames))

    def advance(self, milliseconds: float) -> None:
        self.client.clock.advance(milliseconds)

    @property
    def reads(self) -> bool:
        return self.client.transport.is_reading()


FAULTS = [
    (frame(TEXT, b"x", key=None), 1002, "WS_ERR_EXPECTED_MASK"),
    (frame(3, b"x"), 1002, "WS_ERR_INVALID_OPCODE"),
    (frame(TEXT, b"x", first=FIN | 0x20), 1002, "WS_ERR_UNEXPECTED_RSV_2_3"),
    (frame(TEXT, b"x", first=FIN | RSV1), 1002, "WS_ERR_UNEXPECTED_RSV_1"),
    (frame(TEXT, b"x", form=126), 1002, "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH"),
    (frame(PING, bytes(126)), 1002, "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"),
    (frame(PING, first=0), 1002, "WS_ERR_EXPECTED_FIN"),
    (frame(CONTINUATION, b"x"), 1002, "WS_ERR_INVALID_OPCODE"),
    (frame(TEXT, b"x", first=0) + frame(TEXT, b"y"), 1002, "WS_ERR_INVALID_OPCODE"),
    (frame(TEXT, b"x", first=0) + close(1000), 1002, "WS_ERR_INVALID_OPCODE"),
    (frame(CLOSE, b"\x03"), 1002, "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"),
    (close(1005), 1002, "WS_ERR_INVALID_CLOSE_CODE"),
    (frame(TEXT, b"\xff"), 1007, "WS_ERR_INVALID_UTF8"),
    (close(1000, b"\xff"), 1007, "WS_ERR_INVALID_UTF8"),
    (frame(BINARY, bytes(101)), 1009, "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"),
]


@on_both_loops
async def test_a_fault_is_answered_with_its_code_and_the_connection_ends() -> None:
    """A close frame, then the end; 'error' with the code of `ws`, then 'close' with 1006, as the client sent none."""
    served = await Served(max_payload=100).listen()
    for data, code, name in FAULTS:
        served.log.clear()
        client = await served.shake()
        client.send(data + text("ignored"))
        assert (await client.close_frame())[0] == code, name
        await client.ended()
        await until(lambda: (1006, "") in served.log)
        assert served.log == [name, (1006, "")]
    await served.close()


@on_both_loops
async def test_messages_before_a_fault_are_given() -> None:
    """In order, and answers to them leave before the close frame."""
    served = await Served().listen()
    served.wss.on("connection", lambda ws: ws.on("message", lambda data: ws.send(data)))
    client = await served.shake()
    client.send(text("a") + frame(PING, b"p") + text("b") + frame(TEXT, b"\xff"))
    assert [await client.read() for _ in range(3)] == [(0x81, b"a"), (0x8A, b"p"), (0x81, b"b")]
    assert (await client.close_frame())[0] == 1007
    await client.ended()
    await served.close()


@on_both_loops
async def test_a_close_frame_is_echoed_and_the_connection_ended() -> None:
    """Code and reason are those of 'close'; without a code it is 1005; data behind it is ignored."""
    served = await Served().listen()
    for data, echo, end in (
        (close(), (None, ""), (1005, "")),
        (close(1001, "going"), (1001, "going"), (1001, "going")),
    ):
        client = await served.shake()
        client.send(data + text("late"))
        assert await client.close_frame() == echo
        await client.ended()
        await until(lambda end=end: end in served.log)
    assert served.log == [(1005, ""), (1001, "going")]
    await served.close()


@on_both_loops
async def test_a_client_that_leaves_without_a_close_frame_is_1006() -> None:
    """FIN as well as RST, in the midst of a message or not."""
    served = await Served().listen()
    client = await served.shake()
    client.send(text("one") + text("not whole")[:5])
    client.raw.end()
    await until(lambda: served.log == ["one", (1006, "")])
    assert await client.rest() == []
    client = await served.shake()
    client.raw.abort()
    await until(lambda: served.log == ["one", (1006, ""), (1006, "")])
    await served.close()


@on_both_loops
async def test_what_was_sent_still_reaches_a_client_that_has_sent_its_fin() -> None:
    """Its messages are answered before the connection ends."""
    served = Served()
    served.wss.on("connection", lambda ws: ws.on("message", lambda data: ws.send(data * 1000)))
    await served.listen()
    client = await served.shake()
    client.send(text("x" * 1000))
    client.raw.end()
    assert await client.message() == "x" * 1_000_000
    await client.ended()
    await served.close()


@on_both_loops
async def test_a_ping_is_answered_with_its_bytes() -> None:
    """Also between fragments; a pong is not; with `auto_pong=False` none is."""
    served = await Served().listen()
    client = await served.shake()
    client.send(frame(PING, b"1"), frame(TEXT, b"a", first=0), frame(PING, b"2"), frame(PONG, b"x"))
    client.send(frame(CONTINUATION, b"b"), frame(PING, b"3"))
    assert [await client.read() for _ in range(3)] == [(0x8A, b"1"), (0x8A, b"2"), (0x8A, b"3")]
    assert served.log == ["ab"]
    await client.say_goodbye()
    await served.close()
    served = await Served(auto_pong=False).listen()
    pings: list[bytes] = []
    served.wss.on("connection", lambda ws: ws.on("ping", pings.append))
    client = await served.shake()
    client.send(frame(PING, b"1"))
    await client.say_goodbye()
    assert pings == [b"1"]
    await served.close()


# -- clocks ------------------------------------------------------------------------------------


async def test_our_close_frame_waits_for_the_clients_until_it_is_cut() -> None:
    """`close_timeout`; what comes meanwhile does not lengthen it."""
    served = await InMemory(close_timeout=1000).start()
    served.ws.close(4000, "bye")
    testing.settle()
    assert served.frames == [(0x88, b"\x0f\xa0bye")]
    assert served.ws.ready_state == CLOSING
    served.advance(900)
    served.send(text("late"))
    assert not served.client.closed
    served.advance(101)
    assert served.client.closed
    assert served.log == ["late", (1006, "")]


async def test_the_client_may_answer_our_close_frame_in_time() -> None:
    """Then it is closed in order, with the client's code."""
    served = await InMemory().start()
    served.ws.close(4000)
    served.send(close(4000))
    await until(lambda: served.client.closed)
    assert served.log == [(4000, "")]
    assert served.ws.ready_state == CLOSED
    assert served.frames == [(0x88, b"\x0f\xa0")]


async def test_a_silent_client_is_pinged_and_then_closed() -> None:
    """`ping_interval`, a ping with 4 bytes; `ping_timeout` later 1011, and cut."""
    served = await InMemory(ping_interval=1000, ping_timeout=500).start()
    served.advance(999)
    assert served.frames == []
    served.advance(2)
    ((first, payload),) = served.frames
    assert (first, len(payload)) == (0x89, 4)
    served.advance(498)
    assert len(served.frames) == 1
    served.advance(3)
    assert served.frames[1] == (0x88, (1011).to_bytes(2) + b"keepalive ping timeout")
    await until(lambda: served.client.closed)
    assert served.log == [(1006, "")]


@pytest.mark.parametrize("data", [text("x"), frame(PONG), b"\x81", frame(BINARY, bytes(9))[:9]])
async def test_any_byte_counts_as_life(data: bytes) -> None:
    """It puts off the ping; behind a ping it ends the wait for its answer."""
    served = await InMemory(ping_interval=1000, ping_timeout=500).start()
    served.advance(900)
    served.send(data)
    served.advance(900)
    assert served.frames == []
    served.advance(101)
    assert len(served.frames) == 1  # pinged
    served.send(text("alive")[:1] if data == text("x") else b"")
    if data == text("x"):
        served.advance(900)
        assert not served.client.closed
        served.advance(101)
        assert [first for first, _ in served.frames] == [0x89, 0x89]
    served.client.reset()


async def test_the_clock_stands_while_we_have_paused_reading() -> None:
    """A slow program does not kill a living client."""
    served = await InMemory(ping_interval=1000, ping_timeout=500).start()
    served.ws.pause()
    served.advance(10_000)
    assert served.frames == []
    served.send(text("x"))
    served.ws.resume()
    testing.settle()
    assert served.log == ["x"]
    served.advance(999)
    assert served.frames == []
    served.advance(2)
    assert len(served.frames) == 1
    served.ws.pause()
    served.advance(10_000)
    assert not served.client.closed
    served.client.reset()


async def test_a_client_that_takes_nothing_at_all_is_cut() -> None:
    """Reading stands still for it, but it does not take what waits: that is no life. Any progress is."""
    served = await InMemory(ping_interval=1000, ping_timeout=500, close_timeout=100).start()
    served.client.stall()
    served.ws.send("x" * 200_000)
    testing.settle()
    assert not served.reads
    for _ in range(10):
        served.advance(900)
        served.client.take(10)
    assert not served.client.closed
    for _ in range(5):
        served.advance(1000)
    assert served.client.closed
    assert served.log == [(1006, "")]


async def test_without_an_interval_there_are_no_pings() -> None:
    """As in `ws`."""
    served = await InMemory().start()
    served.advance(10_000_000)
    assert (served.frames, served.client.closed) == ([], False)
    served.client.reset()


async def test_no_clock_of_http_runs_on() -> None:
    """Neither the keep-alive time nor `server.timeout` ends it."""
    served = InMemory()
    served.server.timeout = 1000
    await served.start()
    served.advance(100_000)
    assert not served.client.closed
    served.client.reset()


async def test_one_handle_serves_all_clocks() -> None:
    """There is no timer for each connection."""
    served = InMemory(ping_interval=1000)
    testing.listen(served.server)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    before = len(served.server._clock._timers)  # type: ignore[union-attr]
    clients = [testing.connect(served.server) for _ in range(20)]
    for client in clients:
        client.send(handshake())
    assert len(served.sockets) == 20
    assert len(served.server._clock._timers) <= before + 3  # type: ignore[union-attr]
    for client in clients:
        client.reset()


# -- back-pressure in ----------------------------------------------------------------------------


async def test_messages_wait_for_the_program_up_to_sixteen() -> None:
    """Then parsing and reading stop, and go on at half."""
    served = InMemory()
    served.listens = False
    await served.start()
    served.send(*[text(str(each)) for each in range(15)])
    assert served.reads
    served.send(*[text(str(each)) for each in range(15, 40)])
    assert not served.reads
    connection = served.ws._connection
    assert len(served.ws._connection.inbox.messages) == 16
    assert connection.reader.waiting > 0
    got = [await served.ws.receive() for _ in range(7)]
    testing.settle()
    assert len(served.ws._connection.inbox.messages) == 9
    got.append(await served.ws.receive())
    testing.settle()
    assert len(served.ws._connection.inbox.messages) == 16
    got += [await served.ws.receive() for _ in range(32)]
    assert got == [str(each) for each in range(40)]
    testing.settle()
    assert served.reads
    served.client.reset()


async def test_messages_wait_for_the_program_up_to_the_mark() -> None:
    """64 KiB, whatever their number."""
    served = InMemory()
    served.listens = False
    await served.start()
    served.send(text("x" * 40_000))
    assert served.reads
    served.send(text("y" * 40_000))
    assert not served.reads
    await served.ws.receive()
    testing.settle()
    assert not served.reads  # 40,000 are more than half
    await served.ws.receive()
    testing.settle()
    assert served.reads
    served.client.reset()


async def test_control_frames_are_answered_while_messages_wait() -> None:
    """Up to the limits: behind what is not parsed they wait, too."""
    served = InMemory()
    served.listens = False
    await served.start()
    served.send(text("a"), frame(PING, b"1"))
    assert served.frames == [(0x8A, b"1")]
    served.send(*[text("a")] * 15, frame(PING, b"2"))
    assert len(served.frames) == 1
    for _ in range(8):
        await served.ws.receive()
    testing.settle()
    assert served.frames[1:] == [(0x8A, b"2")]
    served.client.reset()


async def test_paused_nothing_is_parsed() -> None:
    """Neither messages nor pings, until it is resumed."""
    served = await InMemory().start()
    served.ws.pause()
    assert (served.ws.is_paused, served.reads) == (True, False)
    served.send(text("a"), frame(PING))
    assert (served.log, served.frames) == ([], [])
    served.ws.resume()
    testing.settle()
    assert (served.log, served.frames) == (["a"], [(0x8A, b"")])
    assert served.reads
    served.client.reset()


@on_both_loops
async def test_a_client_that_floods_meets_paused_reading() -> None:
    """A program that does not read: what is kept is bounded, and all is there later."""
    served = Served()
    served.listens = False
    await served.listen()
    client = await served.shake()
    message = text("x" * 1000)
    sent = 3000
    client.send(message * sent)
    ws = served.sockets[0]
    await until(lambda: ws._connection.channel.reading_paused)
    await asyncio.sleep(0.02)
    assert len(ws._connection.inbox.messages) == 16
    assert ws._connection.reader.waiting < 600_000
    for _ in range(sent):
        assert await ws.receive() == "x" * 1000
    client.send(close(1000))
    assert await client.close_frame() == (1000, "")
    await client.ended()
    await served.close()


@on_both_loops
async def test_a_client_that_takes_no_answers_meets_paused_reading() -> None:
    """An echo that does not wait keeps little, for what is not sent stops the reading."""
    served = Served()
    served.listens = False
    served.wss.on("connection", lambda ws: ws.on("message", lambda data: ws.send(data)))
    await served.listen()
    client = await dial_socket(served.server)
    await client.send(handshake())
    got = b""
    while b"\r\n\r\n" not in got:
        got += await client.receive()
    flood = asyncio.ensure_future(client.send(frame(BINARY, bytes(1000)) * 30_000))
    await until(lambda: served.sockets and served.sockets[0]._connection.channel.reading_paused)
    await asyncio.sleep(0.05)
    assert served.sockets[0].buffered_amount < 1_000_000
    size = 0
    while size < 30_000 * 1004:
        size += len(await client.receive(1 << 20))
    await flood
    client.close()
    await served.close()


async def test_a_flood_of_pings_meets_paused_reading() -> None:
    """Pongs wait no more than the mark."""
    served = await InMemory().start()
    served.client.stall()
    for _ in range(100):
        served.send(frame(PING, bytes(100)) * 100)
    assert not served.reads
    assert served.ws.buffered_amount < 200_000
    served.client.take()
    for _ in range(200):
        testing.settle()
    assert len(served.frames) == 10_000
    served.client.reset()


async def test_many_messages_are_served_in_slices() -> None:
    """Other connections are served in between."""
    served = await InMemory().start()
    served.send(text("x") * 2000)
    assert 0 < len(served.log) < 2000
    while len(served.log) < 2000:
        await asyncio.sleep(0)
    assert served.log == ["x"] * 2000
    assert served.reads
    served.client.reset()


async def test_the_fin_waits_behind_messages() -> None:
    """A program that is slow gets them all before the end."""
    served = InMemory()
    served.listens = False
    await served.start()
    transport: Any = served.client.transport
    served.send(text("x") * 20)
    transport._protocol.eof_received()  # some transports bring it although reading is paused
    got = [await served.ws.receive() for _ in range(20)]
    assert got == ["x"] * 20
    with pytest.raises(ConnectionResetError):
        await served.ws.receive()
    testing.settle()
    assert served.log == [(1006, "")]


# -- back-pressure out ------------------------------------------------------------------------------


async def test_a_send_is_complete_at_once_below_the_mark() -> None:
    """Above it, when all is sent."""
    served = await InMemory().start()
    served.client.stall()
    await served.ws.send("x" * 60_000)
    task = asyncio.ensure_future(_wait(served.ws.send("y" * 60_000)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not task.done()
    assert served.ws.buffered_amount > 120_000
    served.client.take()
    await task
    assert served.ws.buffered_amount == 0
    served.client.reset()


async def _wait(sent: Any) -> None:
    await sent


async def test_drain_is_emitted_when_all_is_sent() -> None:
    """After more than the mark has waited."""
    served = await InMemory().start()
    served.ws.on("drain", lambda: served.log.append("drain"))
    served.ws.send("small")
    testing.settle()
    served.client.stall()
    served.ws.send("x" * 100_000)
    testing.settle()
    assert served.log == []
    served.client.take()
    assert served.log == ["drain"]
    served.client.reset()


@on_both_loops
async def test_a_client_that_leaves_ends_the_wait() -> None:
    """ConnectionLostError for the sender, 'error' for what was not sent, then 'close'."""
    served = await Served().listen()
    client = await served.shake()
    client.raw.pause_reading()
    ws = served.sockets[0]
    task = asyncio.ensure_future(_wait(ws.send(bytes(30_000_000))))
    drained = asyncio.ensure_future(ws.drain())
    await asyncio.sleep(0.01)
    client.raw.abort()
    with pytest.raises(ConnectionResetError):
        await task
    with pytest.raises(ConnectionResetError):
        await drained
    await until(lambda: len(served.log) > 1)
    assert served.log == ["ECONNRESET", (1006, "")]
    await served.close()


async def test_messages_of_one_tick_leave_in_one_write(monkeypatch: Any) -> None:
    """So do the answers to all messages of one read."""
    served = await InMemory().start()
    served.ws.on("message", lambda data: served.ws.send(data))
    writes: list[bytes] = []
    write = served.client.transport.write
    monkeypatch.setattr(served.client.transport, "write", lambda data: (writes.append(data), write(data)))
    served.send(text("a"), text("b"), text("c"))
    assert len(writes) == 1
    for _ in range(3):
        served.ws.send("d")
    testing.settle()
    assert len(writes) == 2
    assert [payload for _, payload in served.frames] == [b"a", b"b", b"c", b"d", b"d", b"d"]
    served.client.reset()


@on_both_loops
async def test_messages_of_several_tasks_never_interleave() -> None:
    """Each arrives whole."""
    served = await Served().listen()
    client = await served.shake()
    ws = served.sockets[0]
    parts = {bytes([letter]) * size: 5 for letter, size in ((97, 200_000), (98, 70_000), (99, 10))}

    async def send(data: bytes, times: int) -> None:
        for _ in range(times):
            await ws.send(data)

    tasks = [asyncio.ensure_future(send(*each)) for each in parts.items()]
    for _ in range(15):
        message: Any = await client.message()
        parts[message] -= 1
    await asyncio.gather(*tasks)
    assert set(parts.values()) == {0}
    await client.say_goodbye()
    await served.close()


async def test_the_stage_of_a_connection() -> None:
    """It is what `ready_state` says."""
    served = await InMemory().start()
    connection = served.ws._connection
    assert connection.stage is OPEN
    served.send(close())
    assert connection.stage is CLOSING
    await until(lambda: connection.stage is CLOSED)
    assert (connection.received, connection.sent) == ((1005, ""), (1005, ""))


@on_both_loops
async def test_random_large_messages_come_back() -> None:
    """Sizes around the forms of the length, and far above what one read brings."""
    served = Served(max_payload=2_000_000)
    served.wss.on("connection", lambda ws: ws.on("message", lambda data: ws.send(data)))
    await served.listen()
    client = await served.shake()
    for size in (0, 125, 126, 65_535, 65_536, 1_000_000, 2_000_000):
        data = os.urandom(size)
        client.send(frame(BINARY, data))
        assert await client.message() == data
    client.send(frame(BINARY, bytes(2_000_001))[:14])
    assert (await client.close_frame())[0] == 1009
    await client.ended()
    await served.close()
