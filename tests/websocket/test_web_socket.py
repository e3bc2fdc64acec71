"""WebSocket: its members, its events, and messages as events or by `async for`."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.websocket_client import (
    BINARY,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    close,
    frame,
    text,
    until,
)
from tests.websocket.test_connection_of_websocket import InMemory, Served
from writehead import testing, websocket
from writehead.errors import (
    ConnectionLostError,
    InvalidArgTypeError,
    InvalidArgValueError,
    OutOfRangeError,
    UnknownOptionError,
    WebSocketError,
    WebSocketNotOpenError,
)
from writehead.websocket import WebSocket


def silent(**options: Any) -> Served:
    """A server whose WebSockets have no listener of 'message'."""
    served = Served(**options)
    served.listens = False
    return served


async def silent_in_memory(**options: Any) -> InMemory:
    served = InMemory(**options)
    served.listens = False
    return await served.start()


# -- state --------------------------------------------------------------------------------------


def test_the_values_of_ready_state() -> None:
    """On the class and on what is made of it, as in `ws`."""
    names = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")
    assert [getattr(WebSocket, name) for name in names] == [0, 1, 2, 3]
    assert [getattr(WebSocket(), name) for name in names] == [0, 1, 2, 3]


def test_one_that_is_connecting() -> None:
    """It has nothing yet, and what needs a connection raises."""
    ws = WebSocket()
    assert (ws.ready_state, ws.protocol, ws.extensions, ws.buffered_amount) == (0, "", "", 0)
    assert (ws.socket, ws.req, ws.url, ws.close_code, ws.close_reason) == (None, None, "", None, None)
    assert (ws.binary_type, ws.is_paused) == ("nodebuffer", False)
    for call in (lambda: ws.send("x"), ws.ping, ws.pong):
        with pytest.raises(WebSocketNotOpenError) as caught:
            call()
        assert (caught.value.ready_state, caught.value.code) == (0, "ERR_WEBSOCKET_NOT_OPEN")
    assert str(caught.value) == "WebSocket is not open: readyState 0 (CONNECTING)"
    ws.pause()
    ws.resume()
    ws.terminate()
    assert not ws.is_paused


async def test_waiting_on_one_that_is_connecting() -> None:
    """There is nothing to wait for."""
    ws = WebSocket()
    await ws.close()
    await ws.wait_closed()
    for wait in (ws.receive, ws.drain):
        with pytest.raises(WebSocketNotOpenError):
            await wait()


@on_both_loops
async def test_what_an_open_one_knows() -> None:
    """Subprotocol, extension, request, socket and target."""
    served = await Served(per_message_deflate=True).listen()
    client = await served.shake(
        "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate"
    )
    (ws,) = served.sockets
    assert (ws.ready_state, ws.protocol, ws.extensions) == (WebSocket.OPEN, "chat", "permessage-deflate")
    assert (ws.url, ws.req.url, ws.req.headers["host"]) == ("/", "/", "a")
    assert ws.socket.remote_address in ("127.0.0.1", "::ffff:127.0.0.1")
    client.send(close(4000, "x"))
    await client.close_frame()
    await client.ended()
    await until(lambda: served.log)
    assert (ws.ready_state, ws.close_code, ws.close_reason) == (WebSocket.CLOSED, 4000, "x")
    await served.close()


# -- send -----------------------------------------------------------------------------------------


async def test_what_may_be_sent() -> None:
    """`str` is text, any bytes-like object is binary; `binary` overrides that."""
    served = await InMemory().start()
    ws = served.ws
    ws.send("é")
    ws.send(b"b")
    ws.send(bytearray(b"c"))
    ws.send(memoryview(b"d"))
    ws.send("")
    ws.send(b"e", {"binary": False})
    ws.send("f", {"binary": True})
    ws.send(type("Text", (str,), {})("g"))
    testing.settle()
    assert served.frames == [
        (0x81, "é".encode()),
        (0x82, b"b"),
        (0x82, b"c"),
        (0x82, b"d"),
        (0x81, b""),
        (0x81, b"e"),
        (0x82, b"f"),
        (0x81, b"g"),
    ]
    served.client.reset()


async def test_what_may_not_be_sent() -> None:
    """It raises, and nothing is sent."""
    served = await InMemory().start()
    for data in (None, 5, 1.5, ["x"], {"a": 1}, object()):
        with pytest.raises(InvalidArgTypeError):
            served.ws.send(data)
    for data, options in (("\ud800", None), (b"\xff", {"binary": False})):
        with pytest.raises(InvalidArgValueError):
            served.ws.send(data, options)
    with pytest.raises(InvalidArgTypeError):
        served.ws.send("x", 5)
    for name in ("compres", "mask"):
        with pytest.raises(UnknownOptionError):
            served.ws.send("x", {name: True})
    testing.settle()
    assert served.frames == []
    served.client.reset()


async def test_a_message_in_fragments() -> None:
    """`fin=False` leaves it open; what is sent next goes on with it."""
    served = await InMemory().start()
    ws = served.ws
    ws.send("a", {"fin": False})
    ws.ping()
    ws.send("b", {"fin": False})
    websocket.broadcast([ws], "whole")
    ws.send("c")
    ws.send("d")
    testing.settle()
    assert served.frames == [
        (TEXT, b"a"),
        (FIN | PING, b""),
        (CONTINUATION, b"b"),
        (FIN | CONTINUATION, b"c"),
        (FIN | TEXT, b"whole"),
        (FIN | TEXT, b"d"),
    ]
    served.client.reset()


async def test_the_callback_of_send() -> None:
    """It is called when the system has the bytes, behind `send`; it may stand in the place of the options."""
    served = await InMemory().start()
    log: list[Any] = []
    served.ws.send("a", lambda error: log.append(error))
    served.ws.send("b", {"compress": False}, lambda: log.append("b"))
    served.ws.ping(lambda: log.append("ping"))
    served.ws.pong(b"x", lambda: log.append("pong"))
    assert log == []
    testing.settle()
    assert log == [None, "b", "ping", "pong"]
    served.client.stall()
    served.ws.send("c", lambda error: log.append(error))
    testing.settle()
    assert len(log) == 4
    served.client.take()
    assert log[4:] == [None]
    served.client.reset()


async def test_a_send_behind_the_end() -> None:
    """The callback or the `await` gets WebSocketNotOpenError; otherwise nothing happens."""
    served = await InMemory().start()
    log: list[Any] = []
    served.ws.close(1000)
    served.ws.send("ignored")
    served.ws.send("x", lambda error: log.append(error))
    served.ws.ping(b"", lambda error: log.append(error))
    assert log == []
    testing.settle()
    assert [type(each) for each in log] == [WebSocketNotOpenError] * 2
    assert (log[0].code, log[0].ready_state) == ("ERR_WEBSOCKET_NOT_OPEN", WebSocket.CLOSING)
    with pytest.raises(WebSocketNotOpenError, match="readyState 2"):
        await served.ws.send("x")
    assert [first for first, _ in served.frames] == [0x88]
    served.send(close(1000))
    await until(lambda: served.client.closed)
    with pytest.raises(WebSocketNotOpenError, match="readyState 3"):
        await served.ws.send("x")


async def test_pings_and_pongs() -> None:
    """Text or bytes up to 125; more raises."""
    served = await InMemory().start()
    served.ws.ping()
    served.ws.ping("é")
    served.ws.pong(bytes(125))
    testing.settle()
    assert served.frames == [(0x89, b""), (0x89, "é".encode()), (0x8A, bytes(125))]
    for call in (served.ws.ping, served.ws.pong):
        with pytest.raises(OutOfRangeError):
            call(bytes(126))
        with pytest.raises(InvalidArgTypeError):
            call(5)
    served.client.reset()


@on_both_loops
async def test_large_messages_are_compressed_if_that_was_agreed() -> None:
    """From the threshold on; `compress=False` sends them as they are."""
    served = await Served(per_message_deflate={"threshold": 100}).listen()
    client = await served.shake("Sec-WebSocket-Extensions: permessage-deflate")
    (ws,) = served.sockets
    ws.send("x" * 99)
    ws.send("x" * 100)
    ws.send("x" * 1000, {"compress": False})
    ws.send("x" * 100, {"fin": False})
    ws.send("y")
    ws.send("z" * 10, {"fin": False})
    ws.send("z" * 200)
    firsts = [(await client.read())[0] for _ in range(7)]
    assert firsts == [0x81, 0x81 | RSV1, 0x81, TEXT | RSV1, 0x80, TEXT, 0x80]
    client.send(close(1000))
    await client.rest()
    await served.close()


# -- events ------------------------------------------------------------------------------------------


async def test_the_events_of_messages_and_control_frames() -> None:
    """'message' (data, is_binary), 'ping' (bytes), 'pong' (bytes)."""
    served = await silent_in_memory()
    log: list[Any] = []
    for name in ("message", "ping", "pong"):
        served.ws.on(name, lambda *args, name=name: log.append((name, *args)))
    served.send(text("é"), frame(BINARY, b"\xff"), frame(PING, b"1"), frame(PONG, b"2"))
    assert log == [
        ("message", "é", False),
        ("message", b"\xff", True),
        ("ping", b"1"),
        ("pong", b"2"),
    ]
    served.client.reset()


async def test_close_comes_once_and_last() -> None:
    """Behind 'error', and when the socket is closed."""
    served = await InMemory().start()
    log: list[Any] = []
    for name in ("message", "error", "close"):
        served.ws.on(name, lambda *args, name=name: log.append(name))
    served.ws.socket.on("close", lambda: log.append("socket"))
    served.send(text("x"), frame(TEXT, b"\xff"))
    await until(lambda: "close" in log)
    served.ws.terminate()
    served.ws.close()
    await asyncio.sleep(0)
    assert log == ["message", "error", "socket", "close"]


async def test_errors_are_websocket_errors() -> None:
    """With `code` and `close_code`, a ValueError too; without a listener they are logged at DEBUG."""
    served = InMemory()
    found: list[Any] = []
    served.wss.on("connection", lambda ws: ws.on("error", found.append))
    await served.start()
    served.send(frame(PING, first=0))
    (error,) = found
    assert isinstance(error, WebSocketError)
    assert isinstance(error, ValueError)
    assert (error.code, error.close_code, error.closeCode) == ("WS_ERR_EXPECTED_FIN", 1002, 1002)
    assert str(error) == "Invalid WebSocket frame: FIN must be set"
    await until(lambda: served.client.closed)


async def test_an_error_without_a_listener_is_no_noise(caplog: Any) -> None:
    """The client caused it."""
    served = InMemory()
    served.connected = lambda ws, req: served.sockets.append(ws)  # type: ignore[method-assign]
    served.wss.remove_all_listeners("connection")
    served.wss.on("connection", served.connected)
    caplog.set_level(logging.DEBUG)
    await served.start()
    served.send(frame(PING, first=0))
    await until(lambda: served.client.closed)
    assert {each.levelno for each in caplog.records if each.name == "writehead"} == {logging.DEBUG}


async def test_a_listener_that_raises_is_logged_and_closes_with_1011(caplog: Any) -> None:
    """The others are called."""
    served = await silent_in_memory()
    served.ws.on("message", lambda data: 1 / 0)
    served.ws.on("message", lambda data: served.log.append(data))
    served.send(text("x"))
    assert served.frames == [(0x88, (1011).to_bytes(2))]
    assert served.log == ["x"]
    (record,) = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert record.exc_info[0] is ZeroDivisionError
    assert record.getMessage().startswith("GET / from 127.0.0.1:")
    served.client.reset()


async def test_an_async_listener_that_raises_closes_too(caplog: Any) -> None:
    """As one that is not."""
    served = await silent_in_memory()

    async def fail(data: Any) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    served.ws.on("message", fail)
    served.send(text("x"))
    await until(lambda: served.frames)
    assert served.frames == [(0x88, (1011).to_bytes(2))]
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1
    served.client.reset()


async def test_listeners_run_in_the_context_of_the_request() -> None:
    """What 'connection' sets is seen by 'message'; nothing else of other requests is."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    served = InMemory()
    seen: list[str] = []

    def connected(ws: Any, req: Any) -> None:
        variable.set("connection")
        ws.on("message", lambda: seen.append(variable.get()))
        ws.on("close", lambda: seen.append(variable.get()))

    served.wss.on("connection", connected)
    await served.start()
    variable.set("test")
    served.send(text("x"))
    served.client.reset()
    await until(lambda: len(seen) == 2)
    assert seen == ["connection", "connection"]


async def test_a_sent_message_that_a_listener_returns_is_not_waited_for() -> None:
    """`lambda data: ws.send(data)` makes no task."""
    served = await silent_in_memory()
    served.ws.on("message", lambda data: served.ws.send(data))
    before = len(asyncio.all_tasks())
    served.send(text("x"))
    assert len(asyncio.all_tasks()) == before
    assert served.frames == [(0x81, b"x")]
    served.client.reset()


async def test_messages_wait_for_a_listener() -> None:
    """Those that came before it are given first, in order."""
    served = await silent_in_memory()
    served.send(text("a"), text("b"))
    served.ws.on("message", served.log.append)
    served.send(text("c"))
    assert served.log == ["a", "b", "c"]
    served.ws.off("message", served.log.append)
    served.send(text("d"))
    assert served.log == ["a", "b", "c"]
    assert await served.ws.receive() == "d"
    served.client.reset()


async def test_once() -> None:
    """A listener that is called once leaves the rest to wait."""
    served = await silent_in_memory()
    served.ws.once("message", served.log.append)
    served.send(text("a"), text("b"))
    assert served.log == ["a"]
    assert await served.ws.receive() == "b"
    served.client.reset()


# -- receive and async for ------------------------------------------------------------------------------


@on_both_loops
async def test_async_for_reads_messages_up_to_the_close_frame() -> None:
    """Text and bytes; whichever code the client closes with, the loop just ends."""
    served = silent()
    done: list[Any] = []

    async def chat(ws: Any, req: Any) -> None:
        done.append([message async for message in ws])

    served.wss.on("connection", chat)
    await served.listen()
    for end in (close(), close(1000), close(4000)):
        client = await served.shake()
        client.send(text("a"), frame(BINARY, b"b"), end)
        await client.rest()
        await until(lambda: done)
        assert done.pop() == ["a", b"b"]
    await served.close()


@on_both_loops
async def test_async_for_raises_when_the_connection_is_lost() -> None:
    """1006: ConnectionLostError, behind the messages that came; no noise if nobody catches it."""
    served = silent()
    got: list[Any] = []

    async def chat(ws: Any, req: Any) -> None:
        try:
            async for message in ws:
                got.append(message)
        except ConnectionLostError as error:
            got.append(type(error))
            raise

    served.wss.on("connection", chat)
    await served.listen()
    client = await served.shake()
    client.send(text("a"))
    client.raw.end()
    await client.rest()
    await until(lambda: ConnectionLostError in got)
    assert got == ["a", ConnectionLostError]
    await served.close()


async def test_receive_returns_one_message() -> None:
    """Behind a close frame it raises WebSocketNotOpenError."""
    served = await silent_in_memory()
    task = asyncio.ensure_future(served.ws.receive())
    await asyncio.sleep(0)
    served.send(text("a"), text("b"), close(1000))
    assert await task == "a"
    assert await served.ws.receive() == "b"
    with pytest.raises(WebSocketNotOpenError):
        await served.ws.receive()
    assert [message async for message in served.ws] == []
    await until(lambda: served.client.closed)


async def test_a_cancelled_receive_loses_nothing() -> None:
    """The next one gets it."""
    served = await silent_in_memory()
    task = asyncio.ensure_future(served.ws.receive())
    await asyncio.sleep(0)
    served.send(text("a"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await served.ws.receive() == "a"
    served.client.reset()


async def test_one_reader_at_a_time() -> None:
    """Neither a second task nor a listener of 'message' beside one that waits, nor a task beside a listener."""
    served = await silent_in_memory()
    task = asyncio.ensure_future(served.ws.receive())
    await asyncio.sleep(0)
    with pytest.raises(WebSocketError) as caught:
        await served.ws.receive()
    assert caught.value.code == "ERR_WEBSOCKET_READ_TWICE"
    with pytest.raises(WebSocketError):
        async for _ in served.ws:
            raise AssertionError
    with pytest.raises(WebSocketError):
        served.ws.on("message", print)
    served.send(text("a"))
    assert await task == "a"
    served.ws.on("message", served.log.append)
    with pytest.raises(WebSocketError):
        await served.ws.receive()
    served.client.reset()


async def test_a_loop_may_be_left_and_another_begun() -> None:
    """Nothing is lost between the two."""
    served = await silent_in_memory()
    served.send(text("a"), text("b"), text("c"))
    async for message in served.ws:
        assert message == "a"
        break
    served.send(close())
    assert [message async for message in served.ws] == ["b", "c"]
    await until(lambda: served.client.closed)


# -- the end ------------------------------------------------------------------------------------------------


async def test_close_is_checked() -> None:
    """Codes that may not be sent, reasons without a code or that are too long."""
    served = await InMemory().start()
    for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, "1000", True, 1000.0):
        with pytest.raises(InvalidArgValueError):
            served.ws.close(code)
    for reason in ("x", b"\xff"):
        with pytest.raises(InvalidArgValueError):
            served.ws.close(None if reason == "x" else 1000, reason)
    with pytest.raises(OutOfRangeError):
        served.ws.close(1000, "é" * 62)
    with pytest.raises(InvalidArgTypeError):
        served.ws.close(1000, 5)
    assert served.ws.ready_state == WebSocket.OPEN
    served.ws.close(1000, b"bytes")
    testing.settle()
    assert served.frames == [(0x88, b"\x03\xe8bytes")]
    served.client.reset()


@on_both_loops
async def test_close_without_a_code_is_an_empty_frame() -> None:
    """The client sees 1005; awaited, it returns when the connection is gone."""
    served = await Served().listen()
    client = await served.shake()
    (ws,) = served.sockets
    task = asyncio.ensure_future(_wait(ws.close()))
    assert await client.close_frame() == (None, "")
    await asyncio.sleep(0)
    assert not task.done()
    client.send(close())
    await client.ended()
    await task
    assert served.log == [(1005, "")]
    await ws.close()
    await served.close()


async def _wait(closing: Any) -> None:
    await closing


async def test_a_close_that_waits_is_not_kept_from_by_messages_that_nobody_reads() -> None:
    """What comes before the client's close frame is dropped when it is too much."""
    served = await silent_in_memory()
    served.send(text("x") * 40)
    assert not served.reads
    task = asyncio.ensure_future(_wait(served.ws.close(1000)))
    await asyncio.sleep(0)
    testing.settle()
    served.send(text("y") * 100, close(1000))
    await task
    assert served.log == [(1000, "")]


async def test_terminate_cuts_the_connection() -> None:
    """No close frame; 'close' with 1006, no 'error'."""
    served = await InMemory().start()
    served.ws.send("x")
    served.ws.terminate()
    assert served.ws.ready_state == WebSocket.CLOSING
    await served.ws.wait_closed()
    assert served.log == [(1006, "")]
    assert served.client.closed


@on_both_loops
async def test_async_with_closes() -> None:
    """1000, and 1011 after an error; it waits until it is gone."""
    served = silent()
    errors: list[Any] = []

    async def chat(ws: Any, req: Any) -> None:
        try:
            async with ws as same:
                assert same is ws
                message = await ws.receive()
                if message == "fail":
                    raise ZeroDivisionError
        except ZeroDivisionError as error:
            errors.append(error)
        assert ws.ready_state == WebSocket.CLOSED

    served.wss.on("connection", chat)
    await served.listen()
    for message, code in (("go", 1000), ("fail", 1011)):
        client = await served.shake()
        client.send(text(message))
        assert await client.close_frame() == (code, "")
        client.send(close(code))
        await client.ended()
    await until(lambda: len(served.log) == 2)
    assert len(errors) == 1
    await served.close()


async def test_pause_and_resume_behind_the_end_do_nothing() -> None:
    """There is nothing to pause."""
    served = await InMemory().start()
    served.send(close())
    await until(lambda: served.client.closed)
    served.ws.pause()
    assert not served.ws.is_paused


async def test_wait_closed_may_be_cancelled() -> None:
    """Others go on to wait."""
    served = await InMemory().start()
    first, second = (asyncio.ensure_future(served.ws.wait_closed()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    served.client.reset()
    await second
    assert first.cancelled()


# -- broadcast ---------------------------------------------------------------------------------------------


async def test_broadcast_frames_a_message_once() -> None:
    """For all that are open, and for which less than 1 MiB waits; never compressed."""
    served = InMemory(per_message_deflate=True)
    await served.start()
    clients = [served.client, *[testing.connect(served.server) for _ in range(3)]]
    from tests.kit.websocket_client import handshake

    for client in clients[1:]:
        client.send(handshake("/", "Sec-WebSocket-Extensions: permessage-deflate"))
    assert len(served.sockets) == 4
    served.sockets[1].close()
    clients[2].stall()
    served.sockets[2].send(b"x" * 1_048_577, {"compress": False})
    testing.settle()
    assert websocket.broadcast(served.wss.clients, "z" * 2000) == 2
    assert websocket.broadcast(iter(served.sockets), b"b") == 2
    assert websocket.broadcast(None, "x") == 0
    assert websocket.broadcast([WebSocket()], "x") == 0
    testing.settle()
    assert served.frames == [(0x81, b"z" * 2000), (0x82, b"b")]
    assert clients[3].received.endswith(b"z" * 2000 + b"\x82\x01b")
    with pytest.raises(InvalidArgTypeError):
        websocket.broadcast([], None)  # type: ignore[arg-type]
    for client in clients:
        client.reset()
