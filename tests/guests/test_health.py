"""Health checks on the port of the program: before it, by any worker, and without a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from writehead import asgi, http, testing, wsgi
from writehead._guests.health import attach_health
from writehead._shared.block import Block, State
from writehead._shared.readiness import readiness


def attached(server: Any, ready: Any = lambda: "ready") -> Any:
    attach_health(server, "/healthz", "/readyz", ready)
    return server


def handler(req: Any, res: Any) -> None:
    res.end("program")


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"program"})


def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"program"]


SERVERS = {
    "node": lambda: http.create_server(handler),
    "asgi": lambda: asgi.create_server(app, lifespan="off"),
    "wsgi": lambda: wsgi.create_server(wsgi_app),
}


@pytest.mark.parametrize("kind", SERVERS)
async def test_they_are_answered_before_the_program(kind: str) -> None:
    """All else is the program's, also what is below or beside these paths."""
    client = testing.connect(attached(SERVERS[kind]()))
    for path, body in (
        ("/healthz", "ok\n"),
        ("/readyz", "ready\n"),
        ("/healthz?probe=1", "ok\n"),
        ("/", "program"),
        ("/healthz/", "program"),
        ("/healthz/x", "program"),
        ("/HEALTHZ", "program"),
        ("/%68ealthz", "program"),
        ("/readyzz", "program"),
    ):
        response = await client.request("GET", path)
        assert (response.status, response.text) == (200, body), path


async def test_the_response() -> None:
    """The same as on the admin port: not cached, HEAD without a body, no other method."""
    client = testing.connect(attached(http.create_server(handler), lambda: "draining"))
    response = await client.request("GET", "/readyz")
    assert (response.status, response.body) == (503, b"draining\n")
    headers = response.headers
    assert headers["cache-control"] == "no-store" and headers["content-type"] == "text/plain; charset=utf-8"
    response = await client.request("HEAD", "/healthz")
    assert (response.status, response.body, response.headers["content-length"]) == (200, b"", "3")
    response = await client.request("POST", "/healthz", body="x")
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
    assert (await client.request("GET", "/")).text == "program"


async def test_one_path_alone() -> None:
    """The other is the program's."""
    server = http.create_server(handler)
    attach_health(server, None, "/ready", lambda: "ready")
    client = testing.connect(server)
    assert (await client.request("GET", "/ready")).text == "ready\n"
    assert (await client.request("GET", "/healthz")).text == "program"


async def test_a_mount_below_the_same_path() -> None:
    """The check is asked first; the mount has what is below."""
    server = http.create_server(handler)
    asgi.attach(server, app, path="/readyz")
    attached(server)
    client = testing.connect(server)
    assert (await client.request("GET", "/readyz")).text == "ready\n"
    assert (await client.request("GET", "/readyz/x")).text == "program"


async def test_no_record_is_made_unless_it_fails() -> None:
    """A check each second is no line of a log; one that fails is."""
    records: list[Any] = []
    state = "ready"
    server = attached(http.create_server(handler), lambda: state)
    server.on("record", lambda record: records.append((record.path, record.status)))
    client = testing.connect(server)
    for path in ("/healthz", "/readyz", "/", "/healthz"):
        await client.request("GET", path)
    state = "draining"
    await client.request("GET", "/readyz")
    assert records == [("/", 200), ("/readyz", 503)]


@pytest.fixture
def block() -> Iterator[Block]:
    made = Block.create(rows=4)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("states", "stopping", "expected"),
    [
        ([], 0, "no worker is ready"),
        ([State.STARTING], 0, "starting"),
        ([State.STARTING, State.DRAINING], 0, "starting"),
        ([State.DRAINING], 0, "no worker is ready"),
        ([State.GONE, State.DRAINING, State.READY], 0, "ready"),
        ([State.READY], 1, "draining"),
        ([State.STARTING], 1, "draining"),
    ],
)
def test_readiness_of_all_workers(block: Block, states: list[State], stopping: int, expected: str) -> None:
    """One that is ready is enough, until the stop of all begins."""
    for state in states:
        row = block.take()
        assert row is not None
        row.state = state
    block.head.stopping = stopping
    assert readiness(block) == expected
