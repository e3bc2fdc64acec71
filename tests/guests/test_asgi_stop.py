"""The end of a server with ASGI applications: what still runs at the deadline, and the shutdown behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.guests.test_lifespan import COMPLETE, STOPPED
from tests.kit.apps import GET, START, body, raised_by
from tests.kit.loops import on_both_loops
from tests.kit.programs import python
from tests.kit.raw_client import connect, dial, read_until
from writehead import asgi
from writehead._guests.asgi import mount
from writehead.errors import ConnectionLostError


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait 20 ms where a second is waited."""
    monkeypatch.setattr("writehead._server.lifecycle.GRACE", 0.02)
    monkeypatch.setattr(mount, "CANCEL_AFTER", 0.02)
    monkeypatch.setattr(mount, "CANCEL_GRACE", 0.02)


def app_of(log: list[str], handle: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await handle(scope, receive, send)
            return
        await receive()
        await send(COMPLETE)
        await receive()
        log.append("shutdown")
        await send(STOPPED)

    return app


@on_both_loops
async def test_at_the_deadline_applications_lose_their_clients(quick: None) -> None:
    """They may end in their own way; then comes the shutdown, and 'close'."""
    log: list[str] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await receive()
        log.append("disconnect")
        assert isinstance(await raised_by(send(START)), ConnectionLostError)

    async with asgi.create_server(app_of(log, handle)) as server:
        server.on("close", lambda: log.append("close"))
        await server.listen(0)
        client = await dial(server)
        client.send(GET)
        while not server._connections:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
    assert log == ["disconnect", "shutdown", "close"]
    client.close()


@on_both_loops
async def test_what_still_runs_is_cancelled_and_named(quick: None, caplog: pytest.LogCaptureFixture) -> None:
    """In one warning; the shutdown comes all the same."""
    log: list[str] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    async with asgi.create_server(app_of(log, handle)) as server:
        await server.listen(0)
        clients = [await dial(server) for _ in range(2)]
        for client in clients:
            client.send(GET.replace(b"/", b"/slow", 1))
        while len(server._guests._started[0].calls) < 2:  # type: ignore[union-attr, attr-defined]
            await asyncio.sleep(0.001)
    assert log == ["cancelled", "cancelled", "shutdown"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert caplog.messages == [
        (
            "2 calls of the ASGI application cancelled: still running 0.02 s after the connections were closed "
            "(GET /slow, GET /slow)"
        )
    ]
    for client in clients:
        client.close()


@on_both_loops
async def test_what_does_not_end_is_left(quick: None) -> None:
    """Though it was cancelled."""
    log: list[str] = []
    gate = asyncio.Event()

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                log.append("cancelled")

    async with asgi.create_server(app_of(log, handle)) as server:
        await server.listen(0)
        client = await dial(server)
        client.send(GET)
        while not server._guests._started[0].calls:  # type: ignore[union-attr, attr-defined]
            await asyncio.sleep(0.001)
    assert log == ["cancelled", "shutdown"]
    gate.set()
    await asyncio.sleep(0)
    client.close()


@on_both_loops
async def test_closing_connections_alone_cancels_nothing(quick: None) -> None:
    """The server goes on."""
    log: list[str] = []

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.1)
        log.append("done")

    server = asgi.create_server(app_of(log, handle))
    await server.listen(0)
    client = await dial(server)
    client.send(GET)
    while not server._guests._started[0].calls:  # type: ignore[union-attr, attr-defined]
        await asyncio.sleep(0.001)
    server.close_all_connections()
    await asyncio.sleep(0.15)
    assert log == ["done"]
    await server.close()
    client.close()


PROGRAM = """
import asyncio
from writehead import asgi, http
from writehead._guests.asgi import mount

mount.CANCEL_AFTER = mount.CANCEL_GRACE = 0.1

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.sleep(1)
        print("shutdown", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"x", "more_body": True})
    print("began", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("cancelled", flush=True)

server = asgi.create_server(app)
server.listen(0, "127.0.0.1", lambda: print(server.address()["port"], flush=True))
http.run(shutdown_timeout=200)
"""


def test_the_shutdown_has_its_own_time_behind_the_deadline_of_run() -> None:
    """It takes longer here than a process has that is held by anything else."""
    with python("-c", PROGRAM) as program:
        port = program.port()
        with connect(port) as client:
            client.sendall(GET)
            read_until(client, b"x\r\n")
            assert program.line() == "began"
            assert program.stop() == 0
        assert program.rest() == ["cancelled", "shutdown"]
        assert "1 call of the ASGI application cancelled" in program.errors()


@on_both_loops
async def test_a_response_may_be_completed_while_the_server_closes() -> None:
    """Nothing is cancelled before the deadline."""
    log: list[str] = []
    gate = asyncio.Event()

    async def handle(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(body(b"a", True))
        await gate.wait()
        await send(body(b"b"))

    server = asgi.create_server(app_of(log, handle))
    await server.listen(0)
    client = await dial(server)
    client.send(GET)
    await client.until(b"1\r\na\r\n")
    closing = server.close()
    gate.set()
    assert (await client.rest()).endswith(b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")
    await closing
    assert log == ["shutdown"]


ORDERLY = """
import asyncio
from writehead import asgi, http

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"a", "more_body": scope["path"] == "/slow"})
    listener = asyncio.ensure_future(receive())
    await asyncio.sleep(0.2)
    listener.cancel()
    if scope["path"] == "/slow":
        await send({"type": "http.response.body", "body": b"b"})

server = asgi.create_server(app)
server.listen(0, "127.0.0.1", lambda: print(server.address()["port"]))
http.run()
"""


def test_an_orderly_stop_logs_nothing() -> None:
    """A response under way, work behind another, an idle connection (pgjones/hypercorn#50, #258)."""
    with python("-X", "dev", "-c", ORDERLY) as program:
        port = program.port()
        with connect(port) as slow, connect(port) as idle, connect(port) as silent:
            idle.sendall(GET)
            slow.sendall(GET.replace(b" / ", b" /slow "))
            assert read_until(idle, b"a").endswith(b"\r\n\r\na")
            read_until(slow, b"a\r\n")
            assert program.stop() == 0
            assert slow.recv(100) == b"1\r\nb\r\n0\r\n\r\n"
            assert silent.recv(100) == b""
        assert program.errors() == ""
