"""Listening: from the call to the event, and to the close; what can be awaited."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.loops import on_both_loops
from tests.kit.raw_client import dial
from tests.kit.stage import GET, answer
from writehead import http
from writehead._message.abort_signal import AbortSignal
from writehead.errors import (
    ServerAlreadyListenError,
    ServerNotRunningError,
    SystemCallError,
)
from writehead.events import once


def hello(req: Any, res: Any) -> None:
    res.end("ok")


async def served(server: Any) -> bytes:
    """Return what a client hears."""
    client = await dial(server)
    client.send(GET)
    try:
        return await client.until(b"\r\n\r\nok")
    finally:
        client.close()


@on_both_loops
async def test_a_server_that_listens_cannot_listen_again() -> None:
    """Until it is closed."""
    server = http.create_server(hello)
    server.listen(0)
    with pytest.raises(ServerAlreadyListenError) as caught:
        server.listen(0)
    assert str(caught.value) == "Listen method has been called more than once without closing."
    await server
    await server.close()
    await server.listen(0)
    await server.close()


@on_both_loops
async def test_awaiting_listen_raises_its_error() -> None:
    """With no listener of 'error' nothing else is told."""
    async with http.create_server(hello) as first:
        await first.listen(0)
        with pytest.raises(SystemCallError) as caught:
            await http.create_server().listen(first.address()["port"])
    assert caught.value.code == "EADDRINUSE"


@on_both_loops
async def test_listening_comes_on_a_later_turn() -> None:
    """Also when it was bound at once."""
    log: list[str] = []
    server = http.create_server(hello)
    server.on("listening", lambda: log.append("event"))
    server.listen(0, lambda: log.append("callback"))
    assert log == []
    await once(server, "listening")
    assert log == ["event", "callback"]
    await server.close()


@on_both_loops
async def test_a_close_in_between_means_no_listening() -> None:
    """Only 'close' comes."""
    log: list[str] = []
    for host in (None, "127.0.0.1"):
        server = http.create_server(hello)
        server.on("listening", lambda: log.append("listening"))
        server.on("close", lambda: log.append("close"))
        server.listen(0, host)
        if host is None:
            await server.close()
        else:  # while the host is looked up it does not listen yet (as in Node)
            with pytest.raises(ServerNotRunningError):
                await server.close()
        for _ in range(10):
            await asyncio.sleep(0.01)
    assert log == ["close", "close"]


@on_both_loops
async def test_leaving_a_server_whose_host_is_looked_up_means_no_listening() -> None:
    """Nothing listens behind an `async with`."""
    log: list[str] = []
    async with http.create_server(hello) as server:
        server.on("listening", lambda: log.append("listening"))
        server.listen(0, "127.0.0.1")
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert (log, server.listening) == ([], False)


@on_both_loops
async def test_a_signal_closes_the_server() -> None:
    """Aborted later, or already."""
    signal = AbortSignal()
    server = http.create_server(hello)
    await server.listen(port=0, signal=signal)
    signal._abort()
    await once(server, "close")
    assert not server.listening
    server.listen(port=0, signal=signal)
    await once(server, "close")
    assert not server.listening


@on_both_loops
async def test_a_future_closes_the_server() -> None:
    """Python's equivalent of a signal: what is done closes it."""
    stop = asyncio.get_running_loop().create_future()
    server = http.create_server(hello)
    await server.listen(port=0, signal=stop)
    stop.set_result(None)
    await once(server, "close")
    assert not server.listening


@on_both_loops
async def test_closing_what_does_not_listen() -> None:
    """`await` raises what the callback gets."""
    server = http.create_server(hello)
    with pytest.raises(ServerNotRunningError) as caught:
        await server.close()
    assert str(caught.value) == "Server is not running."


def test_a_script_may_listen_before_there_is_a_loop() -> None:
    """Bound inside `listen`; served when a loop runs."""
    server = http.create_server(hello)
    server.listen(0)
    assert server.listening

    async def program() -> None:
        await server
        assert await served(server) == answer(b"ok")
        await server.close()

    asyncio.run(program())
