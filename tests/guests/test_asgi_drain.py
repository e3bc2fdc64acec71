"""What applications are told of a drain: event streams and WebSockets, and nobody else."""

from __future__ import annotations

import asyncio
import copy
import re
from typing import Any

import pytest

from tests.guests.test_lifespan import COMPLETE, STOPPED
from tests.kit.apps import DISCONNECT, GET, LAST, START, AppStage, body, read_body, request, rounds, start
from tests.kit.loops import on_both_loops
from tests.kit.programs import command, python
from tests.kit.raw_client import connect, dial, read_all, read_until
from tests.kit.websocket_client import close, shake
from tests.test_serving import port_of, where
from writehead import asgi
from writehead.testing import settle

EVENT_STREAM = (b"content-type", b"text/event-stream; charset=utf-8")
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"


async def events(scope: Any, receive: Any, send: Any) -> None:
    """Send an event; when told, another one, and end."""
    await read_body(receive)
    await send(start(EVENT_STREAM))
    await send(body(b"hello ", True))
    assert await receive() == DISCONNECT
    assert await receive() == DISCONNECT  # again and again
    await send(body(b"bye"))


async def drained(stage: AppStage, **times: Any) -> None:
    stage.server.drain(**times)
    await rounds()
    settle()


async def gone(stage: AppStage) -> None:
    """End the server at once, and wait for that."""
    if stage.server.listening:
        stage.server.drain()
    stage.server.close_all_connections()
    await stage.server


async def test_an_event_stream_is_told_and_may_say_its_last_words() -> None:
    """R9. `receive` says that the client has left, although it is there, and `send` reaches it."""
    stage = AppStage(events)
    client = stage.send(GET)
    await rounds()
    assert client.received.endswith(b"6\r\nhello \r\n")
    await drained(stage)
    await stage.ended()
    assert client.received.endswith(b"6\r\nhello \r\n3\r\nbye\r\n0\r\n\r\n")
    stage.clock.advance(500)
    await stage.server


async def test_one_that_begins_behind_the_door_is_told_at_once() -> None:
    """It would hold up the drain."""
    stage = AppStage(events)
    client = stage.connect()
    await drained(stage)
    client.send(GET)
    await stage.ended()
    assert client.received.endswith(b"6\r\nhello \r\n3\r\nbye\r\n0\r\n\r\n")
    assert b"\r\nConnection: close\r\n" in client.received
    assert client.closed
    await gone(stage)


@pytest.mark.parametrize("sent", [b"", b"12"])
async def test_who_has_not_received_the_body_gets_what_has_come(sent: bytes) -> None:
    """Then the disconnect, also where the body is not complete."""
    got: list[Any] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await send(start(EVENT_STREAM))
        await scope["extensions"]["writehead.closing"]["event"].wait()
        await asyncio.sleep(0)
        got.extend([await receive() for _ in range(2)])
        await send(body(b"bye"))

    stage = AppStage(handle)
    stage.send(POST + sent)
    await rounds()
    await drained(stage)
    await stage.ended()
    assert got == ([request(sent, True), DISCONNECT] if sent else [DISCONNECT, DISCONNECT])
    await gone(stage)


async def test_no_other_response_is_told() -> None:
    """R10. Neither one with a body under way nor one without a head; a listener for disconnects waits on."""
    told: list[str] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        if scope["path"] == "/download":
            await send(start((b"content-type", b"text/csv")))
            await send(body(b"1,", True))
        listener = asyncio.ensure_future(receive())
        await gate.wait()
        told.append("told" if listener.done() else "not told")
        listener.cancel()
        if scope["path"] != "/download":
            await send(START)
        await send(LAST)

    gate = asyncio.Event()
    stage = AppStage(handle)
    clients = [stage.send(GET), stage.send(GET.replace(b" / ", b" /download "))]
    await rounds()
    await drained(stage, timeout=60_000)
    stage.clock.advance(59_000)
    gate.set()
    await stage.ended()
    assert told == ["not told", "not told"]
    assert all(b"ok" in client.received for client in clients)
    await gone(stage)


async def test_an_application_can_look_whether_its_server_closes() -> None:
    """Or wait for it; from the announcement on, in the delay, too; and by a plain close."""
    seen: list[bool] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        event = scope["extensions"]["writehead.closing"]["event"]
        seen.append(event.is_set())
        waiting = asyncio.ensure_future(event.wait())
        await asyncio.sleep(0)
        assert copy.deepcopy(scope)["extensions"]["writehead.closing"]["event"] is event
        waiting.cancel()
        await event.wait()
        await send(START)
        await send(LAST)

    for end in ("drain", "close"):
        stage = AppStage(handle)
        client = stage.send(GET)
        await rounds()
        if end == "drain":
            stage.server.drain(delay=60_000)
        else:
            stage.server.close()
        await stage.ended()
        assert client.received.endswith(b"ok")
        assert stage.server.listening is (end == "drain")
        await gone(stage)
    assert seen == [False, False]


@on_both_loops
async def test_a_server_that_listens_again_has_a_new_event() -> None:
    """The next run is not closing."""
    seen: list[Any] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["extensions"]["writehead.closing"]["event"])
        await send(START)
        await send(LAST)

    server = asgi.create_server(handle, lifespan="off")
    for _ in range(2):
        await server.listen(0, "127.0.0.1")
        client = await dial(server)
        client.send(GET)
        await client.until(b"ok")
        assert not seen[-1].is_set()
        await server.drain(idle_grace=0)
        assert seen[-1].is_set()
        client.close()


@on_both_loops
async def test_the_shutdown_comes_behind_the_last_exchange() -> None:
    """And before 'close', and the return of `drain`."""
    log: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send(COMPLETE)
            await receive()
            log.append("shutdown")
            await send(STOPPED)
            return
        await scope["extensions"]["writehead.closing"]["event"].wait()
        await asyncio.sleep(0.01)
        await send(START)
        await send(LAST)
        log.append("response")

    server = asgi.create_server(app)
    server.on("close", lambda: log.append("close"))
    await server.listen(0, "127.0.0.1")
    client = await dial(server)
    client.send(GET)
    while not server._guests._started[0].calls:  # type: ignore[union-attr, attr-defined]
        await asyncio.sleep(0)
    await server.drain()
    log.append("drained")
    assert (await client.rest()).endswith(b"ok")
    assert log == ["response", "shutdown", "close", "drained"]


@on_both_loops
async def test_web_sockets_are_closed_with_1012() -> None:
    """At the door, not before: in the delay a client may still come. At the deadline they are cut."""
    codes: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        codes.append((await receive())["code"])

    server = asgi.create_server(app, lifespan="off")
    await server.listen(0, "127.0.0.1")
    polite = await shake(server)
    draining = server.drain(delay=200, timeout=200)
    stubborn = await shake(server)
    assert codes == []
    for client in (polite, stubborn):
        assert await client.close_frame() == (1012, "")
    polite.send(close(1012))
    await polite.ended()
    await draining
    assert await stubborn.rest() == []
    assert codes == [1012, 1012]


PROGRAM = """
import asyncio

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        print("shutdown", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    events = scope["path"] == "/events"
    kind = b"text/event-stream" if events else b"text/plain"
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": b"hello ", "more_body": True})
    if events:
        await receive()
    else:
        await scope["extensions"]["writehead.closing"]["event"].wait()
    await send({"type": "http.response.body", "body": b"bye"})
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_signal_drains_the_command(tmp_path: Any, loop: str) -> None:
    """R24. Streams and downloads end, the application shuts down, the exit code is 0, and nothing is an error."""
    (tmp_path / "main.py").write_text(PROGRAM)
    with command("main:app", "--port", "0", cwd=tmp_path, WRITEHEAD_LOOP=loop) as program:
        port = port_of(where(program))
        with connect(port) as stream, connect(port) as download:
            for client, target in ((stream, b" /events "), (download, b" /file ")):
                client.sendall(GET.replace(b" / ", target))
                read_until(client, b"hello \r\n")
            assert program.stop() == 0
            assert read_all(stream) == read_all(download) == b"3\r\nbye\r\n0\r\n\r\n"
        assert program.rest() == ["shutdown"]
        assert not re.search("ERROR|WARNING", program.errors())


def test_a_delay_of_the_command_lets_connections_in(tmp_path: Any) -> None:
    """R30. They are answered with `Connection: close`; then they are refused."""
    (tmp_path / "main.py").write_text(
        "from writehead import http\n"
        "server = http.create_server(lambda req, res: res.end('ok'))\n"
        "server.on('draining', lambda info: print(info.reason, info.delay, info.deadline, flush=True))\n"
        "server.listen(0, '127.0.0.1', lambda: print(server.address()['port'], flush=True))\n"
        "http.run(shutdown_delay='300ms', shutdown_timeout=1000)\n"
    )
    with python(str(tmp_path / "main.py")) as program:
        port = program.port()
        program.process.terminate()
        assert program.line() == "SIGTERM 300 1300"
        with connect(port) as client:
            client.sendall(GET)
            assert b"\r\nConnection: close\r\n" in read_all(client)
        assert program.wait() == 0
        with pytest.raises(ConnectionRefusedError):
            connect(port)
