"""What stands on top of ASGI, with its own clients: sse-starlette, the MCP SDK, Socket.IO, Strawberry, Channels."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.apps.applications import Application, Served
from tests.apps.test_apps import key, websocket
from tests.kit.loops import TIMEOUT

Serve = Callable[[Application | str], Served]


# -- sse-starlette -------------------------------------------------------------


def test_sse_starlette_streams_and_pings(serve: Serve) -> None:
    """Events come at once, a ping after a second; the generator ends with its client."""
    served, mine = serve("sse-starlette"), key()
    before = served.tracebacks()
    with served.client() as client, client.stream("GET", f"/events/{mine}") as answer:
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(6)] == ["id: 1", "data: 0", "", "id: 2", "data: 1", ""]
        assert next(lines).startswith(": ping")
    assert served.wait(f"left {mine}") == "open"
    assert served.tracebacks() == before


def test_sse_starlette_ends_its_streams_when_the_server_stops(serve_anew: Callable[[str], Served]) -> None:
    """It finds out by the server's signal handler; so the process ends long before its deadline.

    It leaves its streams without a last chunk then, so that their clients find them cut.
    """
    import httpx

    served, mine = serve_anew("sse-starlette"), key()
    with served.client() as client, client.stream("GET", f"/events/{mine}") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "id: 1"
        begun = time.monotonic()
        served.program.signal(signal.SIGTERM)
        with contextlib.suppress(httpx.RemoteProtocolError):
            assert not [line for line in lines if line.startswith("id") and line != "id: 2"]
    assert served.program.wait() in (0, -signal.SIGTERM)
    assert time.monotonic() - begun < 20  # the deadline is 30 seconds
    assert served.tracebacks() == []


# -- MCP -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_mcp_calls_tools(serve: Serve, mode: Any) -> None:
    """A client of the SDK lists tools and calls them, with progress on the way, in the newest protocol and the older."""
    served = serve("mcp")
    before = served.tracebacks()

    async def talk() -> None:
        from mcp import Client

        steps: list[float] = []

        async def progress(at: float, total: float | None, message: str | None) -> None:
            steps.append(at)

        async with asyncio.timeout(TIMEOUT), Client(f"{served.url}/mcp", mode=mode) as client:
            assert sorted(each.name for each in (await client.list_tools()).tools) == ["add", "count"]
            for number in range(5):
                result = await client.call_tool("add", {"a": number, "b": 2})
                assert [each.text for each in result.content] == [str(number + 2)]
            result = await client.call_tool("count", {"to": 3}, progress_callback=progress)
            assert [each.text for each in result.content] == ["counted"]
            assert steps == [1, 2, 3]

    asyncio.run(talk())
    assert served.tracebacks() == before


# -- Socket.IO -----------------------------------------------------------------


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]], ids="+".join)
def test_socketio(serve: Serve, transports: list[str]) -> None:
    """Events both ways, an acknowledgement, a broadcast; by long polls, by a WebSocket, and from one to the other."""
    served = serve("socketio")
    before = served.tracebacks()

    async def talk() -> None:
        import aiohttp
        import socketio

        heard: asyncio.Queue[Any] = asyncio.Queue()
        async with asyncio.timeout(TIMEOUT), aiohttp.ClientSession() as session:
            clients = [socketio.AsyncClient(reconnection=False, http_session=session) for _ in range(2)]
            for client in clients:
                client.on("welcome", lambda data: heard.put_nowait(data))
                client.on("heard", lambda data: heard.put_nowait(data))
                await client.connect(served.url, transports=transports)
                assert await heard.get() == {"path": "/socket.io/"}
                assert client.transport() == transports[-1]
            data = {"text": "é" * 1000, "bytes": b"\0\xff"}
            assert await clients[0].call("echo", data, timeout=TIMEOUT) == data
            await clients[0].emit("shout", "hello")
            assert [await heard.get() for _ in clients] == ["HELLO", "HELLO"]
            for client in clients:
                await client.disconnect()
                await client.wait()

    asyncio.run(talk())
    assert served.tracebacks() == before


# -- Strawberry ----------------------------------------------------------------


def test_strawberry_answers_queries(serve: Serve) -> None:
    """By POST, and the page for people by GET."""
    with serve("strawberry").client() as client:
        answer = client.post("/", json={"query": '{ hello(name: "Ada") }'})
        assert answer.json() == {"data": {"hello": "hello Ada"}}
        assert "graphiql" in client.get("/", headers={"Accept": "text/html"}).text.lower()


def test_strawberry_sends_subscriptions(serve: Serve) -> None:
    """Over a WebSocket, by the subprotocol of GraphQL."""
    served = serve("strawberry")
    with websocket(served, "/", subprotocols=["graphql-transport-ws"]) as client:
        assert client.subprotocol == "graphql-transport-ws"
        client.send(json.dumps({"type": "connection_init"}))
        assert json.loads(client.recv(TIMEOUT))["type"] == "connection_ack"
        query = "subscription { count(to: 3) }"
        client.send(json.dumps({"id": "1", "type": "subscribe", "payload": {"query": query}}))
        got = [json.loads(client.recv(TIMEOUT)) for _ in range(4)]
        assert [each.get("payload") for each in got[:3]] == [
            {"data": {"count": number}} for number in range(3)
        ]
        assert got[3]["type"] == "complete"


# -- Channels ------------------------------------------------------------------


def test_channels_sends_to_a_group(serve: Serve) -> None:
    """What one client says, all hear."""
    served = serve("channels")
    with websocket(served, "/room") as one, websocket(served, "/room") as other:
        one.send("hello")
        assert (one.recv(TIMEOUT), other.recv(TIMEOUT)) == ("hello", "hello")
        other.send("hi")
        assert (one.recv(TIMEOUT), other.recv(TIMEOUT)) == ("hi", "hi")


def test_channels_holds_a_request(serve: Serve) -> None:
    """A consumer of HTTP sends its head and a piece, and the rest much later."""
    served, mine = serve("channels"), key()
    with served.client() as client, client.stream("GET", f"/poll/{mine}") as answer:
        pieces = answer.iter_text()
        assert next(pieces) == "first\n"
        served.open(f"go {mine}")
        assert "".join(pieces) == "second\n"
